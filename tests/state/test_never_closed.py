"""Managers that nobody closes, as scripts make them: nothing stays open for them, and nothing is lost."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff import shared
from signoff.classic import WhatsAppAssistant, WhatsAppSender
from signoff.store import open_store
from state_manager import MessageStatus, StateManager

from ..waiting import eventually

S = MessageStatus
MANY = 20
"""More files than two managers ever have open: the one in use, and the one that was dropped last."""
linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at the open files of Linux")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was dropped is not kept for a while first."""
    monkeypatch.setattr(shared, "LINGER", 0.0)


def open_files(folder: Path) -> list[str]:
    """The files below ``folder`` that this process has open."""
    names = []
    for entry in os.listdir("/proc/self/fd"):
        try:
            names.append(os.readlink(f"/proc/self/fd/{entry}"))
        except OSError:
            continue
    return [name for name in names if str(folder) in name]


def running() -> int:
    """How many threads this process has, whoever began them."""
    return len(os.listdir("/proc/self/task"))


def file_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "signoff-state-file"]


def said(path: Path, key: str) -> object:
    return json.loads(path.read_bytes()).get(key)


def a_script(path: Path, number: int) -> None:
    """What scripts do: a manager in a function, and no word of closing it."""
    manager = StateManager(path)
    manager.add_message({"id": str(number)}, S.INCOMING)
    manager.set_config("mine", number)
    assert manager.get_config("mine") == number


@linux
class TestNothingStaysOpen:
    def test_of_two_hundred_of_one_state(self, path: Path, tmp_path: Path) -> None:
        before = running()
        for number in range(200):
            a_script(path, number)
            assert len(open_files(tmp_path)) <= MANY
            assert len(file_threads()) <= 1
        eventually(lambda: open_files(tmp_path) == [] and running() <= before)
        with StateManager(path) as manager:
            assert len(manager.get_messages(S.INCOMING)) == 200
            assert said(path, "mine") == manager.get_config("mine") == 199
            assert manager.check() == []

    def test_of_a_sender_and_an_assistant(self, path: Path, tmp_path: Path, at_once: None) -> None:
        sender, assistant = WhatsAppSender(path), WhatsAppAssistant(path)
        assert open_files(tmp_path)
        sender.close()
        sender.close()
        assert assistant.manager.get_messages(S.INCOMING) == []
        del sender, assistant
        gc.collect()
        eventually(lambda: open_files(tmp_path) == [])

    def test_of_fifty_with_a_state_of_their_own(self, tmp_path: Path) -> None:
        before = running()
        for number in range(50):
            a_script(tmp_path / f"{number}.json", number)
            assert len(open_files(tmp_path)) <= MANY
            assert len(file_threads()) <= 1
        eventually(lambda: open_files(tmp_path) == [] and running() <= before)
        assert [said(tmp_path / f"{number}.json", "mine") for number in range(50)] == list(range(50))

    def test_of_many_that_are_dropped_together(self, tmp_path: Path) -> None:
        managers = [StateManager(tmp_path / f"{number}.json") for number in range(20)]
        for manager in managers:
            manager.set_config("mine", 1)
        assert len(file_threads()) == 20
        del manager
        managers.clear()
        eventually(lambda: open_files(tmp_path) == [] and file_threads() == [])

    def test_of_one_that_only_garbage_collection_finds(self, path: Path, tmp_path: Path, at_once: None) -> None:
        manager = StateManager(path)
        manager.set_config("mine", 1)
        manager.itself = manager  # type: ignore[attr-defined]
        del manager
        assert open_files(tmp_path)
        gc.collect()
        eventually(lambda: open_files(tmp_path) == [] and file_threads() == [])
        assert said(path, "mine") == 1

    def test_of_one_without_a_state_file(self, tmp_path: Path, at_once: None) -> None:
        StateManager(tmp_path / "mine.db").set_config("mine", 1)
        eventually(lambda: open_files(tmp_path) == [])

    def test_of_a_store(self, tmp_path: Path, at_once: None) -> None:
        open_store(tmp_path / "mine.db").account("default")
        eventually(lambda: open_files(tmp_path) == [])

    def test_of_one_that_outlived_the_first(self, path: Path, tmp_path: Path, at_once: None) -> None:
        first, second = StateManager(path), StateManager(path)
        first.close()
        second.set_config("mine", 1)
        del second
        eventually(lambda: open_files(tmp_path) == [] and file_threads() == [])
        assert said(path, "mine") == 1

    def test_while_something_of_it_is_used(self, path: Path, tmp_path: Path, at_once: None) -> None:
        a_script(path, 1)
        store, rows = StateManager(path).store, StateManager(path).rows(S.INCOMING)
        a_script(tmp_path / "another.json", 1)
        assert store.last_event() > 0
        assert [row.id for row in rows] == ["1"]
        del store, rows
        eventually(lambda: open_files(tmp_path) == [])


