"""``signoff stats``: what was counted, in all and by day."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer
from rich import box
from rich.console import RenderableType
from rich.live import Live
from rich.table import Table

from ..clock import SECOND, local_iso
from ..lifecycle import MessageStatus
from ..state import StateManager
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, JsonOption, StateOption
from .summary import statistics_table
from .terminal import out, print_json

GLANCE = 0.1
"""Seconds between two looks at whether anything has changed."""
_BAR = 16
_PARTS = " ▏▎▍▌▋▊▉█"
_SHOWN = {
    "came in": MessageStatus.INCOMING,
    "approved": MessageStatus.APPROVED,
    "rejected": MessageStatus.REJECTED,
    "sent": MessageStatus.SENT,
    "failed": MessageStatus.FAILED,
}


def stats(
    by_day: Annotated[
        bool, typer.Option("--by-day", help="Day by day, with bars for what came in and was sent.")
    ] = False,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, metavar="N", help="The last N days.")] = 14,
    watch: Annotated[bool, typer.Option("--watch", help="Go on showing them as they change, until Ctrl+C.")] = False,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
) -> None:
    """What came in, was approved, rejected, sent and failed: since the last reset, or by day.

    The days are counted from the history, so resetting the statistics changes nothing in them. With --watch and
    --json each change is one document on a line of its own. Examples:

    signoff stats --by-day --days 30

    signoff stats --watch
    """
    with opened(state, account) as manager:
        if not watch:
            _print(manager, days if by_day else None, as_json)
        elif as_json or not out.is_terminal or out.is_dumb_terminal:
            for _ in _changes(manager):
                _print(manager, days if by_day else None, as_json, indent=None)
        else:
            _show_live(manager, days if by_day else None)


def per_day(manager: StateManager, days: int) -> list[dict[str, Any]]:
    """How many messages came into each list on each of the last days, today last; days are those of the local time."""
    today = date.fromisoformat(local_iso(manager.clock())[:10])
    dates = [today - timedelta(days=back) for back in range(days - 1, -2, -1)]
    counted = manager.store.tally(manager.account, [_midnight(day) for day in dates])
    return [
        {"day": day.isoformat(), **{status.value: tally[status] for status in MessageStatus}}
        for day, tally in zip(dates, counted, strict=False)
    ]


def bar(value: int, largest: int) -> str:
    """A bar of up to sixteen columns, to an eighth of one; what is not nothing is seen."""
    eighths = 0 if not largest else max(round(value / largest * _BAR * 8), 1 if value else 0)
    full, part = divmod(eighths, 8)
    return (_PARTS[8] * full + (_PARTS[part] if part else "")) if _is_drawable() else "#" * (full + (part > 3))


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day).timestamp() * SECOND)


def _is_drawable() -> bool:
    try:
        _PARTS.encode(out.encoding)
    except UnicodeEncodeError:
        return False
    return True


def _print(manager: StateManager, days: int | None, as_json: bool, indent: int | None = 2) -> None:
    if as_json:
        print_json(manager.get_statistics() if days is None else per_day(manager, days), indent=indent)
    else:
        out.print(_drawn(manager, days))


def _drawn(manager: StateManager, days: int | None) -> RenderableType:
    return statistics_table(manager) if days is None else _days_table(per_day(manager, days))


def _days_table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("day")
    for name in _SHOWN:
        table.add_column(name, justify="right")
    table.add_column("", width=_BAR, no_wrap=True)
    largest = max(max(day["incoming"], day["sent"]) for day in found)
    for day in found:
        came, sent = bar(day["incoming"], largest), bar(day["sent"], largest)
        counts = [str(day[status.value] or "·") for status in _SHOWN.values()]
        table.add_row(day["day"], *counts, f"[cyan]{came}[/cyan]")
        if sent:
            table.add_row("", *[""] * len(_SHOWN), f"[green]{sent}[/green]")
    table.caption = "upper bar: came in · lower bar: sent"
    table.caption_justify = "left"
    return table


def _changes(manager: StateManager) -> Iterator[None]:
    """Now, and whenever something has changed."""
    while True:
        seen = manager.store.last_event()
        yield
        while manager.store.last_event() == seen:
            time.sleep(GLANCE)


def _show_live(manager: StateManager, days: int | None) -> None:
    with Live(console=out, auto_refresh=False, screen=False) as live:
        for _ in _changes(manager):
            live.update(_drawn(manager, days), refresh=True)
