"""What an operation costs, in what every machine counts alike: it must not grow unnoticed.

`COSTS` is what was counted when this was written, in a store with little in it. What grows by more than a twentieth
fails; who has a good reason writes the new figure down here, and says the reason in the commit.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

COSTS = {
    "add_message": (9, 1.0, 25_407, 247),
    "move_message": (15, 1.1, 25_222, 229),
    "move to approved": (15, 1.0, 16_480, 212),
    "move to sent": (15, 1.0, 16_480, 212),
    "receive": (17, 1.1, 48_600, 360),
    "draft": (41, 2.1, 83_612, 680),
    "edit": (19, 1.0, 33_647, 413),
    "approve": (19, 1.0, 41_887, 379),
    "claim": (20, 1.0, 33_372, 324),
    "accepted": (19, 1.0, 45_595, 323),
    "reject": (17, 1.1, 33_624, 298),
    "update_config": (9, 1.0, 12_360, 219),
    "update_session_status": (11, 1.0, 12_635, 256),
    "get_config": (1, 0.0, 0, 50),
    "is_session_valid": (1, 0.0, 0, 42),
    "get_statistics": (1, 0.0, 0, 87),
    "ten newest": (1, 0.0, 0, 116),
    "history": (2, 0.0, 0, 63),
    "conversation": (5, 0.0, 0, 114),
}
"""By operation: SQLite's statements (those of triggers too), syncs, bytes written, and calls of Python functions."""

WHAT = ("statements", "syncs", "bytes", "calls")


def counted(state: Path) -> dict[str, dict[str, float]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.programs.costs", str(state)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    costs: dict[str, dict[str, float]] = json.loads(done.stdout)
    return costs


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    return counted(tmp_path_factory.mktemp("costs") / "state.db")


@pytest.mark.parametrize("operation", COSTS)
@pytest.mark.parametrize("what", WHAT)
def test_no_operation_costs_more_than_it_did(costs: dict[str, dict[str, float]], operation: str, what: str) -> None:
    assert costs[operation][what] <= COSTS[operation][WHAT.index(what)] * 1.05


def test_every_operation_that_is_counted_has_its_cost(costs: dict[str, dict[str, float]]) -> None:
    assert costs.keys() == COSTS.keys()


def test_every_change_is_synced_once_and_nothing_that_is_read_is_written(costs: dict[str, dict[str, float]]) -> None:
    """But for a draft, which is two changes; now and then a checkpoint adds to it."""
    for operation, cost in costs.items():
        assert round(cost["syncs"]) == (2 if operation == "draft" else 1 if cost["bytes"] else 0), operation


def test_the_state_file_is_not_on_the_path_of_a_call(tmp_path: Path) -> None:
    assert {name: cost["files"] for name, cost in counted(tmp_path / "state.json").items() if cost["files"]} == {}
