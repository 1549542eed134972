"""Group commit: one that fails is undone alone, a lost group is lost for all, no interrupt loses or halves anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from signoff.errors import IllegalMove, NotFound, StoreBusy, StoreError, StoreFull
from signoff.store import Store
from signoff.store.connection import Transaction

from ..conftest import ManualClock
from .outside import Program
from .scenes import INCOMING, PENDING, SENT, Scene

unix = pytest.mark.skipif(os.name == "nt", reason="there are no such signals here")


@pytest.fixture
def scene(store: Store, clock: ManualClock) -> Scene:
    return Scene(store, clock)


@contextmanager
def one_group(store: Store) -> Iterator[Callable[..., Future[Any]]]:
    """Give a function that starts a call in a thread; all calls begun within come into one group.

    A change that waits in the middle keeps the lead while they queue; it is the first of the group.
    """
    inside, go_on = threading.Event(), threading.Event()
    commits, calls = store.database._commits, list[Future[Any]]()

    def wait(_: Transaction) -> None:
        inside.set()
        assert go_on.wait(10)

    def call(act: Callable[..., Any], *arguments: Any, **more: Any) -> Future[Any]:
        calls.append(pool.submit(act, *arguments, **more))
        while len(commits._pending) < len(calls):
            assert not calls[-1].done(), calls[-1].exception()
            time.sleep(0.001)
        return calls[-1]

    with ThreadPoolExecutor(16) as pool:
        leader = pool.submit(store.database.write, wait)
        assert inside.wait(10)
        try:
            yield call
        finally:
            go_on.set()
            leader.exception(10)


def transactions(store: Store) -> list[str]:
    """Note every transaction that the writing connection begins from now on."""
    begun: list[str] = []

    def note(_: apsw.Cursor, statement: str, __: object) -> bool:
        if statement.startswith("BEGIN"):
            begun.append(statement)
        return True

    store.database.write(lambda tx: setattr(tx.connection, "exec_trace", note))
    return begun


def test_those_who_wait_share_one_transaction(scene: Scene) -> None:
    begun = transactions(scene.store)
    with one_group(scene.store) as call:
        calls = [call(scene.add, {"id": f"m{number}"}) for number in range(8)]
    assert all(each.result() for each in calls)
    assert len(begun) == 1


def test_one_that_fails_is_undone_alone(scene: Scene) -> None:
    scene.script()
    with one_group(scene.store) as call:
        good = [call(scene.add, {"id": f"m{number}"}) for number in range(3)]
        bad = [call(scene.approve, "nothing"), call(scene.store.take_back, scene.account, "s1", by="maria")]
        good += [call(scene.add, {"id": f"m{number}"}) for number in range(3, 6)]
    assert all(each.result() for each in good)
    assert isinstance(bad[0].exception(), NotFound)
    assert isinstance(bad[1].exception(), IllegalMove)
    assert len(scene.ids(INCOMING)) == 6


def test_nothing_of_one_that_fails_halfway_remains(scene: Scene) -> None:
    def half(tx: Transaction) -> None:
        tx.change("log", {"account": scene.account, "now": 1, "message": None, "kind": "half", "by": "me", "why": None})
        tx.change("clear", {"account": scene.account, "status": "incoming"})
        raise ZeroDivisionError("in the middle")

    scene.add({"id": "m0"})
    before = scene.store.last_event()
    with one_group(scene.store) as call:
        first, failed, last = (
            call(scene.add, {"id": "m1"}),
            call(scene.store.database.write, half),
            call(scene.add, {"id": "m2"}),
        )
    assert isinstance(failed.exception(), ZeroDivisionError)
    assert first.result()
    assert last.result()
    assert scene.ids(INCOMING) == ["m0", "m1", "m2"]
    assert scene.store.last_event() == before + 2


def test_one_that_the_database_refuses_is_undone_alone(scene: Scene) -> None:
    unguarded = "UPDATE messages SET note = 'x'"
    scene.add({"id": "m0"})
    with one_group(scene.store) as call:
        good = call(scene.add, {"id": "m1"})
        bad = call(scene.store.database.write, lambda tx: tx.connection.execute(unguarded).fetchall())
    assert good.result()
    assert "raises its revision" in str(bad.exception())
    assert isinstance(bad.exception(), StoreError)


def test_later_ones_of_a_group_see_the_earlier_and_not_what_failed(scene: Scene) -> None:
    scene.script()
    with one_group(scene.store) as call:
        calls = [
            call(scene.move, "s1", PENDING, SENT),
            call(scene.move, "s1", PENDING, SENT),
            call(scene.store.expire, scene.account, "s1", 1),
            call(scene.move, "s1", SENT, PENDING),
        ]
    assert [each.exception() or each.result() for each in (calls[0], calls[1], calls[3])] == [True, False, True]
    assert isinstance(calls[2].exception(), IllegalMove)
    assert scene.totals() == {"pending_approval": 2, "sent": 1}


def test_what_another_thread_does_wrong_is_not_blamed_on_the_thread_that_leads(scene: Scene) -> None:
    """The main thread leads, and the change of another fails in its hands, with an error that is not of the store's."""
    commits, others = scene.store.database._commits, list[Future[Any]]()

    def wrong(_: Transaction) -> None:
        raise ZeroDivisionError("the other's own fault")

    def work(tx: Transaction) -> str:
        if not others:
            others.append(pool.submit(scene.store.database.write, wrong))
            while not commits._pending:
                time.sleep(0.001)
        tx.change("clear", {"account": scene.account, "status": "incoming"})
        return "done"

    scene.add({"id": "m1"})
    with ThreadPoolExecutor(1) as pool:
        assert scene.store.database.write(work) == "done"
        assert isinstance(others[0].exception(10), ZeroDivisionError)
    assert scene.ids(INCOMING) == []


