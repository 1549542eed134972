"""Settings: known keys are checked, groups are merged by update_config, own keys are kept, and all are copies."""

from __future__ import annotations

import re
from typing import Any

import pytest

from signoff import settings
from signoff.errors import ConfigError
from state_manager import MessageStatus, StateManager

from .conftest import Open


def test_update_config_leaves_what_is_not_named(manager: StateManager) -> None:
    manager.update_config({"watcher_config": {"poll_interval_seconds": 10}})
    manager.update_config({"watcher_config": {"auto_reply_enabled": False}, "human_in_the_loop": True})
    assert manager.get_config("watcher_config") == {
        "poll_interval_seconds": 10,
        "auto_reply_enabled": False,
        "process_group_messages": False,
        "max_messages_per_poll": 10,
    }
    assert manager.get_config("human_in_the_loop") is True


def test_update_config_merges_ones_own_as_well(manager: StateManager) -> None:
    manager.set_config("mine", {"a": 1, "deep": {"x": 1, "y": 2}})
    manager.update_config({"mine": {"b": 2, "deep": {"y": 3}}})
    assert manager.get_config("mine") == {"a": 1, "b": 2, "deep": {"x": 1, "y": 3}}
    manager.update_config({"mine": [1]})
    assert manager.get_config("mine") == [1]


def test_set_config_sets_just_that(manager: StateManager) -> None:
    manager.set_config("mine", {"a": 1, "b": 2})
    manager.set_config("mine", {"b": 3})
    assert manager.get_config("mine") == {"b": 3}
    manager.set_config("watcher_config", {"poll_interval_seconds": 1, "max_messages_per_poll": 2})
    manager.set_config("watcher_config", {"poll_interval_seconds": 7, "my_own": "x"})
    assert manager.get_config("watcher_config") == {
        "poll_interval_seconds": 7,
        "auto_reply_enabled": True,
        "process_group_messages": False,
        "max_messages_per_poll": 10,
        "my_own": "x",
    }


def test_unset_config_brings_the_default_back(manager: StateManager) -> None:
    manager.set_config("retry_config", {"max_retries": 5, "retry_delay_seconds": 9})
    manager.set_config("mine", {"a": 1, "b": 2})
    manager.set_config("mine.a", "a key with a dot")
    assert manager.unset_config("retry_config.max_retries") is True
    assert manager.get_config("retry_config")["max_retries"] == 3
    assert manager.get_config("retry_config")["retry_delay_seconds"] == 9
    assert manager.unset_config("mine.a") is True
    assert (manager.get_config("mine.a"), manager.get_config("mine")) == (None, {"a": 1, "b": 2})
    assert manager.unset_config("mine.a") is True
    assert manager.get_config("mine") == {"b": 2}
    assert manager.unset_config("mine") is True
    assert manager.get_config("mine") is None
    assert manager.unset_config("mine") is False


def test_unset_config_tells_the_dots_of_a_name_from_those_before_a_field(manager: StateManager) -> None:
    manager.set_config("mine", {"a.b": 1, "c": 2})
    manager.set_config(".mine", 1)
    assert manager.unset_config("mine.a.b") is True
    assert manager.get_config("mine") == {"c": 2}
    assert [manager.unset_config(".mine") for _ in range(2)] == [True, False]
    assert manager.get_config(".mine") is None


@pytest.mark.parametrize("key", ["session", "session.authenticated", "metadata", "statistics", "messages"])
def test_what_has_a_method_of_its_own_is_not_unset(manager: StateManager, key: str) -> None:
    with pytest.raises(ConfigError, match="is no setting"):
        manager.unset_config(key)


def test_human_in_the_loop_unset_is_nobodys_choice(manager: StateManager) -> None:
    manager.set_config("human_in_the_loop", False)
    manager.unset_config("human_in_the_loop")
    assert (manager.get_config("human_in_the_loop"), manager.config_author("human_in_the_loop")) == (False, None)


def test_what_is_read_is_a_copy(manager: StateManager) -> None:
    for key in ("watcher_config", "approval_config", "account_info", "mine"):
        manager.update_config({"mine": {"a": [1]}})
        before = manager.get_config(key)
        changed = manager.get_config(key)
        for value in changed.values():
            if isinstance(value, list):
                value.append("changed")
        changed["more"] = 1
        assert manager.get_config(key) == before
    assert settings.defaults()["approval_config"]["rules"] == []


def test_what_was_given_is_not_kept(manager: StateManager) -> None:
    mine = {"a": [1]}
    manager.set_config("mine", mine)
    mine["a"].append(2)
    assert manager.get_config("mine") == {"a": [1]}


