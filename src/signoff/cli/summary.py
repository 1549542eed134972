"""The statistics, for people."""

from __future__ import annotations

from rich import box
from rich.table import Table

from ..state import StateManager

_ROWS = {
    "came in": "total_incoming",
    "approved": "total_approved",
    "rejected": "total_rejected",
    "sent": "total_sent",
    "failed": "total_failed",
}


def statistics_table(state: StateManager) -> Table:
    """The totals since they were last reset."""
    statistics = state.get_statistics()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in _ROWS:
        table.add_column(name, justify="right")
    table.add_row(*(str(statistics[key]) for key in _ROWS.values()))
    return table
