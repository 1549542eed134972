"""Several verbs in one transaction, for whoever has many things to write at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from .base import Verbs
from .connection import Transaction
from .decisions import Decisions
from .intake import Intake
from .sqlite import SQLite

T = TypeVar("T")


class Together(Intake, Decisions):
    """The verbs that can share a transaction: taking in, drafting and deciding."""


def together(store: Verbs, work: Callable[[Together], T]) -> T:
    """Run ``work`` with verbs that share one transaction; when this returns, all of it is durable.

    ``work`` may run more than once and must have no effect but on the database. If it raises, nothing of it remains.

    Raises:
        StoreError: the database could not; or whatever ``work`` raises.
    """
    return store.database.write(lambda tx: work(Together(cast(SQLite, _Inside(tx)), store.clock)))


class _Inside:
    """A database as a verb sees it that is run inside a transaction: what it writes and reads is part of that."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def write(self, work: Callable[[Transaction], T]) -> T:
        return work(self._tx)

    read = snapshot = write
