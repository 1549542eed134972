"""How and when the state file is written: whole or not at all, soon after a change, and never on the path of a call."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signoff.statefile import writer
from signoff.store.filelock import FileLock
from state_manager import MessageStatus, StateManager

from ..conftest import ManualClock
from ..waiting import eventually
from .conftest import Face

S = MessageStatus


def said(path: Path, key: str) -> object:
    """What the file says under ``key``; None while there is no file."""
    return json.loads(path.read_bytes()).get(key) if path.exists() else None


def run(program: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


@contextmanager
def held(path: Path) -> Iterator[None]:
    """While another one is writing the file."""
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    assert lock.acquire(10)
    try:
        yield
    finally:
        lock.close()


class TestWhole:
    def test_it_is_replaced_and_never_changed_in_place(self, face: Face) -> None:
        with face.path.open("rb") as reader:
            before = os.fstat(reader.fileno()).st_ino
            face.manager.set_config("mine", "x" * 10_000)
            face.write()
            text = reader.read()
        assert "mine" not in json.loads(text), "a reader that had it open sees the old one, whole"
        assert face.path.stat().st_ino != before

    def test_whoever_reads_it_sees_a_whole_one(self, face: Face) -> None:
        done = threading.Event()
        seen: list[int] = []

        def read() -> None:
            while not done.is_set():
                seen.append(face.read()["metadata"]["revision"])

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(60):
            face.manager.add_message({"id": str(number), "body": "x" * 1000}, S.INCOMING)
            face.write()
        done.set()
        reader.join()
        assert seen == sorted(seen)
        assert len(set(seen)) > 1

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a signal that ends a process at once")
    def test_a_process_killed_while_writing_leaves_a_whole_file(self, path: Path) -> None:
        program = (
            "import sys, itertools\n"
            "from state_manager import MessageStatus, StateManager\n"
            "manager = StateManager(sys.argv[1])\n"
            "print(flush=True)\n"
            "for number in itertools.count():\n"
            "    manager.set_config('mine', 'x' * 300_000 + str(number))\n"
            "    manager._writer.flush()\n"
        )
        for attempt in range(12):
            process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
            with process:
                assert process.stdout
                process.stdout.readline()
                time.sleep(attempt * 0.004)  # the moment of the kill, not a wait
                process.send_signal(signal.SIGKILL)
            assert "metadata" in json.loads(path.read_bytes())
        with StateManager(path) as manager:
            assert manager.check() == []
            said_before = manager.get_config("mine")
        assert said(path, "mine") == said_before
        assert not path.with_name(f".{path.name}.new").exists()

    def test_what_a_killed_process_left_half_written_is_in_nobodys_way(self, face: Face) -> None:
        left = face.path.with_name(f".{face.path.name}.new")
        left.write_text("x" * 1_000_000)
        face.manager.set_config("mine", 1)
        assert face.write()["mine"] == 1
        assert not left.exists()


class TestSoon:
    def test_a_change_after_a_quiet_second_is_written_at_once(self, path: Path) -> None:
        with StateManager(path) as manager:
            for number in range(2):
                eventually(lambda: said(path, "mine") == manager.get_config("mine"))
                time.sleep(writer.WRITE_EVERY + 0.1)  # the quiet second
                began = time.monotonic()
                manager.set_config("mine", number)
                eventually(lambda: said(path, "mine") == number)  # noqa: B023 called at once
                assert time.monotonic() - began < 0.5

    def test_many_changes_are_written_once_a_second(self, path: Path) -> None:
        with StateManager(path) as manager:
            seen = {path.stat().st_ino: 0}
            began = time.monotonic()
            number = 0
            while time.monotonic() - began < 2.5:
                number += 1
                manager.set_config("mine", number)
                seen[path.stat().st_mtime_ns] = number
            assert 3 <= len(seen) <= 5, "at the opening, at once, after one second, after two"

    def test_opening_writes_it_when_it_is_missing_and_when_it_is_behind(self, path: Path, clock: ManualClock) -> None:
        with StateManager(path.with_suffix(".db"), clock=clock) as manager:
            manager.set_config("mine", 1)
        with StateManager(path, clock=clock):
            assert said(path, "mine") == 1
        with StateManager(path.with_suffix(".db"), clock=clock) as manager:
            manager.set_config("mine", 2)
        with StateManager(path, clock=clock):
            eventually(lambda: said(path, "mine") == 2)

    def test_closing_writes_it(self, path: Path) -> None:
        for number in range(5):
            with StateManager(path) as manager:
                manager.set_config("mine", number)
            assert said(path, "mine") == number

    @pytest.mark.parametrize("end", ["", "sys.exit(3)", "raise RuntimeError", "import os; os.kill(os.getpid(), 2)"])
    def test_the_end_of_the_process_writes_it(self, path: Path, end: str) -> None:
        run(
            "import sys\n"
            "from state_manager import StateManager\n"
            "manager = StateManager(sys.argv[1])\n"
            "for number in range(20): manager.set_config('mine', number)\n" + end,
            path,
        )
        assert said(path, "mine") == 19

    def test_what_is_changed_while_the_process_ends_is_kept(self, path: Path) -> None:
        done = run(
            "import atexit, sys\n"
            "def late():\n"
            "    manager = StateManager(sys.argv[1])\n"
            "    manager.set_config('mine', 'late')\n"
            "    manager.close()\n"
            "atexit.register(late)\n"
            "from state_manager import StateManager\n",
            path,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert said(path, "mine") == "late"

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_forked_child_writes_it_too(self, path: Path) -> None:
        with StateManager(path) as manager:
            child = os.fork()
            if child == 0:
                try:
                    manager.set_config("mine", "of the child")
                    eventually(lambda: said(path, "mine") == "of the child")
                finally:
                    os._exit(0 if said(path, "mine") == "of the child" else 1)
            assert os.waitpid(child, 0)[1] == 0
            assert manager.get_config("mine") == "of the child"
            manager.set_config("mine", "of the parent")
            eventually(lambda: said(path, "mine") == "of the parent")


def seen(path: Path) -> tuple[int, int, bytes]:
    """Which file it is, when it was written, and what it says."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, path.read_bytes()


