"""How many instructions an operation takes, counted by valgrind's callgrind: the same on every run, however busy it is.

The processor's count is that of Python, apsw and SQLite together, so it depends on their versions. What does not are
ratios: to a transaction by hand in the same run, and with a history to without one. Skipped where valgrind is missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .programs.costs import TIMES
from .programs.instructions import BY_HAND

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "tests.store.programs.instructions")
HISTORIES = (2_000, 20_000)

TIMES_BY_HAND = {
    "add_message": 8.3,
    "move_message": 5.7,
    "receive": 16.0,
    "draft": 23.7,
    "edit": 15.1,
    "approve": 12.4,
    "claim": 12.2,
    "accepted": 8.6,
    "reject": 10.1,
    "update_config": 6.3,
    "update_session_status": 11.6,
    "get_config": 1.4,
    "is_session_valid": 1.5,
    "get_statistics": 5.2,
    "ten newest": 11.0,
}
"""What was counted when this was written, in instructions of adding one row by hand. What grows by more than a tenth
fails; who has a good reason writes the new figure down here, and says the reason in the commit."""

pytestmark = pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")


def counted(state: Path) -> dict[str, float]:
    """Instructions of each operation, by name."""
    output = state.with_name(state.name + ".callgrind")
    callgrind = ("--quiet", "--tool=callgrind", f"--callgrind-out-file={output}", "--dump-before=getppid")
    done = subprocess.run(
        ["valgrind", *callgrind, *PROGRAM, "count", str(state)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    names = done.stdout.splitlines()
    parts = [Path(f"{output}.{2 * number + 2}").read_text() for number in range(len(names))]
    totals = [int(total) for part in parts for total in re.findall(r"^totals: (\d+)", part, re.MULTILINE)]
    return {name: total / (TIMES - TIMES // 2) for name, total in zip(names, totals, strict=True)}


@pytest.fixture(scope="module")
def by_history(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, float]]:
    folder = tmp_path_factory.mktemp("instructions")
    for history in HISTORIES:
        subprocess.run([*PROGRAM, "fill", str(folder / f"{history}.db"), str(history)], cwd=ROOT, check=True)
    return {history: counted(folder / f"{history}.db") for history in HISTORIES}


@pytest.mark.parametrize("operation", TIMES_BY_HAND)
def test_no_operation_takes_more_instructions_than_it_did(
    by_history: dict[int, dict[str, float]], operation: str
) -> None:
    found = by_history[HISTORIES[0]]
    assert found[operation] / found[BY_HAND] <= TIMES_BY_HAND[operation] * 1.1


def test_ten_times_the_history_adds_hardly_an_instruction(by_history: dict[int, dict[str, float]]) -> None:
    """But for a level that a tree of pages gains."""
    few, many = (by_history[history] for history in HISTORIES)
    grown = {name: round(many[name] / few[name], 3) for name in few if many[name] > few[name] * 1.08}
    assert grown == {}
