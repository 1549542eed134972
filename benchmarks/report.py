"""What was measured, in words and plain tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

Measured = dict[str, Any]

NAMES = {"signoff": "signoff", "sqlite3": "sqlite3 by hand", "jsonfile": "JSON file"}
ALONE, TOGETHER, FLAT = 0.9, 4.0, 0.9
"""The aims: of hand-written sqlite3 with one thread, and with 32; of an empty history with the longest one."""


def text(measured: Measured) -> str:
    """The whole report."""
    parts = [_head(measured), _rates(measured), _ratios(measured), _flat(measured), _waits(measured)]
    return "\n\n".join([*parts, _reads(measured), _starts(measured), _aims(measured)])


def ratios(cell: Measured, other: str) -> list[float]:
    """How many times as fast as ``other`` signoff was, in each round in which both took part."""
    return [_rate(ours) / _rate(theirs) for ours, theirs in zip(cell["signoff"], cell[other], strict=False)]


def flat_ratios(measured: Measured) -> dict[tuple[int, int], list[float]]:
    """By history and threads: how fast signoff was with that history, of what it was with none in the same round."""
    cells = measured["cells"]
    empty = {cell["threads"]: cell for cell in cells if not cell["history"]}
    return {
        (cell["history"], cell["threads"]): [
            _rate(full) / _rate(none)
            for full, none in zip(cell["signoff"], empty[cell["threads"]]["signoff"], strict=True)
        ]
        for cell in cells
        if cell["history"] and cell["threads"] in empty
    }


def _head(measured: Measured) -> str:
    machine = measured["machine"]
    return "\n".join(
        (
            f"{machine['system']}, {machine['cores']} x {machine['processor']}, Python {machine['python']}",
            "; ".join(measured["versions"].values()),
            f"load of the machine {machine['load'][0]} before, {machine['load'][1]} after",
            f"{measured['rounds']} rounds of slices of about {measured['seconds']:g} s",
            f"the disk alone: {_spread(measured['syncs'])} syncs of 4 KiB a second",
        )
    )


def _rates(measured: Measured) -> str:
    rows = [
        (_history(cell), str(cell["threads"]), *(_spread([_rate(each) for each in cell[name]]) for name in NAMES))
        for cell in measured["cells"]
    ]
    title = "Durable changes a second, with the reads between them (the JSON file is not durable): median, quartiles"
    return _table(title, ("history", "threads", *NAMES.values()), rows)


def _ratios(measured: Measured) -> str:
    rows = [
        (_history(cell), str(cell["threads"]), *(_spread(ratios(cell, name)) for name in ("sqlite3", "jsonfile")))
        for cell in measured["cells"]
    ]
    title = "signoff against the others in the same round: median, quartiles"
    return _table(title, ("history", "threads", "of sqlite3 by hand", "of the JSON file"), rows)


def _flat(measured: Measured) -> str:
    rows = [(f"{history:,}", str(threads), _spread(each)) for (history, threads), each in flat_ratios(measured).items()]
    title = "signoff with a history against signoff without one in the same round: median, quartiles"
    return _table(title, ("history", "threads", "of no history"), rows)


def _waits(measured: Measured) -> str:
    rows = [
        (
            _history(cell),
            str(cell["threads"]),
            *(_spread([each["longest"] * 1e3 for each in cell[name]]) for name in NAMES),
        )
        for cell in measured["cells"]
    ]
    return _table(
        "The longest wait for one change in a slice, in ms: median, quartiles",
        ("history", "threads", *NAMES.values()),
        rows,
    )


def _reads(measured: Measured) -> str:
    rows = [(name, *(f"{seconds * 1e6:.1f}" for seconds in taken)) for name, taken in measured["reads"].items()]
    return _table("Reads, in µs: median", ("call", "at rest", "after a change"), rows)


def _starts(measured: Measured) -> str:
    bare = measured["starts"]["python"]
    rows = [("python, nothing else", _spread([each * 1e3 for each in bare]), "")]
    for name in ("signoff", "sqlite3"):
        taken = measured["starts"][name]
        above = [(each - nothing) * 1e3 for each, nothing in zip(taken, bare, strict=True)]
        rows.append((NAMES[name], _spread([each * 1e3 for each in taken]), _spread(above)))
    title = "A process that imports, opens what is there, adds one message and closes, in ms: median, quartiles"
    return _table(title, ("", "the whole process", "above python"), rows)


def _aims(measured: Measured) -> str:
    lines = ["Aims"]
    for cell in measured["cells"]:
        aim = {1: ALONE, 32: TOGETHER}.get(cell["threads"])
        if aim is not None:
            what = (
                f"{cell['threads']} threads at {_history(cell)}"
                if cell["threads"] > 1
                else f"1 thread at {_history(cell)}"
            )
            lines.append(_aim(f"{what}: at least {aim:g} of sqlite3 by hand", ratios(cell, "sqlite3"), aim))
    for (history, threads), found in flat_ratios(measured).items():
        lines.append(_aim(f"{history:,} messages, threads {threads}: as with none, within 10 %", found, FLAT))
    return "\n".join(lines)


def _aim(what: str, found: list[float], least: float) -> str:
    median = statistics.median(found)
    return f"  {'met   ' if median >= least else 'MISSED'}  {what}: {median:.2f}"


def _rate(slice_: Measured) -> float:
    return float(slice_["rate"])


def _history(cell: Measured) -> str:
    return f"{cell['history']:,}"


def _spread(values: Sequence[float]) -> str:
    """The median, and between which values the middle half lies."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return f"{_figure(middle)} ({_figure(low)}-{_figure(high)})"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown = ["  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join([title, *(line.rstrip() for line in shown)])
