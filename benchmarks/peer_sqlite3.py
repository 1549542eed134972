"""What a careful programmer writes by hand with Python's sqlite3: one lock, one durable transaction for each change.

The same durability (WAL, synchronous=FULL), the same rows (the message, an event for every change, counters) and the
indexes that the lifecycle needs: by id, by list in order of arrival, by chat.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workload import Message

NAME = "sqlite3 by hand"
VERSION = f"sqlite3 of Python with SQLite {sqlite3.sqlite_version}"
DURABILITY = "every change synced (WAL, FULL)"
LARGEST = None
TIMEOUT = 60.0
"""Seconds that a connection waits for others: SQLite's own busy_timeout."""

SCHEMA = """
CREATE TABLE messages (
  seq      INTEGER PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  status   TEXT NOT NULL,
  arrival  INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  moved_at INTEGER,
  chat     TEXT,
  payload  TEXT NOT NULL
);
CREATE INDEX messages_list ON messages (status, arrival);
CREATE INDEX messages_chat ON messages (chat, seq);
CREATE TABLE events (
  seq         INTEGER PRIMARY KEY,
  message     INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  from_status TEXT,
  to_status   TEXT NOT NULL,
  by          TEXT NOT NULL
);
CREATE TABLE counters (
  status  TEXT PRIMARY KEY,
  total   INTEGER NOT NULL,
  listed  INTEGER NOT NULL,
  last_at INTEGER
) WITHOUT ROWID;
INSERT INTO counters VALUES
  ('incoming', 0, 0, NULL), ('pending_approval', 0, 0, NULL), ('approved', 0, 0, NULL),
  ('rejected', 0, 0, NULL), ('sent', 0, 0, NULL), ('failed', 0, 0, NULL);
"""

_ADD = """
INSERT INTO messages (id, status, arrival, added_at, chat, payload)
VALUES (?, 'incoming', (SELECT coalesce(max(seq), 0) + 1 FROM events), ?, ?, ?)
ON CONFLICT (id) DO NOTHING
"""
_MOVE = """
UPDATE messages SET status = ?, arrival = (SELECT max(seq) + 1 FROM events), moved_at = ?
 WHERE id = ? AND status = ? RETURNING seq
"""
_LOG = "INSERT INTO events (message, at, kind, from_status, to_status, by) VALUES (?, ?, ?, ?, ?, 'script')"
_CAME = "UPDATE counters SET total = total + 1, listed = listed + 1, last_at = ? WHERE status = ?"
_LEFT = "UPDATE counters SET listed = listed - 1 WHERE status = ?"
_LIST = "SELECT payload, status, moved_at FROM messages WHERE status = ? ORDER BY arrival"


class Peer:
    """Messages in ``state.db`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._connection = connected(folder / "state.db")
        self._execute = self._connection.execute
        if not self._execute("SELECT 1 FROM sqlite_schema").fetchone():
            self._connection.executescript(SCHEMA)

    def add(self, message: Message) -> None:
        """Add an incoming message in a transaction of its own."""
        message.setdefault("timestamp", datetime.now().isoformat())  # noqa: DTZ005 - local time, as the guide has it
        payload = json.dumps(message, ensure_ascii=False)
        with self._lock, self._connection:
            self._add(message, payload)

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move a message in a transaction of its own."""
        with self._lock, self._connection:
            return self._move(message_id, source, target)

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first."""
        with self._lock:
            rows = self._execute(_LIST, ("pending_approval",)).fetchall()
        return [shown(*row) for row in rows]

    def statistics(self) -> dict[str, Any]:
        """Totals, and when each list last grew."""
        with self._lock:
            rows = self._execute("SELECT status, total, last_at FROM counters").fetchall()
        return {status: (total, iso(last_at)) for status, total, last_at in rows}

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history in one transaction."""
        from workload import MOVES  # a process that adds one message and ends is measured too

        with self._connection:
            for message in messages:
                self._add(message, json.dumps(message, ensure_ascii=False))
                for source, target in MOVES:
                    self._move(message["id"], source, target)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _add(self, message: Message, payload: str) -> None:
        at = now()
        chat = message.get("recipient") or message.get("from")
        added = self._execute(_ADD, (message["id"], at, chat, payload))
        if added.rowcount == 1:
            self._execute(_LOG, (added.lastrowid, at, "added", None, "incoming"))
            self._execute(_CAME, (at, "incoming"))

    def _move(self, message_id: str, source: str, target: str) -> bool:
        at = now()
        found = self._execute(_MOVE, (target, at, message_id, source)).fetchall()
        if not found:
            return False
        self._execute(_LOG, (found[0][0], at, "moved", source, target))
        self._execute(_LEFT, (source,))
        self._execute(_CAME, (at, target))
        return True


def connected(path: Path) -> sqlite3.Connection:
    """A connection whose every commit is synced."""
    connection = sqlite3.connect(path, TIMEOUT, isolation_level="IMMEDIATE", check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def iso(at: int | None) -> str | None:
    """A time as the guide shows it."""
    return None if at is None else datetime.fromtimestamp(at / 1e6).isoformat()


def shown(payload: str, status: str, moved_at: int | None) -> Message:
    """A message as the guide shows it."""
    message: Message = json.loads(payload)
    if moved_at is not None:
        message |= {"status": status, "status_updated_at": iso(moved_at)}
    return message
