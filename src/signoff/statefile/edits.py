"""What a state file brings: the edits of a person or script, a restored backup, or the state to begin with.

A field is an edit only where it differs from what the file of that revision said. So a script that reads the file,
changes one setting and writes the whole back later changes just that, and undoes nobody else's change. Nor does it if
it goes on with its old copy: what was taken up from files of that revision is no edit either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .. import session as sessions
from .. import settings
from ..errors import ConfigError, InvalidMessage
from ..lifecycle import MessageStatus
from ..model import to_json
from ..session import Session
from ..store.takeup import FileEdit, FileRevision
from .brought import Brought, Document, Report, time_of
from .document import CHOSEN, COUNTED, LAST_RECEIVED, LAST_SENT

HOLD = "outbox_hold"
"""The setting that holds the outbox, saying why, until a person confirms. No file changes it."""

_S = MessageStatus
_COUNTED_BY = {status: name for name, status in COUNTED.items()}
_BOOLEANS = ("authenticated", "session_valid", "requires_qr")
_INVALIDATION = ("invalidation_reason", "invalidated_at")
_SESSION_FIELDS = {*sessions.SHOWN, *_INVALIDATION}
_LONGEST_INTERVAL = 60 * 24 * 366
_MISSING = object()


class Edit(NamedTuple):
    """What somebody changed in a state file: settings and session as the file says them, and all that is to apply."""

    settings: dict[str, Any]
    session: dict[str, Any]
    whole: FileEdit


def edit_of(brought: Brought, bases: Sequence[FileRevision], known: bool, report: Report) -> Edit:
    """What somebody changed in a state file.

    Args:
        bases: what the file of its revision said and what was taken up from that already, or the file written last.
        known: whether its revision is known; if not, only settings count.
        report: told of every value that cannot be used.
    """
    document = brought.document
    shown = [base.settings for base in bases] or [settings.defaults()]
    found = settings_difference(document, shown, report)
    fields = session_difference(document, [base.session for base in bases], report) if known else {}
    whole = FileEdit(
        settings=found,
        session=session_change(fields, report, brought.now),
        messages=brought.messages(),
        records=brought.records(),
    )
    brought.tell(report)
    return Edit(found, fields, whole)


def restore_of(brought: Brought, present: Mapping[str, Any], report: Report) -> FileEdit:
    """What a backup brings back: settings, session, messages unknown or cleared. Nothing becomes sendable.

    Args:
        present: the settings as they are; what a backup says as well stays nobody's choice if it was nobody's.
    """
    document = brought.document
    found = settings_difference(document, [present], report)
    if found.get("human_in_the_loop") is False and not _dict(document.get("metadata")).get(CHOSEN):
        del found["human_in_the_loop"]  # the default that nobody chose
    session = _session_of(document, report, brought.now)
    brought.tell(report)
    return FileEdit(found, session, brought.messages(), again=True, records=brought.records())


def import_of(brought: Brought, report: Report) -> FileEdit:
    """The state to begin with, of the components that kept only a file. What is as by default, nobody has chosen."""
    restored = restore_of(brought, settings.defaults(), report)
    return restored._replace(again=False, totals=totals_of(brought.document, report, brought.now))


def settings_difference(document: Document, bases: Sequence[Mapping[str, Any]], report: Report) -> dict[str, Any]:
    """The settings of a file that differ from all ``bases`` and are allowed, nested.

    A file that switches human_in_the_loop off and one of the same revision that says it is on may be an old copy, or a
    person who has thought better of it. Then it is on.
    """
    changes: dict[str, Any] = {}
    for key, value in document.items():
        if key in settings.OWNED_KEYS or key == HOLD:
            continue
        said = [base[key] for base in bases if key in base] or [_MISSING]
        if key == "human_in_the_loop" and value is True:
            said = said[-1:]
        change = _allowed(key, difference(value, said), report)
        if change is not _MISSING:
            changes[key] = change
    return changes


def session_difference(document: Document, bases: Sequence[Mapping[str, Any]], report: Report) -> dict[str, Any]:
    """The fields of a file's session, and in ``account_info`` those of its account, that differ from all ``bases``."""
    info = _fields(document, "account_info", [_dict(base.get("account_info")) for base in bases], report)
    fields = _fields(document, "session", bases, report)
    if "account_info" in fields:
        del fields["account_info"]
        report("session.account_info was left out: account_info stands beside session, not in it")
    return fields | ({"account_info": info} if info else {})


