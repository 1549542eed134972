"""The outbox: what was approved is handed over at most once by itself, and what became of it is never guessed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from signoff import MessageStatus
from signoff.clock import SECOND
from signoff.errors import StoreBusy
from signoff.gateway import Accepted, Outcome, Outgoing, Receipt, Refused, Unknown
from signoff.gateway.simulator import Simulator
from signoff.pipeline.outbox import LEASE, LOOK_AGAIN, LOOK_FOR, Outbox
from signoff.statefile.exchange import HOLD
from signoff.store.rows import Row

from .conftest import ANA, Line, MakeLine, Told, another_process_holds, standing

APPROVED = MessageStatus.APPROVED
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED
PENDING = MessageStatus.PENDING_APPROVAL

TEXT = "Until six."


class TestWhatItSends:
    def test_exactly_the_approved_text_to_exactly_the_approved_chat(
        self, line: Line, caplog: pytest.LogCaptureFixture
    ) -> None:
        text = "  Täglich 🙂 until six.\n"
        row = line.draft("Until six.")
        line.state.edit(row.id, text)
        line.state.approve(row.id)
        assert line.outbox.round() == 1
        assert line.delivered() == [(ANA, text)]
        assert standing(line.row(row.id)) == ("sent", "accepted", None)
        assert line.state.history(row.id)[-1]["by"] == "outbox"
        assert "by someone else" not in caplog.text

    def test_the_gateway_is_told_the_attempt_so_that_it_can_be_looked_up_later(
        self, make_line: MakeLine, told: Told
    ) -> None:
        line = make_line(told)
        row = line.approved()
        seen: list[Outgoing] = []
        told.before_send = seen.append
        line.outbox.round()
        (attempt,) = line.store.attempts(row.seq)
        assert seen == [Outgoing(attempt.token, ANA, TEXT, attempt.started_at)]

    @pytest.mark.parametrize("given", ["true_15550100101@c.us_3EB0", None])
    def test_the_gateways_own_id_is_kept_with_the_attempt_where_it_has_one(
        self, make_line: MakeLine, told: Told, given: str | None
    ) -> None:
        line = make_line(told)
        row = line.approved()
        told.before_send = lambda _: Accepted(given)
        line.outbox.round()
        assert standing(line.row(row.id)) == ("sent", "accepted", None)
        assert line.store.attempts(row.seq)[0].gateway_id == given

    def test_once(self, line: Line) -> None:
        line.approved()
        rounds = [line.outbox.round() for _ in range(3)]
        assert rounds == [1, 0, 0]
        assert len(line.delivered()) == 1

    def test_nothing_without_an_approval(self, line: Line) -> None:
        line.draft()
        line.state.add_message({"id": "s1", "recipient": ANA, "body": "Sale!"}, PENDING)
        line.state.add_message({"id": "s2", "recipient": ANA, "body": "Sale!"}, APPROVED)
        line.state.move_message("s1", PENDING, APPROVED)
        assert line.outbox.round() == 0
        assert line.delivered() == []

    def test_what_a_person_approves_of_a_scripts_messages(self, line: Line) -> None:
        line.state.add_message({"id": "s1", "recipient": ANA, "body": "Sale!"}, APPROVED)
        line.state.approve("s1")
        line.outbox.round()
        assert line.delivered() == [(ANA, "Sale!")]
        assert line.row("s1").status == "sent"

    def test_the_attempt_is_on_the_disk_before_the_gateway_is_called(self, make_line: MakeLine, told: Told) -> None:
        line = make_line(told)
        row = line.approved()
        program = (
            "import sqlite3, sys; db = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n"
            "print(db.execute('SELECT token, outcome FROM attempts').fetchall())"
        )
        seen: list[str] = []

        def look(_: Outgoing) -> None:
            arguments = [sys.executable, "-c", program, str(line.store.database.path)]
            seen.append(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip())

        told.before_send = look
        line.outbox.round()
        assert seen == [f"[('{line.store.attempts(row.seq)[0].token}', None)]"]

    def test_what_was_cleared_is_not_sent(self, line: Line) -> None:
        line.approved()
        line.state.clear_messages(APPROVED)
        line.keeper.round()
        assert line.outbox.round() == 0
        assert line.delivered() == []

    def test_what_was_cleared_while_it_was_sent_is_still_settled(self, make_line: MakeLine, told: Told) -> None:
        line = make_line(told)
        row = line.approved()
        told.before_send = lambda _: line.state.clear_messages(APPROVED)
        line.outbox.round()
        assert line.ids(APPROVED) == []
        assert line.row(row.id).status == "sent"

    def test_what_was_forgotten_is_not_sent(self, line: Line) -> None:
        line.approved()
        line.state.forget(ANA)
        assert line.outbox.round() == 0

    def test_nothing_while_it_is_held(self, line: Line) -> None:
        line.approved()
        line.state.set_config(HOLD, "the database is an older copy")
        assert line.outbox.round() == 0
        line.state.set_config(HOLD, None)
        assert line.outbox.round() == 1


class TestUnknown:
    def test_delivered_and_looked_up_it_is_sent(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("lose-answer")
        line.outbox.round()
        assert standing(line.row(row.id)) == ("sent", "accepted", None)
        assert len(line.delivered()) == 1

    def test_lost_and_looked_up_it_is_tried_again(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("lost")
        line.outbox.round()
        assert line.row(row.id).status == "approved"
        assert "it never left" in line.last_why(row.id)
        line.clock.advance(60)
        line.outbox.round()
        assert len(line.delivered()) == 1

    def test_what_certainly_never_left_is_tried_again_whatever_the_gateway_thinks_of_that(
        self, make_line: MakeLine, told: Told
    ) -> None:
        line = make_line(told)
        row = line.approved()
        told.fail_next("lost")
        told.before_lookup = lambda _: Refused("not among the last fifty")
        line.outbox.round()
        assert line.row(row.id).status == "approved"
        line.clock.advance(60)
        line.outbox.round()
        assert line.delivered() == [(ANA, TEXT)]

    def test_still_on_its_way_it_is_looked_up_again_and_found(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("late")
        line.outbox.round()
        assert line.row(row.id).delivery == "open"
        assert line.row(row.id).lease == line.clock() + LOOK_AGAIN
        line.clock.advance(LOOK_AGAIN / SECOND)
        line.outbox.round()
        assert line.row(row.id).delivery == "open"
        line.world.deliver_late()
        line.clock.advance(LOOK_AGAIN / SECOND)
        line.outbox.round()
        assert line.row(row.id).status == "sent"
        assert len(line.delivered()) == 1

    def test_what_is_never_found_is_unconfirmed_in_the_end(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("late")
        line.outbox.round()
        for _ in range(LOOK_FOR // LOOK_AGAIN):
            assert line.row(row.id).delivery == "open"
            line.clock.advance(LOOK_AGAIN / SECOND)
            line.outbox.round()
        assert standing(line.row(row.id)) == ("failed", "unknown", "unconfirmed")
        line.world.deliver_late()
        line.inbox.round()
        assert line.row(row.id).status == "sent"

    def test_where_nothing_can_be_looked_up_it_is_unconfirmed_at_once(self, blind: Line) -> None:
        row = blind.approved()
        blind.world.fail_next("lose-answer")
        blind.outbox.round()
        assert standing(blind.row(row.id)) == ("failed", "unknown", "unconfirmed")
        blind.clock.advance(30 * 86_400)
        assert blind.outbox.round() == 0
        assert len(blind.delivered()) == 1

    @pytest.mark.parametrize("delivered", [True, False])
    def test_a_person_says_what_became_of_it(self, blind: Line, delivered: bool) -> None:
        row = blind.approved()
        blind.world.fail_next("lose-answer" if delivered else "lost")
        blind.outbox.round()
        if delivered:
            blind.state.confirm_sent(row.id)
        else:
            blind.state.send_again(row.id)
        blind.outbox.round()
        assert blind.row(row.id).status == "sent"
        assert blind.delivered() == [(ANA, TEXT)]

    def test_given_up_it_stays_failed(self, blind: Line) -> None:
        row = blind.approved()
        blind.world.fail_next("lost")
        blind.outbox.round()
        blind.state.give_up(row.id)
        assert blind.outbox.round() == 0
        assert blind.row(row.id).reason == "gave up"

    def test_while_send_again_waits_a_receipt_of_the_first_attempt_settles_it(self, blind: Line) -> None:
        row = blind.approved()
        blind.world.fail_next("lose-answer")
        blind.outbox.round()
        blind.state.send_again(row.id)
        blind.take(Receipt("device", blind.clock(), token=blind.store.attempts(row.seq)[0].token))
        assert blind.outbox.round() == 0
        assert len(blind.delivered()) == 1

    def test_an_exception_of_the_gateway_is_an_unknown_outcome(self, make_line: MakeLine, told: Told) -> None:
        line = make_line(told)
        told.can_lookup = False
        row = line.approved()

        def fail(message: Outgoing) -> None:
            Simulator.send(told, message)
            raise ValueError("half an answer")

        told.before_send = fail
        line.outbox.round()
        assert standing(line.row(row.id)) == ("failed", "unknown", "unconfirmed")
        assert line.last_why(row.id) == "ValueError in the gateway"

    def test_an_exception_while_looking_up_leaves_it_open(self, make_line: MakeLine, told: Told) -> None:
        line = make_line(told)
        row = line.approved()
        line.world.fail_next("lose-answer")

        def fail(_: Outgoing) -> None:
            raise ValueError("half an answer")

        told.before_lookup = fail
        line.outbox.round()
        assert line.row(row.id).delivery == "open"
        assert line.last_why(row.id) == "ValueError in the gateway"
        told.before_lookup = Told.before_lookup
        line.clock.advance(LOOK_AGAIN / SECOND)
        line.outbox.round()
        assert line.row(row.id).status == "sent"

    @pytest.mark.parametrize("outcome", [Accepted("\0id\ud800"), Unknown("\ud800"), Refused("\0", passing=True)])
    def test_hostile_words_of_the_gateway_are_written_down(
        self, make_line: MakeLine, told: Told, outcome: Outcome
    ) -> None:
        line = make_line(told)
        told.can_lookup = False
        row = line.approved()
        told.before_send = lambda _: outcome
        line.outbox.round()
        assert line.store.attempts(row.seq)[0].outcome is not None


@pytest.mark.skipif(sys.platform == "win32", reason="the process that died is played with fork")
class TestAProcessThatDied:
    def died(self, line: Line, *, delivered: bool) -> Row:
        """A message whose sender was killed in the middle of the call."""
        row = line.approved()
        child = os.fork()
        if not child:
            claim = line.store.claim_next(line.state.account, lease=LEASE, by="killed")
            os._exit(0 if claim is not None else 1)
        assert os.waitpid(child, 0)[1] == 0
        (attempt,) = line.store.attempts(row.seq)
        if delivered:
            line.world.send(Outgoing(attempt.token, row.chat or "", row.text, attempt.started_at))
        return row

    def test_while_the_process_lives_it_is_not_sent_by_another_though_it_has_not_left_yet(self, line: Line) -> None:
        row = line.approved()
        stopped = line.store.claim_next(line.state.account, lease=LEASE, by="stopped")
        assert stopped is not None
        line.clock.advance(LEASE / SECOND)
        for _ in range(60):
            line.outbox.round()
            line.clock.advance(10)
        assert line.delivered() == []
        assert line.row(row.id).reason == "unconfirmed"
        assert line.last_why(row.id) == "it has not left, but its sender may still be at it"

    @pytest.mark.parametrize("delivered", [True, False])
    def test_its_attempt_is_left_to_it_for_its_lease(self, line: Line, delivered: bool) -> None:
        row = self.died(line, delivered=delivered)
        line.clock.advance(LEASE / SECOND - 1)
        assert line.outbox.round() == 0
        assert line.row(row.id).delivery == "open"

    def test_delivered_it_is_found_and_sent(self, line: Line) -> None:
        row = self.died(line, delivered=True)
        line.clock.advance(LEASE / SECOND)
        assert line.outbox.round() == 1
        assert line.row(row.id).status == "sent"
        assert len(line.delivered()) == 1

    def test_not_delivered_it_is_sent_now(self, line: Line) -> None:
        row = self.died(line, delivered=False)
        line.clock.advance(LEASE / SECOND)
        line.outbox.round()
        line.clock.advance(60)
        line.outbox.round()
        assert line.row(row.id).status == "sent"
        assert len(line.delivered()) == 1

    @pytest.mark.parametrize("delivered", [True, False])
    def test_where_nothing_can_be_looked_up_it_is_unconfirmed_and_never_a_second_send(
        self, blind: Line, delivered: bool
    ) -> None:
        row = self.died(blind, delivered=delivered)
        blind.clock.advance(LEASE / SECOND)
        blind.outbox.round()
        assert standing(blind.row(row.id)) == ("failed", "unknown", "unconfirmed")
        assert blind.last_why(row.id) == "its sender is gone"
        blind.clock.advance(86_400)
        assert blind.outbox.round() == 0
        assert len(blind.delivered()) == int(delivered)

    def test_one_that_was_only_slow_settles_what_was_thought_unconfirmed(self, make_line: MakeLine, told: Told) -> None:
        line = make_line(told)
        told.can_lookup = False
        row = line.approved()
        meanwhile: list[tuple[str, str | None, str | None]] = []

        def slow(_: Outgoing) -> None:
            told.before_send = Told.before_send
            line.clock.advance(LEASE / SECOND)
            Outbox(line.state, told, by="other").recover()
            meanwhile.append(standing(line.row(row.id)))

        told.before_send = slow
        line.outbox.round()
        assert meanwhile == [("failed", "unknown", "unconfirmed")]
        assert line.row(row.id).status == "sent"
        assert line.kinds(row.id).count("claimed") == 1

    def test_one_that_was_only_slow_and_thought_lost_is_not_sent_a_second_time(
        self, make_line: MakeLine, told: Told
    ) -> None:
        line = make_line(told)
        row = line.approved()
        meanwhile: list[str | None] = []

        def slow(_: Outgoing) -> None:
            told.before_send = Told.before_send
            line.clock.advance(LEASE / SECOND)
            (claim,) = line.store.expired_claims(line.state.account, lease=LEASE, by="other")
            line.store.postponed(claim, "it never left", line.clock(), by="other")
            meanwhile.append(line.row(row.id).delivery)

        told.before_send = slow
        line.outbox.round()
        assert meanwhile == [None]
        assert line.row(row.id).status == "sent"
        assert line.outbox.round() == 0
        assert len(line.delivered()) == 1

    def test_a_claim_that_ran_out_is_not_handed_over(self, make_line: MakeLine, told: Told) -> None:
        line = make_line(told)
        told.can_lookup = False
        row = line.approved()
        told.before_typing = lambda _: line.clock.advance(LEASE / SECOND)
        line.outbox.round()
        assert line.delivered() == []
        assert line.row(row.id).status == "approved"
        assert line.last_why(row.id) == "the claim ran out before the message was handed over"
        told.before_typing = Told.before_typing
        line.clock.advance(60)
        line.outbox.round()
        assert len(line.delivered()) == 1


class TestAStoreThatFails:
    def test_an_outcome_that_could_not_be_written_down_is_written_down_later(
        self, make_line: MakeLine, told: Told
    ) -> None:
        line = make_line(told, busy_timeout=0.05)
        told.can_lookup = False
        row = line.approved()
        holding = another_process_holds(line.state)

        def held(_: Outgoing) -> None:
            holding.__enter__()

        told.before_send = held
        with pytest.raises(StoreBusy):
            line.outbox.round()
        assert line.row(row.id).delivery == "open"
        with pytest.raises(StoreBusy):
            line.outbox.round()
        holding.__exit__(None, None, None)
        assert line.outbox.round() == 1
        assert standing(line.row(row.id)) == ("sent", "accepted", None)
        assert len(line.delivered()) == 1

    def test_nothing_is_sent_that_could_not_be_claimed(self, make_line: MakeLine) -> None:
        line = make_line(busy_timeout=0.05)
        line.approved()
        with another_process_holds(line.state), pytest.raises(StoreBusy):
            line.outbox.round()
        assert line.delivered() == []
        line.outbox.round()
        assert len(line.delivered()) == 1
