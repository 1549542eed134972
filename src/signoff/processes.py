"""Names of processes and of who runs them, and whether one has ended: for what must not outlive who began it."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path


@cache
def this_host() -> str:
    """The name of this machine, as it was when this process first asked."""
    return os.environ.get("COMPUTERNAME", "") if os.name == "nt" else os.uname().nodename


def this_process() -> str:
    """The name of this process: host, number, and what tells it from an earlier one of the same number."""
    return _name(os.getpid())


def user_name() -> str:
    """The name of the user who runs this process; some have none, in a container, say."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody at the terminal"


def is_gone(process: str) -> bool:
    """Whether the process of this name has certainly ended. Of another host's nothing is certain."""
    host, number, begun = (*process.rsplit(":", 2), "", "")[:3]
    if host != this_host() or not number.isdigit():
        return False
    if int(number) == os.getpid():
        return process != this_process()
    return not _exists(int(number)) or (begun.isdigit() and _begun(int(number)) not in (None, begun))


def is_elsewhere(process: str) -> bool:
    """Whether it is a process of another host, of which nothing can be told."""
    return process.rsplit(":", 2)[0] != this_host()


@cache
def _name(number: int) -> str:
    return f"{this_host()}:{number}:{_begun(number) or 'x' + os.urandom(6).hex()}"


def _begun(number: int) -> str | None:
    """When a process began, in clock ticks since the machine did (proc(5)); None where that cannot be told."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{number}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    return None


def _exists(number: int) -> bool:
    if os.name == "nt":
        return _exists_on_windows(number)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _exists_on_windows(number: int) -> bool:
    import ctypes

    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(0x1000, False, number)
    if handle:
        kernel.CloseHandle(handle)
    return bool(handle)
