"""What a state file holds, read bit by bit: the messages in their order, each once, whatever the file looks like."""

from __future__ import annotations

import io
import json
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.clock import MINUTE, SECOND, local_iso
from signoff.digest import digest_of_bytes
from signoff.errors import StateFileError
from signoff.statefile.brought import Broken, Brought, BroughtByFile, brought_by
from state_manager import MessageStatus

from ..hard.clocks.zones import repeated, zone

S = MessageStatus
NOW = 1_790_000_000_000_000
FURTHEST_FIRST = [S.SENT, S.FAILED, S.REJECTED, S.APPROVED, S.PENDING_APPROVAL, S.INCOMING]

MESSAGES = st.builds(
    lambda name, hour, body: {"id": name, "body": body} | ({} if hour is None else {"timestamp": f"2026-02-16T{hour}"}),
    st.sampled_from("abcdefgh"),
    st.sampled_from([None, "10:00:00", "11:00:00", "12:00:00"]),
    st.sampled_from(["", "x"]),
)
LISTS = st.lists(st.tuples(st.sampled_from([status.value for status in S]), st.lists(MESSAGES, max_size=5)), max_size=8)


def brought(text: str) -> BroughtByFile:
    return BroughtByFile(io.BytesIO(text.encode()), NOW)


def told(brought: Brought) -> list[str]:
    problems: list[str] = []
    brought.tell(problems.append)
    return problems


def ids(brought: Brought) -> list[str]:
    return [content.id for _, content in brought.messages()]


def expected(lists: dict[str, list[dict[str, Any]]]) -> tuple[list[tuple[MessageStatus, str]], int]:
    """Said in another way: who comes first, and how many are left out that say something else."""
    known: dict[str, tuple[Any, ...]] = {}
    differing = 0
    for rank, status in enumerate(FURTHEST_FIRST):
        latest = ""
        for number, message in enumerate(lists.get(status.value, [])):
            latest = max(latest, message.get("timestamp", ""))
            first = known.setdefault(message["id"], (latest, rank, number, status, message))
            differing += first[4] != message
    in_order = sorted(known.values(), key=lambda found: found[:3])
    return [(status, message["id"]) for *_, status, message in in_order], differing


@given(LISTS, LISTS, st.sampled_from([None, 2]))
@settings(deadline=None)
def test_each_message_comes_once_where_it_has_come_furthest_and_in_the_order_of_writing(
    first: list[tuple[str, Any]], second: list[tuple[str, Any]], indent: int | None
) -> None:
    """Also where a list, or all of them, stands twice in the file: the last counts."""
    members = ", ".join(f"{json.dumps(name)}: {json.dumps(entries, indent=indent)}" for name, entries in second)
    earlier = ", ".join(f"{json.dumps(name)}: {json.dumps(entries)}" for name, entries in first)
    text = f'{{"messages": {{{earlier}}}, "mine": 1, "messages": {{{members}}}}}'
    order, differing = expected(json.loads(text)["messages"])
    with brought(text) as found:
        assert [(status, content.id) for status, content in found.messages()] == order
        assert len(told(found)) == differing
    with brought_by(json.loads(text), NOW) as same:
        assert [(status, content.id) for status, content in same.messages()] == order


def test_a_time_is_a_text_or_seconds() -> None:
    entries = [{"id": "late", "timestamp": 1_771_300_000}, {"id": "middle", "timestamp": 1_771_200_000.5}]
    document = {"messages": {"failed": entries[:1], "sent": entries[1:], "incoming": [{"id": "early"}]}}
    document["messages"]["rejected"] = [{"id": "first", "timestamp": "2001-01-01T00:00:00"}]
    with brought(json.dumps(document)) as found:
        assert ids(found) == ["early", "first", "middle", "late"]


@pytest.mark.parametrize("time", [1e300, -1e300, True, "9999-99-99", [1]])
def test_a_message_whose_time_is_none_is_used_all_the_same(time: Any) -> None:
    earlier = {"id": "earlier", "timestamp": "2026-02-16T10:00:00"}
    entries = {"incoming": [earlier], "sent": [{"id": "m", "n": 1}, {"id": "timeless", "timestamp": time}]}
    with brought_by({"messages": entries}, NOW) as found:
        assert told(found) == []
        assert ids(found) == ["m", "timeless", "earlier"]


