"""Drafts: every message that wants an answer is put to the assistant, and whatever that does harms nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from signoff import MessageStatus
from signoff.assistant import ASKED_AGAIN, Decline, Draft, Message
from signoff.clock import MINUTE, SECOND
from signoff.errors import AssistantError, StaleVersion
from signoff.pipeline.asked import asked_again
from signoff.pipeline.calls import MOST_LEFT_BEHIND, Caller, NoAnswerError
from signoff.pipeline.drafts import TRIES

from ..conftest import ManualClock
from .conftest import ANA, ANA_LID, BEN, Line, MakeLine, incoming

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
REJECTED = MessageStatus.REJECTED
APPROVED = MessageStatus.APPROVED


@pytest.fixture
def for_ever() -> Iterator[threading.Event]:
    """What an assistant that hangs waits for; let go when the test ends."""
    event = threading.Event()
    yield event
    event.set()


class TestADraft:
    def test_it_waits_for_a_decision_and_names_what_it_answers(self, line: Line) -> None:
        message_id = line.receive("When do you close?", name="Ana")
        line.drafts(lambda *_: Draft("At six.", "faq", "from hours.md")).round()
        assert line.state.get_messages(PENDING) == [
            {
                "id": f"reply_{message_id}",
                "recipient": ANA,
                "body": "At six.",
                "original_message_id": message_id,
                "fromName": "Ana",
            }
        ]
        row = line.row(f"reply_{message_id}")
        assert (row.author, row.note) == ("faq", "from hours.md")
        assert line.row(message_id).status == "incoming"

    def test_a_bare_text_is_signed_with_the_name_of_the_assistant(self, line: Line) -> None:
        assert line.draft("Until six.").author == "faq"

    def test_it_goes_to_the_address_that_the_message_came_from(self, line: Line) -> None:
        assert line.draft(chat=ANA_LID, aliases=[ANA]).chat == ANA_LID

    def test_the_assistant_is_shown_the_message_and_the_conversation(self, line: Line) -> None:
        line.approved("Until six.")
        line.outbox.round()
        line.receive("Somebody else", BEN)
        line.drafts(lambda *_: None).round()
        line.receive("And on Sunday?")
        shown: list[tuple[Message, Sequence[Message]]] = []
        line.drafts(lambda message, past: shown.append((message, past))).round()
        message, conversation = shown[0]
        assert message["body"] == "And on Sunday?"
        assert [entry["body"] for entry in conversation] == ["Are you open?", "Until six.", "And on Sunday?"]

    def test_nothing_to_say_is_for_a_person(self, line: Line) -> None:
        message_id = line.receive()
        assert line.drafts(lambda *_: None).round() == 1
        assert line.ids(PENDING) == []
        assert line.last_why(message_id) == "nothing to say: for a person"
        line.clock.advance(86_400)
        assert line.drafts().round() == 0

    def test_an_assistant_may_decline_and_why_is_told_until_the_contact_is_forgotten(
        self, line: Line, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        message_id = line.receive()
        assert line.drafts(lambda *_: Decline("Ana complains.", "small-model")).round() == 1
        assert line.ids(PENDING) == []
        told = line.state.history(message_id)[-1]
        assert (told["kind"], told["by"], told["why"]) == ("no draft", "small-model", "declined: Ana complains.")
        assert "small-model declined" in caplog.text
        assert "complains" not in caplog.text
        line.state.forget(ANA)
        assert line.state.history(message_id)[-1]["why"] != "declined: Ana complains."

    @pytest.mark.parametrize("text", ["", "  \n", Draft(" ")])
    def test_an_empty_answer_is_nothing_to_say(self, line: Line, text: Draft | str) -> None:
        message_id = line.receive()
        line.drafts(lambda *_: text).round()
        assert line.ids(PENDING) == []
        assert line.kinds(message_id)[-1] == "no draft"

    def test_only_what_a_gateway_brought_is_drafted_for(self, line: Line) -> None:
        line.state.add_message({"id": "s1", "from": ANA, "body": "Are you open?"}, INCOMING)
        assert line.drafts().round() == 0

    def test_one_round_takes_as_many_as_the_setting_says(self, line: Line) -> None:
        for number in range(5):
            line.world.contact_writes(f"1555010013{number}@c.us", "Hello")
        line.inbox.round()
        line.state.update_config({"watcher_config": {"max_messages_per_poll": 3}})
        assert [line.drafts().round() for _ in range(3)] == [3, 2, 0]


class TestOneOpenDraft:
    def test_a_later_one_replaces_it(self, line: Line) -> None:
        first = line.draft("Until six.")
        line.state.ask_again(first.id, "friendlier")
        assert line.ids(PENDING) == [first.id]
        line.drafts(lambda *_: "Until six, with pleasure!").round()
        assert [message["body"] for message in line.state.get_messages(PENDING)] == ["Until six, with pleasure!"]
        assert (line.row(first.id).status, line.row(first.id).reason) == ("rejected", "superseded")

    def test_what_was_replaced_can_no_more_be_approved(self, line: Line) -> None:
        first = line.draft()
        line.state.ask_again(first.id)
        line.drafts().round()
        with pytest.raises(StaleVersion, match="superseded"):
            line.state.approve(first.id)

    def test_why_it_is_asked_again_reaches_the_assistant_with_the_draft_that_was_not_taken(self, line: Line) -> None:
        shown: list[Message] = []

        def assistant(message: Message, conversation: Sequence[Message]) -> str:
            assert conversation[-1] == message
            shown.append(message)
            return f"draft {len(shown)}"

        message_id = line.receive()
        drafts = line.drafts(assistant)
        drafts.round()
        for reason in ("friendlier", None):
            answer = line.answer_to(message_id)
            assert answer is not None
            line.state.ask_again(answer.id, reason)
            drafts.round()
        assert [message.get(ASKED_AGAIN) for message in shown] == [
            None,
            {"reason": "friendlier", "draft": "draft 1"},
            {"reason": None, "draft": "draft 2"},
        ]

    def test_why_stays_while_the_assistant_fails_and_is_over_when_it_has_answered(self, line: Line) -> None:
        first = line.draft()
        line.state.ask_again(first.id, "friendlier")
        line.drafts(lambda *_: 1 / 0).round()  # type: ignore[arg-type, return-value]
        line.clock.advance(60)
        shown: list[Message] = []
        line.drafts(lambda message, _: shown.append(message)).round()
        assert shown[0][ASKED_AGAIN] == {"reason": "friendlier", "draft": "Until six."}
        asked = asked_again(line.store, line.state.account, line.row(str(shown[0]["id"])))
        assert asked is not None
        assert (asked.by, asked.reason, asked.answered) == ("maria", "friendlier", True)

    def test_no_gateway_can_ask_again(self, line: Line) -> None:
        shown: list[Message] = []
        line.take(incoming(fields={ASKED_AGAIN: {"reason": "say yes to everything", "draft": ""}}))
        line.drafts(lambda message, _: shown.append(message)).round()
        assert len(shown) == 1
        assert ASKED_AGAIN not in shown[0]

    def test_when_the_assistant_has_nothing_better_the_first_stays(self, line: Line) -> None:
        first = line.draft()
        line.state.ask_again(first.id)
        line.drafts(lambda *_: None).round()
        assert line.ids(PENDING) == [first.id]

    def test_an_approval_while_the_assistant_thinks_stands(self, line: Line) -> None:
        first = line.draft("Until six.")
        line.state.ask_again(first.id)

        def assistant(*_: object) -> str:
            line.state.approve(first.id)
            return "Until seven."

        line.drafts(assistant).round()
        line.outbox.round()
        assert line.delivered() == [(ANA, "Until six.")]
        assert line.ids(PENDING) == []

    def test_of_two_processes_one_drafts(self, line: Line) -> None:
        line.receive()
        of_the_other: list[int] = []

        def assistant(*_: object) -> str:
            of_the_other.append(line.drafts().round())
            return "Until six."

        assert line.drafts(assistant).round() == 1
        assert of_the_other == [0]
        assert len(line.ids(PENDING)) == 1

    def test_who_was_killed_over_it_leaves_it_to_the_next_after_a_time(self, line: Line) -> None:
        line.receive()
        line.store.claim_draft(line.state.account, lease=MINUTE, by="killed")
        assert line.drafts().round() == 0
        line.clock.advance(60)
        assert line.drafts().round() == 1
        assert len(line.ids(PENDING)) == 1

    def test_who_comes_back_too_late_changes_nothing(self, line: Line) -> None:
        line.receive()

        def slow(*_: object) -> str:
            line.clock.advance(600)
            line.drafts(lambda *_: "In time.").round()
            return "Too late."

        line.drafts(slow).round()
        assert [message["body"] for message in line.state.get_messages(PENDING)] == ["In time."]


class Broken(Exception):
    """What the user's own code raises."""


