"""The six statuses of a message, the moves between them, and the pure rules that go with them.

Everything that needs to know whether a move is legal asks this module; nothing else holds a rule of its own.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Protocol

from .clock import local_iso
from .errors import Decision, IllegalMove, InFlight, NotSendable, StaleVersion


class MessageStatus(Enum):
    """Where a message stands. The values are the names of the lists in the state file."""

    INCOMING = "incoming"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    SENT = "sent"
    FAILED = "failed"


_S = MessageStatus

MOVES: dict[tuple[MessageStatus, MessageStatus], str] = {
    (_S.INCOMING, _S.PENDING_APPROVAL): "needs approval",
    (_S.PENDING_APPROVAL, _S.APPROVED): "approved",
    (_S.PENDING_APPROVAL, _S.REJECTED): "rejected",
    (_S.PENDING_APPROVAL, _S.SENT): "sent by a script itself",
    (_S.PENDING_APPROVAL, _S.FAILED): "a script's own sending failed",
    (_S.APPROVED, _S.SENT): "the gateway took it",
    (_S.APPROVED, _S.FAILED): "refused, or the outcome is unknown",
    (_S.APPROVED, _S.PENDING_APPROVAL): "taken back in time",
    (_S.SENT, _S.FAILED): "the provider says so",
    (_S.REJECTED, _S.PENDING_APPROVAL): "reopened",
    (_S.FAILED, _S.APPROVED): "try again",
    (_S.FAILED, _S.PENDING_APPROVAL): "reopened, to be edited or rejected",
    (_S.FAILED, _S.SENT): "it did arrive",
}
"""Every legal move and what it means. ``move_message`` may do others; they are logged as irregular."""


class Delivery(StrEnum):
    """What stands beside the status once a message has been handed to a gateway."""

    OPEN = "open"
    """An attempt is under way: the message cannot be moved, edited or taken back."""
    ACCEPTED = "accepted"
    """The gateway took it; the status follows when the script or the keeper moves it."""
    REFUSED = "refused"
    """The gateway refused it for good."""
    UNKNOWN = "unknown"
    """Nobody knows whether it left. It is never sent again by itself."""


class Reason(StrEnum):
    """Why a message has the status it has, where the status alone does not tell."""

    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    UNCONFIRMED = "unconfirmed"
    REFUSED = "refused"
    GAVE_UP = "gave up"


def is_regular(source: MessageStatus, target: MessageStatus) -> bool:
    """Whether the lifecycle knows this move."""
    return (source, target) in MOVES


def mermaid() -> str:
    """The lifecycle as a Mermaid state diagram, drawn from ``MOVES``."""
    lines = ["stateDiagram-v2", "    [*] --> INCOMING"]
    lines += [f"    {a.name} --> {b.name}: {meaning}" for (a, b), meaning in MOVES.items()]
    return "\n".join(lines)


class Standing(Protocol):
    """What the rules need to know of a message."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def delivery(self) -> str | None: ...
    @property
    def digest(self) -> str | None: ...
    @property
    def draft_version(self) -> int: ...
    @property
    def approved_version(self) -> int | None: ...
    @property
    def approved_by(self) -> str | None: ...
    @property
    def approved_at(self) -> int | None: ...
    @property
    def stale(self) -> str | None: ...
    @property
    def changed_at(self) -> int: ...
    @property
    def changed_by(self) -> str: ...
    @property
    def changed_what(self) -> str: ...


def check_version(row: Standing, version: int | None) -> None:
    """Refuse a decision about another text than the present one.

    Raises:
        StaleVersion: the text has changed since.
    """
    if version is not None and version != row.draft_version:
        raise StaleVersion(
            f"message {row.id!r} is now at version {row.draft_version}, not {version} "
            f"({row.changed_what} by {row.changed_by}): look at the new text and decide again"
        )


def check_seen(row: Standing, seen: MessageStatus | None) -> None:
    """Refuse a decision of somebody who was shown the message before somebody else decided.

    Raises:
        StaleVersion: it has another status since; says who decided what, and when.
    """
    if seen is not None and row.status != seen.value:
        raise StaleVersion(
            f"message {row.id!r} is {row.status} now, not {seen.value}: it was {_told(row)}; "
            "nothing was changed: look at it and decide again"
        )


