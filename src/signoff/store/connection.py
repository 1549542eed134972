"""A connection to the SQLite file: its settings, the named statements run on it, and what its errors mean."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from ..errors import (
    IllegalMove,
    InFlight,
    SignoffError,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreUnavailable,
)
from .rows import damaged
from .statements import statements

DAMAGED = (UnicodeDecodeError, json.JSONDecodeError)
"""What is raised where a text that was read is none, or no JSON, as all were when they were written."""

STUMBLED = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError)
"""What work raises that meets a value which was never written; or that has a mistake of its own."""

Row = tuple[Any, ...]
Params = Mapping[str, Any]


def connect(path: Path, busy_timeout: float) -> apsw.Connection:
    """Open a connection with the settings that all have in common.

    Raises:
        StoreError: the database cannot be opened.
    """
    with translated(path):
        connection = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(max(0, int(busy_timeout * 1000)))
        connection.pragma("foreign_keys", True)
        # without it a statement with `status = :status` is prepared anew at each run: a partial index might serve
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        return connection


def connect_to_read(path: Path, busy_timeout: float) -> apsw.Connection:
    """Open a connection that refuses to write.

    Raises:
        StoreError: the database cannot be opened.
    """
    connection = connect(path, busy_timeout)
    connection.pragma("query_only", True)
    return connection


class Transaction:
    """Named statements, run on one connection."""

    __slots__ = ("_cursor", "_execute", "_statements", "connection", "file")

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.file = connection.filename
        self._statements = statements()
        self._renew()

    def abandon(self) -> None:
        """Give up a statement that an interrupt left unfinished: it would keep every later transaction from ending."""
        self._cursor.close(force=True)
        self._renew()

    def _renew(self) -> None:
        self._cursor = self.connection.cursor()
        self._execute = self._cursor.execute

    def rows(self, name: str, params: Params | None = None) -> list[Row]:
        """All rows of the statement ``name``."""
        return self._execute(self._statements[name], params).fetchall()

    def row(self, name: str, params: Params | None = None) -> Row | None:
        """The first row of the statement ``name``, or None. Runs it to its end."""
        rows = self._execute(self._statements[name], params).fetchall()
        return rows[0] if rows else None

    def change(self, name: str, params: Params | None = None) -> int:
        """Run the statement ``name`` and return how many rows it changed."""
        self._execute(self._statements[name], params).fetchall()
        return self.connection.changes()

    def change_one(self, name: str, params: Params) -> None:
        """Run the statement ``name``, which must change one row: the rules were asked in the same transaction."""
        rows = self.change(name, params)
        if rows != 1:
            raise AssertionError(f"{name} changed {rows} rows, not one")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what `translate` makes of an error of SQLite's or the system's."""
    try:
        yield
    except (apsw.Error, OSError, *DAMAGED) as error:
        raise translate(error, path) from error


def _refused(text: str, path: Path) -> SignoffError:
    if text == "in flight":
        return InFlight("it is being sent at this moment")
    if text == "UNIQUE constraint failed: messages.answers":
        return IllegalMove("another draft for the same message is open: decide that one first")
    return StoreError(f"{path}: {text}")


def translate(error: Exception, path: Path) -> SignoffError:
    """The error of ours that says what an error of SQLite's or the system's, or one of `DAMAGED`, means."""
    if isinstance(error, apsw.SQLError) and isinstance(error.__context__, apsw.Error):
        error = error.__context__  # it only says that what had failed by then could not be rolled back once more
    text = str(error)
    if isinstance(error, OSError):
        return StoreUnavailable(f"{path} cannot be used ({text}); nothing was changed: see to that, and try again")
    if isinstance(error, apsw.ConstraintError):
        return _refused(text, path)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return StoreBusy(f"{path} is held by another program; nothing was changed: close that program, or try again")
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError, *DAMAGED)):
        return StoreCorrupt(damaged(path, text))
    if isinstance(error, (apsw.FullError, apsw.IOError)):
        return StoreFull(f"the disk of {path} is full or failing ({text}); nothing was changed: free space, try again")
    if isinstance(error, (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError)):
        return StoreUnavailable(
            f"{path} cannot be written ({text}): look at the permissions of it and its folder, and at how many files "
            "this process has open"
        )
    return StoreError(f"{path}: {text}")
