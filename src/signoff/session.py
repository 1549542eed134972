"""The WhatsApp session: whether it is valid, and whether a QR scan is really due. Pure functions over one record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .clock import DAY, MINUTE, elapsed, local_iso

PHONE_LIMIT = 14 * DAY
"""A linked device is unlinked by WhatsApp when its phone has been offline this long (whatsmeow, mautrix)."""
PHONE_WARNING = 10 * DAY


class Session(NamedTuple):
    """What is known of a session; never changed, and copied before it is shown.

    Times are microseconds since 1970 UTC, None where it never happened.

    Attributes:
        seen_on: the hosts that have seen the session folder; only on those does its absence mean anything.
        unreachable_since: since when the backend has not answered; None while it does.
        marked_while_unreachable: the mark of invalidity was set while the backend did not answer, so its next answer
            clears it.
        extra: fields of the user's own.
    """

    authenticated: bool = False
    last_authenticated: int | None = None
    session_valid: bool = False
    session_path: str = ".wwebjs_auth"
    requires_qr: bool = True
    last_validation: int | None = None
    validation_interval_minutes: float = 30
    invalidation_reason: str | None = None
    invalidated_at: int | None = None
    account_info: Mapping[str, Any] = MappingProxyType({})
    seen_on: tuple[str, ...] = ()
    unreachable_since: int | None = None
    marked_while_unreachable: bool = False
    extra: Mapping[str, Any] = MappingProxyType({})


TIMES = ("last_authenticated", "last_validation", "invalidated_at")
SHOWN = (
    "authenticated",
    "last_authenticated",
    "session_valid",
    "session_path",
    "requires_qr",
    "last_validation",
    "validation_interval_minutes",
)
"""The fields of the state file's ``session``, in the guide's order."""


def to_record(session: Session) -> dict[str, Any]:
    """The session as JSON values, to be stored."""
    return session._asdict() | {"account_info": dict(session.account_info), "extra": dict(session.extra)}


def from_record(record: dict[str, Any]) -> Session:
    """The session of a stored record."""
    return Session(**{**record, "seen_on": tuple(record.get("seen_on", ()))})


def folder_gone(session: Session, host: str, folder_there: bool) -> bool:
    """Whether the session folder was deleted: this host has seen it before and it is not there."""
    return host in session.seen_on and not folder_there


def is_valid(session: Session, now: int, gone: bool) -> bool:
    """Whether the session may be used as it is: authenticated, marked valid, validated recently, its folder not gone.

    One that was never validated counts as validated; a time in the future counts as now.
    """
    if gone or not (session.authenticated and session.session_valid):
        return False
    if session.last_validation is None:
        return True
    return elapsed(session.last_validation, now) < session.validation_interval_minutes * MINUTE


def needs_qr(session: Session, gone: bool) -> bool:
    """Whether the session is really lost, so that only a scan brings it back. Being out of date is not that."""
    return gone or session.requires_qr


def with_folder(session: Session, host: str, folder_there: bool) -> Session:
    """The session with what this host sees of its folder noted."""
    others = tuple(name for name in session.seen_on if name != host)
    return session._replace(seen_on=(*others, host) if folder_there else others)


def authenticated(session: Session, now: int, account_info: dict[str, Any] | None = None) -> Session:
    """The session after the backend, or a person's scan, authenticated it."""
    return session._replace(
        authenticated=True,
        session_valid=True,
        requires_qr=False,
        last_authenticated=now,
        last_validation=now,
        invalidation_reason=None,
        invalidated_at=None,
        unreachable_since=None,
        marked_while_unreachable=False,
        account_info=session.account_info if account_info is None else {**account_info, "last_updated": local_iso(now)},
    )


def unauthenticated(session: Session) -> Session:
    """The session after the backend said that it is not authenticated: only a scan brings it back."""
    return session._replace(authenticated=False, session_valid=False, requires_qr=True, seen_on=())


def invalidated(session: Session, reason: str, now: int) -> Session:
    """The session after it was marked invalid; ``authenticated`` stays as it is."""
    return session._replace(
        session_valid=False,
        requires_qr=True,
        invalidation_reason=reason,
        invalidated_at=now,
        marked_while_unreachable=session.unreachable_since is not None,
    )


def unreachable(session: Session, now: int) -> Session:
    """The session while the backend does not answer: nothing about it changes but that."""
    return session if session.unreachable_since is not None else session._replace(unreachable_since=now)


def reachable(session: Session) -> Session:
    """The session once the backend answers again, whatever it says."""
    return session._replace(unreachable_since=None)


def answered(session: Session, now: int, account_info: dict[str, Any] | None = None) -> Session:
    """The session after the backend answered that it is ready.

    That clears a mark of invalidity only if it was set while the backend did not answer; any other stands.
    """
    if session.authenticated and not session.session_valid and not session.marked_while_unreachable:
        return reachable(session)
    first = session.last_authenticated if session.authenticated else None
    return authenticated(session, now, account_info)._replace(last_authenticated=first or now)


def phone_warning(session: Session, now: int) -> str | None:
    """What to tell people when the phone may have been offline so long that the link is about to end, or None."""
    if not session.authenticated or session.last_validation is None:
        return None
    away = elapsed(session.last_validation, now)
    if away < PHONE_WARNING:
        return None
    days = away // DAY
    return f"no sign of the phone for {days} days: WhatsApp unlinks a device after 14; open WhatsApp on the phone"
