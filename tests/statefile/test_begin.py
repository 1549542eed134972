"""Where only the file exists it is imported whole, once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from signoff.clock import MINUTE, local_iso
from signoff.model import Content, content_of
from signoff.statefile.brought import BroughtByFile
from signoff.store.takeup import AT_ONCE, FileEdit
from state_manager import MessageStatus, StateManager

from ..hard.clocks.zones import repeated, zone
from ..waiting import eventually
from .conftest import Document, Face

S = MessageStatus

OLD: Document = {
    "session": {
        "authenticated": True,
        "last_authenticated": "2026-02-16T17:30:00",
        "session_valid": True,
        "session_path": ".wwebjs_auth",
        "requires_qr": False,
        "last_validation": "2026-02-16T17:30:00.250000",
        "validation_interval_minutes": 45,
    },
    "account_info": {
        "number": "15550100",
        "name": "Ana 🌊",
        "platform": "iphone",
        "last_updated": "2026-02-16T17:30:00",
    },
    "messages": {
        "incoming": [{"id": "in", "from": "15550101@lid", "body": "کیا حال ہے؟", "timestamp": 1234567890}],
        "pending_approval": [{"id": "wait", "recipient": "15550101@c.us", "body": "hello"}],
        "approved": [{"id": "yes", "recipient": "15550101@c.us", "body": "go", "status": "approved"}],
        "rejected": [],
        "sent": [{"id": "out", "status": "sent", "status_updated_at": "2026-02-16T17:40:00"}],
        "failed": [{"body": "no id"}],
    },
    "statistics": {
        "total_incoming": 812,
        "total_sent": 700,
        "total_failed": 3,
        "total_approved": 705,
        "total_rejected": 9,
        "last_message_received": "2026-02-16T17:35:00",
        "last_message_sent": "2026-02-16T17:40:00",
    },
    "api_endpoint": "http://localhost:4000/api/whatsapp",
    "human_in_the_loop": False,
    "watcher_config": {"poll_interval_seconds": 9, "auto_reply_enabled": False, "mine": "x"},
    "retry_config": {"max_retries": 3},
    "metadata": {"version": "1.0.0", "created_at": "2026-01-01T00:00:00", "last_updated": "2026-02-16T17:40:00"},
    "message_log": [{"timestamp": "t", "recipient": "15550101", "message": "hello", "status": "success"}],
    "incoming_messages": [{"id": "in", "processed": True}],
    "pending_replies": [{"recipient": "15550101", "message": "hi", "status": "pending"}],
    "generated_replies": [{"id": "g1", "generated_reply": "hi"}],
    "my_own": {"deep": [1, {"a": None}]},
}


@pytest.fixture
def imported(new_face: Face) -> Face:
    new_face.put(OLD)
    return new_face.begin()


class TestTheWhole:
    def test_messages_keep_their_lists_ids_and_fields(self, imported: Face) -> None:
        lists = imported.manager.get_full_state()["messages"]
        failed = lists.pop("failed")
        expected = {name: entries for name, entries in OLD["messages"].items() if name != "failed"}
        assert lists == expected
        assert [message["body"] for message in failed] == ["no id"]

    def test_session_and_account_are_as_they_were(self, imported: Face) -> None:
        session = imported.manager.get_session_info()
        assert session | {"last_validation": None} == OLD["session"] | {"last_validation": None}
        assert session["last_validation"] == "2026-02-16T17:30:00.250000"
        assert imported.manager.get_config("account_info") == OLD["account_info"]

    def test_statistics_go_on_from_where_they_were(self, imported: Face) -> None:
        assert imported.manager.get_statistics() == OLD["statistics"]
        imported.manager.add_message({"id": "new"}, S.INCOMING)
        assert imported.manager.get_statistics()["total_incoming"] == 813
        assert imported.manager.store.counters(imported.manager.account)[S.PENDING_APPROVAL].total == 0
        assert imported.manager.check() == []

    def test_settings_are_as_they_were(self, imported: Face) -> None:
        for key in ("api_endpoint", "human_in_the_loop", "my_own"):
            assert imported.manager.get_config(key) == OLD[key]
        assert imported.manager.get_config("watcher_config") == {
            "poll_interval_seconds": 9,
            "auto_reply_enabled": False,
            "process_group_messages": False,
            "max_messages_per_poll": 10,
            "mine": "x",
        }

    def test_the_lists_of_the_components_too(self, imported: Face) -> None:
        for name in ("message_log", "incoming_messages", "pending_replies", "generated_replies"):
            assert imported.manager.get_config(name) == OLD[name]

    def test_nothing_of_it_is_drafted_for_or_sent(self, imported: Face) -> None:
        store, account = imported.manager.store, imported.manager.account
        assert store.claim_draft(account, lease=1, by="test") is None
        assert store.claim_next(account, lease=1, by="test") is None
        assert {store.find(account, name).origin for name in ("in", "wait", "yes", "out")} == {"file"}  # type: ignore[union-attr]

    def test_the_old_file_is_kept_as_it_was(self, imported: Face) -> None:
        (copy,) = imported.beside("whatsapp_state_before_import_*.json")
        assert json.loads(copy.read_bytes()) == OLD

    def test_more_than_a_hundred_messages_come_in(self, new_face: Face) -> None:
        new_face.put({"messages": {"sent": [{"id": str(number)} for number in range(250)]}})
        assert len(new_face.begin().manager.get_messages(S.SENT)) == 250

    @pytest.mark.parametrize("document", [{"mine": 1}, {"mine": 1, "session": {}, "statistics": {}}])
    def test_what_a_file_does_not_say_is_as_by_default_and_no_problem(
        self, new_face: Face, caplog: pytest.LogCaptureFixture, document: Document
    ) -> None:
        new_face.put(document)
        manager = new_face.begin().manager
        assert manager.get_config("mine") == 1
        assert manager.get_statistics()["total_sent"] == 0
        assert manager.get_session_info()["authenticated"] is False
        assert caplog.text == ""

    def test_a_time_that_clocks_show_twice_is_its_second(self, new_face: Face) -> None:
        with zone("Europe/Berlin"):
            at = new_face.clock.now = repeated("Europe/Berlin").at + 10 * MINUTE
            new_face.put(OLD | {"statistics": {"last_message_sent": local_iso(at)}})
            manager = new_face.begin().manager
            assert manager.store.counters(manager.account)[S.SENT].last_at == at


class TestWhoChose:
    @pytest.mark.parametrize(("value", "author"), [(False, None), (True, "import")])
    def test_human_in_the_loop_of_false_counts_as_never_set_and_true_as_set(
        self, new_face: Face, value: bool, author: str | None
    ) -> None:
        new_face.put(OLD | {"human_in_the_loop": value})
        manager = new_face.begin().manager
        assert manager.get_config("human_in_the_loop") is value
        assert manager.config_author("human_in_the_loop") == author


class TestOnce:
    def test_the_next_opening_imports_nothing(self, imported: Face) -> None:
        imported.manager.set_config("my_own", 1)
        imported.manager.reset_statistics()
        imported.file.begin()
        imported.file.take_up()
        assert imported.manager.get_config("my_own") == 1
        assert imported.manager.get_statistics()["total_incoming"] == 0
        assert len(imported.beside("whatsapp_state_before_import_*.json")) == 1

    def test_what_was_cleared_while_it_was_stopped_halfway_stays_cleared(self, new_face: Face) -> None:
        manager = new_face.manager
        entries = [{"id": str(number)} for number in range(2 * AT_ONCE + 1)]

        def stopped() -> Iterator[tuple[MessageStatus, Content]]:
            yield from ((S.SENT, content_of(dict(entry))) for entry in entries)
            raise OSError(5, "stopped")

        with pytest.raises(OSError, match="stopped"):
            manager.store.begin(manager.account, FileEdit(messages=stopped()), "digest", by="import")
        manager.clear_messages(S.SENT)
        new_face.put({"messages": {"sent": entries}})
        assert new_face.begin().manager.get_messages(S.SENT) == entries[AT_ONCE:]

    def test_a_file_that_comes_to_a_state_of_its_own_is_an_edit(self, new_face: Face) -> None:
        new_face.manager.add_message({"id": "mine"}, S.INCOMING)
        new_face.put(OLD)
        new_face.begin()
        assert new_face.manager.get_config("my_own") == OLD["my_own"]
        assert new_face.manager.get_statistics()["total_incoming"] == 1
        assert new_face.manager.get_session_info()["authenticated"] is False

    def test_another_account_in_the_database_does_not_stop_it(self, new_face: Face) -> None:
        with StateManager(new_face.path.with_suffix(".db"), account="second") as second:
            second.add_message({"id": "theirs"}, S.INCOMING)
        new_face.put(OLD)
        assert new_face.begin().manager.get_statistics() == OLD["statistics"]

    def test_many_openings_at_once_import_once(self, path: Path) -> None:
        path.write_text(json.dumps(OLD))
        managers: list[StateManager] = []
        threads = [threading.Thread(target=lambda: managers.append(StateManager(path))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [manager.get_statistics()["total_sent"] for manager in managers] == [700] * 6
        assert len(managers[0].get_messages(S.SENT)) == 1
        assert managers[0].check() == []
        for manager in managers:
            manager.close()
        assert len(list(path.parent.glob("*_before_import_*.json"))) == 1


class TestBadValues:
    @pytest.mark.parametrize(
        ("change", "key", "default"),
        [
            ({"human_in_the_loop": "maybe"}, "human_in_the_loop", False),
            ({"api_endpoint": 5}, "api_endpoint", "http://localhost:3000/api/whatsapp"),
            ({"retry_config": {"max_retries": "many"}}, "retry_config", 3),
            ({"watcher_config": None}, "watcher_config", 5),
            ({"session": []}, "session", False),
            ({"account_info": "Ana"}, "account_info", None),
            ({"messages": 5}, "messages", []),
            ({"statistics": {"total_sent": -4}}, "statistics", 0),
            ({"statistics": {"total_sent": 2.5}}, "statistics", 0),
            ({"statistics": {"total_sent": 1 << 53}}, "statistics", 0),
            ({"statistics": {"last_message_sent": "?"}}, "statistics", 0),
            ({"metadata": "x"}, "metadata", "1.0.0"),
            ({"message_log": {"a": 1}}, "message_log", []),
        ],
    )
    def test_the_default_is_used_and_the_rest_is_imported(
        self, new_face: Face, change: Document, key: str, default: Any
    ) -> None:
        new_face.put(OLD | change)
        state = new_face.begin().manager.get_full_state()
        value = state[key]
        inner = {
            "retry_config": "max_retries",
            "watcher_config": "poll_interval_seconds",
            "session": "authenticated",
            "account_info": "name",
            "messages": "sent",
            "statistics": "total_sent",
            "metadata": "version",
        }
        assert (value[inner[key]] if key in inner else value) == default
        assert state["my_own"] == OLD["my_own"]
        (copy,) = new_face.beside("whatsapp_state_before_import_*.json")
        assert json.loads(copy.read_bytes())[key] == change[key]

    def test_each_is_reported(self, new_face: Face, caplog: pytest.LogCaptureFixture) -> None:
        new_face.put(
            OLD
            | {"human_in_the_loop": "maybe", "message_log": [5], "statistics": {"total_sent": -4}}
            | {"messages": {"sent": [{"id": "x" * 600}, {"id": "good"}]}}
        )
        new_face.begin()
        for said in ("human_in_the_loop = 'maybe'", "message_log[0]", "statistics.total_sent", "messages.sent[0]"):
            assert said in caplog.text
        assert [message["id"] for message in new_face.manager.get_messages(S.SENT)] == ["good"]


class TestUnderWay:
    def test_a_file_that_is_just_being_copied_is_waited_for(self, path: Path) -> None:
        text = json.dumps(OLD)
        path.write_text(text[:300])
        opened: list[StateManager] = []
        thread = threading.Thread(target=lambda: opened.append(StateManager(path)))
        thread.start()
        eventually(lambda: path.with_suffix(".db").exists())
        path.write_text(text)
        thread.join()
        with opened[0] as manager:
            assert manager.get_statistics() == OLD["statistics"]

    def test_so_is_one_whose_copy_takes_a_while(self, new_face: Face) -> None:
        text = json.dumps(OLD)
        new_face.path.write_text(text[:300])
        rest = threading.Timer(0.1, new_face.path.write_text, [text])
        rest.start()
        new_face.file.begin()
        rest.join()
        assert new_face.manager.get_statistics() == OLD["statistics"]

    def test_one_that_is_changed_while_it_is_read_is_read_again(
        self, new_face: Face, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exchange = new_face.file.exchange
        read = exchange.read

        def read_and_change(file: BinaryIO) -> BroughtByFile:
            monkeypatch.undo()
            brought = read(file)
            new_face.put(OLD | {"my_own": "changed"})
            return brought

        new_face.put(OLD)
        monkeypatch.setattr(exchange, "read", read_and_change)
        new_face.begin()
        assert new_face.manager.get_config("my_own") == "changed"
        (copy,) = new_face.beside("whatsapp_state_before_import_*.json")
        assert json.loads(copy.read_bytes())["my_own"] == "changed"

    def test_one_that_is_broken_for_good_is_set_aside_and_the_state_begins_empty(
        self, new_face: Face, caplog: pytest.LogCaptureFixture
    ) -> None:
        new_face.path.write_text('{"session": {"authen')
        new_face.age(2.1)
        new_face.begin()
        assert new_face.read()["session"]["authenticated"] is False
        (aside,) = new_face.beside("whatsapp_state_unreadable_*.json")
        assert aside.read_text() == '{"session": {"authen'
        assert "line 1" in caplog.text
        assert aside.name in caplog.text

    def test_without_a_file_the_state_begins_empty(self, new_face: Face) -> None:
        document = new_face.begin().read()
        assert document["messages"] == {status.value: [] for status in MessageStatus}
        assert new_face.beside("whatsapp_state_*") == []
        (logged,) = new_face.manager.store.events(new_face.manager.account, limit=10)
        assert (logged.event.kind, logged.event.by) == ("begun", "signoff")
