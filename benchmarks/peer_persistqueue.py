"""persist-queue: a SQLiteAckQueue for each list; a move puts into the next and acknowledges in the one before.

What it does not do: it moves the message that is next in line, not the one that is named; a message has no id but the
queue's; a move is three transactions, and one that is killed between them leaves the message in both lists; no events
and no totals (the statistics are the lengths of the queues). The whole history lies in the last queue.
"""

from __future__ import annotations

import pickle
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from persistqueue import SQLiteAckQueue

from workload import Message

NAME = "persist-queue"
VERSION = f"persist-queue {version('persist-queue')}"
DURABILITY = "every change synced (WAL, FULL)"
LARGEST = 1_000_000

_LISTS = ("incoming", "pending_approval", "approved", "sent")
_READY = "1"
_FILL = "INSERT INTO ack_queue_default (data, timestamp, status) VALUES (?, ?, 0)"


class Peer:
    """A queue for each list, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open()

    def add(self, message: Message) -> None:
        """Add an incoming message."""
        self._queues["incoming"].put(message)

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move the next message of the list, whichever it is."""
        del message_id
        found = self._queues[source].get(block=False, raw=True)
        self._queues[target].put(found["data"])
        self._queues[source].ack(id=found["pqid"])
        return True

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first; those that were moved on are removed before."""
        queue = self._queues["pending_approval"]
        queue.clear_acked_data(max_delete=100_000, keep_latest=0)
        return [row["data"] for row in queue.queue() if str(row["status"]) <= _READY]

    def statistics(self) -> dict[str, Any]:
        """How long each queue is."""
        return {name: queue.size for name, queue in self._queues.items()}

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history in one transaction, past the queue: it writes one at a time only."""
        self.close()
        with closing(sqlite3.connect(self._folder / "sent" / "data.db")) as connection, connection:
            connection.executemany(_FILL, ((pickle.dumps(message), time.time()) for message in messages))
        self._open()

    def close(self) -> None:
        """Close the queues."""
        for queue in self._queues.values():
            queue.close()

    def _open(self) -> None:
        self._queues = {
            name: SQLiteAckQueue(str(self._folder / name), multithreading=True, auto_commit=True) for name in _LISTS
        }