class TestNeverOnThePathOfACall:
    def test_no_call_waits_for_the_file_or_touches_it(self, path: Path) -> None:
        with StateManager(path) as manager:
            manager.set_config("mine", 0)
            eventually(lambda: said(path, "mine") == 0)
            with held(path):
                before = seen(path)
                began = time.monotonic()
                for number in range(1, 30):
                    manager.set_config("mine", number)
                    manager.add_message({"id": str(number)}, S.INCOMING)
                    manager.move_message(str(number), S.INCOMING, S.SENT)
                    manager.update_session_status(True)
                    assert manager.is_session_valid()
                    assert manager.get_config("mine") == number
                assert time.monotonic() - began < 2.5
                assert seen(path) == before
            eventually(lambda: said(path, "mine") == 29)

    def test_reads_do_not_wait_while_another_writes_and_the_file_has_changed(self, path: Path) -> None:
        with StateManager(path) as manager, held(path):
            manager.set_config("mine", 1)
            for number in range(3):
                path.write_text(json.dumps({"edited": number}))
                began = time.monotonic()
                eventually(lambda: manager.get_config("edited") == number)  # noqa: B023 called at once
                assert time.monotonic() - began < 1


class TestReading:
    def test_the_file_is_looked_at_at_most_every_100_ms(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        looks: list[float] = []
        real = os.stat

        def stat(target: object, *arguments: object, **options: object) -> os.stat_result:
            if str(target) == str(path) and threading.current_thread() is threading.main_thread():
                looks.append(time.monotonic())
            return real(target, *arguments, **options)  # type: ignore[arg-type]

        with StateManager(path) as manager:
            monkeypatch.setattr(os, "stat", stat)
            began = time.monotonic()
            while len(looks) < 4:
                manager.get_config("human_in_the_loop")
                manager.is_session_valid()
            assert time.monotonic() - began >= 0.29
            monkeypatch.undo()

    def test_what_was_taken_up_is_soon_shown_with_all_the_rest(self, path: Path) -> None:
        other = path.with_name("other.json")
        other.write_text('{"mine": 1}')
        os.utime(other, (1, 1))
        with StateManager(path) as manager:
            os.replace(other, path)
            eventually(lambda: manager.get_config("mine") == 1)
            eventually(lambda: said(path, "metadata") is not None)

    def test_a_round_of_a_service_takes_up_what_was_edited(self, path: Path) -> None:
        with StateManager(path) as manager, StateManager(path.with_suffix(".db")) as other:
            manager._writer.flush()  # type: ignore[union-attr]
            path.write_text(json.dumps(json.loads(path.read_bytes()) | {"mine": 1}))

            def a_round_has_seen_it() -> bool:
                manager.refresh()
                return bool(other.get_config("mine") == 1)

            eventually(a_round_has_seen_it)


class TestOneAtATime:
    def test_it_is_not_written_while_another_process_writes(self, face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("signoff.statefile.file.LOCK_TIME", 0.05)
        face.manager.set_config("mine", 1)
        before = face.path.read_bytes()
        from signoff.errors import StateFileError

        with (
            held(face.path),
            pytest.raises(StateFileError, match=f"process {os.getpid()} .* has been writing it for 0.05 s$"),
        ):
            face.file.write()
        assert face.path.read_bytes() == before
        assert face.write()["mine"] == 1

    def test_it_is_written_only_if_there_is_something_newer(self, path: Path, clock: ManualClock) -> None:
        with StateManager(path, clock=clock) as manager:
            manager.set_config("mine", 1)
        before = seen(path)
        with StateManager(path, clock=clock):
            pass
        first, second = Face(path, clock), Face(path, clock)
        for face in (first, second):
            assert not face.file.take_up()
            assert [face.file.write() for _ in range(2)] == [False, False]
        assert seen(path) == before
        for number in (2, 3):
            second.manager.set_config("mine", number)
            assert second.file.write()
        after = seen(path)
        assert after != before
        assert not first.file.write()
        assert seen(path) == after, "the other has written this revision"
        for face in (first, second):
            face.close()

    def test_one_that_is_up_to_date_is_not_even_waited_for(self, face: Face) -> None:
        face.manager.set_config("mine", 1)
        face.write()
        face.age(10)
        assert not face.file.take_up()
        assert not face.file.changed()
        with held(face.path):
            assert not face.file.write()
        face.age(20)
        assert not face.file.write()
        with held(face.path):
            assert not face.file.write()

    def test_however_many_change_something_first_one_thread_writes_it(self, path: Path) -> None:
        def writing() -> set[threading.Thread]:
            return {thread for thread in threading.enumerate() if thread.name == "signoff-state-file"}

        before = writing()
        with StateManager(path) as manager:
            keeper = manager._writer
            assert keeper is not None
            changers = [threading.Thread(target=manager.set_config, args=("mine", number)) for number in range(4)]
            with keeper._starting:
                for changer in changers:
                    changer.start()
                eventually(lambda: len(keeper._inside._calls) == len(changers))
            for changer in changers:
                changer.join()
            (thread,) = writing() - before
            assert thread.daemon, "the end of the process waits for none"

    def test_a_signal_handler_is_told_that_it_has_interrupted_whoever_writes_the_file(self, path: Path) -> None:
        with StateManager(path) as manager:
            keeper = manager._writer
            assert keeper is not None
            assert not keeper.is_interrupted()
            with keeper._inside:
                assert keeper.is_interrupted()

    def test_processes_that_change_and_write_at_once_end_with_the_newest(self, path: Path) -> None:
        program = (
            "import sys\n"
            "from state_manager import MessageStatus, StateManager\n"
            "manager = StateManager(sys.argv[1])\n"
            "for number in range(15):\n"
            "    manager.add_message({'id': f'{sys.argv[2]}-{number}'}, MessageStatus.INCOMING)\n"
            "    manager._writer.flush()\n"
        )
        processes = [
            subprocess.Popen([sys.executable, "-c", program, str(path), str(number)], stderr=subprocess.PIPE)
            for number in range(4)
        ]
        for process in processes:
            with process:
                assert process.stderr
                assert process.stderr.read() == b""
        document = json.loads(path.read_bytes())
        assert len(document["messages"]["incoming"]) == 60
        with StateManager(path) as manager:
            assert manager.get_full_state() == document


class TestAWriteThatFails:
    @pytest.mark.skipif(not hasattr(os, "setuid") or os.getuid() != 0, reason="only root can become somebody else")
    def test_in_a_folder_that_became_read_only_every_call_goes_on(self, tmp_path: Path) -> None:
        """Root may write everywhere, so the script becomes somebody else first."""
        program = (
            "import logging, os, sys\n"
            "from state_manager import MessageStatus, StateManager\n"
            "import signoff.statefile.writer, signoff.store\n"  # while the files of the library can be read
            "logging.basicConfig(level='WARNING')\n"
            "os.setgid(65534); os.setuid(65534)\n"
            "os.chdir(sys.argv[1])\n"
            "manager = StateManager('state.json')\n"
            "manager.set_config('mine', 1)\n"
            "manager._writer.flush()\n"
            "os.chmod('.', 0o555)\n"
            "try:\n"
            "    for number in range(20):\n"
            "        manager.set_config('mine', number)\n"
            "        manager.add_message({'id': str(number)}, MessageStatus.INCOMING)\n"
            "        assert manager.get_config('mine') == number\n"
            "        assert manager.is_session_valid() is False\n"
            "    manager._writer.flush(); manager._writer.flush()\n"
            "    assert len(manager.get_messages(MessageStatus.INCOMING)) == 20\n"
            "finally:\n"
            "    os.chmod('.', 0o755)\n"
            "manager.close()\n"
        )
        for folder in (tmp_path, *tmp_path.parents):
            if not folder.stat().st_mode & 0o001:
                folder.chmod(0o755)
        home = tmp_path / "home"
        home.mkdir()
        os.chown(home, 65534, 65534)
        done = run(program, home)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("could not be written") == 1, "said once, not at every try"
        assert "Permission denied" in done.stderr
        assert said(home / "state.json", "mine") == 19, "and written as soon as that is possible"

    def test_somebody_who_reads_it_on_windows_is_waited_for(self, face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
        """There a file that is open cannot be replaced."""
        real, refusals = os.replace, iter([True] * 3)

        def replace(source: Path, target: Path) -> None:
            if next(refusals, False):
                raise PermissionError(13, "The process cannot access the file")
            real(source, target)

        monkeypatch.setattr("signoff.store.durable._renameat2", lambda: None)
        monkeypatch.setattr("os.replace", replace)
        face.manager.set_config("mine", 1)
        assert face.write()["mine"] == 1

    def test_and_if_that_never_ends_it_is_said(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(13, "The process cannot access the file")

        with StateManager(path) as manager:
            manager._writer.flush()  # type: ignore[union-attr]
            with monkeypatch.context() as patched:
                patched.setattr("signoff.statefile.file.rename", refuse)
                patched.setattr("signoff.statefile.file.TRIES", 2)
                manager.set_config("mine", 1)
                told = "could not be written: others keep reading or changing it; the database is complete"
                eventually(lambda: told in caplog.text)
                manager._writer.flush()  # type: ignore[union-attr]
                assert caplog.text.count("could not be written") == 1, "said once, not at every try"
                assert manager.get_config("mine") == 1
        assert said(path, "mine") == 1

    @pytest.mark.parametrize("why", ["it is no state file", "it cannot be replaced"])
    def test_it_is_tried_again_after_a_second(self, path: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
        def refuse(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with StateManager(path) as manager:
            keeper, tries = manager._writer, list[float]()
            assert keeper is not None
            flush = keeper.flush

            def counted() -> bool:
                tries.append(time.monotonic())
                return flush()

            with monkeypatch.context() as patched:
                patched.setattr(keeper, "flush", counted)
                if why == "it is no state file":
                    path.write_text("{")
                else:
                    patched.setattr("signoff.statefile.file.rename", refuse)
                manager.set_config("mine", 1)
                eventually(lambda: len(tries) > 1)
        assert tries[1] - tries[0] >= 0.9 * writer.WRITE_EVERY
