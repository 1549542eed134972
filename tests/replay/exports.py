"""Exported chats as phones write them: the forms of dates that occur, to render a chat of one's own in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

LRM, RLM, NNBSP = "\u200e", "\u200f", "\u202f"
ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@dataclass(frozen=True)
class Line:
    """What a person wrote at a moment."""

    at: datetime
    sender: str
    text: str


@dataclass(frozen=True)
class Form:
    """How phones of one region write a chat.

    Attributes:
        stamp: writes the date with all that stands before the sender's name.
        seconds: whether the time has them.
        colon: what stands between name and text.
        newline: how lines end.
    """

    name: str
    stamp: Callable[[datetime], str]
    seconds: bool = False
    colon: str = ": "
    newline: str = "\n"

    def render(self, lines: Sequence[Line]) -> str:
        """The chat as a file of this form."""
        return "".join(
            (self.stamp(line.at) + line.sender + self.colon + line.text).replace("\n", self.newline) + self.newline
            for line in lines
        )


def _hour(at: datetime) -> int:
    return (at.hour - 1) % 12 + 1


def _half(at: datetime, morning: str, evening: str) -> str:
    return evening if at.hour >= 12 else morning


def _short(at: datetime) -> str:
    return f"{at.day}/{at.month}/{at:%y}"


def _american(at: datetime) -> str:
    return f"{at.month}/{at.day}/{at:%y}"


def _arabic(at: datetime) -> str:
    half = _half(at, "ص", "م")
    text = f"[{at.day}{RLM}/{at.month}{RLM}/{at.year}، {_hour(at)}:{at:%M:%S} {half}] {RLM}"
    return text.translate(ARABIC_DIGITS)


def _indian(at: datetime) -> str:
    return f"{at:%d/%m/%y}, {_hour(at)}:{at:%M}{NNBSP}{_half(at, 'am', 'pm')} - "


IPHONE = [
    Form("iphone europe", lambda at: f"[{at:%d/%m/%y, %H:%M:%S}] ", True),
    Form("iphone germany", lambda at: f"[{at:%d.%m.%y, %H:%M:%S}] ", True, newline="\r\n"),
    Form("iphone france", lambda at: f"[{at:%d/%m/%Y %H:%M:%S}] ", True),
    Form(
        "iphone usa",
        lambda at: f"{LRM}[{_american(at)}, {_hour(at)}:{at:%M:%S}{NNBSP}{_half(at, 'AM', 'PM')}] ",
        True,
        newline="\r\n",
    ),
    Form("iphone iso", lambda at: f"[{at:%Y-%m-%d, %H:%M:%S}] ", True),
    Form("iphone china", lambda at: f"[{at:%Y/%m/%d} {_half(at, '上午', '下午')}{_hour(at)}:{at:%M:%S}] ", True),
    Form("iphone vietnam", lambda at: f"[{at:%H:%M:%S, %d/%m/%Y}] ", True),
    Form("iphone arabic", _arabic, True),
    Form("iphone thailand", lambda at: f"[{at.day}/{at.month}/{at.year + 543} {at:%H:%M:%S}] ", True),
    Form("iphone japan, imperial years", lambda at: f"[R{at.year - 2018}/{at:%m/%d %H:%M:%S}] ", True),
    Form("iphone, years ago", lambda at: f"{at:%d/%m/%y, %H:%M:%S}: ", True),
]
ANDROID = [
    Form("android europe", lambda at: f"{at:%d/%m/%Y, %H:%M} - "),
    Form("android germany", lambda at: f"{at:%d.%m.%y, %H:%M} - "),
    Form("android usa", lambda at: f"{_american(at)}, {_hour(at)}:{at:%M}{NNBSP}{_half(at, 'AM', 'PM')} - "),
    Form("android india", _indian),
    Form("android spain", lambda at: f"{_short(at)}, {at:%H:%M} - "),
    Form("android mexico", lambda at: f"{_short(at)}, {_hour(at)}:{at:%M} {_half(at, 'a. m.', 'p. m.')} - "),
    Form("android france", lambda at: f"{at:%d/%m/%Y} à {at:%H:%M} - "),
    Form("android netherlands", lambda at: f"{at:%d-%m-%Y %H:%M} - "),
    Form("android finland", lambda at: f"{at.day}.{at.month}.{at.year} klo {at:%H.%M} - "),
    Form("android canada", lambda at: f"{at:%Y-%m-%d}, {_hour(at)}:{at:%M} {_half(at, 'a.m.', 'p.m.')} - "),
    Form("android hungary", lambda at: f"{at:%Y. %m. %d. %H:%M} - "),
    Form("android indonesia", lambda at: f"{at:%d/%m/%y %H.%M} - "),
    Form("android turkey", lambda at: f"{at:%d.%m.%Y} {_half(at, 'ÖÖ', 'ÖS')}{_hour(at)}:{at:%M} - "),
    Form(
        "android korea",
        lambda at: f"{at.year}년 {at.month}월 {at.day}일 {_half(at, '오전', '오후')} {_hour(at)}:{at:%M}, ",
        colon=" : ",
    ),
]
FORMS = IPHONE + ANDROID