BAD: list[tuple[str, Any, str]] = [
    ("human_in_the_loop", "yes", "true or false"),
    ("human_in_the_loop", 1, "true or false"),
    ("human_in_the_loop", None, "true or false"),
    ("api_endpoint", "", "a text"),
    ("api_endpoint", 3000, "a text"),
    ("watcher_config", [5], "a dict such as"),
    ("watcher_config", None, "a dict such as"),
    ("watcher_config", {"poll_interval_seconds": 0}, "a number from 0.05 to 86400"),
    ("watcher_config", {"poll_interval_seconds": "5"}, "a number from 0.05 to 86400"),
    ("watcher_config", {"poll_interval_seconds": True}, "a number from 0.05 to 86400"),
    ("watcher_config", {"max_messages_per_poll": 2.5}, "a whole number from 1 to 10000"),
    ("watcher_config", {"auto_reply_enabled": 0}, "true or false"),
    ("retry_config", {"max_retries": -1}, "a whole number from 0 to 100"),
    ("retry_config", {"max_retries": 101}, "a whole number from 0 to 100"),
    ("retry_config", {"retry_delay_seconds": -0.5}, "a number from 0 to 86400"),
    ("retry_config", {"exponential_backoff": None}, "true or false"),
    ("approval_config", {"rules": {}}, "a list of rules"),
]


@pytest.mark.parametrize(("key", "value", "allowed"), BAD)
def test_a_value_that_is_not_allowed_names_key_value_and_what_is(
    manager: StateManager, key: str, value: Any, allowed: str
) -> None:
    before = manager.get_full_state()
    inner = next(iter(value.items())) if isinstance(value, dict) and "such as" not in allowed else (key, value)
    for updates in ({key: value}, {"mine": 1, key: value}):
        with pytest.raises(ConfigError) as caught:
            manager.update_config(updates)
        assert inner[0] in str(caught.value)
        assert repr(inner[1]) in str(caught.value)
        assert allowed in str(caught.value)
    with pytest.raises(ConfigError, match=re.escape(allowed)):
        manager.set_config(key, value)
    assert manager.get_full_state() == before


@pytest.mark.parametrize("key", settings.OWNED_KEYS)
def test_what_is_no_setting_names_its_method(manager: StateManager, key: str) -> None:
    before = manager.get_full_state()
    with pytest.raises(ConfigError) as caught:
        manager.set_config(key, {})
    assert settings.OWNED_KEYS[key] in str(caught.value)
    with pytest.raises(ConfigError):
        manager.update_config({"human_in_the_loop": True, key: {}})
    assert manager.get_full_state() == before


@pytest.mark.parametrize("key", ["watcher_config", "retry_config", "approval_config"])
def test_own_keys_within_a_group_are_kept(manager: StateManager, key: str) -> None:
    manager.update_config({key: {"my_own": {"x": 1}}})
    assert manager.get_config(key)["my_own"] == {"x": 1}


def test_a_key_with_a_dot_is_ones_own(manager: StateManager) -> None:
    manager.set_config("retry_config.max_retries", "mine")
    assert manager.get_config("retry_config.max_retries") == "mine"
    assert manager.get_config("retry_config")["max_retries"] == 3


def test_the_author_is_known(open_manager: Open) -> None:
    one, other = open_manager(by="one"), open_manager(by="other")
    assert one.config_author("human_in_the_loop") is None
    one.set_config("human_in_the_loop", False)
    assert other.config_author("human_in_the_loop") == "one"
    other.update_config({"human_in_the_loop": True})
    assert one.config_author("human_in_the_loop") == "other"


def test_settings_belong_to_an_account(open_manager: Open) -> None:
    first, second = open_manager(), open_manager(account="second")
    first.set_config("human_in_the_loop", True)
    second.set_config("mine", 2)
    assert second.get_config("human_in_the_loop") is False
    assert first.get_config("mine") is None


def test_lists_of_the_other_components_are_read_whole(manager: StateManager) -> None:
    for number in range(150):
        entry = {"timestamp": f"t{number}", "message": "🌊"}
        manager.store.add_record(manager.account, "message_log", entry, by="a test")
    assert [entry["timestamp"] for entry in manager.get_config("message_log")] == [f"t{n}" for n in range(150)]


def test_the_lists_of_messages_are_read_whole(manager: StateManager) -> None:
    for number in range(150):
        manager.add_message({"id": str(number)}, MessageStatus.SENT)
    assert len(manager.get_config("messages")["sent"]) == 150


def test_what_is_merged_bit_by_bit_may_not_grow_too_large(manager: StateManager) -> None:
    """It could not be brought back from a backup."""
    for number in range(2):
        manager.update_config({"mine": {f"part {number}": "x" * 400_000}})
    with pytest.raises(ConfigError, match=r"^mine has 1,200,0\d\d bytes"):
        manager.update_config({"mine": {"part 2": "x" * 400_000}, "yours": 1})
    assert set(manager.get_config("mine")) == {"part 0", "part 1"}
    assert manager.get_config("yours") is None
