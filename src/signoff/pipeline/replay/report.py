"""What a replay shows: what would have been answered, what waits and for how long, drafts beside what was answered."""

from __future__ import annotations

import difflib
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...clock import SECOND
from .rehearsal import Rehearsal
from .script import Script

DRAFTED, SILENT, FAILED, WORDLESS = "drafted", "nothing to say", "assistant failed", "no words"
"""What becomes of a message: it has a draft; the assistant says nothing; it fails; there is no text to answer."""
OUTCOMES = (DRAFTED, SILENT, FAILED, WORDLESS)

_LONGEST = 300
_SCRIPTS_WITHOUT_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(
    rf"[{_SCRIPTS_WITHOUT_SPACES}]|[^\s!-/:-@\[-`{{-~¡¿،؟؛。、，！？…«»“”„‘’।{_SCRIPTS_WITHOUT_SPACES}]+"
)


def similarity(one: str, other: str) -> float:
    """How alike two texts are, from 0 to 1: the share of words that they have in common, in the same order.

    The ratio of Ratcliff and Obershelp as `difflib` has it, over words without case and punctuation (over characters
    in scripts that put no spaces between words); the first 300 of each count.
    """
    words, others = _words(one), _words(other)
    return difflib.SequenceMatcher(None, words, others, autojunk=False).ratio() if words or others else 0.0


def _words(text: str) -> list[str]:
    return _TOKEN.findall(text.casefold())[:_LONGEST]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message that came in, what was drafted and what was answered then.

    Attributes:
        at: when it came in, local time.
        wait: seconds until it was answered then; None if it never was.
        score: `similarity` of draft and answer; None unless there are both.
    """

    at: datetime
    contact: str
    text: str
    outcome: str
    draft: str | None
    author: str | None
    note: str | None
    answer: str | None
    wait: float | None
    score: float | None

    def as_dict(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {name: getattr(self, name) for name in self.__slots__} | {"at": self.at.isoformat()}


@dataclass(slots=True)
class Tally:
    """How many messages came to which end, and how long those waited that were answered then.

    Attributes:
        outcomes: how many, by outcome.
        waits: seconds, of the messages that were answered then, whatever would have been drafted.
        still: the waits of those among them that would still wait for a person.
        scores: of the drafts that something was answered to.
    """

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    waits: list[float] = field(default_factory=list)
    still: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def add(self, exchange: Exchange) -> None:
        """Count one more."""
        self.outcomes[exchange.outcome] += 1
        if exchange.wait is not None:
            self.waits.append(exchange.wait)
            if exchange.outcome != DRAFTED:
                self.still.append(exchange.wait)
        if exchange.score is not None:
            self.scores.append(exchange.score)

    @property
    def incoming(self) -> int:
        """How many came in."""
        return sum(self.outcomes.values())

    @property
    def drafted(self) -> int:
        """How many would have been answered."""
        return self.outcomes[DRAFTED]

    @property
    def waiting(self) -> int:
        """How many would wait for a person."""
        return self.incoming - self.drafted

    @property
    def unanswered(self) -> int:
        """How many were never answered then."""
        return self.incoming - len(self.waits)

    def as_dict(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "incoming": self.incoming,
            "outcomes": self.outcomes,
            "unanswered_then": self.unanswered,
            "seconds_until_answered_then": spread(self.waits),
            "seconds_waited_by_those_for_a_person": spread(self.still),
            "similarity": spread(self.scores),
        }


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """The median, the value that nine of ten do not exceed, and the greatest; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "ninth": ordered[(len(ordered) * 9 - 1) // 10], "most": ordered[-1]}


class Report:
    """The figures of a replay.

    Attributes:
        exchanges: every message that came in, in order.
        ours: how many messages were answered with then.
        total: all of them counted.
        contacts: counted by contact, who wrote most first.
        hours: counted by the hour of the day, 0 to 23.
    """

    def __init__(self, exchanges: Iterable[Exchange], ours: int) -> None:
        self.exchanges = list(exchanges)
        self.ours = ours
        self.total = Tally()
        self.hours = [Tally() for _ in range(24)]
        contacts: dict[str, Tally] = {}
        for exchange in self.exchanges:
            for tally in (self.total, self.hours[exchange.at.hour], contacts.setdefault(exchange.contact, Tally())):
                tally.add(exchange)
        self.contacts: Mapping[str, Tally] = dict(sorted(contacts.items(), key=lambda item: -item[1].incoming))

    @property
    def drafts(self) -> list[Exchange]:
        """Those that have a draft."""
        return [exchange for exchange in self.exchanges if exchange.outcome == DRAFTED]

    @property
    def open(self) -> list[Exchange]:
        """Those that would wait for a person."""
        return [exchange for exchange in self.exchanges if exchange.outcome != DRAFTED]

    def as_dict(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            **self.total.as_dict(),
            "written_by_me_then": self.ours,
            "contacts": {name: tally.as_dict() for name, tally in self.contacts.items()},
            "hours": [tally.as_dict() for tally in self.hours],
            "exchanges": [exchange.as_dict() for exchange in self.exchanges],
        }


def report_of(rehearsal: Rehearsal, script: Script) -> Report:
    """The report of what has been played so far."""
    return Report((_exchange(rehearsal, script, number) for number in range(len(rehearsal.played))), script.ours)


def _exchange(rehearsal: Rehearsal, script: Script, number: int) -> Exchange:
    event = rehearsal.played[number]
    draft, answer = rehearsal.drafts.get(event.id), script.answer_to(event.id)
    silent = FAILED if event.id in rehearsal.failures else SILENT if event.text.strip() else WORDLESS
    return Exchange(
        at=datetime.fromtimestamp(event.at // SECOND),  # local time, as the phone wrote it
        contact=event.name or event.sender,
        text=event.text or f"‹{event.kind}›",
        outcome=silent if draft is None else DRAFTED,
        draft=draft.text if draft else None,
        author=draft.author if draft else None,
        note=draft.note if draft else None,
        answer=answer.text if answer else None,
        wait=max(0.0, (answer.at - event.at) / SECOND) if answer else None,
        score=similarity(draft.text, answer.text) if draft and answer else None,
    )
