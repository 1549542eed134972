"""`WhatsAppAssistant`: drafts answers for scripts. It has no way to approve or send."""

from __future__ import annotations

import logging
import os
from typing import Any

from ..assistant import Assistant, Draft, load_assistant
from ..clock import local_iso
from ..state import StateManager

log = logging.getLogger(__name__)

LIST = "generated_replies"


class WhatsAppAssistant:
    """Drafts answers to messages, and keeps a list of what it drafted.

    Args:
        state_file: the state file that names the settings and keeps the list.
        assistant: what drafts; the answers to frequent questions and keywords when not given.
    """

    def __init__(
        self, state_file: str | os.PathLike[str] = "whatsapp_state.json", *, assistant: Assistant | None = None
    ) -> None:
        self.state_file = state_file
        self.manager = StateManager(state_file, by="whatsapp_assistant")
        self._assistant = assistant or load_assistant("keywords")
        self._author = "keywords" if assistant is None else "assistant"

    def process_message(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a message: recipient, message, original_message_id, generated_at; None when there is none."""
        if not self.should_respond(message):
            return None
        text = self.generate_response(message)
        if text is None:
            return None
        generated_at = local_iso(self.manager.clock())
        self._keep(message, text, generated_at)
        return {
            "recipient": message["from"],
            "message": text,
            "original_message_id": message.get("id"),
            "generated_at": generated_at,
        }

    def should_respond(self, message: dict[str, Any]) -> bool:
        """Whether a message is one to answer: from a chat, with words in it, and in a group only where that is set."""
        sender, body = message.get("from"), message.get("body")
        if not isinstance(sender, str) or sender.lower().endswith(("@broadcast", "@newsletter")):
            return False
        if not isinstance(body, str) or not body.strip():
            return False
        in_group = bool(message.get("isGroup")) or sender.endswith("@g.us")
        return not in_group or bool(self.manager.get_config("watcher_config")["process_group_messages"])

    def generate_response(self, message: dict[str, Any]) -> str | None:
        """The text of an answer, or None when there is nothing to say or the assistant fails."""
        chat = message.get("from")
        past = self.manager.conversation(chat, 20) if isinstance(chat, str) else []
        before = [entry for entry in past if entry.get("id") != message.get("id")]
        try:
            answer = self._assistant(message, [*before, message])
        except Exception as error:  # an assistant is the user's own code: whatever it raises is its failure
            log.warning("no answer to message %s: %s", message.get("id"), type(error).__name__)
            return None
        return answer.text if isinstance(answer, Draft) else answer

    def get_generated_replies(self, status: str | None = None) -> list[dict[str, Any]]:
        """The replies that were generated, oldest first; those with this status."""
        replies = self.manager.store.records(self.manager.account, LIST)
        return [reply for reply in replies if status is None or reply.get("status") == status]

    def update_reply_status(self, reply_id: str, status: str) -> bool:
        """Note what became of a generated reply; False when there is none of this id."""
        changes = {"status": status, "updated_at": local_iso(self.manager.clock())}
        changed = self.manager.store.change_record(
            self.manager.account, LIST, reply_id, changes, by="whatsapp_assistant"
        )
        self.manager.refresh()
        return changed

    def close(self) -> None:
        """Let go of the state."""
        self.manager.close()

    def _keep(self, message: dict[str, Any], text: str, generated_at: str) -> None:
        entry = {
            "id": f"reply_{message.get('id')}_{generated_at}",
            "original_message_id": message.get("id"),
            "from": message.get("from"),
            "fromName": message.get("fromName"),
            "original_message": message.get("body"),
            "generated_reply": text,
            "status": "pending",
            "generated_at": generated_at,
            "model": self._author,
        }
        self.manager.store.add_record(self.manager.account, LIST, entry, by="whatsapp_assistant")
        self.manager.refresh()
