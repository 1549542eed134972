"""A manager with a state file in the test's own folder, verified at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signoff import StateManager

from ..conftest import ManualClock

Open = Callable[..., StateManager]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "whatsapp_state.json"


@pytest.fixture
def open_manager(path: Path, clock: ManualClock) -> Iterator[Open]:
    """Opens managers of one state; all are closed, and the state is verified, at the end."""
    opened: list[StateManager] = []

    def make(state_file: Path | str = path, **options: object) -> StateManager:
        manager = StateManager(state_file, **{"clock": clock, "by": "a script", **options})  # type: ignore[arg-type]
        opened.append(manager)
        return manager

    yield make
    for manager in opened:
        manager.close()
    if path.with_suffix(".db").exists():
        with StateManager(path.with_suffix(".db")) as again:
            assert again.check() == []


@pytest.fixture
def manager(open_manager: Open) -> StateManager:
    return open_manager()
