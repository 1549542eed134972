"""How much memory this process has, where the system tells (Linux): what is in RAM, and the most that ever was."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_FORGET_PEAK = Path("/proc/self/clear_refs")


def now() -> float | None:
    """Megabytes at this moment."""
    return _megabytes("VmRSS")


def peak() -> float | None:
    """The most megabytes since `forget_peak`."""
    return _megabytes("VmHWM")


def forget_peak() -> None:
    """Measure the most from here on."""
    with suppress(OSError):
        _FORGET_PEAK.write_text("5")


def _megabytes(name: str) -> float | None:
    try:
        lines = _STATUS.read_text("utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), None)
