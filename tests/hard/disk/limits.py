"""How many files a process may open."""

from __future__ import annotations

import os
import resource


def leave(spare: int) -> None:
    """Let so many more files be open, and no more; each gets the lowest number that is free."""
    free = [number for number in range(2000) if not _is_open(number)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[spare], resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
