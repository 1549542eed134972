"""Reading and replacing the state file so that nobody's change is lost. (`writer` says when.)

Whoever changes the file does so without a lock, in place or by putting another in its place. So a text is taken up
only while the store still knows the file that it knew when the text was read, and the old file is looked at once more
when it has been replaced.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..clock import Clock
from ..digest import digest_of_bytes, digest_of_rest
from ..errors import StateFileError
from ..settings import with_defaults
from ..store import Store
from ..store.durable import EXCHANGE, NOREPLACE, rename, replace
from ..store.filelock import FileLock
from ..store.files import View
from ..store.takeup import FileRevision, KnownFile
from .brought import Broken
from .document import NEWEST, account_info, render, session_fields
from .exchange import Exchange
from .export import write_private

COPY_TIME = 2.0
"""Seconds for which a file must not have changed before it counts as unreadable: a copy may be under way."""
LOCK_TIME = 5.0
"""Seconds for which another process may be writing the file."""
TRIES = 50
"""How often in a row the file may be changed, or on Windows read, while it is being replaced."""
TICK = 0.1
"""Seconds within which two changes of a file may bear the same time."""

Signature = tuple[int, int, int]


class NotReadable(Exception):
    """The file is no state file, as ``where`` says.

    Attributes:
        digest: of what it says.
        fresh: whether it was changed a moment ago and perhaps still is being written.
    """

    def __init__(self, where: str, digest: str, fresh: bool) -> None:
        super().__init__("it is no state file")
        self.where = where
        self.digest = digest
        self.fresh = fresh


class _Overtaken(Exception):
    """What was read has been taken up or replaced by somebody else since."""


class _Read(NamedTuple):
    signature: Signature
    known: KnownFile | None
    digest: str


class _Rendered(NamedTuple):
    text: bytes
    revision: FileRevision


class StateFile:
    """The state file of one account; any number of processes may keep the same one.

    Any thread may call `take_up`; one at a time may call the others.
    """

    def __init__(self, path: Path, store: Store, account: int, clock: Clock) -> None:
        self.path = path
        self.exchange = Exchange(path, store, account, clock)
        self._store = store
        self._account = account
        self._lock = FileLock(path.with_name(f".{path.name}.lock"))
        self._seen: Signature | None = None
        self._written: int | None = None
        self._puts = 0
        self._noted: tuple[str, str] | None = None
        self._unsure = True

    def begin(self) -> None:
        """Begin the account, if it has not begun, with the file that stands there; waits while that is being copied."""
        if not self._store.has_begun(self._account):
            while not self._begun():
                time.sleep(0.02)

    def changed(self) -> bool:
        """Whether the file may say something that was not taken up."""
        return self._signature() != self._seen

    def take_up(self) -> bool:
        """Take up what was changed in the file; whether there was anything.

        Raises:
            NotReadable: it is no state file.
            OSError, SignoffError: it could not be read, or the store not be changed.
        """
        for _ in range(TRIES):
            known = self._store.known_file(self._account)
            with suppress(_Overtaken), _opened(self.path) as file:
                return file is not None and self._take_up(file, known).known != known
        return False

    def write(self) -> bool:
        """Write the file if it is behind, having taken up what was changed in it; whether it was written.

        Raises:
            NotReadable: it is no state file, and perhaps still is being written.
            OSError, SignoffError: it could not be written.
        """
        if self._written == self._store.last_event() and not self.changed():
            return False
        before = self._puts
        try:
            if not self._lock.acquire(LOCK_TIME):
                raise StateFileError(f"{self._lock.holder()} has been writing it for {LOCK_TIME:g} s")
            if self._unsure:
                self._take_up_left()
            self._unsure = True
            if not any(self._replaced() for _ in range(TRIES)):
                raise StateFileError("others keep reading or changing it")
            self._unsure = False
        finally:
            self._lock.close()
        return self._puts > before

    def _begun(self) -> bool:
        """Begin with the file, complete or broken for good; False while it is being written."""
        with _opened(self.path) as file:
            fresh = file is not None and _age(file) < COPY_TIME
            try:
                return self.exchange.begin(file)
            except Broken:
                return not fresh and self.exchange.begin(None)

    def _take_up(self, file: BinaryIO, known: KnownFile | None) -> _Read:
        """Take up what a state file brings that was opened when ``known`` was known, and say what was read."""
        settled = _age(file) > TICK
        read = _Read(_signature(os.fstat(file.fileno())), known, _digest(file))
        if known is None or (known.digest != read.digest and (known.digest, read.digest) != self._noted):
            try:
                with self.exchange.read(file) as brought:
                    if not self.exchange.take_up(brought, file, known):
                        raise _Overtaken
            except Broken as error:
                raise NotReadable(str(error), read.digest, _age(file) < COPY_TIME) from None
            self._written = None
            read = read._replace(known=KnownFile(brought.digest, None), digest=brought.digest)
        self._seen = read.signature if settled else None
        return read

    def _replaced(self) -> bool:
        """Put a new file in the place of the old; False when somebody has changed that, or taken it up, meanwhile."""
        known = self._store.known_file(self._account)
        with suppress(_Overtaken), _opened(self.path) as old:
            before = self._before(old, known) if old else None
            revision = self._store.last_event()
            if before and before.known == KnownFile(before.digest, revision):
                self._written = revision
                return True
            rendered = self._store.view(self._account, _render)
            known, digest = before.known if before else known, digest_of_bytes(rendered.text)
            if not self._store.note_file(self._account, rendered.revision, digest, known):
                return False
            self._noted = (digest, before.digest) if before else None
            if not self._put(rendered.text, old, before):
                return False
            self._noted = None
            self._written = rendered.revision.revision
            return before is None or self._ended(old, before)
        return False

    def _before(self, old: BinaryIO, known: KnownFile | None) -> _Read:
        """What the old file said, taken up; it is kept under another name if it is no state file for good."""
        signature = _signature(os.fstat(old.fileno()))
        try:
            return self._take_up(old, known)
        except NotReadable as broken:
            if broken.fresh:
                raise
            self.exchange.set_aside(old, broken.where)
            return _Read(signature, known, broken.digest)

    def _put(self, text: bytes, old: BinaryIO | None, before: _Read | None) -> bool:
        """Replace the file, unless it is another one than what was read before.

        What is replaced keeps a name until `_ended` has looked at it. Where two files cannot be exchanged in one step
        it keeps none, and one that is put there in the very instant is lost.
        """
        new, own = self.path.with_name(f".{self.path.name}.new"), None
        try:
            new.unlink(missing_ok=True)
            write_private(new, text)
            own = os.stat(new).st_ino
            if self._signature() != (before.signature if before else None):
                return False
            if old is not None and os.name == "nt":
                old.close()  # Windows replaces no file that is open, also not for somebody who is just writing it
            if before:
                new = new.rename(self._left(before.digest[:16]))
            try:
                if not rename(new, self.path, EXCHANGE if before else NOREPLACE):
                    replace(new, self.path)
            except (FileExistsError, FileNotFoundError):  # it was put there, or removed, in this instant
                return False
            except PermissionError:  # on Windows, while somebody reads it
                time.sleep(0.02)
                return False
        finally:
            with suppress(OSError):
                if own is None or os.stat(new).st_ino == own:
                    new.unlink()
        self._seen = None
        self._puts += 1
        return True

    def _left(self, name: str) -> Path:
        """Where a file is left that was replaced, or is about to be put in place; named for what was there before."""
        return self.path.with_name(f".{self.path.name}.{name}.old")

    def _ended(self, old: BinaryIO | None, before: _Read) -> bool:
        """Look at what was replaced, and remove it: whether nobody has changed it, or put another file there."""
        left, alone = self._left(before.digest[:16]), True
        with _opened(left) as late:
            if late is not None and os.fstat(late.fileno()).st_ino != before.signature[2]:
                alone = self._was_left_alone(late, before.digest)
        if old is not None and not old.closed:
            alone = self._was_left_alone(old, before.digest) and alone
        left.unlink(missing_ok=True)
        return alone

    def _take_up_left(self) -> None:
        """Look at what somebody has left who was stopped before `_ended`."""
        start, end = f".{self.path.name}.", ".old"
        for name in os.listdir(self.path.parent):
            if name.startswith(start) and name.endswith(end):
                with _opened(self.path.with_name(name)) as late:
                    if late is not None:
                        self._was_left_alone(late, name.removeprefix(start).removesuffix(end))
                self.path.with_name(name).unlink(missing_ok=True)

    def _was_left_alone(self, old: BinaryIO, before: str) -> bool:
        """Whether nobody changed a file whose digest began so, until the end; a late change is taken up."""
        while not _digest(old).startswith(before):
            try:
                with suppress(_Overtaken):
                    self._take_up(old, self._store.known_file(self._account))
                    return False
            except NotReadable as broken:
                if not broken.fresh:
                    self.exchange.set_aside(old, broken.where)
                    return False
                time.sleep(0.02)
        return True

    def _signature(self) -> Signature | None:
        try:
            return _signature(os.stat(self.path))
        except OSError:
            return None


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


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return digest_of_rest(file)


def _age(file: BinaryIO) -> float:
    """Seconds since the file was changed; by a clock that runs ahead of ours, as well."""
    return abs(time.time() - os.fstat(file.fileno()).st_mtime)


def _signature(entry: os.stat_result) -> Signature:
    return entry.st_mtime_ns, entry.st_size, entry.st_ino
