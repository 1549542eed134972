"""One store, many numbers: no method of one account gives, writes or changes anything of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signoff import MessageStatus, StateManager
from signoff import session as sessions

from ..conftest import ManualClock, verify
from ..two_accounts import MARKS, address, dump, fill, spelt_out

PENDING, INCOMING, SENT = MessageStatus.PENDING_APPROVAL, MessageStatus.INCOMING, MessageStatus.SENT
BOTH = [("default", "shop"), ("shop", "default")]

CALLS: dict[str, Callable[[StateManager], Any]] = {
    "is_session_valid": lambda state: state.is_session_valid(),
    "requires_qr_scan": lambda state: state.requires_qr_scan(),
    "get_session_info": lambda state: state.get_session_info(),
    "get_messages": lambda state: [state.get_messages(status) for status in MessageStatus],
    "iter_messages": lambda state: [list(state.iter_messages(status)) for status in MessageStatus],
    "rows": lambda state: [list(state.rows(status)) for status in MessageStatus],
    "get_message": lambda state: [state.get_message(f"reply_m{number}") for number in range(1, 10)],
    "conversation": lambda state: [state.conversation(address(number)) for number in range(1, 10)],
    "history": lambda state: [state.history(f"reply_m{number}") for number in range(1, 10)],
    "get_statistics": lambda state: state.get_statistics(),
    "get_config": lambda state: [state.get_config(key) for key in state.get_full_state()],
    "config_author": lambda state: [state.config_author(key) for key in ("motto", "api_endpoint")],
    "get_full_state": lambda state: state.get_full_state(),
    "check": lambda state: state.check(),
    "export_state": lambda state: state.export_state(state.folder / "mine_export.json"),
    "backup_state": lambda state: Path(state.backup_state()).rename(state.folder / "mine_backup.json"),
    "refresh": lambda state: state.refresh(),
    "approve": lambda state: state.approve("reply_m1"),
    "reject": lambda state: state.reject("reply_m2", "not now"),
    "edit": lambda state: state.edit("reply_m3", "Another text"),
    "ask_again": lambda state: state.ask_again("reply_m4", "shorter"),
    "take_back": lambda state: state.take_back("reply_m5"),
    "reopen": lambda state: state.reopen("reply_m6"),
    "confirm_sent": lambda state: state.confirm_sent("reply_m7"),
    "send_again": lambda state: state.send_again("reply_m8"),
    "give_up": lambda state: state.give_up("reply_m9"),
    "add_message": lambda state: state.add_message({"id": "s2", "from": address(1), "body": "Hello"}, INCOMING),
    "move_message": lambda state: state.move_message("s1", PENDING, SENT),
    "set_config": lambda state: state.set_config("motto", "Another"),
    "update_config": lambda state: state.update_config({"retry_config": {"max_retries": 9}}),
    "unset_config": lambda state: state.unset_config("retry_config"),
    "change_session": lambda state: state.change_session(sessions.reachable, "reachable"),
    "update_session_status": lambda state: state.update_session_status(True, {"number": "15550100999"}),
    "mark_session_invalid": lambda state: state.mark_session_invalid("gone"),
    "forget": lambda state: [state.forget(address(number)) for number in range(1, 10)],
    "reset_statistics": lambda state: state.reset_statistics(),
    "clear_messages": lambda state: [state.clear_messages(status) for status in MessageStatus],
    "restore_state": lambda state: Path(state.restore_state(state.folder / "mine_backup.json")).rename(
        state.folder / "mine_before.json"
    ),
    "close": lambda state: state.close(),
}
"""A call of every public method, those that only read first."""
NO_METHODS = {"store"}


@pytest.fixture
def path(tmp_path: Path, clock: ManualClock) -> Path:
    """A state with two accounts in it."""
    path = tmp_path / "whatsapp_state.json"
    for account in MARKS:
        fill(path, account, clock)
    return path


def test_each_public_method_is_called_here() -> None:
    public = {name for name in dir(StateManager) if not name.startswith("_")}
    assert public - NO_METHODS == CALLS.keys()


@pytest.mark.parametrize(("mine", "other"), BOTH)
def test_nothing_of_another_account_is_given_written_or_changed(
    path: Path, clock: ManualClock, mine: str, other: str
) -> None:
    before = dump(path, other, clock)
    assert MARKS[other] in before
    state = StateManager(path, account=mine, by="somebody", clock=clock)
    given = {name: spelt_out(call(state)) for name, call in CALLS.items()}
    assert [name for name, text in given.items() if MARKS[other] in text] == []
    assert [file.name for file in path.parent.glob("mine_*") if MARKS[other] in file.read_text("utf-8")] == []
    assert dump(path, other, clock) == before
    verify(path.with_suffix(".db"))


@pytest.mark.parametrize("mine", MARKS)
def test_the_search_would_find_what_leaked(path: Path, clock: ManualClock, mine: str) -> None:
    reading = list(CALLS)[: list(CALLS).index("approve")]
    with StateManager(path, account=mine, clock=clock) as state:
        found = {name for name in reading if MARKS[mine] in spelt_out(CALLS[name](state))}
    telling = {"get_messages", "iter_messages", "rows", "get_message", "conversation", "history", "get_full_state"}
    telling |= {"get_config", "config_author"}
    assert found == telling
    assert {file.name for file in path.parent.glob("mine_*") if MARKS[mine] in file.read_text("utf-8")} == {
        "mine_export.json",
        "mine_backup.json",
    }


def test_the_state_file_shows_the_account_default_alone(path: Path, clock: ManualClock) -> None:
    with StateManager(path, account="shop", clock=clock) as state:
        state.set_config("motto", f"{MARKS['shop']} again")
    with StateManager(path, clock=clock) as state:
        state.refresh()
    shown = path.read_text("utf-8")
    assert MARKS["default"] in shown
    assert MARKS["shop"] not in shown


def test_what_is_edited_in_the_state_file_is_of_the_account_default(path: Path, clock: ManualClock) -> None:
    before = dump(path, "shop", clock)
    path.write_text(path.read_text("utf-8").replace(f"{MARKS['default']} for ever", "by hand"), "utf-8")
    with StateManager(path, clock=clock) as state:
        assert state.get_config("motto") == "by hand"
    assert dump(path, "shop", clock) == before


@pytest.mark.parametrize(("mine", "other"), BOTH)
def test_two_managers_at_once_keep_apart(path: Path, clock: ManualClock, mine: str, other: str) -> None:
    with (
        StateManager(path, account=mine, clock=clock) as first,
        StateManager(path, account=other, clock=clock) as second,
    ):
        first.approve("reply_m1", by="maria")
        second.reject("reply_m1", by="omar")
        assert (first.get_message("reply_m1").status, second.get_message("reply_m1").status) == ("approved", "rejected")
        first.clear_messages(PENDING)
        assert [message["id"] for message in second.get_messages(PENDING)] == ["reply_m2", "reply_m3", "reply_m4", "s1"]
