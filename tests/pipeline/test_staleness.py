"""A draft is out of date once its chat has gone on: newer messages, edits, answers from the phone."""

from __future__ import annotations

import pytest

from signoff import MessageStatus

from .conftest import ANA, ANA_LID, BEN, Line, incoming, own

INCOMING = MessageStatus.INCOMING
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED


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

    def test_so_it_is_when_the_contact_wrote_again_before_anyone_drafted(self, line: Line) -> None:
        first = line.receive()
        line.take(own("Yes"))
        line.receive("And on Sunday?")
        line.drafts().round()
        answer = line.answer_to(first)
        assert answer is not None
        assert answer.stale == "answered from the phone p1"

    def test_so_it_is_when_the_assistant_failed_and_the_contact_wrote_again(self, line: Line) -> None:
        first = line.receive()
        line.take(own("Yes"))

        def fails(*_: object) -> str:
            line.receive("And on Sunday?")
            raise OSError

        line.state.update_config({"watcher_config": {"max_messages_per_poll": 1}})
        line.drafts(fails).round()
        line.clock.advance(10)
        while line.drafts().round():
            pass
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
        assert line.last_why(message_id) == "by its sender"
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