def limit_pages(store: Store, pages: int) -> None:
    """Let the database grow to this many pages and no more."""
    store.database.write(lambda tx: tx.connection.pragma("max_page_count", pages))


def test_a_full_disk_fails_the_whole_group_and_loses_nothing_from_before(scene: Scene) -> None:
    scene.add({"id": "before"})
    limit_pages(scene.store, 1)
    with one_group(scene.store) as call:
        calls = [call(scene.add, {"id": f"m{number}", "body": "x" * 50_000}) for number in range(4)]
        calls.append(call(scene.add, {"id": "small"}))
    for each in calls:
        assert isinstance(each.exception(), StoreFull)
        assert "full or failing" in str(each.exception())
        assert str(scene.store.database.path) in str(each.exception())
    assert scene.ids(INCOMING) == ["before"]
    limit_pages(scene.store, 1_000_000)
    assert scene.add({"id": "after"})
    assert scene.ids(INCOMING) == ["before", "after"]


def test_an_error_does_not_keep_the_lead(scene: Scene) -> None:
    for number in range(20):
        with pytest.raises(NotFound):
            scene.approve("nothing")
        assert scene.add({"id": f"m{number}"})


def verified(told: dict[str, Any]) -> dict[str, Any]:
    """Insist that nothing was lost or halved, that nobody failed, and that the database is consistent."""
    for fault in ("faults", "lost", "lost_load", "halves", "problems"):
        assert told.get(fault, []) == [], told
    assert not told.get("stale"), told
    return told


@unix
def test_a_disk_that_fails_while_it_is_written_loses_nothing_that_was_acknowledged(store: Store) -> None:
    told = verified(Program("full", store.database.path, "limit").result())
    assert len(told["full"]) == 4
    assert told["acknowledged"] > 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where the tests may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs Linux and root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_loses_nothing_that_was_acknowledged(small_disk: Path) -> None:
    told = verified(Program("full", small_disk / "state.db", "disk").result())
    assert len(told["full"]) == 4
    assert "free space" in told["full"][0]


@unix
@pytest.mark.parametrize("threads", [0, 4])
def test_ctrl_c_anywhere_loses_nothing_halves_nothing_and_hangs_nobody(store: Store, threads: int) -> None:
    told = verified(Program("interrupts", store.database.path, 1.2, threads, 1, 30).result())
    assert told["struck"] > 200
    assert told["interrupted"] > 50
    assert told["acknowledged"] > 0
    assert threads == 0 or told["load"] > 50


@unix
def test_ctrl_c_while_other_processes_write(store: Store) -> None:
    with Program("writer", store.database.path, "other", 3, heard="writing") as writer:
        told = verified(Program("interrupts", store.database.path, 1.2, 2, 2, 30).result())
        other = writer.result()
    assert told["struck"] > 200
    assert other["faults"] == []
    present = {message["id"] for message in store.newest(store.account("default"), SENT, None)}
    assert present >= set(other["acknowledged"])
    assert len(other["acknowledged"]) > 50


