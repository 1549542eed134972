"""A folder of its own for what is only tried out: made anew each time, and never anybody else's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StateFileError
from ..store.filelock import FileLock

_MARK = ".signoff-try-out"
STATE = "whatsapp_state.json"


@contextmanager
def workspace(folder: Path, *, keep: bool) -> Iterator[Path]:
    """A folder for one command at a time, empty unless ``keep``; gives the path of the state file in it.

    Raises:
        StateFileError: the folder holds other things than a try-out, another process uses it, or it cannot be made.
    """
    mark = folder / _MARK
    try:
        if folder.exists() and not mark.exists() and any(folder.iterdir()):
            raise StateFileError(f"{folder} holds other things and would be emptied: name another folder")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(mark)
        if not lock.acquire(0):
            raise StateFileError(f"{folder} is in use by {lock.holder()}: stop that, or name another folder")
        try:
            if not keep:
                _empty(folder)
            yield folder / STATE
        finally:
            lock.close()
    except OSError as error:
        raise StateFileError(f"{folder} cannot be used ({error.strerror or error})") from error


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == _MARK:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
