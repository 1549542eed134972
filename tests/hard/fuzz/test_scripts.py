"""Whatever the guide's modules are handed: an answer, none, or our own error; and the lists they keep can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from signoff.classic.assistant import WhatsAppAssistant
from signoff.classic.sender import WhatsAppSender
from signoff.errors import SignoffError
from signoff.gateway.simulator import Simulator

from .budget import fuzz, long, quickly
from .hostile import anything, texts

pytestmark = long
ANA = "15550100101@c.us"
MESSAGE = {
    "id": "w1",
    "from": ANA,
    "fromName": "Ana",
    "body": "Hello!",
    "timestamp": 1_790_000_000,
    "isGroup": False,
    "hasMedia": False,
}


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[WhatsAppAssistant]:
    assistant = WhatsAppAssistant(tmp_path / "state.db", assistant=lambda message, _: f"You said: {message['body']}")
    yield assistant
    assert assistant.manager.check() == []
    assistant.close()


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[WhatsAppSender]:
    sender = WhatsAppSender(tmp_path / "state.db", gateway=Simulator())
    yield sender
    assert sender.manager.check() == []
    sender.close()


def test_a_message_to_answer(assistant: WhatsAppAssistant) -> None:
    def check(changed: dict[str, Any]) -> None:
        message = MESSAGE | changed
        with quickly(100_000):
            try:
                reply = assistant.process_message(message)
            except SignoffError:
                return
        replies = assistant.get_generated_replies()
        json.dumps(replies, ensure_ascii=False, allow_nan=False).encode()
        assert reply is None or replies[-1]["generated_reply"] == reply["message"]

    fuzz(st.dictionaries(st.sampled_from([*MESSAGE]) | texts, texts | anything, max_size=4), check)


def test_what_became_of_a_reply(assistant: WhatsAppAssistant) -> None:
    assistant.process_message(dict(MESSAGE))
    known = assistant.get_generated_replies()[0]["id"]

    def check(given: tuple[Any, Any]) -> None:
        with suppress(SignoffError):
            assistant.update_reply_status(*given)
        json.dumps(assistant.get_generated_replies(), ensure_ascii=False, allow_nan=False).encode()

    fuzz(st.tuples(st.just(known) | texts | anything, texts | anything), check)


def test_a_message_to_send(sender: WhatsAppSender) -> None:
    """It goes out as it is or not at all."""

    def check(given: tuple[Any, Any]) -> None:
        before = len(sender.gateway.deliveries())  # type: ignore[attr-defined]
        try:
            sent = sender.send_message(*given)
        except SignoffError:
            sent = False
        delivered = sender.gateway.deliveries()[before:]  # type: ignore[attr-defined]
        assert [(delivery.chat, delivery.text) for delivery in delivered] == ([given] if sent else [])
        json.dumps(sender.get_message_history(), ensure_ascii=False, allow_nan=False).encode()

    fuzz(st.tuples(st.just(ANA) | texts | anything, texts | anything), check)
