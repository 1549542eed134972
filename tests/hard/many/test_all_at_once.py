"""Eight processes of eight threads on one state do everything at once; what they recorded is checked afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from ..conftest import Tell
from ..strike import HARD, ROOT
from . import history

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="one clock for all processes, and SIGSTOP"),
    pytest.mark.timeout(900),
]

SECONDS = 60.0 if HARD else 3.0
SEED = int(os.environ.get("SIGNOFF_SEED") or random.randrange(1 << 20))


@contextmanager
def actors(folder: Path, processes: int, threads: int, busy_timeout: float) -> Iterator[list[subprocess.Popen[str]]]:
    """All of them, at work while the ``with`` block runs; every wait of theirs must end."""
    running = []
    for number in range(processes):
        arguments = [str(folder), f"p{number}", str(threads), str(SEED + number), str(busy_timeout)]
        command = [sys.executable, "-m", "tests.hard.many.actor", *arguments]
        running.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    try:
        for process in running:
            assert _pipe(process.stdout).readline() == "ready\n"
        for process in running:
            _pipe(process.stdin).write("\n")
            _pipe(process.stdin).flush()
        yield running
        for process in running:
            assert process.communicate(timeout=120)[0] == "done\n"
    finally:
        for process in running:
            process.kill()
            process.communicate()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def test_no_update_is_lost_nothing_is_done_twice_and_nobody_starves(tmp_path: Path, tell: Tell) -> None:
    with actors(tmp_path, 8, 8, 30.0):
        time.sleep(SECONDS)
    calls = history.read(tmp_path)
    history.insist(tmp_path, calls)
    counts = history.shares(calls)
    assert len(counts) == 64
    assert counts[0] > 0.1 * counts[-1], counts
    assert history.longest(calls) < 10
    assert not [call for call in calls if isinstance(call.gave, dict) and call.gave["refused"] == "StoreBusy"]
    tell(
        f"64 threads of 8 processes: {len(calls)} calls, least and most of a thread {counts[0]} and {counts[-1]}, "
        f"longest {history.longest(calls):.2f} s, {len(history.of(calls, 'edited'))} edits of the file seen, "
        f"seed {SEED}"
    )


def test_whoever_is_stopped_at_any_moment_hangs_nobody_and_goes_on(tmp_path: Path, tell: Tell) -> None:
    """It may hold the lock: the others are told within busy_timeout, and go on when it does."""
    chance, stops, end = random.Random(SEED), 0, time.monotonic() + SECONDS
    with actors(tmp_path, 3, 3, 0.3) as running:
        while time.monotonic() < end:
            stopped = chance.choice(running)
            stopped.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0.05, 0.8))
            stopped.send_signal(signal.SIGCONT)
            time.sleep(chance.uniform(0.02, 0.3))
            stops += 1
    calls = history.read(tmp_path)
    history.insist(tmp_path, calls)
    busy = [call for call in calls if isinstance(call.gave, dict) and call.gave["refused"] == "StoreBusy"]
    waited = max((call.ended - call.begun for call in busy), default=0.0)
    assert waited < 0.3 + 0.8 + 1.0
    assert len(calls) > 30 * stops
    tell(
        f"stopped {stops} times: {len(calls)} calls, {len(busy)} were told busy, after at most {waited:.2f} s, "
        f"seed {SEED}"
    )
