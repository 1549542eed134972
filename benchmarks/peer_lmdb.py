"""LMDB with sync=True: messages, lists in order of arrival, chats, events and counters, all in one transaction.

What it does not do: it is a store of keys and values without a schema or constraints; every rule and every index is
kept by hand. Its writers take turns by a lock of its own.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import lmdb

from workload import MOVES, Message

NAME = "LMDB"
VERSION = f"py-lmdb {lmdb.__version__} with LMDB {'.'.join(map(str, lmdb.version()))}"
DURABILITY = "every change synced (sync=True)"
LARGEST = None

_SIZE = 64 << 30
_TABLES = ("messages", "lists", "chats", "events", "counters")


class Peer:
    """An environment in a folder."""

    def __init__(self, folder: Path) -> None:
        self._environment = lmdb.open(str(folder), map_size=_SIZE, max_dbs=len(_TABLES), max_readers=512, sync=True)
        self._messages, self._lists, self._chats, self._events, self._counters = (
            self._environment.open_db(name.encode()) for name in _TABLES
        )

    def add(self, message: Message) -> None:
        """Add an incoming message in a transaction of its own."""
        with self._environment.begin(write=True) as tx:
            self._add(tx, message)

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move a message in a transaction of its own."""
        with self._environment.begin(write=True) as tx:
            return self._move(tx, message_id, source, target)

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first."""
        prefix = b"pending_approval\0"
        found = []
        with self._environment.begin() as tx, tx.cursor(self._lists) as cursor:
            there = cursor.set_range(prefix)
            while there and cursor.key().startswith(prefix):
                row = _loaded(tx.get(cursor.value(), db=self._messages))
                found.append(row["message"] | {"status": row["status"], "status_updated_at": _iso(row["moved_at"])})
                there = cursor.next()
        return found

    def statistics(self) -> dict[str, Any]:
        """Totals, and when each list last grew."""
        with self._environment.begin() as tx, tx.cursor(self._counters) as cursor:
            rows = {bytes(status).decode(): _loaded(row) for status, row in cursor}
        return {status: (row["total"], _iso(row["last_at"])) for status, row in rows.items()}

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history in one transaction."""
        with self._environment.begin(write=True) as tx:
            for message in messages:
                self._add(tx, message)
                for source, target in MOVES:
                    self._move(tx, message["id"], source, target)

    def close(self) -> None:
        """Close the environment."""
        self._environment.close()

    def _add(self, tx: lmdb.Transaction, message: Message) -> None:
        key, at = message["id"].encode(), _now()
        arrival = self._next_event(tx)
        row = {"status": "incoming", "arrival": arrival, "added_at": at, "moved_at": None, "message": message}
        if tx.put(key, _dumped(row), overwrite=False, db=self._messages):
            tx.put(_place("incoming", arrival), key, db=self._lists)
            tx.put(_place(message["from"], arrival), key, db=self._chats)
            self._log(tx, arrival, {"message": message["id"], "at": at, "kind": "added", "to": "incoming"})
            self._count(tx, "incoming", at)

    def _move(self, tx: lmdb.Transaction, message_id: str, source: str, target: str) -> bool:
        key, at = message_id.encode(), _now()
        row = _loaded(tx.get(key, db=self._messages))
        if row.get("status") != source:
            return False
        arrival = self._next_event(tx)
        tx.delete(_place(source, row["arrival"]), db=self._lists)
        tx.put(key, _dumped(row | {"status": target, "arrival": arrival, "moved_at": at}), db=self._messages)
        tx.put(_place(target, arrival), key, db=self._lists)
        self._log(tx, arrival, {"message": message_id, "at": at, "kind": "moved", "from": source, "to": target})
        self._count(tx, source, None)
        self._count(tx, target, at)
        return True

    def _next_event(self, tx: lmdb.Transaction) -> int:
        with tx.cursor(self._events) as cursor:
            return int(struct.unpack(">Q", cursor.key())[0]) + 1 if cursor.last() else 1

    def _log(self, tx: lmdb.Transaction, number: int, event: dict[str, Any]) -> None:
        tx.put(struct.pack(">Q", number), _dumped(event | {"by": "script"}), append=True, db=self._events)

    def _count(self, tx: lmdb.Transaction, status: str, came_at: int | None) -> None:
        """Count a message that came into a list, or (None) left it."""
        row = {"total": 0, "listed": 0, "last_at": None} | _loaded(tx.get(status.encode(), db=self._counters))
        if came_at is None:
            row["listed"] -= 1
        else:
            row |= {"total": row["total"] + 1, "listed": row["listed"] + 1, "last_at": came_at}
        tx.put(status.encode(), _dumped(row), db=self._counters)


def _place(what: str, arrival: int) -> bytes:
    return what.encode() + b"\0" + struct.pack(">Q", arrival)


def _dumped(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()


def _loaded(row: bytes | memoryview | None) -> dict[str, Any]:
    """A row, empty when there is none."""
    found: dict[str, Any] = json.loads(bytes(row)) if row is not None else {}
    return found


def _now() -> int:
    return time.time_ns() // 1000


def _iso(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at / 1e6).isoformat()
