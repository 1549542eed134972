"""The keeper: settles what scripts left, removes texts, asks for the session in time, and asks nobody for a scan."""

from __future__ import annotations

import logging

import pytest

from signoff import MessageStatus
from signoff.clock import MINUTE
from signoff.gateway.simulator import Simulator
from signoff.pipeline.keeper import Keeper
from signoff.store.rows import Claim

from ..conftest import ManualClock
from .conftest import ANA, Line, MakeLine

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED
REJECTED = MessageStatus.REJECTED


def sends(line: Line, message_id: str = "s1") -> Claim:
    """A script sends a message of its own, and does not move it."""
    line.state.add_message({"id": message_id, "recipient": ANA, "body": f"Sale {message_id}!"}, PENDING)
    line.store.approve_beside(line.row(message_id), by="script", kind="script")
    claim = line.store.claim_row(line.row(message_id), lease=MINUTE, by="script")
    assert claim is not None
    return claim


class TestWhatScriptsLeft:
    def test_what_a_script_sent_and_never_moved_is_settled_after_a_minute(self, line: Line) -> None:
        line.outbox.deliver(sends(line))
        line.clock.advance(59)
        line.keeper.round()
        assert line.row("s1").status == "pending_approval"
        line.clock.advance(1)
        assert line.keeper.round() == 1
        assert line.row("s1").status == "sent"
        assert line.kinds("s1")[-1] == "sent, by its attempt"

    @pytest.mark.parametrize(("fault", "reason"), [("refuse", "refused"), ("lost", "unconfirmed")])
    def test_what_failed_too(self, make_line: MakeLine, clock: ManualClock, fault: str, reason: str) -> None:
        line = make_line(Simulator(clock=clock, can_lookup=False))
        line.world.fail_next(fault)
        line.outbox.deliver(sends(line))
        line.clock.advance(60)
        line.keeper.round()
        assert (line.row("s1").status, line.row("s1").reason) == ("failed", reason)

    def test_what_the_script_moved_in_time_is_left_alone(self, line: Line) -> None:
        line.outbox.deliver(sends(line))
        assert line.state.move_message("s1", PENDING, SENT)
        before = line.row("s1")
        line.clock.advance(3600)
        assert line.keeper.round() == 0
        assert line.row("s1") == before


class TestTexts:
    def test_cleared_texts_are_removed_and_ids_stay_known(self, line: Line) -> None:
        message_id = line.receive("their secret")
        line.state.clear_messages(INCOMING)
        assert "secret" in line.row(message_id).payload
        line.keeper.round()
        assert line.row(message_id).payload == "{}"
        line.receive("their secret", id=message_id)
        assert line.ids(INCOMING) == []

    def test_retention_clears_finished_messages_after_so_many_days_and_keeps_ids(self, line: Line) -> None:
        line.state.update_config({"retention_config": {"days": 30}})
        row = line.approved()
        line.outbox.round()
        old = line.state.get_messages(INCOMING)[0]["id"]
        waiting = line.draft("Still open")
        line.clock.advance(30 * 86_400 - 60)
        recent = line.receive("A recent one")
        line.keeper.round()
        assert row.id in line.ids(SENT)
        line.clock.advance(61)
        line.keeper.round()
        assert line.ids(SENT) == []
        assert line.ids(INCOMING) == [recent]
        assert line.row(row.id).payload == "{}"
        assert line.ids(PENDING) == [waiting.id]
        line.receive("Are you open?", id=old)
        assert line.ids(INCOMING) == [recent]

    def test_by_default_nothing_is_removed(self, line: Line) -> None:
        message_id = line.receive()
        line.clock.advance(10 * 365 * 86_400)
        assert line.keeper.round() == 0
        assert line.ids(INCOMING) == [message_id]

    def test_statistics_do_not_change_by_it(self, line: Line) -> None:
        line.approved()
        line.outbox.round()
        before = line.state.get_statistics()
        line.state.update_config({"retention_config": {"days": 1}})
        line.clock.advance(2 * 86_400)
        line.keeper.round()
        assert line.state.get_statistics() == before


class TestValidation:
    @pytest.fixture(autouse=True)
    def ready(self, line: Line) -> None:
        line.inbox.round()
        assert line.state.is_session_valid()

    def test_the_session_never_goes_out_of_date_while_the_backend_answers(self, line: Line) -> None:
        for _ in range(24 * 60):
            line.clock.advance(60)
            line.keeper.round()
            assert line.state.is_session_valid()

    def test_it_is_asked_more_often_where_the_interval_is_short(self, line: Line) -> None:
        line.state.change_session(lambda session: session._replace(validation_interval_minutes=3), "by hand")
        for _ in range(30):
            line.clock.advance(60)
            line.keeper.round()
            assert line.state.is_session_valid()

    @pytest.mark.parametrize("away", ["unreachable", "connecting"])
    def test_no_answer_makes_it_out_of_date_and_asks_for_no_scan(self, line: Line, away: str) -> None:
        line.world.change_session(away)
        for _ in range(60):
            line.clock.advance(60)
            line.keeper.round()
        assert not line.state.is_session_valid()
        assert not line.state.requires_qr_scan()
        line.world.change_session("ready")
        line.clock.advance(600)
        line.keeper.round()
        assert line.state.is_session_valid()

    def test_it_clears_a_mark_only_if_that_was_set_while_nothing_answered(self, line: Line) -> None:
        line.state.mark_session_invalid("I gave the phone away")
        line.clock.advance(3600)
        line.keeper.round()
        assert line.state.requires_qr_scan()

    def test_a_clock_set_back_does_not_stop_it(self, line: Line) -> None:
        line.keeper.round()
        line.clock.advance(-86_400)
        line.keeper.round()
        assert line.store.session(line.state.account).last_validation == line.clock()

    def test_without_a_gateway_nobody_is_asked(self, line: Line) -> None:
        keeper = Keeper(line.state)
        line.clock.advance(3600)
        keeper.round()
        assert not line.state.is_session_valid()

    def test_people_are_warned_before_the_phone_loses_its_link(
        self, line: Line, caplog: pytest.LogCaptureFixture
    ) -> None:
        line.world.change_session("unreachable")
        with caplog.at_level(logging.WARNING):
            for day in range(1, 13):
                for _ in range(24):
                    line.clock.advance(3600)
                    line.keeper.round()
                warned = [message for message in caplog.messages if "unlinks a device after 14" in message]
                assert len(warned) == max(0, day - 9), day
