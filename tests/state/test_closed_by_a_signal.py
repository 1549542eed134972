"""What a signal handler does with a state never waits for what it has interrupted: ``close`` above all."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from state_manager import MessageStatus, StateManager

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are others there")

PROGRAM = """
import os, signal, sys, threading, time
from state_manager import MessageStatus, StateManager

manager = StateManager("state.json", by="script")

stopped = False

def stop(*_):
    global stopped
    stopped = True
    manager.close()
    sys.exit(7)

def write(number):
    manager.add_message({"id": str(number)}, MessageStatus.INCOMING)
    print(number, flush=True)

def read(number):
    manager.get_messages(MessageStatus.INCOMING)

def look(number):
    os.utime("state.json")
    manager._writer._next_look = 0.0
    manager.get_config("human_in_the_loop")

def open_and_close(number):
    StateManager("other.json").close()

signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
number = 0
while not stopped:
    number += 1
    globals()[sys.argv[1]](number)
sys.exit(7)  # Python ignores what a handler raises that has interrupted the end of a thread, say
"""


@pytest.mark.parametrize("doing", ["write", "read", "look", "open_and_close"])
def test_ends_whatever_it_interrupts_and_loses_nothing(tmp_path: Path, doing: str) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    for turn in range(4):
        folder = tmp_path / str(turn)
        folder.mkdir()
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, doing],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            time.sleep(chance.random() * 0.3)  # somewhere in the middle
            program.send_signal(signal.SIGTERM)
            said, errors = program.communicate(timeout=30)
        finally:
            program.kill()
        assert program.returncode == 7, f"seed {seed}, turn {turn}: {errors}"
        assert "ignored" in errors or not errors, f"seed {seed}, turn {turn}"
        with StateManager(folder / "state.json") as manager:
            known = {message["id"] for message in manager.get_messages(MessageStatus.INCOMING)}
            assert known >= set(said.split()), f"seed {seed}, turn {turn}"
            assert manager.check() == []


OPENING = """
import random, signal, sys
from signoff.errors import StoreError
from state_manager import StateManager

chance = random.Random(int(sys.argv[1]))
done = {"opened": 0, "refused": 0}

def strike(*_):
    try:
        with StateManager(chance.choice(["state.json", "other.json"])) as manager:
            manager.get_config("mine")
        done["opened"] += 1
    except StoreError:
        done["refused"] += 1
    if sum(done.values()) < 300:
        signal.setitimer(signal.ITIMER_REAL, 0.0001 + chance.random() * 0.01)

signal.signal(signal.SIGALRM, strike)
signal.setitimer(signal.ITIMER_REAL, chance.random() * 0.1)
while sum(done.values()) < 300:
    with StateManager("state.json") as manager:
        manager.get_config("mine")
print(*done.values())
"""


def test_a_handler_that_opens_a_state_while_one_is_opened_is_told_and_waits_for_nothing(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    program = [sys.executable, "-c", OPENING, str(seed)]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), f"seed {seed}"
    opened, refused = map(int, done.stdout.split())
    assert min(opened, refused) > 0, f"seed {seed}"
