"""diskcache with synchronous=FULL: each message under its id, each change in one ``transact()``.

What it does not do: no events, and no lists. The short ones are kept as entries of their own, read and written whole
with every change; the messages sent cannot be listed but by reading everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from diskcache import Cache  # type: ignore[import-untyped]

from workload import Message

NAME = "diskcache"
VERSION = f"diskcache {version('diskcache')}"
DURABILITY = "every change synced (FULL; its default is NORMAL)"
LARGEST = None

_LISTED = ("incoming", "pending_approval", "approved")


class Peer:
    """A cache that evicts nothing, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._cache = Cache(
            str(folder), timeout=60, sqlite_synchronous=2, eviction_policy="none", statistics=0, cull_limit=0
        )

    def add(self, message: Message) -> None:
        """Add an incoming message."""
        with self._cache.transact():
            if self._cache.add(message["id"], message | {"status": "incoming"}):
                self._came(message["id"], "incoming")

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move a message."""
        with self._cache.transact():
            found = self._cache.get(message_id)
            if found is None or found["status"] != source:
                return False
            self._cache.set(message_id, found | {"status": target, "status_updated_at": _now()})
            self._cache.set(_key(source), [listed for listed in self._list(source) if listed != message_id])
            self._came(message_id, target)
            return True

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first."""
        with self._cache.transact():
            return [self._cache[message_id] for message_id in self._list("pending_approval")]

    def statistics(self) -> dict[str, Any]:
        """Totals."""
        return {status: self._cache.get(f"total {status}", 0) for status in (*_LISTED, "sent")}

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history, thousands to a transaction."""
        moved = {"status": "sent", "status_updated_at": _now()}
        while chunk := list(islice(messages, 5000)):
            with self._cache.transact():
                for message in chunk:
                    self._cache.set(message["id"], message | moved)
                self._cache.incr("total sent", len(chunk))

    def close(self) -> None:
        """Close the cache."""
        self._cache.close()

    def _list(self, status: str) -> list[str]:
        found: list[str] = self._cache.get(_key(status), [])
        return found

    def _came(self, message_id: str, status: str) -> None:
        if status in _LISTED:
            self._cache.set(_key(status), [*self._list(status), message_id])
        self._cache.incr(f"total {status}")


def _key(status: str) -> str:
    return f"list {status}"


def _now() -> str:
    return datetime.now().isoformat()  # noqa: DTZ005 - local time, as the guide has it
