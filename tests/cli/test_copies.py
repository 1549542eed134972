"""``signoff backup`` and ``signoff restore``: nothing is lost, nothing that was sent can be sent again."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.store.upkeep import verify_copy

from ..store.scenes import BEN, Scene
from .conftest import AtTerminal, Signoff


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


class TestBackup:
    def test_is_a_verified_copy_and_a_json_file(self, desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
        desk.draft()
        result = signoff("backup")
        assert result.returncode == 0
        (database,) = tmp_path.glob("whatsapp_state_backup_*.db")
        (readable,) = tmp_path.glob("whatsapp_state_backup_*.json")
        assert database.name in result.stdout
        assert readable.name in result.stdout
        assert verify_copy(database) == []
        document = json.loads(readable.read_text("utf-8"))
        assert document["metadata"]["kind"] == "backup"
        assert [entry["id"] for entry in document["messages"]["pending_approval"]] == ["reply_m1"]
        if os.name != "nt":
            assert {stat.S_IMODE(path.stat().st_mode) for path in (database, readable)} == {0o600}

    def test_goes_where_it_is_told(self, desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
        desk.draft()
        assert signoff("backup", "new/folder/2026.11.22").returncode == 0
        assert names(tmp_path / "new" / "folder", "*") == ["2026.11.22.db", "2026.11.22.json"]
        assert signoff("backup", "new").returncode == 0
        assert len(names(tmp_path / "new", "whatsapp_state_backup_*")) == 2

    @pytest.mark.parametrize("target", ["whatsapp_state", "whatsapp_state.db", "./whatsapp_state.json"])
    def test_never_goes_over_the_state_itself(self, desk: Scene, signoff: Signoff, target: str) -> None:
        desk.draft()
        result = signoff("backup", target)
        assert result.returncode == 3
        assert "is the state itself" in result.stderr
        assert desk.ids(MessageStatus.PENDING_APPROVAL) == ["reply_m1"]

    def test_to_where_nothing_can_be_is_a_sentence(self, desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
        desk.draft()
        (tmp_path / "file").write_text("no folder")
        result = signoff("backup", "file/monday")
        assert result.returncode == 3
        assert result.stderr.count("\n") == 1
        assert "file" in result.stderr


class TestRestoreOfADatabase:
    def test_brings_the_backup_back_and_keeps_what_was_there(
        self, desk: Scene, signoff: Signoff, tmp_path: Path
    ) -> None:
        desk.draft("m1")
        desk.draft("m2", chat=BEN)
        desk.approve("reply_m2")
        signoff("backup", "monday")
        claim = desk.claim()
        assert claim is not None
        desk.accepted(claim)
        desk.reject("reply_m1")
        desk.store.close()

        result = signoff("restore", "monday.db")
        assert result.returncode == 0
        (kept,) = tmp_path.glob("whatsapp_state_replaced_*.db")
        assert kept.name in result.stdout
        assert verify_copy(kept) == []
        with StateManager(tmp_path / "whatsapp_state.json") as state:
            assert [row.id for row in state.rows(MessageStatus.SENT)] == ["reply_m2"]
            assert [row.id for row in state.rows(MessageStatus.PENDING_APPROVAL)] == ["reply_m1"]
            assert state.check() == []
            assert state.get_config("outbox_hold") is None
        shown = json.loads((tmp_path / "whatsapp_state.json").read_text("utf-8"))
        assert [entry["id"] for entry in shown["messages"]["sent"]] == ["reply_m2"]

    def test_settings_come_back_although_the_state_file_shows_newer_ones(
        self, signoff: Signoff, tmp_path: Path
    ) -> None:
        with StateManager(tmp_path / "whatsapp_state.json") as state:
            state.set_config("api_endpoint", "http://monday:3000/api/whatsapp")
        signoff("backup", "monday")
        with StateManager(tmp_path / "whatsapp_state.json") as state:
            state.set_config("api_endpoint", "http://tuesday:3000/api/whatsapp")
        assert signoff("restore", "monday.db").returncode == 0
        with StateManager(tmp_path / "whatsapp_state.json") as state:
            assert state.get_config("api_endpoint") == "http://monday:3000/api/whatsapp"
        shown = json.loads((tmp_path / "whatsapp_state.json").read_text("utf-8"))
        assert shown["api_endpoint"] == "http://monday:3000/api/whatsapp"

    def test_is_refused_while_another_process_has_it_open(
        self, desk: Scene, signoff: Signoff, at_terminal: AtTerminal
    ) -> None:
        desk.draft()
        signoff("backup", "monday")
        desk.store.close()
        terminal = at_terminal("inbox")
        terminal.expect("Until six.")
        result = signoff("restore", "monday.db")
        assert result.returncode == 3
        assert "another process has" in result.stderr
        assert "stop signoff run" in result.stderr
        terminal.press_until("a", "approved by")

    def test_onto_a_machine_without_a_database_holds_the_outbox_until_released(
        self, desk: Scene, signoff: Signoff, tmp_path: Path
    ) -> None:
        desk.draft()
        signoff("backup", "monday")
        new = tmp_path / "new"
        new.mkdir()
        state = str(new / "whatsapp_state.json")
        result = signoff("restore", "monday.db", "--state", state)
        assert result.returncode == 0
        assert "Nothing is sent for now" in result.stderr
        assert json.loads(signoff("status", "--json", "--state", state).stdout)["outbox_hold"]
        assert signoff("doctor", "--state", state, "--gateway", "simulator").returncode == 1
        released = signoff("doctor", "--release", "--state", state)
        assert "nobody knows what was sent since the backup" in released.stdout
        assert not json.loads(signoff("status", "--json", "--state", state).stdout)["outbox_hold"]
        assert signoff("doctor", "--state", state, "--gateway", "simulator").returncode == 0


class TestRestoreOfAJsonFile:
    def test_takes_unknown_messages_in_and_backs_up_before(self, desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
        backup = {"metadata": {"kind": "backup"}, "messages": {"sent": [{"id": "old", "recipient": BEN, "body": "Hi"}]}}
        (tmp_path / "old.json").write_text(json.dumps(backup))
        result = signoff("restore", "old.json")
        assert result.returncode == 0
        assert desk.row("old").status == "sent"
        (saved,) = tmp_path.glob("whatsapp_state_backup_*.json")
        assert saved.name in result.stdout


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.db", b"SQLite format 3\x00 and then nothing"),
        ("empty.db", b""),
        ("text.db", b"dear diary"),
        ("broken.json", b'{"messages": '),
        ("list.json", b"[]"),
    ],
)
def test_what_is_no_backup_changes_nothing(
    desk: Scene, signoff: Signoff, tmp_path: Path, name: str, content: bytes
) -> None:
    desk.draft()
    desk.store.close()
    (tmp_path / name).write_bytes(content)
    result = signoff("restore", name)
    assert result.returncode == 3
    assert name in result.stderr
    assert "nothing was changed" in result.stderr
    assert "Traceback" not in result.stderr
    assert desk.ids(MessageStatus.PENDING_APPROVAL) == ["reply_m1"]
    assert names(tmp_path, "*replaced*") == []


def test_a_backup_that_is_not_there_is_wrongly_asked(desk: Scene, signoff: Signoff) -> None:
    assert signoff("restore", "nowhere.db").returncode == 2
    assert desk.ids(MessageStatus.SENT) == []
