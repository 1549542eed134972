"""`WhatsAppAssistant`: drafts answers for scripts. It has no way to approve or send."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from ..assistant import Assistant, Decline, Draft, load_assistant
from ..clock import local_iso
from ..errors import AssistantError
from ..model import shown
from ..state import StateManager

log = logging.getLogger(__name__)

LIST = "generated_replies"


class WhatsAppAssistant:
    """Drafts answers to messages, and keeps a list of what it drafted.

    Args:
        state_file: the state file that names the settings and keeps the list.
        assistant: what drafts; when not given, a language model as ``llm_config`` says where ANTHROPIC_API_KEY is set,
            else the answers to keywords.
    """

    def __init__(
        self, state_file: str | os.PathLike[str] = "whatsapp_state.json", *, assistant: Assistant | None = None
    ) -> None:
        self.state_file = state_file
        self.manager = StateManager(state_file, by="whatsapp_assistant")
        self._assistant = assistant
        self._last = threading.local()

    def process_message(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a message: recipient, message, original_message_id, generated_at; None when there is none."""
        if not self.should_respond(message):
            return None
        self._last.draft = None
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
            answer = self._loaded()(message, [*before, message])
        except AssistantError as error:
            log.warning("no answer to message %s: %s", message.get("id"), error)
            return None
        except Exception as error:  # an assistant is the user's own code: whatever it raises is its failure
            log.warning("no answer to message %s: %s", message.get("id"), type(error).__name__)
            return None
        if isinstance(answer, Decline):
            log.info("message %s is for a person: %s declined", message.get("id"), answer.author)
            return None
        draft = Draft(answer) if isinstance(answer, str) else answer
        if not isinstance(draft, Draft):
            return None
        self._last.draft = draft
        return draft.text

    @property
    def last_draft(self) -> Draft | None:
        """What this thread had drafted last, with its author and note; None where a subclass wrote it itself."""
        return getattr(self._last, "draft", None)

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

    def _loaded(self) -> Assistant:
        """The assistant, loaded when it is first needed: a model's client is heavy, and not every script asks."""
        if self._assistant is None:
            self._assistant = self._load()
        return self._assistant

    def _load(self) -> Assistant:
        if not os.environ.get("ANTHROPIC_API_KEY"):
            return load_assistant("keywords")
        try:
            return load_assistant("llm", lambda: self.manager.get_config("llm_config"))
        except AssistantError as error:
            log.warning("no model drafts, keywords are answered instead: %s", error)
            return load_assistant("keywords")

    def _keep(self, message: dict[str, Any], text: str, generated_at: str) -> None:
        draft = self.last_draft or Draft(text)
        entry = {
            "id": f"reply_{shown(message.get('id'))}_{generated_at}",
            "original_message_id": message.get("id"),
            "from": message.get("from"),
            "fromName": message.get("fromName"),
            "original_message": message.get("body"),
            "generated_reply": text,
            "status": "pending",
            "generated_at": generated_at,
            "model": draft.author,
            "note": draft.note,
        }
        self.manager.store.add_record(self.manager.account, LIST, entry, by="whatsapp_assistant")
        self.manager.refresh()
