"""What happens, as lines for people: who wrote, what was drafted, decided, sent and read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from rich.text import Text

from ..clock import local_iso
from ..lifecycle import Delivery, MessageStatus, Reason
from ..state import StateManager
from ..store.rows import Row
from .terminal import SLACK, one_line, out, shown

_ACKS = {"server": "on its way", "device": "delivered", "read": "delivered and read", "played": "played"}
_FOLLOWED = 50


GoesOn = Callable[[bool], bool]
"""Asked again and again, told whether somebody has still to decide; False when nothing more will come."""
Beside = Callable[[Row], tuple[str, str] | None]
"""What is to be shown beside a draft: a heading and a text."""


def nothing_beside(row: Row) -> None:
    """Nothing is compared with a draft."""


class Feed:
    """Tells once what has happened since the last time it was asked.

    Args:
        beside: what to tell beside a draft.
        without: the lists of which nothing is told.
    """

    def __init__(
        self,
        state: StateManager,
        *,
        beside: Beside = nothing_beside,
        without: Collection[MessageStatus] = (),
    ) -> None:
        self._state = state
        self._store = state.store
        self._beside = beside
        self._lists = [status for status in MessageStatus if status not in without]
        self._told = self._store.last_event()
        self._acks: dict[int, str | None] = {}

    def news(self) -> Iterator[Text]:
        """The lines, oldest first."""
        found = [row for status in self._lists for row in self._page(status)]
        for row in sorted(found, key=lambda row: row.arrival):
            self._told = max(self._told, row.arrival)
            yield _line(row.changed_at, *_happened(row, self._name(row)))
            if (beside := self._beside(row)) is not None and row.message_status is MessageStatus.PENDING_APPROVAL:
                yield _line(row.changed_at, "=", "cyan", beside[0], one_line(beside[1]))
            if row.message_status is MessageStatus.SENT:
                self._acks[row.seq] = None
        yield from self._receipts()

    def _page(self, status: MessageStatus) -> list[Row]:
        return self._store.page(self._state.account, status, self._told)

    def _receipts(self) -> Iterator[Text]:
        for seq in list(self._acks)[:-_FOLLOWED]:
            del self._acks[seq]
        for seq, told in list(self._acks.items()):
            row, attempts = self._store.by_seq(seq), self._store.attempts(seq)
            ack = attempts[-1].ack if attempts else None
            if row is not None and ack in _ACKS and ack != told:
                self._acks[seq] = ack
                if ack != "server":
                    yield _line(self._state.clock(), "✓✓", "green", self._name(row), _ACKS[ack])

    def _name(self, row: Row) -> str:
        return name_of(self._state, row)


def full_name_of(state: StateManager, row: Row) -> str:
    """Whom a message comes from or goes to: the name, or the address."""
    name = row.message.get("fromName")
    if not name and row.answers is not None and (answered := state.store.by_seq(row.answers)) is not None:
        name = answered.message.get("fromName")
    return name if isinstance(name, str) and name else row.chat or "nobody"


def name_of(state: StateManager, row: Row) -> str:
    """The same, as `short` has it."""
    return short(full_name_of(state, row))


def short(name: str) -> str:
    """A name on one short line, safe to show."""
    return one_line(name, 40)


def text_of(message: dict[str, object]) -> str:
    """The words of a message, or what it is instead."""
    body = message.get("body")
    return shown(body) if isinstance(body, str) and body else f"‹{one_line(str(message.get('type') or 'no text'), 20)}›"


def _happened(row: Row, name: str) -> tuple[str, str, str, str]:
    """Sign, colour, name, and what happened."""
    match row.message_status:
        case MessageStatus.INCOMING:
            return "←", "cyan", name, one_line(text_of(row.message))
        case MessageStatus.PENDING_APPROVAL if row.author and row.changed_what in ("added", "asked"):
            return "✎", "magenta", name, f"{row.author} drafts: {one_line(row.text)}"
        case MessageStatus.PENDING_APPROVAL:
            return "?", "magenta", name, f"{row.changed_what} by {row.changed_by}: {one_line(row.text)}"
        case MessageStatus.APPROVED:
            return "✓", "green", name, f"approved by {row.approved_by or row.changed_by}"
        case MessageStatus.REJECTED:
            why = f": {one_line(row.changed_why)}" if row.changed_why else ""
            return "✗", "yellow", name, f"{row.changed_what} by {row.changed_by}{why}"
        case MessageStatus.SENT:
            by = f", approved by {row.approved_by}" if row.approved_by else ""
            return "→", "green", name, f"sent{by}: {one_line(row.text)}"
        case MessageStatus.FAILED if row.delivery == Delivery.UNKNOWN or row.reason == Reason.UNCONFIRMED:
            return "!", "red", name, "nobody knows whether it arrived: look at the chat"
        case _:
            return "!", "red", name, f"not sent: {one_line(row.changed_why or row.changed_what)}"


def _line(at: int, sign: str, style: str, name: str, what: str) -> Text:
    line = Text.assemble((local_iso(at)[11:19], "dim"), (f" {sign:<2} ", style), (name, "bold"), f" {what}")
    if out.is_terminal:
        line.truncate(out.width - SLACK, overflow="ellipsis")
    return line
