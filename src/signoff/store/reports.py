"""The verbs of looking back: over all events, over a contact, and how much there was to do in a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from ..errors import StoreCorrupt
from ..lifecycle import MessageStatus
from .base import Verbs, addresses
from .connection import Transaction
from .rows import Event, Row, damaged, made, row_of

NEWEST = 2**62
"""Above every number of an event or a message."""


class Logged(NamedTuple):
    """An event, and the id of the message that it happened to; None for one of settings, the session or a list."""

    event: Event
    message: str | None


class Reports(Verbs):
    """Looking back. None of these costs more after a longer history; `tally` costs what the time asked for holds."""

    def events(self, account: int, *, before: int = NEWEST, limit: int) -> list[Logged]:
        """The last ``limit`` events of an account with a number below ``before``, oldest first.

        It passes over what happened to other accounts in between.
        """
        params = {"account": account, "before": before, "limit": limit}
        rows = self.database.read(lambda tx: tx.rows("events_before", params))
        return [_logged(row, self.database.name) for row in reversed(rows)]

    def with_contact(self, account: int, address: str, *, before: int = NEWEST, limit: int) -> list[Row]:
        """The last ``limit`` messages from and to a contact, whatever became of them, under all addresses.

        Oldest first, and only those with a number (``seq``) below ``before``.
        """
        params = {"account": account, "before": before, "limit": limit}

        def work(tx: Transaction) -> list[Row]:
            known = addresses(tx, account, address)
            return [
                row_of(row, self.database.name)
                for own in known
                for row in tx.rows("with_contact", params | {"chat": own})
            ]

        rows = sorted(self.database.snapshot(work))  # by their number, which comes first
        return rows[max(0, len(rows) - limit) :]

    def tally(self, account: int, times: Sequence[int]) -> list[dict[MessageStatus, int]]:
        """How many messages came into each list between each time and the next, as the statistics count them.

        Args:
            times: growing, in microseconds since 1970 UTC; one more than there are answers. Where a clock was set back
                what happened meanwhile may be counted to a neighbour.
        """

        def work(tx: Transaction) -> list[dict[MessageStatus, int]]:
            marks = [_first_since(tx, at) for at in times]
            return [_tally(tx, account, *pair) for pair in pairwise(marks)]

        return self.database.snapshot(work)


def _tally(tx: Transaction, account: int, first: int, end: int) -> dict[MessageStatus, int]:
    found = tx.row("tally", {"account": account, "first": first, "end": end})
    assert found is not None
    return dict(zip(MessageStatus, found, strict=True))


def _first_since(tx: Transaction, at: int) -> int:
    """The number of the first event that is not before a time, found by halving: numbers grow as time does."""
    low, high = 0, _last(tx) + 1
    while low < high:
        middle = (low + high) // 2
        found = tx.row("event_at", {"seq": middle})
        if found is None or found[1] >= at:
            high = middle
        else:
            low = int(found[0]) + 1
    return low


def _last(tx: Transaction) -> int:
    found = tx.row("last_event")
    assert found is not None
    return int(found[0])


def _logged(row: tuple[Any, ...], file: str) -> Logged:
    [event], message = made(Event, [row[:-1]], file), row[-1]
    if not (message is None or isinstance(message, str)):
        raise StoreCorrupt(damaged(file, f"event {event.seq} happened to no message that there is"))
    return Logged(event, message)
