"""What a folder holds, to the byte."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from signoff.adopt.copies import PREFIX

Tree = dict[str, tuple[int, str, int]]


def tree(folder: Path, *, copies: bool = True) -> Tree:
    """Every path in a folder with its mode, content and, for a file, when it was changed.

    Args:
        copies: whether the folders count in which adoptions keep their copies.
    """
    found = {path.relative_to(folder).as_posix(): _what(path) for path in folder.rglob("*")}
    return {name: what for name, what in found.items() if copies or not name.startswith(PREFIX)}


def _what(path: Path) -> tuple[int, str, int]:
    entry = path.lstat()
    if path.is_symlink():
        return 0, f"→ {os.readlink(path)}", 0
    if path.is_dir():
        return stat.S_IMODE(entry.st_mode), "folder", 0
    return stat.S_IMODE(entry.st_mode), hashlib.sha256(path.read_bytes()).hexdigest(), entry.st_mtime_ns