def session_change(fields: Mapping[str, Any], report: Report, now: int) -> Callable[[Session], Session] | None:
    """What these fields change in a session; None when that is nothing. Nothing was validated after ``now``."""
    changes: dict[str, Any] = {}
    extra = {name: value for name, value in fields.items() if name not in _SESSION_FIELDS and name != "account_info"}
    for name in _SESSION_FIELDS & fields.keys():
        _session_field(name, fields[name], changes, report, now)
    info = fields.get("account_info", {})
    if not (changes or extra or info):
        return None
    return lambda session: session._replace(
        **changes, extra=settings.merge(session.extra, extra), account_info=settings.merge(session.account_info, info)
    )


def totals_of(document: Document, report: Report, now: int) -> dict[MessageStatus, tuple[int, int | None]]:
    """The counters to begin with, of a file's statistics."""
    shown = _dict(document.get("statistics"))
    last = {_S.INCOMING: shown.get(LAST_RECEIVED), _S.SENT: shown.get(LAST_SENT)}
    totals = {}
    for status in MessageStatus:
        total = shown.get(_COUNTED_BY[status], 0) if status in _COUNTED_BY else 0
        if not isinstance(total, int) or isinstance(total, bool) or not 0 <= total < 1 << 53:
            report(f"statistics.{_COUNTED_BY[status]} was left out: it is no count")
            total = 0
        totals[status] = (total, time_of(last.get(status), now))
    return totals


def difference(value: Any, bases: Sequence[Any]) -> Any:
    """What of ``value`` differs from each base; in objects only those fields, and a missing one is no difference."""
    for base in bases:
        if isinstance(value, dict) and isinstance(base, dict):
            inner = {name: difference(below, [base.get(name, _MISSING)]) for name, below in value.items()}
            value = {name: below for name, below in inner.items() if below is not _MISSING} or _MISSING
        elif same(value, base):
            return _MISSING
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values say the same: 5 and 5.0 do, 1 and true do not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _session_of(document: Document, report: Report, now: int) -> Callable[[Session], Session] | None:
    """The session of a file, as a whole."""
    change = session_change(session_difference(document, [], report), report, now)
    if change is None or not isinstance(document.get("session"), dict):
        return change
    return lambda session: change(session._replace(invalidation_reason=None, invalidated_at=None))


def _fields(document: Document, name: str, bases: Sequence[Mapping[str, Any]], report: Report) -> dict[str, Any]:
    """What the object ``name`` of a file says otherwise than all ``bases``."""
    found = {}
    for field, value in _dict(document.get(name)).items():
        if _storable(f"{name}.{field}", {field: value}, report):
            change = difference(value, [base.get(field, _MISSING) for base in bases])
            if change is not _MISSING:
                found[field] = change
    return found


def _allowed(key: str, value: Any, report: Report) -> Any:
    """What of a change of setting ``key`` is allowed; of a known group each field for itself."""
    if not isinstance(value, dict) or not isinstance(settings.defaults().get(key), dict):
        return value if value is _MISSING or _is_allowed(key, value, report) else _MISSING
    good = {name: below for name, below in value.items() if _is_allowed(key, {name: below}, report)}
    return good or _MISSING


def _is_allowed(key: str, value: Any, report: Report) -> bool:
    try:
        settings.check(key, value)
    except ConfigError as error:
        report(f"{error}; it was left as it is")
        return False
    return True


def _storable(path: str, value: Any, report: Report) -> bool:
    try:
        to_json(value, path)
    except InvalidMessage as error:
        report(f"{error}; it was left out")
        return False
    return True


def _session_field(name: str, value: Any, changes: dict[str, Any], report: Report, now: int) -> None:
    if name in sessions.TIMES:
        moment = time_of(value, now)
        good = value is None or moment is not None
        value = min(moment, now) if moment is not None and name == "last_validation" else moment
    elif name in _BOOLEANS:
        good = isinstance(value, bool)
    elif name == "validation_interval_minutes":
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= _LONGEST_INTERVAL
    else:
        good = isinstance(value, str) or (value is None and name in _INVALIDATION)
    if good:
        changes[name] = value
    else:
        report(f"session.{name} has a value that cannot be used; it was left as it is")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
