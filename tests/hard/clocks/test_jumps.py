"""Clocks that jump, forward and back, by hours and by years: nothing is sent twice, nothing is stuck for long."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.clock import DAY, HOUR, MINUTE, SECOND
from signoff.errors import Decision
from signoff.gateway import Outcome, Outgoing
from signoff.gateway.simulator import Simulator
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.keeper import Keeper
from signoff.pipeline.outbox import LOOK_FOR, Outbox

from ...conftest import ManualClock
from ..strike import HARD

SEED = int(os.environ.get("SIGNOFF_SEED") or random.randrange(1 << 20))
SEEDS = [SEED + number for number in range(60 if HARD else 2)]
YEAR = 365 * DAY
JUMPS = [HOUR, -HOUR, 5 * MINUTE, -5 * MINUTE, DAY, -DAY, YEAR, -YEAR, 30 * YEAR, -15 * YEAR, 61 * SECOND, -SECOND]
END_OF_32_BITS = (1 << 31) * SECOND
PATIENCE = HOUR + LOOK_FOR + 10 * MINUTE
"""After the last jump: what it may wait that a clock has put off, five minutes of looking up, leases and retries."""

PENDING = MessageStatus.PENDING_APPROVAL
APPROVED = MessageStatus.APPROVED


class Jumping(Simulator):
    """A world in which time jumps also while a message is handed over; half of the answers get lost."""

    def __init__(self, clock: ManualClock, chance: random.Random, can_lookup: bool) -> None:
        rates = {"lost": 0.1, "lose-answer": 0.2, "refuse-passing": 0.1}
        super().__init__(clock=clock, acks=[], rates=rates, can_lookup=can_lookup, random=chance)
        self.jump: Callable[[], object] = lambda: None

    def send(self, message: Outgoing) -> Outcome:
        self.jump()
        outcome = super().send(message)
        self.jump()
        return outcome


class Story:
    """Two services on one state, under one clock that jumps."""

    def __init__(self, folder: Path, clock: ManualClock, seed: int, can_lookup: bool) -> None:
        self.clock, self.chance = clock, random.Random(seed)
        self.world = Jumping(clock, self.chance, can_lookup)
        self.states = [StateManager(folder / "state.db", by=f"service {n}", clock=clock) for n in range(2)]
        self.state = self.states[0]
        self.asked = 0
        self.rounds: list[Callable[[], object]] = [self.approve]
        for state in self.states:
            self.rounds += [
                Inbox(state, self.world, wait=0).round,
                Drafts(state, lambda message, _: f"Answer to {message['body']}").round,
                Outbox(state, self.world).round,
                Keeper(state, self.world).round,
            ]

    def ask(self) -> None:
        self.world.contact_writes(f"1555010099{self.chance.randrange(4)}@c.us", f"Question {self.asked}")
        self.asked += 1

    def approve(self) -> None:
        for row in list(self.state.rows(PENDING)):
            try:
                self.state.approve(row.id, despite=row.stale)
            except Decision:
                continue

    def jump(self) -> None:
        """Now and then the time jumps, once to where 32 bits of seconds end."""
        if self.chance.random() < 0.1:
            jump = self.chance.choice([*JUMPS, END_OF_32_BITS - self.clock.now - self.chance.randrange(SECOND)])
            self.clock.now = max(SECOND, min(self.clock.now + jump, 4 * END_OF_32_BITS))

    def play(self, steps: int) -> None:
        self.world.jump = self.jump
        for _ in range(steps):
            self.chance.choice([self.ask, *self.rounds])()
            self.clock.now += self.chance.randrange(SECOND)
            self.jump()

    def settle(self) -> None:
        """No more jumps: everything comes to its end in the time that is stated."""
        self.world.jump = lambda: None
        self.world.change_session("ready")
        self.end = self.clock.now + PATIENCE
        while self.clock.now < self.end:
            for act in self.rounds:
                act()
            self.clock.now += 30 * SECOND

    def close(self) -> None:
        for state in self.states:
            state.close()
        self.world.close()


@pytest.fixture
def make_story(tmp_path: Path, clock: ManualClock) -> Iterator[Callable[[int, bool], Story]]:
    stories: list[Story] = []

    def make(seed: int, can_lookup: bool) -> Story:
        stories.append(Story(tmp_path, clock, seed, can_lookup))
        return stories[-1]

    yield make
    for story in stories:
        story.close()


@pytest.mark.parametrize("can_lookup", [True, False], ids=["lookup", "blind"])
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_the_clock_does_nothing_is_sent_twice_and_nothing_stays_stuck(
    make_story: Callable[[int, bool], Story], seed: int, can_lookup: bool
) -> None:
    story = make_story(seed, can_lookup)
    story.play(300)
    story.settle()
    sent = Counter((delivery.chat, delivery.text) for delivery in story.world.deliveries())
    assert set(sent.values()) <= {1}, sent.most_common(3)
    rows = [row for status in MessageStatus for row in story.state.rows(status)]
    answers = [row for row in rows if row.origin == "draft"]
    assert len([row for row in rows if row.origin == "gateway"]) == story.asked
    assert {row.status for row in answers} <= {"sent", "failed"}, Counter((r.status, r.delivery) for r in answers)
    assert len(answers) == story.asked
    for row in answers:
        assert (row.status == "sent") <= ((row.chat, row.text) in sent), row
        assert row.status == "sent" or row.reason in ("unconfirmed", "refused"), row
    assert story.state.check() == []
