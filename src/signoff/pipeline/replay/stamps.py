"""The dates that begin the messages of an exported chat: how they are written, and which of their numbers is the day.

A phone writes them as its region does: ``[31/12/23, 23:59:59] ``, ``12/31/23, 11:59 PM - ``,
``2023/12/31 下午11:59 - ``, in any digits, with invisible marks for the writing direction in between. One file
holds one form; a line in any other form belongs to the text of a message.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, pairwise

from .calendars import gregorian

MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Characters that only set the writing direction, and the byte order mark."""

_NO_MARKS = dict.fromkeys(map(ord, MARKS))
_LONGEST_STAMP = 70

_WORD = r"[^\d\s\[\],،:/\-–]{1,14}(?:\s[^\d\s\[\],،:/\-–]{1,10})?"
_YEAR = r"(?:[HR]|平成|令和|民國|民国)?(?:\d{1,4}|元)"
_BETWEEN = r"\s?[./\-年月년월]\s?"
_ERA = r"[.日일HR]|BE|AP|AH|هـ?|г\.?"
_DATE = rf"(?P<a>{_YEAR})(?P<sep>{_BETWEEN})(?P<b>\d{{1,2}}){_BETWEEN}(?P<c>{_YEAR})(?:\s?(?P<era>{_ERA}))?"
_CLOCK = r"(?P<h>\d{1,2})(?:[:.]|\s?h\s?)(?P<m>\d{2})(?P<s>[:.]\d{2}|\s?min\s?\d{2}\s?s)?"
_TIME = rf"(?:(?P<before>{_WORD})\s?)?{_CLOCK}(?:\s?(?P<after>{_WORD}))?"
_STAMPS = (rf"{_DATE}[,،]?\s{{0,2}}{_TIME}", rf"{_TIME}[,،]?\s{{0,2}}{_DATE}")
_FORMS = tuple(
    re.compile(begin + stamp + end)
    for stamp in _STAMPS
    for begin, end in ((r"\[", r"\]\s?"), ("", r"\s[-–]\s"), ("", r",\s(?=[^:]*\s:\s)"), ("", r":\s"))
)

_MORNING = """
    am ص صباحا صباحًا 上午 早上 清晨 凌晨 半夜 午前 오전 sa pg öö ก่อนเที่ยง पूर्वाह्न मपू পূর্বাহ্ণ முற்பகல் ಪೂರ್ವಾಹ್ನ ਪੂਦੁ قظ قبلازظهر ap
    de dop vorm vm πμ проб дп pd fm eparadites לפנהצ sn ጥዋት ጠዋት
"""
_EVENING = """
    pm م مساء مساءً 下午 中午 晚上 傍晚 午後 오후 ch ptg ös หลังเที่ยง अपराह्न मउ অপরাহ্ণ பிற்பகல் ಅಪರಾಹ್ನ ਬਾਦੁ بظ بعدازظهر ip
    du odp nachm nm μμ слоб пп md em epasdites אחהצ gn ከሰዓት
"""
_PLAIN = "à às a at um kl klo о в на ч u h uhr"
_HALVES = {word: half for half, words in ((0, _MORNING), (12, _EVENING), (None, _PLAIN)) for word in words.split()}
_SECONDS = re.compile(r"\D")
_ERAS = {"H": 1988, "平成": 1988, "R": 2018, "令和": 2018, "民國": 1911, "民国": 1911}


@dataclass(frozen=True, slots=True)
class Stamp:
    """The date at the beginning of a line.

    Attributes:
        form: how it is written; equal for all stamps of one file.
        numbers: day, month and year in an order that the line alone does not tell; the year is at least 100 if it is
            written out.
        time: hour (0 to 23), minute and second; None where its half of the day is in words that are not known.
        end: where in the line the rest begins.
        month_first: whether it looks like the United States' way.
    """

    form: tuple[object, ...]
    numbers: tuple[int, int, int]
    time: tuple[int, int, int] | None
    end: int
    month_first: bool


def without_marks(text: str) -> str:
    """The text without invisible marks."""
    return text if text.isascii() else text.translate(_NO_MARKS)


def read_stamp(line: str) -> Stamp | None:
    """The date that a line begins with, if it begins with one."""
    head = without_marks(line[:_LONGEST_STAMP])
    if not any(char.isdecimal() for char in head[:14]):
        return None
    for number, form in enumerate(_FORMS):
        if found := form.match(head):
            return _stamp(number, found, _place(line, found.end()))
    return None