@unix
def test_ctrl_c_while_another_process_holds_the_database(store: Store) -> None:
    interrupted = Program("interrupts", store.database.path, 2, 2, 3, 0.05, heard="ready")
    with Program("holder", store.database.path, heard="holding") as holder:
        let_go = threading.Timer(0.8, holder.finish)
        let_go.start()
        told = verified(interrupted.result())
        let_go.join()
    assert told["busy"] > 0
    assert told["struck"] > 200
    assert told["acknowledged"] > 0


@pytest.mark.parametrize(
    ("act", "module"),
    [("read", "store.reading"), ("write", "store.groupcommit"), ("write", "store.writing"),
     ("write", "store.filelock"), ("open", "shared"), ("open", "store.sqlite"), ("open", "store.writing"),
     ("open", "store.places"), ("open", "store.filelock"), ("manage", "shared"), ("manage", "state"),
     ("manage", "statefile.writer")],
)  # fmt: skip
def test_ctrl_c_at_any_line_holds_up_nobody_else(tmp_path: Path, act: str, module: str) -> None:
    told = verified(Program("strikes", tmp_path, act, f"signoff.{module}").result())
    assert told["struck"] > 5


def test_threads_that_die_take_nothing_with_them(store: Store) -> None:
    told = verified(Program("deaths", store.database.path, 1, 1).result())
    assert told["died"] > 20
    assert told["acknowledged"] > 100


@unix
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_ctrl_c_for_long(store: Store, seed: int) -> None:
    told = verified(Program("interrupts", store.database.path, 10, seed * 3, seed, 30).result())
    assert told["struck"] > 2_000


@pytest.mark.slow
def test_threads_that_die_for_long(store: Store) -> None:
    assert verified(Program("deaths", store.database.path, 15, 7).result())["died"] > 200


class Struck(Exception):
    """What a signal handler raises in these tests."""


@contextmanager
def handler(act: Callable[[], object]) -> Iterator[None]:
    """Have a signal handler do something at each SIGUSR1."""
    before = signal.signal(signal.SIGUSR1, lambda *_: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def strike() -> None:
    raise Struck


@unix
@pytest.mark.parametrize("at", ["the first run", "the second run"])
def test_what_a_signal_handler_raises_reaches_its_thread_and_fails_nobody_else(scene: Scene, at: str) -> None:
    commits, others, runs = scene.store.database._commits, list[Future[Any]](), list[int]()

    def work(_: Transaction) -> None:
        runs.append(1)
        if not others:
            others.append(pool.submit(scene.add, {"id": "m1"}))
            others.append(pool.submit(scene.approve, "nothing"))
            while len(commits._pending) < 2:
                time.sleep(0.001)
        if len(runs) == (1 if at == "the first run" else 2):
            signal.raise_signal(signal.SIGUSR1)

    with ThreadPoolExecutor(2) as pool, handler(strike):
        with pytest.raises(Struck):
            scene.store.database.write(work)
        assert others[0].result(10)
        assert isinstance(others[1].exception(10), NotFound)
    assert scene.ids(INCOMING) == ["m1"]
    assert scene.add({"id": "m2"})


@unix
def test_a_signal_handler_that_writes_is_told_that_it_cannot(scene: Scene) -> None:
    told: list[BaseException] = []

    def write() -> None:
        try:
            scene.add({"id": "by the handler"})
        except StoreBusy as error:
            told.append(error)

    def work(tx: Transaction) -> None:
        tx.change("clear", {"account": scene.account, "status": "incoming"})
        signal.raise_signal(signal.SIGUSR1)

    with handler(write):
        scene.store.database.write(work)
        assert "signal handler cannot write" in str(told)
        signal.raise_signal(signal.SIGUSR1)
    assert scene.ids(INCOMING) == ["by the handler"]
    assert len(told) == 1


@unix
def test_a_signal_handler_that_does_not_catch_it_fails_its_own_thread_only(scene: Scene) -> None:
    def work(_: Transaction) -> None:
        signal.raise_signal(signal.SIGUSR1)

    with handler(lambda: scene.add({"id": "by the handler"})), pytest.raises(StoreBusy, match="signal handler"):
        scene.store.database.write(work)
    assert scene.ids(INCOMING) == []
    assert scene.add({"id": "m1"})
