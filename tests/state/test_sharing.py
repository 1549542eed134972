"""Threads and processes share one state: nothing is lost, and what one changed the others see at once."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest

from state_manager import MessageStatus, StateManager

from .conftest import Open

S = MessageStatus

OTHER = """
import json, sys
from state_manager import MessageStatus, StateManager
manager = StateManager(sys.argv[1])
for line in sys.stdin:
    name, arguments = json.loads(line)
    statuses = {"@" + status.name: status for status in MessageStatus}
    arguments = [statuses.get(a, a) if isinstance(a, str) else a for a in arguments]
    result = getattr(manager, name)(*arguments)
    print(json.dumps(result), flush=True)
manager.close()
"""


class Other:
    """A manager of the same state in another process."""

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self._stdin, self._stdout = stdin, stdout

    def __call__(self, name: str, *arguments: Any) -> Any:
        self._stdin.write(json.dumps([name, arguments]) + "\n")
        self._stdin.flush()
        return json.loads(self._stdout.readline())


@contextmanager
def another_process(path: Path) -> Iterator[Other]:
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdin
        assert process.stdout
        yield Other(process.stdin, process.stdout)
        process.stdin.close()
    assert process.returncode == 0


def together(*calls: Callable[[], object]) -> list[Any]:
    """Run all at once, each in a thread; what they return, or raises what one of them raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        start = threading.Barrier(len(calls))

        def run(call: Callable[[], object]) -> object:
            start.wait()
            return call()

        return [future.result() for future in [pool.submit(run, call) for call in calls]]


def test_two_managers_of_one_process_see_each_other_at_once(open_manager: Open) -> None:
    one, other = open_manager(), open_manager()
    for number in range(50):
        one.set_config("mine", number)
        assert other.get_config("mine") == number
        other.add_message({"id": str(number)}, S.INCOMING)
        assert one.get_messages(S.INCOMING, limit=1)[0]["id"] == str(number)
        assert one.get_statistics()["total_incoming"] == number + 1
        one.update_session_status(number % 2 == 0)
        assert other.is_session_valid() is (number % 2 == 0)


def test_two_processes_see_each_other_at_once(manager: StateManager, path: Path) -> None:
    with another_process(path) as other:
        for number in range(30):
            manager.set_config("mine", number)
            assert other("get_config", "mine") == number
            assert other("add_message", {"id": str(number)}, "@INCOMING") is True
            assert manager.get_messages(S.INCOMING, limit=1)[0]["id"] == str(number)
            assert manager.move_message(str(number), S.INCOMING, S.SENT) is True
            assert other("move_message", str(number), "@INCOMING", "@SENT") is False
            assert other("get_statistics")["total_sent"] == number + 1
            other("update_session_status", number % 2 == 0)
            assert manager.is_session_valid() is (number % 2 == 0)


def test_threads_lose_nothing(manager: StateManager) -> None:
    def work(worker: int) -> None:
        for number in range(40):
            name = f"{worker}-{number}"
            manager.add_message({"id": name}, S.INCOMING)
            assert manager.move_message(name, S.INCOMING, S.APPROVED)
            manager.update_config({"mine": {name: number}})

    together(*[partial(work, worker) for worker in range(8)])
    assert len(manager.get_messages(S.APPROVED)) == 320
    assert len(manager.get_config("mine")) == 320
    stats = manager.get_statistics()
    assert (stats["total_incoming"], stats["total_approved"]) == (320, 320)


def test_of_many_threads_that_move_one_message_one_succeeds(manager: StateManager) -> None:
    for number in range(20):
        manager.add_message({"id": str(number)}, S.PENDING_APPROVAL)
        move = partial(manager.move_message, str(number), S.PENDING_APPROVAL, S.SENT)
        assert sorted(together(*[move] * 4)) == [False, False, False, True]
    assert manager.get_statistics()["total_sent"] == 20


def test_of_many_threads_that_add_one_message_one_succeeds(manager: StateManager) -> None:
    for number in range(20):
        adds = [partial(manager.add_message, {"id": str(number)}, S.INCOMING) for _ in range(4)]
        assert sorted(together(*adds)) == [False, False, False, True]
    assert manager.get_statistics()["total_incoming"] == 20


def test_a_whole_state_is_one_moment(manager: StateManager) -> None:
    """A message that is moved to and fro is seen in one list: never in both, never in none."""
    manager.add_message({"id": "m1"}, S.APPROVED)
    done = threading.Event()

    def move() -> None:
        for _ in range(100):
            manager.move_message("m1", S.APPROVED, S.FAILED)
            manager.move_message("m1", S.FAILED, S.APPROVED)
        done.set()

    def look() -> None:
        while not done.is_set():
            for state in (manager.get_full_state()["messages"], manager.get_config("messages")):
                assert len(state["approved"]) + len(state["failed"]) == 1

    together(move, look)


POOL = """
import json, multiprocessing, sys
from state_manager import MessageStatus, StateManager

def work(number):
    StateManager(sys.argv[1]).add_message({"id": f"m{number}"}, MessageStatus.INCOMING)

if __name__ == "__main__":
    manager = StateManager(sys.argv[1])
    manager.add_message({"id": "m"}, MessageStatus.INCOMING)
    manager._writer.flush()
    for number in range(3):
        process = multiprocessing.get_context(sys.argv[2]).Process(target=work, args=(number,))
        process.start()
        process.join()
        assert process.exitcode == 0
    print(len(json.load(open(sys.argv[1]))["messages"]["incoming"]))
"""


@pytest.mark.parametrize("way", ["fork", "spawn"])
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_what_a_process_of_multiprocessing_does_is_in_the_file_when_it_has_ended(tmp_path: Path, way: str) -> None:
    (tmp_path / "pool.py").write_text(POOL)
    command = [sys.executable, "pool.py", str(tmp_path / "state.json"), way]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("4\n", "")
