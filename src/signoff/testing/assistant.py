"""The contract of an assistant: everything that the stage of drafts relies on."""

from __future__ import annotations

import copy
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ..assistant import ASKED_AGAIN, Assistant, Decline, Draft, Message
from ..errors import AssistantError
from ..model import to_json
from ..pipeline.calls import Caller, NoAnswerError
from .texts import ODD_TEXTS

_SECRET = "canary-7f3a91"
_TRAPS = {
    "names in braces": "{id} {message} {0} {0[id]} {fromName}",
    "names in double braces": "{{ id }} {{ message.id }} {{7*191}} {% print(7*191) %}",
    "names after a percent sign": "%(id)s %s %d",
    "names after a dollar sign": "$id ${id} $SIGNOFF_CANARY ${SIGNOFF_CANARY} $((7*191)) $(echo $SIGNOFF_CANARY)",
    "code": "7*191 __import__('os').environ['SIGNOFF_CANARY'] `echo $SIGNOFF_CANARY`",
    "another kind of text": '{"id": "x", "reply": {"$ref": "id"}} <script>1</script> \'; DROP TABLE messages; --',
}
_WOULD_COME_OF_IT = (_SECRET, str(7 * 191))


def _odd_messages() -> dict[str, dict[str, Any]]:
    """Messages as they come in: with the least of fields, with fields that are empty, with texts of all kinds."""
    written = {what: {"id": "m1", "from": "15550100111@c.us", "body": text} for what, text in ODD_TEXTS.items()}
    return written | {
        "no body": {"id": "m1", "from": "15550100111@c.us"},
        "body of None": {"id": "m1", "from": "15550100111@c.us", "fromName": None, "body": None},
        "only an id": {"id": "m1"},
        "media": {"id": "m1", "from": "15550100111@c.us", "body": "", "type": "ptt", "hasMedia": True},
        "group": {"id": "m1", "from": "120363000000000115@g.us", "author": "15550100111@c.us", "body": "Hello?"},
        "linked device": {"id": "m1", "from": "90000000000113@lid", "body": "Hello?", "fromName": "علی"},
        "asked again": {"id": "m1", "from": "a@c.us", "body": "Hello?", ASKED_AGAIN: {"reason": None, "draft": "Hi."}},
        "further fields": {"id": "m1", "from": "a@c.us", "body": "Hello?", "mentions": [{"id": None}], "timestamp": 0},
    }


_ODD = _odd_messages()
_every_message = pytest.mark.parametrize("message", _ODD.values(), ids=_ODD)


class AssistantContract:
    """What every assistant promises. Derive a class whose name begins with ``Test`` and override `assistant`.

    Attributes:
        longest_answer: how long it may think about one message, in seconds; signoff gives it two minutes.
        repeatable: whether it answers the same message the same way each time; set it to False for a model.
        question: a message that it has an answer to.
    """

    longest_answer = 60.0
    repeatable = True
    question = "Hello!"

    @pytest.fixture
    def assistant(self) -> Assistant:
        """The assistant; to be overridden."""
        raise NotImplementedError("override the fixture assistant: it gives a callable (message, conversation)")

    def test_it_drafts_an_answer_to_its_question(self, assistant: Assistant) -> None:
        answer = self._ask(assistant, {"id": "m1", "from": "15550100111@c.us", "body": self.question})
        assert isinstance(answer, (Draft, str))
        assert _text(answer).strip()

    @_every_message
    def test_it_gives_a_draft_a_reason_to_decline_or_nothing(
        self, assistant: Assistant, message: dict[str, Any]
    ) -> None:
        answer, _ = self._tried(assistant, message)
        assert answer is None or isinstance(answer, (Draft, Decline, str)), type(answer)
        to_json(_parts(answer), "the answer")  # raises for what cannot be stored

    @_every_message
    def test_no_message_makes_it_raise_but_an_assistant_error(
        self, assistant: Assistant, message: dict[str, Any]
    ) -> None:
        _, error = self._tried(assistant, message)
        assert error is None or isinstance(error, (AssistantError, NoAnswerError)), repr(error)

    @_every_message
    def test_every_answer_comes_in_time(self, assistant: Assistant, message: dict[str, Any]) -> None:
        start = time.monotonic()
        _, error = self._tried(assistant, message)
        assert not isinstance(error, NoAnswerError), f"nothing came within {self.longest_answer:g} s"
        assert time.monotonic() - start <= self.longest_answer

    def test_it_takes_a_conversation_as_well_as_a_single_message(self, assistant: Assistant) -> None:
        past = [{"id": f"p{number}", **_whose(number), "body": f"message {number}"} for number in range(19)]
        answer, error = self._tried(assistant, {"id": "m1", "from": "15550100111@c.us", "body": self.question}, past)
        assert error is None
        assert answer is None or isinstance(answer, (Draft, Decline, str))

    def test_it_leaves_the_message_and_the_conversation_as_they_were(self, assistant: Assistant) -> None:
        message: dict[str, Any] = {"id": "m1", "from": "15550100111@c.us", "body": self.question, "more": [{"a": 1}]}
        conversation: list[Message] = [{"id": "p1", "from": "15550100111@c.us", "body": "Hello?"}, message]
        before = copy.deepcopy((message, conversation))
        self._caller(assistant)(message, conversation)
        assert (message, conversation) == before

    @pytest.mark.parametrize("trap", _TRAPS.values(), ids=_TRAPS)
    def test_what_a_contact_writes_is_never_carried_out(
        self, assistant: Assistant, trap: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No template, no shell, no code: nothing of the message is put in the place of its own words."""
        monkeypatch.setenv("SIGNOFF_CANARY", _SECRET)
        answer, _ = self._tried(assistant, {"id": _SECRET, "from": "15550100111@c.us", "body": trap})
        assert not [found for found in _WOULD_COME_OF_IT if found in _text(answer)]

    def test_threads_get_each_their_own_answer(self, assistant: Assistant) -> None:
        questions = [f"{self.question} {'!' * number}" for number in range(8)]
        messages = [
            {"id": f"m{number}", "from": "15550100111@c.us", "body": text} for number, text in enumerate(questions)
        ]
        with ThreadPoolExecutor(len(messages)) as pool:
            at_once = list(pool.map(lambda message: self._tried(assistant, message), messages))
        assert [error for _, error in at_once if error and not isinstance(error, AssistantError)] == []
        if self.repeatable:
            alone = [self._tried(assistant, message)[0] for message in messages]
            assert [answer for answer, _ in at_once] == alone

    def _ask(self, assistant: Assistant, message: Message, past: list[dict[str, Any]] | None = None) -> object:
        return self._caller(assistant)(message, [*(past or []), message])

    def _caller(self, assistant: Assistant) -> Caller[object]:
        return Caller(assistant, self.longest_answer)

    def _tried(
        self, assistant: Assistant, message: Message, past: list[dict[str, Any]] | None = None
    ) -> tuple[object, Exception | None]:
        """What it answers, or None and what it raised."""
        try:
            return self._ask(assistant, message, past), None
        except Exception as error:
            return None, error


def _whose(number: int) -> dict[str, str]:
    return {"recipient" if number % 2 else "from": "15550100111@c.us"}


def _text(answer: object) -> str:
    return answer.text if isinstance(answer, Draft) else str(answer or "")


def _parts(answer: object) -> dict[str, Any]:
    if isinstance(answer, Draft):
        return {"text": answer.text, "author": answer.author, "note": answer.note or ""}
    if isinstance(answer, Decline):
        return {"why": answer.why, "author": answer.author}
    return {"text": answer}
