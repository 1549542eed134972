"""What waits for a person."""

from __future__ import annotations

from ..lifecycle import Delivery, MessageStatus
from ..state import StateManager
from ..store.rows import Row

RECENT = 10_000
"""How many events back `unanswered` looks, so that its cost does not grow with the history; who shows it says so."""


class Waiting:
    """Follows what waits for a decision; `refresh` brings it up to date at a cost that does not grow with the history.

    Attributes:
        drafts: messages that wait for approval, oldest first.
        unconfirmed: messages of which nobody knows whether they arrived, oldest first.
        by_script: messages that a script approved by itself; it sends them itself.
    """

    def __init__(self, state: StateManager) -> None:
        self._state = state
        self._failed_until = 0
        self._unknown: list[int] = []
        self.drafts: list[Row] = []
        self.unconfirmed: list[Row] = []
        self.by_script: list[Row] = []

    def refresh(self) -> None:
        """Look again."""
        pending = list(self._state.rows(MessageStatus.PENDING_APPROVAL))
        approved = list(self._state.rows(MessageStatus.APPROVED))
        self.drafts = [row for row in pending if row.delivery in (None, Delivery.REFUSED)]
        self.by_script = [row for row in approved if row.approved_version is None and row.delivery is None]
        beside = [row for row in (*pending, *approved) if row.delivery == Delivery.UNKNOWN]
        self.unconfirmed = [*beside, *self._failed_unconfirmed()]

    def _failed_unconfirmed(self) -> list[Row]:
        while page := self._state.store.page(self._state.account, MessageStatus.FAILED, self._failed_until):
            self._unknown += [row.seq for row in page if row.delivery == Delivery.UNKNOWN]
            self._failed_until = page[-1].arrival
        rows = [row for seq in self._unknown if (row := self._state.store.by_seq(seq)) is not None]
        still = [row for row in rows if row.status == MessageStatus.FAILED.value and row.delivery == Delivery.UNKNOWN]
        self._unknown = [row.seq for row in still]
        return [row for row in still if row.visible]


def unanswered(state: StateManager) -> list[Row]:
    """Messages of the last `RECENT` events to which no assistant had an answer: they are for a person, on the phone."""
    after, rows = max(0, state.store.last_event() - RECENT), []
    while page := state.store.page(state.account, MessageStatus.INCOMING, after):
        rows += [row for row in page if row.changed_what == "no draft"]
        after = page[-1].arrival
    return rows


def being_drafted(state: StateManager) -> list[Row]:
    """Messages that an assistant has still to look at."""
    return state.store.to_be_drafted(state.account)
