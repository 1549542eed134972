"""A clock that ran ahead and was put right holds nothing up."""

from __future__ import annotations

from .conftest import Line


def test_what_was_approved_and_drafted_under_a_clock_running_ahead_goes_on_when_it_is_put_right(line: Line) -> None:
    month = 30 * 86_400
    line.clock.advance(month)
    row = line.approved()
    line.clock.advance(-month)
    assert line.outbox.round() == 0
    assert line.store.heed_clock(line.state.account) == 1
    assert line.outbox.round() == 1
    assert line.row(row.id).status == "sent"


def test_an_undo_window_is_no_clock_running_ahead(line: Line) -> None:
    line.state.update_config({"approval_config": {"undo_seconds": 60}})
    line.approved()
    assert line.store.heed_clock(line.state.account) == 0
    assert line.outbox.round() == 0
