"""When a change of a setting holds: for a pipeline that is at work, also when somebody else makes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from signoff import MessageStatus, StateManager
from signoff.clock import HOUR, SECOND

from .conftest import ANA, BEN, Line

PENDING = MessageStatus.PENDING_APPROVAL


@pytest.fixture
def other(line: Line) -> Iterator[StateManager]:
    """Somebody else's manager of the same state."""
    with StateManager(line.store.database.path, by="omar", clock=line.clock) as manager:
        yield manager


def test_messages_that_come_in_from_then_on_get_no_drafts(line: Line, other: StateManager) -> None:
    drafts = line.drafts()
    line.receive("before")
    other.update_config({"watcher_config": {"auto_reply_enabled": False}})
    line.receive("after")
    while drafts.round():
        pass
    assert len(line.ids(PENDING)) == 1


def test_sending_is_paced_from_the_next_message_on(line: Line, other: StateManager) -> None:
    for chat in (ANA, BEN):
        line.approved("Until six.", chat=chat)
    assert line.outbox.round() == 1
    other.update_config({"pacing_config": {"min_seconds": 60}})
    assert line.outbox.round() == 0
    other.update_config({"pacing_config": {"min_seconds": 0}})
    assert line.outbox.round() == 1


def test_drafts_that_wait_already_expire(line: Line, other: StateManager) -> None:
    draft = line.draft()
    line.approval.round()
    line.clock.advance(2 * HOUR / SECOND)
    other.update_config({"approval_config": {"expire_hours": 1}})
    line.approval.round()
    assert line.row(draft.id).reason == "expired"


def test_only_what_is_approved_from_then_on_can_be_undone_longer(line: Line, other: StateManager) -> None:
    line.approved("Until six.", chat=ANA)
    other.update_config({"approval_config": {"undo_seconds": 60}})
    line.approved("Until seven.", chat=BEN)
    while line.outbox.round():
        pass
    assert line.delivered() == [(ANA, "Until six.")]


def test_a_rule_is_for_drafts_that_no_rule_has_looked_at(line: Line, other: StateManager) -> None:
    looked_at = line.draft(chat=ANA)
    line.approval.round()
    other.update_config({"approval_config": {"rules": [{"name": "all", "chats": ["*"]}]}})
    line.draft(chat=BEN)
    line.approval.round()
    assert line.ids(PENDING) == [looked_at.id]


def test_a_draft_that_waits_for_a_person_goes_on_waiting(line: Line, other: StateManager) -> None:
    waits = line.draft(chat=ANA)
    line.approval.round()
    other.set_config("human_in_the_loop", False)
    line.draft(chat=BEN)
    line.approval.round()
    assert line.ids(PENDING) == [waits.id]


def test_a_round_of_drafts_is_as_long_as_it_says_now(line: Line, other: StateManager) -> None:
    drafts = line.drafts(lambda *_: None)
    for chat in (ANA, BEN):
        line.receive(chat=chat)
    other.update_config({"watcher_config": {"max_messages_per_poll": 1}})
    assert [drafts.round() for _ in range(3)] == [1, 1, 0]
