"""A process that owns a world is killed while it writes; what it was told stays true."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from signoff.gateway import Accepted, Incoming, Outgoing
from signoff.gateway.simulator import Simulator

WORKER = """
import os, sys
from signoff.gateway import Incoming, Outgoing
from signoff.gateway.simulator import Simulator

def say(*words):
    os.write(1, (" ".join(words) + "\\n").encode())

name = sys.argv[2]
world = Simulator(sys.argv[1])
say("open")
for number in range(10_000):
    token = f"{name}-{number}"
    say("wrote", world.contact_writes("15550100111@c.us", token))
    say("sending", token)
    world.send(Outgoing(token, "15550100111@c.us", "text " * 50, 0))
    say("sent", token)
    first = [event for event in world.events() if isinstance(event, Incoming)][:1]
    if number % 2:
        say("acknowledging", first[0].id)
        world.acknowledge(first)
        say("acknowledged", first[0].id)
"""


def run_and_kill(folder: Path, name: str, lines: int) -> dict[str, list[str]]:
    """Start a worker, kill it -9 after so many lines of its report, and give what it reported."""
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(folder), name], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    report = [worker.stdout.readline() for _ in range(lines)]
    worker.kill()
    report += worker.stdout.readlines()
    worker.stdout.close()
    worker.wait()
    told: dict[str, list[str]] = {}
    for line in report:
        if line.endswith(b"\n"):
            verb, *rest = line.decode().split()
            told.setdefault(verb, []).extend(rest)
    return told


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
@pytest.mark.parametrize("seed", [1, 2])
def test_after_kills_nothing_told_is_lost_and_deliveries_are_counted_right(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    told: dict[str, list[str]] = {}
    for number in range(6):
        for verb, names in run_and_kill(tmp_path, f"run{number}", chance.randrange(1, 60)).items():
            told.setdefault(verb, []).extend(names)
    world = Simulator(tmp_path)
    counts = Counter(delivery.token for delivery in world.deliveries())
    assert set(counts.values()) <= {1}
    assert set(told["sent"]) <= counts.keys() <= set(told["sending"])
    pending = {event.id for event in world.events() if isinstance(event, Incoming)}
    assert set(told["wrote"]) - set(told["acknowledging"]) <= pending
    assert not pending & set(told["acknowledged"])
    for token in counts:
        assert isinstance(world.lookup(Outgoing(token, "15550100111@c.us", "", 0)), Accepted)


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
def test_a_writer_goes_on_while_another_is_killed_in_the_middle(tmp_path: Path) -> None:
    world = Simulator(tmp_path)
    told = run_and_kill(tmp_path, "killed", 40)
    outcomes = [world.send(Outgoing(f"own-{number}", "15550100112@c.us", "Hello", 0)) for number in range(20)]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    tokens = [delivery.token for delivery in world.deliveries()]
    assert tokens[-20:] == [f"own-{number}" for number in range(20)]
    assert set(told["sent"]) <= set(tokens)


def test_processes_that_write_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    code = (
        "import sys; from signoff.gateway import Outgoing; from signoff.gateway.simulator import Simulator\n"
        "world = Simulator(sys.argv[1])\n"
        "for n in range(150): world.send(Outgoing(f'{sys.argv[2]}-{n}', 'a@c.us', 'Hello', 0))"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(name)]) for name in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    tokens = Counter(delivery.token for delivery in Simulator(tmp_path).deliveries())
    assert tokens == Counter(f"{name}-{number}" for name in range(3) for number in range(150))
