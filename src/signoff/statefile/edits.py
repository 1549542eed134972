"""What a state file brings: the edits of a person or script, a restored backup, or the state to begin with.

A field is an edit only where it differs from what the file of that revision said. So a script that reads the file,
changes one setting and writes the whole back later changes just that, and undoes nobody else's change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .. import session as sessions
from .. import settings
from ..clock import local_iso, parse_iso
from ..errors import ConfigError, InvalidMessage
from ..lifecycle import MessageStatus
from ..model import Content, content_of, to_json
from ..session import Session
from ..store.files import RECORD_LISTS, FileEdit, FileRevision
from .document import COUNTED, LAST_RECEIVED, LAST_SENT

Document = dict[str, Any]
Report = Callable[[str], None]

_S = MessageStatus
_FURTHEST_FIRST = (_S.SENT, _S.FAILED, _S.REJECTED, _S.APPROVED, _S.PENDING_APPROVAL, _S.INCOMING)
"""A message that stands in two lists of a file is where it has come furthest."""

_COUNTED_BY = {status: name for name, status in COUNTED.items()}
_BOOLEANS = ("authenticated", "session_valid", "requires_qr")
_MISSING = object()


def edit_of(document: Document, text: bytes, base: FileRevision | None, known: bool, report: Report) -> FileEdit:
    """What somebody changed in a state file.

    Args:
        base: what the file of its revision said, or the file written last.
        known: whether its revision is known; if not, only settings count.
        report: told of every value that cannot be used.
    """
    shown = base.settings if base else settings.defaults()
    change = session_change(document, base.session, report) if base and known else _unchanged
    return FileEdit(
        digest=hashlib.sha256(text).hexdigest(),
        settings=settings_change(document, shown, report),
        session=change,
        messages=tuple(messages_of(document, report)),
        records=tuple(records_of(document, report)),
    )


def restore_of(document: Document, text: bytes, report: Report) -> FileEdit:
    """What a backup brings back: settings, session, messages unknown or cleared. Nothing becomes sendable."""
    messages = tuple(messages_of(document, report))
    return FileEdit(
        digest=hashlib.sha256(text).hexdigest(),
        settings=settings_change(document, {}, report),
        session=session_change(document, {}, report),
        messages=messages,
        shown=tuple(content for _, content in messages),
        records=tuple(records_of(document, report)),
    )


def import_of(document: Document, text: bytes, report: Report) -> FileEdit:
    """The state to begin with, of the components that kept only a file."""
    found = settings_change(document, {}, report)
    if found.get("human_in_the_loop") is False:
        del found["human_in_the_loop"]  # the default that nobody chose
    restored = restore_of(document, text, report)
    return restored._replace(settings=found, shown=(), totals=totals_of(document, report))


def settings_change(document: Document, base: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """The settings of a file that differ from ``base`` and are allowed, nested."""
    changes: dict[str, Any] = {}
    for key, value in document.items():
        if key in settings.OWNED_KEYS:
            continue
        for path, leaf in _leaves(key, value):
            if not same(leaf, _at(base, path)) and _allowed(path, leaf, report):
                _put(changes, path, leaf)
    return changes


def session_change(document: Document, base: Mapping[str, Any], report: Report) -> Callable[[Session], Session]:
    """What the session of a file changes, compared with ``base`` (as the file showed it)."""
    shown = _dict(document.get("session"))
    changes: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in shown.items():
        if same(value, base.get(name, _MISSING)):
            continue
        if name in sessions.SHOWN or name in ("invalidation_reason", "invalidated_at"):
            _session_field(name, value, changes, report)
        elif _storable(f"session.{name}", value, report):
            extra[name] = value
    info = {
        name: value
        for name, value in _dict(document.get("account_info")).items()
        if not same(value, _dict(base.get("account_info")).get(name, _MISSING))
        and _storable(f"account_info.{name}", value, report)
    }
    return lambda session: session._replace(
        **changes, extra={**session.extra, **extra}, account_info={**session.account_info, **info}
    )


def messages_of(document: Document, report: Report) -> Iterator[tuple[MessageStatus, Content]]:
    """Every message of a file that can be stored; those further along first."""
    lists = _dict(document.get("messages"))
    for status in _FURTHEST_FIRST:
        entries = lists.get(status.value)
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            try:
                yield status, content_of(_with_id(entry))
            except InvalidMessage as error:
                report(f"messages.{status.value}[{number}] was left out: {error}")


def records_of(document: Document, report: Report) -> Iterator[tuple[str, str, str]]:
    """Every entry of the lists that other components keep: list, id and JSON text."""
    for name in RECORD_LISTS:
        entries = document.get(name)
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            if not isinstance(entry, dict):
                report(f"{name}[{number}] was left out: it is no object")
            elif _storable(f"{name}[{number}]", entry, report):
                yield name, record_id(name, entry), json.dumps(entry, ensure_ascii=False)


def record_id(name: str, entry: Mapping[str, Any]) -> str:
    """The id of an entry of another component: its own, or one derived from what it says at the beginning."""
    own = entry.get("id")
    if isinstance(own, str) and 0 < len(own) <= 500:
        return own
    told = {key: value for key, value in entry.items() if key not in ("status", "updated_at", "error", "message_id")}
    return _derived_id(name, told)


def totals_of(document: Document, report: Report) -> dict[MessageStatus, tuple[int, int | None]]:
    """The counters to begin with, of a file's statistics."""
    shown = _dict(document.get("statistics"))
    last = {_S.INCOMING: shown.get(LAST_RECEIVED), _S.SENT: shown.get(LAST_SENT)}
    totals = {}
    for status in MessageStatus:
        total = shown.get(_COUNTED_BY.get(status, ""), 0)
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            report(f"statistics.{_COUNTED_BY[status]} = {total!r} was left out: it is no count")
            total = 0
        totals[status] = (total, _time(last.get(status)))
    return totals


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values say the same; true is not 1."""
    return other is not _MISSING and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _unchanged(session: Session) -> Session:
    return session


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Leaves of nested settings: known groups are looked into, the user's own values are taken whole."""
    if isinstance(value, dict) and isinstance(settings.defaults().get(path), dict):
        for name, inner in value.items():
            yield f"{path}.{name}", inner
    else:
        yield path, value


