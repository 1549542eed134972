"""``signoff status``: how it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from ..clock import local_iso
from ..lifecycle import MessageStatus
from ..state import StateManager
from ..statefile.exchange import HOLD
from ..store.rows import Row
from .feed import full_name_of, short
from .opening import database_of, opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, JsonOption, StateOption
from .summary import statistics_table
from .terminal import one_line, out, print_json
from .waiting import RECENT, Waiting, being_drafted, unanswered

_COVERED = f"the last {RECENT:,} events"
_SHOWN = 5
"""How many messages of a kind are named; --json names all."""


def status(
    as_json: JsonOption = False, state: StateOption = DEFAULT_STATE, account: AccountOption = DEFAULT_ACCOUNT
) -> None:
    """How it stands: the session, the lists, what waits for whom, the statistics."""
    with opened(state, account) as manager:
        document = report(manager, state)
        if as_json:
            print_json(document)
        else:
            _print(manager, document)


def report(manager: StateManager, file: Path) -> dict[str, Any]:
    """How it stands, for programs."""
    waiting = Waiting(manager)
    waiting.refresh()
    approved = manager.rows(MessageStatus.APPROVED)
    counters = manager.store.counters(manager.account)
    return {
        "database": str(database_of(file)),
        "account": manager.account_name,
        "session": session_report(manager),
        "account_info": manager.get_config("account_info"),
        "human_in_the_loop": manager.get_config("human_in_the_loop"),
        "lists": {status.value: counters[status].listed for status in MessageStatus},
        "waiting": {
            "for_you": [_named(manager, row) for row in waiting.drafts],
            "unconfirmed": [_named(manager, row) for row in waiting.unconfirmed],
            "for_an_assistant": [_named(manager, row) for row in being_drafted(manager)],
            "for_the_outbox": [_named(manager, row) for row in approved if row.approved_version is not None],
            "for_a_script": [_named(manager, row) for row in waiting.by_script],
            "unanswered": [_named(manager, row) for row in unanswered(manager)],
        },
        "outbox_hold": manager.get_config(HOLD),
        "statistics": manager.get_statistics(),
    }


def why_invalid(manager: StateManager) -> str | None:
    """Why the session cannot be used, and what to do; None when it can."""
    session = manager.store.session(manager.account)
    if manager.requires_qr_scan():
        why = session.invalidation_reason or ("its folder was deleted" if session.authenticated else "not linked")
        return f"a QR scan is due ({why}): on the phone, WhatsApp, Linked devices, Link a device"
    if manager.is_session_valid():
        return None
    if not session.authenticated:
        return "not authenticated"
    since = f" since {_moment(session.last_validation)}" if session.last_validation else ""
    return f"not validated{since}: signoff run does that as soon as the backend answers; no QR scan is needed"


def session_report(manager: StateManager) -> dict[str, Any]:
    """How the session stands, for programs."""
    session = manager.store.session(manager.account)
    since = session.unreachable_since
    return {
        **manager.get_session_info(),
        "valid": manager.is_session_valid(),
        "qr_due": manager.requires_qr_scan(),
        "why_invalid": why_invalid(manager),
        "unreachable_since": local_iso(since) if since is not None else None,
    }


def _named(manager: StateManager, row: Row) -> dict[str, Any]:
    since = local_iso(row.moved_at or row.added_at)
    return {"id": row.id, "name": full_name_of(manager, row), "chat": row.chat, "since": since, "why": row.changed_why}


def _print(manager: StateManager, document: dict[str, Any]) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for heading, text in _lines(manager, document):
        table.add_row(heading, text)
    out.print(table)
    out.print(statistics_table(manager))


def _lines(manager: StateManager, document: dict[str, Any]) -> Iterator[tuple[str, Text]]:
    session, info = document["session"], document["account_info"]
    valid = session["why_invalid"] is None
    yield "Session", Text("valid" if valid else one_line(session["why_invalid"]), style="green" if valid else "red")
    if session["unreachable_since"]:
        since = session["unreachable_since"][:19].replace("T", " ")
        yield "", Text(f"the backend has not answered since {since}; that says nothing about the session", "yellow")
    known = " ".join(str(info[key]) for key in ("number", "name", "platform") if info.get(key))
    yield "Account", Text(one_line(f"{document['account']}: {known or 'not known yet'}"))
    yield "Lists", Text(" · ".join(f"{name.replace('_', ' ')} {count}" for name, count in document["lists"].items()))
    yield from _waiting(document["waiting"])
    author = manager.config_author("human_in_the_loop")
    if document["human_in_the_loop"] is False and author:
        yield "Sign-off", Text(f"human_in_the_loop was set off by {author}: drafts leave without a person", "yellow")
    if document["outbox_hold"]:
        yield "Held", Text(f"nothing is sent: {one_line(str(document['outbox_hold']), 400)}", "red")
        yield "", Text("to confirm that it may go on: signoff doctor --release", "red")


def _waiting(waiting: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, Text]]:
    questions = (
        ("for_you", "to be decided by you: signoff inbox", "magenta"),
        ("unconfirmed", "sent, and nobody knows whether it arrived: signoff inbox", "red"),
        ("unanswered", f"without an answer of an assistant in {_COVERED}: for a person, on the phone", "yellow"),
        ("for_an_assistant", "to be drafted by an assistant", ""),
        ("for_the_outbox", "approved, to be sent", ""),
        ("for_a_script", "approved by a script, which sends it itself", ""),
    )
    heading = "Waiting"
    for key, meaning, style in questions:
        rows = waiting[key]
        if rows:
            yield heading, Text(f"{len(rows)} {meaning}", style=style)
            heading = ""
            names = [f"{short(row['name'])} (since {row['since'][:16].replace('T', ' ')})" for row in rows[:_SHOWN]]
            more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
            yield "", Text("  " + ", ".join(names) + more, style="dim")
    if heading:
        yield heading, Text("nothing", style="green")


def _moment(at: int) -> str:
    return local_iso(at)[:19].replace("T", " ")
