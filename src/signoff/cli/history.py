"""``signoff history``: everything that happened to a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
        out.print(*history_lines(events), sep="\n")


def history_lines(events: Sequence[JsonObject]) -> Iterator[Text]:
    """The events of a message, a line each."""
    for event in events:
        moved = event["to"] is not None and event["to"] != event["from"]
        version = f" (version {event['version']})" if (event["version"] or 1) > 1 else ""
        line = Text.assemble(
            (event["at"][:19].replace("T", " "), "dim"),
            (f"  {one_line(event['kind'])}{version}", "bold"),
            (f" → {event['to'].replace('_', ' ')}" if moved else "", "green"),
            f", by {one_line(event['by'])}",
        )
        yield line.append(f": {one_line(event['why'])}" if event["why"] else "", style="yellow")
