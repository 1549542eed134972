"""What can go wrong on demand, and at random by rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from ...errors import GatewayError

KINDS = {
    "refuse": "it is refused for good",
    "refuse-passing": "it is refused, but trying later may help",
    "lose-answer": "it is delivered, and the answer gets lost",
    "lost": "it gets lost on its way, and so does the answer",
    "late": "no answer comes; it is delivered later",
    "hang": "the call does not come back until it is released or its time is over",
    "die": "the process is killed in the middle of the call",
    "double": "the next message of a contact comes twice",
}
"""The faults and what they mean. All but ``double`` meet the next `Simulator.send`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault to come.

    Attributes:
        kind: one of `KINDS`.
        delivered: with ``hang`` and ``die``, whether the message is delivered before.
        rounds: with ``late``, after how many calls of `Simulator.events` it is delivered; None: only when told.
    """

    kind: str
    delivered: bool = False
    rounds: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise GatewayError(f"there is no fault {self.kind!r}: use one of {', '.join(KINDS)}")
        if self.delivered and self.kind not in ("hang", "die"):
            raise GatewayError(f"delivered=True goes with 'hang' and 'die' only, not with {self.kind!r}")
        if self.rounds is not None and (self.kind != "late" or self.rounds < 1):
            raise GatewayError(f"rounds={self.rounds} of {self.kind!r}: it goes with 'late' only and is at least 1")

    @property
    def delivers(self) -> bool:
        """Whether the message reaches the contact within the call."""
        return self.delivered or self.kind == "lose-answer"


def check_rates(rates: Mapping[str, float]) -> None:
    """Refuse rates that are none.

    Raises:
        GatewayError: an unknown fault, a rate below 0, or rates of sending that add up to more than 1.
    """
    for kind, rate in rates.items():
        Fault(kind)
        if not 0 <= rate <= 1:
            raise GatewayError(f"the rate of {kind!r} is {rate}: it must be between 0 and 1")
    if sum(rate for kind, rate in rates.items() if kind != "double") > 1:
        raise GatewayError(f"the rates of sending add up to more than 1: {dict(rates)}")


def draw(kinds: Iterable[str], rates: Mapping[str, float], random: Random) -> Fault | None:
    """A fault by chance, or None for none."""
    number = random.random()
    for kind in kinds:
        number -= rates.get(kind, 0)
        if number < 0:
            return Fault(kind, kind in ("hang", "die") and random.random() < 0.5, 1 if kind == "late" else None)
    return None
