"""``signoff history``: everything that happened to a message, with a contact, or to the whole account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from ..clock import local_iso
from ..errors import NotFound
from ..model import JsonObject, check_id, check_text
from ..state import StateManager
from ..store.reports import NEWEST
from ..store.rows import Row
from .feed import text_of
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, JsonOption, StateOption
from .terminal import err, one_line, out, print_json

_PAGE = 50


def history(
    message: Annotated[
        str | None, typer.Argument(metavar="ID", help="The message, by its id. Of all messages when not given.")
    ] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", metavar="ADDRESS", help="All messages from and to this contact.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="N", help="The last N lines.")] = _PAGE,
    before: Annotated[
        int, typer.Option("--before", min=1, metavar="NUMBER", show_default=False, help="Only what came before this.")
    ] = NEWEST,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
) -> None:
    """Everything that happened to a message, with a contact, or at all: when, what, who and why; oldest first.

    What is earlier than the last lines is asked for with the number that is said below them. Examples:

    signoff history reply_3EB0A1

    signoff history --contact 15550100101@c.us --limit 200
    """
    if message is not None and contact is not None:
        raise typer.BadParameter("give a message or a contact, not both", param_hint="ID, --contact")
    with opened(state, account) as manager:
        if contact is not None:
            entries = _with_contact(manager, contact, before, limit)
        else:
            entries = _of_all(manager, before, limit) if message is None else _of(manager, message, before, limit)
    if as_json:
        print_json(entries)
        return
    lines = contact_lines(entries) if contact is not None else history_lines(entries)
    out.print(*lines, sep="\n") if entries else out.print("Nothing happened.")
    if len(entries) == limit:
        err.print(f"Earlier: --before {entries[0]['number']}", style="dim")


def history_lines(events: Sequence[JsonObject]) -> Iterator[Text]:
    """Events, a line each."""
    for event in events:
        moved = event["to"] is not None and event["to"] != event["from"]
        version = f" (version {event['version']})" if (event["version"] or 1) > 1 else ""
        name = f"  {one_line(event['message'], 60)}" if event.get("message") else ""
        line = Text.assemble(
            (event["at"][:19].replace("T", " "), "dim"),
            (name, "cyan"),
            (f"  {one_line(event['kind'])}{version}", "bold"),
            (f" → {event['to'].replace('_', ' ')}" if moved else "", "green"),
            f", by {one_line(event['by'])}",
        )
        yield line.append(f": {one_line(event['why'])}" if event["why"] else "", style="yellow")


def contact_lines(messages: Sequence[JsonObject]) -> Iterator[Text]:
    """Messages from and to a contact, a line each."""
    for entry in messages:
        yield Text.assemble(
            (entry["at"][:19].replace("T", " "), "dim"),
            ("  → " if entry["outgoing"] else "  ← ", "green" if entry["outgoing"] else "cyan"),
            (f"{entry['status'].replace('_', ' ')}  ", "bold"),
            (f"{one_line(entry['id'], 60)}  ", "dim"),
            one_line(text_of(entry["message"])),
        )


def _of(manager: StateManager, message: str, before: int, limit: int) -> list[dict[str, Any]]:
    found = manager.store.history(manager.account, check_id(message))
    events = [{"number": event.seq} | event.as_dict() for event in found if event.seq < before]
    return events[-limit:]


def _of_all(manager: StateManager, before: int, limit: int) -> list[dict[str, Any]]:
    logged = manager.store.events(manager.account, before=before, limit=limit)
    return [{"number": each.event.seq, "message": each.message} | each.event.as_dict() for each in logged]


def _with_contact(manager: StateManager, contact: str, before: int, limit: int) -> list[dict[str, Any]]:
    rows = manager.store.with_contact(manager.account, check_text(contact, "an address"), before=before, limit=limit)
    if not rows and before == NEWEST:
        raise NotFound(f"there is no message from or to {contact!r}: give an address such as 15550100101@c.us")
    return [_entry(row) for row in rows]


def _entry(row: Row) -> dict[str, Any]:
    return {
        "number": row.seq,
        "at": local_iso(row.moved_at or row.added_at),
        "id": row.id,
        "status": row.status,
        "outgoing": "recipient" in row.message,
        "message": row.message,
    }
