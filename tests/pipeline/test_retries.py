"""Order, pace and retries: in each chat one after the other, as a person would, and not for ever."""

from __future__ import annotations

import pytest

from signoff import MessageStatus
from signoff.clock import MINUTE, SECOND
from signoff.pipeline.outbox import Outbox

from .conftest import ANA, BEN, Line, MakeLine, Told, standing

APPROVED = MessageStatus.APPROVED
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED
PENDING = MessageStatus.PENDING_APPROVAL

TEXT = "Until six."


class TestOrderAndPace:
    def test_within_a_chat_in_the_order_of_approval(self, line: Line) -> None:
        rows = [line.draft(f"Answer {number}", aliases=[]) for number in range(4)]
        for row in (rows[2], rows[0], rows[3], rows[1]):
            line.state.approve(row.id, despite=line.row(row.id).stale)
        while line.outbox.round():
            pass
        assert [text for _, text in line.delivered()] == ["Answer 2", "Answer 0", "Answer 3", "Answer 1"]

    def test_one_that_has_to_wait_holds_up_its_chat_and_no_other(self, line: Line) -> None:
        line.world.fail_next("refuse-passing")
        line.approved("first")
        line.outbox.round()
        second = line.draft("second")
        line.state.approve(second.id, despite=second.stale)
        line.approved("to ben", BEN)
        while line.outbox.round():
            pass
        assert line.delivered() == [(BEN, "to ben")]
        line.clock.advance(60)
        while line.outbox.round():
            pass
        assert line.delivered()[1:] == [(ANA, "first"), (ANA, "second")]

    def test_what_a_script_sent_and_has_not_moved_yet_holds_up_nobody(self, line: Line) -> None:
        line.state.add_message({"id": "s1", "recipient": ANA, "body": "Sale!"}, APPROVED)
        line.store.approve_beside(line.row("s1"), by="script", kind="script")
        claim = line.store.claim_row(line.row("s1"), lease=MINUTE, by="script")
        assert claim is not None
        line.outbox.deliver(claim)
        assert standing(line.row("s1"))[:2] == ("approved", "accepted")
        line.approved()
        line.outbox.round()
        assert line.delivered() == [(ANA, "Sale!"), (ANA, TEXT)]

    def test_between_two_there_is_the_pause_that_was_set(self, line: Line) -> None:
        line.state.update_config({"pacing_config": {"min_seconds": 5}})
        line.approved("first")
        line.approved("second", BEN)
        assert line.outbox.round() == 1
        assert line.outbox.round() == 0
        line.clock.advance(4.9)
        assert line.outbox.round() == 0
        line.clock.advance(0.1)
        assert line.outbox.round() == 1

    def test_a_clock_set_back_does_not_make_the_pause_longer(self, line: Line) -> None:
        line.state.update_config({"pacing_config": {"min_seconds": 5}})
        row = line.draft("second", BEN)
        line.approved("first")
        line.outbox.round()
        line.clock.advance(-86_400)
        line.state.approve(row.id)
        assert line.outbox.round() == 1

    def test_the_contact_sees_that_someone_is_typing(self, make_line: MakeLine, told: Told) -> None:
        line = make_line(told)
        line.approved()
        shown: list[str] = []
        told.before_typing = shown.append
        line.outbox.round()
        assert shown == [ANA]

    def test_a_gateway_that_cannot_show_typing_sends_all_the_same(
        self, make_line: MakeLine, told: Told, caplog: pytest.LogCaptureFixture
    ) -> None:
        line = make_line(told)
        row = line.approved()

        def fail(_: str) -> None:
            raise OSError("no route")

        told.before_typing = fail
        line.outbox.round()
        assert line.row(row.id).status == "sent"
        assert "could not show typing" in caplog.text


class TestRefused:
    def test_for_good_is_failed_and_never_tried_by_itself(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("refuse")
        line.outbox.round()
        assert standing(line.row(row.id)) == ("failed", "refused", "refused")
        assert line.last_why(row.id) == "refused on demand"
        line.clock.advance(86_400)
        assert line.outbox.round() == 0

    def test_for_good_it_goes_after_a_person_said_try_again(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("refuse")
        line.outbox.round()
        line.state.approve(row.id)
        assert line.kinds(row.id)[-1] == "tried again"
        line.outbox.round()
        assert line.delivered() == [(ANA, TEXT)]

    def waits(self, line: Line) -> list[float]:
        """Seconds between the attempts of the one approved message, until it is sent or given up."""
        waits: list[float] = []
        while True:
            line.outbox.round()
            row = next(iter(line.state.rows(APPROVED)), None)
            if row is None:
                return waits
            assert row.due is not None
            waits.append((row.due - line.clock()) / SECOND)
            line.clock.now = row.due - 1
            assert line.outbox.round() == 0
            line.clock.now = row.due

    def test_for_a_passing_reason_it_is_tried_again_with_growing_pauses(self, line: Line) -> None:
        line.world.fail_next("refuse-passing", times=3)
        line.approved()
        assert self.waits(line) == [2, 4, 8]
        assert line.delivered() == [(ANA, TEXT)]

    def test_as_often_as_the_setting_says_and_no_more(self, line: Line) -> None:
        line.state.update_config({"retry_config": {"max_retries": 2, "exponential_backoff": False}})
        line.world.fail_next("refuse-passing", times=9)
        row = line.approved()
        assert self.waits(line) == [2, 2]
        assert standing(line.row(row.id)) == ("failed", "refused", "refused")
        assert line.delivered() == []

    def test_tried_again_by_a_person_it_has_all_its_tries_anew(self, line: Line) -> None:
        line.world.fail_next("refuse-passing", times=7)
        row = line.approved()
        assert self.waits(line) == [2, 4, 8]
        assert line.row(row.id).status == "failed"
        line.state.approve(row.id)
        assert self.waits(line) == [2, 4, 8]
        assert line.row(row.id).status == "sent"

    @pytest.mark.parametrize(("jitter", "wait"), [(0.0, 1.6), (1.0, 2.4)])
    def test_chance_spreads_the_pauses(self, line: Line, jitter: float, wait: float) -> None:
        line.outbox = Outbox(line.state, line.world, jitter=lambda: jitter)
        line.world.fail_next("refuse-passing")
        line.approved()
        assert self.waits(line) == [wait]

    def test_while_it_waits_it_can_be_taken_back(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("refuse-passing")
        line.outbox.round()
        line.state.take_back(row.id)
        line.clock.advance(3600)
        assert line.outbox.round() == 0

    def test_a_session_that_is_not_ready_is_a_passing_reason(self, line: Line) -> None:
        row = line.approved()
        line.world.change_session("connecting")
        line.outbox.round()
        assert line.row(row.id).status == "approved"
        line.world.change_session("ready")
        line.clock.advance(60)
        line.outbox.round()
        assert line.delivered() == [(ANA, TEXT)]
