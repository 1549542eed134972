"""Assistants with one fault each. Not collected by itself: `test_catches` runs it and looks at what fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from signoff.assistant import Assistant, Decline, Draft, Message
from signoff.testing import AssistantContract

Answer = Draft | Decline | str | None


def sound(message: Message, conversation: Sequence[Message]) -> Answer:
    text = str(message.get("body") or "")
    return Draft(f"You ask about {len(text)} letters.", "counter") if "!" in text else None


def needs_a_body(message: Message, conversation: Sequence[Message]) -> Answer:
    return sound(message, conversation) if len(message["body"] or "") < 9_000 else None


def returns_a_dict(message: Message, conversation: Sequence[Message]) -> Any:
    return (
        {"reply": "Hello!"}
        if message.get("isGroup") or "media" in str(message.get("type")) or message.get("body") == ""
        else sound(message, conversation)
    )


def repeats_what_cannot_be_stored(message: Message, conversation: Sequence[Message]) -> Answer:
    text = str(message.get("body") or "")
    return f"You say {text}" if "\0" in text else sound(message, conversation)


def changes_the_message(message: Any, conversation: Sequence[Message]) -> Answer:
    answer = sound(message, conversation)
    message["answered"] = True
    return answer


def thinks_for_ever(message: Message, conversation: Sequence[Message]) -> Answer:
    if len(str(message.get("body"))) > 5_000:
        time.sleep(2)
    return sound(message, conversation)


def fills_in_what_it_is_told(message: Message, conversation: Sequence[Message]) -> Answer:
    text = str(message.get("body") or "")
    return (
        f"About {text.replace('$id', str(message.get('id')))}: gladly." if "$" in text else sound(message, conversation)
    )


def never_says_a_word(message: Message, conversation: Sequence[Message]) -> Answer:
    return None


def knows_no_conversation(message: Message, conversation: Sequence[Message]) -> Answer:
    if len(conversation) > 10:
        raise IndexError("too long")
    return sound(message, conversation)


class KeepsOneMessage:
    """Two threads that ask at once get the answer to the later message."""

    message: Message

    def __call__(self, message: Message, conversation: Sequence[Message]) -> Answer:
        self.message = message
        time.sleep(0.02)
        return sound(self.message, conversation)


FAULTS: dict[str, tuple[Callable[..., Any], str]] = {
    "NeedsABody": (needs_a_body, "test_no_message_makes_it_raise_but_an_assistant_error"),
    "ReturnsADict": (returns_a_dict, "test_it_gives_a_draft_a_reason_to_decline_or_nothing"),
    "RepeatsWhatCannotBeStored": (
        repeats_what_cannot_be_stored,
        "test_it_gives_a_draft_a_reason_to_decline_or_nothing",
    ),
    "ChangesTheMessage": (changes_the_message, "test_it_leaves_the_message_and_the_conversation_as_they_were"),
    "ThinksForEver": (thinks_for_ever, "test_every_answer_comes_in_time"),
    "FillsInWhatItIsTold": (fills_in_what_it_is_told, "test_what_a_contact_writes_is_never_carried_out"),
    "NeverSaysAWord": (never_says_a_word, "test_it_drafts_an_answer_to_its_question"),
    "KnowsNoConversation": (
        knows_no_conversation,
        "test_it_takes_a_conversation_as_well_as_a_single_message",
    ),
    "KeepsOneMessage": (KeepsOneMessage(), "test_threads_get_each_their_own_answer"),
}
"""Each fault, and the test that must fail by it."""


def _tried(name: str, function: Assistant) -> type[AssistantContract]:
    @pytest.fixture
    def assistant(self: AssistantContract) -> Assistant:
        return function

    return type(
        f"Test{name}", (AssistantContract,), {"assistant": assistant, "longest_answer": 0.5 if name in FAULTS else 10.0}
    )


TestSound = _tried("Sound", sound)
globals().update({f"Test{name}": _tried(name, function) for name, (function, _) in FAULTS.items()})