def check_undelivered(row: Standing) -> None:
    """Refuse what cannot be done to a message that has left, or may have.

    Raises:
        InFlight: it is being sent at this moment.
        IllegalMove: it has left, or nobody knows.
    """
    if row.delivery == Delivery.OPEN:
        raise InFlight(f"message {row.id!r} was {_told(row)}, and is being sent at this moment: wait for the outcome")
    if row.delivery == Delivery.ACCEPTED or row.status == _S.SENT.value:
        raise IllegalMove(
            f"message {row.id!r} was {_told(row)}, and is already out; it cannot be decided about any more"
        )
    if row.delivery == Delivery.UNKNOWN:
        raise IllegalMove(
            f"nobody knows whether message {row.id!r} arrived: look at the chat, then say "
            "confirm_sent (it arrived), send_again or give_up"
        )


def check_sendable(row: Standing) -> None:
    """Refuse to send what has nothing to send.

    Raises:
        NotSendable: it has no recipient or no text, or these were removed.
    """
    if row.digest is None:
        raise NotSendable(f"message {row.id!r} has no recipient or no text: there is nothing to send")


def check_approve(row: Standing, version: int | None, despite: str | None, seen: MessageStatus | None = None) -> None:
    """Refuse an approval that must not be.

    Raises:
        Decision: one of its kinds says why.
    """
    check_undelivered(row)
    check_sendable(row)
    if row.status == _S.APPROVED.value and row.approved_version is not None:
        raise StaleVersion(f"message {row.id!r} was already {_told(row)}")
    check_seen(row, seen)
    check_version(row, version)
    if row.status not in (_S.PENDING_APPROVAL.value, _S.APPROVED.value, _S.FAILED.value):
        raise _decided(row, "approved")
    if row.stale is not None and row.stale != despite:
        raise StaleVersion(
            f"message {row.id!r} is out of date ({row.stale}): look at the conversation, "
            f"then approve it despite {row.stale!r}, or ask for another draft"
        )


def check_change(row: Standing, version: int | None, doing: str, seen: MessageStatus | None = None) -> None:
    """Refuse an edit or a rejection that must not be.

    Raises:
        Decision: one of its kinds says why.
    """
    check_undelivered(row)
    check_seen(row, seen)
    check_version(row, version)
    if row.status not in (_S.PENDING_APPROVAL.value, _S.APPROVED.value, _S.FAILED.value):
        raise _decided(row, doing)


def check_undecided(row: Standing) -> None:
    """Refuse to let a draft expire that somebody decided about.

    Raises:
        StaleVersion: somebody did.
    """
    if row.status != _S.PENDING_APPROVAL.value or row.approved_version is not None:
        raise StaleVersion(
            f"message {row.id!r} waits for nobody any more: it is {row.status} ({row.changed_what} by {row.changed_by})"
        )


def check_reopen(row: Standing) -> None:
    """Refuse to reopen what was not rejected.

    Raises:
        IllegalMove: it was not.
    """
    if row.status != _S.REJECTED.value:
        raise IllegalMove(f"message {row.id!r} is {row.status}, not rejected: there is nothing to reopen")


def check_unconfirmed(row: Standing) -> None:
    """Refuse to settle by hand what is not unconfirmed.

    Raises:
        IllegalMove: its outcome is known, or it was never sent.
    """
    if row.delivery != Delivery.UNKNOWN or row.status == _S.SENT.value:
        raise IllegalMove(
            f"message {row.id!r} is {row.status} and not unconfirmed: there is nothing to confirm ({_told(row)})"
        )


def retry_delay(tries: int, delay_seconds: float, exponential: bool, jitter: float) -> float:
    """Seconds to wait after attempt number ``tries`` was refused for a passing reason.

    ``jitter`` is a random number from 0 to 1; it spreads the wait over 0.8 to 1.2 of itself. At most one hour.
    """
    wait = delay_seconds * (2 ** min(tries - 1, 20) if exponential else 1)
    return min(wait, 3600.0) * (0.8 + 0.4 * jitter)


def _decided(row: Standing, doing: str) -> Decision:
    if row.status == _S.REJECTED.value:
        return StaleVersion(
            f"message {row.id!r} cannot be {doing}: it was rejected by {row.changed_by} "
            f"({row.changed_what}, {_moment(row.changed_at)}); reopen it first"
        )
    return IllegalMove(f"message {row.id!r} is {row.status}: it cannot be {doing}")


def _told(row: Standing) -> str:
    """What was decided or done last, by whom and when."""
    what, by, at = row.changed_what, row.changed_by, row.changed_at
    if row.approved_by is not None and row.approved_at is not None:
        what, by, at = "approved", row.approved_by, row.approved_at
    return f"{what} by {by} at {_moment(at)}"


def _moment(at: int) -> str:
    return local_iso(at)[:19].replace("T", " ")
