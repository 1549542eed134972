"""When the state file is read and written.

It is read when a manager opens it, before settings are read (a look at most every 100 ms), and before it is replaced.
It is written soon after a change, by a thread of its own, and when the last manager closes or the process ends. The
thread knows no manager, so one that nobody closes can be dropped, and what was changed through it is written too.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from .. import forkgate
from ..clock import Clock
from ..errors import SignoffError
from ..presence import Presence
from ..shared import Shared
from ..store import Store
from . import warn
from .file import NotReadable, StateFile

LOOK_EVERY = 0.1
WRITE_EVERY = 1.0


class Writer:
    """Keeps the state file of an account up to date. Thread-safe; survives a fork.

    Args:
        store: is closed with the writer, which may outlive the manager that has made it.
    """

    fork_order = 2

    def __init__(self, path: Path, store: Store, account: int, clock: Clock) -> None:
        self._file = StateFile(path, store, account, clock)
        self._store = store
        self._next_look = 0.0
        self._failure: str | None = None
        self._stopped = False
        self._closed = False
        self._inside = Presence()
        self._make_locks()
        forkgate.register(self)

    def open(self) -> None:
        """Begin: import a file that stood there before the database, or take up what was changed meanwhile.

        Raises:
            OSError, SignoffError: the file that stands there could not be imported, or a signal handler has interrupted
                this thread while it uses the file.
        """
        self._inside.refuse_handlers()
        with self._inside, self._looking:
            self._file.begin()
        self.look()
        if self._file.path.exists():
            self.changed()
        else:
            self.flush()

    def look(self) -> None:
        """Take up what was changed in the file; looks at most every 100 ms. Never raises: what fails is logged."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY
        if self._inside.is_here() or not self._file.changed():
            return
        try:
            with self._inside, self._looking:
                if not self._file.take_up():
                    return
        except NotReadable:
            pass  # it is being copied, or will be set aside when it is written
        except (OSError, SignoffError) as error:
            self._warn(f"{self._file.path} could not be taken up: {error}")
        self.changed()

    def changed(self) -> None:
        """Say that the state has changed: the file is written soon, by a thread of its own."""
        _release(self._wake)
        if self._thread is None:
            self._start()

    def flush(self) -> bool:
        """Write the file now if it is behind; whether it was.

        What fails is logged and tried again: the database holds the truth.
        """
        try:
            with self._inside, self._writing:
                wrote = self._file.write()
        except NotReadable:
            _release(self._wake)
            return True
        except (OSError, SignoffError) as error:
            self._warn(f"{self._file.path} could not be written: {error}; the database is complete")
            _release(self._wake)
            return True
        self._failure = None
        return wrote

    def is_interrupted(self) -> bool:
        """Whether a signal handler has interrupted this thread while it uses the file or the database."""
        return self._inside.is_here() or self._store.database.is_interrupted()

    def close(self) -> None:
        """Write the file if it is behind, stop the thread and close the store. Goes on where it was interrupted."""
        self._stopped = True
        _release(self._wake)
        _release(self._rest)
        if self._thread is not None:
            self._thread.join()
        if not self._closed:
            self.flush()
            self._closed = True
        self._store.close()

    def before_fork(self) -> None:
        """Let nobody read or write the file until after the fork."""
        self._looking.acquire()
        self._writing.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._writing.release()
        self._looking.release()

    def after_fork_in_child(self) -> None:
        """Go on, with a thread of its own."""
        self._make_locks()

    def _make_locks(self) -> None:
        self._looking = threading.Lock()
        self._writing = threading.Lock()
        self._starting = threading.Lock()
        self._wake = threading.Lock()
        self._wake.acquire()
        self._rest = threading.Lock()
        self._rest.acquire()
        self._thread: threading.Thread | None = None

    def _start(self) -> None:
        with self._inside, self._starting:
            if self._thread is not None or self._stopped:
                return
            _flush_at_the_end_of_a_child()
            thread = threading.Thread(target=self._run, name="signoff-state-file", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down
                self.flush()
            else:
                self._thread = thread

    def _run(self) -> None:
        while not self._stopped:
            self._wake.acquire()
            if not self._stopped and self.flush():
                self._rest.acquire(timeout=WRITE_EVERY)
        _release(self._wake)  # an interrupt of `_start` may have left a second thread behind

    def _warn(self, failure: str) -> None:
        if failure != self._failure:
            self._failure = failure
            warn(failure)


def _release(lock: threading.Lock) -> None:
    """Wake who waits for a lock. (What `threading.Event` has for that would stay locked where Ctrl+C strikes.)"""
    with suppress(RuntimeError):  # somebody is about to be woken already
        lock.release()


writers: Shared[Writer] = Shared(Writer.close, fork_order=1, interrupted=Writer.is_interrupted)
"""The writers of all state files that this process has open, by path."""


def _flush_at_the_end_of_a_child() -> None:
    """A process of multiprocessing ends without `atexit`, but for finalizers that were registered in it."""
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:
        multiprocessing.Finalize(None, _flush_all, exitpriority=0)


def _flush_all() -> None:
    for writer in writers.things():
        writer.flush()


atexit.register(_flush_all)
