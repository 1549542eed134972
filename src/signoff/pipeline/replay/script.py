"""What was said then, in all chats that are replayed: what came in, what stood before it, what was answered to it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from ...assistant import Message
from ...clock import SECOND
from ...gateway import Incoming

CONTEXT = 20
"""How many messages of the conversation an assistant is shown before the one to answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was really answered.

    Attributes:
        text: all that was written in one go, each message on lines of its own.
        at: when the first of it was written, microseconds since 1970 UTC.
    """

    text: str
    at: int


class Script:
    """The chats as they went.

    Args:
        chats: the messages of each, as from `incoming`, in order.

    Attributes:
        theirs: what came in, of all chats, in the order of time.
        ours: how many messages were written by the one whose answers are wanted.
    """

    def __init__(self, chats: Sequence[Sequence[Incoming]]) -> None:
        ordered = heapq.merge(*chats, key=lambda event: event.at)
        self.theirs = [event for event in ordered if not event.from_me]
        self.ours = sum(map(len, chats)) - len(self.theirs)
        self._places = {event.id: (chat, place) for chat in chats for place, event in enumerate(chat)}
        self._answers: dict[str, Answer] = {}
        for chat in chats:
            self._answers |= _answers(chat)

    def answer_to(self, message_id: str) -> Answer | None:
        """What was answered to a message next, before others wrote again after that; None for nothing."""
        return self._answers.get(message_id)

    def before(self, message_id: str) -> list[Message]:
        """The conversation before a message, oldest first, as it really went."""
        chat, place = self._places[message_id]
        return [_message(event) for event in chat[max(0, place - CONTEXT) : place]]


def _answers(chat: Sequence[Incoming]) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    answer: Answer | None = None
    theirs_follow = True
    for event in reversed(chat):
        if not event.from_me:
            theirs_follow = True
            if answer is not None:
                answers[event.id] = answer
            continue
        words = event.text or f"‹{event.kind}›"
        answer = Answer(words if answer is None or theirs_follow else f"{words}\n{answer.text}", event.at)
        theirs_follow = False
    return answers


def _message(event: Incoming) -> Message:
    """A message as the guide writes it; an own one has a recipient."""
    whose = {"recipient": event.chat} if event.from_me else {"from": event.chat, "fromName": event.name}
    return {
        "id": event.id,
        **whose,
        "body": event.text,
        "timestamp": event.at // SECOND,
        "isGroup": event.is_group,
        "type": event.kind,
        "hasMedia": event.has_media,
    }
