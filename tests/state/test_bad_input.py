"""Bad input is a clear error, of a kind that Python users expect too, and nothing changes: neither state nor dict."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from signoff.errors import ConfigError, InvalidMessage, InvalidType, SignoffError, StateFileError, StoreUnavailable
from signoff.model import MAX_ID_BYTES, MAX_MESSAGE_BYTES, MAX_NESTING, short
from state_manager import MessageStatus, StateManager

from .conftest import Open

S = MessageStatus


@contextmanager
def refused(manager: StateManager, kind: type[Exception], saying: str | None = None) -> Iterator[None]:
    """Whatever happens inside is refused with this error, and leaves no trace."""
    before, revision = manager.get_full_state(), manager.store.last_event()
    with pytest.raises(kind, match=saying) as caught:
        yield
    assert isinstance(caught.value, SignoffError)
    assert str(caught.value)
    assert manager.get_full_state() == before
    assert manager.store.last_event() == revision


def listed(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def circle() -> dict[str, Any]:
    value: dict[str, Any] = {"id": "m1"}
    value["self"] = [value, value]
    return value


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


UNSHOWABLE = [
    pytest.param(deep(10_000), id="a list in ten thousand"),
    pytest.param(10**5000, id="a number of too many digits"),
]
"""What Python itself cannot write."""
NO_MESSAGES: dict[str, Any] = {
    "none": None,
    "a list": [{"id": "m1"}],
    "a text": "m1",
    "another mapping": MappingProxyType({"id": "m1"}),
}
NO_JSON: dict[str, Any] = {
    "bytes": {"id": "m1", "body": b"hello"},
    "a set": {"id": "m1", "tags": {1, 2}},
    "a date": {"id": "m1", "timestamp": datetime(2026, 1, 1)},
    "not a number": {"id": "m1", "score": float("nan")},
    "infinity": {"id": "m1", "score": [float("inf")]},
    "a key that is no text": {"id": "m1", "by_id": {1: "one"}},
    "a tuple as key": {"id": "m1", ("a", "b"): 1},
    "itself": circle(),
    "too deep": {"id": "m1", "extra": nested(MAX_NESTING)},
    "nul": {"id": "m1", "body": "a\0b"},
    "nul in a key": {"id": "m1", "a\0b": 1},
    "a lone surrogate": {"id": "m1", "body": "\ud83d"},
    "a lone surrogate in a key": {"id": "m1", "\udc00": 1},
    "too long": {"id": "m1", "body": "x" * MAX_MESSAGE_BYTES},
    "too many bytes": {"id": "m1", "body": "م" * (MAX_MESSAGE_BYTES // 2)},
    "a number of too many digits": {"id": "m1", "n": 10**5000},
}
NO_IDS: dict[str, Any] = {
    "a number": 5,
    "true": True,
    "a list": ["m1"],
    "a list in ten thousand": deep(10_000),
    "a number of too many digits": 10**5000,
    "empty": "",
    "too long": "x" * (MAX_ID_BYTES + 1),
    "too many bytes": "م" * (MAX_ID_BYTES // 2 + 1),
    "nul": "a\0b",
    "a lone surrogate": "\ud83d",
}
NO_STATUSES = ["incoming", "INCOMING", None, 1, MessageStatus, *UNSHOWABLE]


@pytest.mark.parametrize("message", NO_MESSAGES.values(), ids=NO_MESSAGES)
def test_only_a_dict_is_a_message(manager: StateManager, message: Any) -> None:
    with refused(manager, InvalidType, "a message is a dict"):
        manager.add_message(message, S.INCOMING)


@pytest.mark.parametrize("message", NO_JSON.values(), ids=NO_JSON)
def test_a_message_that_cannot_be_stored_is_refused_and_untouched(
    manager: StateManager, message: dict[Any, Any]
) -> None:
    keys = list(message)
    with refused(manager, ValueError, "m1"):
        manager.add_message(message, S.INCOMING)
    assert list(message) == keys


@pytest.mark.parametrize("message_id", NO_IDS.values(), ids=NO_IDS)
def test_an_id_is_a_short_text(manager: StateManager, message_id: Any) -> None:
    message = {"id": message_id, "body": "hello"}
    with refused(manager, InvalidMessage, "id"):
        manager.add_message(message, S.INCOMING)
    assert list(message) == ["id", "body"]
    assert message["id"] is message_id
    with refused(manager, InvalidMessage, "id"):
        manager.move_message(message_id, S.INCOMING, S.SENT)


@pytest.mark.parametrize("status", NO_STATUSES)
@pytest.mark.parametrize(
    "call",
    [
        lambda manager, status: manager.add_message({"id": "m2"}, status),
        lambda manager, status: manager.get_messages(status),
        lambda manager, status: manager.move_message("m1", status, S.SENT),
        lambda manager, status: manager.move_message("m1", S.INCOMING, status),
        lambda manager, status: manager.clear_messages(status),
        lambda manager, status: list(manager.iter_messages(status, after="m1")),
        lambda manager, status: list(manager.rows(status)),
    ],
    ids=["add", "get", "move from", "move to", "clear", "iterate", "rows"],
)
def test_a_status_is_a_message_status(
    manager: StateManager, call: Callable[[StateManager, Any], object], status: Any
) -> None:
    manager.add_message({"id": "m1"}, S.INCOMING)
    with refused(manager, TypeError, "a status is a MessageStatus"):
        call(manager, status)


@pytest.mark.parametrize("limit", [-1, 1.5, "5", True])
def test_a_limit_is_a_whole_number_from_nought(manager: StateManager, limit: Any) -> None:
    with refused(manager, TypeError, "a limit is a whole number from 0"):
        manager.get_messages(S.SENT, limit=limit)
    with refused(manager, TypeError, "a limit is a whole number from 0"):
        manager.conversation("15550100@c.us", limit=limit)


def test_a_limit_may_be_larger_than_any_list(manager: StateManager) -> None:
    manager.add_message({"id": "m1", "from": "15550100@c.us"}, S.INCOMING)
    assert len(manager.get_messages(S.INCOMING, limit=10**30)) == 1
    assert len(manager.conversation("15550100@c.us", limit=10**30)) == 1


@pytest.mark.parametrize("authenticated", [1, "yes", None, *UNSHOWABLE])
def test_authenticated_is_true_or_false(manager: StateManager, authenticated: Any) -> None:
    with refused(manager, TypeError, f"^authenticated is True or False; got {re.escape(short(authenticated))}$"):
        manager.update_session_status(authenticated)


@pytest.mark.parametrize("info", [[], "Ana", {"name": b"Ana"}, {"name": "\0"}, {1: 2}])
def test_account_info_is_a_dict_that_json_can_hold(manager: StateManager, info: Any) -> None:
    told = "(cannot be written|holds|has)" if isinstance(info, dict) else f"is a dict; got {type(info).__name__}$"
    with refused(manager, ValueError, f"^account_info {told}"):
        manager.update_session_status(True, info)


@pytest.mark.parametrize("reason", ["a\0b", "\ud800", "x" * 100_000, ValueError("lost"), None, *UNSHOWABLE])
def test_marking_invalid_takes_any_reason(manager: StateManager, reason: Any) -> None:
    manager.update_session_status(True)
    manager.mark_session_invalid(reason)
    assert manager.requires_qr_scan() is True
    assert len(manager.get_session_info()["invalidation_reason"]) <= 10_000


def test_of_a_long_reason_ten_thousand_bytes_are_kept(manager: StateManager) -> None:
    manager.mark_session_invalid("x" * 100_000)
    assert manager.get_session_info()["invalidation_reason"] == "x" * 10_000


@pytest.mark.parametrize("key", [None, 5, ["a"], b"key", *UNSHOWABLE])
def test_a_setting_has_a_text_as_key(manager: StateManager, key: Any) -> None:
    with refused(manager, ValueError, f"^a setting's key is a string; got {re.escape(short(key))}$"):
        manager.get_config(key)
    with refused(manager, ValueError, "key"):
        manager.set_config(key, 1)
    with refused(manager, ValueError, "key"):
        manager.config_author(key)


@pytest.mark.parametrize("key", ["", "a\0b", "\ud800", "x" * 513])
def test_a_key_that_cannot_be_stored_is_refused(manager: StateManager, key: str) -> None:
    with refused(manager, ConfigError, "key"):
        manager.update_config({"good": 1, key: 1})


@pytest.mark.parametrize(
    "value", [b"x", {1, 2}, float("nan"), {"a": {1: 2}}, "a\0b", "\ud800", circle(), "x" * (1 << 21)]
)
def test_a_value_that_json_cannot_hold_is_no_setting(manager: StateManager, value: Any) -> None:
    with refused(manager, ConfigError, "mine"):
        manager.set_config("mine", value)
    with refused(manager, ConfigError, "mine"):
        manager.update_config({"good": 1, "mine": value})


@pytest.mark.parametrize("updates", [None, [("a", 1)], "a"])
def test_updates_are_a_dict(manager: StateManager, updates: Any) -> None:
    with refused(manager, TypeError, f"^updates is a dict of settings; got {type(updates).__name__}$"):
        manager.update_config(updates)


@pytest.mark.parametrize("bad", [None, 5, b"x.json"])
def test_a_path_is_a_text_or_path(manager: StateManager, bad: Any) -> None:
    calls = {"output_file": manager.export_state, "file": manager.restore_state, "state_file": StateManager}
    for name, call in calls.items():
        with refused(manager, TypeError, f"^{name} is a path"):
            call(bad)


def test_a_path_that_is_no_file_is_refused_before_anything_is_made(open_manager: Open, manager: StateManager) -> None:
    there = set(manager.folder.parent.iterdir())
    for bad in (manager.folder, ""):
        with pytest.raises(
            StateFileError, match=f"^{re.escape(repr(str(Path(bad))))} is a folder: give the path of a file in it$"
        ):
            open_manager(bad)
    with pytest.raises(InvalidMessage, match=r"^state_file holds a NUL"):
        open_manager("a\0b.json")
    with pytest.raises(StoreUnavailable, match=r"^postgresql://localhost/state is not supported: give the path of"):
        open_manager("postgresql://localhost/state")
    with pytest.raises(StoreUnavailable):
        open_manager(manager.folder / "missing" / "x.json")
    assert set(manager.folder.parent.iterdir()) == there


@pytest.mark.parametrize("bad", [".", "/", "..", ""])
def test_nothing_is_written_to_a_folder_as_if_it_were_a_file(manager: StateManager, bad: str) -> None:
    for call in (manager.export_state, manager.store.backup):
        with refused(manager, StateFileError, r"^'(\.|/|\.\.)' is a folder: give the path of a file in it$"):
            call(Path(bad))


@pytest.mark.parametrize(
    ("end", "told"),
    [(end, " is a file of this state itself: choose another name to export to") for end in (".json", ".db")]
    + [(end, " belongs to the database beside it: give another name") for end in (".db-wal", ".db-shm", ".db.lock")],
)
def test_no_file_of_the_state_itself_is_exported_over(
    manager: StateManager, tmp_path: Path, end: str, told: str
) -> None:
    own = manager.folder / f"whatsapp_state{end}"
    link = tmp_path / "link.json"
    link.symlink_to(own)
    for target in (own, link):
        with refused(manager, StateFileError, f"^'?{re.escape(str(target))}'?{told}$"):
            manager.export_state(target)


def test_a_backup_whose_module_cannot_be_read_is_told_as_one_that_failed(
    manager: StateManager, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read when it is needed first, and then there may be too many open files."""
    monkeypatch.setitem(sys.modules, "signoff.statefile.exchange", None)
    with refused(manager, StateFileError, rf"^{re.escape(str(path))} cannot be copied or restored \(.+\): try again$"):
        manager.backup_state()


