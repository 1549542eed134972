"""What every group of verbs stands on: a database, a clock, and the rows that both give."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from ..clock import Clock
from ..digest import digest_of_parts
from ..errors import NotFound
from ..model import MAX_ID_BYTES
from .connection import Transaction
from .rows import Row, row_of
from .sqlite import SQLite

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
    return row_of(found, tx.file)


def fetch_visible(tx: Transaction, account: int, message_id: str) -> Row:
    """The message, if it was not cleared from its list.

    Raises:
        NotFound: there is none, or it was cleared.
    """
    return _visible(fetch(tx, account, message_id))


def fetch_visible_seq(tx: Transaction, seq: int) -> Row:
    """The message with this number, if it was not cleared from its list.

    Raises:
        NotFound: there is none, or it was cleared.
    """
    return _visible(fetch_seq(tx, seq))


def fetch_seq(tx: Transaction, seq: int) -> Row:
    """The message with this number."""
    found = tx.row("get_by_seq", {"seq": seq})
    if found is None:
        raise NotFound(f"there is no message with number {seq}")
    return row_of(found, tx.file)


def _visible(row: Row) -> Row:
    if not row.visible:
        raise NotFound(f"message {row.id!r} was cleared from the list {row.status}")
    return row


def addresses(tx: Transaction, account: int, address: str) -> list[str]:
    """All known addresses of the contact who has this one."""
    found = tx.row("contact_of", {"account": account, "address": address})
    return [row[0] for row in tx.rows("addresses_of", {"contact": found[0]})] if found else [address]


def ids_from(prefix: str, rest: str) -> Iterator[str]:
    """``prefix`` and ``rest``, numbered from the second on; a rest that is too long is replaced by its digest."""
    base = prefix + rest
    if len(base.encode()) > MAX_ID_BYTES - 12:
        base = prefix + digest_of_parts(rest)
    yield base
    yield from (f"{base}_{number}" for number in itertools.count(2))


def stamp(now: int, by: str, **more: Any) -> dict[str, Any]:
    """The parameters that every change carries: when, who, and what else is given."""
    return {"now": now, "by": by, "why": None, **more}
