"""Killed at any moment, again and again: of ten thousand acknowledged operations none is lost."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from signoff.store import open_store

from ...conftest import verify
from ...store.outside import Program
from ...store.programs.stages import STAGES
from ..conftest import Tell
from ..strike import HARD

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX"),
    pytest.mark.timeout(1800),
]

OPERATIONS = 10_000 if HARD else 150
SEED = int(os.environ.get("SIGNOFF_SEED") or random.randrange(1 << 32))


def kill_one_round(path: Path, round_: int, chance: random.Random) -> Counter[str]:
    """Let two processes of two threads write and kill both; how many operations of each message were acknowledged."""
    programs = [Program("stages", path, f"r{round_}-p{number}", 2) for number in range(2)]
    told: Counter[str] = Counter()
    for program in programs:
        assert program.process.stdout is not None
        told[program.process.stdout.readline().split()[0]] += 1
    time.sleep(chance.uniform(0, 0.12))
    for program in chance.sample(programs, 2):
        told.update(line.split()[0] for line in program.kill())
    return told


def insist_on_all(path: Path, told: Counter[str]) -> None:
    """Every acknowledged operation is in the history, in its order; what was handed out is not for anybody else."""
    store = open_store(path)
    account = store.account("default")
    for message_id, count in told.items():
        reached = [event.kind for event in store.history(account, message_id)]
        assert reached[:count] == list(STAGES[:count]), (message_id, count, reached)
    claim = store.claim_next(account, lease=60_000_000, by="afterwards")
    assert claim is None or told[claim.id] < STAGES.index("claimed") + 1, claim
    if claim is not None:
        assert store.accepted(claim, None, by="afterwards", move=True)
    assert store.check() == []
    store.close()


def test_no_acknowledged_operation_is_lost_however_often_everybody_is_killed(tmp_path: Path, tell: Tell) -> None:
    chance, kills, count = random.Random(SEED), 0, 0
    while count < OPERATIONS:
        told = kill_one_round(tmp_path / "state.db", kills, chance)
        insist_on_all(tmp_path / "state.db", told)
        kills, count = kills + 2, count + sum(told.values())
    verify(tmp_path / "state.db")
    tell(f"killed {kills} times at random among {count} acknowledged operations, seed {SEED}")
