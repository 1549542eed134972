"""A fork loses nothing on either side: nothing of a database is open across it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signoff import forkgate
from signoff.errors import StoreBusy
from signoff.store import Store, open_store

from ..conftest import ManualClock, StoreFactory
from .outside import Program
from .scenes import INCOMING, Scene

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning"),
]


def verified(told: dict[str, Any]) -> dict[str, Any]:
    """Insist that nothing was lost on either side and nobody failed."""
    for fault in ("failed", "faults", "lost", "lost_of_children", "lost_of_workers", "problems"):
        assert told.get(fault, []) == [], told
    return told


def in_child(act: Callable[[], object]) -> int:
    """Fork, do it in the child, and give its exit code: 0 when it was done."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.fixture
def scene(store: Store, clock: ManualClock) -> Scene:
    return Scene(store, clock)


def test_parent_and_child_go_on_with_the_same_store(scene: Scene) -> None:
    scene.add({"id": "before"})
    assert in_child(lambda: scene.add({"id": "child"})) == 0
    scene.add({"id": "after"})
    assert scene.ids(INCOMING) == ["before", "child", "after"]


def test_a_child_of_a_child_too(scene: Scene) -> None:
    def grandchild() -> None:
        scene.add({"id": "child"})
        assert in_child(lambda: scene.add({"id": "grandchild"})) == 0

    assert in_child(grandchild) == 0
    assert scene.ids(INCOMING) == ["child", "grandchild"]


def test_a_child_that_closes_takes_nothing_from_its_parent(scene: Scene) -> None:
    scene.add({"id": "before"})
    assert in_child(scene.store.close) == 0
    assert scene.add({"id": "after"})
    assert scene.ids(INCOMING) == ["before", "after"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which files are open")
def test_nothing_of_a_database_is_open_across_a_fork(scene: Scene) -> None:
    def look() -> None:
        names = [os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
        assert not [name for name in names if str(scene.store.database.path) in name]

    scene.add({"id": "m1"})
    scene.ids(INCOMING)
    assert in_child(look) == 0


def test_a_lock_that_was_given_up_is_not_left_to_a_child(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = open_store(path, busy_timeout=0.1)
    account = store.account("default")
    with Program("holder", path, heard="holding") as holder:
        with pytest.raises(StoreBusy):
            store.account("other")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            assert holder.process.stdin is not None
            os.close(holder.process.stdin.fileno())
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        holder.finish()
    for number in range(20):
        store.change_settings(account, lambda _, number=number: {"mine": number}, by="me")  # type: ignore[misc]
    os.close(writing)
    os.waitpid(child, 0)
    assert store.check() == []
    store.close()


def test_opening_beside_a_fork_hangs_nobody(make_store: StoreFactory) -> None:
    """One who opens a store holds what the fork waits for; it must not wait for the fork."""

    class Slow:
        fork_order = 0

        def before_fork(self) -> None:
            opening.start()
            assert opened.wait(10)

        def after_fork_in_parent(self) -> None: ...

        def after_fork_in_child(self) -> None: ...

    opened = threading.Event()

    def open_another() -> None:
        make_store("another.db")
        opened.set()

    opening, slow = threading.Thread(target=open_another), Slow()
    forkgate.register(slow)
    assert in_child(lambda: None) == 0
    opening.join()


def test_forks_under_load_lose_nothing_and_hold_up_nobody(tmp_path: Path) -> None:
    told = verified(Program("forks", tmp_path / "state.db", 12, 4).result())
    assert told["forks"] == 24
    assert told["longest_fork"] < 5
    assert told["longest"] < 5


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_processes_of_multiprocessing_lose_nothing(tmp_path: Path, way: str) -> None:
    told = verified(Program("pools", tmp_path / "state.db", way, 3).result())
    assert told["workers"] == 150
    assert told["acknowledged"] > 0


@pytest.mark.slow
def test_many_forks_under_load(tmp_path: Path) -> None:
    told = verified(Program("forks", tmp_path / "state.db", 150, 6).result())
    assert told["longest_fork"] < 10


@pytest.mark.slow
@pytest.mark.parametrize("way", ["fork", "spawn", "forkserver"])
def test_many_processes_of_multiprocessing(tmp_path: Path, way: str) -> None:
    verified(Program("pools", tmp_path / "state.db", way, 8).result())
