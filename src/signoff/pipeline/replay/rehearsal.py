"""A rehearsal: an assistant drafts for every message of the past, shown the conversation as it really went."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from ...assistant import Assistant, Draft, Message
from ...gateway import Incoming
from ...state import StateManager
from ...store.decisions import NewDraft
from ...store.intake import Arrival
from ...store.together import Together, together
from ..drafts import described, draft_of
from ..inbox import Inbox
from .in_order import in_order
from .play import Replay
from .script import Script

_AT_ONCE = 200
"""Messages in one transaction: enough for a sync of the disk to cost nothing, few enough to be stopped at any time."""

Told = Callable[[int], None]
"""Is told how many messages more have been played."""

_GATHERED = 1.0
"""Seconds after which those that a slow assistant has looked at are stored, however few: a stop loses no more."""


@dataclass(frozen=True, slots=True)
class _Played:
    """What came of a message; ``failure`` says what went wrong."""

    event: Incoming
    arrival: Arrival
    draft: Draft | None = None
    failure: str | None = None


class Rehearsal:
    """Plays messages to an assistant and keeps what it drafts. Is an assistant itself: what it is asked, it passes on.

    Args:
        state: where messages and drafts are stored; nobody else's, for every draft counts as signed off there.
        name: what drafts are signed with that do not say who wrote them.
        monotonic: seconds that never jump.

    Attributes:
        played: the messages that have been played, in order.
        drafts: by the id of the message that they answer.
        failures: what went wrong, by the id of the message.
    """

    def __init__(
        self,
        state: StateManager,
        script: Script,
        assistant: Assistant,
        name: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._script = script
        self._assistant = assistant
        self._name = name
        self._monotonic = monotonic
        self._inbox = Inbox(state, Replay([]), wait=0)
        self._goes_on = state.get_statistics()["total_incoming"] > 0
        self.played: list[Incoming] = []
        self.drafts: dict[str, Draft] = {}
        self.failures: dict[str, str] = {}

    @property
    def left(self) -> int:
        """How many messages are still to come."""
        return len(self._script.theirs) - len(self.played)

    def next(self) -> Incoming | None:
        """The message that comes next, or None when all have been played."""
        return self._script.theirs[len(self.played)] if self.left else None

    def __call__(self, message: Message, conversation: Sequence[Message]) -> Draft | None:  # noqa: ARG002
        """Ask the assistant; the conversation that it is shown is that of then."""
        message_id = str(message["id"])
        try:
            draft = self._ask(message)
        except Exception as error:
            self.failures.setdefault(message_id, described(error))
            raise
        if draft is not None:
            self.drafts[message_id] = draft
        return draft

    def take_next(self) -> None:
        """Let the next message come in; whoever runs the stages of the pipeline drafts for it."""
        if (event := self.next()) is not None:
            self._inbox.take(event)
            self.played.append(event)

    def play_all(self, told: Told, at_once: int = 1) -> None:
        """Play what is left, as fast as it goes. May be stopped at any time: what has been played is whole.

        Args:
            at_once: how many messages the assistant is asked about at a time, also of one chat: none depends on the
                draft for another. What comes of them is the same, and kept in the same order, whatever this is.
        """
        with closing(in_order(self._draft, self._script.theirs[len(self.played) :], at_once)) as coming:
            while some := self._gathered(coming):
                together(self._state.store, partial(_store, account=self._state.account, played=some))
                self._note(some)
                told(len(some))
        self._state.refresh()

    def _gathered(self, coming: Iterator[_Played]) -> list[_Played]:
        """As many as are stored together; none when all have been played."""
        due, some = self._monotonic() + _GATHERED, []
        for played in coming:
            some.append(played)
            if len(some) == _AT_ONCE or self._monotonic() >= due:
                break
        return some

    def _note(self, some: Sequence[_Played]) -> None:
        for played in some:
            self.played.append(played.event)
            if played.draft is not None:
                self.drafts[played.arrival.id] = played.draft
            if played.failure is not None:
                self.failures.setdefault(played.arrival.id, played.failure)

    def _draft(self, event: Incoming) -> _Played:
        arrival = self._inbox.arrival(event)
        if not arrival.draft or self._is_known(arrival.id):
            return _Played(event, arrival)
        try:
            return _Played(event, arrival, self._ask(arrival.message))
        except Exception as error:  # it is the user's own code: the failure is kept, and shown in the report
            return _Played(event, arrival, failure=described(error))

    def _ask(self, message: Message) -> Draft | None:
        before = self._script.before(str(message["id"]))
        return draft_of(self._assistant(message, [*before, message]), self._name)

    def _is_known(self, message_id: str) -> bool:
        """Whether an earlier replay has played a message."""
        return self._goes_on and self._state.store.find(self._state.account, message_id) is not None


def _store(store: Together, account: int, played: Sequence[_Played]) -> None:
    for each in played:
        arrival, draft = each.arrival, each.draft
        row = store.receive(account, arrival, by="replay")
        if row is None or not arrival.draft:
            continue
        if draft is None:
            store.postpone_draft(row, None, by="replay", why="nothing to say: for a person")
            continue
        fields = {"original_message_id": row.id, "fromName": arrival.message["fromName"]}
        new = NewDraft(row.seq, row.draft_tries, arrival.chat, draft.text, draft.author, draft.note, fields)
        if (made := store.add_draft(account, new)) is not None:
            store.approve(account, made.id, made.draft_version, by="replay")
