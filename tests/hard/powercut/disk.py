"""A disk that remembers what is safe on it, and what it may hold when the power goes.

Safe is the content of a file up to its last sync, and a name up to the last sync of its folder. Whatever came after may
be there or not: each write whole, in part (by sectors) or not at all, or the length without the bytes; and names either
in the order of a journal, as ext4 and xfs keep them, or each for itself, which is all that POSIX promises.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

SECTOR = 512
"""Bytes that a disk writes as one."""


class Write(NamedTuple):
    """Bytes that were written somewhere."""

    offset: int
    data: bytes

    @property
    def end(self) -> int:
        """The first place behind them."""
        return self.offset + len(self.data)


class Resize(NamedTuple):
    """A new length."""

    size: int


Change = Write | Resize


def changed(content: bytes, changes: Iterable[Change]) -> bytes:
    """What a file holds after some changes; what nobody has written is nought."""
    now = bytearray(content)
    for change in changes:
        if isinstance(change, Resize):
            del now[change.size :]
            now.extend(bytes(change.size - len(now)))
        else:
            now.extend(bytes(max(0, change.offset - len(now))))
            now[change.offset : change.end] = change.data
    return bytes(now)


class File:
    """What is in a file: safe, and changed since."""

    def __init__(self, safe: bytes = b"") -> None:
        self.safe = safe
        self.unsafe: list[Change] = []
        self._syncs: dict[int, int] = {}

    @property
    def content(self) -> bytes:
        """What programs read."""
        return changed(self.safe, self.unsafe)

    def begin_sync(self, thread: int) -> None:
        """A sync has begun; what is written from now on is not covered by it."""
        self._syncs[thread] = len(self.unsafe)

    def end_sync(self, thread: int) -> None:
        """A sync has returned: what was there when it began is safe."""
        covered = self._syncs.pop(thread, len(self.unsafe))
        self.safe, self.unsafe = changed(self.safe, self.unsafe[:covered]), self.unsafe[covered:]
        self._syncs = {other: max(0, count - covered) for other, count in self._syncs.items()}


class Folder:
    """Stands for a folder among the names."""


Node = File | Folder


@dataclass
class Naming:
    """Names that change together; None for one that goes."""

    names: dict[str, Node | None]
    safe: bool = False


def files_in(root: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path below it."""
    return {os.fspath(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


class Disk:
    """What is in one folder and below.

    Args:
        root: the folder.
        files: what is in it and in the folders below, safe.
    """

    def __init__(self, root: Path, files: Mapping[str, bytes]) -> None:
        self.root = os.fspath(root)
        self._safe: dict[str, Node] = {self.root: Folder()}
        for name, content in files.items():
            path = root / name
            self._safe |= {os.fspath(above): Folder() for above in path.parents if root in above.parents}
            self._safe[os.fspath(path)] = File(content)
        self.names = dict(self._safe)
        self.unsafe: list[Naming] = []
        self._syncs: dict[int, list[Naming]] = {}

    def name(self, names: dict[str, Node | None]) -> None:
        """Change names, all at once."""
        self.unsafe.append(Naming(names))
        _name(self.names, self.unsafe[-1])

    def begin_sync(self, thread: int) -> None:
        """The sync of a folder has begun; what is named from now on is not covered by it."""
        self._syncs[thread] = list(self.unsafe)

    def end_sync(self, thread: int, folder: str) -> None:
        """The sync of a folder has returned: the names in it are safe."""
        for naming in self._syncs.pop(thread, self.unsafe):
            naming.safe |= any(os.path.dirname(path) == folder for path in naming.names)
        while self.unsafe and self.unsafe[0].safe:
            _name(self._safe, self.unsafe.pop(0))

    def contents(self) -> dict[str, bytes]:
        """What programs find: each file, by its path below the root."""
        return self._found(self.names, lambda file: file.content)

    def after(self, kept: Iterable[Naming], content: Callable[[File], bytes]) -> dict[str, bytes]:
        """What is found when the power comes back, where these changes of names were kept, and this of each file."""
        names = dict(self._safe)
        for naming in kept:
            _name(names, naming)
        return self._found(names, content)

    def _found(self, names: dict[str, Node], content: Callable[[File], bytes]) -> dict[str, bytes]:
        return {
            os.path.relpath(path, self.root): content(node)
            for path, node in sorted(names.items())
            if isinstance(node, File) and self._is_reached(path, names)
        }

    def _is_reached(self, path: str, names: dict[str, Node]) -> bool:
        folder = os.path.dirname(path)
        return folder == self.root or (folder in names and self._is_reached(folder, names))


def _name(names: dict[str, Node], naming: Naming) -> None:
    for path, node in naming.names.items():
        if node is None:
            names.pop(path, None)
        else:
            names[path] = node


class Cut(NamedTuple):
    """One way in which a disk may lose power.

    Attributes:
        names: which of the changes of names that are not safe were kept.
        content: what is left of a file.
    """

    name: str
    names: Callable[[Disk, Random], Sequence[Naming]]
    content: Callable[[File, Random], bytes]

    def happen(self, disk: Disk, chance: Random) -> dict[str, bytes]:
        """What is found when the power comes back: each file, by its path below the root of the disk."""
        return disk.after(self.names(disk, chance), lambda file: self.content(file, chance))


def _all_names(disk: Disk, _: Random) -> Sequence[Naming]:
    return disk.unsafe


def _only_safe(disk: Disk, _: Random) -> Sequence[Naming]:
    return [naming for naming in disk.unsafe if naming.safe]


def _journalled(disk: Disk, chance: Random) -> Sequence[Naming]:
    last_safe = max((number for number, naming in enumerate(disk.unsafe, 1) if naming.safe), default=0)
    return disk.unsafe[: chance.randint(last_safe, len(disk.unsafe))]


def _each_for_itself(disk: Disk, chance: Random) -> Sequence[Naming]:
    return [naming for naming in disk.unsafe if naming.safe or chance.random() < 0.5]


def _whole(file: File, _: Random) -> bytes:
    return file.content


def _nothing(file: File, _: Random) -> bytes:
    return file.safe


def _length_only(file: File, _: Random) -> bytes:
    return file.safe[: len(file.content)].ljust(len(file.content), b"\0")


def _torn(file: File, chance: Random) -> bytes:
    """Each change kept, dropped or cut by chance; or all up to one, which is cut; or all from one on."""
    changes, way = file.unsafe, chance.randrange(3)
    if way == 0 or not changes:
        return changed(file.safe, (piece for change in changes for piece in _piece(change, chance)))
    place = chance.randrange(len(changes))
    cut = list(_piece(changes[place], chance))
    return changed(file.safe, [*changes[:place], *cut] if way == 1 else [*cut, *changes[place + 1 :]])


def _piece(change: Change, chance: Random) -> list[Change]:
    kept = chance.choice(["all", "none", "sectors", "beginning"])
    if kept in ("all", "none") or isinstance(change, Resize):
        return [change] if kept in ("all", "beginning") else []
    sectors = _sectors(change)
    if kept == "beginning":
        return [*sectors[: chance.randint(0, len(sectors))]]
    return [sector for sector in sectors if chance.random() < 0.5]


def _sectors(write: Write) -> list[Write]:
    first = write.offset // SECTOR * SECTOR
    starts = [max(write.offset, start) for start in range(first, write.end, SECTOR)]
    ends = [*starts[1:], write.end]
    return [
        Write(start, write.data[start - write.offset : end - write.offset])
        for start, end in zip(starts, ends, strict=True)
    ]


CERTAIN = (
    Cut("all kept", _all_names, _whole),
    Cut("all dropped", _only_safe, _nothing),
    Cut("names without content", _all_names, _nothing),
    Cut("names and lengths without content", _all_names, _length_only),
    Cut("content without names", _only_safe, _whole),
)
TORN = (
    Cut("torn, names in order", _journalled, _torn),
    Cut("torn, names in any order", _each_for_itself, _torn),
)
CUTS = CERTAIN + TORN
