"""An exported chat as text, read line by line; every line ends up somewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from .notices import read_notices
from .stamps import MARKS, Stamp, common_form, moment_of, order_of, read_stamp, without_marks

_LONGEST_NAME = 120
_OFTEN = 3


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message of a person.

    Attributes:
        line: the number of its first line in the file, from 1.
        lines: how many lines it takes.
        at: when, as the phone wrote it: local time, no time zone.
        sender: the name as the phone knew it.
        text: what the person wrote, without the app's own words; empty for a picture without a caption.
        kind: see `notices.Said`.
        file: the name of the attached file, where the export tells it.
        edited: whether it was changed after it was sent.
    """

    line: int
    lines: int
    at: datetime
    sender: str
    text: str
    kind: str = "chat"
    file: str | None = None
    edited: bool = False


@dataclass(frozen=True, slots=True)
class SystemLine:
    """Something that the app says about the chat: encryption, a new member, a missed call."""

    line: int
    lines: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """A line that is neither: text before the first message, a date that does not exist."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A whole exported chat, in the order of the file.

    Attributes:
        lines: how many lines the file has; each is of a message, of the app or unreadable.
    """

    messages: tuple[ChatMessage, ...]
    system: tuple[SystemLine, ...]
    unreadable: tuple[UnreadableLine, ...]
    lines: int

    @property
    def continued(self) -> int:
        """How many lines are not the first of a message, or of what the app says."""
        return self.lines - len(self.messages) - len(self.system) - len(self.unreadable)

    @property
    def names(self) -> tuple[str, ...]:
        """Everyone who wrote, in the order of their first message."""
        return tuple(dict.fromkeys(message.sender for message in self.messages))


@dataclass(frozen=True, slots=True)
class _Block:
    """A line with a date, and the lines after it that have none."""

    line: int
    stamp: Stamp | None
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        start = self.stamp.end if self.stamp else 0
        return "\n".join((self.lines[0][start:], *self.lines[1:]))


def parse(text: str) -> Chat:
    """Read an exported chat: any form of date that iPhones and Android phones write, one per file.

    Never fails: lines that make no sense are named in `Chat.unreadable`.
    """
    lines = _lines(text)
    blocks = list(_blocks(lines))
    order = order_of([block.stamp for block in blocks if block.stamp])
    candidates = [_candidates(block.text) if block.stamp else () for block in blocks]
    names = _names(candidates)
    messages: list[ChatMessage] = []
    system: list[SystemLine] = []
    unreadable: list[UnreadableLine] = []
    for block, possible in zip(blocks, candidates, strict=True):
        at = moment_of(block.stamp, order) if block.stamp else None
        if at is None:
            unreadable += (UnreadableLine(number, line) for number, line in enumerate(block.lines, block.line))
            continue
        found = _read(block, at, *_split(block.text, possible, names))
        if isinstance(found, ChatMessage):
            messages.append(found)
        else:
            system.append(found)
    return Chat(tuple(messages), tuple(system), tuple(unreadable), len(lines))


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    stamps = [read_stamp(line) for line in lines]
    form = common_form(stamp for stamp in stamps if stamp)
    starts = [number for number, stamp in enumerate(stamps) if stamp and stamp.form == form]
    if lines and starts[:1] != [0]:
        yield _Block(1, None, tuple(lines[: starts[0] if starts else None]))
    for start, end in pairwise([*starts, len(lines)]):
        yield _Block(start + 1, stamps[start], tuple(lines[start:end]))


def _read(block: _Block, at: datetime, sender: str, text: str) -> ChatMessage | SystemLine:
    said = read_notices(text)
    if not sender or said.kind == "notice":
        return SystemLine(block.line, len(block.lines), at, without_marks(text))
    return ChatMessage(block.line, len(block.lines), at, sender, said.text, said.kind, said.file, said.edited)


# Names: everything before a colon may be one

_COLON = re.compile(rf"\s?:[{MARKS}]*(?:\s|$)")

_Candidates = tuple[tuple[str, int], ...]
"""What may be the sender's name, the longest first, and where the text begins then."""


def _candidates(text: str) -> _Candidates:
    head = text[:_LONGEST_NAME].partition("\n")[0]
    found = ((" ".join(without_marks(head[: at.start()]).split()), at.end()) for at in _COLON.finditer(head))
    return tuple((name, end) for name, end in found if name and not _in_quotes(name))[::-1]


def _in_quotes(name: str) -> bool:
    return name.count('"') % 2 == 1 or name.rfind("“") > name.rfind("”")


def _split(text: str, candidates: _Candidates, names: frozenset[str]) -> tuple[str, str]:
    """The sender and what follows; no sender where the app speaks."""
    return next(((name, text[end:]) for name, end in candidates if name in names), ("", text))


def _names(texts: Sequence[_Candidates]) -> frozenset[str]:
    """The names of all senders, from what may be the sender of each text.

    The shortest that is possible, but a longer one where everything that begins with the shorter one, several times,
    goes on in the same way: so "Ann: ok" is Ann's, and "Bob: the builder" a name.
    """
    counts: Counter[str] = Counter()
    longer: dict[str, set[str]] = {}
    for candidates in texts:
        names = [name for name, _ in candidates]
        counts.update(names)
        for name, next_name in zip(names[1:], names, strict=False):
            longer.setdefault(name, set()).add(next_name)
    shortest = {candidates[-1][0] for candidates in texts if candidates}
    return frozenset(_grown(name, counts, longer) for name in shortest)


def _grown(name: str, counts: Counter[str], longer: dict[str, set[str]]) -> str:
    while counts[name] >= _OFTEN:
        match = [other for other in longer.get(name, ()) if counts[other] == counts[name]]
        if not match:
            break
        name = match[0]
    return name
