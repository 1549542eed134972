"""Asked again: what somebody said when they wanted another draft."""

from __future__ import annotations

from dataclasses import dataclass

from ..store import Store
from ..store.rows import Row


@dataclass(frozen=True, slots=True)
class Asked:
    """That somebody asked for another draft.

    Attributes:
        by: who.
        reason: what they typed; None when they gave no reason.
        at: when, in microseconds since 1970 UTC.
        answered: whether an assistant has looked at it since: there is another draft, or it has none to give.
    """

    by: str
    reason: str | None
    at: int
    answered: bool


def asked_again(store: Store, account: int, incoming: Row) -> Asked | None:
    """The last time that somebody asked for another draft for an incoming message; None when nobody did."""
    answered = False
    for event in reversed(store.history(account, incoming.id)):
        if event.kind == "asked again":
            return Asked(event.by, event.why, event.at, answered)
        answered = answered or event.kind in ("drafted", "no draft")
    return None
