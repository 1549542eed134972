"""When the state file is read and written.

It is read when a manager opens it, before settings are read (a look at most every 100 ms), and before it is replaced.
It is written soon after a change, by a thread of its own, and when the last manager closes or the process ends.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .. import forkgate
from ..clock import Clock
from ..errors import SignoffError, StateFileError
from ..settings import with_defaults
from ..store import Store
from ..store.filelock import FileLock
from ..store.files import FileRevision, View
from .document import NEWEST, account_info, render, session_fields
from .exchange import Exchange, parse
from .export import digest, replace, write_private

log = logging.getLogger(__name__)

LOOK_EVERY = 0.1
WRITE_EVERY = 1.0
COPY_TIME = 2.0
"""Seconds for which a file must not have changed before it counts as unreadable: a copy may be under way."""

Signature = tuple[int, int, int]


class _BeingCopied(Exception):
    """The file is no state file yet, and was changed a moment ago."""


class _Rendered(NamedTuple):
    text: bytes
    revision: FileRevision


class StateFile:
    """The state file of one account. Thread-safe; any number of processes may keep the same one."""

    fork_order = 2

    def __init__(self, path: Path, store: Store, account: int, clock: Clock) -> None:
        self.path = path
        self.exchange = Exchange(path, store, account, clock)
        self._store = store
        self._account = account
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        self._seen: Signature | None = None
        self._written = -1
        self._next_look = 0.0
        self._failure: str | None = None
        self._begin_quietly()
        forkgate.register(self)
        atexit.register(_flush, weakref.ref(self))

    def open(self) -> None:
        """Begin: import a file that stood there before the database, or take up what was changed meanwhile."""
        with self._mutex:
            if self._store.last_event() == 0:
                self.exchange.begin(self.path.read_bytes() if self.path.exists() else None)
                self._seen = self._signature()
            with suppress(_BeingCopied):
                self._take_up()
        if not self.path.exists():
            self.flush()
        self.changed()

    def look(self) -> None:
        """Take up what was changed in the file; looks at most every 100 ms. Never raises: what fails is logged."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY
        if self._signature() == self._seen:
            return
        try:
            with self._mutex:
                self._take_up()
            self.changed()
        except _BeingCopied:
            self.changed()
        except (OSError, SignoffError) as error:
            self._warn(f"{self.path} could not be taken up: {error}")

    def changed(self) -> None:
        """Say that the state has changed: the file is written soon, by a thread of its own."""
        if not self._wanted.is_set():
            self._wanted.set()
        if self._thread is None:
            self._start()

    def flush(self) -> None:
        """Write the file now if it is behind. What fails is logged: the database holds the truth."""
        try:
            with self._mutex:
                self._write()
            self._failure = None
        except _BeingCopied:
            self._wanted.set()
        except (OSError, SignoffError) as error:
            self._warn(f"{self.path} could not be written ({error}); {self._store.database.path} is complete")

    def close(self) -> None:
        """Write the file if it is behind, and stop the thread."""
        self._stopping.set()
        self._wanted.set()
        self.flush()

    def before_fork(self) -> None:
        self._mutex.acquire()

    def after_fork_in_parent(self) -> None:
        self._mutex.release()

    def after_fork_in_child(self) -> None:
        self._begin_quietly()

    def _begin_quietly(self) -> None:
        self._mutex = threading.RLock()
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def _start(self) -> None:
        with self._mutex:
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="signoff-state-file", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wanted.wait()
            self._wanted.clear()
            if not self._stopping.is_set():
                self.flush()
                self._stopping.wait(WRITE_EVERY)

    def _take_up(self) -> None:
        with _opened(self.path) as file:
            if file is not None:
                self._take_up_from(file)

    def _take_up_from(self, file: BinaryIO) -> bytes | None:
        """Take up what an open state file brings; its text, or None when it was set aside.

        Raises:
            _BeingCopied: it is no state file, and somebody is perhaps still writing it.
        """
        entry = os.fstat(file.fileno())
        file.seek(0)
        text = file.read()
        document = parse(text)
        if document is None:
            if time.time() - entry.st_mtime < COPY_TIME:
                raise _BeingCopied
            self.exchange.set_aside(text)
            return None
        self.exchange.take_up(document, text)
        self._seen = _signature(entry)
        return text

    def _write(self) -> None:
        if self._written == self._store.last_event() and self._signature() == self._seen:
            return
        try:
            if not self._lock.acquire(5.0):
                raise StateFileError(f"{self._lock.holder()} has been writing it for 5 s")
            while not self._replace():
                pass
        finally:
            self._lock.close()

    def _replace(self) -> bool:
        """Put a new file in the place of the old; False when somebody has changed the old one until the end."""
        with _opened(self.path) as old:
            before = self._take_up_from(old) if old is not None else None
            rendered = self._store.view(self._account, _render)
            revision = rendered.revision.revision
            if before is None or not self._store.file_is_written(self._account, digest(before), revision):
                self._store.note_file(self._account, rendered.revision, digest(rendered.text))
                self._put(rendered.text)
            self._seen, self._written = self._signature(), revision
            if old is None or before is None:
                return True
            old.seek(0)
            if old.read() == before:
                return True
            with suppress(_BeingCopied):
                self._take_up_from(old)
            return False

    def _put(self, text: bytes) -> None:
        new = self.path.with_name(f".{self.path.name}.new")
        write_private(new, text)
        for patience in (0.01, 0.05, 0.2):
            try:
                replace(new, self.path)
            except PermissionError:  # Windows: somebody reads it at this moment
                time.sleep(patience)
            else:
                return
        replace(new, self.path)

    def _signature(self) -> Signature | None:
        try:
            return _signature(os.stat(self.path))
        except OSError:
            return None

    def _warn(self, failure: str) -> None:
        if failure != self._failure:
            self._failure = failure
            log.warning("%s", failure)


class _opened:  # noqa: N801 - a context manager, used like a function
    """The file, open for reading; None when there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> BinaryIO | None:
        with suppress(FileNotFoundError):
            self._file = self._path.open("rb")
        return self._file

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _render(view: View) -> _Rendered:
    text = "".join(render(view, NEWEST)).encode()
    session = {**session_fields(view.session), "account_info": account_info(view.session)}
    return _Rendered(text, FileRevision(view.revision, with_defaults(view.settings), session))


def _signature(entry: os.stat_result) -> Signature:
    return entry.st_mtime_ns, entry.st_size, entry.st_ino


def _flush(reference: weakref.ref[StateFile]) -> None:
    file = reference()
    if file is not None:
        file.flush()
