"""What every group of verbs stands on: a database, a clock, and the rows that both give."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from ..clock import Clock
from ..errors import NotFound
from .rows import Row
from .sqlite import SQLite, Transaction

T = TypeVar("T")


class Verbs:
    """Base of the groups of verbs of a `Store`."""

    def __init__(self, database: SQLite, clock: Clock) -> None:
        self.database = database
        self.clock = clock


class Named(Protocol):
    """Anything that has the id of a message."""

    id: str


def fetch(tx: Transaction, account: int, message_id: str) -> Row:
    """The message, visible or cleared.

    Raises:
        NotFound: there is none.
    """
    found = tx.row("get", {"account": account, "id": message_id})
    if found is None:
        raise NotFound(f"there is no message {message_id!r}")
    return Row(*found)


def fetch_visible(tx: Transaction, account: int, message_id: str) -> Row:
    """The message, if it was not cleared from its list.

    Raises:
        NotFound: there is none, or it was cleared.
    """
    row = fetch(tx, account, message_id)
    if not row.visible:
        raise NotFound(f"message {message_id!r} was cleared from the list {row.status}")
    return row


def fetch_seq(tx: Transaction, seq: int) -> Row:
    """The message with this number."""
    found = tx.row("get_by_seq", {"seq": seq})
    if found is None:
        raise NotFound(f"there is no message with number {seq}")
    return Row(*found)


def changed(rows: int, what: str) -> None:
    """Insist that a guarded update met the row it expected; the rules were asked in the same transaction."""
    if rows != 1:
        raise AssertionError(f"{what} changed {rows} rows, not one")


def stamp(now: int, by: str, **more: Any) -> dict[str, Any]:
    """The parameters that every change carries: when, who, and what else is given."""
    return {"now": now, "by": by, "why": None, **more}
