"""The inbox: what a gateway brings is taken in once, whatever it looks like, and acknowledged when it is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff import MessageStatus
from signoff.clock import SECOND
from signoff.errors import StoreBusy
from signoff.gateway import Account, Incoming, Receipt, SessionChange
from signoff.gateway.simulator import Simulator
from signoff.model import MAX_ID_BYTES, tidy_id

from ..conftest import ManualClock
from .conftest import ANA, ANA_LID, BEN, GROUP, Line, MakeLine, another_process_holds

INCOMING = MessageStatus.INCOMING
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED


def incoming(message_id: str = "w1", chat: str = ANA, text: str = "Are you open?", **more: Any) -> Incoming:
    return Incoming(message_id, chat, more.pop("sender", chat), text, more.pop("at", 1_790_000_000 * SECOND), **more)


def own(text: str, chat: str = ANA, message_id: str = "p1") -> Incoming:
    """What the owner wrote on the phone, or the echo of what we sent."""
    return incoming(message_id, chat, text, from_me=True)


class TestOnce:
    def test_a_message_is_stored_as_the_guide_writes_it(self, line: Line) -> None:
        message_id = line.receive("Hello 👋🏽", name="Ana")
        message = line.state.get_messages(INCOMING)[0]
        assert message == {
            "id": message_id,
            "from": ANA,
            "fromName": "Ana",
            "body": "Hello 👋🏽",
            "timestamp": line.clock() // SECOND,
            "isGroup": False,
            "type": "chat",
            "hasMedia": False,
        }

    def test_it_is_acknowledged_when_it_is_stored(self, line: Line) -> None:
        line.receive()
        assert line.world.events() == []

    def test_what_could_not_be_stored_comes_again(self, make_line: MakeLine) -> None:
        line = make_line(busy_timeout=0.05)
        line.receive("first")
        line.world.contact_writes(ANA, "second")
        with another_process_holds(line.state), pytest.raises(StoreBusy):
            line.inbox.round()
        assert len(line.world.events()) == 1
        line.inbox.round()
        assert [message["body"] for message in line.state.get_messages(INCOMING)] == ["first", "second"]

    def test_what_was_stored_before_a_failure_is_acknowledged(self, make_line: MakeLine, clock: ManualClock) -> None:
        class Failing(Simulator):
            def account(self) -> Account | None:
                raise OSError("no route to host")

        line = make_line(Failing(clock=clock))
        line.world.acknowledge(line.world.events())
        line.world.contact_writes(ANA, "first")
        line.world.change_session("ready")
        with pytest.raises(OSError, match="no route"):
            line.inbox.round()
        assert [type(event) for event in line.world.events()] == [SessionChange]
        assert len(line.ids(INCOMING)) == 1

    def test_delivered_twice_it_is_stored_once(self, line: Line) -> None:
        line.world.fail_next("double")
        line.receive()
        assert len(line.ids(INCOMING)) == 1
        assert line.world.events() == []

    def test_under_two_addresses_of_its_sender_it_is_stored_once(self, line: Line) -> None:
        line.receive(also_from=ANA_LID)
        line.receive("Second", ANA_LID, aliases=[ANA], also_from=ANA)
        assert len(line.ids(INCOMING)) == 2
        assert line.drafts().round() == 2

    def test_an_acknowledgement_that_gets_lost_changes_nothing(self, line: Line) -> None:
        event = incoming()
        for _ in range(3):
            line.take(event)
        assert line.ids(INCOMING) == ["w1"]
        assert line.kinds("w1") == ["added"]

    @pytest.mark.parametrize("chat", ["status@broadcast", "1555@broadcast", "STATUS@Broadcast", "120@newsletter"])
    def test_posts_to_everybody_are_no_conversation(self, line: Line, chat: str) -> None:
        line.receive("Look at this!", chat, sender=ANA)
        assert line.ids(INCOMING) == []
        assert line.world.events() == []
        assert line.drafts().round() == 0


class TestWhatWantsAnAnswer:
    def wants(self, line: Line, **more: Any) -> bool:
        message_id = line.receive(**more)
        return line.row(message_id).draft_due is not None

    def test_a_text_does(self, line: Line) -> None:
        assert self.wants(line)

    def test_a_picture_without_words_does_not(self, line: Line) -> None:
        assert not self.wants(line, text=" ", kind="image", has_media=True)
        assert self.wants(line, text="What is this?", kind="image", has_media=True)

    def test_a_group_does_where_the_setting_says_so(self, line: Line) -> None:
        assert not self.wants(line, chat=GROUP, sender=ANA)
        line.state.update_config({"watcher_config": {"process_group_messages": True}})
        assert self.wants(line, chat=GROUP, sender=ANA)

    def test_nothing_does_while_answering_is_switched_off(self, line: Line) -> None:
        line.state.update_config({"watcher_config": {"auto_reply_enabled": False}})
        assert not self.wants(line)

    def test_the_writer_in_a_group_is_kept_beside_the_chat(self, line: Line) -> None:
        line.receive(chat=GROUP, sender=ANA)
        message = line.state.get_messages(INCOMING)[0]
        assert (message["from"], message["author"], message["isGroup"]) == (GROUP, ANA, True)


class TestStaleness:
    def test_a_newer_message_of_the_contact_makes_a_pending_draft_stale(self, line: Line) -> None:
        row = line.draft()
        of_ben = line.draft(chat=BEN)
        newer = line.receive("And on Sunday?", ANA_LID, aliases=[ANA])
        assert line.row(row.id).stale == f"newer message {newer}"
        assert line.row(of_ben.id).stale is None

    def test_so_does_an_answer_from_the_phone(self, line: Line) -> None:
        row = line.draft()
        message_id = line.world.phone_writes(ANA, "Yes, come over")
        line.inbox.round()
        assert line.row(row.id).stale == f"answered from the phone {message_id}"

    def test_so_does_an_answer_from_the_phone_under_the_other_address(self, line: Line) -> None:
        row = line.draft(aliases=[ANA_LID])
        line.take(own("Yes, come over", ANA_LID))
        assert line.row(row.id).stale == "answered from the phone p1"

    @pytest.mark.parametrize("what", ["newer", "edited", "phone"])
    def test_what_happens_while_an_assistant_thinks_is_noticed(self, line: Line, what: str) -> None:
        first = line.receive()

        def assistant(*_: object) -> str:
            if what == "newer":
                line.receive("And on Sunday?")
            elif what == "edited":
                line.receive("Are you closed?", id=first)
            else:
                line.take(own("Yes"))
            return "Until six."

        line.drafts(assistant, patience=10).round()
        answer = line.answer_to(first)
        assert answer is not None
        assert answer.stale is not None
        assert what in answer.stale
        line.approval.round()
        assert line.row(answer.id).status == "pending_approval"

    def test_what_the_assistant_was_shown_makes_nothing_stale(self, line: Line) -> None:
        shown: list[list[object]] = []
        first = line.receive("One")
        line.receive("Two")
        line.drafts(lambda _, past: shown.append([entry["body"] for entry in past])).round()
        line.drafts().round()
        assert "Two" in shown[0]
        assert line.row(first).stale is None

    def test_what_the_owner_answered_before_anyone_drafted_is_stale_all_the_same(self, line: Line) -> None:
        first = line.receive()
        line.take(own("Yes"))
        line.drafts().round()
        answer = line.answer_to(first)
        assert answer is not None
        assert answer.stale == "answered from the phone p1"

    def test_another_draft_that_a_person_asked_for_is_not_stale(self, line: Line) -> None:
        row = line.draft()
        first = line.state.get_messages(INCOMING)[0]["id"]
        line.take(own("Yes"))
        line.state.ask_again(row.id)
        line.drafts(lambda *_: "As I said.").round()
        answer = line.answer_to(first)
        assert answer is not None
        assert (answer.text, answer.stale) == ("As I said.", None)

    def test_so_it_is_where_the_owner_had_answered_before_anyone_drafted(self, line: Line) -> None:
        first = line.receive()
        line.take(own("Yes"))
        line.drafts().round()
        stale = line.answer_to(first)
        assert stale is not None
        line.state.ask_again(stale.id)
        line.drafts(lambda *_: "As I said.").round()
        fresh = line.answer_to(first)
        assert fresh is not None
        assert (fresh.text, fresh.stale) == ("As I said.", None)

    def test_an_assistant_that_failed_and_is_asked_again_has_seen_what_came_meanwhile(self, line: Line) -> None:
        first = line.receive()

        def fails(*_: object) -> str:
            line.receive("And on Sunday?")
            raise OSError

        line.state.update_config({"watcher_config": {"max_messages_per_poll": 1}})
        line.drafts(fails).round()
        assert line.row(first).stale is not None
        line.clock.advance(10)
        while line.drafts().round():
            pass
        answer = line.answer_to(first)
        assert answer is not None
        assert answer.stale is None

    def test_what_is_approved_goes_all_the_same(self, line: Line) -> None:
        row = line.approved()
        line.receive("And on Sunday?")
        line.take(own("Yes"))
        assert line.row(row.id).stale is None
        line.outbox.round()
        assert line.delivered() == [(ANA, "Until six.")]


class TestEdits:
    def test_an_edited_message_has_its_new_text_and_keeps_the_old(self, line: Line) -> None:
        message_id = line.receive("Are you open?")
        line.receive("Are you open on Sunday?", id=message_id)
        row = line.row(message_id)
        assert row.text == "Are you open on Sunday?"
        assert [version["text"] for version in line.store.versions(row.seq)] == ["Are you open?"]
        assert line.kinds(message_id) == ["added", "edited"]
        assert line.state.get_statistics()["total_incoming"] == 1

    def test_it_makes_a_pending_draft_stale(self, line: Line) -> None:
        row = line.draft()
        message_id = line.state.get_messages(INCOMING)[0]["id"]
        line.receive("Are you closed?", id=message_id)
        assert line.row(row.id).stale == f"edited message {message_id}"

    def test_it_does_so_under_the_other_address_of_its_sender(self, line: Line) -> None:
        row = line.draft(aliases=[ANA_LID])
        message_id = line.state.get_messages(INCOMING)[0]["id"]
        line.receive("Are you closed?", ANA_LID, id=message_id)
        assert line.row(row.id).stale == f"edited message {message_id}"
        assert len(line.ids(INCOMING)) == 1

    def test_a_draft_asked_for_afterwards_answers_the_new_text(self, line: Line) -> None:
        row = line.draft()
        message_id = line.state.get_messages(INCOMING)[0]["id"]
        line.receive("Are you closed?", id=message_id)
        line.state.ask_again(row.id)
        line.drafts(lambda message, _: f"You asked: {message['body']}").round()
        answer = line.answer_to(message_id)
        assert answer is not None
        assert (answer.text, answer.stale) == ("You asked: Are you closed?", None)

    def test_what_was_answered_already_is_not_answered_again(self, line: Line) -> None:
        line.approved()
        line.outbox.round()
        line.receive("Are you closed?", id=line.ids(INCOMING)[0])
        assert line.drafts().round() == 0
        assert len(line.delivered()) == 1

    def test_what_a_script_added_is_left_to_the_script(self, line: Line) -> None:
        line.state.add_message({"id": "w1", "from": ANA, "body": "Are you open?"}, INCOMING)
        line.take(incoming(text="Are you closed?"))
        assert line.row("w1").text == "Are you open?"

    def test_a_cleared_or_forgotten_message_does_not_come_back_by_an_edit(self, line: Line) -> None:
        line.take(incoming())
        line.state.forget(ANA)
        line.take(incoming(text="Are you closed?"))
        assert line.row("w1").text == ""
        line.take(incoming("w2"))
        line.state.clear_messages(INCOMING)
        line.keeper.round()
        line.take(incoming("w2", text="Are you closed?"))
        assert line.row("w2").payload == "{}"

    def test_the_old_text_is_forgotten_with_the_new(self, line: Line) -> None:
        line.take(incoming(text="my secret"))
        line.take(incoming(text="my other secret"))
        line.state.forget(ANA)
        assert [version["text"] for version in line.store.versions(line.row("w1").seq)] == [None]


class TestOwnMessages:
    def test_an_echo_shows_that_an_unconfirmed_message_left(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, can_lookup=False))
        row = line.approved()
        line.world.fail_next("lose-answer")
        line.outbox.round()
        assert (line.row(row.id).status, line.row(row.id).reason) == ("failed", "unconfirmed")
        line.take(own("Until six."))
        assert line.row(row.id).status == "sent"
        assert line.kinds(row.id).count("claimed") == 1

    def test_an_echo_under_the_contacts_other_address_does_too(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, can_lookup=False))
        row = line.approved(aliases=[ANA_LID])
        line.world.fail_next("lose-answer")
        line.outbox.round()
        line.take(own("Until six.", ANA_LID))
        assert line.row(row.id).status == "sent"

    def test_an_echo_is_no_answer_from_the_phone(self, line: Line) -> None:
        row = line.approved()
        line.outbox.round()
        second = line.draft("See you.")
        token = line.store.attempts(row.seq)[0]
        line.take(own("Until six.", message_id=str(token.gateway_id)))
        assert line.row(second.id).stale is None

    def test_an_own_message_is_never_drafted_for(self, line: Line) -> None:
        line.world.phone_writes(ANA, "Are you coming?")
        line.inbox.round()
        assert line.ids(INCOMING) == []
        assert line.drafts().round() == 0


class TestReceipts:
    def test_a_late_receipt_turns_an_unconfirmed_message_sent(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, can_lookup=False))
        row = line.approved()
        line.world.fail_next("lose-answer")
        line.outbox.round()
        line.inbox.round()
        assert line.row(row.id).status == "sent"
        assert line.store.attempts(row.seq)[0].ack == "read"
        stats = line.state.get_statistics()
        assert (stats["total_failed"], stats["total_sent"]) == (1, 1)

    def test_what_was_refused_and_then_arrived_is_sent(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("refuse")
        line.outbox.round()
        token = line.store.attempts(row.seq)[0].token
        line.take(Receipt("device", line.clock(), token=token))
        assert line.row(row.id).status == "sent"

    def test_what_waits_to_be_tried_again_and_then_arrived_is_not_sent_again(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("refuse-passing")
        line.outbox.round()
        line.take(Receipt("server", line.clock(), token=line.store.attempts(row.seq)[0].token))
        line.clock.advance(3600)
        assert line.outbox.round() == 0
        assert line.row(row.id).status == "sent"

    def test_an_answer_that_arrived_does_not_speak_for_the_text_that_took_its_place(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("refuse-passing")
        line.outbox.round()
        token = line.store.attempts(row.seq)[0].token
        line.state.edit(row.id, "Until seven.")
        line.state.approve(row.id)
        line.take(Receipt("server", line.clock(), token=token))
        assert line.row(row.id).status == "approved"
        line.outbox.round()
        assert line.delivered() == [(ANA, "Until seven.")]

    def test_the_provider_says_that_a_sent_message_failed(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, acks=()))
        row = line.approved()
        line.outbox.round()
        delivery = line.deliveries()[0]
        line.world.give_receipt("error", id=delivery.id)
        line.inbox.round()
        failed = line.row(row.id)
        assert (failed.status, failed.reason, failed.delivery) == ("failed", "refused", "refused")
        assert line.outbox.round() == 0
        assert line.state.get_statistics()["total_sent"] == 1
        line.world.give_receipt("device", id=delivery.id)
        line.inbox.round()
        assert line.row(row.id).status == "sent"

    def test_what_a_script_has_yet_to_move_is_left_to_it(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, acks=()))
        line.state.add_message({"id": "s1", "recipient": ANA, "body": "Sale!"}, MessageStatus.PENDING_APPROVAL)
        line.store.approve_beside(line.row("s1"), by="script", kind="script")
        claim = line.store.claim_row(line.row("s1"), lease=60 * SECOND, by="script")
        assert claim is not None
        line.outbox.deliver(claim)
        line.world.give_receipt("error", id=line.deliveries()[0].id)
        line.inbox.round()
        assert line.state.move_message("s1", MessageStatus.PENDING_APPROVAL, SENT)

    def test_an_error_after_it_was_seen_to_arrive_is_none(self, line: Line) -> None:
        row = line.approved()
        line.outbox.round()
        line.inbox.round()
        line.world.give_receipt("error", id=line.deliveries()[0].id)
        line.inbox.round()
        assert line.row(row.id).status == "sent"

    def test_hostile_ids_in_receipts_are_none_of_ours(self, line: Line) -> None:
        line.take(Receipt("server", line.clock(), id="\0\ud800", token="\udfff" * 1000))
        assert line.ids(SENT) == []


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


class TestSession:
    def ready(self, line: Line) -> None:
        line.world.change_session("ready")
        line.inbox.round()

    def test_ready_makes_the_session_valid_and_names_the_account(self, line: Line) -> None:
        self.ready(line)
        assert line.state.is_session_valid()
        assert not line.state.requires_qr_scan()
        assert line.state.get_config("account_info")["number"] == "15550100000"

    @pytest.mark.parametrize("gone", ["qr", "logged_out"])
    def test_only_a_session_that_is_gone_wants_a_scan(self, line: Line, gone: str) -> None:
        self.ready(line)
        line.world.change_session(gone, qr="2@secret" if gone == "qr" else None)
        line.inbox.round()
        assert line.state.requires_qr_scan()
        assert not line.state.is_session_valid()

    @pytest.mark.parametrize("answer", ["ready", "connecting", "qr", "logged_out"])
    def test_any_answer_shows_that_it_is_reachable(self, line: Line, answer: str) -> None:
        self.ready(line)
        line.world.change_session("unreachable")
        line.inbox.round()
        assert line.store.session(line.state.account).unreachable_since == line.clock()
        line.world.change_session(answer)
        line.inbox.round()
        assert line.store.session(line.state.account).unreachable_since is None

    @pytest.mark.parametrize("away", ["unreachable", "connecting"])
    def test_a_backend_that_does_not_answer_or_is_not_ready_wants_no_scan(self, line: Line, away: str) -> None:
        self.ready(line)
        line.world.change_session(away, "time-out")
        line.inbox.round()
        assert not line.state.requires_qr_scan()
        assert line.state.is_session_valid()

    def test_a_mark_set_while_it_did_not_answer_is_cleared_by_its_answer(self, line: Line) -> None:
        self.ready(line)
        line.world.change_session("unreachable")
        line.inbox.round()
        line.state.mark_session_invalid("Backend not responding")
        assert line.state.requires_qr_scan()
        self.ready(line)
        assert not line.state.requires_qr_scan()
        assert line.state.is_session_valid()

    def test_any_other_mark_stands(self, line: Line) -> None:
        self.ready(line)
        line.state.mark_session_invalid("I gave the phone away")
        self.ready(line)
        assert line.state.requires_qr_scan()

    def test_a_mark_set_once_it_answers_again_stands(self, line: Line) -> None:
        self.ready(line)
        for state in ("unreachable", "connecting"):
            line.world.change_session(state)
            line.inbox.round()
        line.state.mark_session_invalid("I gave the phone away")
        self.ready(line)
        assert line.state.requires_qr_scan()

    def test_the_code_to_scan_is_never_stored(self, line: Line) -> None:
        line.world.change_session("qr", qr="2@a-secret-code")
        line.inbox.round()
        assert "2@a-secret" not in json.dumps(line.state.get_full_state())
        rows = line.store.database.read(lambda tx: tx.connection.execute("SELECT * FROM events").fetchall())
        assert "2@a-secret" not in repr(rows)

    def test_hostile_words_of_the_backend_are_taken_in(self, make_line: MakeLine, clock: ManualClock) -> None:
        account = Account("1555\0", "Caf\ud800", "x" * 100_000)
        line = make_line(Simulator(clock=clock, account=account))
        line.take(SessionChange("unreachable", 0, "bad\0\ud800" * 1000))
        line.take(SessionChange("qr", 0, "bad\0\ud800"))
        self.ready(line)
        assert line.state.get_config("account_info")["name"] == "Caf\ufffd"


def test_ids_are_tidied_to_something_of_their_own() -> None:
    assert tidy_id("false_1555@c.us_3A") == "false_1555@c.us_3A"
    tidied = {tidy_id(text) for text in ("\0", "\ud800", "\ufffd", "x" * 513, "x" * 514)}
    assert len(tidied) == 5
    assert all(len(text.encode()) <= MAX_ID_BYTES for text in tidied)
