"""Ctrl+C and SIGTERM anywhere in what users call, ten thousand times: nothing is lost or halved, nobody hangs."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from signoff import StateManager

from ..conftest import Tell
from ..strike import HARD, ROOT

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="there are no such signals here"),
    pytest.mark.timeout(1800),
]

STRIKES = 10_000 if HARD else 200
SECONDS = 20.0 if HARD else 1.5
SEED = int(os.environ.get("SIGNOFF_SEED") or random.randrange(1 << 20))


def be_struck(folder: Path, seed: int) -> dict[str, Any]:
    folder.mkdir()
    command = [sys.executable, "-m", "tests.hard.many.struck", str(folder), str(SECONDS), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=SECONDS + 100, check=False)
    assert done.returncode == 0, (seed, done.stderr[-3000:])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_signals_anywhere_lose_nothing_halve_nothing_and_hang_nobody(tmp_path: Path, tell: Tell) -> None:
    struck = acknowledged = load = 0
    for number in range(100):
        told = be_struck(tmp_path / str(number), SEED + number)
        for fault in ("lost", "lost_load", "faults", "problems"):
            assert told[fault] == [], (SEED + number, told)
        assert told["count"], (SEED + number, told)
        with StateManager(tmp_path / str(number) / "whatsapp_state.json") as state:
            assert state.check() == []
        struck += sum(told["struck"])
        acknowledged += told["acknowledged"]
        load += told["load"]
        if struck >= STRIKES:
            break
    assert struck >= STRIKES
    tell(f"struck {struck} times by SIGINT and SIGTERM: {acknowledged} + {load} acknowledged calls, seed {SEED}")
