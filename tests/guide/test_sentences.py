"""What the guide says in words, tables and pictures, sentence by sentence; its examples run in `test_examples`."""

from __future__ import annotations

import inspect
import itertools
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signoff.clock import MINUTE
from signoff.lifecycle import MOVES
from state_manager import MessageStatus, StateManager

from ..conftest import ManualClock
from ..docs.markdown import blocks
from .conftest import GUIDE

S = MessageStatus
TEXT = GUIDE.read_text("utf-8")
METHODS = re.findall(r"^- `(\w+)\((.*?)\)` - ", TEXT, re.MULTILINE)
STATUSES = re.findall(r"^- `([A-Z_]+)` - ", TEXT, re.MULTILINE)


class Desk:
    """A state and its manager, which can be closed and opened again."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.path = folder / "whatsapp_state.json"
        self.session_folder = folder / ".wwebjs_auth"
        self.clock = clock
        self.session_folder.mkdir()
        self.manager = StateManager(self.path, clock=clock)

    def restart(self, **edited: object) -> StateManager:
        """Open it again; in between fields of the session are edited in the state file."""
        self.manager.close()
        document = json.loads(self.path.read_bytes())
        document["session"] |= edited
        self.path.write_text(json.dumps(document))
        self.manager = StateManager(self.path, clock=self.clock)
        return self.manager


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Iterator[Desk]:
    desk = Desk(tmp_path, clock)
    yield desk
    assert desk.manager.check() == []
    desk.manager.close()


@pytest.fixture
def manager(desk: Desk) -> StateManager:
    return desk.manager


class TestStateFileStructure:
    @staticmethod
    def shape(value: Any) -> Any:
        """The keys of an object in their order, and what kind each value is; null and text may stand for each other."""
        if isinstance(value, dict):
            return [(key, TestStateFileStructure.shape(inner)) for key, inner in value.items()]
        kinds = {
            bool: "boolean",
            int: "number",
            float: "number",
            list: "list",
            str: "text or null",
            type(None): "text or null",
        }
        return kinds[type(value)]

    def test_the_file_has_all_the_keys_in_this_order(self, desk: Desk) -> None:
        (block,) = blocks(GUIDE, "json")
        guide = json.loads(block.text)
        desk.manager.update_session_status(True, {"number": "15550100", "name": "Ana", "platform": "iphone"})
        desk.restart()
        ours = json.loads(desk.path.read_bytes())
        assert list(ours)[: len(guide)] == list(guide)
        assert self.shape({key: ours[key] for key in guide}) == self.shape(guide)

    def test_a_file_like_the_guides_is_a_state(self, tmp_path: Path) -> None:
        (block,) = blocks(GUIDE, "json")
        path = tmp_path / "guide.json"
        path.write_text(block.text)
        with StateManager(path) as manager:
            state = manager.get_full_state()
        guide = json.loads(block.text)
        assert {key: state[key] for key in guide} == guide


class TestApiReference:
    @pytest.mark.parametrize(("name", "parameters"), METHODS)
    def test_each_method_exists_with_these_parameters(self, name: str, parameters: str) -> None:
        signature = inspect.signature(getattr(StateManager, name))
        assert list(signature.parameters)[1:] == [word for word in parameters.split(", ") if word]

    def test_there_are_seventeen(self) -> None:
        assert len(METHODS) == 17

    def test_the_enum_has_these_members(self) -> None:
        assert [member.name for member in MessageStatus] == STATUSES


class TestMessageLifecycle:
    @pytest.mark.parametrize(
        "way",
        [
            (S.INCOMING, S.PENDING_APPROVAL, S.APPROVED, S.SENT),
            (S.INCOMING, S.PENDING_APPROVAL, S.REJECTED),
            (S.INCOMING, S.PENDING_APPROVAL, S.APPROVED, S.FAILED),
        ],
    )
    def test_every_way_of_the_picture_can_be_gone_and_is_regular(
        self, manager: StateManager, way: tuple[MessageStatus, ...]
    ) -> None:
        manager.add_message({"id": "m1"}, way[0])
        for source, target in itertools.pairwise(way):
            assert (source, target) in MOVES
            assert manager.move_message("m1", source, target)
        assert [event["kind"] for event in manager.history("m1")] == ["added"] + ["moved"] * (len(way) - 1)


class TestSessionValidation:
    """The state manager automatically validates sessions based on …"""

    def test_authentication_status(self, desk: Desk) -> None:
        desk.manager.update_session_status(True)
        assert desk.manager.is_session_valid()
        assert not desk.restart(authenticated=False).is_session_valid()

    def test_session_validity(self, desk: Desk) -> None:
        desk.manager.update_session_status(True)
        assert not desk.restart(session_valid=False).is_session_valid()

    def test_validation_interval(self, desk: Desk) -> None:
        desk.manager.update_session_status(True)
        desk.clock.now += 30 * MINUTE
        assert not desk.manager.is_session_valid()
        assert desk.restart(validation_interval_minutes=45).is_session_valid()
        desk.clock.now += 15 * MINUTE
        assert not desk.manager.is_session_valid()

    def test_no_scan_is_asked_for_because_of_the_interval(self, desk: Desk) -> None:
        desk.manager.update_session_status(True)
        desk.clock.now += 10_000 * MINUTE
        assert not desk.manager.is_session_valid()
        assert not desk.manager.requires_qr_scan()


class TestPreventingReAuthentication:
    """The system prevents unnecessary QR scans by …"""

    def test_storing_session_state_in_a_folder(self, desk: Desk) -> None:
        """The folder is the backend's; as long as it is there, no scan is needed."""
        desk.manager.update_session_status(True)
        assert desk.manager.get_session_info()["session_path"] == ".wwebjs_auth"
        assert not desk.restart().requires_qr_scan()
        desk.session_folder.rmdir()
        assert desk.manager.requires_qr_scan()

    def test_tracking_authentication_status_in_the_state_file(self, desk: Desk) -> None:
        desk.manager.update_session_status(True)
        desk.restart()
        session = json.loads(desk.path.read_bytes())["session"]
        assert (session["authenticated"], session["session_valid"], session["requires_qr"]) == (True, True, False)

    def test_validating_periodically_by_default_every_thirty_minutes(self, desk: Desk) -> None:
        assert desk.manager.get_session_info()["validation_interval_minutes"] == 30
        desk.manager.update_session_status(True)
        for _ in range(5):
            desk.clock.now += 29 * MINUTE
            assert desk.manager.is_session_valid()
            desk.manager.update_session_status(True)

    def test_only_requiring_a_scan_when_the_session_is_explicitly_invalid(self, desk: Desk) -> None:
        desk.manager.update_session_status(True)
        desk.clock.now += 100_000 * MINUTE
        assert not desk.restart().requires_qr_scan()
        desk.manager.mark_session_invalid(reason="Connection lost")
        assert desk.restart().requires_qr_scan()

    def test_a_session_remains_valid_across_restarts(self, desk: Desk) -> None:
        desk.manager.update_session_status(True)
        for _ in range(3):
            desk.clock.now += 5 * MINUTE
            assert desk.restart().is_session_valid()
            assert not desk.manager.requires_qr_scan()


