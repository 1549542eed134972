"""A chat is read back as it was, whatever the region of the phone that exported it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.pipeline.replay import parse

from .exports import FORMS, SAMPLES, Form, Line, Sample

EVERY_FORM = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
START = datetime(2023, 1, 28, 23, 58, 1)


def read(form: Form, lines: list[Line]) -> list[Line]:
    chat = parse(form.render(lines))
    assert (chat.system, chat.unreadable) == ((), ())
    return [Line(message.at, message.sender, message.text) for message in chat.messages]


def told(form: Form, lines: list[Line]) -> list[Line]:
    """What the form can tell: most have no seconds."""
    return lines if form.seconds else [Line(line.at.replace(second=0), line.sender, line.text) for line in lines]


@EVERY_FORM
def test_every_form_is_read_back(form: Form) -> None:
    lines = [
        Line(datetime(2023, 1, 28, 23, 59, 59), "Ann", "hello\n\nsecond paragraph: yes\n- a list"),
        Line(datetime(2023, 1, 29, 0, 0, 0), "+1 555 010 0123", "12:30?"),
        Line(datetime(2023, 2, 3, 12, 0, 30), "Ann", "سلام 👋🏽 [1/2/23] Bob: quoted"),
        Line(datetime(2023, 2, 3, 11, 59, 30), "علی رضا", "-"),
        Line(datetime(2023, 11, 12, 1, 5, 7), "Ann", "https://shop.example/a:b"),
    ]
    assert read(form, lines) == told(form, lines)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_region_calendar_and_script_is_read(sample: Sample) -> None:
    chat = parse(f"{sample.year_end}Ann: one: two\n{sample.new_year}علی: three\nfour\n")
    first, second = chat.messages
    assert (first.sender, first.text, second.sender, second.text) == ("Ann", "one: two", "علی", "three\nfour")
    seconds = (5, 6) if first.at.second else (0, 0)
    assert first.at == datetime(2023, 12, 31, 15, 4, seconds[0])
    assert second.at == datetime(2024, 1, 2, 0, 5, seconds[1])
    assert (chat.unreadable, chat.system) == ((), ())


WORDS = st.text(st.sampled_from("ab Zé😀سक\u200d.,!?-[]/12"), min_size=1, max_size=30).filter(
    lambda text: any(char.isalpha() for char in text) and not text[0].isdigit() and text[0] not in "[ "
)
NAMES = st.sampled_from(["Ann", "Bob B.", "+1 555 010 0123", "نور", "O'Hara & Söhne", "~ Lu"])


@st.composite
def chats(draw: st.DrawFn) -> list[Line]:
    at = START + timedelta(days=draw(st.integers(0, 300)))
    lines = []
    for _ in range(draw(st.integers(1, 12))):
        at += timedelta(seconds=draw(st.integers(0, 200_000)))
        text = "\n".join(draw(st.lists(WORDS, min_size=1, max_size=3)))
        lines.append(Line(at, draw(NAMES), text))
    return lines


@EVERY_FORM
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_random_chats_are_read_back(form: Form, data: st.DataObject) -> None:
    lines = data.draw(chats())
    anchor = Line(lines[-1].at.replace(day=28) + timedelta(days=31), "Ann", "a day over twelve")
    assert read(form, [*lines, anchor]) == told(form, [*lines, anchor])


@pytest.mark.parametrize(
    ("days", "first"),
    [
        (["1/2/23", "13/2/23"], datetime(2023, 2, 1)),
        (["2/1/23", "2/13/23"], datetime(2023, 2, 1)),
        (["1/2/23", "1/3/23", "1/4/23"], datetime(2023, 1, 2)),
        (["1/2/23", "2/2/23", "3/2/23"], datetime(2023, 2, 1)),
        (["9/8/23", "10/8/23", "2/9/23"], datetime(2023, 8, 9)),
        (["8/9/23", "8/10/23", "9/2/23"], datetime(2023, 8, 9)),
        (["23/12/31", "24/01/01"], datetime(2023, 12, 31)),
    ],
    ids=["over 12", "over 12, US", "close together, US", "close together", "forwards", "forwards, US", "year first"],
)
def test_the_whole_file_tells_which_number_is_the_day(days: list[str], first: datetime) -> None:
    chat = parse("".join(f"{day}, 10:00 - Ann: hi\n" for day in days))
    assert chat.messages[0].at == first.replace(hour=10)


def test_what_stays_open_is_read_as_the_style_of_the_region_suggests() -> None:
    assert parse("1/2/23, 3:04 PM - Ann: hi\n").messages[0].at == datetime(2023, 1, 2, 15, 4)
    assert parse("01/02/2023, 3:04 pm - Ann: hi\n").messages[0].at == datetime(2023, 2, 1, 15, 4)
    assert parse("1.2.23, 15:04 - Ann: hi\n").messages[0].at == datetime(2023, 2, 1, 15, 4)


@pytest.mark.parametrize(
    ("time", "hour"), [("12:00 AM", 0), ("1:00 AM", 1), ("12:00 PM", 12), ("11:00 PM", 23), ("12:00 a. m.", 0)]
)
def test_midnight_and_noon_on_twelve_hour_clocks(time: str, hour: int) -> None:
    assert parse(f"31/12/23, {time} - Ann: hi").messages[0].at.hour == hour
