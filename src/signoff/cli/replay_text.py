"""The report of a replay in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..pipeline.replay.export import Export
from ..pipeline.replay.report import DRAFTED, Exchange, Report, Tally, spread
from .terminal import one_line

SHOWN_DRAFTS = 8
"""How many drafts the terminal shows; the page of ``--report`` shows all."""
_SHOWN_CONTACTS = 12
_SHOWN_LINES = 10
_BAR = 24
_HEIGHTS = " ▁▂▃▄▅▆▇█"


def report_text(report: Report, exports: Sequence[Export]) -> RenderableType:
    """What came of a replay: in numbers, by contact and by hour, and some drafts beside what was answered then."""
    parts: Iterable[RenderableType | None] = (
        _numbers(report),
        _contacts(report) if report.contacts else None,
        _hours(report) if report.exchanges else None,
        _drafts(report) if report.drafts else None,
        *(_lines(export) for export in exports),
    )
    return Group(*(part for part in parts if part is not None))


def lasted(seconds: float | None) -> str:
    """A length of time, for people: the two greatest units."""
    if seconds is None:
        return "–"
    rest, parts = round(seconds), []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def percent(part: int, whole: int) -> str:
    """A share in whole percent."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def spread_text(values: Sequence[float]) -> str:
    """How long most waited: the median, nine of ten, the longest."""
    found = spread(values)
    if found is None:
        return "–"
    half, ninth, most = (lasted(found[name]) for name in ("median", "ninth", "most"))
    return f"half within {half}, nine of ten within {ninth}, longest {most}"


def figures(report: Report) -> dict[str, str]:
    """The report in some lines: a heading and a figure each."""
    total = report.total
    found = {
        "came in": f"{total.incoming:,}",
        "would have been answered": f"{total.drafted:,} ({percent(total.drafted, total.incoming)})",
        "would wait for a person": f"{total.waiting:,} ({percent(total.waiting, total.incoming)}){_reasons(total)}",
        "those waited then": spread_text(total.still),
        "all waited then": spread_text(total.waits),
        "never answered then": f"{total.unanswered:,}",
    }
    score = spread(total.scores)
    if score is not None:
        found["similarity of draft and answer"] = f"{score['median']:.2f} in the middle, {len(total.scores):,} compared"
    return found


def _reasons(total: Tally) -> str:
    counts = [f"{count:,} {outcome}" for outcome, count in total.outcomes.items() if count and outcome != DRAFTED]
    return f": {', '.join(counts)}" if counts else ""


def _numbers(report: Report) -> Table:
    table = _table("The replay")
    table.show_header = False
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, figure in figures(report).items():
        table.add_row(name, figure)
    return table


def _contacts(report: Report) -> Table:
    table = _table("By contact")
    table.add_column("contact")
    for name in ("came in", "drafted"):
        table.add_column(name, justify="right")
    table.add_column("█ drafted  ░ for a person", no_wrap=True)
    most = max(tally.incoming for tally in report.contacts.values())
    for name, tally in list(report.contacts.items())[:_SHOWN_CONTACTS]:
        table.add_row(one_line(name, 24), f"{tally.incoming:,}", f"{tally.drafted:,}", _bar(tally, most))
    if len(report.contacts) > _SHOWN_CONTACTS:
        table.caption = f"and {len(report.contacts) - _SHOWN_CONTACTS:,} more"
    return table


def _bar(tally: Tally, most: int) -> str:
    whole = max(1, round(_BAR * tally.incoming / most))
    full = round(whole * tally.drafted / tally.incoming)
    return "█" * full + "░" * (whole - full)


def _hours(report: Report) -> Table:
    table = _table("By hour of the day")
    table.show_header = False
    table.padding = (0, 0)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    most = max(tally.incoming for tally in report.hours)
    table.add_row("came in  ", _columns([tally.incoming for tally in report.hours], most))
    table.add_row("drafted  ", _columns([tally.drafted for tally in report.hours], most))
    table.add_row("", "".join(f"{hour:<6}" for hour in (0, 3, 6, 9, 12, 15, 18, 21)))
    return table


def _columns(counts: Sequence[int], most: int) -> str:
    heights = [-(-count * (len(_HEIGHTS) - 1) // most) for count in counts]
    return "".join(_HEIGHTS[height] * 2 for height in heights)


def _drafts(report: Report) -> Table:
    least = sorted(report.drafts, key=lambda exchange: (exchange.score is None, exchange.score))[:SHOWN_DRAFTS]
    title = "Drafts beside what was answered then"
    if len(report.drafts) > len(least):
        title += f": the {len(least)} least alike of {len(report.drafts):,}; --report FILE.html has all"
    table = _table(title)
    for name, ratio in (("came in", 3), ("draft", 4), ("answered then", 4)):
        table.add_column(name, ratio=ratio)
    table.add_column("alike", justify="right", no_wrap=True)
    for exchange in sorted(least, key=lambda exchange: exchange.at):
        table.add_row(*_cells(exchange))
    return table


def _cells(exchange: Exchange) -> tuple[Text, ...]:
    score = "–" if exchange.score is None else f"{exchange.score:.2f}"
    texts = (f"{exchange.contact}: {exchange.text}", exchange.draft or "", exchange.answer or "‹nothing›", score)
    return tuple(Text(one_line(text, 160)) for text in texts)


def _lines(export: Export) -> Text | None:
    chat = export.chat
    told = Text(
        f"{one_line(str(export.path))}: {chat.lines:,} lines: {len(chat.messages):,} messages, {chat.continued:,} "
        f"that continue one, {len(chat.system):,} of the app, {len(chat.unreadable):,} unreadable"
    )
    for line in chat.unreadable[:_SHOWN_LINES]:
        told.append(f"\n  line {line.line}: {one_line(line.text, 100)}", style="yellow")
    if len(chat.unreadable) > _SHOWN_LINES:
        told.append(f"\n  and {len(chat.unreadable) - _SHOWN_LINES:,} more; --report FILE.html has all", style="yellow")
    return told


def _table(title: str) -> Table:
    return Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