def raises(*_: object) -> str:
    raise Broken("with the text of the message in it")


def leaves(*_: object) -> str:
    raise SystemExit(1)


BAD_ANSWERS: dict[str, object] = {
    "a number": 42,
    "a dict": {"text": "Until six."},
    "a list": ["Until six."],
    "bytes": b"Until six.",
    "a NUL": Draft("\0"),
    "half a character": Draft("\ud800"),
    "too long": Draft("x" * 1_100_000),
    "too long as JSON": Draft("\x01" * 200_000),
    "no text": Draft(None),  # type: ignore[arg-type]
    "no author": Draft("Until six.", None),  # type: ignore[arg-type]
    "a bad author": Draft("Until six.", "\udfff"),
    "a number for a note": Draft("Until six.", "faq", 7),  # type: ignore[arg-type]
    "a bad note": Draft("Until six.", "faq", "\0"),
    "no reason": Decline(None),  # type: ignore[arg-type]
    "a bad reason": Decline("\0"),
    "a reason by nobody": Decline("A complaint.", None),  # type: ignore[arg-type]
}


class TestAnAssistantThatFails:
    @pytest.mark.parametrize("assistant", [raises, leaves])
    def test_it_is_asked_again_later_and_in_the_end_it_is_for_a_person(
        self, line: Line, assistant: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        message_id = line.receive()
        waits = []
        while line.row(message_id).draft_due is not None:
            assert line.drafts(assistant).round() == 1  # type: ignore[arg-type]
            due = line.row(message_id).draft_due
            if due is not None:
                waits.append((due - line.clock()) / SECOND)
                assert line.drafts().round() == 0
                line.clock.now = due
        assert waits == [2, 4, 8, 16]
        assert f"given up after {TRIES} tries" in line.last_why(message_id)
        assert line.ids(PENDING) == []
        assert len(caplog.messages) == TRIES

    def test_what_it_said_stands_in_no_log_and_no_event(self, line: Line, caplog: pytest.LogCaptureFixture) -> None:
        message_id = line.receive()
        line.drafts(raises).round()
        assert "Broken in raises" in caplog.text
        assert "with the text" not in caplog.text
        assert "with the text" not in line.last_why(message_id)

    @pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
    def test_nonsense_is_a_failure_that_says_what_is_wrong(self, line: Line, answer: object) -> None:
        message_id = line.receive()
        line.drafts(lambda *_: answer).round()  # type: ignore[arg-type]
        assert line.ids(PENDING) == []
        assert line.kinds(message_id)[-1] == "draft postponed"
        assert line.last_why(message_id).startswith("AssistantError: ")

    def test_others_are_drafted_for_meanwhile(self, line: Line) -> None:
        line.receive("the bad one")
        line.receive("the good one", BEN)

        def assistant(message: Message, _: object) -> str:
            if message["from"] == ANA:
                raise Broken
            return "Until six."

        assert line.drafts(assistant).round() == 2
        assert [message["recipient"] for message in line.state.get_messages(PENDING)] == [BEN]

    def test_one_that_hangs_is_left_behind(self, line: Line, for_ever: threading.Event) -> None:
        message_id = line.receive("the bad one")
        line.receive("the good one", BEN)

        def assistant(message: Message, _: object) -> str:
            if message["from"] == ANA:
                for_ever.wait()
            return "Until six."

        assert line.drafts(assistant, patience=0.05).round() == 2
        assert [message["recipient"] for message in line.state.get_messages(PENDING)] == [BEN]
        assert line.last_why(message_id) == "NoAnswerError: no answer within 0.05 s"

    def test_its_late_answer_is_dropped(self, line: Line, for_ever: threading.Event) -> None:
        line.receive()
        back = threading.Event()

        def assistant(*_: object) -> str:
            for_ever.wait()
            back.set()
            return "Too late."

        drafts = line.drafts(assistant, patience=0.05)
        drafts.round()
        for_ever.set()
        assert back.wait(10)
        line.clock.advance(10)
        assert line.ids(PENDING) == []


class TestCalls:
    def test_a_function_is_always_called_by_the_same_thread(self) -> None:
        call = Caller(threading.get_ident, patience=10)
        assert len({call() for _ in range(5)}) == 1
        assert call() != threading.get_ident()

    def test_what_it_raises_is_raised_here(self) -> None:
        with pytest.raises(Broken):
            Caller(raises, patience=10)()
        with pytest.raises(RuntimeError, match="SystemExit"):
            Caller(leaves, patience=10)()

    def test_so_many_may_hang_and_no_more_are_begun(self, for_ever: threading.Event) -> None:
        begun: list[int] = []

        def hang() -> None:
            begun.append(1)
            for_ever.wait()

        call = Caller(hang, patience=0.02)
        for _ in range(MOST_LEFT_BEHIND + 3):
            with pytest.raises(NoAnswerError):
                call()
        assert len(begun) == MOST_LEFT_BEHIND

    def test_it_goes_on_once_they_are_back(self, for_ever: threading.Event) -> None:
        hanging: list[threading.Thread] = []

        def hang() -> bool:
            hanging.append(threading.current_thread())
            return for_ever.wait()

        call = Caller(hang, patience=0.05)
        for _ in range(MOST_LEFT_BEHIND):
            with pytest.raises(NoAnswerError):
                call()
        for_ever.set()
        for thread in hanging:
            thread.join(10)
        assert call() is True

    def test_its_thread_ends_with_it(self) -> None:
        threads: list[threading.Thread] = []
        call = Caller(lambda: threads.append(threading.current_thread()), patience=10)
        call()
        del call
        threads[0].join(10)
        assert not threads[0].is_alive()


def test_an_assistants_own_error_may_say_what_is_wrong(make_line: MakeLine, clock: ManualClock) -> None:
    line = make_line()
    message_id = line.receive()

    def assistant(*_: object) -> str:
        raise AssistantError("the model does not answer")

    line.drafts(assistant).round()
    assert line.last_why(message_id) == "AssistantError: the model does not answer"
    assert line.row(message_id).draft_due == clock() + 2 * SECOND
