"""The reading connections of a process: as many as threads read at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .connection import Transaction, connect_to_read
from .places import Places, replaced

T = TypeVar("T")
LOOK_EVERY = 0.1
"""Seconds after which a reader looks again whether the files still stand where they were opened."""


class _Reader:
    __slots__ = ("lock", "running", "thread", "transaction")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.thread: int | None = None
        self.running = False
        self.transaction: Transaction | None = None


class ReadingConnections:
    """Connections that only read; each is used by one thread at a time."""

    def __init__(self, path: Path, busy_timeout: float) -> None:
        self._path = path
        self.busy_timeout = busy_timeout
        self._mutex = threading.RLock()  # a signal handler may want a reader in the midst of this
        self._looking = threading.Lock()
        self._all: list[_Reader] = []
        self._free: list[_Reader] = []
        self._places: Places | None = None
        self._look_at = 0.0

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` on a reader that nobody uses.

        Raises:
            StoreReplaced: what was read is of files that were replaced or removed; noticed within `LOOK_EVERY`.
        """
        try:
            reader = self._free.pop()
        except IndexError:
            reader = self._add()
        try:
            reader.thread = threading.get_ident()
            with reader.lock:
                result = self._run_on(reader, work)
                if time.monotonic() >= self._look_at:
                    self._look()
                return result
        finally:
            reader.thread = None
            self._free.append(reader)

    def is_interrupted(self) -> bool:
        """Whether a signal handler has interrupted this thread while it reads."""
        return any(reader.thread == threading.get_ident() for reader in self._all)

    def _run_on(self, reader: _Reader, work: Callable[[Transaction], T]) -> T:
        if reader.running:
            _recover(reader)
        if reader.transaction is None:
            reader.transaction = Transaction(connect_to_read(self._path, self.busy_timeout))
        reader.running = True
        try:
            result = work(reader.transaction)
        except Exception:
            reader.running = False
            raise
        reader.running = False
        return result

    def _look(self) -> None:
        """See whether the files are still the ones that were opened; one thread does so at a time.

        Whoever has read holds the -wal file: it goes only when the last connection is closed.
        """
        if self._looking.locked():
            return
        try:
            with self._looking:
                if self._places is None:
                    self._places = Places(self._path.parent, self._path.name, self._path.name + "-wal")
                unchanged = self._places.unchanged()
        except FileNotFoundError:
            unchanged = False
        except OSError:  # too many open files, say: what was read is good all the same
            return
        if not unchanged:
            raise replaced(self._path)
        self._look_at = time.monotonic() + LOOK_EVERY

    def _look_no_more(self) -> None:
        with self._looking:
            places, self._places = self._places, None
            if places is not None:
                places.close()

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
        self._look_no_more()

    def resume(self) -> None:
        """Let the readers go on."""
        for reader in self._all:
            reader.lock.release()
        self._mutex.release()

    def close(self) -> None:
        """Close every connection that nobody uses."""
        with self._mutex:
            self._look_no_more()
            for reader in self._all:
                with reader.lock:
                    _close(reader)


def _recover(reader: _Reader) -> None:
    """End what an interrupt has left unfinished: it would go on showing that moment.

    The connection stays: it may be the last, and with the last the -wal file goes.
    """
    if reader.transaction is not None:
        reader.transaction.abandon()
        if reader.transaction.connection.in_transaction:
            reader.transaction.connection.execute("ROLLBACK")
    reader.running = False


def _close(reader: _Reader) -> None:
    transaction, reader.transaction, reader.running = reader.transaction, None, False
    if transaction is not None:
        transaction.connection.close()
