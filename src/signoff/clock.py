"""Time: integer microseconds since 1970 UTC inside, the guide's naive local ISO 8601 strings outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Clock = Callable[[], int]
"""Gives the present in microseconds since 1970 UTC. Injected wherever the time matters."""


def system_clock() -> int:
    """The time of this machine, in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def local_iso(at: int) -> str:
    """The moment as the guide writes it: local time, no offset (``2026-02-16T18:09:50.720168``).

    What lies outside of the years 1 to 9999 is shown as their beginning or end.
    """
    seconds, micro = divmod(at, SECOND)
    try:
        return datetime.fromtimestamp(seconds).replace(microsecond=micro).isoformat()
    except (ValueError, OverflowError, OSError):
        return (datetime.max if at > 0 else datetime.min).isoformat()


def parse_iso(text: str, now: int) -> int:
    """Read an ISO 8601 string back; without an offset it is local time.

    In autumn clocks show an hour twice: a time of that hour is its second, unless that is still to come.

    Raises:
        ValueError, OverflowError: it is no date, or none that there is in UTC.
    """
    moment = datetime.fromisoformat(text)
    first, second = (_micros(moment.replace(fold=fold)) for fold in (0, 1))
    return second if first < second <= now else first


def elapsed(since: int, now: int) -> int:
    """Microseconds from ``since`` to ``now``; a time in the future counts as now."""
    return max(0, now - since)


def _micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
