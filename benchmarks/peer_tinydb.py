"""TinyDB: one JSON file, read and written whole at every change.

What it does not do: no events, no counters (the statistics are counted from all messages), no index, no order of
arrival, and it knows of one process only. Threads share one lock.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tinydb import TinyDB, where

from workload import Message

NAME = "TinyDB"
VERSION = f"TinyDB {version('tinydb')}"
DURABILITY = "synced, but overwritten in place: a crash in the midst of it leaves half a file"
LARGEST = 100_000


class Peer:
    """Messages in ``state.json`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._database = TinyDB(folder / "state.json", ensure_ascii=False)
        self._messages = self._database.table("messages")

    def add(self, message: Message) -> None:
        """Add an incoming message."""
        with self._lock:
            self._messages.insert(message | {"status": "incoming"})

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move a message."""
        found = (where("id") == message_id) & (where("status") == source)
        with self._lock:
            return bool(self._messages.update({"status": target, "status_updated_at": _now()}, found))

    def pending(self) -> list[Message]:
        """The messages that wait for approval."""
        with self._lock:
            return [dict(found) for found in self._messages.search(where("status") == "pending_approval")]

    def statistics(self) -> dict[str, Any]:
        """How many messages are in each list."""
        with self._lock:
            return dict(Counter(found["status"] for found in self._messages))

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history in one writing."""
        self._messages.insert_multiple(
            message | {"status": "sent", "status_updated_at": _now()} for message in messages
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _now() -> str:
    return datetime.now().isoformat()  # noqa: DTZ005 - local time, as the guide has it
