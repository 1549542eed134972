"""What happens where nobody can be asked: everything that is not out of date is approved."""

from __future__ import annotations

import time

from ..errors import Decision
from ..state import StateManager
from ..store.rows import Row
from .desk import LOOK
from .feed import Feed, GoesOn
from .terminal import out
from .waiting import Waiting


class Unattended:
    """Approves every draft that is not out of date; for one that is it asks once for another.

    Args:
        by: the name under which it approves.
        goes_on: False is the end.
        feed: what happens, printed line by line.
    """

    def __init__(self, state: StateManager, by: str, *, goes_on: GoesOn, feed: Feed) -> None:
        self._state = state
        self._by = by
        self._goes_on = goes_on
        self._feed = feed
        self._waiting = Waiting(state)
        self._asked: set[int] = set()

    def run(self) -> None:
        """Approve until nothing more will come."""
        while True:
            self._tell()
            seen = self._state.store.last_event()
            self._waiting.refresh()
            decided = [self._decide(row) for row in self._waiting.drafts]
            if not any(decided) and not self._goes_on(False):
                self._tell()
                return
            if self._state.store.last_event() == seen:
                time.sleep(LOOK)

    def _tell(self) -> None:
        for line in self._feed.news():
            out.print(line, soft_wrap=True)

    def _decide(self, row: Row) -> bool:
        if row.digest is None or row.seq in self._asked:
            return False
        try:
            if row.stale is None:
                self._state.approve(row.id, row.draft_version, by=self._by, seen=row.message_status)
            else:
                self._asked.add(row.seq)
                self._state.ask_again(row.id, row.stale, row.draft_version, by=self._by, seen=row.message_status)
        except Decision:  # it was decided, or became out of date, at this very moment: it is looked at again
            return False
        return True
