"""The inbox: takes in what the gateway brings, each thing once, and acknowledges it when it is on the disk."""

from __future__ import annotations

import json
import logging
from typing import Any

from .. import session as sessions
from ..clock import SECOND, Clock
from ..digest import digest_of, digest_of_parts
from ..errors import InvalidMessage
from ..gateway import Event, Gateway, Incoming, Receipt, SessionChange, is_conversation
from ..model import MAX_ID_BYTES, MAX_MESSAGE_BYTES, tidy_id, tidy_text, to_json
from ..session import Session
from ..state import StateManager
from ..store.intake import Arrival
from .linked import NAME_BYTES, note_answer

log = logging.getLogger(__name__)

REASON_BYTES = 1000
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
            self._take_receipt(event)
        else:
            self._take_session(event)

    def _take_message(self, message: Incoming) -> None:
        if message.from_me:
            self._take_own(message)
        elif is_conversation(message):
            row = self._store.receive(self._state.account, self.arrival(message), by=self._gateway.name)
            if row is not None:
                log.info("message %s came in", row.id)

    def _take_own(self, message: Incoming) -> None:
        """An own message: the echo of one that we sent, or what the owner wrote on the phone."""
        chat, message_id = tidy_text(message.chat, MAX_ID_BYTES)[0], tidy_id(message.id)
        token = self._attempt_of(message_id, chat, tidy_text(message.text, MAX_MESSAGE_BYTES)[0])
        if token is not None:
            self._take_receipt(Receipt("server", message.at, message_id, token))
        else:
            self._store.answered_elsewhere(self._state.account, chat, message_id)

    def _attempt_of(self, message_id: str, chat: str, text: str) -> str | None:
        """The attempt that an own message echoes, under whichever of the contact's addresses it comes."""
        account = self._state.account
        for address in {chat: None} | dict.fromkeys(self._store.addresses(account, chat)):
            digest = digest_of(address, text)
            token = self._store.attempt_of_echo(account, gateway_id=message_id, digest=digest)
            if token is not None:
                return token
        return None

    def _take_receipt(self, receipt: Receipt) -> None:
        gateway_id = None if receipt.id is None else tidy_id(receipt.id)
        token = None if receipt.token is None else tidy_id(receipt.token)
        self._store.receipt(
            self._state.account, ack=receipt.ack, gateway_id=gateway_id, token=token, by=self._gateway.name
        )

    def _take_session(self, change: SessionChange) -> None:
        now, why = self._clock(), tidy_text(change.reason, REASON_BYTES)[0] or None
        if change.state == "ready":
            note_answer(self._state, self._gateway.account(), "ready")
        elif change.state == "connecting":
            self._state.change_session(sessions.reachable, "connecting", why)
        elif change.state in ("qr", "logged_out"):
            self._state.change_session(_gone, change.state, why)
        elif change.state == "unreachable":
            self._state.change_session(lambda session: sessions.unreachable(session, now), "unreachable", why)

    def arrival(self, message: Incoming) -> Arrival:
        """The message, made storable: what it takes is noted, nothing is refused."""
        notes: list[str] = []

        def tidy(text: str, limit: int, what: str) -> str:
            clean, note = tidy_text(text, limit)
            if note:
                notes.append(f"{what}: {note}")
            return clean

        tidy(message.id, MAX_ID_BYTES, "id")
        chat = tidy(message.chat, MAX_ID_BYTES, "address")
        message_id = tidy_id(message.id) or _derived_id(message)
        data: dict[str, Any] = {
            "id": message_id,
            "from": chat,
            "fromName": tidy(message.name, NAME_BYTES, "name") if message.name is not None else None,
            "body": tidy(message.text, TEXT_BYTES, "text"),
            "timestamp": message.at // SECOND,
            "isGroup": message.is_group,
            "type": tidy(message.kind, 100, "type"),
            "hasMedia": message.has_media,
        }
        if message.sender != message.chat:
            data["author"] = tidy(message.sender, MAX_ID_BYTES, "sender")
        data |= _storable(message.fields, data, notes)
        return Arrival(
            id=message_id,
            chat=chat or "unknown",
            message=data,
            aliases=tuple(alias for alias in message.aliases if alias and tidy_text(alias, MAX_ID_BYTES)[1] is None),
            writer=data.get("author") if message.is_group else None,
            draft=chat == message.chat and bool(chat) and self._wants_answer(message),
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
    return sessions.reachable(sessions.unauthenticated(session))


def _derived_id(message: Incoming) -> str:
    """An id for a message that came without one: the same message always gets the same."""
    return f"unnamed-{digest_of_parts(message.chat, message.sender, str(message.at), message.text)[:24]}"


def _storable(fields: dict[str, Any], data: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """The gateway's own fields, as far as they can be stored beside ours; ours are not replaced."""
    kept: dict[str, Any] = {}
    size, left_out = 0, 0
    for name, value in fields.items():
        if name in data:
            continue
        try:
            text = to_json({name: value}, "a field")
        except InvalidMessage:
            left_out += 1
            continue
        size += len(text.encode())
        if size > TEXT_BYTES:
            left_out += 1
            continue
        kept |= json.loads(text)
    if left_out:
        notes.append(f"fields of the gateway: {left_out} left out")
    return kept
