"""The table of settings: every entry says what it is, takes its default, and refuses what it does not allow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import settings
from signoff.errors import ConfigError
from signoff.settings import KNOWN, OWNED_KEYS, Setting

OTHERS: list[Any] = [None, True, -1, 0, 0.5, 10**9, float("nan"), float("inf"), "", "text", [], [1], {}, {"a": 1}, b"x"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2),
)


def nested(path: str, value: Any) -> tuple[str, Any]:
    group, _, leaf = path.partition(".")
    return (group, {leaf: value}) if leaf else (group, value)


@pytest.mark.parametrize("setting", KNOWN, ids=lambda setting: setting.path)
class TestEachSetting:
    def test_its_default_is_allowed(self, setting: Setting) -> None:
        settings.check(*nested(setting.path, setting.default))
        assert setting.explain
        assert setting.allowed

    def test_it_refuses_what_it_does_not_allow_and_says_what_it_does(self, setting: Setting) -> None:
        refused = [value for value in OTHERS if not setting.check(value)]
        assert len(refused) > 3
        for value in refused:
            with pytest.raises(ConfigError) as caught:
                settings.check(*nested(setting.path, value))
            if not isinstance(value, (bytes, float)):
                assert setting.path in str(caught.value)
                assert repr(value) in str(caught.value)
                assert setting.allowed in str(caught.value)

    def test_it_is_a_setting_and_nothing_else(self, setting: Setting) -> None:
        assert setting.path.partition(".")[0] not in OWNED_KEYS
        assert setting.path.count(".") <= 1


def test_the_paths_are_all_different() -> None:
    assert len({setting.path for setting in KNOWN}) == len(KNOWN)


def test_defaults_are_fresh_every_time_and_json() -> None:
    first = settings.defaults()
    assert json.loads(json.dumps(first)) == first
    first["watcher_config"]["poll_interval_seconds"] = 99
    first["approval_config"]["rules"].append("changed")
    assert settings.defaults()["watcher_config"]["poll_interval_seconds"] == 5
    assert settings.defaults()["approval_config"]["rules"] == []


class TestMerging:
    @given(VALUES)
    def test_nothing_over_something_is_what_was_laid_over(self, value: Any) -> None:
        assert settings.merge(None, value) == value
        assert settings.merge(5, value) == value

    @given(VALUES)
    def test_the_same_twice_is_the_same(self, value: Any) -> None:
        assert settings.merge(value, value) == value

    @given(st.dictionaries(st.text("ab"), VALUES), st.dictionaries(st.text("ab"), VALUES))
    def test_keys_that_are_not_named_stay(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        merged = settings.merge(old, new)
        assert merged.keys() == old.keys() | new.keys()
        assert all(merged[key] == old[key] for key in old.keys() - new.keys())
        assert all(merged[key] == settings.merge(old.get(key), new[key]) for key in new)

    def test_neither_is_changed(self) -> None:
        old, new = {"a": {"x": 1}}, {"a": {"y": 2}}
        settings.merge(old, new)
        assert (old, new) == ({"a": {"x": 1}}, {"a": {"y": 2}})


@given(st.dictionaries(st.text("ab", min_size=1), VALUES, max_size=3))
def test_ones_own_keys_are_kept_as_they_are(own: dict[str, Any]) -> None:
    for key, value in own.items():
        settings.check(key, value)
    assert settings.with_defaults(own) == {**settings.defaults(), **own}


@pytest.mark.parametrize("key", OWNED_KEYS)
def test_what_is_no_setting_says_what_changes_it(key: str) -> None:
    with pytest.raises(ConfigError, match="is no setting"):
        settings.check(key, {})
