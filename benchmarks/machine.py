"""The machine that is measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def described() -> str:
    """The system, the processors and the version of Python, in one line."""
    system = f"{platform.system()} {platform.release()}"
    return f"{system}, {os.cpu_count()} x {_processor()}, Python {platform.python_version()}"


def load() -> float | None:
    """How many processes ran or wanted to in the last minute; None where the system does not tell."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