def test_troubleshooting_session_invalid_after_restart(desk: Desk) -> None:
    """Cause: validation expired or the folder deleted. Solution: update_session_status(authenticated=True, …)."""
    desk.manager.update_session_status(True)
    desk.clock.now += 31 * MINUTE
    assert not desk.restart().is_session_valid()
    desk.manager.update_session_status(authenticated=True, account_info={"name": "Ana"})
    assert desk.manager.is_session_valid()
    desk.session_folder.rmdir()
    assert not desk.restart().is_session_valid()
    desk.manager.update_session_status(authenticated=True, account_info={"name": "Ana"})
    assert desk.manager.is_session_valid()


def test_all_operations_are_thread_safe(manager: StateManager) -> None:
    """Every method of the guide's, from several threads at once: no race, no damage, nothing lost."""
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for number in range(8):
                name = f"{worker}-{number}"
                manager.add_message({"id": name}, S.INCOMING)
                manager.move_message(name, S.INCOMING, S.PENDING_APPROVAL)
                manager.update_session_status(True, {"name": name})
                manager.set_config(f"worker {worker}", number)
                manager.update_config({"retry_config": {"max_retries": number}})
                for read in (manager.get_statistics, manager.get_session_info, manager.get_full_state):
                    assert isinstance(read(), dict)
                assert manager.is_session_valid()
                assert not manager.requires_qr_scan()
                assert manager.get_config(f"worker {worker}") == number
                manager.get_messages(S.PENDING_APPROVAL, limit=3)
                manager.clear_messages(S.FAILED)
            manager.export_state(manager.folder / f"export {worker}.json")
            assert Path(manager.backup_state()).exists()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert len(manager.get_messages(S.PENDING_APPROVAL)) == 48
    assert manager.get_statistics()["total_incoming"] == 48
    assert len(list(manager.folder.glob("whatsapp_state_backup_*.json"))) == 6
