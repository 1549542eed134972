"""What the state file says: the keys of the guide and of the other components, and a revision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from itertools import islice
from typing import TYPE_CHECKING, Any

from .. import session as sessions
from ..clock import local_iso
from ..lifecycle import MessageStatus
from ..session import Session
from ..settings import RECORD_LISTS, with_defaults

if TYPE_CHECKING:
    from ..store.files import View
    from ..store.rows import Counter

VERSION = "1.0.0"
CHOSEN = "human_in_the_loop_chosen"
"""In the metadata of a backup: whether somebody has chosen, so that a default never switches sign-off off."""
NEWEST = 100
"""How many messages of each list the state file shows."""

LAST_RECEIVED, LAST_SENT = "last_message_received", "last_message_sent"
COUNTED = {
    "total_incoming": MessageStatus.INCOMING,
    "total_sent": MessageStatus.SENT,
    "total_failed": MessageStatus.FAILED,
    "total_approved": MessageStatus.APPROVED,
    "total_rejected": MessageStatus.REJECTED,
}

_PARSED_AT_ONCE = 100
_NO_ACCOUNT = {"number": None, "name": None, "platform": None, "last_updated": None}


def render(view: View, limit: int | None, kind: str | None = None) -> Iterator[str]:
    """The whole document as pieces of JSON text, in the guide's order, each message on a line of its own.

    Args:
        limit: how many messages of each list, newest; None for all.
        kind: ``backup`` for what is meant to be restored.
    """
    yield "{\n"
    yield _field("session", session_fields(view.session)) + _field("account_info", account_info(view.session))
    yield '  "messages": {\n'
    for number, status in enumerate(MessageStatus):
        yield from _list(status.value, view.messages(status, limit), indent="    ")
        yield ",\n" if number < len(MessageStatus) - 1 else "\n"
    yield "  },\n"
    yield _field("statistics", statistics(view.counters))
    for key, value in with_defaults(view.settings).items():
        yield _field(key, value)
    for name in RECORD_LISTS:
        yield from _list(name, view.records(name, limit), indent="  ")
        yield ",\n"
    yield f'  "metadata": {_indented(metadata(view, kind))}\n}}\n'


def whole(view: View) -> dict[str, Any]:
    """The whole document with all messages, as `render` writes it.

    It is parsed some messages at a time: the parser lets no other thread run.
    """
    document: dict[str, Any] = json.loads("".join(render(view, 0)))
    for status in MessageStatus:
        document["messages"][status.value] = _parsed(view.messages(status, None))
    for name in RECORD_LISTS:
        document[name] = _parsed(view.records(name, None))
    return document


def statistics(counters: Mapping[MessageStatus, Counter]) -> dict[str, Any]:
    """The guide's statistics."""
    totals: dict[str, Any] = {name: counters[status].total for name, status in COUNTED.items()}
    return totals | {
        LAST_RECEIVED: _iso(counters[MessageStatus.INCOMING].last_at),
        LAST_SENT: _iso(counters[MessageStatus.SENT].last_at),
    }


def session_fields(session: Session) -> dict[str, Any]:
    """The guide's session: its fields in its order, then what is known besides; times are local ISO strings."""
    record = sessions.to_record(session)
    shown = {name: record[name] for name in sessions.SHOWN}
    if session.invalidation_reason is not None:
        shown["invalidation_reason"] = session.invalidation_reason
        shown["invalidated_at"] = session.invalidated_at
    times = {name: _iso(shown[name]) for name in sessions.TIMES if name in shown}
    return {**shown, **times, **deepcopy(dict(session.extra))}


def account_info(session: Session) -> dict[str, Any]:
    """The guide's account_info."""
    return {**_NO_ACCOUNT, **deepcopy(dict(session.account_info))}


def metadata(view: View, kind: str | None = None) -> dict[str, Any]:
    """The guide's metadata, and the revision by which an edit is known for one."""
    shown = {
        "version": VERSION,
        "created_at": _iso(view.time_of(1)),
        "last_updated": _iso(view.time_of(view.revision)),
        "revision": view.revision,
        "store": view.store_id,
        "account": view.account_name,
    }
    if kind is None:
        return shown
    return {**shown, "kind": kind, CHOSEN: "human_in_the_loop" in view.settings}


def _parsed(entries: Iterator[str]) -> list[Any]:
    parsed: list[Any] = []
    while some := list(islice(entries, _PARSED_AT_ONCE)):
        parsed += json.loads(f"[{','.join(some)}]")
    return parsed


def _list(name: str, entries: Iterable[str], indent: str) -> Iterator[str]:
    yield f"{indent}{json.dumps(name)}: ["
    separator = "\n"
    for entry in entries:
        yield f"{separator}{indent}  {entry}"
        separator = ",\n"
    yield "]" if separator == "\n" else f"\n{indent}]"


def _field(key: str, value: Any) -> str:
    return f"  {json.dumps(key, ensure_ascii=False)}: {_indented(value)},\n"


def _indented(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n  ")


def _iso(at: int | None) -> str | None:
    return None if at is None else local_iso(at)
