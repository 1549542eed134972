"""A rehearsal: an assistant drafts for every message of the past, shown the conversation as it really went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ...assistant import Assistant, Draft, Message
from ...gateway import Incoming
from ...state import StateManager
from ...store.decisions import NewDraft
from ...store.intake import Arrival
from ...store.together import Together, together
from ..drafts import described, draft_of
from ..inbox import Inbox
from .play import Replay
from .script import Script

_AT_ONCE = 200
"""Messages in one transaction: enough for a sync of the disk to cost nothing, few enough to be stopped at any time."""

Told = Callable[[int], None]
"""Is told how many messages more have been played."""

_Played = tuple[Incoming, Arrival, Draft | None]


class Rehearsal:
    """Plays messages to an assistant and keeps what it drafts. Is an assistant itself: what it is asked, it passes on.

    Args:
        state: where messages and drafts are stored; nobody else's, for every draft counts as signed off there.
        name: what drafts are signed with that do not say who wrote them.

    Attributes:
        played: the messages that have been played, in order.
        drafts: by the id of the message that they answer.
        failures: what went wrong, by the id of the message.
    """

    def __init__(self, state: StateManager, script: Script, assistant: Assistant, name: str) -> None:
        self._state = state
        self._script = script
        self._assistant = assistant
        self._name = name
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
            draft = draft_of(self._assistant(message, [*self._script.before(message_id), message]), self._name)
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

    def play_all(self, told: Told) -> None:
        """Play what is left, as fast as it goes. May be stopped at any time: what has been played is whole."""
        while self.left:
            start = len(self.played)
            some = [self._draft(event) for event in self._script.theirs[start : start + _AT_ONCE]]
            together(self._state.store, partial(_store, account=self._state.account, played=some))
            self.played += [event for event, _, _ in some]
            told(len(some))
        self._state.refresh()

    def _draft(self, event: Incoming) -> _Played:
        arrival = self._inbox.arrival(event)
        if not arrival.draft or self._is_known(arrival.id):
            return event, arrival, None
        try:
            return event, arrival, self(arrival.message, ())
        except Exception:  # it is the user's own code: the failure is kept, and shown in the report
            return event, arrival, None

    def _is_known(self, message_id: str) -> bool:
        """Whether an earlier replay has played a message."""
        return self._goes_on and self._state.store.find(self._state.account, message_id) is not None


def _store(store: Together, account: int, played: Sequence[_Played]) -> None:
    for _, arrival, draft in played:
        row = store.receive(account, arrival, by="replay")
        if row is None or not arrival.draft:
            continue
        if draft is None:
            store.postpone_draft(row, None, by="replay", why="nothing to say: for a person")
            continue
        fields = {"original_message_id": row.id, "fromName": arrival.name}
        new = NewDraft(row.seq, row.draft_tries, arrival.chat, draft.text, draft.author, draft.note, fields)
        if (made := store.add_draft(account, new)) is not None:
            store.approve(account, made.id, made.draft_version, by="replay")
