"""The service is killed at the calls that make its work durable: no message is missed, none is answered twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from signoff import MessageStatus

from ...system.conftest import let_all_through
from ...system.run_service import write_options
from ...system.test_kill import Play, insist_on_once_each, insist_on_the_truth
from ...waiting import eventually
from ..conftest import Tell
from ..strike import HARD, ROOT, needs_strace

pytestmark = [needs_strace, pytest.mark.timeout(3600)]

CALLS = ["fdatasync", "pwrite64", "fsync"]
MOST = {"fdatasync": 40, "pwrite64": 160, "fsync": 24}
"""Up to the call of which number, counted in each thread, it is killed: beyond that all is done."""
MESSAGES = 150


@contextmanager
def service(folder: Path, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """A service in a session of its own, ended with all that it has started."""
    command = [*before, sys.executable, "-m", "tests.system.run_service", str(folder), "--quiet"]
    with (folder / "service.err").open("ab") as errors:
        running = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def killed_at(folder: Path, play: Play, call: str, number: int) -> bool:
    """Run a service until it makes this call for the n-th time in a thread, or has nothing left to do; which."""
    inject = f"inject={call}:signal=SIGKILL:when={number}"
    with service(folder, "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject) as running:
        eventually(lambda: running.poll() is not None or play.is_over(), 60)
        return running.poll() is not None


def questions(count: int, chats: int) -> list[dict[str, object]]:
    """Contacts who each write again when they have an answer."""
    return [
        {"chat": f"1555010{number % chats:04}@c.us", "text": f"Question {number}", "after_reply": number >= chats}
        for number in range(count)
    ]


@pytest.mark.parametrize("can_lookup", [True, False] if HARD else [False], ids=str)
@pytest.mark.parametrize("call", CALLS if HARD else ["fdatasync"])
def test_killed_at_any_call_the_service_misses_nothing_and_answers_nothing_twice(
    tmp_path: Path, tell: Tell, call: str, can_lookup: bool
) -> None:
    messages = MESSAGES if HARD else 8
    write_options(tmp_path, script=questions(messages, 6 if can_lookup else messages), can_lookup=can_lookup)
    let_all_through(tmp_path)
    play = Play(tmp_path)
    points = range(1, MOST[call] + 1) if HARD else (3, 6, 9, 14)
    killed = sum(not play.is_over() and killed_at(tmp_path, play, call, number) for number in points)
    with service(tmp_path):
        eventually(play.is_over, 60)
    insist_on_once_each(play, messages)
    insist_on_the_truth(play)
    failed = len(play.state.get_messages(MessageStatus.FAILED))
    assert len(play.world.deliveries()) + failed == messages
    assert killed
    assert not can_lookup or not failed
    tell(f"service killed at {killed} calls of {call}; {messages} messages, {failed} unconfirmed")
    play.close()
