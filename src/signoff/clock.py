"""Time: integer microseconds since 1970 UTC inside, the guide's naive local ISO 8601 strings outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Clock = Callable[[], int]
"""Gives the present in microseconds since 1970 UTC. Injected wherever the time matters."""


def system_clock() -> int:
    """The time of this machine, in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def local_iso(at: int) -> str:
    """The moment as the guide writes it: local time, no offset (``2026-02-16T18:09:50.720168``)."""
    seconds, micro = divmod(at, SECOND)
    return datetime.fromtimestamp(seconds).replace(microsecond=micro).isoformat()


def parse_iso(text: str) -> int:
    """Read an ISO 8601 string back; without an offset it is local time.

    Raises:
        ValueError: it is no date.
    """
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int(moment.astimezone(UTC).timestamp() * SECOND + 0.5)


def elapsed(since: int, now: int) -> int:
    """Microseconds from ``since`` to ``now``; a time in the future counts as now."""
    return max(0, now - since)
