"""SQLAlchemy Core on Python's sqlite3: the tables, the durability and the one lock of the hand-written peer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sql

import peer_sqlite3
from peer_sqlite3 import SCHEMA, iso, now, shown
from workload import Message

NAME = "SQLAlchemy Core"
VERSION = f"SQLAlchemy {sql.__version__}, {peer_sqlite3.VERSION}"
DURABILITY = peer_sqlite3.DURABILITY
LARGEST = None

_TABLES = sql.MetaData()
_MESSAGES = sql.Table(
    "messages",
    _TABLES,
    sql.Column("seq", sql.Integer, primary_key=True),
    *(sql.Column(name, sql.Text) for name in ("id", "status", "chat", "payload")),
    *(sql.Column(name, sql.Integer) for name in ("arrival", "added_at", "moved_at")),
)
_EVENTS = sql.Table(
    "events",
    _TABLES,
    sql.Column("seq", sql.Integer, primary_key=True),
    *(sql.Column(name, sql.Integer) for name in ("message", "at")),
    *(sql.Column(name, sql.Text) for name in ("kind", "from_status", "to_status", "by")),
)
_COUNTERS = sql.Table(
    "counters",
    _TABLES,
    sql.Column("status", sql.Text, primary_key=True),
    *(sql.Column(name, sql.Integer) for name in ("total", "listed", "last_at")),
)
_NEXT = sql.select(sql.func.coalesce(sql.func.max(_EVENTS.c.seq), 0) + 1).scalar_subquery()
_ADD = sql.insert(_MESSAGES).prefix_with("OR IGNORE").values(arrival=_NEXT)
_MOVE = (
    sql.update(_MESSAGES)
    .where(_MESSAGES.c.id == sql.bindparam("which"), _MESSAGES.c.status == sql.bindparam("source"))
    .values(status=sql.bindparam("target"), moved_at=sql.bindparam("now"), arrival=_NEXT)
    .returning(_MESSAGES.c.seq)
)
_LOG = sql.insert(_EVENTS)
_CAME = (
    sql.update(_COUNTERS)
    .where(_COUNTERS.c.status == sql.bindparam("list"))
    .values(total=_COUNTERS.c.total + 1, listed=_COUNTERS.c.listed + 1, last_at=sql.bindparam("now"))
)
_LEFT = sql.update(_COUNTERS).where(_COUNTERS.c.status == sql.bindparam("list")).values(listed=_COUNTERS.c.listed - 1)
_LIST = (
    sql.select(_MESSAGES.c.payload, _MESSAGES.c.status, _MESSAGES.c.moved_at)
    .where(_MESSAGES.c.status == sql.bindparam("list"))
    .order_by(_MESSAGES.c.arrival)
)


class Peer:
    """Messages in ``state.db`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._folder = folder
        self._engine = sql.create_engine(
            f"sqlite:///{folder / 'state.db'}",
            poolclass=sql.StaticPool,
            connect_args={"isolation_level": "IMMEDIATE", "check_same_thread": False, "timeout": 60},
        )
        with self._engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA journal_mode = WAL")
            driver.execute("PRAGMA synchronous = FULL")
            if not driver.execute("SELECT 1 FROM sqlite_schema").fetchone():
                driver.executescript(SCHEMA)

    def add(self, message: Message) -> None:
        """Add an incoming message in a transaction of its own."""
        with self._lock, self._engine.begin() as connection:
            _add(connection, message)

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move a message in a transaction of its own."""
        with self._lock, self._engine.begin() as connection:
            return _move(connection, message_id, source, target)

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first."""
        with self._lock, self._engine.connect() as connection:
            rows = connection.execute(_LIST, {"list": "pending_approval"}).fetchall()
        return [shown(*row) for row in rows]

    def statistics(self) -> dict[str, Any]:
        """Totals, and when each list last grew."""
        columns = sql.select(_COUNTERS.c.status, _COUNTERS.c.total, _COUNTERS.c.last_at)
        with self._lock, self._engine.connect() as connection:
            rows = connection.execute(columns).fetchall()
        return {status: (total, iso(last_at)) for status, total, last_at in rows}

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history, as the hand-written peer does."""
        peer = peer_sqlite3.Peer(self._folder)
        peer.fill(messages)
        peer.close()

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()


def _add(connection: sql.Connection, message: Message) -> None:
    at, payload = now(), json.dumps(message, ensure_ascii=False)
    row = {"id": message["id"], "status": "incoming", "added_at": at, "chat": message["from"], "payload": payload}
    added = connection.execute(_ADD, row)
    if added.rowcount == 1:
        _log(connection, added.lastrowid, at, "added", None, "incoming")


def _move(connection: sql.Connection, message_id: str, source: str, target: str) -> bool:
    at = now()
    found = connection.execute(_MOVE, {"which": message_id, "source": source, "target": target, "now": at}).fetchone()
    if found is None:
        return False
    _log(connection, found[0], at, "moved", source, target)
    connection.execute(_LEFT, {"list": source})
    return True


def _log(connection: sql.Connection, seq: int, at: int, kind: str, source: str | None, target: str) -> None:
    event = {"message": seq, "at": at, "kind": kind, "from_status": source, "to_status": target, "by": "script"}
    connection.execute(_LOG, event)
    connection.execute(_CAME, {"list": target, "now": at})
