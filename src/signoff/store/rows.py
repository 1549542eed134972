"""What the store gives back.

Named tuples and no dataclasses, here and in all that ``import state_manager`` brings: those cost the import of
``inspect`` and half a millisecond each. Annotations are evaluated here: to compile them from strings, as ``typing``
does for each field of a named tuple, takes a millisecond of that import.
"""

import json
from typing import Any, NamedTuple, TypeVar

from ..clock import local_iso
from ..errors import StoreCorrupt
from ..lifecycle import MessageStatus
from ..model import as_guide_dict


def damaged(file: object, why: object) -> str:
    """What to say where a database is damaged."""
    return f"{file} is damaged or no database ({why}); leave it as it is and restore a backup: signoff restore FILE"


class Row(NamedTuple):
    """One message with everything that stands beside it. Times are microseconds since 1970 UTC.

    Attributes:
        seq: the store's own growing number of it.
        arrival: the number of the event that brought it into its status.
        origin: who brought it: ``script``, ``sender``, ``gateway``, ``draft`` or ``file``.
        chat: the address that it came from or goes to.
        digest: of recipient and text; None when it cannot be sent.
        answers: the ``seq`` of the incoming message that it answers.
        stale: what happened in the chat since the draft was made.
        delivery: see `signoff.lifecycle.Delivery`; None when it was never handed to a gateway.
        visible: not cleared from its list.
        file: the database that it was read from.
    """

    seq: int
    id: str
    status: str
    arrival: int
    added_at: int
    moved_at: int | None
    origin: str
    payload: str
    chat: str | None
    reason: str | None
    draft_due: int | None
    draft_tries: int
    digest: str | None
    draft_version: int
    answers: int | None
    author: str | None
    note: str | None
    stale: str | None
    asked: int
    approved_version: int | None
    approved_by: str | None
    approved_kind: str | None
    approved_at: int | None
    due: int | None
    tries: int
    delivery: str | None
    lease: int | None
    used: int
    reserved_by: str | None
    changed_at: int
    changed_by: str
    changed_what: str
    changed_why: str | None
    visible: int
    file: str = ""

    def __repr__(self) -> str:
        return f"Row(seq={self.seq}, id={self.id!r}, status={self.status!r}, draft_version={self.draft_version})"

    @property
    def message(self) -> dict[str, Any]:
        """The message as scripts see it.

        Raises:
            StoreCorrupt: the database is damaged.
        """
        try:
            return as_guide_dict(json.loads(self.payload), self.status, self.moved_at)
        except (ValueError, TypeError, AttributeError) as error:
            raise self._damaged(error) from error

    @property
    def text(self) -> str:
        """The text that would be sent, or was received.

        Raises:
            StoreCorrupt: the database is damaged.
        """
        try:
            body = json.loads(self.payload).get("body")
        except (ValueError, TypeError, AttributeError) as error:
            raise self._damaged(error) from error
        return body if isinstance(body, str) else ""

    @property
    def message_status(self) -> MessageStatus:
        """The status as a member of the enum.

        Raises:
            StoreCorrupt: the database is damaged.
        """
        try:
            return MessageStatus(self.status)
        except ValueError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> StoreCorrupt:
        return StoreCorrupt(damaged(self.file, f"message {self.id!r}: {error}"))


class Event(NamedTuple):
    """One line of the history of a message, or of the store."""

    seq: int
    at: int
    kind: str
    from_status: str | None
    to_status: str | None
    by: str
    why: str | None
    version: int | None
    digest: str | None

    def as_dict(self) -> dict[str, Any]:
        """As scripts and ``--json`` see it; ``at`` is a local ISO string."""
        return {
            "at": local_iso(self.at),
            "kind": self.kind,
            "from": self.from_status,
            "to": self.to_status,
            "by": self.by,
            "why": self.why,
            "version": self.version,
            "digest": self.digest,
        }


class Attempt(NamedTuple):
    """One attempt to hand a message to a gateway. ``outcome`` is None while it is open."""

    number: int
    token: str
    digest: str
    started_at: int
    started_by: str
    outcome: str | None
    reason: str | None
    gateway_id: str | None
    ack: str | None
    settled_at: int | None


class Claim(NamedTuple):
    """The right to hand one message to a gateway, once, until ``lease``.

    Attributes:
        script: a script sends it and moves the message itself.
        process: the process that makes the attempt.
    """

    seq: int
    id: str
    number: int
    token: str
    chat: str
    text: str
    started_at: int
    lease: int
    script: bool
    process: str

    def __repr__(self) -> str:
        return f"Claim(seq={self.seq}, id={self.id!r}, number={self.number}, token={self.token!r})"


class Counter(NamedTuple):
    """One list: how often a message came into it and was counted, how many it shows, when it last grew."""

    total: int
    listed: int
    last_at: int | None
    cleared: int


Kind = TypeVar("Kind", Event, Attempt)
_SOUND: set[tuple[object, tuple[type, ...]]] = set()
"""Which types of values have been found to be sound, by what they make."""


def made(kind: type[Kind], rows: list[tuple[Any, ...]], file: str) -> list[Kind]:
    """What rows of a database say.

    Raises:
        StoreCorrupt: a value is of another type than any that was ever written.
    """
    for found in rows:
        if (kind, tuple(map(type, found))) not in _SOUND:
            _check(kind, found, file)
    return [kind(*values) for values in rows]


def row_of(found: tuple[Any, ...], file: str) -> Row:
    """The message that a row of a database is.

    Raises:
        StoreCorrupt: a value is of another type than any that was ever written.
    """
    if (Row, tuple(map(type, found))) not in _SOUND:
        _check(Row, found, file)
    return Row(*(*found, file))


def _check(kind: type[NamedTuple], found: tuple[Any, ...], file: str) -> None:
    for (name, allowed), value in zip(kind.__annotations__.items(), found, strict=False):
        if not isinstance(value, allowed):
            raise StoreCorrupt(damaged(file, f"{kind.__name__.lower()}.{name} is of the type {type(value).__name__}"))
    _SOUND.add((kind, tuple(map(type, found))))


def counters_of(rows: list[tuple[Any, ...]], file: str) -> dict[MessageStatus, Counter]:
    """The counters of an account, of rows that begin with the status.

    Raises:
        StoreCorrupt: one is missing, or says what was never written.
    """
    counters = {}
    try:
        for name, *values in rows:
            for value in values:
                if value is not None and type(value) is not int:
                    raise ValueError(f"a counter is of the type {type(value).__name__}")
            counters[MessageStatus(name)] = Counter(*values)
    except ValueError as error:
        raise StoreCorrupt(damaged(file, error)) from error
    if len(counters) < 6:
        raise StoreCorrupt(damaged(file, "it has not the counters of the six lists"))
    return counters
