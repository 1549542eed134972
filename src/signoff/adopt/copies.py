"""The copies of all that an adoption touches, in a folder of their own, and how far it has come.

The folder stands beside the scripts, so that it can be made wherever they can be changed, and is named with the time.
Its manifest says what every file was: its digest, mode and time. It is written before anything is copied, and says
when everything is copied, done, or brought back; so whoever comes after a kill knows where to go on.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..clock import Clock
from ..digest import digest_of_bytes
from ..errors import StateFileError, StoreBusy
from ..statefile.export import time_stamp, write_private
from ..store.durable import make_folder, replace, sync
from ..store.filelock import FileLock

PREFIX = "signoff_adopted_"
_NAME = re.compile(rf"({PREFIX}\d{{8}}_\d{{6}})(?:_(\d+))?")
MANIFEST = "manifest.json"
LOCK = ".signoff_adopt.lock"

COPYING, BEGUN, DONE, UNDOING, UNDONE = "copying", "begun", "done", "undoing", "undone"
"""How far it has come: nothing is touched; all is copied; adopted; being brought back; all is as it was."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What stood at a path: a file, a folder or a link.

    Attributes:
        path: within the folder that is adopted.
        digest: SHA-256 of a file's content; where a link leads; empty for a folder.
    """

    path: str
    kind: str
    mode: int
    mtime_ns: int
    digest: str


@dataclass(slots=True)
class State:
    """A state file that is taken over.

    Attributes:
        existed: whether there was one; else it was begun.
        beside: the names beside it that were there before.
        events: the number of the last event when it was taken over; None until then.
    """

    file: str
    existed: bool
    beside: list[str]
    events: int | None = None


@dataclass(slots=True)
class Manifest:
    """What an adoption touches, and how far it has come.

    Attributes:
        keep: when it is being brought back: whether what signoff held is kept.
    """

    phase: str
    human_in_the_loop: bool
    entries: list[Entry] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    keep: bool = False


class Copies:
    """The folder of one adoption.

    Attributes:
        place: where it stands.
        folder: what is adopted.
    """

    def __init__(self, place: Path, manifest: Manifest) -> None:
        self.place = place
        self.folder = place.parent
        self.manifest = manifest
        self.before = place / "before"
        self.after = place / "after"

    def step(self, phase: str) -> None:
        """Note how far it has come, durably."""
        self.manifest.phase = phase
        self.save()

    def save(self) -> None:
        """Write the manifest."""
        new = self.place / f"{MANIFEST}.new"
        write_private(new, json.dumps(asdict(self.manifest), ensure_ascii=False, indent=2).encode())
        replace(new, self.place / MANIFEST)

    def copy_all(self) -> None:
        """Copy every entry, verified.

        Raises:
            StateFileError: one of them was changed meanwhile.
        """
        make_folder(self.before, 0o700)
        for entry in self.manifest.entries:
            _put(self.folder / entry.path, self.before / entry.path, entry)
            if not is_same(self.before / entry.path, entry):
                raise StateFileError(
                    f"{self.folder / entry.path} was changed while it was copied: stop all scripts, then try again"
                )

    def check(self) -> None:
        """Insist that every copy is what was copied.

        Raises:
            StateFileError: one is not.
        """
        for entry in self.manifest.entries:
            if not is_same(self.before / entry.path, entry):
                raise StateFileError(
                    f"{self.before / entry.path} is damaged or missing: {self.folder / entry.path} cannot be brought "
                    "back from it, and nothing was changed"
                )

    def bring_back(self) -> None:
        """Put every entry where it was, as it was; folders get their modes at the end."""
        for entry in self.manifest.entries:
            target, copy = self.folder / entry.path, self.before / entry.path
            if entry.kind == "folder" or not is_same(target, entry):
                _put(copy, target, entry)
        for entry in reversed(self.manifest.entries):
            _dress(self.folder / entry.path, entry)

    def text_of(self, file: str) -> bytes:
        """The content of a file as it was."""
        return (self.before / file).read_bytes()

    def remove(self) -> None:
        """Remove it; the manifest last, so that it is known until the end what it was."""
        for part in (self.before, self.after):
            if part.exists():
                _remove_tree(part)
        sync(self.place)
        for name in (f"{MANIFEST}.new", MANIFEST):
            (self.place / name).unlink(missing_ok=True)
        self.place.rmdir()
        sync(self.folder)


def new_copies(folder: Path, manifest: Manifest, clock: Clock) -> Copies:
    """A new folder for copies, with its manifest; its name comes after those of all that there are."""
    last = max((_order(place) for place in folder.glob(f"{PREFIX}*")), default=("", 0))
    base = f"{PREFIX}{time_stamp(clock())}"
    place = folder / (base if base > last[0] else f"{last[0]}_{last[1] + 1}")
    make_folder(place, 0o700)
    copies = Copies(place, manifest)
    copies.save()
    return copies


def unfinished(folder: Path) -> Copies | None:
    """The last adoption of a folder that was not brought back; None when there is none.

    Raises:
        StateFileError: its manifest cannot be read.
    """
    for place in sorted(folder.glob(f"{PREFIX}*"), key=_order, reverse=True):
        if not (place / MANIFEST).exists():
            continue
        copies = Copies(place, _read(place / MANIFEST))
        if copies.manifest.phase != UNDONE or not copies.manifest.keep:
            return copies
    return None


def _order(place: Path) -> tuple[str, int]:
    """By what the folders of adoptions are in order: the time in the name, and ``_2``, ``_3`` … after it."""
    named = _NAME.fullmatch(place.name)
    return (named[1], int(named[2] or 1)) if named else ("", 0)


def has_traces(folder: Path) -> bool:
    """Whether anybody ever began to adopt a folder."""
    return (folder / LOCK).exists() or any(folder.glob(f"{PREFIX}*"))


def sweep(folder: Path) -> None:
    """Remove what was begun, without touching anything, and killed."""
    for place in folder.glob(f"{PREFIX}*"):
        if place.is_dir() and {entry.name for entry in place.iterdir()} <= {f"{MANIFEST}.new"}:
            Copies(place, Manifest(COPYING, True)).remove()


def entries_of(folder: Path, paths: Iterable[Path]) -> list[Entry]:
    """What stands at these paths, with all below, each folder before what is in it."""
    return [_entry(folder, path) for top in paths for path in _walk(top)]


def is_same(path: Path, entry: Entry) -> bool:
    """Whether the same thing stands at ``path``: for a file its content, for a link where it leads."""
    try:
        found = _entry(path.parent, path)
    except OSError:
        return False
    return (found.kind, found.digest) == (entry.kind, entry.digest)


def remove(path: Path) -> None:
    """Remove a file, link or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        _remove_tree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One at a time may adopt a folder, or bring it back.

    Raises:
        StoreBusy: somebody else does.
    """
    lock = FileLock(folder / LOCK)
    if not lock.acquire(0):
        holder = lock.holder()
        lock.close()
        raise StoreBusy(f"{folder} is being adopted by {holder}: wait until that has ended")
    try:
        yield
    finally:
        lock.close()
        (folder / LOCK).unlink(missing_ok=True)


def _read(path: Path) -> Manifest:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        entries = [Entry(**entry) for entry in found.pop("entries")]
        states = [State(**state) for state in found.pop("states")]
        return Manifest(**found, entries=entries, states=states)
    except (ValueError, TypeError, KeyError) as error:
        raise StateFileError(
            f"{path} cannot be read ({error}): the copies of what was adopted stand beside it, in before/; put them "
            "back by hand, then remove the folder"
        ) from error


def _walk(top: Path) -> Iterator[Path]:
    yield top
    if top.is_dir() and not top.is_symlink():
        for below in sorted(top.iterdir()):
            yield from _walk(below)


def _entry(folder: Path, path: Path) -> Entry:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        kind, content = "link", os.readlink(path)
    elif stat.S_ISDIR(found.st_mode):
        kind, content = "folder", ""
    else:
        kind, content = "file", digest_of_bytes(path.read_bytes())
    return Entry(path.relative_to(folder).as_posix(), kind, stat.S_IMODE(found.st_mode), found.st_mtime_ns, content)


def _put(source: Path, target: Path, entry: Entry) -> None:
    """Copy a file, folder or link; what stands there is replaced at once or not at all."""
    make_folder(target.parent, 0o700)
    if entry.kind == "folder":
        target.mkdir(mode=0o700, exist_ok=True)
        sync(target.parent)
        return
    new = target.with_name(f".{target.name}.signoff-new")
    new.unlink(missing_ok=True)
    if entry.kind == "link":
        new.symlink_to(entry.digest)
    else:
        write_private(new, source.read_bytes())
        _dress(new, entry)
    replace(new, target)


def _dress(path: Path, entry: Entry) -> None:
    """Give a file or folder the mode and time that it had."""
    if entry.kind != "link":
        path.chmod(entry.mode)
        os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns))


def _remove_tree(folder: Path) -> None:
    for path in _walk(folder):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)  # a read-only folder does not let go of what is in it
    shutil.rmtree(folder)
