"""Killed at any touch of a file, an adoption can be gone on with or brought back, and so can that."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.adopt import adopt, plan, undo
from signoff.adopt.copies import LOCK
from signoff.clock import system_clock
from signoff.errors import NotFound

from ..conftest import verify
from . import dying
from .components import build
from .tree import Tree, tree

EVERY = 130
POINTS = [pytest.param(n, marks=() if n in (1, 30, 60, 91, 109) else pytest.mark.slow) for n in range(1, EVERY)]


def run(what: str, folder: Path, last: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, dying.__file__, what, str(folder), str(last)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def killed(what: str, folder: Path, last: int) -> bool:
    """Whether it was killed before it had ended."""
    done = run(what, folder, last)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode != 0


def is_adopted(folder: Path, before: Tree) -> None:
    assert not (folder / "state_manager.py").exists()
    assert not (folder / LOCK).exists()
    with StateManager(folder / "whatsapp_state.json") as manager:
        assert len(manager.get_messages(MessageStatus.INCOMING)) == 3
        assert manager.get_statistics()["total_sent"] == 7
        assert manager.get_config("human_in_the_loop") is True
    verify(folder / "whatsapp_state.db")
    undo(folder)
    assert tree(folder) == before


@pytest.mark.parametrize("last", POINTS)
def test_an_adoption_goes_on_where_it_was_killed(folder: Path, last: int) -> None:
    before = tree(folder)
    killed("adopt", folder, last)
    adopt(plan(folder), True, system_clock)
    is_adopted(folder, before)


@pytest.mark.parametrize("last", POINTS)
def test_a_killed_adoption_can_be_brought_back(folder: Path, last: int) -> None:
    before = tree(folder)
    killed("adopt", folder, last)
    try:
        undo(folder)
    except NotFound:
        assert "state_manager.py" in tree(folder)
    assert tree(folder, copies=False) == before


@pytest.mark.parametrize("last", POINTS)
def test_bringing_back_goes_on_where_it_was_killed(folder: Path, last: int) -> None:
    before = tree(folder)
    adopt(plan(folder), True, system_clock)
    if killed("undo", folder, last):
        with suppress(NotFound):
            undo(folder)
    assert tree(folder) == before


def test_every_touch_is_a_point_at_which_it_is_killed(tmp_path: Path) -> None:
    folder = build(tmp_path / "counted")
    for what in ("adopt", "undo"):
        count = int(run(what, folder, 0).stdout)
        assert 20 < count < EVERY
