"""huey's SQLite storage with fsync: a queue for each list; what is sent stands in its store of results.

What it does not do: it moves the message that is next in line, not the one that is named; a move takes the message out
and puts it in again, two transactions: one that is killed between them loses it; no events, no totals (the statistics
are counted).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from huey.storage import SqliteStorage  # type: ignore[import-untyped]

from workload import Message

NAME = "huey's storage"
VERSION = f"huey {version('huey')}"
DURABILITY = "every change synced (fsync=True; not its default), but a move is two"
LARGEST = 1_000_000

_QUEUES = ("incoming", "pending_approval", "approved")
_FILL = "INSERT INTO kv (queue, key, value) VALUES ('sent', ?, ?)"


class Peer:
    """Queues in ``state.db`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._storages = {
            name: SqliteStorage(name, str(folder / "state.db"), fsync=True, timeout=60) for name in (*_QUEUES, "sent")
        }

    def add(self, message: Message) -> None:
        """Add an incoming message."""
        self._storages["incoming"].enqueue(_dumped(message))

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move the next message of the list, whichever it is."""
        data = self._storages[source].dequeue()
        if data is None:
            return False
        if target == "sent":
            self._storages["sent"].put_data(message_id, data)
        else:
            self._storages[target].enqueue(data)
        return True

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first."""
        return [json.loads(bytes(data)) for data in self._storages["pending_approval"].enqueued_items()]

    def statistics(self) -> dict[str, Any]:
        """How long each queue is, and how many were sent."""
        lengths: dict[str, Any] = {name: self._storages[name].queue_size() for name in _QUEUES}
        return lengths | {"sent": self._storages["sent"].result_store_size()}

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history in one transaction."""
        with self._storages["sent"].db(commit=True) as cursor:
            cursor.executemany(_FILL, ((message["id"], _dumped(message)) for message in messages))

    def close(self) -> None:
        """Close this thread's connections; those of threads that have ended are closed with them."""
        for storage in self._storages.values():
            storage.close()


def _dumped(message: Message) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()
