"""How long managers of one process wait for another process."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from signoff.errors import InvalidMessage, StoreBusy
from signoff.store.filelock import FileLock
from state_manager import StateManager

from ..store.outside import Program
from .conftest import Open


@pytest.fixture
def database(path: Path) -> Path:
    return path.with_suffix(".db")


def test_the_longest_time_that_one_gave_holds_for_all(open_manager: Open, database: Path) -> None:
    managers = [open_manager(database, busy_timeout=seconds) for seconds in (0.1, 0.3, 0.2)]
    with Program("holder", database, heard="holding"):
        for manager in managers:
            began = time.monotonic()
            with pytest.raises(StoreBusy, match=r"for 0\.3 s"):
                manager.set_config("mine", 1)
            assert 0.25 < time.monotonic() - began < 5


def test_the_lock_in_turn_and_a_program_that_does_not_know_it_are_waited_for_together(
    open_manager: Open, database: Path
) -> None:
    manager = open_manager(database, busy_timeout=2.0)
    with Program("intruder", database, heard="holding"), ThreadPoolExecutor() as pool:
        other = FileLock(database.with_name(f"{database.name}.lock"))
        assert other.acquire(10)
        began = time.monotonic()
        change = pool.submit(manager.set_config, "mine", 1)
        with pytest.raises(TimeoutError):
            change.result(1.5)
        other.close()
        with pytest.raises(StoreBusy, match="another program"):
            change.result()
        assert 1.9 < time.monotonic() - began < 3


def test_who_comes_while_another_thread_waits_already_waits_no_longer_than_alone(
    open_manager: Open, database: Path
) -> None:
    manager = open_manager(database, busy_timeout=2.0)
    with Program("holder", database, heard="holding"), ThreadPoolExecutor() as pool:
        first = pool.submit(manager.set_config, "mine", 1)
        with pytest.raises(TimeoutError):
            first.result(1.0)
        began = time.monotonic()
        with pytest.raises(StoreBusy):
            manager.set_config("mine", 2)
        assert 1.9 < time.monotonic() - began < 2.6
        with pytest.raises(StoreBusy):
            first.result()


def test_a_manager_of_another_database_has_its_own(open_manager: Open, database: Path, tmp_path: Path) -> None:
    open_manager(tmp_path / "another.db", busy_timeout=30)
    manager = open_manager(database, busy_timeout=0.2)
    with Program("holder", database, heard="holding"), pytest.raises(StoreBusy, match=r"for 0\.2 s"):
        manager.set_config("mine", 1)


def test_what_was_given_is_over_when_all_are_closed(open_manager: Open, database: Path) -> None:
    open_manager(database, busy_timeout=30).close()
    manager = open_manager(database, busy_timeout=0.2)
    with Program("holder", database, heard="holding"), pytest.raises(StoreBusy, match=r"for 0\.2 s"):
        manager.set_config("mine", 1)


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf"), 10**30, "30", None, True])
def test_one_that_is_no_time_is_refused_in_words(path: Path, bad: Any) -> None:
    with pytest.raises(InvalidMessage, match=r"^busy_timeout is "):
        StateManager(path, busy_timeout=bad)
    assert list(path.parent.iterdir()) == []
