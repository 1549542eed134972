"""Every fact that scripts rely on, as it was measured from the outside of the state manager that they use today."""

from __future__ import annotations

import inspect
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import state_manager
from signoff.clock import MINUTE, SECOND, local_iso
from state_manager import MessageStatus, StateManager

from ..conftest import ManualClock
from .conftest import Open

S = MessageStatus
LOCAL_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?")
COUNTED = {
    S.INCOMING: "total_incoming",
    S.SENT: "total_sent",
    S.FAILED: "total_failed",
    S.APPROVED: "total_approved",
    S.REJECTED: "total_rejected",
}


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [message["id"] for message in messages]


class TestTheConstructor:
    def test_the_state_is_made_in_the_present_folder_when_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        StateManager().close()
        assert json.loads((tmp_path / "whatsapp_state.json").read_text("utf-8"))["human_in_the_loop"] is False

    def test_it_takes_the_file_by_position_or_keyword_as_str_or_path(self, tmp_path: Path) -> None:
        target = tmp_path / "state.json"
        managers = [
            StateManager(str(target)),
            StateManager(target),
            StateManager(state_file=str(target)),
            StateManager(state_file=target),
        ]
        for number, manager in enumerate(managers):
            with manager:
                assert len(manager.get_messages(S.INCOMING)) == number
                manager.add_message({"id": str(number)}, S.INCOMING)

    def test_the_module_that_scripts_import_offers_the_two_names(self) -> None:
        assert state_manager.__all__ == ["MessageStatus", "StateManager"]


class TestTheMethods:
    @pytest.mark.parametrize(
        ("name", "parameters"),
        {
            "is_session_valid": {},
            "update_session_status": {"authenticated": inspect.Parameter.empty, "account_info": None},
            "mark_session_invalid": {"reason": "Unknown"},
            "requires_qr_scan": {},
            "get_session_info": {},
            "add_message": {"message_data": inspect.Parameter.empty, "status": inspect.Parameter.empty},
            "get_messages": {"status": inspect.Parameter.empty, "limit": None},
            "move_message": dict.fromkeys(("message_id", "from_status", "to_status"), inspect.Parameter.empty),
            "clear_messages": {"status": inspect.Parameter.empty},
            "get_statistics": {},
            "reset_statistics": {},
            "get_config": {"key": inspect.Parameter.empty},
            "set_config": {"key": inspect.Parameter.empty, "value": inspect.Parameter.empty},
            "update_config": {"updates": inspect.Parameter.empty},
            "get_full_state": {},
            "export_state": {"output_file": inspect.Parameter.empty},
            "backup_state": {},
        }.items(),
    )
    def test_the_seventeen_have_these_parameters_and_are_synchronous(
        self, name: str, parameters: dict[str, object]
    ) -> None:
        method = getattr(StateManager, name)
        found = list(inspect.signature(method).parameters.values())[1:]
        assert {parameter.name: parameter.default for parameter in found} == parameters
        assert all(parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for parameter in found)
        assert not inspect.iscoroutinefunction(method)

    def test_status_has_six_members_with_lower_case_values_as_in_the_lists_of_the_file(
        self, manager: StateManager
    ) -> None:
        assert {member.name: member.value for member in MessageStatus} == {
            name: name.lower() for name in ("INCOMING", "PENDING_APPROVAL", "APPROVED", "REJECTED", "SENT", "FAILED")
        }
        assert list(manager.get_full_state()["messages"]) == [member.value for member in MessageStatus]


