"""``signoff history``: everything that happened to a message."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from ..model import JsonObject
from .decide import IdArgument
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, JsonOption, StateOption
from .terminal import one_line, out, print_json


def history(
    message: IdArgument,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
) -> None:
    """Everything that happened to a message, oldest first: when, what, who and why."""
    with opened(state, account) as manager:
        events = manager.history(message)
    if as_json:
        print_json(events)
    else:
        out.print(history_table(events))


def history_table(events: Sequence[JsonObject]) -> Table:
    """The events of a message as a table."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("when", "what", "to", "by", "why"):
        table.add_column(heading, overflow="fold")
    for event in events:
        moved = event["to"] if event["to"] != event["from"] else None
        what = f"{event['kind']} (version {event['version']})" if (event["version"] or 1) > 1 else event["kind"]
        cells = (event["at"][:19].replace("T", " "), what, moved or "", event["by"], event["why"] or "")
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    return table