def _at(base: Mapping[str, Any], path: str) -> Any:
    if path in base:
        return base[path]
    group, _, leaf = path.partition(".")
    return _dict(base.get(group)).get(leaf, _MISSING)


def _put(changes: dict[str, Any], path: str, value: Any) -> None:
    group, _, leaf = path.partition(".")
    if leaf and group in settings.defaults():
        changes.setdefault(group, {})[leaf] = value
    else:
        changes[path] = value


def _allowed(path: str, value: Any, report: Report) -> bool:
    group, _, leaf = path.partition(".")
    try:
        settings.check(*((group, {leaf: value}) if leaf and group in settings.defaults() else (path, value)))
    except ConfigError as error:
        report(f"{error}; it was left as it is")
        return False
    return _storable(path, value, report)


def _storable(path: str, value: Any, report: Report) -> bool:
    try:
        to_json(value, path)
    except InvalidMessage as error:
        report(f"{error}; it was left out")
        return False
    return True


def _session_field(name: str, value: Any, changes: dict[str, Any], report: Report) -> None:
    if name in sessions.TIMES:
        moment = _time(value)
        good = value is None or moment is not None
        value = moment
    elif name in _BOOLEANS:
        good = isinstance(value, bool)
    elif name == "validation_interval_minutes":
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    else:
        good = isinstance(value, str) and _storable(f"session.{name}", value, report)
    if good:
        changes[name] = value
    else:
        report(f"session.{name} has a value that cannot be used; it was left as it is")


def _time(value: Any) -> int | None:
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return parse_iso(local_iso(int(value * 1_000_000)))
        return parse_iso(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def _with_id(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    own = entry.get("id")
    if own is None or own == "":
        return {**entry, "id": _derived_id("message", entry)}
    return {**entry, "id": str(own)} if isinstance(own, int) and not isinstance(own, bool) else dict(entry)


def _derived_id(name: str, entry: Mapping[str, Any]) -> str:
    text = json.dumps([name, entry], sort_keys=True, ensure_ascii=True)
    return f"file-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