def test_a_name_that_is_too_long_for_the_disk_is_told(open_manager: Open) -> None:
    with pytest.raises(StoreUnavailable, match="File name too long"):
        open_manager("x" * 300 + ".json")


@pytest.mark.parametrize("name", ["", "x" * 201, None, 5, "a\0b"])
def test_an_account_has_a_name_of_1_to_200_characters(open_manager: Open, name: Any) -> None:
    told = r"^the name of an account (has from 1 to 200 characters$|is a string|holds a NUL)"
    with pytest.raises(InvalidMessage, match=told):
        open_manager(account=name)
    assert [open_manager(account=good).account_name for good in ("x", "x" * 200)] == ["x", "x" * 200]


class TestTexts:
    @pytest.mark.parametrize("text", ["", "  \n", "a\0b", "\ud800", "x" * (MAX_MESSAGE_BYTES + 1), '"' * 600_000])
    def test_an_edit_wants_a_text_that_can_be_stored(self, manager: StateManager, text: str) -> None:
        manager.add_message({"id": "m1", "recipient": "15550100@c.us", "body": "hello"}, S.PENDING_APPROVAL)
        with refused(manager, InvalidMessage):
            manager.edit("m1", text)

    def test_an_edit_to_nothing_is_told_what_to_do_instead(self, manager: StateManager) -> None:
        manager.add_message({"id": "m1", "recipient": "15550100@c.us", "body": "hello"}, S.PENDING_APPROVAL)
        with refused(manager, InvalidMessage, r"^the text is empty: reject the message instead$"):
            manager.edit("m1", "  ")

    @pytest.mark.parametrize("text", [None, 5, b"x"])
    def test_an_edit_wants_a_text(self, manager: StateManager, text: Any) -> None:
        manager.add_message({"id": "m1", "recipient": "15550100@c.us", "body": "hello"}, S.PENDING_APPROVAL)
        with refused(manager, TypeError, "the text is a string"):
            manager.edit("m1", text)

    @pytest.mark.parametrize("chat", [None, 5, "a\0b"])
    def test_an_address_is_a_text(self, manager: StateManager, chat: Any) -> None:
        with refused(manager, InvalidMessage, r"^an address\b"):
            manager.conversation(chat)
        with refused(manager, InvalidMessage, r"^an address\b"):
            manager.forget(chat)


