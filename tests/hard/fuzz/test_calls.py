"""Whatever a script hands to a `StateManager`: our own errors, and what is refused changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from signoff import MessageStatus as S
from signoff import StateManager, settings
from signoff.errors import ConfigError, InvalidMessage, SignoffError

from ...conftest import ManualClock
from .budget import SIZE, fuzz, long, quickly
from .hostile import EVIL_TEXTS, anything, deep, texts

pytestmark = long
ANA = "15550100101@c.us"
IDS = st.sampled_from(["in", "waiting", "failed", *EVIL_TEXTS]) | anything
KEYS = st.sampled_from(
    [*(setting.path for setting in settings.KNOWN), *settings.defaults(), *sorted(settings.OWNED_KEYS)]
)

VERSIONS = st.none() | st.integers(0, 3) | anything


@pytest.fixture
def manager(tmp_path: Path, clock: ManualClock) -> Iterator[StateManager]:
    """A state with a message in three lists, a session and a setting of one's own."""
    manager = StateManager(tmp_path / "state.db", clock=clock, by="a script")
    manager.add_message({"id": "in", "from": ANA, "body": "Are you open?"}, S.INCOMING)
    manager.add_message({"id": "waiting", "recipient": ANA, "body": "Until six."}, S.PENDING_APPROVAL)
    manager.add_message({"id": "failed", "recipient": ANA, "body": "Until six."}, S.FAILED)
    manager.update_session_status(True, {"name": "Ana"})
    manager.set_config("mine", 1)
    yield manager
    assert manager.check() == []
    manager.close()


CALLS: dict[str, list[st.SearchStrategy[Any]]] = {
    "add_message": [anything, st.sampled_from(S) | anything],
    "get_messages": [st.sampled_from(S) | anything, anything],
    "move_message": [IDS, st.sampled_from(S) | anything, st.sampled_from(S) | anything],
    "clear_messages": [anything],
    "conversation": [IDS, anything],
    "history": [IDS],
    "get_message": [IDS],
    "forget": [texts | anything],
    "approve": [IDS, VERSIONS],
    "reject": [IDS, st.none() | texts | anything, VERSIONS],
    "edit": [IDS, texts | anything, VERSIONS],
    "ask_again": [IDS, st.none() | texts | anything, VERSIONS],
    "take_back": [IDS],
    "reopen": [IDS],
    "confirm_sent": [IDS],
    "send_again": [IDS],
    "give_up": [IDS],
    "update_session_status": [st.booleans() | anything, anything],
    "mark_session_invalid": [anything],
    "get_config": [KEYS | anything],
    "set_config": [KEYS | anything, anything],
    "update_config": [st.dictionaries(KEYS | texts, anything, max_size=3) | anything],
    "unset_config": [KEYS | anything],
    "config_author": [KEYS | anything],
}
"""Each method and what its arguments are drawn from."""


def test_whatever_is_handed_over_only_our_own_errors_come_out(manager: StateManager) -> None:
    def check(call: tuple[str, tuple[Any, ...]]) -> None:
        name, arguments = call
        before = manager.get_full_state()
        with quickly(10_000):
            try:
                getattr(manager, name)(*arguments)
            except SignoffError as error:
                str(error).encode(errors="strict")
                assert manager.get_full_state() == before
        json.dumps(manager.get_full_state(), ensure_ascii=False, allow_nan=False).encode()

    fuzz(st.one_of([st.tuples(st.just(name), st.tuples(*given)) for name, given in CALLS.items()]), check)


def test_a_message_is_kept_as_it_is_or_refused_and_left_as_it_is(manager: StateManager) -> None:
    numbers = count()
    keys = texts | st.sampled_from(["from", "recipient", "body", "timestamp"])

    def check(message: dict[str, Any]) -> None:
        message["id"] = f"m{next(numbers)}"
        before = dict(message)
        try:
            manager.add_message(message, S.SENT)
        except InvalidMessage:
            assert message.keys() == before.keys()
            assert all(message[key] is value for key, value in before.items())
            assert manager.get_messages(S.SENT, limit=1) in ([], [last[0]] if last else [])
            return
        last[:] = manager.get_messages(S.SENT, limit=1)
        assert last == [json.loads(json.dumps(message))]

    last: list[Any] = []
    fuzz(st.dictionaries(keys, anything, max_size=5), check)


HURTING = {
    "depth 10,000": deep(10_000),
    "10 MB": "x" * 10_000_000,
    "10 MB in small pieces": ["x" * 10] * 1_000_000,
    "many keys": {f"key {number}": number for number in range(SIZE)},
    "the same list again and again": [[["x"] * 100] * 100] * 100,
    "a number of a million digits": 10 ** (SIZE - 1),
    "ten thousand surrogates": "\ud800" * 10_000,
    "ten thousand zeros": "\0" * 10_000,
    "text that JSON writes sixfold": "\x01" * 1_000_000,
}


@pytest.mark.parametrize("value", HURTING.values(), ids=HURTING)
def test_values_made_to_hurt(manager: StateManager, value: Any) -> None:
    before = manager.get_full_state()
    with quickly(1_000_000):
        refusals = 0
        for call in (
            lambda: manager.add_message({"id": "x", "body": value}, S.INCOMING),
            lambda: manager.set_config("mine", value),
            lambda: manager.update_session_status(True, {"name": value}),
            lambda: manager.edit("waiting", value),
            lambda: manager.approve(value),
        ):
            try:
                call()
            except (InvalidMessage, ConfigError):
                refusals += 1
    assert refusals == 5
    assert manager.get_full_state() == before
