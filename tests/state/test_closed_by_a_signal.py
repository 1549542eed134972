"""``close`` in a signal handler, where most scripts have it: it never waits for what it has interrupted."""

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

def stop(*_):
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
while True:
    number += 1
    globals()[sys.argv[1]](number)
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
        assert (program.returncode, errors) == (7, ""), f"seed {seed}, turn {turn}"
        with StateManager(folder / "state.json") as manager:
            known = {message["id"] for message in manager.get_messages(MessageStatus.INCOMING)}
            assert known >= set(said.split()), f"seed {seed}, turn {turn}"
            assert manager.check() == []
