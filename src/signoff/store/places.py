"""Whether the files of an open database still stand where they were opened.

A process whose files are replaced or removed would go on writing into what nobody will ever open again.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import StoreReplaced

_O_PATH: int = getattr(os, "O_PATH", 0)
_BY_NAME = bool(_O_PATH) and os.path.isdir("/proc/self/fd")
_TICK = 100_000_000
"""Nanoseconds within which two changes of a folder may bear the same time."""


def replaced(path: Path) -> StoreReplaced:
    """The error that says that the database ``path`` or its -wal file does not stand any more where it was opened."""
    return StoreReplaced(
        f"{path} or its -wal file was replaced or removed while this process had it open; nothing was written: put the "
        "files back or restart, and see which is the right one"
    )


class Places:
    """Some files of one folder as they stand now.

    On Linux the kernel is asked what the files are called at present. To look at them with ``stat`` would make each
    sync of a file write its inode as well, which takes longer than the sync: from 6.13 on, Linux gives a file that was
    looked at a time stamp of its own at its next change (multigrain timestamps). A descriptor of ``O_PATH`` only names
    a file: to close it drops no locks. While nothing was made, removed or renamed in the folder, which its own time
    stamp tells, there is no need to ask.
    """

    def __init__(self, folder: Path, *names: str) -> None:
        self._folder = os.fspath(folder)
        self._quiet: tuple[int, ...] | None = None
        self._descriptors: list[int] = []
        weakref.finalize(self, _close, self._descriptors).atexit = False
        self._asked: list[str] = []
        self._ask: Callable[[str], Any] = os.readlink if _BY_NAME else _identity
        try:
            for path in (folder / name for name in names):
                self._asked.append(self._named(path) if _BY_NAME else os.fspath(path))
            self._known = self._answers()
        except BaseException:
            self.close()
            raise

    def unchanged(self) -> bool:
        """Whether none was replaced, removed or renamed."""
        try:
            found = os.stat(self._folder)
            stamp = found.st_dev, found.st_ino, found.st_mtime_ns
            if stamp == self._quiet:
                return True
            if self._answers() != self._known:
                return False
        except FileNotFoundError:
            return False
        self._quiet = stamp if _BY_NAME and found.st_mtime_ns + _TICK < time.time_ns() else None
        return True

    def close(self) -> None:
        """Look no more. Nobody needs to call it: one that is dropped looks no more either."""
        _close(self._descriptors)

    def _named(self, path: Path) -> str:
        self._descriptors.append(os.open(path, _O_PATH))
        return f"/proc/self/fd/{self._descriptors[-1]}"

    def _answers(self) -> list[Any]:
        return list(map(self._ask, self._asked))


def _close(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
