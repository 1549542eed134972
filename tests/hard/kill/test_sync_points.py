"""Killed at any call that changes the disk: all that was acknowledged is there, and nothing is sent that was sent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .. import life
from ..aftermath import insist
from ..conftest import Tell
from ..strike import HARD, count_calls, needs_strace, points, strike

pytestmark = [needs_strace, pytest.mark.timeout(3600)]

CALLS = ["fdatasync", "fsync", "pwrite64", "rename", "renameat2", "write", "ftruncate", "unlink"]
SAMPLE = 5


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """How often an undisturbed life makes each call."""
    folder = tmp_path_factory.mktemp("counted")
    life.prepare(folder)
    return count_calls(["tests.hard.life", str(folder)], ",".join(CALLS), folder / "trace")


@pytest.mark.parametrize("call", CALLS if HARD else CALLS[:SAMPLE])
def test_killed_at_a_call_nothing_acknowledged_is_lost_and_nothing_goes_out_twice(
    tmp_path: Path, counted: dict[str, tuple[int, int]], tell: Tell, call: str
) -> None:
    killed = 0
    for number in points(counted[call][1], 2):
        folder = tmp_path / f"{call}-{number}"
        folder.mkdir()
        life.prepare(folder)
        struck = strike(["tests.hard.life", str(folder)], f"{call}:signal=SIGKILL:when={number}", tmp_path / "trace")
        assert (struck.code == 0) != struck.hit, struck
        assert not [line for line in struck.said if "wrong" in line], struck
        insist(folder, struck.said)
        killed += struck.hit
        shutil.rmtree(folder)
    tell(f"{call}: killed at {killed} points of {counted[call][1]}")
    assert killed
