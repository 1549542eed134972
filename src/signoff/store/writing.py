"""The one writing connection of a process, and the lock in turn between processes that comes before it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from ..clock import Clock
from ..errors import SignoffError, StoreBusy, StoreCorrupt, StoreUnavailable
from . import migrate, network
from .connection import DAMAGED, Transaction, connect, translate, translated
from .durable import replace
from .filelock import FileLock
from .groupcommit import GroupFailed
from .places import Places, replaced

_LOST_GROUP = (
    apsw.FullError,
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.NoMemError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
)
"""Errors after which SQLite may have rolled back the whole transaction."""


class WritingConnection:
    """The one writing connection of this process, as group commit wants it.

    Args:
        path: the database.
        busy_timeout: seconds after which a wait for another process ends with `StoreBusy`: for the lock in turn, and
            for a program that knows nothing of it, together.
        clock: gives the time of migrations.
        backup: copies the database to a path; called before a migration.
    """

    def __init__(self, path: Path, busy_timeout: float, clock: Clock, backup: Callable[[Path], object]) -> None:
        self._path = path
        self.busy_timeout = busy_timeout
        self._clock = clock
        self._backup = backup
        self._wal = path.with_name(path.name + "-wal")
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._locked = False
        self._failed = False
        self._open: _Open | None = None

    def open(self) -> None:
        """Open the connection, and make or migrate the database under the writers' lock."""
        with translated(self._path):
            network.refuse(self._path)
            self._make_private()
            try:
                self._take_lock(time.monotonic())
                self._open = self._connect()
            finally:
                self._release()

    def close(self) -> None:
        """Close the connection and the lock's file."""
        opened, self._open = self._open, None
        if opened is not None:
            opened.places.close()
            opened.connection.close()
        self._lock.close()

    def begin(self, since: float) -> None:
        try:
            self._take_lock(since)
            opened = self._open
            if opened is None:
                opened = self._open = self._connect()
            if not opened.places.unchanged():
                raise replaced(self._path)
            patience = self.busy_timeout - self._lock.waited
            if patience != opened.patience:
                opened.wait_at_most(patience)
            opened.execute("BEGIN IMMEDIATE")
        except SignoffError as error:
            raise GroupFailed(partial(type(error), str(error))) from error
        except (apsw.Error, OSError) as error:
            raise GroupFailed(partial(translate, error, self._path)) from error

    def run(self, work: Callable[[Transaction], Any]) -> Any:
        assert self._open is not None
        try:
            return work(self._open.transaction)
        except _LOST_GROUP as error:
            raise GroupFailed(partial(translate, error, self._path)) from error
        except (apsw.Error, *DAMAGED) as error:
            raise translate(error, self._path) from error

    def run_apart(self, work: Callable[[Transaction], Any]) -> Any:
        assert self._open is not None
        execute = self._open.execute
        execute("SAVEPOINT work")
        try:
            result = self.run(work)
        except GroupFailed:
            raise
        except Exception:
            execute("ROLLBACK TO work")
            execute("RELEASE work")
            raise
        execute("RELEASE work")
        return result

    def begin_again(self) -> None:
        assert self._open is not None
        try:
            self._roll_back()
            self._open.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise GroupFailed(partial(translate, error, self._path)) from error

    def commit(self) -> None:
        assert self._open is not None
        self._failed = False
        try:
            self._open.execute("COMMIT")
        except apsw.Error as error:
            self._failed = True  # first of all: no interrupt can come between the failure and this
            raise GroupFailed(partial(translate, error, self._path)) from error

    def is_committed(self) -> bool:
        return not self._failed and self._open is not None and not self._open.connection.in_transaction

    def end(self) -> None:
        try:
            self._roll_back()
        finally:
            self._release()

    def _roll_back(self) -> None:
        opened = self._open
        if opened is not None and opened.connection.in_transaction:
            opened.transaction.abandon()
            opened.execute("ROLLBACK")

    def _take_lock(self, since: float) -> None:
        try:
            got = self._lock.acquire(self.busy_timeout, since)
        except OSError as error:
            raise StoreUnavailable(
                f"the lock file beside {self._path} cannot be used ({error.strerror}): make its folder writable"
            ) from error
        if not got:
            raise StoreBusy(
                f"{self._path} has been held by {self._lock.holder()} for {self.busy_timeout:g} s; "
                "nothing was changed: stop that process, or try again"
            )
        self._locked = True

    def _release(self) -> None:
        if self._locked:
            self._locked = False
            self._lock.release()
        else:
            self._lock.close()

    def _make_private(self) -> None:
        """Make a new file with mode 0600. Only SQLite ever opens an existing one: closing it would drop its locks.

        Where only the -wal file is left nothing is made: SQLite would throw away the changes that it holds.
        """
        if _size(self._wal) and not _size(self._path):
            raise StoreCorrupt(
                f"{self._path} is missing or empty, and {self._wal.name} beside it still holds changes of it; nothing "
                f"was changed: put the database back, or move {self._wal.name} away to begin anew"
            )
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise StoreUnavailable(f"{self._path} cannot be opened for writing: {error.strerror}") from error

    def _connect(self) -> _Open:
        patience = self.busy_timeout - self._lock.waited
        connection = connect(self._path, patience)
        try:
            with translated(self._path):
                connection.pragma("fullfsync", True)
                connection.pragma("checkpoint_fullfsync", True)
                connection.pragma("recursive_triggers", True)
                if migrate.pending(connection, self._path):
                    connection.pragma("journal_mode", "WAL")
                    connection.pragma("synchronous", "FULL")
                    migrate.migrate(connection, self._path, self._clock, self._backup_before_migration)
                connection.pragma("journal_mode", "WAL")
                connection.pragma("synchronous", "FULL")
                with connection:  # makes the -wal file, so that it can be looked at
                    connection.execute("UPDATE store SET id = id")
                return _Open(connection, Places(self._path.parent, self._path.name, self._wal.name), patience)
        except BaseException:
            connection.close()
            raise

    def _backup_before_migration(self) -> None:
        target = self._path.with_name(f"{self._path.name}.before-migration-{self._clock()}")
        partial = target.with_name(f".{target.name}.partial")
        try:
            self._backup(partial)
            replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)


class _Open:
    """The connection while it is open, whether its files are still where they were opened, and how long it waits."""

    __slots__ = ("connection", "execute", "patience", "places", "transaction")

    def __init__(self, connection: apsw.Connection, places: Places, patience: float) -> None:
        self.connection = connection
        self.execute = connection.cursor().execute
        self.transaction = Transaction(connection)
        self.places = places
        self.patience = patience

    def wait_at_most(self, seconds: float) -> None:
        """Let SQLite wait no longer for its own lock."""
        self.patience = seconds
        self.connection.set_busy_timeout(max(0, int(seconds * 1000)))


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
