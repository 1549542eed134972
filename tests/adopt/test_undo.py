"""Bringing back restores byte for byte, and never throws away what signoff knows beyond it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.adopt import adopt, plan, undo
from signoff.adopt.copies import MANIFEST, PREFIX
from signoff.clock import system_clock
from signoff.errors import NotFound, StateFileError, StoreBusy

from ..conftest import ManualClock
from .components import OLD, state, write_state
from .tree import tree


def adopted(folder: Path) -> Path:
    copies = adopt(plan(folder), True, system_clock).copies
    assert copies is not None
    return copies


def add(folder: Path, message_id: str) -> None:
    with StateManager(folder / "whatsapp_state.json") as manager:
        manager.add_message({"id": message_id, "from": "15550100111@c.us", "body": "Hi"}, MessageStatus.INCOMING)


@contextmanager
def another_process_has_open(folder: Path) -> Iterator[None]:
    program = "from state_manager import StateManager; manager = StateManager(); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as script:
        assert script.stdin is not None
        assert script.stdout is not None
        assert script.stdout.readline() == "open\n"
        yield
        script.stdin.write("end\n")


def test_everything_is_as_it_was_byte_for_byte(folder: Path) -> None:
    before = tree(folder)
    adopted(folder)
    assert tree(folder) != before
    done = undo(folder)
    assert tree(folder) == before
    assert done.kept is None
    assert set(done.files) >= {"state_manager.py", "whatsapp_state.json"}


@pytest.mark.parametrize("text", [b"", b'{"messages": {"sent": [{"id": "a", "body": "b"}, {"id', b"\xff\xfe nothing"])
def test_a_broken_state_file_is_broken_again(folder: Path, text: bytes) -> None:
    (folder / "whatsapp_state.json").write_bytes(text)
    before = tree(folder)
    adopted(folder)
    undo(folder)
    assert tree(folder) == before


def test_packages_links_read_only_files_and_their_modes_come_back(folder: Path, tmp_path: Path) -> None:
    (folder / "state_manager.py").unlink()
    package = folder / "state_manager"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text(OLD)
    (package / "deep" / "data.bin").write_bytes(bytes(range(256)))
    (package / "deep" / "data.bin").chmod(0o400)
    (package / "deep").chmod(0o550)
    (folder / "whatsapp_watcher.py").unlink()
    (folder / "whatsapp_watcher.py").symlink_to("nowhere.py")
    before = tree(folder)
    adopted(folder)
    assert not package.exists()
    undo(folder)
    assert tree(folder) == before


def test_a_state_that_was_begun_is_gone_again(folder: Path) -> None:
    (folder / "whatsapp_state.json").unlink()
    before = tree(folder)
    adopted(folder)
    undo(folder)
    assert tree(folder) == before


def test_what_signoff_rewrote_and_reads_without_a_change_are_its_own(folder: Path) -> None:
    before = tree(folder)
    adopted(folder)
    with StateManager(folder / "whatsapp_state.json") as manager:
        manager.get_messages(MessageStatus.SENT)
        manager.is_session_valid()
        manager.requires_qr_scan()
    undo(folder)
    assert tree(folder) == before


def test_what_came_since_is_kept(folder: Path) -> None:
    before = tree(folder)
    copies = adopted(folder)
    add(folder, "since")
    done = undo(folder)
    assert tree(folder, copies=False) == before
    assert done.kept == copies / "after"
    with StateManager(copies / "after" / "whatsapp_state.json") as manager:
        assert "since" in [message["id"] for message in manager.get_messages(MessageStatus.INCOMING)]


def test_a_state_file_that_says_the_same_in_other_words_is_no_hindrance(folder: Path) -> None:
    before = tree(folder)
    adopted(folder)
    path = folder / "whatsapp_state.json"
    path.write_text(json.dumps(json.loads(path.read_bytes())))
    undo(folder)
    assert tree(folder) == before


class TestIsRefused:
    def test_where_a_module_was_put_since(self, folder: Path) -> None:
        adopted(folder)
        (folder / "whatsapp_sender.py").write_text("# mine\n")
        before = tree(folder)
        with pytest.raises(StateFileError, match=r"whatsapp_sender\.py was put there since"):
            undo(folder)
        assert tree(folder) == before
        (folder / "whatsapp_sender.py").unlink()
        undo(folder)
        assert (folder / "whatsapp_sender.py").read_text() == OLD

    def test_where_the_state_file_was_edited_and_that_is_not_taken_up(self, folder: Path) -> None:
        adopted(folder)
        path = folder / "whatsapp_state.json"
        document = json.loads(path.read_bytes())
        write_state(folder, document | {"human_in_the_loop": False})
        text = path.read_bytes()
        with pytest.raises(StateFileError, match=r"changed since signoff wrote it.*signoff status"):
            undo(folder)
        assert path.read_bytes() == text
        with StateManager(path) as manager:
            assert manager.get_config("human_in_the_loop") is False
        done = undo(folder)
        assert done.kept is not None

    @pytest.mark.parametrize("change", ["session", "message", "record", "text"])
    def test_where_anything_else_in_it_was_edited(self, folder: Path, change: str) -> None:
        adopted(folder)
        path = folder / "whatsapp_state.json"
        document = json.loads(path.read_bytes())
        document["session"]["authenticated"] = change != "session"
        if change == "message":
            document["messages"]["incoming"].append({"id": "new", "body": "Hi"})
        if change == "record":
            document["message_log"].append({"recipient": "15550100119", "message": "new"})
        write_state(folder, document)
        if change == "text":
            path.write_text("dear diary")
        with pytest.raises(StateFileError, match="changed since signoff wrote it"):
            undo(folder)

    def test_while_another_process_has_the_database_open(self, folder: Path) -> None:
        adopted(folder)
        before = (folder / "state_manager.py").exists()
        with another_process_has_open(folder), pytest.raises(StoreBusy, match="another process has"):
            undo(folder)
        assert (folder / "state_manager.py").exists() == before
        undo(folder)
        assert (folder / "state_manager.py").read_text() == OLD

    def test_where_a_copy_is_damaged(self, folder: Path) -> None:
        copies = adopted(folder)
        (copies / "before" / "state_manager.py").write_text("# changed\n")
        before = tree(folder)
        with pytest.raises(StateFileError, match="is damaged or missing"):
            undo(folder)
        assert tree(folder) == before
        (copies / "before" / "state_manager.py").write_text(OLD)
        undo(folder)
        assert (folder / "state_manager.py").read_text() == OLD

    def test_where_the_manifest_cannot_be_read(self, folder: Path) -> None:
        copies = adopted(folder)
        (copies / MANIFEST).write_text("{")
        with pytest.raises(StateFileError, match="cannot be read"):
            undo(folder)
        assert (copies / "before" / "state_manager.py").read_text() == OLD

    def test_where_nothing_was_adopted(self, folder: Path) -> None:
        before = tree(folder)
        with pytest.raises(NotFound, match="nothing is to be brought back"):
            undo(folder)
        assert tree(folder) == before


def test_a_module_that_was_put_back_by_hand_is_no_hindrance(folder: Path) -> None:
    before = tree(folder)
    copies = adopted(folder)
    (folder / "state_manager.py").write_bytes((copies / "before" / "state_manager.py").read_bytes())
    undo(folder)
    assert tree(folder) == before


def test_a_damaged_database_hinders_nobody_and_is_kept(folder: Path) -> None:
    before = tree(folder)
    copies = adopted(folder)
    (folder / "whatsapp_state.db").write_bytes(b"no database" * 1000)
    assert undo(folder).kept == copies / "after"
    assert tree(folder, copies=False) == before
    assert (copies / "after" / "whatsapp_state.db").exists()


def test_two_adoptions_are_brought_back_one_by_one(folder: Path) -> None:
    before = tree(folder)
    adopted(folder)
    (folder / "state_manager.py").write_text("# another\n")
    between = tree(folder)
    adopted(folder)
    undo(folder)
    assert tree(folder) == between
    (folder / "state_manager.py").unlink()
    undo(folder)
    assert tree(folder) == before


def test_adopted_and_brought_back_and_adopted_again(folder: Path) -> None:
    before = tree(folder)
    for _ in range(2):
        adopted(folder)
        add(folder, "since")
        undo(folder)
        assert tree(folder, copies=False) == before
    assert len(list(folder.glob(f"{PREFIX}*"))) == 2
    write_state(folder, state())
    assert adopt(plan(folder), True, system_clock).problems == ()


@pytest.mark.parametrize("later", [-40 * 60, -400 * 86_400, 0])
def test_the_last_adoption_is_brought_back_first_whatever_the_clocks_show(
    folder: Path, clock: ManualClock, later: int
) -> None:
    begun = tree(folder)
    for number in range(11):
        assert adopt(plan(folder), True, clock).copies is not None
        (folder / "whatsapp_sender.py").write_text(f"mine = {number}\n")
        clock.advance(later)
    for number in reversed(range(11)):
        (folder / "whatsapp_sender.py").unlink()
        undo(folder)
        assert not number or (folder / "whatsapp_sender.py").read_text() == f"mine = {number - 1}\n"
    assert tree(folder) == begun