class TestTheSession:
    def test_a_new_state_is_not_authenticated_not_valid_and_wants_a_scan(self, manager: StateManager) -> None:
        session = manager.get_session_info()
        assert (session["authenticated"], session["session_valid"], session["requires_qr"]) == (False, False, True)
        assert manager.is_session_valid() is False
        assert manager.requires_qr_scan() is True

    def test_authenticating_sets_all_its_fields(self, manager: StateManager, clock: ManualClock) -> None:
        manager.mark_session_invalid("gone")
        manager.update_session_status(True, {"number": "15550100", "name": "Ana", "platform": "android", "more": [1]})
        now = local_iso(clock.now)
        session = manager.get_session_info()
        assert session == {
            "authenticated": True,
            "last_authenticated": now,
            "session_valid": True,
            "session_path": ".wwebjs_auth",
            "requires_qr": False,
            "last_validation": now,
            "validation_interval_minutes": 30,
        }
        assert manager.get_config("account_info") == {
            "number": "15550100",
            "name": "Ana",
            "platform": "android",
            "more": [1],
            "last_updated": now,
        }
        assert manager.is_session_valid() is True
        assert manager.requires_qr_scan() is False

    def test_authenticating_without_account_info_keeps_what_is_known_of_the_account(
        self, manager: StateManager
    ) -> None:
        manager.update_session_status(authenticated=True, account_info={"name": "Ana"})
        manager.update_session_status(True)
        assert manager.get_config("account_info")["name"] == "Ana"

    def test_not_authenticated_unsets_two_and_wants_a_scan(self, manager: StateManager) -> None:
        manager.update_session_status(True, {"name": "Ana"})
        before = manager.get_session_info()
        manager.update_session_status(False)
        assert manager.get_session_info() == before | {
            "authenticated": False,
            "session_valid": False,
            "requires_qr": True,
        }

    def test_marking_invalid_says_why_and_when_and_leaves_authenticated(
        self, manager: StateManager, clock: ManualClock
    ) -> None:
        manager.update_session_status(True)
        before = manager.get_session_info()
        clock.advance(5)
        manager.mark_session_invalid("Connection lost")
        assert manager.get_session_info() == before | {
            "session_valid": False,
            "requires_qr": True,
            "invalidation_reason": "Connection lost",
            "invalidated_at": local_iso(clock.now),
        }

    def test_the_reason_is_unknown_when_none_is_given(self, manager: StateManager) -> None:
        manager.mark_session_invalid()
        assert manager.get_session_info()["invalidation_reason"] == "Unknown"

    def test_a_session_never_validated_but_authenticated_and_valid_is_valid(self, open_manager: Open) -> None:
        path = open_manager().folder / "old.json"
        path.write_text('{"session": {"authenticated": true, "session_valid": true, "requires_qr": false}}')
        manager = open_manager(path)
        assert manager.get_session_info()["last_validation"] is None
        assert manager.is_session_valid() is True

    def test_an_old_validation_makes_it_invalid_without_asking_for_a_scan(
        self, manager: StateManager, clock: ManualClock
    ) -> None:
        manager.update_session_status(True)
        clock.now += 30 * MINUTE - 1
        assert manager.is_session_valid() is True
        clock.now += 1
        assert manager.is_session_valid() is False
        assert manager.requires_qr_scan() is False