def test_a_time_that_clocks_show_twice_is_its_second_unless_that_is_still_to_come() -> None:
    with zone("Europe/Berlin"):
        put_back = repeated("Europe/Berlin").at
        twice = {"id": "twice", "timestamp": local_iso(put_back + 10 * MINUTE)}
        document = {"messages": {"sent": [twice], "incoming": [{"id": "between", "timestamp": put_back // SECOND}]}}
        text = json.dumps(document).encode()
        for now, order in ((put_back, ["twice", "between"]), (put_back + 10 * MINUTE, ["between", "twice"])):
            for found in (BroughtByFile(io.BytesIO(text), now), brought_by(document, now)):
                with found:
                    assert ids(found) == order


@pytest.mark.parametrize(
    ("entry", "given"),
    [
        ({"body": "hello"}, "file-1334a1a8cfbb5615f068757d"),
        ({"body": "hello", "id": None}, "file-2687c3afe1b1f8ea882ae544"),
        ({"body": "hello", "id": ""}, "file-e0f7d8dd4e13ad5fe1acd051"),
    ],
)
def test_a_message_without_an_id_is_given_the_same_in_every_release(entry: dict[str, Any], given: str) -> None:
    with brought_by({"messages": {"sent": [entry]}}, NOW) as found:
        assert ids(found) == [given]


def test_an_entry_may_be_as_long_as_the_components_may_write_it() -> None:
    text = json.dumps({"generated_replies": [{"id": "r", "reply": "ü" * 1_500_000}]})
    with brought(text) as found:
        assert told(found) == []
        assert [entry_id for _, entry_id, _ in found.records()] == ["r"]


def test_the_rest_is_a_document_and_the_digest_that_of_all_bytes() -> None:
    text = json.dumps(
        {"session": {"a": 1}, "messages": {"sent": [{"id": "m"}]}, "message_log": [{"id": "r"}], "mine": []}
    )
    with brought(text) as found:
        assert found.document == {"session": {"a": 1}, "mine": []}
        assert found.digest == digest_of_bytes(text.encode())
        assert [(name, entry_id) for name, entry_id, _ in found.records()] == [("message_log", "r")]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ('{"messages": 5}', []),
        ('{"messages": [1, {"sent": []}]}', []),
        ('{"messages": {"sent": {"0": {"id": "m"}}}}', ["messages.sent was left out: it is no list"]),
        ('{"messages": {"sent": null}}', ["messages.sent was left out: it is no list"]),
        ('{"messages": {"sent": [5]}}', ["messages.sent[0] was left out: a message is a dict with an 'id'; got int"]),
        ('{"messages": {"sent": 5, "sent": []}}', []),
        ('{"messages": {"sent": [5], "sent": []}}', []),
        (
            json.dumps({"messages": {"sent": [{"body": json.loads("[" * 64 + "]" * 64)}]}}),
            ["messages.sent[0] was left out: it is nested deeper than 64 levels"],
        ),
        (
            '{"messages": {"drafts": [{"id": "m"}], "old": 5}}',
            ["messages.drafts was left out: there is no such list", "messages.old was left out: there is no such list"],
        ),
        ('{"message_log": {"0": {}}}', ["message_log was left out: it is no list"]),
        ('{"message_log": [5]}', ["message_log[0] was left out: it is no object"]),
        ('{"message_log": [{"a": "\\u0000"}]}', ["message_log[0] holds a NUL character; remove it; it was left out"]),
        ('{"message_log": ["\\ud800"], "message_log": []}', []),
        ('{"message_log": [{"a": "\\u0000"}], "message_log": []}', []),
        ('{"messages": {"\\ud800": 1}}', ["messages.\ud800 was left out: there is no such list"]),
        (
            '{"messages": {"sent": [{"id": "m", "n": 1}, {"id": "m", "n": 2}]}}',
            ["messages.sent[1] was left out: another message has the id 'm' too"],
        ),
    ],
)
def test_what_cannot_be_used_is_told(text: str, problems: list[str]) -> None:
    with brought(text) as found:
        assert told(found) == problems
        assert len(list(found.messages())) == ('"n"' in text)
        assert list(found.records()) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("[]", "it is no JSON object"),
        ('"x"', "it is no JSON object"),
        ('{"messages": {"sent": [{"id": "m"}', "Expecting ',' delimiter"),
        ('{"a": 1} x', "Extra data"),
    ],
)
def test_one_that_is_no_object_or_breaks_off_is_refused(text: str, why: str) -> None:
    with pytest.raises(Broken, match=f"^line 1: {why}$"):
        brought(text)


def test_where_there_is_no_room_for_it_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(apsw.Connection):
        def execute(self, statements: str, *_: Any) -> Any:
            if statements.startswith("INSERT"):
                raise apsw.FullError("database or disk is full")
            return super().execute(statements)

    monkeypatch.setattr(apsw, "Connection", Full)
    with pytest.raises(StateFileError, match=r"the folder for temporary files.*nothing was changed"):
        brought('{"messages": {"sent": [{"id": "m"}]}}')
