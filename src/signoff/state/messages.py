"""The methods of messages: adding, moving, listing, clearing, and what happened to each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..clock import local_iso
from ..errors import NotFound
from ..lifecycle import MessageStatus
from ..model import JsonObject, check_id, check_limit, check_status, check_text, content_of
from .base import Base

if TYPE_CHECKING:
    from ..store.rows import Row


class MessageMethods(Base):
    """The messages and their six lists."""

    def add_message(self, message_data: JsonObject, status: MessageStatus) -> bool:
        """Add a message to a list.

        Gives ``message_data`` a ``timestamp`` (local ISO string) and an ``id`` when it has none. The same id again
        changes nothing.

        Returns:
            Whether it was added; False when the id is known.

        Raises:
            InvalidMessage: it cannot be stored (it is a ValueError); nothing was changed.
            InvalidType: it is no dict, or ``status`` no `MessageStatus` (it is a TypeError too).
        """
        check_status(status)
        filled = dict(message_data) if isinstance(message_data, dict) else message_data
        if isinstance(filled, dict) and filled.get("timestamp") is None:
            filled["timestamp"] = local_iso(self.clock())
        added = self.store.add(self.account, content_of(filled), status, by=self.by)
        message_data.update(filled)
        self._changed()
        return added

    def get_messages(self, status: MessageStatus, limit: int | None = None) -> list[JsonObject]:
        """The messages of a list in the order in which they came into it, oldest first; the last ``limit`` of them.

        Raises:
            InvalidType: ``status`` is no `MessageStatus`, or ``limit`` no whole number from 0.
        """
        return self.store.newest(self.account, check_status(status), None if limit is None else check_limit(limit))

    def move_message(self, message_id: str, from_status: MessageStatus, to_status: MessageStatus) -> bool:
        """Move a message from one list to another.

        This is bookkeeping: it makes nothing sendable, and ends an approval that `approve` gave.

        Returns:
            False when the message is not in ``from_status``.

        Raises:
            InFlight: it is being sent at this moment.
        """
        source, target = check_status(from_status), check_status(to_status)
        moved = self.store.move(self.account, check_id(message_id), source, target, by=self.by)
        self._changed()
        return moved

    def clear_messages(self, status: MessageStatus) -> None:
        """Empty a list. The ids stay known, so that nothing is answered twice; statistics do not change."""
        self.store.clear(self.account, check_status(status), by=self.by)
        self._changed()

    def iter_messages(self, status: MessageStatus, after: str | None = None) -> Iterator[JsonObject]:
        """The messages of a list, oldest first, read page by page: for lists of any length.

        Args:
            after: the id of a message; begins behind the place that it has, or had, in this list.

        Raises:
            NotFound: ``after`` never was in this list.
        """
        arrival = 0
        if after is not None:
            found = self.store.arrived_last_in(self.account, check_id(after), check_status(status))
            if found is None:
                raise NotFound(f"message {after!r} never was in the list {status.value}")
            arrival = found
        return (row.message for row in self._rows(check_status(status), arrival))

    def rows(self, status: MessageStatus) -> Iterator[Row]:
        """The messages of a list with everything that stands beside them, oldest first, page by page."""
        return self._rows(check_status(status), 0)

    def get_message(self, message_id: str) -> Row:
        """One message with everything that stands beside it.

        Raises:
            NotFound: there is no such message.
        """
        row = self.store.find(self.account, check_id(message_id))
        if row is None:
            raise NotFound(f"there is no message {message_id!r}")
        return row

    def conversation(self, chat: str, limit: int = 50) -> list[JsonObject]:
        """The last messages of a chat that came in or were sent, oldest first, under all addresses of the contact."""
        return self.store.conversation(self.account, check_text(chat, "an address"), check_limit(limit))

    def history(self, message_id: str) -> list[JsonObject]:
        """Everything that happened to a message, oldest first: when, what, from which list to which, who, why.

        Raises:
            NotFound: there is no such message.
        """
        return [event.as_dict() for event in self.store.history(self.account, check_id(message_id))]

    def forget(self, contact: str) -> int:
        """Remove the texts and names of a contact, under all addresses; ids, times and decisions stay.

        A message that is being sent at this moment is emptied when the outcome is there.

        Returns:
            How many messages were or will be emptied.
        """
        forgotten = self.store.forget(self.account, check_text(contact, "an address"), by=self.by)
        self._changed()
        return forgotten

    def _rows(self, status: MessageStatus, after: int) -> Iterator[Row]:
        while page := self.store.page(self.account, status, after):
            yield from page
            after = page[-1].arrival