VERSIONS = {"nought": 0, "true": True, "1.0": 1.0, "text": "1", "huge": 10**5000, "deep": listed(10_000)}


class TestDecisions:
    @pytest.fixture(params=["approve", "reject", "edit", "ask_again"])
    def decide(self, manager: StateManager, request: pytest.FixtureRequest) -> Callable[..., object]:
        manager.add_message({"id": "m1", "recipient": "15550100@c.us", "body": "Until six."}, S.PENDING_APPROVAL)
        text = ("Until seven.",) if request.param == "edit" else ()
        return partial(getattr(manager, request.param), "m1", *text)

    @pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
    def test_a_version_is_a_whole_number_from_one(
        self, manager: StateManager, decide: Callable[..., object], version: Any
    ) -> None:
        with refused(manager, InvalidType, "a version is a whole number from 1"):
            decide(version=version)

    @pytest.mark.parametrize("seen", ["pending_approval", listed(10_000)], ids=["its value", "deep"])
    def test_what_was_seen_is_a_message_status(
        self, manager: StateManager, decide: Callable[..., object], seen: Any
    ) -> None:
        with refused(manager, InvalidType, "a status is a MessageStatus"):
            decide(seen=seen)

    @pytest.mark.parametrize("by", [1, b"maria"])
    def test_who_decides_is_a_text(self, manager: StateManager, decide: Callable[..., object], by: Any) -> None:
        with refused(manager, InvalidType, "who decides is a string"):
            decide(by=by)

    def test_what_makes_it_out_of_date_is_a_text(self, manager: StateManager) -> None:
        despite: Any = ["a newer message"]
        manager.add_message({"id": "m1", "recipient": "15550100@c.us", "body": "Until six."}, S.PENDING_APPROVAL)
        with refused(manager, InvalidType, "what makes it out of date is a string"):
            manager.approve("m1", despite=despite)


class TestLimits:
    def test_what_is_just_within_is_kept(self, manager: StateManager) -> None:
        room = MAX_MESSAGE_BYTES - len('{"id":"","body":"","timestamp":1,"extra":{}}') - MAX_ID_BYTES
        message = {"id": "x" * MAX_ID_BYTES, "body": "y" * room, "timestamp": 1, "extra": {}}
        manager.add_message(message, S.INCOMING)
        deep = {"id": "deep", "extra": nested(MAX_NESTING - 1)}
        manager.add_message(deep, S.INCOMING)
        assert manager.get_messages(S.INCOMING) == [message, deep]

    def test_one_byte_more_is_not(self, manager: StateManager) -> None:
        room = MAX_MESSAGE_BYTES - len('{"id":"m","body":"","timestamp":1}')
        with refused(manager, InvalidMessage, "at most 1,048,576"):
            manager.add_message({"id": "m", "body": "y" * (room + 1), "timestamp": 1}, S.INCOMING)
        manager.add_message({"id": "m", "body": "y" * room, "timestamp": 1}, S.INCOMING)
