"""Whatever JSON can hold comes back as it was given: unknown keys, nesting, any Unicode, any number."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state_manager import MessageStatus, StateManager

from ..conftest import ManualClock

S = MessageStatus

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
MESSAGES = st.dictionaries(
    TEXTS.filter(lambda key: key not in ("id", "status", "status_updated_at")), VALUES, max_size=5
)


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateManager]:
    """One manager for all examples: opening one for each would take longer than what is tested."""
    with StateManager(tmp_path_factory.mktemp("round trip") / "state.db", clock=ManualClock()) as manager:
        yield manager
        assert manager.check() == []


@given(message=MESSAGES)
def test_a_message(manager: StateManager, message: dict[str, Any]) -> None:
    given_message = copy.deepcopy(message)
    manager.add_message(message, S.INCOMING)
    assert {**given_message, "id": message["id"], "timestamp": message["timestamp"]} == message
    if given_message.get("timestamp") is not None:
        assert message["timestamp"] == given_message["timestamp"]
    stored = manager.get_messages(S.INCOMING, limit=1)[0]
    assert stored == message
    assert json.dumps(stored) == json.dumps(message), "types and the order of keys stay as well"


@given(message=MESSAGES)
def test_a_moved_message_has_two_keys_more(manager: StateManager, message: dict[str, Any]) -> None:
    manager.add_message(message, S.INCOMING)
    assert manager.move_message(message["id"], S.INCOMING, S.APPROVED)
    moved = manager.get_messages(S.APPROVED, limit=1)[0]
    assert moved.pop("status") == "approved"
    assert moved.pop("status_updated_at")
    assert moved == message


@given(value=VALUES)
def test_a_setting_of_ones_own(manager: StateManager, value: Any) -> None:
    manager.set_config("mine", value)
    assert json.dumps(manager.get_config("mine")) == json.dumps(value)


@given(info=st.dictionaries(TEXTS.filter(lambda key: key != "last_updated"), VALUES, max_size=4))
def test_account_info(manager: StateManager, info: dict[str, Any]) -> None:
    manager.update_session_status(True, info)
    assert manager.get_config("account_info").items() >= info.items()


@given(message=MESSAGES)
def test_the_state_file_says_the_same(
    manager: StateManager, tmp_path_factory: pytest.TempPathFactory, message: dict[str, Any]
) -> None:
    manager.add_message(message, S.SENT)
    target: Path = tmp_path_factory.getbasetemp() / "exported.json"
    manager.export_state(target)
    assert json.loads(target.read_bytes())["messages"]["sent"][-1] == message


def test_what_is_given_back_is_a_copy(manager: StateManager) -> None:
    message = {"id": "copied", "tags": ["a"]}
    manager.add_message(message, S.FAILED)
    message["tags"].append("b")  # type: ignore[attr-defined]
    first = manager.get_messages(S.FAILED)[0]
    assert first["tags"] == ["a"]
    first["tags"].append("c")
    assert manager.get_messages(S.FAILED)[0]["tags"] == ["a"]


def test_tuples_become_lists(manager: StateManager) -> None:
    manager.add_message({"id": "tuple", "tags": ("a", ("b",))}, S.REJECTED)
    assert manager.get_messages(S.REJECTED)[0]["tags"] == ["a", ["b"]]
