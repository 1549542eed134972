"""SQLite: one writing connection per process with group commit, a pool of readers, a lock in turn between processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from .. import forkgate
from ..clock import Clock
from ..errors import SignoffError, StoreCorrupt
from .connection import DAMAGED, STUMBLED, Transaction, translate, translated
from .groupcommit import GroupCommit
from .reading import ReadingConnections
from .rows import damaged
from .writing import WritingConnection

T = TypeVar("T")


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
        self.name = os.fspath(path)
        self.busy_timeout = busy_timeout
        self._writer = WritingConnection(path, busy_timeout, clock, self.backup)
        self._commits = GroupCommit(self._writer)
        self._readers = ReadingConnections(self.path, self.busy_timeout)
        forkgate.register(self)
        try:
            with self._commits.turn:
                self._writer.open()
        except BaseException:  # an interrupt may have come before the lock was let go
            self._writer.close()
            self._readers.close()
            raise

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in a transaction; when this returns, it is durable.

        ``work`` may run more than once and must have no effect but on the database. If it raises, nothing of it
        remains.

        Raises:
            StoreError: the database could not; or whatever ``work`` raises.
        """
        try:
            return self._commits.submit(work)
        except SignoffError:
            raise
        except STUMBLED as error:
            self._look(error)
            raise

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work``, which only reads. Each of its statements sees everything that was durable when it began."""
        try:
            return self._readers.run(work)
        except (apsw.Error, *DAMAGED) as error:
            raise translate(error, self.path) from error
        except SignoffError:
            raise
        except STUMBLED as error:
            self._look(error)
            raise

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
            with translated(target):
                destination = apsw.Connection(os.fspath(target))
                try:
                    with destination.backup("main", reader.connection, "main") as backup:
                        backup.step(-1)
                    destination.pragma("journal_mode", "DELETE")
                finally:
                    destination.close()

        self.snapshot(copy)

    def _look(self, error: Exception) -> None:
        """Tell damage from a mistake in the work that has stumbled.

        Raises:
            StoreCorrupt: the database is damaged.
        """
        from .upkeep import problems_of

        def look(reader: Transaction) -> list[str]:
            with _one_moment(reader.connection):
                return problems_of(reader)

        try:
            problems = self._readers.run(look)
        except (apsw.Error, *STUMBLED) as another:
            problems = [str(another)]
        if problems:
            raise StoreCorrupt(damaged(self.path, problems[0])) from error

    def wait_at_least(self, seconds: float) -> None:
        """Wait this long for another process from now on, if that is longer; for one more who uses this database."""
        if seconds > self.busy_timeout:
            self.busy_timeout = self._writer.busy_timeout = self._readers.busy_timeout = seconds

    def is_interrupted(self) -> bool:
        """Whether a signal handler has interrupted this thread in the middle of writing or reading."""
        return self._commits.is_interrupted() or self._readers.is_interrupted()

    def close(self) -> None:
        """Close every connection. The next use opens them again."""
        with self._commits.turn:
            self._commits.recover()
            self._writer.close()
        self._readers.close()

    def before_fork(self) -> None:
        """Wait for what is under way and close everything, until after the fork."""
        self._commits.turn.acquire()
        self._commits.recover()
        self._writer.close()
        self._readers.rest()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._readers.resume()
        self._commits.turn.release()

    def after_fork_in_child(self) -> None:
        """Go on; what other threads had queued is theirs, in the parent."""
        self._readers = ReadingConnections(self.path, self.busy_timeout)
        self._commits.reset()


@contextmanager
def _one_moment(connection: apsw.Connection) -> Iterator[None]:
    with connection:
        yield
