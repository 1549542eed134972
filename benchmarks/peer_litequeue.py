"""litequeue with synchronous=FULL: a queue, and a file, for each list, as its documentation advises.

What it does not do: it moves the message that is next in line, not the one that is named; a move is three transactions
(pop, put, done), and one that is killed between them leaves the message in both lists; no list of what is ready (read
by SQL from its table), no events, no totals (the statistics are counted). Threads share one lock.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from litequeue import LiteQueue, uuid7  # type: ignore[import-untyped]

from workload import Message

NAME = "litequeue"
VERSION = f"litequeue {version('litequeue')}"
DURABILITY = "every change synced (FULL; its default is NORMAL)"
LARGEST = 1_000_000

_LISTS = ("incoming", "pending_approval", "approved", "sent")


class Peer:
    """A queue for each list, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._queues = {name: LiteQueue(folder / f"{name}.db", timeout=60) for name in _LISTS}
        for queue in self._queues.values():
            queue.conn.execute("PRAGMA synchronous = FULL")

    def add(self, message: Message) -> None:
        """Add an incoming message."""
        with self._lock:
            self._queues["incoming"].put(json.dumps(message, ensure_ascii=False))

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move the next message of the list, whichever it is."""
        del message_id
        with self._lock:
            found = self._queues[source].pop()
            if found is None:
                return False
            self._queues[target].put(found.data)
            self._queues[source].done(found.message_id)
            return True

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first; those that were moved on are removed before."""
        queue = self._queues["pending_approval"]
        with self._lock:
            queue.prune()
            rows = queue.conn.execute(f"SELECT data FROM {queue.table} WHERE status = 0 ORDER BY message_id")
            return [json.loads(row["data"]) for row in rows.fetchall()]

    def statistics(self) -> dict[str, Any]:
        """How long each queue is."""
        with self._lock:
            return {name: queue.qsize() for name, queue in self._queues.items()}

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history in one transaction."""
        queue = self._queues["sent"]
        row = f"INSERT INTO {queue.table} (data, message_id, status, in_time) VALUES (?, ?, 0, ?)"
        with queue.transaction():
            queue.conn.executemany(
                row, ((json.dumps(message, ensure_ascii=False), uuid7(), time.time_ns()) for message in messages)
            )

    def close(self) -> None:
        """Close the queues."""
        for queue in self._queues.values():
            queue.close()
