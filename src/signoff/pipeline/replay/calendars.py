"""Dates of the calendars that phones count in, as dates of ours.

Years tell the calendars apart: all chats are of 2005 and later, which is 2548 in Thailand, 1384 in Iran, 1426 in the
Islamic calendar, and 94 in Taiwan, where the name of the era stands before it.
"""

from __future__ import annotations

from datetime import date, timedelta

_BUDDHIST = 543
_NOWRUZ = date(2005, 3, 21)
_FIRST_PERSIAN, _LAST_PERSIAN = 1384, 1425
_MUHARRAM = date(2005, 2, 10)
_FIRST_ISLAMIC = 1426
_LONG_MONTHS = """
    b6a 6d4 dc9 d92 aa6 956 2ae 56d 36a b55 aaa 94d 49d 95d 2ba 5b5 5aa d55 a9a 92e 26e 55d ada 6d4 6a5 54b a97 54e aae
    5ac ba9 d92 b25 64b cab 55a b55 6d2 ea5 e4a a95 52d aad 36c 759 6d2 695 52d a5b
"""
"""For each year from 1426 on, which months of the Umm al-Qura calendar have thirty days: the lowest bit is Muharram."""
_ISLAMIC = [int(months, 16) for months in _LONG_MONTHS.split()]


def gregorian(year: int, month: int, day: int) -> date:
    """The date of ours, whatever calendar the year is of; years below 100 are short for one of this century.

    Raises:
        ValueError: there is no such date, or it is of no calendar or time that an exported chat can be of.
    """
    if year < 100:
        year += 2000 if year < 50 else 2500  # 2552, the year of 2009 in Thailand, is written 52
    if year >= 2400:
        year -= _BUDDHIST
    if _FIRST_PERSIAN <= year <= _LAST_PERSIAN:
        return _persian(year, month, day)
    if _FIRST_ISLAMIC <= year < _FIRST_ISLAMIC + len(_ISLAMIC):
        return _islamic(year, month, day)
    if not 2000 <= year < 2100:
        raise ValueError(f"no year of an exported chat: {year}")
    return date(year, month, day)


def _persian(year: int, month: int, day: int) -> date:
    """Of the solar calendar of Iran and Afghanistan: six months of 31 days, five of 30, then 29 or 30."""
    days = sum(365 + _is_persian_leap(earlier) for earlier in range(_FIRST_PERSIAN, year))
    length = 31 if month <= 6 else 30 if month < 12 or _is_persian_leap(year) else 29
    return _added(_NOWRUZ, days + 31 * min(month - 1, 6) + 30 * max(month - 7, 0), month, day, length)


def _is_persian_leap(year: int) -> bool:
    """By the cycle of 33 years, which agrees with the official calendar from 1244 to 1472."""
    return (8 * year + 29) % 33 < 8


def _islamic(year: int, month: int, day: int) -> date:
    """Of the Umm al-Qura calendar of Saudi Arabia."""
    lengths = [29 + (months >> place & 1) for months in _ISLAMIC[: year - _FIRST_ISLAMIC + 1] for place in range(12)]
    before = len(lengths) - 12 + month - 1
    length = lengths[before] if 1 <= month <= 12 else 0
    return _added(_MUHARRAM, sum(lengths[:before]), month, day, length)


def _added(start: date, days: int, month: int, day: int, length: int) -> date:
    if not (1 <= month <= 12 and 1 <= day <= length):
        raise ValueError(f"no such date: day {day} of month {month}")
    return start + timedelta(days=days + day - 1)
