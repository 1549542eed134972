"""What the store gives back.

Named tuples and no dataclasses, here and in all that ``import state_manager`` brings: those cost the import of
``inspect`` and half a millisecond each. Annotations are evaluated here: to compile them from strings, as ``typing``
does for each field of a named tuple, takes a millisecond of that import.
"""

import json
from typing import Any, NamedTuple

from ..clock import local_iso
from ..lifecycle import MessageStatus
from ..model import as_guide_dict


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

    def __repr__(self) -> str:
        return f"Row(seq={self.seq}, id={self.id!r}, status={self.status!r}, draft_version={self.draft_version})"

    @property
    def message(self) -> dict[str, Any]:
        """The message as scripts see it."""
        return as_guide_dict(json.loads(self.payload), self.status, self.moved_at)

    @property
    def text(self) -> str:
        """The text that would be sent, or was received."""
        body = json.loads(self.payload).get("body")
        return body if isinstance(body, str) else ""

    @property
    def message_status(self) -> MessageStatus:
        """The status as a member of the enum."""
        return MessageStatus(self.status)


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
