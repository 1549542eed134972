"""What the store gives back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ..clock import local_iso
from ..lifecycle import MessageStatus
from ..model import as_guide_dict


@dataclass(frozen=True, slots=True)
class Row:
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
    payload: str = field(repr=False)
    chat: str | None = field(repr=False)
    reason: str | None
    draft_due: int | None
    draft_tries: int
    digest: str | None
    draft_version: int
    answers: int | None
    author: str | None
    note: str | None = field(repr=False)
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


@dataclass(frozen=True, slots=True)
class Event:
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


@dataclass(frozen=True, slots=True)
class Attempt:
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


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to hand one message to a gateway, once, until ``lease``.

    Attributes:
        script: a script sends it and moves the message itself.
    """

    seq: int
    id: str
    number: int
    token: str
    chat: str = field(repr=False)
    text: str = field(repr=False)
    started_at: int
    lease: int
    script: bool


@dataclass(frozen=True, slots=True)
class Counter:
    """One list: how often a message came into it and was counted, how many it shows, when it last grew."""

    total: int
    listed: int
    last_at: int | None
    cleared: int
