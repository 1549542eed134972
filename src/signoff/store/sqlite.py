"""SQLite: one writing connection per process with group commit, a pool of readers, a lock in turn between processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from .. import forkgate
from ..clock import Clock
from ..errors import (
    IllegalMove,
    InFlight,
    SignoffError,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReplaced,
    StoreUnavailable,
)
from . import migrate, network
from .filelock import FileLock
from .groupcommit import GroupCommit, GroupFailed
from .places import Places
from .statements import statements

T = TypeVar("T")
Row = tuple[Any, ...]
Params = Mapping[str, Any]

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


class Transaction:
    """Named statements, run on one connection."""

    __slots__ = ("_cursor", "_execute", "_statements", "connection")

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self._statements = statements()
        self._renew()

    def abandon(self) -> None:
        """Give up a statement that an interrupt left unfinished: it would keep every later transaction from ending."""
        self._cursor.close(force=True)
        self._renew()

    def _renew(self) -> None:
        self._cursor = self.connection.cursor()
        self._execute = self._cursor.execute

    def rows(self, name: str, params: Params) -> list[Row]:
        """All rows of the statement ``name``."""
        return self._execute(self._statements[name], params).fetchall()

    def row(self, name: str, params: Params) -> Row | None:
        """The first row of the statement ``name``, or None. Runs it to its end."""
        rows = self._execute(self._statements[name], params).fetchall()
        return rows[0] if rows else None

    def change(self, name: str, params: Params) -> int:
        """Run the statement ``name`` and return how many rows it changed."""
        self._execute(self._statements[name], params).fetchall()
        return self.connection.changes()


class SQLite:
    """A database file and its connections in this process. Thread-safe; survives a fork.

    Args:
        path: the file; made with mode 0600 when it does not exist.
        clock: gives the time of migrations.
        busy_timeout: seconds after which a wait for another process ends with `StoreBusy`.
    """

    fork_order = 4

    def __init__(self, path: Path, clock: Clock, busy_timeout: float = 30.0) -> None:
        self.path = path
        self.busy_timeout = busy_timeout
        self._clock = clock
        self._writer = _Writer(self)
        self._commits = GroupCommit(self._writer)
        self._pool = _ReaderPool(self)
        forkgate.register(self)
        with self._commits.turn:
            self._writer.open()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in a transaction; when this returns, it is durable.

        ``work`` may run more than once and must have no effect but on the database. If it raises, nothing of it
        remains.

        Raises:
            StoreError: the database could not; or whatever ``work`` raises.
        """
        return self._commits.submit(work)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work``, which only reads. Each of its statements sees everything that was durable when it began."""
        try:
            return self._pool.run(work)
        except apsw.Error as error:
            raise translate(error, self.path) from error

    def snapshot(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work``, which only reads; all of it sees one moment."""

        def in_transaction(reader: Transaction) -> T:
            with _one_moment(reader.connection):
                return work(reader)

        return self.read(in_transaction)

    def backup(self, target: Path) -> None:
        """Copy the database as it is at one moment to ``target``, a new file, and sync it."""

        def copy(reader: Transaction) -> None:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with _translated(target):
                destination = apsw.Connection(os.fspath(target))
                try:
                    with destination.backup("main", reader.connection, "main") as backup:
                        backup.step(-1)
                    destination.pragma("journal_mode", "DELETE")
                finally:
                    destination.close()

        self.snapshot(copy)

    def close(self) -> None:
        """Close every connection. The next use opens them again."""
        with self._commits.turn:
            self._commits.recover()
            self._writer.close()
        self._pool.close()

    def before_fork(self) -> None:
        """Wait for what is under way and close everything, until after the fork."""
        self._commits.turn.acquire()
        self._commits.recover()
        self._writer.close()
        self._pool.rest()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._pool.resume()
        self._commits.turn.release()

    def after_fork_in_child(self) -> None:
        """Go on; what other threads had queued is theirs, in the parent."""
        self._pool = _ReaderPool(self)
        self._commits.reset()

    def connect(self) -> apsw.Connection:
        """Open a connection with this database's settings."""
        with _translated(self.path):
            connection = apsw.Connection(os.fspath(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
            connection.set_busy_timeout(int(self.busy_timeout * 1000))
            connection.pragma("foreign_keys", True)
            # without it a statement with `status = :status` is prepared anew at each run: a partial index might serve
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
            return connection

    def connect_reader(self) -> apsw.Connection:
        """Open a connection that refuses to write."""
        connection = self.connect()
        connection.pragma("query_only", True)
        return connection


class _Writer:
    """The one writing connection of this process, as group commit wants it."""

    def __init__(self, database: SQLite) -> None:
        self._database = database
        self._path = database.path
        self._wal = database.path.with_name(database.path.name + "-wal")
        self._lock = FileLock(database.path.with_name(database.path.name + ".lock"))
        self._locked = False
        self._failed = False
        self._connection: apsw.Connection | None = None
        self._transaction: Transaction | None = None
        self._places: Places | None = None

    def open(self) -> None:
        """Open the connection, and make or migrate the database under the writers' lock."""
        network.refuse(self._path)
        self._make_private()
        try:
            self._take_lock()
            self._connect()
        finally:
            self._release()

    def close(self) -> None:
        """Close the connection and the lock's file."""
        connection, self._connection, self._transaction = self._connection, None, None
        places, self._places = self._places, None
        if places is not None:
            places.close()
        if connection is not None:
            connection.close()
        self._lock.close()

    def begin(self) -> None:
        try:
            self._take_lock()
            if self._connection is None:
                self._connect()
            self._look_at_files()
            self._current().execute("BEGIN IMMEDIATE")
        except SignoffError as error:
            raise GroupFailed(partial(type(error), str(error))) from error
        except apsw.Error as error:
            raise GroupFailed(partial(translate, error, self._path)) from error

    def run(self, work: Callable[[Transaction], Any]) -> Any:
        assert self._transaction is not None
        try:
            return work(self._transaction)
        except _LOST_GROUP as error:
            raise GroupFailed(partial(translate, error, self._path)) from error
        except apsw.Error as error:
            raise translate(error, self._path) from error

    def run_apart(self, work: Callable[[Transaction], Any]) -> Any:
        execute = self._current().execute
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
        connection = self._current()
        try:
            if connection.in_transaction:
                self._abandon()
                connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise GroupFailed(partial(translate, error, self._path)) from error

    def commit(self) -> None:
        self._failed = False
        try:
            self._current().execute("COMMIT")
        except apsw.Error as error:
            self._failed = True  # first of all: no interrupt can come between the failure and this
            raise GroupFailed(partial(translate, error, self._path)) from error

    def is_committed(self) -> bool:
        return not self._failed and self._connection is not None and not self._connection.in_transaction

    def end(self) -> None:
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._abandon()
                self._connection.execute("ROLLBACK")
        finally:
            self._release()

    def _abandon(self) -> None:
        if self._transaction is not None:
            self._transaction.abandon()

    def _current(self) -> apsw.Connection:
        assert self._connection is not None
        return self._connection

    def _take_lock(self) -> None:
        try:
            got = self._lock.acquire(self._database.busy_timeout)
        except OSError as error:
            raise StoreUnavailable(
                f"the lock file beside {self._path} cannot be used ({error.strerror}): make its folder writable"
            ) from error
        if not got:
            raise StoreBusy(
                f"{self._path} has been held by {self._lock.holder()} for {self._database.busy_timeout:g} s; "
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

    def _connect(self) -> None:
        database = self._database
        connection = database.connect()
        try:
            with _translated(self._path):
                connection.pragma("fullfsync", True)
                connection.pragma("checkpoint_fullfsync", True)
                connection.pragma("recursive_triggers", True)
                if migrate.pending(connection, self._path):
                    connection.pragma("journal_mode", "WAL")
                    connection.pragma("synchronous", "FULL")
                    migrate.migrate(connection, self._path, database._clock, self._backup_before_migration)
                connection.pragma("journal_mode", "WAL")
                connection.pragma("synchronous", "FULL")
                with connection:  # makes the -wal file, so that it can be looked at
                    connection.execute("UPDATE store SET id = id")
                self._places = Places(self._path, self._wal)
        except BaseException:
            connection.close()
            raise
        self._connection, self._transaction = connection, Transaction(connection)

    def _backup_before_migration(self) -> None:
        now = self._database._clock()
        self._database.backup(self._path.with_name(f"{self._path.name}.before-migration-{now}"))

    def _look_at_files(self) -> None:
        if self._places is not None and not self._places.unchanged():
            raise StoreReplaced(
                f"{self._path} or its -wal file was replaced or removed while this process had it open; "
                "nothing was written: put the files back or restart, and see which is the right one"
            )


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


class _Reader:
    __slots__ = ("lock", "running", "transaction")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running = False
        self.transaction: Transaction | None = None


class _ReaderPool:
    """Reading connections; as many as threads read at once."""

    def __init__(self, database: SQLite) -> None:
        self._database = database
        self._mutex = threading.Lock()
        self._all: list[_Reader] = []
        self._free: list[_Reader] = []

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` on a reader that nobody uses."""
        try:
            reader = self._free.pop()
        except IndexError:
            reader = self._add()
        try:
            with reader.lock:
                return self._run_on(reader, work)
        finally:
            self._free.append(reader)

    def _run_on(self, reader: _Reader, work: Callable[[Transaction], T]) -> T:
        if reader.running:  # an interrupt struck: what it left unfinished would go on showing that moment
            _close(reader)
        if reader.transaction is None:
            reader.transaction = Transaction(self._database.connect_reader())
        reader.running = True
        try:
            result = work(reader.transaction)
        except Exception:
            reader.running = False
            raise
        reader.running = False
        return result

    def _add(self) -> _Reader:
        reader = _Reader()
        with self._mutex:
            self._all.append(reader)
        return reader

    def rest(self) -> None:
        """Wait for every reader, close its connection, and keep it locked until `resume`."""
        self._mutex.acquire()
        for reader in self._all:
            reader.lock.acquire()
            _close(reader)

    def resume(self) -> None:
        """Let the readers go on."""
        for reader in self._all:
            reader.lock.release()
        self._mutex.release()

    def close(self) -> None:
        """Close every connection that nobody uses."""
        with self._mutex:
            for reader in self._all:
                with reader.lock:
                    _close(reader)


def _close(reader: _Reader) -> None:
    transaction, reader.transaction, reader.running = reader.transaction, None, False
    if transaction is not None:
        transaction.connection.close()


@contextmanager
def _one_moment(connection: apsw.Connection) -> Iterator[None]:
    with connection:
        yield


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise translate(error, path) from error


def _refused(text: str, path: Path) -> SignoffError:
    if text == "in flight":
        return InFlight("it is being sent at this moment")
    if text == "UNIQUE constraint failed: messages.answers":
        return IllegalMove("another draft for the same message is open: decide that one first")
    return StoreError(f"{path}: {text}")


def translate(error: apsw.Error, path: Path) -> SignoffError:
    """The error of ours that says what an error of SQLite's means."""
    text = str(error)
    if isinstance(error, apsw.ConstraintError):
        return _refused(text, path)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return StoreBusy(f"{path} is held by another program; nothing was changed: close that program, or try again")
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
        return StoreCorrupt(
            f"{path} is damaged or no database ({text}); leave it as it is and restore a backup: signoff restore FILE"
        )
    if isinstance(error, (apsw.FullError, apsw.IOError)):
        return StoreFull(f"the disk of {path} is full or failing ({text}); nothing was changed: free space, try again")
    if isinstance(error, (apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError)):
        return StoreUnavailable(f"{path} cannot be written ({text}): look at the permissions of it and its folder")
    return StoreError(f"{path}: {text}")
