"""What was measured, in plain tables that are Markdown too, and whether it is what was aimed at."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Iterable, Sequence

import machine


def head(*lines: str) -> str:
    """What is measured on, and what more there is to say before the tables."""
    return "\n".join(f"- {line}" for line in (machine.described(), f"load of the machine {machine.load()}", *lines))


def progress(line: str) -> None:
    """Show how far it is, to somebody who looks on."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A title and a table; the first column is flushed left, the others right."""
    lines = [tuple(columns), *map(tuple, rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(columns))]
    rule = [("-" * width if not number else "-" * (width - 1) + ":") for number, width in enumerate(widths)]
    shown = [_row(lines[0], widths), _row(rule, widths), *(_row(line, widths) for line in lines[1:])]
    return "\n".join([title, "", *shown])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if number else cell.ljust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def spread(values: Sequence[float]) -> str:
    """The median, and between which values the middle half lies."""
    if len(values) < 2:
        return figure(values[0]) if values else "–"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{figure(middle)} ({figure(low)}–{figure(high)})"


def figure(value: float) -> str:
    """A number with as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def threads(count: int) -> str:
    """So many threads, in words."""
    return "1 thread" if count == 1 else f"{count} threads"


def aim(what: str, found: Sequence[float], *, least: float = -math.inf, most: float = math.inf) -> str:
    """One line: whether the median of what was found is what was aimed at."""
    median = statistics.median(found)
    return f"- {'met' if least <= median <= most else '**MISSED**'}: {what}: {figure(median)}"
