"""Dates of other calendars: known days, and that the days of each follow one another without a gap."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from signoff.pipeline.replay.calendars import gregorian


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ((1399, 12, 30), date(2021, 3, 20)),
        ((1400, 1, 1), date(2021, 3, 21)),
        ((1403, 1, 1), date(2024, 3, 20)),
        ((1404, 1, 1), date(2025, 3, 21)),
        ((1402, 10, 10), date(2023, 12, 31)),
        ((1445, 6, 18), date(2023, 12, 31)),
        ((1445, 9, 1), date(2024, 3, 11)),
        ((1446, 1, 1), date(2024, 7, 7)),
        ((1447, 1, 1), date(2025, 6, 26)),
        ((2566, 12, 31), date(2023, 12, 31)),
        ((66, 12, 31), date(2023, 12, 31)),
        ((23, 12, 31), date(2023, 12, 31)),
        ((2024, 2, 29), date(2024, 2, 29)),
    ],
)
def test_known_days(theirs: tuple[int, int, int], ours: date) -> None:
    assert gregorian(*theirs) == ours


@pytest.mark.parametrize(("first", "last", "longest"), [(1384, 1425, 31), (1426, 1474, 30)], ids=["Persian", "Islamic"])
def test_every_day_follows_the_one_before(first: int, last: int, longest: int) -> None:
    expected = gregorian(first, 1, 1)
    for year in range(first, last + 1):
        for month in range(1, 13):
            for day in range(1, longest + 1):
                try:
                    found = gregorian(year, month, day)
                except ValueError:
                    assert day > 28
                    break
                assert found == expected
                expected += timedelta(days=1)


@pytest.mark.parametrize(
    "theirs", [(1402, 12, 30), (1402, 13, 1), (1402, 0, 1), (1445, 1, 31), (1445, 0, 1), (1500, 1, 1), (1999, 1, 1)]
)
def test_days_that_do_not_exist_are_errors(theirs: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"no such date|no year of an exported chat"):
        gregorian(*theirs)
