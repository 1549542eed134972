"""What `lifecycle` measured, in tables."""

from __future__ import annotations

from typing import Any

import report
from report import spread

Measured = dict[str, Any]

BY_HAND = "sqlite3"
AIMS = {1: 0.95, 32: 4.5, 64: 5.0}
"""By threads: how many times as fast as sqlite3 by hand."""
SLOW_DISK_AIMS = {64: 12.0}
"""The same where a sync takes 2 ms longer."""
FLAT = 0.95
"""Of the speed with no history, with any."""


def text(measured: Measured) -> str:
    """The whole report."""
    histories = sorted({cell["history"] for cell in measured["cells"]})
    parts = [_head(measured)]
    for history in histories:
        parts += [_rates(measured, history), _waits(measured, history)]
    if "signoff" in measured["about"]:
        parts += [_ratios(measured), *([_flat(measured)] if len(histories) > 1 else []), _aims(measured)]
    return "\n\n".join(parts)


def ratios(cell: Measured, other: str) -> list[float]:
    """How many times as fast as ``other`` signoff was, in each round in which both took part."""
    return _quotients(cell.get("signoff", []), cell.get(other, []))


def flat_ratios(measured: Measured) -> dict[tuple[int, int], list[float]]:
    """By history and threads: how fast signoff was with that history, of what it was with none in the same round."""
    empty = {cell["threads"]: cell["signoff"] for cell in measured["cells"] if not cell["history"]}
    return {
        (cell["history"], cell["threads"]): _quotients(cell["signoff"], empty[cell["threads"]])
        for cell in measured["cells"]
        if cell["history"] and cell["threads"] in empty
    }


def _quotients(ones: list[Measured], others: list[Measured]) -> list[float]:
    return [float(one["rate"]) / float(other["rate"]) for one, other in zip(ones, others, strict=False)]


def _head(measured: Measured) -> str:
    return report.head(
        f"load of the machine {measured['load']} at the beginning",
        "; ".join(about["version"] for about in measured["about"].values()),
        f"{measured['rounds']} rounds of slices of about {measured['seconds']:g} s"
        + (", 2 ms added to each sync" if measured["slow_disk"] else ""),
        f"the disk alone, without any addition: {spread(measured['syncs'])} syncs of 4 KiB a second",
    )


def _rates(measured: Measured, history: int) -> str:
    cells = _cells(measured, history)
    rows = [
        (about["name"], about["durability"], *(spread(_of(cell, peer, "rate")) for cell in cells))
        for peer, about in measured["about"].items()
    ]
    title = f"Changes a second with a history of {history:,}, with the reads between them: median and quartiles"
    return report.table(title, ("", "durability", *map(_threads, cells)), rows)


def _waits(measured: Measured, history: int) -> str:
    cells = _cells(measured, history)
    rows = [
        (about["name"], *(spread([1e3 * longest for longest in _of(cell, peer, "longest")]) for cell in cells))
        for peer, about in measured["about"].items()
    ]
    title = f"The longest wait for one change in a slice with a history of {history:,}, in ms: median and quartiles"
    return report.table(title, ("", *map(_threads, cells)), rows)


def _ratios(measured: Measured) -> str:
    others = [(peer, about["name"]) for peer, about in measured["about"].items() if peer != "signoff"]
    rows = [
        (f"{cell['history']:,}", str(cell["threads"]), *(spread(ratios(cell, peer)) for peer, _ in others))
        for cell in measured["cells"]
    ]
    title = "How many times as fast as the others signoff was in the same round: median and quartiles"
    return report.table(title, ("history", "threads", *(name for _, name in others)), rows)


def _flat(measured: Measured) -> str:
    rows = [(f"{history:,}", str(threads), spread(each)) for (history, threads), each in flat_ratios(measured).items()]
    title = "signoff with a history against signoff without one in the same round: median and quartiles"
    return report.table(title, ("history", "threads", "of no history"), rows)


def _aims(measured: Measured) -> str:
    aims = SLOW_DISK_AIMS if measured["slow_disk"] else AIMS
    lines = ["Aims", ""]
    for cell in measured["cells"]:
        found = ratios(cell, BY_HAND)
        if cell["threads"] in aims and found:
            goal = aims[cell["threads"]]
            what = f"{_threads(cell)} at {cell['history']:,}: at least {goal:g} times sqlite3 by hand"
            lines.append(report.aim(what, found, least=goal))
    for (history, threads), found in flat_ratios(measured).items():
        lines.append(
            report.aim(f"{history:,} messages, {report.threads(threads)}: at least {FLAT:g} of none", found, least=FLAT)
        )
    return "\n".join(lines)


def _cells(measured: Measured, history: int) -> list[Measured]:
    return [cell for cell in measured["cells"] if cell["history"] == history]


def _of(cell: Measured, peer: str, what: str) -> list[float]:
    return [each[what] for each in cell.get(peer, [])]


def _threads(cell: Measured) -> str:
    return report.threads(cell["threads"])