class TestNothingIsLost:
    def test_the_last_change_is_soon_in_the_state_file(self, path: Path) -> None:
        a_script(path, 1)
        eventually(lambda: said(path, "mine") == 1)
        a_script(path, 2)
        eventually(lambda: said(path, "mine") == 2)

    def test_another_manager_of_the_state_goes_on(self, path: Path, at_once: None) -> None:
        with StateManager(path) as manager:
            for number in range(2):
                a_script(path, number)
                a_script(path.with_name(f"{number}.json"), number)  # by then the one before has been let go
                manager.set_config("mine", -number)
                eventually(lambda: said(path, "mine") == manager.get_config("mine"))
        assert said(path, "mine") == -1

    def test_one_that_was_closed_and_is_dropped_lets_go_once(self, path: Path, at_once: None) -> None:
        with StateManager(path) as manager:
            for number in range(3):
                other = StateManager(path)
                other.close()
                other.close()
                del other
                a_script(path.with_name(f"{number}.json"), number)
                manager.set_config("mine", number)
                assert manager._writer
                assert manager._writer._thread
                assert manager._writer._thread.is_alive()

    def test_threads_that_drop_theirs_leave_those_who_work_alone(self, path: Path, at_once: None) -> None:
        failed: list[BaseException] = []

        def attempt(work: Callable[[], None]) -> None:
            try:
                work()
            except BaseException as error:
                failed.append(error)

        def drop() -> None:
            for number in range(40):
                StateManager(path).add_message({"id": f"{threading.get_ident()}-{number}"}, S.SENT)

        def keep() -> None:
            with StateManager(path) as manager:
                for number in range(80):
                    manager.add_message({"id": f"{threading.get_ident()}-{number}"}, S.INCOMING)

        threads = [threading.Thread(target=attempt, args=(work,)) for work in (drop, drop, keep, keep)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        with StateManager(path) as manager:
            assert (len(manager.get_messages(S.SENT)), len(manager.get_messages(S.INCOMING))) == (80, 160)
            assert manager.check() == []

    @pytest.mark.parametrize("linger", [0.0, 0.02, 60.0])
    def test_the_end_of_the_process_writes_it(self, path: Path, linger: float) -> None:
        program = (
            "import sys\n"
            "from signoff import shared\n"
            "from state_manager import StateManager\n"
            "shared.LINGER = float(sys.argv[2])\n"
            "def script(number):\n"
            "    manager = StateManager(sys.argv[1])\n"
            "    manager.set_config('mine', number)\n"
            "    manager.itself = manager if number % 2 else None\n"
            "for number in range(20): script(number)\n"
        )
        command = [sys.executable, "-c", program, str(path), str(linger)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        assert said(path, "mine") == 19

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
    def test_threads_that_write_while_the_process_ends_lose_nothing_that_returned(self, path: Path) -> None:
        program = """
import os, sys, threading
from state_manager import MessageStatus, StateManager
manager = StateManager(sys.argv[1])
def write(number):
    for count in range(1_000_000):
        name = f"{number}-{count}"
        manager.add_message({"id": name}, MessageStatus.INCOMING)
        os.write(1, f"{name}\\n".encode())
for number in range(8):
    threading.Thread(target=write, args=(number,), daemon=True).start()
while manager.get_statistics()["total_incoming"] < 100:
    pass
"""
        done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        with StateManager(path) as manager:
            known = {message["id"] for message in manager.get_messages(S.INCOMING)}
            assert set(done.stdout.split()) <= known
            assert len(known) >= 100
            assert manager.check() == []

    def test_both_sides_of_a_fork_go_on(self, path: Path) -> None:
        """The dropped ones are let go on either side; the threads that were about to are the parent's."""
        for number in range(5):
            a_script(path, number)
            a_script(path.with_name(f"{number}.json"), number)
            child = os.fork()
            if child == 0:
                try:
                    a_script(path, 100 + number)
                    a_script(path.with_name("child.json"), number)
                    eventually(lambda: said(path, "mine") == 100 + number)  # noqa: B023 called at once
                except BaseException:
                    os._exit(1)
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        eventually(lambda: file_threads() == [])
        with StateManager(path) as manager:
            assert len(manager.get_messages(S.INCOMING)) == 10
            assert said(path, "mine") == 104
            assert manager.check() == []


class TestAtAnyMoment:
    """Garbage is found wherever something is made, also in the middle of a change of the same database."""

    def test_while_the_thread_that_finds_it_writes(self, path: Path, tmp_path: Path, at_once: None) -> None:
        with StateManager(path) as manager:
            for number, other in enumerate((path, tmp_path / "another.json")):
                dropped = StateManager(other)
                dropped.set_config("mine", "dropped")
                dropped.itself = dropped  # type: ignore[attr-defined]
                del dropped
                manager.store.database.write(lambda _: gc.collect())
                manager.set_config("other", number)
        eventually(lambda: file_threads() == [])
        assert said(path, "mine") == said(tmp_path / "another.json", "mine") == "dropped"

    def test_while_another_is_opened_and_closed(self, tmp_path: Path, at_once: None) -> None:
        """As often as it can be found at all."""
        before = gc.get_threshold()
        gc.set_threshold(1, 1, 1)
        try:
            for number in range(10):
                manager = StateManager(tmp_path / f"{number}.json")
                manager.set_config("mine", number)
                manager.itself = manager  # type: ignore[attr-defined]
        finally:
            gc.set_threshold(*before)
        del manager
        gc.collect()
        eventually(lambda: file_threads() == [])
        assert [said(tmp_path / f"{number}.json", "mine") for number in range(10)] == list(range(10))
