"""A process that is stopped for longer than its lease, and wakes up when others have done its work, changes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.gateway import Incoming
from signoff.gateway.simulator import Simulator
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.outbox import Outbox

from ...waiting import eventually
from ..strike import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGSTOP is of POSIX")

ANA = "15550100881@c.us"


@contextmanager
def asleep(folder: Path, part: str) -> Iterator[subprocess.Popen[str]]:
    """A process that stopped itself in the middle of its work."""
    command = [sys.executable, "-m", "tests.hard.many.sleeper", str(folder), part]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def wake(process: subprocess.Popen[str]) -> None:
    """Let it go on to its end."""
    process.send_signal(signal.SIGCONT)
    assert process.communicate(timeout=30)[0] == "done\n"
    assert process.returncode == 0


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateManager]:
    with StateManager(tmp_path / "state.db", by="test") as state:
        yield state
        assert state.check() == []


def approved(state: StateManager, message_id: str) -> None:
    state.add_message({"id": message_id, "recipient": ANA, "body": "Hello"}, MessageStatus.PENDING_APPROVAL)
    state.approve(message_id)


def taken_over(state: StateManager) -> None:
    """Another finds the sender gone, and nobody can say what became of the message."""
    eventually(Outbox(state, Simulator(can_lookup=False)).recover)
    assert (state.get_message("m1").status, state.get_message("m1").reason) == ("failed", "unconfirmed")


def test_a_sender_that_wakes_up_cannot_touch_the_attempt_of_another(state: StateManager, tmp_path: Path) -> None:
    approved(state, "m1")
    with asleep(tmp_path, "send") as process:
        taken_over(state)
        state.send_again("m1")
        claim = state.store.claim_next(state.account, lease=60_000_000, by="test")
        assert claim is not None
        before, history = state.get_message("m1"), state.history("m1")
        wake(process)
    assert (state.get_message("m1"), state.history("m1")) == (before, history)
    assert state.store.refused(claim, "no such number", by="test", move=True)
    assert state.get_message("m1").status == "failed"


def test_a_sender_that_wakes_up_and_knows_that_it_arrived_says_only_that(state: StateManager, tmp_path: Path) -> None:
    approved(state, "m1")
    with asleep(tmp_path, "send") as process:
        taken_over(state)
        wake(process)
    assert state.get_message("m1").status == "sent"
    assert [attempt.outcome for attempt in state.store.attempts(state.get_message("m1").seq)] == ["accepted"]


def test_an_assistant_that_wakes_up_does_not_replace_the_draft_of_another(state: StateManager, tmp_path: Path) -> None:
    world = Simulator()
    Inbox(state, world, wait=0).take(Incoming("w1", ANA, ANA, "Are you open?", 1))
    with asleep(tmp_path, "draft") as process:
        drafts = Drafts(state, lambda message, _: "From now")
        eventually(drafts.round)
        before, history = state.get_message("reply_w1"), state.history("w1")
        wake(process)
    assert state.get_message("reply_w1") == before
    assert before.text == "From now"
    assert state.history("w1") == history