class TestMessages:
    def test_a_timestamp_is_put_into_the_callers_dict_when_it_has_none(
        self, manager: StateManager, clock: ManualClock
    ) -> None:
        message = {"id": "m1", "body": "hello"}
        manager.add_message(message, S.INCOMING)
        assert message == {"id": "m1", "body": "hello", "timestamp": local_iso(clock.now)}
        assert manager.get_messages(S.INCOMING) == [message]

    def test_an_int_timestamp_stays_as_it_is(self, manager: StateManager) -> None:
        message = {"id": "m1", "timestamp": 1234567890}
        manager.add_message(message, S.INCOMING)
        assert message["timestamp"] == 1234567890
        assert manager.get_messages(S.INCOMING)[0]["timestamp"] == 1234567890

    def test_times_are_naive_local_iso_strings(self, manager: StateManager, clock: ManualClock) -> None:
        clock.now += 720168
        manager.add_message({"id": "m1"}, S.INCOMING)
        manager.move_message("m1", S.INCOMING, S.SENT)
        message, stats = manager.get_messages(S.SENT)[0], manager.get_statistics()
        times = [message["timestamp"], message["status_updated_at"]]
        times += [
            stats["last_message_received"],
            stats["last_message_sent"],
            manager.get_config("metadata")["created_at"],
        ]
        assert all(LOCAL_ISO.fullmatch(time) for time in times)
        assert datetime.fromisoformat(times[0]).timestamp() == clock.now / SECOND

    def test_a_limit_gives_the_last_in_the_order_of_coming_into_that_status_oldest_first(
        self, manager: StateManager
    ) -> None:
        for name in "abcde":
            manager.add_message({"id": name}, S.INCOMING)
        for name in "ecbad":
            manager.move_message(name, S.INCOMING, S.APPROVED)
        assert ids(manager.get_messages(S.APPROVED)) == list("ecbad")
        assert ids(manager.get_messages(S.APPROVED, limit=2)) == list("ad")
        assert ids(manager.get_messages(S.APPROVED, 9)) == list("ecbad")
        assert manager.get_messages(S.APPROVED, limit=0) == []

    def test_moving_sets_status_and_time_appends_counts_and_says_so(
        self, manager: StateManager, clock: ManualClock
    ) -> None:
        manager.add_message({"id": "first"}, S.SENT)
        manager.add_message({"id": "m1", "body": "hello", "status": "new"}, S.PENDING_APPROVAL)
        clock.advance(3)
        assert manager.move_message("m1", S.PENDING_APPROVAL, S.SENT) is True
        assert manager.get_messages(S.PENDING_APPROVAL) == []
        moved = manager.get_messages(S.SENT)[1]
        assert moved["status"] == "sent"
        assert moved["status_updated_at"] == local_iso(clock.now)
        assert manager.get_statistics()["total_sent"] == 2

    def test_moving_what_is_not_in_the_list_is_false_and_changes_nothing(self, manager: StateManager) -> None:
        manager.add_message({"id": "m1"}, S.INCOMING)
        before = manager.get_full_state()
        assert manager.move_message("m1", S.APPROVED, S.SENT) is False
        assert manager.move_message("unheard of", S.INCOMING, S.SENT) is False
        assert manager.get_full_state() == before

    @pytest.mark.parametrize("source", list(MessageStatus))
    @pytest.mark.parametrize("target", list(MessageStatus))
    def test_any_message_may_be_moved_from_anywhere_to_anywhere(
        self, manager: StateManager, source: MessageStatus, target: MessageStatus
    ) -> None:
        manager.add_message({"id": "m1"}, source)
        assert manager.move_message("m1", source, target) is True
        assert ids(manager.get_messages(target)) == ["m1"]

    def test_clearing_empties_one_list_and_counts_nothing_down(self, manager: StateManager) -> None:
        manager.add_message({"id": "m1"}, S.SENT)
        manager.add_message({"id": "m2"}, S.FAILED)
        before = manager.get_statistics()
        manager.clear_messages(S.SENT)
        assert manager.get_messages(S.SENT) == []
        assert ids(manager.get_messages(S.FAILED)) == ["m2"]
        assert manager.get_statistics() == before


