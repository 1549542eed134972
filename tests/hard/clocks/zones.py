"""Real time zones, and when their clocks are put forward and back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from signoff.clock import HOUR, SECOND

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # by half an hour
    "Africa/Casablanca",  # back for Ramadan, in spring
    "America/Havana",  # at midnight: an hour of the day before comes twice
    "Africa/Cairo",  # back to the day before
    "America/Santiago",  # a day that begins at one
]
STEADY = "Asia/Karachi"
YEAR = 2026


class Change(NamedTuple):
    """Clocks are changed at a moment, microseconds since 1970 UTC, by so many microseconds."""

    at: int
    by: int


@contextmanager
def zone(name: str) -> Iterator[None]:
    """Have this be the local time."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system's time zone cannot be set")
    try:
        ZoneInfo(name)
    except ZoneInfoNotFoundError:
        pytest.skip(f"this system does not know {name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", name)
        time.tzset()
        try:
            yield
        finally:
            patch.undo()
            time.tzset()


def changes(name: str, year: int = YEAR) -> list[Change]:
    """Every change of the clocks in a year."""
    hour = datetime(year, 1, 1, tzinfo=UTC)
    found = []
    while hour.year == year:
        after = hour + timedelta(hours=1)
        by = _offset(name, after) - _offset(name, hour)
        if by:
            found.append(Change(_when(name, hour), by))
        hour = after
    return found


def repeated(name: str, year: int = YEAR) -> Change:
    """When clocks are put back, so that a time comes twice."""
    return next(change for change in changes(name, year) if change.by < 0)


def skipped(name: str, year: int = YEAR) -> Change:
    """When clocks are put forward, so that a time does not come."""
    return next(change for change in changes(name, year) if change.by > 0)


def _when(name: str, hour: datetime) -> int:
    """The moment of a change within the hour after ``hour``."""
    before = _offset(name, hour)
    minutes = (hour + timedelta(minutes=minute) for minute in range(61))
    return round(next(minute for minute in minutes if _offset(name, minute) != before).timestamp()) * SECOND


def _offset(name: str, moment: datetime) -> int:
    offset = moment.astimezone(ZoneInfo(name)).utcoffset()
    assert offset is not None
    return round(offset / timedelta(hours=1) * HOUR)
