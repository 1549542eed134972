"""A session as a manager keeps it: with the folder on the disk, several processes, and a clock that moves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff import session as sessions
from signoff.clock import MINUTE
from state_manager import StateManager

from ..conftest import ManualClock
from ..store.outside import Program
from ..waiting import eventually


@pytest.fixture
def manager(tmp_path: Path, clock: ManualClock) -> Iterator[StateManager]:
    (tmp_path / "project").mkdir()
    with StateManager(tmp_path / "project" / "state.json", clock=clock) as manager:
        yield manager


@pytest.fixture
def folder(manager: StateManager) -> Path:
    folder = manager.folder / ".wwebjs_auth"
    folder.mkdir()
    return folder


def test_deleting_the_folder_ends_the_session_and_asks_for_a_scan(manager: StateManager, folder: Path) -> None:
    manager.update_session_status(True)
    assert manager.is_session_valid()
    folder.rmdir()
    assert not manager.is_session_valid()
    assert manager.requires_qr_scan()
    folder.mkdir()
    assert manager.is_session_valid()
    assert not manager.requires_qr_scan()


def test_a_folder_that_comes_after_authenticating_is_noticed(manager: StateManager) -> None:
    manager.update_session_status(True)
    assert manager.is_session_valid()
    folder = manager.folder / ".wwebjs_auth"
    folder.mkdir()
    assert manager.is_session_valid()
    folder.rmdir()
    assert manager.requires_qr_scan()


def test_a_folder_that_never_was_is_not_missed(manager: StateManager) -> None:
    manager.update_session_status(True)
    assert manager.is_session_valid()
    assert not manager.requires_qr_scan()


def test_authenticating_again_without_the_folder_forgets_that_it_was_there(manager: StateManager, folder: Path) -> None:
    manager.update_session_status(True)
    folder.rmdir()
    assert manager.requires_qr_scan()
    manager.update_session_status(True)
    assert manager.is_session_valid()
    assert not manager.requires_qr_scan()


def test_the_folder_is_looked_for_beside_the_state_file(
    manager: StateManager, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    manager.update_session_status(True)
    folder.rmdir()
    (tmp_path / ".wwebjs_auth").mkdir()
    assert not manager.is_session_valid()


def test_the_folder_that_counts_is_the_one_that_the_state_names(tmp_path: Path, clock: ManualClock) -> None:
    old, folder = tmp_path / "old.json", tmp_path / "mine_auth"
    old.write_text('{"session": {"session_path": "mine_auth"}}')
    folder.mkdir()
    with StateManager(old, clock=clock) as manager:
        manager.update_session_status(True)
        folder.rmdir()
        assert not manager.is_session_valid()
        assert manager.requires_qr_scan()


def test_out_of_date_means_validate_again_and_no_scan(manager: StateManager, clock: ManualClock) -> None:
    manager.update_session_status(True)
    clock.now += 31 * MINUTE
    assert not manager.is_session_valid()
    assert not manager.requires_qr_scan()
    manager.update_session_status(True)
    assert manager.is_session_valid()


def test_only_what_really_ends_it_asks_for_a_scan(manager: StateManager, clock: ManualClock) -> None:
    manager.update_session_status(True)
    now = clock.now
    manager.change_session(lambda session: sessions.unreachable(session, now), "unreachable")
    clock.now += 31 * MINUTE
    assert not manager.requires_qr_scan()
    manager.update_session_status(False)
    assert manager.requires_qr_scan()
    manager.update_session_status(True)
    manager.mark_session_invalid("unlinked")
    assert manager.requires_qr_scan()


def test_a_mark_set_while_nothing_answered_goes_with_the_next_answer(manager: StateManager, clock: ManualClock) -> None:
    """Fault 11, seen from the session: a backend that did not respond asks for no scan once it is back."""
    manager.update_session_status(True)
    now = clock.now
    manager.change_session(lambda session: sessions.unreachable(session, now), "unreachable")
    manager.mark_session_invalid("Backend not responding")
    assert manager.requires_qr_scan(), "marking always does what it says"
    manager.change_session(lambda session: sessions.answered(session, now), "ready")
    assert not manager.requires_qr_scan()
    assert manager.is_session_valid()


def test_the_history_says_what_happened_to_the_session_by_whom_and_why(manager: StateManager, folder: Path) -> None:
    folder.rmdir()
    manager.update_session_status(True)
    folder.mkdir()
    manager.is_session_valid()
    manager.update_session_status(False)
    manager.mark_session_invalid("unlinked")
    told = [logged.event for logged in manager.store.events(manager.account, limit=4)]
    assert {event.by for event in told} == {manager.by}
    assert [(event.kind, event.why) for event in told] == [
        ("authenticated", None),
        ("folder seen", None),
        ("unauthenticated", None),
        ("marked invalid", "unlinked"),
    ]


def test_it_stays_valid_across_restarts(manager: StateManager, folder: Path, clock: ManualClock) -> None:
    manager.update_session_status(True, {"name": "Ana"})
    before = manager.get_session_info()
    manager.close()
    with StateManager(folder.parent / "state.json", clock=clock) as again:
        assert again.get_session_info() == before
        assert again.is_session_valid()


def test_what_is_read_is_a_copy(manager: StateManager) -> None:
    session = manager.get_session_info()
    session["authenticated"] = True
    info = manager.get_config("account_info")
    info["name"] = "Mallory"
    assert manager.get_session_info()["authenticated"] is False
    assert manager.get_config("account_info")["name"] is None


def test_a_read_never_fails_because_taking_up_an_edit_failed(
    manager: StateManager, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder where the state file was cannot be read as a file; the database is the truth, and it answers."""
    manager.update_session_status(True)
    state_file = manager.folder / "state.json"
    state_file.unlink(missing_ok=True)
    state_file.mkdir()

    def read() -> bool:
        assert manager.is_session_valid()
        assert manager.get_config("human_in_the_loop") is False
        return "could not be taken up" in caplog.text

    with caplog.at_level(logging.WARNING):
        eventually(read)
    state_file.rmdir()


def test_a_read_never_fails_because_that_the_folder_was_seen_could_not_be_noted(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / "state.db"
    with StateManager(database, clock=clock, busy_timeout=0.1) as manager:
        manager.update_session_status(True)
        (tmp_path / ".wwebjs_auth").mkdir()
        with Program("holder", database, heard="holding"), caplog.at_level(logging.WARNING):
            assert manager.is_session_valid()
        assert "could not note that .wwebjs_auth was seen: " in caplog.text
        assert manager.is_session_valid()
        (tmp_path / ".wwebjs_auth").rmdir()
        assert not manager.is_session_valid()


def test_a_field_of_ones_own_is_kept(manager: StateManager, tmp_path: Path, clock: ManualClock) -> None:
    old = tmp_path / "old.json"
    old.write_text('{"session": {"authenticated": true, "my_note": {"a": 1}}}')
    with StateManager(old, clock=clock) as imported:
        assert imported.get_session_info()["my_note"] == {"a": 1}
        imported.update_session_status(True)
        assert imported.get_session_info()["my_note"] == {"a": 1}