class TestCounting:
    @pytest.mark.parametrize("status", list(MessageStatus))
    def test_adding_counts_in_its_own_counter_only(self, manager: StateManager, status: MessageStatus) -> None:
        manager.add_message({"id": "m1"}, status)
        stats = manager.get_statistics()
        assert {name: stats[name] for name in COUNTED.values()} == {
            name: int(counted is status) for counted, name in COUNTED.items()
        }

    @pytest.mark.parametrize("status", [S.SENT, S.FAILED, S.APPROVED, S.REJECTED])
    def test_moving_counts_in_its_own_counter_only(self, manager: StateManager, status: MessageStatus) -> None:
        manager.add_message({"id": "m1"}, S.PENDING_APPROVAL)
        manager.move_message("m1", S.PENDING_APPROVAL, status)
        stats = manager.get_statistics()
        assert {name: stats[name] for name in COUNTED.values()} == {
            name: int(counted is status) for counted, name in COUNTED.items()
        }

    def test_last_received_and_last_sent_go_with_their_counters(
        self, manager: StateManager, clock: ManualClock
    ) -> None:
        assert manager.get_statistics()["last_message_received"] is None
        assert manager.get_statistics()["last_message_sent"] is None
        manager.add_message({"id": "m1"}, S.INCOMING)
        received = local_iso(clock.now)
        clock.advance(60)
        manager.add_message({"id": "m2"}, S.APPROVED)
        manager.move_message("m2", S.APPROVED, S.SENT)
        stats = manager.get_statistics()
        assert (stats["last_message_received"], stats["last_message_sent"]) == (received, local_iso(clock.now))

    def test_resetting_starts_at_nought(self, manager: StateManager) -> None:
        manager.add_message({"id": "m1"}, S.INCOMING)
        manager.reset_statistics()
        assert manager.get_statistics() == {
            **dict.fromkeys(COUNTED.values(), 0),
            "last_message_received": None,
            "last_message_sent": None,
        }
        manager.add_message({"id": "m2"}, S.INCOMING)
        assert manager.get_statistics()["total_incoming"] == 1


class TestConfiguration:
    def test_any_top_level_key_can_be_read(self, manager: StateManager) -> None:
        state = manager.get_full_state()
        assert {key: manager.get_config(key) for key in state} == state

    def test_an_unknown_key_is_none(self, manager: StateManager) -> None:
        assert manager.get_config("unheard_of") is None
        assert manager.get_config("") is None

    def test_the_defaults_are_those_of_today(self, manager: StateManager) -> None:
        state = manager.get_full_state()
        assert state["api_endpoint"] == "http://localhost:3000/api/whatsapp"
        assert state["human_in_the_loop"] is False
        assert state["watcher_config"] == {
            "poll_interval_seconds": 5,
            "auto_reply_enabled": True,
            "process_group_messages": False,
            "max_messages_per_poll": 10,
        }
        assert state["retry_config"] == {"max_retries": 3, "retry_delay_seconds": 2, "exponential_backoff": True}
        assert state["metadata"]["version"] == "1.0.0"
        assert {"created_at", "last_updated"} < state["metadata"].keys()
        for name in ("message_log", "incoming_messages", "pending_replies", "generated_replies"):
            assert state[name] == []

    @pytest.mark.parametrize("value", [True, 0, 1.5, "text", None, [1, {"a": []}], {"nested": {"deep": "🌊"}}])
    def test_any_other_key_can_be_set_to_anything(self, manager: StateManager, value: object) -> None:
        manager.set_config("my_own", value)
        assert manager.get_config("my_own") == value
        assert manager.get_full_state()["my_own"] == value


class TestBackups:
    def test_a_backup_has_the_name_of_the_second(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
    ) -> None:
        monkeypatch.chdir(tmp_path)
        clock.now += 720168
        with StateManager(clock=clock) as manager:
            name = manager.backup_state()
        expected = datetime.fromtimestamp(clock.now // SECOND).strftime("whatsapp_state_backup_%Y%m%d_%H%M%S.json")
        assert name == expected
        assert (tmp_path / name).exists()


def test_what_real_files_hold_survives(manager: StateManager) -> None:
    for number, (sender, body) in enumerate(
        [
            ("15550101@c.us", "😀👩‍👩‍👧‍👦🏳️‍🌈"),
            ("15550102@lid", "کیا حال ہے؟"),
            ("15550103-160000@g.us", "مرحبا بكم"),
            ("status@broadcast", "a\u200f\u202bb\u2028c"),
        ]
    ):
        message = {"id": f"true_{sender}_{number}", "from": sender, "body": body, "fromName": body}
        manager.add_message(message, S.INCOMING)
        assert manager.get_messages(S.INCOMING, limit=1) == [message]
