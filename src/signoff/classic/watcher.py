"""`WhatsAppWatcher`: watches for messages, has them answered, asks for sign-off once, and sends."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from ..assistant import Assistant, Draft, Message
from ..errors import Decision, InvalidMessage, InvalidType, SignoffError
from ..gateway import Gateway, Incoming
from ..lifecycle import MessageStatus
from ..pipeline.approval import Approval
from ..pipeline.drafts import Drafts
from ..pipeline.inbox import Inbox
from ..pipeline.keeper import Keeper
from ..pipeline.outbox import Outbox
from ..processes import user_name
from ..store.rows import Row
from . import terminal
from .assistant import WhatsAppAssistant
from .sender import WhatsAppSender

log = logging.getLogger(__name__)

GLANCE = 0.2


class WhatsAppWatcher:
    """Watches for messages and answers them, with sign-off where human_in_the_loop is on.

    Attributes:
        assistant: the `WhatsAppAssistant` that drafts.
        sender: the `WhatsAppSender` of the same state.
        is_running: whether `start` is at work.
    """

    def __init__(
        self,
        state_file: str | os.PathLike[str] = "whatsapp_state.json",
        *,
        gateway: Gateway | None = None,
        assistant: Assistant | None = None,
    ) -> None:
        self.state_file = state_file
        self.assistant = WhatsAppAssistant(state_file, assistant=assistant)
        self.sender = WhatsAppSender(state_file, gateway=gateway)
        self.is_running = False
        self._manager = self.sender.manager
        self._stopping = threading.Event()
        self._inbox = Inbox(self._manager, self.sender.gateway, wait=0)
        self._drafts = Drafts(self._manager, self._draft, "whatsapp_assistant")
        self._approval = Approval(self._manager, unattended_by_default=True)
        self._outbox = Outbox(self._manager, self.sender.gateway, by="whatsapp_watcher")
        self._keeper = Keeper(self._manager, self.sender.gateway)

    def start(self, poll_interval: float | None = None) -> None:
        """Watch until Ctrl+C or `stop`; polls every ``poll_interval`` seconds, or as the setting says.

        Questions at the terminal do not hold up the polling.
        """
        self._stopping.clear()
        self.is_running = True
        worker = threading.Thread(target=self._poll, args=(poll_interval,), name="signoff-watcher", daemon=True)
        worker.start()
        try:
            while not self._stopping.wait(GLANCE):
                self._ask_pending()
        except KeyboardInterrupt:
            log.info("stopped at the keyboard")
        finally:
            self.stop()
            worker.join()
            self.is_running = False

    def stop(self) -> None:
        """Ask `start` to end; what is being sent at this moment is finished."""
        self._stopping.set()

    def run_once(self) -> int:
        """Take in what is new, draft, ask, send; how many messages were processed."""
        self._inbox.round()
        processed = self._work()
        self._ask_pending()
        self._send()
        return processed

    def process_message(self, message: dict[str, Any]) -> bool:
        """Take in one message as if the backend had brought it, and answer it; True if an answer was sent.

        The same message again is not answered again.

        Raises:
            InvalidType: it is no dict with ``id`` and ``from``.
        """
        if not isinstance(message, dict) or not all(isinstance(message.get(key), str) for key in ("id", "from")):
            raise InvalidType("a message is a dict with at least the texts 'id' and 'from'")
        self._inbox.take(_as_incoming(message, self._manager.clock()))
        self._work()
        self._ask_pending()
        self._send()
        row = self._manager.store.find(self._manager.account, message["id"])
        answer = self._manager.store.answer_to(row.seq) if row is not None else None
        return answer is not None and answer.status == MessageStatus.SENT.value

    def close(self) -> None:
        """Let go of the state and the backend."""
        self.assistant.close()
        self.sender.close()

    def _poll(self, poll_interval: float | None) -> None:
        while not self._stopping.is_set():
            try:
                self._inbox.round()
                self._work()
                self._send()
            except SignoffError as error:
                log.warning("a round of the watcher failed: %s", error)
            interval = poll_interval or self._manager.get_config("watcher_config")["poll_interval_seconds"]
            self._stopping.wait(interval)

    def _work(self) -> int:
        self._keeper.round()
        processed = self._drafts.round()
        self._approval.round()
        return processed

    def _send(self) -> None:
        while not self._stopping.is_set() and self._outbox.round():
            pass

    def _draft(self, message: Message, _conversation: object) -> Draft | None:
        answer = self.assistant.process_message(dict(message))
        if answer is None:
            return None
        drafted = self.assistant.last_draft
        return Draft(answer["message"], "whatsapp_assistant", drafted.note if drafted else None)

    def _ask_pending(self) -> None:
        """Ask about every draft that waits for a person, at the terminal if there is one."""
        if not terminal.has_terminal():
            return
        for row, _ in self._manager.store.undecided(self._manager.account, asked=True):
            if self._stopping.is_set() or not self._ask(row):
                return

    def _ask(self, row: Row) -> bool:
        asked = self._manager.store.by_seq(row.answers) if row.answers is not None else None
        context = f"{asked.message.get('fromName') or asked.chat} wrote:\n  {asked.text}" if asked else None
        if row.stale:
            context = f"{context or ''}\n(the chat has gone on since: {row.stale})"
        answer = terminal.ask(row.chat or "", row.text, context)
        if answer is None:
            return False
        person = user_name()
        try:
            if not answer.approved:
                self._manager.reject(row.id, "at the terminal", row.draft_version, by=person, seen=row.message_status)
                return True
            if answer.text is not None:
                row = self._manager.edit(row.id, answer.text, row.draft_version, by=person, seen=row.message_status)
            self._manager.approve(row.id, row.draft_version, by=person, despite=row.stale, seen=row.message_status)
        except (Decision, InvalidMessage) as error:
            log.warning("%s", error)
        return True


def _as_incoming(message: dict[str, Any], now: int) -> Incoming:
    seconds = message.get("timestamp")
    known = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    name, body = message.get("fromName"), message.get("body")
    return Incoming(
        id=message["id"],
        chat=message["from"],
        sender=message["from"],
        text=body if isinstance(body, str) else "",
        at=int(seconds * 1_000_000) if known and seconds is not None else now,
        name=name if isinstance(name, str) else None,
        is_group=bool(message.get("isGroup")) or message["from"].endswith("@g.us"),
        has_media=bool(message.get("hasMedia")),
    )
