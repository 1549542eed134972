"""An exported chat as what a gateway brings: one side of the conversation comes in again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from threading import Condition

from ...clock import SECOND
from ...digest import digest_of_parts
from ...errors import GatewayError
from ...gateway import Accepted, Account, Event, Incoming, Outcome, Outgoing, Refused
from .chat import Chat, ChatMessage
from .stamps import without_marks

DOMAIN = "replay.invalid"
"""Where the addresses of a replay lie. No name below ``.invalid`` ever exists (RFC 2606, section 2), and the letters
before it hold no digit that anyone could take for a phone number: an answer can reach nobody."""

_BATCH = 100
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_SHOWN_NAMES = 20
_NO_MEDIA = frozenset({"chat", "location", "poll_creation", "revoked"})


def incoming(chat: Chat, me: str) -> list[Incoming]:
    """The messages of a chat as a gateway brings them, in order; those of ``me`` are ``from_me``.

    The address of a private chat is derived from both names, that of a group from ``me`` and the first message; ids
    are derived from address, sender, time and text. So what was replayed before is known when it, or a later export
    of the same chat, is replayed again.

    Raises:
        GatewayError: nobody of that name writes in the chat; names those who do.
    """
    _name_in(chat.names, me)
    return _events(chat, me)


def _events(chat: Chat, me: str) -> list[Incoming]:
    own = next((name for name in chat.names if same_name(name, me)), me)
    others = [name for name in chat.names if name != own]
    first = chat.messages[0]
    group = len(others) > 1
    seed = (first.at.isoformat(), first.sender, first.text) if group else others
    address = _address(own, *seed)
    clock = _LocalClock()
    seen: Counter[tuple[object, ...]] = Counter()
    events = []
    for message in chat.messages:
        key = (message.sender, message.at, message.kind, message.text, message.file)
        seen[key] += 1
        sender = _address(address, message.sender) if group else address
        events.append(_incoming(message, address, sender, own, seen[key], clock.at(message.at), group))
    return events


def _incoming(message: ChatMessage, chat: str, sender: str, own: str, turn: int, at: int, group: bool) -> Incoming:
    key = (chat, message.sender, message.at.isoformat(), message.kind, message.text, message.file or "", str(turn))
    name = f"replay-{_letters(*key)}"
    fields = {"file": message.file, "edited": message.edited or None}
    return Incoming(
        id=name,
        chat=chat,
        sender=sender,
        text=message.text,
        at=at,
        name=message.sender,
        kind=message.kind,
        is_group=group,
        has_media=message.kind not in _NO_MEDIA,
        from_me=message.sender == own,
        fields={key: value for key, value in fields.items() if value},
        cursor=name,
    )


def conversations(chats: Sequence[Chat], me: str) -> list[list[Incoming]]:
    """The messages of several chats, as `incoming` has those of one; ``me`` need not have written in all of them.

    Raises:
        GatewayError: nobody of that name writes in any of them; names those who do.
    """
    _name_in([name for chat in chats for name in chat.names], me)
    return [_events(chat, me) for chat in chats if chat.messages]


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in case, spaces and invisible marks at most."""
    return _plain(one) == _plain(other)


def _name_in(names: Sequence[str], me: str) -> str:
    for name in names:
        if same_name(name, me):
            return name
    known = list(dict.fromkeys(names))
    shown = ", ".join(repr(name) for name in known[:_SHOWN_NAMES]) or "nobody"
    more = f" and {len(known) - _SHOWN_NAMES} more" if len(known) > _SHOWN_NAMES else ""
    raise GatewayError(f"nobody called {me!r} writes in this chat; those who do: {shown}{more}")


def _plain(name: str) -> str:
    return " ".join(without_marks(name).split()).casefold()


def _address(*parts: str) -> str:
    return f"replay-{_letters(*parts)}@{DOMAIN}"


def _letters(*parts: str) -> str:
    """A short name for these parts, of letters only."""
    return digest_of_parts(*parts)[:24].translate(_LETTERS)


class _LocalClock:
    """Local times without a zone as microseconds UTC, forwards through the hour that comes twice in autumn."""

    def __init__(self) -> None:
        self._last = 0

    def at(self, moment: datetime) -> int:
        first, second = (int(moment.replace(fold=fold).timestamp()) * SECOND for fold in (0, 1))
        self._last = second if first < self._last <= second else first
        return self._last


class Replay:
    """A gateway that brings messages of an exported chat, in order, and keeps what it is given instead of sending it.

    Args:
        events: what it brings, as from `incoming`.
        account: the name of the side whose answers are wanted.
    """

    name = "replay"
    can_lookup = True

    def __init__(self, events: Sequence[Incoming], account: str = "") -> None:
        self._account = Account("", account, "replay")
        self._open = {event.cursor: event for event in events}
        self._sent: dict[str, Outgoing] = {}
        self._changed = Condition()
        self._closed = False

    @classmethod
    def of(cls, chat: Chat, me: str) -> Replay:
        """Bring what the others wrote to ``me``.

        What ``me`` answered then is left out: it would answer every message before anyone is asked.

        Raises:
            GatewayError: nobody of that name writes in the chat; names those who do.
        """
        return cls([event for event in incoming(chat, me) if not event.from_me], me)

    @property
    def sent(self) -> list[Outgoing]:
        """What was handed over to be sent, in order. Nobody received any of it."""
        with self._changed:
            return list(self._sent.values())

    @property
    def left(self) -> int:
        """How many messages are not acknowledged yet."""
        with self._changed:
            return len(self._open)

    def account(self) -> Account | None:
        """The side whose answers are wanted; it has no number."""
        return self._account

    def events(self, wait: float) -> Sequence[Event]:
        """The next messages that are not acknowledged yet, some at a time; nothing more comes after the last."""
        with self._changed:
            if not self._open:
                self._changed.wait_for(lambda: self._closed, wait)
            return [event for event, _ in zip(self._open.values(), range(_BATCH), strict=False)]

    def acknowledge(self, events: Sequence[Event]) -> None:
        """Take these off; unknown ones are passed over."""
        with self._changed:
            for event in events:
                self._open.pop(event.cursor, None)

    def send(self, message: Outgoing) -> Outcome:
        """Keep the message in `sent`."""
        with self._changed:
            self._sent[message.token] = message
        return Accepted(f"replay-{message.token}")

    def lookup(self, message: Outgoing) -> Outcome:
        """Whether this object was given the message; any other never left, for nothing leaves a replay."""
        with self._changed:
            known = message.token in self._sent
        return Accepted(f"replay-{message.token}") if known else Refused("a replay sends nothing", passing=True)

    def typing(self, chat: str) -> None:
        """Does nothing."""

    def mark_read(self, chat: str) -> None:
        """Does nothing."""

    def close(self) -> None:
        """End a wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
