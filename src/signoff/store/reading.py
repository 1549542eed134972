"""The reading connections of a process: as many as threads read at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .connection import Transaction, connect_to_read

T = TypeVar("T")


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
            reader.thread = threading.get_ident()
            with reader.lock:
                return self._run_on(reader, work)
        finally:
            reader.thread = None
            self._free.append(reader)

    def is_interrupted(self) -> bool:
        """Whether a signal handler has interrupted this thread while it reads."""
        return any(reader.thread == threading.get_ident() for reader in self._all)

    def _run_on(self, reader: _Reader, work: Callable[[Transaction], T]) -> T:
        if reader.running:  # an interrupt struck: what it left unfinished would go on showing that moment
            _close(reader)
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
