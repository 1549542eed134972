"""Files and names that a power cut does not take away again."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

NOREPLACE, EXCHANGE = 1, 2
"""Flags of `rename`: refuse when the other name exists; swap what has the two names (renameat2(2))."""

_AT_FDCWD = -100
_UNKNOWN = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM)
"""How a kernel, a file system and a sandbox say that they know no flags."""


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before this returns."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(new: Path, path: Path) -> None:
    """Put ``new``, which is on the disk, in the place of ``path``, durably."""
    os.replace(new, path)
    sync(path.parent)


def rename(new: Path, path: Path, flag: int) -> bool:
    """Rename ``new``, which is on the disk, to ``path`` in one step, durably.

    Returns:
        False, and nothing was done, where that cannot be done: on other systems than Linux, on some file systems.

    Raises:
        OSError: ``path`` exists (`NOREPLACE`), one of them does not (`EXCHANGE`), or the disk has failed.
    """
    try:
        renameat2 = _renameat2()
    except (ImportError, OSError):  # too many files are open
        return False
    if renameat2 is None:
        return False
    code = renameat2(os.fsencode(new), os.fsencode(path), flag)
    if code in _UNKNOWN:
        return False
    if code:
        raise OSError(code, os.strerror(code), os.fspath(path))
    sync(path.parent)
    return True


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder, and those above it that are missing, durably."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode, exist_ok=True)
        sync(path.parent)


@cache
def _renameat2() -> Callable[[bytes, bytes, int], int] | None:
    """The system's call, which gives what errno says; None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return None
    call.argtypes = ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint

    def renameat2(new: bytes, path: bytes, flag: int) -> int:
        return ctypes.get_errno() if call(_AT_FDCWD, new, _AT_FDCWD, path, flag) else 0

    return renameat2
