"""The inbox: takes in what the gateway brings, each thing once, and acknowledges it when it is on the disk."""

from __future__ import annotations

import json
import logging
from typing import Any

from .. import session as sessions
from ..clock import SECOND, Clock
from ..errors import InvalidMessage
from ..gateway import Event, Gateway, Incoming, Receipt, SessionChange, is_conversation
from ..model import MAX_ID_BYTES, MAX_MESSAGE_BYTES, digest_of, tidy_text, to_json
from ..session import Session
from ..state import StateManager
from ..store.intake import Arrival

log = logging.getLogger(__name__)

NAME_BYTES = 1000
TEXT_BYTES = MAX_MESSAGE_BYTES // 8
"""So that a text of control characters, which JSON writes sixfold, still fits."""


class Inbox:
    """Takes in messages, receipts and changes of the session.

    Args:
        wait: seconds that one round waits for the gateway to bring something.
    """

    def __init__(self, state: StateManager, gateway: Gateway, wait: float = 0.5) -> None:
        self._state = state
        self._store = state.store
        self._gateway = gateway
        self._clock: Clock = state.clock
        self._wait = wait

    def round(self) -> int:
        """Take in what there is; how many events."""
        events = self._gateway.events(self._wait)
        stored: list[Event] = []
        try:
            for event in events:
                self.take(event)
                stored.append(event)
        finally:
            if stored:
                self._gateway.acknowledge(stored)
                self._state.refresh()
        return len(events)

    def take(self, event: Event) -> None:
        """Take in one event; when this returns it is on the disk."""
        if isinstance(event, Incoming):
            self._take_message(event)
        elif isinstance(event, Receipt):
            self._store.receipt(
                self._state.account, ack=event.ack, gateway_id=event.id, token=event.token, by=self._gateway.name
            )
        else:
            self._take_session(event)

    def _take_message(self, message: Incoming) -> None:
        if message.from_me:
            self._take_own(message)
        elif is_conversation(message):
            row = self._store.receive(self._state.account, self._arrival(message), by=self._gateway.name)
            if row is not None:
                log.info("message %s came in", row.id)

    def _take_own(self, message: Incoming) -> None:
        """An own message: the echo of one that we sent, or what the owner wrote on the phone."""
        account, name = self._state.account, self._gateway.name
        digest = digest_of(tidy_text(message.chat, MAX_ID_BYTES)[0], tidy_text(message.text, TEXT_BYTES)[0])
        token = self._store.attempt_of_echo(account, gateway_id=message.id, digest=digest)
        if token is not None:
            self._store.receipt(account, ack="server", gateway_id=message.id, token=token, by=name)
        else:
            chat, message_id = tidy_text(message.chat, MAX_ID_BYTES)[0], tidy_text(message.id, MAX_ID_BYTES)[0]
            self._store.answered_elsewhere(account, chat, message_id)

    def _take_session(self, change: SessionChange) -> None:
        now = self._clock()
        if change.state == "ready":
            account = self._gateway.account()
            info = {"number": account.number, "name": account.name, "platform": account.platform} if account else None
            self._state.change_session(lambda session: sessions.answered(session, now, info), "ready")
        elif change.state in ("qr", "logged_out"):
            self._state.change_session(_gone, change.state, change.reason or None)
        elif change.state == "unreachable":
            self._state.change_session(lambda session: sessions.unreachable(session, now), "unreachable", change.reason)

    def _arrival(self, message: Incoming) -> Arrival:
        """The message, made storable: what it takes is noted, nothing is refused."""
        notes: list[str] = []

        def tidy(text: str, limit: int, what: str) -> str:
            clean, note = tidy_text(text, limit)
            if note:
                notes.append(f"{what}: {note}")
            return clean

        chat = tidy(message.chat, MAX_ID_BYTES, "address")
        message_id = tidy(message.id, MAX_ID_BYTES, "id") or f"unnamed-{message.at}"
        name = tidy(message.name, NAME_BYTES, "name") if message.name is not None else None
        data: dict[str, Any] = {
            "id": message_id,
            "from": chat,
            "fromName": name,
            "body": tidy(message.text, TEXT_BYTES, "text"),
            "timestamp": message.at // SECOND,
            "isGroup": message.is_group,
            "type": tidy(message.kind, 100, "type"),
            "hasMedia": message.has_media,
        }
        if message.sender != message.chat:
            data["author"] = tidy(message.sender, MAX_ID_BYTES, "sender")
        answerable = chat == message.chat and bool(chat) and self._wants_answer(message)
        aliases = tuple(tidy(alias, MAX_ID_BYTES, "alias") for alias in message.aliases if alias)
        return Arrival(
            id=message_id,
            chat=chat or "unknown",
            name=name,
            message=data | _storable(message.fields, data, notes),
            aliases=aliases,
            draft=answerable,
            note="; ".join(notes) or None,
        )

    def _wants_answer(self, message: Incoming) -> bool:
        """Whether an assistant shall look at it: no groups unless they are wanted, and nothing without words."""
        watcher = self._state.get_config("watcher_config")
        return bool(
            watcher["auto_reply_enabled"]
            and message.text.strip()
            and (watcher["process_group_messages"] or not message.is_group)
        )


def _gone(session: Session) -> Session:
    return sessions.unauthenticated(session)


def _storable(fields: dict[str, Any], data: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """The gateway's own fields, as far as they can be stored beside ours."""
    kept = {}
    for name, value in fields.items():
        try:
            if name not in data and len(to_json({name: value}, "a field")) <= TEXT_BYTES // 4:
                kept[name] = json.loads(json.dumps(value))
        except (InvalidMessage, ValueError):
            notes.append("a field of the gateway was left out")
    return kept if len(json.dumps(kept)) <= TEXT_BYTES else {}
