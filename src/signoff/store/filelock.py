"""A lock between processes that is taken in turn, with an end to every wait.

SQLite's own busy wait starves: of many processes the unluckiest may never get the database. The kernel's queue for a
file lock is fair, so writers take this lock first. It only orders them; what keeps the data right is SQLite's own
locking.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, 1 << 30, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_lock(descriptor: int) -> None:
        while not _try_lock(descriptor):
            time.sleep(0.002)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class FileLock:
    """The lock file at ``path``, created with mode 0600. One thread at a time may use an instance."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._name = f"process {os.getpid()} ({Path(sys.argv[0] or 'python').name})".encode()[:80].ljust(80)

    def acquire(self, timeout: float) -> bool:
        """Take the lock; False when ``timeout`` seconds have passed. After an interrupt call `close`."""
        descriptor = self._open()
        if not _try_lock(descriptor) and not self._wait(timeout):
            return False
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, self._name)
        return True

    def release(self) -> None:
        """Let go of the lock; harmless when it is not held."""
        if self._descriptor is not None:
            _unlock(self._descriptor)

    def holder(self) -> str:
        """Who holds the lock, for people: the process that took it last."""
        try:
            return self._path.read_bytes()[:80].decode(errors="replace").strip() or "another process"
        except OSError:
            return "another process"

    def close(self) -> None:
        """Let go of the lock and of its file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _wait(self, timeout: float) -> bool:
        """Wait in the kernel's queue. That knows no time limit, so a helper thread waits and may be left behind.

        The helper waits on a duplicate of the descriptor and closes it when its turn has come: the lock is then held
        by our own descriptor, or by none if we have closed that in the meantime.
        """
        got = threading.Lock()
        got.acquire()
        threading.Thread(target=_take, args=(os.dup(self._open()), got), name="signoff-lock", daemon=True).start()
        if got.acquire(timeout=timeout):
            return True
        self.close()
        return False

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        return self._descriptor


def _take(descriptor: int, got: threading.Lock) -> None:
    try:
        _wait_lock(descriptor)
        got.release()
    finally:
        os.close(descriptor)
