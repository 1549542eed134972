"""Names of processes, and whether one is still alive: for reservations that must not outlive who made them."""

from __future__ import annotations

import os


def this_host() -> str:
    """The name of this machine."""
    return os.environ.get("COMPUTERNAME", "") if os.name == "nt" else os.uname().nodename


def this_process() -> str:
    """The name of this process: host and number."""
    return f"{this_host()}:{os.getpid()}"


def is_gone(process: str) -> bool:
    """Whether the process of this name has certainly ended. Of another host's nothing is certain."""
    host, _, number = process.rpartition(":")
    if host != this_host() or not number.isdigit():
        return False
    if os.name == "nt":
        return not _exists_on_windows(int(number))
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _exists_on_windows(number: int) -> bool:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(0x1000, False, number)
    if handle:
        kernel.CloseHandle(handle)
    return bool(handle)
