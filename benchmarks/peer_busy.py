"""sqlite3 by hand with a connection for each thread: BEGIN IMMEDIATE, and SQLite's busy_timeout alone orders them.

The rows, the statements and the durability of `peer_sqlite3`, which has one connection and one lock in each process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peer_sqlite3
from peer_sqlite3 import DURABILITY, LARGEST, VERSION

if TYPE_CHECKING:
    from workload import Message

__all__ = ["DURABILITY", "LARGEST", "NAME", "VERSION", "Peer"]

NAME = "sqlite3, a connection a thread"


class Peer:
    """Messages in ``state.db`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._local = threading.local()
        self._mine()

    def add(self, message: Message) -> None:
        """Add an incoming message in a transaction of its own."""
        self._mine().add(message)

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move a message in a transaction of its own."""
        return self._mine().move(message_id, source, target)

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first."""
        return self._mine().pending()

    def statistics(self) -> dict[str, Any]:
        """Totals, and when each list last grew."""
        return self._mine().statistics()

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history in one transaction."""
        self._mine().fill(messages)

    def close(self) -> None:
        """Close this thread's connection; those of other threads are closed when they end."""
        self._mine().close()

    def _mine(self) -> peer_sqlite3.Peer:
        if not hasattr(self._local, "peer"):
            self._local.peer = peer_sqlite3.Peer(self._folder)
        mine: peer_sqlite3.Peer = self._local.peer
        return mine
