"""Where the state is kept, how it is opened and closed, and whose it is."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

import pytest

from signoff.errors import InvalidMessage, StateFileError, StoreUnavailable
from state_manager import MessageStatus, StateManager

from ..conftest import ManualClock
from ..store.scenes import LEASE, Scene
from .conftest import Open

S = MessageStatus


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_a_state_file_has_its_database_beside_it(open_manager: Open, tmp_path: Path) -> None:
    with open_manager(tmp_path / "mine.json") as manager:
        assert manager.folder == tmp_path
    assert {"mine.json", "mine.db"} < names(tmp_path)


@pytest.mark.parametrize("name", ["mine.db", "MINE.DB"])
def test_a_database_has_no_state_file(open_manager: Open, tmp_path: Path, name: str) -> None:
    with open_manager(tmp_path / name) as manager:
        manager.add_message({"id": "m1"}, S.INCOMING)
        assert [message["id"] for message in manager.get_messages(S.INCOMING)] == ["m1"]
    assert names(tmp_path) == {name, f"{name}.lock"}


def test_both_names_mean_the_same_state(open_manager: Open, tmp_path: Path) -> None:
    open_manager(tmp_path / "mine.json").add_message({"id": "m1"}, S.INCOMING)
    assert len(open_manager(tmp_path / "mine.db").get_messages(S.INCOMING)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="making a link needs a right there")
def test_a_link_means_the_file_that_it_names(open_manager: Open, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "state.json", tmp_path / "link.json"
    link.symlink_to(real)
    first, second = open_manager(link), open_manager(real)
    first.add_message({"id": "m1"}, S.INCOMING)
    assert len(second.get_messages(S.INCOMING)) == 1
    first.close()
    second.close()
    assert link.is_symlink()
    assert '"m1"' in real.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="making a link needs a right there")
def test_a_state_file_that_cannot_be_read_is_told_and_nothing_stays_open(path: Path) -> None:
    path.symlink_to(path)
    for _ in range(2):
        with pytest.raises(StateFileError, match=f"^{re.escape(str(path))} cannot be read or kept \\(.+\\)$"):
            StateManager(path)
    path.unlink()
    StateManager(path).close()


def test_a_library_that_cannot_be_read_is_told_and_can_be_tried_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "signoff.store", None)
        told = f"^{re.escape(str(path))} cannot be opened \\(.+\\): see to that, and try again$"
        with pytest.raises(StoreUnavailable, match=told):
            StateManager(path)
    StateManager(path).close()


def test_opening_settles_what_scripts_left(open_manager: Open, clock: ManualClock) -> None:
    scene = Scene(open_manager().store, clock)
    row = scene.script()
    scene.store.approve_beside(row, by="a script", kind="script")
    claim = scene.store.claim_row(row, lease=LEASE, by="a script")
    assert claim is not None
    scene.accepted(claim, move=False)
    clock.advance(60)
    assert [message["id"] for message in open_manager().get_messages(S.SENT)] == [row.id]


def test_a_process_may_change_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".wwebjs_auth").mkdir()
    monkeypatch.chdir(tmp_path)
    with StateManager("state.json", clock=clock) as manager:
        manager.update_session_status(True)
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert manager.is_session_valid() is True
        saved = manager.backup_state()
        assert Path(saved).parent == tmp_path
    assert names(tmp_path / "elsewhere") == set()
    assert "state.json" in names(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="modes mean something else there")
def test_all_files_are_private(open_manager: Open, tmp_path: Path) -> None:
    manager = open_manager()
    manager.add_message({"id": "m1"}, S.INCOMING)
    manager.backup_state()
    manager.export_state(tmp_path / "exported.json")
    (tmp_path / "exported.json").chmod(0o644)
    manager.export_state(tmp_path / "exported.json")
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir() if entry.is_file()}
    assert set(modes.values()) == {0o600}, modes


def test_a_manager_is_a_context_manager(path: Path, clock: ManualClock) -> None:
    with StateManager(path, clock=clock) as manager:
        assert isinstance(manager, StateManager)
    with pytest.raises(StoreUnavailable, match="closed"):
        manager.get_statistics()


def test_a_closed_manager_says_so_whatever_is_called(manager: StateManager, tmp_path: Path) -> None:
    manager.close()
    manager.close()
    for call in (
        manager.is_session_valid,
        manager.mark_session_invalid,
        lambda: manager.add_message({"id": "m1"}, S.INCOMING),
        lambda: manager.get_config("human_in_the_loop"),
        lambda: manager.set_config("human_in_the_loop", True),
        manager.get_full_state,
        manager.backup_state,
        lambda: manager.export_state(tmp_path / "x.json"),
        manager.check,
    ):
        with pytest.raises(StoreUnavailable, match="closed"):
            call()


def test_closing_one_twice_leaves_the_others_alone(open_manager: Open, path: Path) -> None:
    one, other = open_manager(), open_manager()
    one.close()
    one.close()
    other.add_message({"id": "m1"}, S.INCOMING)
    other.close()
    assert '"m1"' in path.read_text()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at the open files of Linux")
def test_closing_lets_go_of_everything(tmp_path: Path) -> None:
    def open_files() -> list[str]:
        names = []
        for entry in os.listdir("/proc/self/fd"):
            try:
                names.append(os.readlink(f"/proc/self/fd/{entry}"))
            except OSError:
                continue
        return [name for name in names if str(tmp_path) in name]

    with StateManager(tmp_path / "state.json") as manager:
        manager.add_message({"id": "m1"}, S.INCOMING)
        assert open_files()
    assert open_files() == []


def test_accounts_share_a_file_and_nothing_else(open_manager: Open) -> None:
    first, second = open_manager(), open_manager(account="second")
    assert (first.account_name, second.account_name) == ("default", "second")
    first.add_message({"id": "m1", "body": "mine"}, S.INCOMING)
    assert second.add_message({"id": "m1", "body": "yours"}, S.SENT) is True
    second.update_session_status(True, {"name": "Ben"})
    assert first.get_messages(S.SENT) == []
    assert first.is_session_valid() is False
    assert first.get_config("account_info")["name"] is None
    assert second.get_statistics()["total_incoming"] == 0
    assert open_manager(account="second").get_messages(S.SENT)[0]["body"] == "yours"


def test_the_state_file_shows_the_account_default(open_manager: Open, path: Path) -> None:
    first, second = open_manager(), open_manager(account="second")
    first.add_message({"id": "mine"}, S.INCOMING)
    second.add_message({"id": "yours"}, S.INCOMING)
    first.close()
    second.close()
    assert '"mine"' in path.read_text()
    assert '"yours"' not in path.read_text()


def test_who_does_it_is_noted(open_manager: Open) -> None:
    open_manager(by="the night shift").add_message({"id": "m1"}, S.INCOMING)
    assert [event["by"] for event in open_manager().history("m1")] == ["the night shift"]


@pytest.mark.parametrize(("program", "noted"), [("/home/ana/watch.py", "watch.py"), ("", "script"), (".", "script")])
def test_where_nobody_says_who_the_script_is_noted(
    path: Path, monkeypatch: pytest.MonkeyPatch, program: str, noted: str
) -> None:
    monkeypatch.setattr(sys, "argv", [program])
    with StateManager(path) as manager:
        assert manager.by == noted


def test_who_is_a_text_that_can_be_stored(path: Path) -> None:
    with pytest.raises(InvalidMessage, match=r"^by holds a NUL character"):
        StateManager(path, by="a\0b")


def test_another_process_is_waited_for_half_a_minute_where_nobody_says_how_long(open_manager: Open) -> None:
    assert open_manager().store.database.busy_timeout == 30


def test_the_state_is_there_again_after_closing(open_manager: Open) -> None:
    with open_manager() as manager:
        manager.add_message({"id": "m1", "body": "🌊"}, S.INCOMING)
        manager.update_session_status(True, {"name": "Ana"})
        manager.set_config("mine", [1])
        before = manager.get_full_state()
    assert open_manager().get_full_state() == before


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
class TestWhatIsNoFile:
    """A device or a pipe, which opening would wait for, or replace."""

    @pytest.fixture(params=["pipe", "device"])
    def odd(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        path = tmp_path / "odd.json"
        if request.param == "pipe":
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero")
        return path

    def test_is_no_state(self, odd: Path) -> None:
        with pytest.raises(StateFileError, match="is a device or a pipe: give the path of a file"):
            StateManager(odd)

    def test_is_not_written_over(self, odd: Path, manager: StateManager) -> None:
        for call in (manager.export_state, lambda target: manager.store.backup(Path(target))):
            with pytest.raises(StateFileError, match="is a device or a pipe"):
                call(odd)

    def test_is_no_backup(self, odd: Path, manager: StateManager) -> None:
        with pytest.raises(StateFileError, match="is no file: save what it gives in one, and restore that"):
            manager.restore_state(odd)


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal", ".lock"])
def test_what_belongs_to_a_database_is_no_state(manager: StateManager, path: Path, end: str) -> None:
    manager.add_message({"id": "m1"}, S.INCOMING)
    part = path.with_name(f"{path.stem}.db{end}")
    before = part.read_bytes() if part.exists() else None
    with pytest.raises(StateFileError, match="belongs to the database beside it"):
        StateManager(part)
    assert (part.read_bytes() if part.exists() else None) == before


def test_a_name_that_only_ends_like_one_is_as_good_as_any(open_manager: Open, tmp_path: Path) -> None:
    open_manager(tmp_path / "travel-journal").add_message({"id": "m1"}, S.INCOMING)
    assert (tmp_path / "travel-journal.db").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there a folder in use cannot be removed")
def test_a_working_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(StateFileError, match="is nowhere: the folder in which this process works is gone"):
        StateManager()
