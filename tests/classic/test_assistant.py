"""The guide's assistant: what it answers, and what it never does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signoff import StateManager
from signoff.classic import WhatsAppAssistant
from signoff.errors import InvalidMessage

HELLO: dict[str, Any] = {
    "id": "m1",
    "from": "15550100111@c.us",
    "fromName": "Lucía",
    "body": "Hello!",
    "isGroup": False,
}


@pytest.fixture
def assistant(manager: StateManager, state_file: Path) -> Iterator[WhatsAppAssistant]:
    assistant = WhatsAppAssistant(state_file)
    yield assistant
    assistant.close()


def test_a_greeting_gets_an_answer_with_the_keys_that_scripts_read(assistant: WhatsAppAssistant) -> None:
    answer = assistant.process_message(HELLO)
    assert answer is not None
    assert set(answer) == {"recipient", "message", "original_message_id", "generated_at"}
    assert (answer["recipient"], answer["original_message_id"]) == (HELLO["from"], "m1")
    assert answer["message"]


@pytest.mark.parametrize(
    "change",
    [
        {"from": "status@broadcast"},
        {"from": "120363000000000115@g.us"},
        {"isGroup": True},
        {"body": ""},
        {"body": "   "},
        {"body": None, "hasMedia": True},
        {"from": None},
    ],
    ids=str,
)
def test_it_does_not_answer_posts_groups_and_what_has_no_words(
    assistant: WhatsAppAssistant, change: dict[str, Any]
) -> None:
    message = {**HELLO, **change}
    assert assistant.should_respond(message) is False
    assert assistant.process_message(message) is None


def test_groups_are_answered_where_that_is_set(assistant: WhatsAppAssistant, manager: StateManager) -> None:
    manager.update_config({"watcher_config": {"process_group_messages": True}})
    assert assistant.should_respond({**HELLO, "isGroup": True}) is True


def test_it_keeps_what_it_drafted_and_what_became_of_it(assistant: WhatsAppAssistant, manager: StateManager) -> None:
    assistant.process_message(HELLO)
    (reply,) = assistant.get_generated_replies()
    assert {"id", "original_message_id", "from", "fromName", "original_message", "generated_reply", "status"} <= set(
        reply
    )
    assert assistant.update_reply_status(reply["id"], "sent") is True
    assert [entry["id"] for entry in assistant.get_generated_replies("sent")] == [reply["id"]]
    assert assistant.get_generated_replies("pending") == []
    assert assistant.update_reply_status("no such", "sent") is False
    assert manager.get_config("generated_replies")[0]["status"] == "sent"


@pytest.mark.parametrize(
    "status",
    [b"sent", "\ud800", "se\0nt", {"sent"}, float("nan"), "x" * (5 << 20)],
    ids=lambda status: repr(status)[:20],
)
def test_a_status_that_cannot_be_stored_changes_nothing(assistant: WhatsAppAssistant, status: Any) -> None:
    assistant.process_message(HELLO)
    before = assistant.get_generated_replies()
    with pytest.raises(InvalidMessage, match="generated_replies"):
        assistant.update_reply_status(before[0]["id"], status)
    with pytest.raises(InvalidMessage, match="generated_replies"):
        assistant.update_reply_status(status, "sent")
    assert assistant.get_generated_replies() == before


@pytest.mark.parametrize("change", [{"fromName": b"Ana"}, {"fromName": "\ud800"}, {"id": {1}}, {"body": "Hello!\0"}])
def test_a_message_that_cannot_be_kept_is_refused(assistant: WhatsAppAssistant, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage):
        assistant.process_message({**HELLO, **change})
    assert assistant.get_generated_replies() == []


def test_an_assistant_that_fails_says_nothing(manager: StateManager, state_file: Path) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("no model")

    assistant = WhatsAppAssistant(state_file, assistant=broken)
    assert assistant.generate_response(HELLO) is None
    assert assistant.process_message(HELLO) is None
    assistant.close()
