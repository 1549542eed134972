"""Backups and exports: whole, one moment, under names of their own; and restoring them, also by copying."""

from __future__ import annotations

import json
import re
import shutil
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signoff.errors import StateFileError
from signoff.model import content_of
from signoff.store.takeup import FileEdit
from state_manager import MessageStatus, StateManager

from ..conftest import ManualClock
from ..waiting import eventually
from .conftest import Document, Face

S = MessageStatus
ANA = "15550100@c.us"


def copy_over(face: Face, backup: str | Path) -> None:
    """Restore as the guide does, and have it noticed."""
    shutil.copy(backup, face.path)
    face.file.take_up()


class TestMaking:
    def test_a_backup_stands_beside_the_state_file(self, face: Face) -> None:
        saved = Path(face.manager.backup_state())
        assert saved.parent == face.path.parent
        assert re.fullmatch(r"whatsapp_state_backup_\d{8}_\d{6}\.json", saved.name)

    def test_two_in_one_second_get_a_number(self, face: Face) -> None:
        first, second, third = (Path(face.manager.backup_state()) for _ in range(3))
        assert second.name == first.name.replace(".json", "_2.json")
        assert third.name == first.name.replace(".json", "_3.json")

    def test_many_at_once_are_all_whole_and_none_replaces_another(self, face: Face) -> None:
        for number in range(300):
            face.manager.add_message({"id": str(number), "body": "x" * 100}, S.SENT)
        with ThreadPoolExecutor(8) as pool:
            saved = set(pool.map(lambda _: face.manager.backup_state(), range(16)))
        assert len(saved) == 16
        for name in saved:
            assert len(json.loads(Path(name).read_bytes())["messages"]["sent"]) == 300

    def test_it_holds_all_messages_and_nothing_that_was_cleared(self, face: Face) -> None:
        for number in range(1200):
            face.manager.add_message({"id": str(number)}, S.SENT)
        face.manager.add_message({"id": "cleared"}, S.INCOMING)
        face.manager.clear_messages(S.INCOMING)
        document = json.loads(Path(face.manager.backup_state()).read_bytes())
        assert len(document["messages"]["sent"]) == 1200
        assert document["messages"]["incoming"] == []
        assert document["metadata"]["kind"] == "backup"

    def test_it_is_written_as_a_stream(self, face: Face) -> None:
        """However much there is, only a part of it is in memory at a time."""
        text = "x" * 10_000
        entries = tuple(
            ("message_log", str(number), json.dumps({"id": str(number), "a": text})) for number in range(1000)
        )
        sent = tuple((S.SENT, content_of({"id": str(number), "body": text})) for number in range(2000))
        face.manager.store.take_up(face.manager.account, FileEdit(messages=sent, records=entries), by="test")
        tracemalloc.start()
        try:
            saved = Path(face.manager.backup_state())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert saved.stat().st_size > 30_000_000
        assert peak < 18_000_000

    def test_it_is_one_moment(self, face: Face) -> None:
        """While a message is moved to and fro, every backup holds it once."""
        face.manager.add_message({"id": "m1"}, S.APPROVED)
        done = threading.Event()

        def move() -> None:
            while not done.is_set():
                face.manager.move_message("m1", S.APPROVED, S.FAILED)
                face.manager.move_message("m1", S.FAILED, S.APPROVED)

        mover = threading.Thread(target=move)
        mover.start()
        try:
            for _ in range(30):
                lists = json.loads(Path(face.manager.backup_state()).read_bytes())["messages"]
                assert len(lists["approved"]) + len(lists["failed"]) == 1
        finally:
            done.set()
            mover.join()

    def test_missing_folders_are_made_and_an_existing_file_is_replaced(self, face: Face) -> None:
        target = face.path.parent / "a" / "b" / "exported.json"
        face.manager.export_state(target)
        face.manager.set_config("mine", 1)
        face.manager.export_state(str(target))
        assert json.loads(target.read_bytes())["mine"] == 1
        assert [entry.name for entry in target.parent.iterdir()] == ["exported.json"]

    def test_an_export_goes_where_the_caller_stands(
        self, face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        face.manager.export_state("backup/state.json")
        assert (tmp_path / "elsewhere" / "backup" / "state.json").exists()

    def test_one_that_fails_replaces_nothing_and_leaves_nothing(self, face: Face, tmp_path: Path) -> None:
        there = set(tmp_path.iterdir())
        (tmp_path / "folder.json").mkdir()
        folder = tmp_path / "folder.json"
        with pytest.raises(StateFileError, match="is a folder"):
            face.manager.export_state(folder)
        (tmp_path / "file").write_text("precious")
        below = tmp_path / "file" / "x.json"
        told = f"^{re.escape(str(below))} could not be written \\(.+\\); nothing was replaced$"
        with pytest.raises(StateFileError, match=told):
            face.manager.export_state(below)
        assert set(tmp_path.iterdir()) - there == {tmp_path / "folder.json", tmp_path / "file"}

    def test_one_that_cannot_be_put_in_place_leaves_no_empty_file(
        self, face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError(28, "No space left on device")

        there = set(tmp_path.iterdir())
        with monkeypatch.context() as patched:
            patched.setattr("os.replace", refuse)
            with pytest.raises(StateFileError, match="No space left"):
                face.manager.backup_state()
        assert set(tmp_path.iterdir()) == there

    def test_it_is_verified_when_made(self, face: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A disk that loses a byte after it was written is noticed, and the good old export stays."""
        target = tmp_path / "exported.json"
        face.manager.export_state(target)
        before = target.read_bytes()

        def lose_a_byte(descriptor: int) -> None:
            import os

            os.ftruncate(descriptor, os.fstat(descriptor).st_size - 1)

        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", lose_a_byte)
            told = f"^{re.escape(str(target))} was not written: what was read back is not what was written$"
            with pytest.raises(StateFileError, match=told):
                face.manager.export_state(target)
        assert target.read_bytes() == before


class TestRestoring:
    def test_settings_and_session_come_back(self, face: Face) -> None:
        face.manager.update_session_status(True, {"name": "Ana"})
        face.manager.update_config({"human_in_the_loop": True, "mine": {"a": 1}})
        saved = face.manager.backup_state()
        session = face.manager.get_session_info()
        face.clock.advance(60)
        face.manager.mark_session_invalid("later")
        face.manager.update_config({"human_in_the_loop": False, "mine": {"a": 2}, "added": 1})
        face.write()
        copy_over(face, saved)
        assert face.manager.get_session_info() == session
        assert face.manager.get_config("human_in_the_loop") is True
        assert face.manager.get_config("mine") == {"a": 1}
        assert face.manager.get_config("added") == 1, "a missing field changes nothing"
        assert face.manager.config_author("mine") == "restore"

    def test_what_was_as_by_default_comes_back_too(self, face: Face) -> None:
        saved = face.manager.backup_state()
        face.manager.update_config({"retry_config": {"max_retries": 9}})
        face.write()
        copy_over(face, saved)
        assert face.manager.get_config("retry_config")["max_retries"] == 3

    def test_unknown_messages_are_taken_in_marked_and_uncounted(
        self, face: Face, tmp_path: Path, clock: ManualClock
    ) -> None:
        (tmp_path / "other").mkdir()
        other = Face(tmp_path / "other" / "whatsapp_state.json", clock).begin()
        other.manager.add_message({"id": "m1", "recipient": ANA, "body": "hello"}, S.APPROVED)
        copy_over(face, other.manager.backup_state())
        other.close()
        assert face.manager.get_message("m1").origin == "file"
        assert face.manager.get_statistics()["total_approved"] == 0
        assert face.manager.store.claim_next(face.manager.account, lease=1, by="test") is None

    def test_cleared_messages_are_shown_again_in_their_present_status(self, face: Face) -> None:
        for name in ("stays", "moves"):
            face.manager.add_message({"id": name, "body": name}, S.INCOMING)
        saved = face.manager.backup_state()
        face.manager.move_message("moves", S.INCOMING, S.FAILED)
        stats = face.manager.get_statistics()
        for status in (S.INCOMING, S.FAILED):
            face.manager.clear_messages(status)
        while face.manager.store.purge(face.manager.account):
            pass
        face.write()
        copy_over(face, saved)
        assert [message["body"] for message in face.manager.get_messages(S.INCOMING)] == ["stays"]
        assert [message["body"] for message in face.manager.get_messages(S.FAILED)] == ["moves"]
        assert face.manager.get_statistics() == stats, "restoring counts nothing"

    def test_nothing_becomes_sendable(self, face: Face) -> None:
        """What was approved, sent and cleared is shown again and not sent again; nor what was approved and cleared."""
        store, account = face.manager.store, face.manager.account
        for name in ("sent", "waits"):
            face.manager.add_message({"id": name, "recipient": ANA, "body": name}, S.PENDING_APPROVAL)
            face.manager.approve(name)
        saved = face.manager.backup_state()
        claim = store.claim_next(account, lease=1, by="test")
        assert claim is not None
        assert store.accepted(claim, None, by="test", move=True)
        for status in MessageStatus:
            face.manager.clear_messages(status)
        face.write()
        copy_over(face, saved)
        assert face.manager.get_message("sent").status == "sent"
        assert face.manager.get_message("waits").status == "approved"
        face.clock.advance(3600)
        assert store.claim_next(account, lease=1, by="test") is None

    def test_before_that_a_backup_is_made(self, face: Face) -> None:
        saved = face.manager.backup_state()
        face.manager.set_config("mine", "later")
        face.write()
        face.clock.advance(1)
        copy_over(face, saved)
        (made,) = {str(entry) for entry in face.beside("whatsapp_state_backup_*.json")} - {saved}
        assert json.loads(Path(made).read_bytes())["mine"] == "later"

    def test_an_export_and_a_backup_of_elsewhere_do_as_well(
        self, face: Face, tmp_path: Path, clock: ManualClock
    ) -> None:
        (tmp_path / "other").mkdir()
        other = Face(tmp_path / "other" / "whatsapp_state.json", clock).begin()
        other.manager.set_config("mine", "elsewhere")
        other.manager.export_state(tmp_path / "exported.json")
        other.close()
        copy_over(face, tmp_path / "exported.json")
        assert face.manager.get_config("mine") == "elsewhere"

    def test_the_same_backup_can_be_restored_again(self, face: Face) -> None:
        face.manager.set_config("mine", 1)
        saved = face.manager.backup_state()
        for _ in range(2):
            face.manager.set_config("mine", 2)
            face.write()
            copy_over(face, saved)
            assert face.manager.get_config("mine") == 1
            face.write()

    def test_afterwards_the_file_is_no_backup_any_more(self, face: Face) -> None:
        copy_over(face, face.manager.backup_state())
        assert "kind" not in face.write()["metadata"]

    def test_a_running_manager_notices_by_itself(self, path: Path, clock: ManualClock) -> None:
        with StateManager(path, clock=clock) as manager:
            manager.set_config("mine", 1)
            saved = manager.backup_state()
            manager.set_config("mine", 2)
            shutil.copy(saved, path)
            eventually(lambda: manager.get_config("mine") == 1)

    def test_the_next_opening_notices(self, path: Path, clock: ManualClock) -> None:
        with StateManager(path, clock=clock) as manager:
            manager.set_config("mine", 1)
            saved = manager.backup_state()
            manager.set_config("mine", 2)
        shutil.copy(saved, path)
        with StateManager(path, clock=clock) as manager:
            assert manager.get_config("mine") == 1

    def test_what_nobody_chose_is_nobodys_choice_afterwards(self, face: Face) -> None:
        copy_over(face, face.manager.backup_state())
        assert face.manager.config_author("human_in_the_loop") is None

    def test_a_default_in_a_backup_does_not_switch_sign_off_off(self, face: Face) -> None:
        saved = face.manager.backup_state()
        face.manager.set_config("human_in_the_loop", True)
        face.write()
        copy_over(face, saved)
        assert face.manager.get_config("human_in_the_loop") is True

    def test_sign_off_that_somebody_had_switched_off_is_off_again(self, face: Face) -> None:
        face.manager.set_config("human_in_the_loop", False)
        saved = face.manager.backup_state()
        face.manager.set_config("human_in_the_loop", True)
        face.write()
        copy_over(face, saved)
        assert face.manager.get_config("human_in_the_loop") is False

    def test_a_backup_that_says_nothing_of_the_session_leaves_it(self, face: Face, tmp_path: Path) -> None:
        face.manager.mark_session_invalid("logged out")
        (tmp_path / "part.json").write_text('{"account_info": {"name": "Ana"}}')
        face.file.exchange.restore_file(tmp_path / "part.json")
        assert face.manager.get_session_info()["invalidation_reason"] == "logged out"
        assert face.manager.get_config("account_info")["name"] == "Ana"

    def test_a_backup_with_a_bad_value_is_restored_but_for_that(
        self, face: Face, caplog: pytest.LogCaptureFixture
    ) -> None:
        saved = Path(face.manager.backup_state())
        document: Document = json.loads(saved.read_bytes()) | {"human_in_the_loop": "maybe", "mine": 1}
        document["messages"]["sent"] = [{"id": 1.5}, {"id": "good"}]
        document["session"] |= {"authenticated": "yes", "mine": "a\0b", "good": 1}
        document["account_info"] |= {"mine": "a\0b", "name": "Ana"}
        saved.write_text(json.dumps(document))
        copy_over(face, saved)
        assert face.manager.get_config("mine") == 1
        assert [message["id"] for message in face.manager.get_messages(S.SENT)] == ["good"]
        assert face.manager.get_session_info()["good"] == 1
        assert face.manager.get_config("account_info")["name"] == "Ana"
        for said in ("human_in_the_loop = 'maybe'", "session.authenticated", "session.mine", "account_info.mine"):
            assert said in caplog.text


class TestAnOlderDatabase:
    @pytest.fixture
    def rolled_back(self, face: Face) -> Face:
        """The database was put back from a copy; the state file was not."""
        face.manager.add_message({"id": "m1", "recipient": ANA, "body": "hello"}, S.PENDING_APPROVAL)
        face.manager.approve("m1")
        old = face.path.with_name("old.db")
        face.manager.store.backup(old)
        for number in range(20):
            face.manager.add_message({"id": f"later {number}"}, S.INCOMING)
        face.manager.set_config("mine", "later")
        face.manager.update_session_status(True)
        face.write()
        face.manager.close()
        for rest in face.beside("whatsapp_state.db*"):
            rest.unlink()
        shutil.copy(old, face.path.with_suffix(".db"))
        face.open()
        return face

    def test_a_file_that_knows_more_than_the_database_holds_the_outbox(
        self, rolled_back: Face, caplog: pytest.LogCaptureFixture
    ) -> None:
        rolled_back.begin()
        why = "the database is an older copy and may not know what was sent since"
        assert why in rolled_back.manager.get_config("outbox_hold")
        assert rolled_back.manager.config_author("outbox_hold") == "file"
        assert "nothing is sent until a person confirms" in caplog.text

    def test_what_the_file_knows_is_taken_in_and_the_file_is_kept(self, rolled_back: Face) -> None:
        text = rolled_back.path.read_bytes()
        rolled_back.begin()
        assert len(rolled_back.manager.get_messages(S.INCOMING)) == 20
        assert rolled_back.manager.get_config("mine") == "later"
        (kept,) = rolled_back.beside("whatsapp_state_newer_*.json")
        assert kept.read_bytes() == text

    def test_its_session_is_not_taken_for_an_edit(self, rolled_back: Face) -> None:
        assert rolled_back.read()["session"]["authenticated"] is True
        rolled_back.begin()
        assert rolled_back.manager.get_session_info()["authenticated"] is False

    @pytest.mark.parametrize("revision", ["999", 1e9, None, -(1 << 70), 1 << 53, 1 << 70])
    def test_a_revision_that_cannot_be_one_does_not_hold_it(self, face: Face, revision: object) -> None:
        face.edit(lambda document: document.update(mine=1, metadata=document["metadata"] | {"revision": revision}))
        assert face.manager.get_config("mine") == 1
        assert face.manager.get_config("outbox_hold") is None

    def test_a_backup_that_knows_more_does_so_too(self, rolled_back: Face) -> None:
        newer = json.loads(rolled_back.path.read_bytes())
        newer["metadata"]["kind"] = "backup"
        rolled_back.path.with_name("newer.json").write_text(json.dumps(newer))
        rolled_back.path.unlink()
        rolled_back.begin()
        assert rolled_back.manager.get_config("outbox_hold") is None
        rolled_back.manager.restore_state(rolled_back.path.with_name("newer.json"))
        assert rolled_back.manager.get_config("outbox_hold")

    def test_no_file_ends_or_begins_the_hold(self, rolled_back: Face) -> None:
        rolled_back.put(rolled_back.read() | {"outbox_hold": None})
        rolled_back.begin()
        assert rolled_back.manager.get_config("outbox_hold")
        rolled_back.edit(lambda document: document.update(outbox_hold=None))
        assert rolled_back.manager.get_config("outbox_hold")
        rolled_back.manager.set_config("outbox_hold", None)
        rolled_back.write()
        rolled_back.edit(lambda document: document.update(outbox_hold="a joke"))
        assert rolled_back.manager.get_config("outbox_hold") is None


class TestOfAnotherAccount:
    """A backup names its account, and is not taken for another's."""

    @pytest.fixture
    def shop(self, face: Face) -> Iterator[StateManager]:
        """Another account of the same store."""
        with StateManager(face.path.with_suffix(".db"), account="shop", clock=face.clock, by="a script") as manager:
            manager.add_message({"id": "s1", "recipient": ANA, "body": "From the shop"}, S.SENT)
            manager.set_config("mine", "the shop's")
            yield manager

    def test_every_file_names_its_account(self, face: Face, shop: StateManager, tmp_path: Path) -> None:
        shop.export_state(tmp_path / "shop.json")
        face.manager.export_state(tmp_path / "default.json")
        names = [
            json.loads((tmp_path / name).read_bytes())["metadata"]["account"] for name in ("shop.json", "default.json")
        ]
        assert names == ["shop", "default"]
        assert face.read()["metadata"]["account"] == "default"

    def test_it_is_refused_with_what_to_do(self, face: Face, shop: StateManager, tmp_path: Path) -> None:
        shop.export_state(tmp_path / "shop.json")
        files, before = set(tmp_path.iterdir()), face.manager.store.last_event()
        told = f"^{re.escape(str(tmp_path / 'shop.json'))}: it is of the account 'shop', not of 'default'"
        with pytest.raises(StateFileError, match=rf"{told}.*restore --account shop"):
            face.manager.restore_state(tmp_path / "shop.json")
        assert (set(tmp_path.iterdir()), face.manager.store.last_event()) == (files, before)
        shop.set_config("mine", "changed")
        shop.restore_state(tmp_path / "shop.json")
        assert shop.get_config("mine") == "the shop's"

    def test_copied_over_the_state_file_it_is_kept_and_nothing_of_it_is_taken(
        self, face: Face, shop: StateManager, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop.export_state(tmp_path / "shop.json")
        copy_over(face, tmp_path / "shop.json")
        (kept,) = face.beside("whatsapp_state_other_account_*.json")
        assert kept.read_bytes() == (tmp_path / "shop.json").read_bytes()
        assert caplog.text.count("it is of the account 'shop', not of 'default'") == 1
        assert face.manager.get_messages(S.SENT) == []
        assert face.manager.get_config("mine") is None
        assert face.write()["metadata"]["account"] == "default"
        assert len(face.beside("whatsapp_state_other_account_*.json")) == 1

    def test_a_new_state_does_not_begin_with_it(
        self, new_face: Face, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with StateManager(tmp_path / "elsewhere.db", account="shop") as shop:
            shop.add_message({"id": "s1", "recipient": ANA, "body": "From the shop"}, S.SENT)
            shop.export_state(new_face.path)
        new_face.begin()
        assert new_face.manager.get_messages(S.SENT) == []
        assert new_face.read()["metadata"]["account"] == "default"
        assert len(new_face.beside("whatsapp_state_other_account_*.json")) == 1
        assert caplog.text.count("not of 'default'") == 1

    def test_without_the_name_it_is_taken_into_any(self, face: Face, shop: StateManager, tmp_path: Path) -> None:
        shop.export_state(tmp_path / "shop.json")
        document = json.loads((tmp_path / "shop.json").read_bytes())
        del document["metadata"]["account"]
        (tmp_path / "shop.json").write_text(json.dumps(document), "utf-8")
        face.manager.restore_state(tmp_path / "shop.json")
        assert face.manager.get_config("mine") == "the shop's"
