"""The service is killed at any moment and started again: it misses no message, answers none twice, never guesses."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from signoff import MessageStatus, StateManager
from signoff.gateway.simulator import Simulator

from ..waiting import eventually
from .conftest import HARD, Running, StartService, let_all_through
from .run_service import STATE_FILE, open_world, write_options

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX"),
    pytest.mark.timeout(600 if HARD else 120),
]

SEEDS = range(12) if HARD else range(1)
MESSAGES = 60 if HARD else 48

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
APPROVED = MessageStatus.APPROVED
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED


def conversations(chats: int) -> list[dict[str, Any]]:
    """Contacts who each write again when they have an answer."""
    turns = [(number % chats, number // chats) for number in range(MESSAGES)]
    return [
        {"chat": f"1555010{chat:04}@c.us", "text": f"Question {turn} of {chat}", "after_reply": turn > 0}
        for chat, turn in turns
    ]


class Play:
    """A world with its state, looked at from beside the service."""

    def __init__(self, folder: Path) -> None:
        self.state = StateManager(folder / STATE_FILE, by="test")
        self.world = open_world(folder, quiet=True)

    def is_over(self) -> bool:
        """Whether everything has been written, taken in, drafted for and settled."""
        if not self.world.is_finished() or self.state.get_messages(PENDING) or self.state.get_messages(APPROVED):
            return False
        return all(self.state.store.answer_to(row.seq) for row in self.state.rows(INCOMING))

    def close(self) -> None:
        self.state.close()
        self.world.close()


def kill_until_over(start_service: StartService, play: Play, chance: random.Random, kills: int) -> int:
    """Start and kill the service so many times, at random moments of its life; then let it come to an end."""
    done = 0
    while done < kills and not play.is_over():
        service = start_service()
        if chance.random() < 0.85:
            service.wait_until_up()
            time.sleep(chance.expovariate(1 / 0.06))
        else:
            time.sleep(chance.uniform(0, 0.3))
        service.kill()
        done += 1
    finish(start_service("--quiet"), play)
    return done


def finish(service: Running, play: Play) -> None:
    service.wait_until_up()
    eventually(play.is_over, 60)
    service.kill()


def insist_on_once_each(play: Play, messages: int) -> None:
    """None missed, none answered twice, each answer in its own words to its own chat."""
    incoming = play.state.get_messages(INCOMING)
    assert len({message["body"] for message in incoming}) == len(incoming) == messages
    assert set(Counter(delivery.token for delivery in play.world.deliveries()).values()) <= {1}
    answers = Counter((delivery.chat, delivery.text) for delivery in play.world.deliveries())
    assert set(answers.values()) <= {1}
    assert answers.keys() <= {(message["from"], f"Answer to: {message['body']}") for message in incoming}
    for row in play.state.rows(INCOMING):
        approvals = [event for event in play.state.history(f"reply_{row.id}") if event["kind"] == "approved"]
        assert len(approvals) == 1
    assert play.state.get_messages(MessageStatus.REJECTED) == []
    assert play.state.check() == []


def insist_on_the_truth(play: Play) -> None:
    """What was delivered is SENT; what was not is FAILED, unconfirmed, and shown as that."""
    delivered = {(delivery.chat, delivery.text) for delivery in play.world.deliveries()}
    assert {(message["recipient"], message["body"]) for message in play.state.get_messages(SENT)} == delivered
    for row in play.state.rows(FAILED):
        assert (row.reason, row.delivery) == ("unconfirmed", "unknown")


@pytest.mark.parametrize("seed", SEEDS)
def test_where_attempts_can_be_looked_up_every_message_is_answered_exactly_once(
    tmp_path: Path, start_service: StartService, seed: int
) -> None:
    rates = {"lose-answer": 0.1, "lost": 0.1, "refuse-passing": 0.1, "double": 0.2, "die": 0.05}
    write_options(tmp_path, script=conversations(12), rates=rates)
    let_all_through(tmp_path)
    play = Play(tmp_path)
    kills = kill_until_over(start_service, play, random.Random(seed), 60 if HARD else 20)
    assert kills > 3
    insist_on_once_each(play, MESSAGES)
    insist_on_the_truth(play)
    assert len(play.world.deliveries()) == MESSAGES
    play.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_where_nothing_can_be_looked_up_what_is_not_known_is_unconfirmed_and_never_sent_again(
    tmp_path: Path, start_service: StartService, seed: int
) -> None:
    rates = {"lose-answer": 0.05, "lost": 0.05, "double": 0.2, "die": 0.1}
    write_options(tmp_path, script=conversations(MESSAGES), rates=rates, can_lookup=False)
    let_all_through(tmp_path)
    play = Play(tmp_path)
    kill_until_over(start_service, play, random.Random(seed), 60 if HARD else 20)
    insist_on_once_each(play, MESSAGES)
    insist_on_the_truth(play)
    assert len(play.world.deliveries()) + len(play.state.get_messages(FAILED)) == MESSAGES
    play.close()


@pytest.mark.parametrize("can_lookup", [True, False])
@pytest.mark.parametrize("delivered", [True, False])
def test_a_process_that_dies_in_the_middle_of_a_send(
    tmp_path: Path, start_service: StartService, can_lookup: bool, delivered: bool
) -> None:
    write_options(tmp_path, can_lookup=can_lookup, acks=[])
    let_all_through(tmp_path)
    world: Simulator = open_world(tmp_path)
    world.contact_writes("15550100141@c.us", "Are you open?")
    world.fail_next("die", delivered=delivered)
    assert start_service().ended() == -9
    assert len(world.deliveries()) == delivered
    play = Play(tmp_path)
    finish(start_service(), play)
    outcome = next(row for status in (SENT, FAILED) for row in play.state.rows(status))
    assert outcome.status == ("sent" if can_lookup else "failed")
    assert outcome.reason == (None if can_lookup else "unconfirmed")
    assert len(world.deliveries()) == (can_lookup or delivered)
    assert play.state.check() == []
    play.close()
