"""Whatever a gateway delivers is taken in: replaced, cut or left out where it must be, and noted; never refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff import MessageStatus
from signoff.gateway import Incoming
from signoff.model import MAX_ID_BYTES, tidy_id

from .conftest import ANA, BEN, Line, incoming

INCOMING = MessageStatus.INCOMING
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED


HOSTILE = ["\0", "a\0b", "\ud800", "x\udfffy", "\U0001f642\ud83d", "\x01" * 1000, "‮abc", "\u2028"]


class TestHostileInput:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_no_character_is_refused(self, line: Line, text: str) -> None:
        line.take(incoming(text=f"Hi {text}", name=text, kind=text, sender=f"{text}@c.us", fields={"quoted": text}))
        message = line.state.get_messages(INCOMING)[0]
        json.dumps(message, ensure_ascii=False).encode()
        assert "\0" not in message["body"]
        assert message["body"].startswith("Hi ")

    def test_what_was_replaced_is_noted_in_the_event_without_the_text(self, line: Line) -> None:
        line.take(incoming(text="se\0cret", name="An\ud800a"))
        assert line.state.get_messages(INCOMING)[0]["body"] == "se\ufffdcret"
        why = line.last_why("w1")
        assert "text: characters replaced" in why
        assert "name: characters replaced" in why
        assert "cret" not in why

    def test_what_is_too_long_is_cut_and_noted(self, line: Line) -> None:
        line.take(incoming(text="字" * 1_000_000, name="n" * 10_000))
        message = line.state.get_messages(INCOMING)[0]
        assert set(message["body"]) == {"字"}
        assert "text: cut from 3,000,000 to" in line.last_why("w1")
        assert "name: cut from 10,000 to" in line.last_why("w1")

    def test_a_text_of_characters_that_json_writes_sixfold_still_fits(self, line: Line) -> None:
        fields = {f"field{number}": "\x02" * 20_000 for number in range(20)}
        line.take(incoming(text="\x01" * 5_000_000, fields=fields))
        assert line.ids(INCOMING) == ["w1"]

    def test_what_was_good_as_it_came_has_no_note(self, line: Line) -> None:
        line.take(incoming(text="Grüße 🙂 مرحبا", fields={"quoted": {"id": "q1"}}))
        assert line.state.history("w1")[0]["why"] is None

    def test_long_ids_that_begin_alike_stay_two_messages(self, line: Line) -> None:
        for end in "ab":
            line.take(incoming("i" * 5000 + end))
            line.take(incoming("i" * 5000 + end))
        first, second = line.ids(INCOMING)
        assert first != second
        assert all(len(message_id.encode()) <= MAX_ID_BYTES for message_id in (first, second))
        assert "id: cut from 5,001 to 512 bytes" in line.last_why(first)

    def test_ids_that_differ_only_in_what_cannot_be_stored_stay_two_messages(self, line: Line) -> None:
        line.take(incoming("w\0"))
        line.take(incoming("w\ud800"))
        assert len(line.ids(INCOMING)) == 2

    def test_messages_without_an_id_are_each_stored_once(self, line: Line) -> None:
        for text in ("one", "two"):
            line.take(incoming("", text=text))
            line.take(incoming("", text=text))
        assert [message["body"] for message in line.state.get_messages(INCOMING)] == ["one", "two"]

    @pytest.mark.parametrize("chat", ["", "\0", "x" * 600 + "@c.us"])
    def test_who_has_no_address_to_answer_to_is_not_drafted_for(self, line: Line, chat: str) -> None:
        line.take(incoming(chat=chat))
        assert line.ids(INCOMING) == ["w1"]
        assert line.drafts().round() == 0

    def test_addresses_that_cannot_be_stored_make_nobody_one_person(self, line: Line) -> None:
        line.take(incoming("w1", ANA, aliases=("x" * 600 + "a",)))
        line.take(incoming("w2", BEN, aliases=("x" * 600 + "b",)))
        assert line.store.addresses(line.state.account, ANA) == [ANA]

    def test_fields_of_the_gateway_stand_beside_ours_and_replace_none(self, line: Line) -> None:
        line.take(incoming(fields={"body": "other", "from": BEN, "quotedId": "q1", "deep": {"a": [1, None]}}))
        message = line.state.get_messages(INCOMING)[0]
        assert (message["body"], message["from"]) == ("Are you open?", ANA)
        assert (message["quotedId"], message["deep"]) == ("q1", {"a": [1, None]})

    @pytest.mark.parametrize(
        "value",
        [{1, 2}, float("nan"), b"bytes", {"\0": 1}, {1: 2}, 10**5000, "x" * 200_000],
        ids=["set", "nan", "bytes", "NUL in a key", "a key that is no string", "a huge number", "too long"],
    )
    def test_a_field_that_cannot_be_stored_is_left_out_and_noted(self, line: Line, value: object) -> None:
        line.take(incoming(fields={"good": 1, "bad": value}))
        message = line.state.get_messages(INCOMING)[0]
        assert message["good"] == 1
        assert "bad" not in message
        assert "fields of the gateway: 1 left out" in line.last_why("w1")

    def test_a_field_that_holds_itself_is_left_out(self, line: Line) -> None:
        circle: list[object] = []
        circle.append(circle)
        line.take(incoming(fields={"bad": circle}))
        assert "bad" not in line.state.get_messages(INCOMING)[0]

    anything = st.text(st.characters(), max_size=40)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        message=st.builds(
            incoming,
            message_id=anything,
            chat=anything,
            text=anything,
            sender=anything,
            name=st.none() | anything,
            kind=anything,
            at=st.integers(-(2**63), 2**63 - 1),
            aliases=st.lists(anything, max_size=3).map(tuple),
            fields=st.dictionaries(anything, anything | st.floats() | st.lists(st.integers()), max_size=3),
        )
    )
    def test_whatever_comes_is_stored_or_passed_over_and_never_in_the_way(self, line: Line, message: Incoming) -> None:
        before = len(line.ids(INCOMING))
        line.take(message)
        added = len(line.ids(INCOMING)) - before
        line.take(message)
        assert len(line.ids(INCOMING)) == before + added
        json.dumps(line.state.get_messages(INCOMING), ensure_ascii=False).encode()

    def test_events_hold_no_text(self, line: Line) -> None:
        line.draft("our secret answer", name="Ana Secret")
        line.receive("their secret", id=line.ids(INCOMING)[0])
        line.state.edit(line.ids(MessageStatus.PENDING_APPROVAL)[0], "another secret")
        rows = line.store.database.read(lambda tx: tx.connection.execute("SELECT * FROM events").fetchall())
        assert "secret" not in repr(rows).lower()


def test_ids_are_tidied_to_something_of_their_own() -> None:
    assert tidy_id("false_1555@c.us_3A") == "false_1555@c.us_3A"
    tidied = {tidy_id(text) for text in ("\0", "\ud800", "\ufffd", "x" * 513, "x" * 514)}
    assert len(tidied) == 5
    assert all(len(text.encode()) <= MAX_ID_BYTES for text in tidied)
