"""The rules of the lifecycle on a message by itself: what is refused, and what the refusal tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

import pytest

from signoff import lifecycle
from signoff.clock import local_iso
from signoff.errors import Decision, IllegalMove, InFlight, StaleVersion
from signoff.lifecycle import Delivery
from signoff.lifecycle import MessageStatus as S

AT = 1_790_000_000_123_456
MOMENT = local_iso(AT)[:19].replace("T", " ")


@dataclass
class Message:
    """A draft that waits, unless a test says otherwise."""

    id: str = "m1"
    status: str = S.PENDING_APPROVAL.value
    delivery: str | None = None
    digest: str | None = "d"
    draft_version: int = 1
    approved_version: int | None = None
    approved_by: str | None = None
    approved_at: int | None = None
    stale: str | None = None
    changed_at: int = AT
    changed_by: str = "maria"
    changed_what: str = "decided"


def test_the_drawing_begins_with_what_comes_in_and_shows_every_move_with_its_meaning() -> None:
    lines = lifecycle.mermaid().split("\n")
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> INCOMING"]
    assert "    FAILED --> SENT: it did arrive" in lines
    assert len(lines) == 2 + len(lifecycle.MOVES)


def test_a_move_is_regular_where_the_table_has_it() -> None:
    assert {pair for pair in product(S, S) if lifecycle.is_regular(*pair)} == set(lifecycle.MOVES)


def test_whoever_comes_late_is_told_what_was_decided_by_whom_and_when() -> None:
    with pytest.raises(StaleVersion, match=re.escape(f"it was decided by maria at {MOMENT}; nothing was changed")):
        lifecycle.check_seen(Message(), S.APPROVED)
    approved = Message(approved_version=1, approved_by="ben", approved_at=AT, status=S.APPROVED.value)
    with pytest.raises(StaleVersion, match=re.escape(f"was already approved by ben at {MOMENT}")):
        lifecycle.check_approve(approved, 1, None)


@pytest.mark.parametrize("doing", ["approved", "edited"])
def test_what_was_rejected_is_not_decided_about_again_before_it_is_reopened(doing: str) -> None:
    row = Message(status=S.REJECTED.value)
    with pytest.raises(StaleVersion, match=f"cannot be {doing}: it was rejected by maria .*reopen it first"):
        lifecycle.check_approve(row, 1, None) if doing == "approved" else lifecycle.check_change(row, 1, doing)


@pytest.mark.parametrize("doing", ["approved", "edited"])
def test_what_came_in_is_not_decided_about(doing: str) -> None:
    row = Message(status=S.INCOMING.value)
    with pytest.raises(IllegalMove, match=f"is incoming: it cannot be {doing}"):
        lifecycle.check_approve(row, 1, None) if doing == "approved" else lifecycle.check_change(row, 1, doing)


@pytest.mark.parametrize(
    ("status", "approved", "refused"),
    [
        (S.PENDING_APPROVAL, None, False),
        (S.PENDING_APPROVAL, 1, True),
        (S.REJECTED, None, True),
        (S.APPROVED, 1, True),
    ],
)
def test_a_draft_expires_only_while_nobody_has_decided(status: S, approved: int | None, refused: bool) -> None:
    row = Message(status=status.value, approved_version=approved)
    if not refused:
        lifecycle.check_undecided(row)
        return
    with pytest.raises(StaleVersion, match="waits for nobody any more"):
        lifecycle.check_undecided(row)


@pytest.mark.parametrize(
    ("delivery", "status", "kind", "said"),
    [
        (Delivery.OPEN, S.APPROVED, InFlight, "wait for the outcome"),
        (Delivery.ACCEPTED, S.APPROVED, IllegalMove, "already out"),
        (None, S.SENT, IllegalMove, "already out"),
        (Delivery.UNKNOWN, S.FAILED, IllegalMove, r"say confirm_sent \(it arrived\), send_again or give_up$"),
    ],
)
def test_what_has_left_or_may_have_is_not_decided_about(
    delivery: str | None, status: S, kind: type[Decision], said: str
) -> None:
    with pytest.raises(kind, match=said):
        lifecycle.check_undelivered(Message(delivery=delivery, status=status.value))


@pytest.mark.parametrize(
    ("tries", "delay", "exponential", "jitter", "seconds"),
    [
        (1, 2.0, True, 0.5, 2.0),
        (3, 2.0, True, 0.5, 8.0),
        (3, 2.0, False, 0.5, 2.0),
        (1, 10.0, True, 0.0, 8.0),
        (1, 10.0, True, 1.0, 12.0),
        (40, 0.001, True, 0.5, 0.001 * 2**20),
        (9, 60.0, True, 0.5, 3600.0),
    ],
)
def test_each_wait_is_twice_the_one_before_spread_by_a_fifth_and_an_hour_at_most(
    tries: int, delay: float, exponential: bool, jitter: float, seconds: float
) -> None:
    assert lifecycle.retry_delay(tries, delay, exponential, jitter) == pytest.approx(seconds)
