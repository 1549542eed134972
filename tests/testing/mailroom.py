"""A backend in memory that can play all that a contract asks for, and a gateway to it that keeps every promise."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Condition

from signoff.clock import system_clock
from signoff.gateway import (
    Accepted,
    Account,
    Event,
    Gateway,
    Incoming,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
    SessionChange,
    Unknown,
)
from signoff.testing import OtherSide


class BrokenOff(Exception):
    """The connection broke before an answer came."""


class Mailroom(OtherSide):
    """The backend: keeps what comes in until it is acknowledged, and all that goes out."""

    longest_call = 1.0
    secret = "sesame-4711"

    def __init__(self, kind: type[Courier] | None = None) -> None:
        self._kind = kind or Courier
        self.changed = Condition()
        self.waiting: list[Event] = []
        self.out: list[Outgoing] = []
        self.state = "ready"
        self.fault = ""
        self._number = 0

    def open(self) -> Gateway:
        return self._kind(self)

    def contact_writes(self, chat: str, text: str) -> str:
        return self._came(chat, text, from_me=False)

    def phone_writes(self, chat: str, text: str) -> str:
        return self._came(chat, text, from_me=True)

    def delivered(self) -> Sequence[tuple[str, str]]:
        return [(message.chat, message.text) for message in self.out]

    def contact_is_doubled(self, message_id: str) -> None:
        self._happens(Incoming(message_id, self.chat, self.chat, "Hello?", system_clock(), cursor=self._next()))

    def gives_receipt(self, message_id: str, ack: str) -> None:
        self._happens(Receipt(ack, system_clock(), message_id, cursor=self._next()))

    def session_becomes(self, state: str) -> None:
        self.state = state
        self._happens(SessionChange(state, system_clock(), cursor=self._next()))

    def refuses_next(self) -> None:
        self.fault = "refuse"

    def loses_next_answer(self) -> None:
        self.fault = "lose answer"

    def loses_next_message(self) -> None:
        self.fault = "lose message"

    def hangs_next(self) -> None:
        self.fault = "hang"

    def take(self, message: Outgoing, patience: float) -> str:
        """What the backend does with a message that it is given; the id of the message.

        Raises:
            ValueError: it is malformed.
            BrokenOff: no answer comes.
        """
        fault, self.fault = self.fault, ""
        if fault == "refuse":
            raise ValueError("malformed")
        if fault == "hang":
            time.sleep(patience)
        if fault in ("hang", "lose message"):
            raise BrokenOff
        self.out.append(message)
        if fault:
            raise BrokenOff
        return f"out-{message.token}"

    def _came(self, chat: str, text: str, *, from_me: bool) -> str:
        number = self._next()
        self._happens(
            Incoming(f"in-{number}", chat, chat, text, system_clock(), from_me=from_me, cursor=number),
        )
        return f"in-{number}"

    def _happens(self, event: Event) -> None:
        with self.changed:
            self.waiting.append(event)
            self.changed.notify_all()

    def _next(self) -> str:
        self._number += 1
        return str(self._number)


class Courier:
    """The gateway."""

    name = "courier"
    can_lookup = True
    patience = 0.05

    def __init__(self, room: Mailroom) -> None:
        self._room = room
        self._closed = False

    def account(self) -> Account | None:
        return Account("15550100000", "Café Lumen", "mailroom") if self._room.state == "ready" else None

    def events(self, wait: float) -> Sequence[Event]:
        with self._room.changed:
            self._room.changed.wait_for(lambda: self._closed or self.there_is(), wait)
            return self.there_is()

    def there_is(self) -> list[Event]:
        """What is not acknowledged."""
        silent = self._room.state == "unreachable"
        return [event for event in self._room.waiting if not silent or isinstance(event, SessionChange)]

    def acknowledge(self, events: Sequence[Event]) -> None:
        cursors = {event.cursor for event in events}
        with self._room.changed:
            self._room.waiting = [event for event in self._room.waiting if event.cursor not in cursors]

    def send(self, message: Outgoing) -> Outcome:
        if self._room.state != "ready":
            return Refused(f"the session is {self._room.state}", passing=True)
        try:
            return Accepted(self._room.take(message, self.patience))
        except ValueError as error:
            return Refused(str(error))
        except BrokenOff:
            return Unknown("the connection broke")

    def lookup(self, message: Outgoing) -> Outcome:
        if message.token in [sent.token for sent in self._room.out]:
            return Accepted(f"out-{message.token}")
        return Refused("it never came here")

    def typing(self, chat: str) -> None:
        """Does nothing."""

    def mark_read(self, chat: str) -> None:
        """Does nothing."""

    def close(self) -> None:
        with self._room.changed:
            self._closed = True
            self._room.changed.notify_all()
