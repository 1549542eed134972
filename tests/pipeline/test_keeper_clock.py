"""A clock that ran ahead and was put right holds nothing up."""

from __future__ import annotations

from signoff.gateway import Unknown

from .conftest import ANA, Line, MakeLine, Told


def test_what_was_approved_and_drafted_under_a_clock_running_ahead_goes_on_when_it_is_put_right(line: Line) -> None:
    month = 30 * 86_400
    line.clock.advance(month)
    row = line.approved()
    line.clock.advance(-month)
    assert line.outbox.round() == 0
    assert line.store.heed_clock(line.state.account) == 1
    assert (line.row(row.id).changed_what, line.row(row.id).changed_by) == ("clock set back", "keeper")
    assert line.outbox.round() == 1
    assert line.row(row.id).status == "sent"


def test_what_was_changed_since_the_clock_was_put_right_is_not_held_up_either(line: Line) -> None:
    year = 365 * 86_400
    line.clock.advance(year)
    first = line.receive("Are you open?")
    assert line.store.claim_draft(line.state.account, lease=1, by="gone") is not None
    line.clock.advance(-year)
    line.receive("Hello?")
    line.store.answered_elsewhere(line.state.account, ANA, "p1")
    assert line.store.heed_clock(line.state.account) >= 1
    line.clock.advance(60)
    line.drafts().round()
    assert line.answer_to(first) is not None


def test_an_attempt_of_a_clock_running_ahead_is_not_looked_up_for_longer_than_any_other(
    make_line: MakeLine, told: Told
) -> None:
    line = make_line(told)
    line.clock.advance(365 * 86_400)
    row = line.approved()
    told.before_lookup = lambda _: Unknown("nobody knows")
    told.fail_next("lost")
    told.before_send = lambda _: line.clock.advance(-365 * 86_400) and None
    line.outbox.round()
    assert (line.row(row.id).status, line.row(row.id).reason) == ("failed", "unconfirmed")


def test_an_undo_window_is_no_clock_running_ahead(line: Line) -> None:
    line.state.update_config({"approval_config": {"undo_seconds": 60}})
    line.approved()
    assert line.store.heed_clock(line.state.account) == 0
    assert line.outbox.round() == 0