def _place(line: str, count: int) -> int:
    """Where the line goes on after so many characters that are no marks."""
    if line[:count].isascii():
        return count
    for place, char in enumerate(line):
        if char not in MARKS:
            if count == 0:
                return place
            count -= 1
    return len(line)


def _stamp(form: int, found: re.Match[str], end: int) -> Stamp:
    raw = (found["a"], found["b"], found["c"])
    numbers = (_number(raw[0]), _number(raw[1]), _number(raw[2]) + _ERAS.get(found["era"], 0))
    word = found["after"] or found["before"] or ""
    half = _half(word) if word else None
    return Stamp(
        form=(form, found["sep"].strip(), found["s"] is None, half is None, *(number >= 100 for number in numbers)),
        numbers=numbers,
        time=_time(found, half),
        end=end,
        month_first=found["sep"].strip() == "/"
        and word in {"AM", "PM"}
        and len(raw[2]) == 2
        and min(map(len, raw)) == 1,
    )


def _number(text: str) -> int:
    """The number, or for a year of another era the year of ours."""
    digits = text.lstrip("HR平成令和民國国")
    return (1 if digits == "元" else int(digits)) + _ERAS.get(text.removesuffix(digits), 0)


def _half(word: str) -> int | None:
    """The hours to add; None for a word that tells no half of the day, -1 for one that is not known."""
    names = (_simple(word), *map(_simple, word.split()))
    return next((_HALVES[name] for name in names if name in _HALVES), -1)


def _simple(word: str) -> str:
    return re.sub(r"[\s.'’\"״׳\u200b-\u200d]", "", word).casefold()


def _time(found: re.Match[str], half: int | None) -> tuple[int, int, int] | None:
    hour, minute, second = int(found["h"]), int(found["m"]), int(_SECONDS.sub("", found["s"] or "0"))
    if half == -1 or hour > 23 or minute > 59 or second > 59:
        return None
    if half is not None and hour <= 12:
        hour = hour % 12 + half
    return hour, minute, second


def common_form(stamps: Iterable[Stamp]) -> tuple[object, ...] | None:
    """The form that most of the stamps have: that of the file."""
    return next((form for form, _ in Counter(stamp.form for stamp in stamps).most_common(1)), None)


Order = tuple[int, int, int]
"""Where in `Stamp.numbers` year, month and day stand."""

_DAY_FIRST: Order = (2, 1, 0)
_MONTH_FIRST: Order = (2, 0, 1)
_YEAR_FIRST: Order = (0, 1, 2)


def order_of(stamps: Sequence[Stamp]) -> Order:
    """Which number is the day, for a whole file.

    The order in which most of the dates exist; among those the one in which they go forwards, then the one in which
    they lie closest together; and what still is open is as the United States write it if it looks like that, else
    with the day first.
    """
    if stamps and all(stamp.numbers[0] >= 100 for stamp in stamps):
        return _YEAR_FIRST
    orders = [_MONTH_FIRST, _DAY_FIRST] if any(stamp.month_first for stamp in stamps) else [_DAY_FIRST, _MONTH_FIRST]
    days = [numbers for numbers, _ in groupby(stamp.numbers for stamp in stamps)]
    return max([*orders, _YEAR_FIRST], key=lambda order: _fitness(days, order))


def _fitness(days: Sequence[tuple[int, int, int]], order: Order) -> tuple[int, int, bool, int]:
    dates = list(_dates(days, order))
    backwards = sum(later < earlier for earlier, later in pairwise(dates))
    span = (max(dates) - min(dates)).days if dates else 0
    return len(dates), -backwards, order != _YEAR_FIRST, -span


def _dates(days: Iterable[tuple[int, int, int]], order: Order) -> Iterator[date]:
    for numbers in days:
        if day := _date(numbers, order):
            yield day


def _date(numbers: tuple[int, int, int], order: Order) -> date | None:
    year, month, day = (numbers[place] for place in order)
    try:
        return gregorian(year, month, day)
    except ValueError:
        return None


def moment_of(stamp: Stamp, order: Order) -> datetime | None:
    """The moment, without a time zone as the phone wrote it; None if there is no such."""
    day = _date(stamp.numbers, order)
    return datetime(day.year, day.month, day.day, *stamp.time) if day and stamp.time else None
