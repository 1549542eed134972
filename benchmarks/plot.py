"""A drawing of what `lifecycle` measured: changes a second by history and by threads, each contender a line."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

Measured = dict[str, Any]

WIDTH, HEIGHT, TOP, LEFT, GAP = 300, 340, 40, 60, 230
COLOURS = (
    *("#0b7a4b", "#1f4e9c", "#6a8fd0", "#b3541e", "#8a5fb0"),
    *("#c9a227", "#5f7f8c", "#a33b5b", "#777777", "#bbbbbb"),
)
_PAPER = '<rect width="100%" height="100%" fill="#fff"/>'
HIGHEST = 5
"""Powers of ten that the scale goes up to; it begins at 10 to the power of -1."""


def svg(measured: Measured) -> str:
    """The drawing: on the left by history with the most threads, on the right by threads with the longest history."""
    most = max(cell["threads"] for cell in measured["cells"])
    longest = max(cell["history"] for cell in measured["cells"])
    left = [cell for cell in measured["cells"] if cell["threads"] == most]
    right = [cell for cell in measured["cells"] if cell["history"] == longest]
    parts = [
        *_panel(measured, 0, f"by history, {most} threads", left, lambda cell: f"{cell['history']:,}"),
        *_panel(measured, WIDTH + GAP, f"by threads, {longest:,} messages", right, lambda cell: f"{cell['threads']}"),
    ]
    size = f'width="{2 * (WIDTH + GAP)}" height="{HEIGHT + 2 * TOP}"'
    style = 'font-family="sans-serif" font-size="12"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', _PAPER, *parts, "</svg>", ""])


def _panel(
    measured: Measured, x: int, title: str, cells: list[Measured], label: Callable[[Measured], str]
) -> Iterator[str]:
    yield f'<text x="{x + LEFT}" y="{TOP - 20}" font-weight="bold">Changes a second {escape(title)}</text>'
    for power in range(-1, HIGHEST + 1):
        y = _y(10.0**power)
        yield f'<path d="M{x + LEFT} {y:.0f}h{WIDTH}" stroke="#ddd"/>'
        yield f'<text x="{x + LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{10.0**power:,g}</text>'
    for place, cell in enumerate(cells):
        yield f'<text x="{_x(x, place, cells):.0f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{label(cell)}</text>'
    ends = []
    for colour, (peer, about) in zip(COLOURS, measured["about"].items(), strict=False):
        points = [
            (_x(x, place, cells), _y(statistics.median(each["rate"] for each in cell[peer])))
            for place, cell in enumerate(cells)
            if cell.get(peer)
        ]
        if points:
            way = " ".join(f"{px:.0f},{py:.0f}" for px, py in points)
            thick = 3 if peer == "signoff" else 2
            yield f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="{thick}"/>'
            ends.append((points[-1][1], colour, about["name"]))
    below = 0.0
    for y, colour, name in sorted(ends):
        below = max(y + 4, below + 14)  # so that no name stands upon another
        yield f'<text x="{x + LEFT + WIDTH + 8}" y="{below:.0f}" fill="{colour}">{escape(name)}</text>'


def _x(x: int, place: int, cells: list[Measured]) -> float:
    return x + LEFT + WIDTH * (place / (len(cells) - 1) if len(cells) > 1 else 0.5)


def _y(rate: float) -> float:
    return TOP + HEIGHT * (1 - (math.log10(max(rate, 0.1)) + 1) / (HIGHEST + 1))
