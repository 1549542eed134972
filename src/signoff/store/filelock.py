"""A lock between processes that is taken in turn, with an end to every wait.

SQLite's own busy wait starves: of many processes the unluckiest may never get the database. The kernel's queue for a
file lock is fair, so writers take this lock first. It only orders them; what keeps the data right is SQLite's own
locking.
"""

from __future__ import annotations

import _thread
import os
import sys
import threading
import time
from io import FileIO
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

    def _beginning(descriptor: int, size: int) -> bytes:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.read(descriptor, size)
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

    def _beginning(descriptor: int, size: int) -> bytes:
        return os.pread(descriptor, size, 0)


class FileLock:
    """The lock file at ``path``, created with mode 0600. One thread at a time may use an instance.

    Attributes:
        waited: how many seconds its caller had waited when `acquire` got the lock; 0.0 when it was free.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None  # closes itself where an interrupt keeps whoever has it from that
        self._descriptor: int | None = None
        self._name = b""
        self.waited = 0.0

    def acquire(self, timeout: float, since: float | None = None) -> bool:
        """Take the lock; False when ``timeout`` seconds have passed. After an interrupt call `close`.

        Args:
            timeout: seconds.
            since: the moment of `time.monotonic` from which they count; None for now.
        """
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = self._open()
        self.waited = 0.0
        if not _try_lock(descriptor):
            began = time.monotonic() if since is None else since
            if not self._wait(max(0.0, timeout - (time.monotonic() - began))):
                return False
            self.waited = time.monotonic() - began
        self._sign(descriptor)
        return True

    def release(self) -> None:
        """Let go of the lock; harmless when it is not held."""
        if self._descriptor is not None:
            try:
                _unlock(self._descriptor)
            except OSError:
                self.close()

    def holder(self) -> str:
        """Who holds the lock, for people: the process that took it last."""
        try:
            return self._path.read_bytes()[:80].decode(errors="replace").strip() or "another process"
        except OSError:
            return "another process"

    def close(self) -> None:
        """Let go of the lock and of its file."""
        file, self._file, self._descriptor = self._file, None, None
        if file is not None:
            file.close()

    def _sign(self, descriptor: int) -> None:
        """Leave our name in the file; it mostly stands there already, and to read it is cheaper than to write it."""
        if _beginning(descriptor, len(self._name)) != self._name:
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, self._name)

    def _wait(self, timeout: float) -> bool:
        """Wait in the kernel's queue. That knows no time limit, so a helper thread waits and may be left behind."""
        try:
            waiter = _Waiter(self._open())
        except RuntimeError:  # the interpreter is ending and begins no thread any more
            return self._poll(timeout)
        try:
            if waiter.got.acquire(timeout=timeout) or not waiter.leave():
                return True
        except BaseException:
            waiter.leave()
            raise
        self.close()
        return False

    def _poll(self, timeout: float) -> bool:
        end = time.monotonic() + timeout
        while not _try_lock(self._open()):
            if time.monotonic() > end:
                self.close()
                return False
            time.sleep(0.002)
        return True

    def _open(self) -> int:
        if self._descriptor is None:
            self._file = FileIO(self._path, "r+", opener=_create)
            self._descriptor = self._file.fileno()
            name = f"process {os.getpid()} ({Path(sys.argv[0] or 'python').name})"
            self._name = name.encode(errors="replace")[:80].ljust(80)
        return self._descriptor


def _create(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


class _Waiter:
    """A thread that waits for the lock on a duplicate of the descriptor, which it closes when its turn has come.

    The lock is then held by the descriptor it was made from; if nobody waits for it any more it is let go.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.dup(descriptor)
        self._mutex = threading.Lock()
        self._taken = False
        self._left = False
        self.got = threading.Lock()
        self.got.acquire()
        try:
            _thread.start_new_thread(self._run, ())  # Thread.start() waits, and breaks when an interrupt strikes there
        except RuntimeError:
            os.close(self._descriptor)
            raise

    def leave(self) -> bool:
        """Stop waiting; False when the lock has been taken in the meantime."""
        with self._mutex:
            self._left = True
            return not self._taken

    def _run(self) -> None:
        try:
            _wait_lock(self._descriptor)
            with self._mutex:
                self._taken = True
                if self._left:
                    _unlock(self._descriptor)
                else:
                    self.got.release()
        finally:
            os.close(self._descriptor)
