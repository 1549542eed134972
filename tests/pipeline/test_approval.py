"""Approval: rules decide only where a person set some; everything else, and all that is in doubt, is for people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from signoff import MessageStatus, StateManager
from signoff.clock import HOUR, MINUTE
from signoff.errors import IllegalMove, InFlight, StaleVersion
from signoff.pipeline.approval import Approval

from .conftest import ANA, BEN, Line

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
APPROVED = MessageStatus.APPROVED
REJECTED = MessageStatus.REJECTED

ALL = {"name": "everything", "chats": ["*"]}


def set_rules(line: Line, *rules: Any) -> None:
    line.state.update_config({"approval_config": {"rules": list(rules)}})


def set_undo(line: Line, seconds: float) -> None:
    line.state.update_config({"approval_config": {"undo_seconds": seconds}})


class TestRules:
    def test_what_a_rule_approved_says_so(self, line: Line) -> None:
        set_rules(line, ALL)
        row = line.draft()
        assert line.approval.round() == 1
        approved = line.row(row.id)
        assert (approved.status, approved.approved_by, approved.approved_kind) == ("approved", "everything", "rule")
        assert line.last_why(row.id) == "rule 'everything'"
        line.outbox.round()
        assert line.delivered() == [(ANA, "Until six.")]

    def test_what_no_rule_approves_waits_for_a_person_and_says_why(self, line: Line) -> None:
        set_rules(line, {"name": "ben", "chats": [BEN]})
        row = line.draft()
        assert line.approval.round() == 0
        assert line.kinds(row.id)[-1] == "asked"
        assert line.last_why(row.id) == "no rule applies: for a person"

    def test_a_malformed_rule_is_named_where_it_was_in_doubt(self, line: Line) -> None:
        set_rules(line, {"name": "typo", "chat": [ANA]})
        row = line.draft()
        line.approval.round()
        assert line.row(row.id).status == "pending_approval"
        assert "rule 1 is malformed (unknown key 'chat')" in line.last_why(row.id)

    def test_a_draft_is_put_to_the_rules_once(self, line: Line) -> None:
        row = line.draft()
        line.approval.round()
        set_rules(line, ALL)
        assert line.approval.round() == 0
        assert line.row(row.id).status == "pending_approval"

    def test_what_is_out_of_date_is_for_a_person(self, line: Line) -> None:
        set_rules(line, ALL)
        row = line.draft()
        line.receive("And on Sunday?")
        line.approval.round()
        assert line.row(row.id).status == "pending_approval"
        assert "out of date: newer message" in line.last_why(row.id)

    def test_what_a_script_added_is_for_a_person(self, line: Line) -> None:
        set_rules(line, ALL)
        line.state.set_config("human_in_the_loop", False)
        line.state.add_message({"id": "s1", "recipient": ANA, "body": "Sale!"}, PENDING)
        line.approval.round()
        assert line.row("s1").status == "pending_approval"

    def test_the_undo_window_holds_for_rules_too(self, line: Line) -> None:
        set_rules(line, ALL)
        set_undo(line, 60)
        row = line.draft()
        line.approval.round()
        assert line.row(row.id).due == line.clock() + MINUTE
        assert line.outbox.round() == 0

    @pytest.mark.parametrize("unattended", [False, True])
    def test_what_a_person_has_in_hand_no_rule_decides(self, line: Line, unattended: bool) -> None:
        if unattended:
            line.state.set_config("human_in_the_loop", False)
        else:
            set_rules(line, ALL)
        set_undo(line, 60)
        taken_back, edited, reopened, moved = (line.draft(chat=f"1555010013{number}@c.us").id for number in range(4))
        line.approval.round()
        line.state.take_back(taken_back)
        line.state.edit(edited, "Until seven.")
        line.state.reject(reopened)
        line.state.reopen(reopened)
        line.state.move_message(moved, APPROVED, PENDING)
        for _ in range(3):
            line.approval.round()
            line.clock.advance(120)
            line.outbox.round()
        assert line.delivered() == []
        assert sorted(line.ids(PENDING)) == sorted([taken_back, edited, reopened, moved])
        assert line.last_why(taken_back) == "taken back by maria: for a person"


class TestHumanInTheLoop:
    def test_switched_off_by_a_person_lets_drafts_through_and_says_who_did(self, line: Line) -> None:
        line.state.set_config("human_in_the_loop", False)
        row = line.draft()
        line.approval.round()
        assert line.row(row.id).approved_by == "human_in_the_loop off"
        assert line.last_why(row.id) == "human_in_the_loop was set off by maria"

    def test_never_set_lets_nothing_through(self, line: Line) -> None:
        assert line.state.get_config("human_in_the_loop") is False
        row = line.draft()
        line.approval.round()
        assert line.row(row.id).status == "pending_approval"

    def test_never_set_lets_drafts_through_only_where_the_guides_watcher_asks_for_that(self, line: Line) -> None:
        row = line.draft()
        Approval(line.state, unattended_by_default=True).round()
        assert line.row(row.id).status == "approved"

    def test_switched_on_lets_nothing_through(self, line: Line) -> None:
        line.state.set_config("human_in_the_loop", False)
        line.state.set_config("human_in_the_loop", True)
        row = line.draft()
        Approval(line.state, unattended_by_default=True).round()
        assert line.row(row.id).status == "pending_approval"

    def test_what_is_out_of_date_is_for_a_person_all_the_same(self, line: Line) -> None:
        line.state.set_config("human_in_the_loop", False)
        row = line.draft()
        line.receive("And on Sunday?")
        line.approval.round()
        assert line.row(row.id).status == "pending_approval"

    def test_off_in_an_imported_file_counts_as_never_set(self, tmp_path: Any) -> None:
        file = tmp_path / "whatsapp_state.json"
        file.write_text(json.dumps({"human_in_the_loop": False}))
        with StateManager(file) as state:
            assert state.config_author("human_in_the_loop") is None
        file = tmp_path / "other.json"
        file.write_text(json.dumps({"human_in_the_loop": True}))
        with StateManager(file) as state:
            assert state.config_author("human_in_the_loop") == "import"


class TestExpiry:
    @pytest.fixture
    def expiring(self, line: Line) -> Line:
        line.state.update_config({"approval_config": {"expire_hours": 2}})
        return line

    def test_what_nobody_decided_expires_and_says_so(self, expiring: Line) -> None:
        row = expiring.draft()
        expiring.approval.round()
        expiring.clock.advance(2 * 3600 - 1)
        assert expiring.approval.round() == 0
        expiring.clock.advance(1)
        assert expiring.approval.round() == 1
        expired = expiring.row(row.id)
        assert (expired.status, expired.reason) == ("rejected", "expired")
        with pytest.raises(StaleVersion, match="expired"):
            expiring.state.approve(row.id)

    def test_it_can_be_reopened_and_has_its_time_again(self, expiring: Line) -> None:
        row = expiring.draft()
        expiring.approval.round()
        expiring.clock.advance(7200)
        expiring.approval.round()
        expiring.state.reopen(row.id)
        assert expiring.approval.round() == 0
        assert expiring.row(row.id).status == "pending_approval"

    def test_what_was_approved_does_not_expire(self, expiring: Line) -> None:
        row = expiring.approved()
        expiring.clock.advance(24 * 3600)
        assert expiring.approval.round() == 0
        assert expiring.row(row.id).status == "approved"

    def test_a_scripts_own_message_does_not_expire(self, expiring: Line) -> None:
        expiring.state.add_message({"id": "s1", "recipient": ANA, "body": "Sale!"}, PENDING)
        expiring.clock.advance(24 * 3600)
        assert expiring.approval.round() == 0

    def test_by_default_nothing_expires(self, line: Line) -> None:
        line.draft()
        line.approval.round()
        line.clock.advance(10 * 365 * 24 * 3600)
        assert line.approval.round() == 0

    def test_a_clock_set_back_expires_nothing(self, expiring: Line) -> None:
        expiring.draft()
        expiring.approval.round()
        expiring.clock.advance(-365 * 24 * 3600)
        assert expiring.approval.round() == 0

    def test_a_hundred_that_expire_at_once_leave_none_behind(self, expiring: Line) -> None:
        for number in range(150):
            expiring.world.contact_writes(f"155501{number:05}@c.us", "Are you open?")
        expiring.inbox.round()
        while expiring.drafts().round():
            pass
        for _ in range(2):
            expiring.approval.round()
        expiring.clock.advance(7200)
        while expiring.approval.round():
            pass
        assert expiring.ids(PENDING) == []
        assert len(expiring.ids(REJECTED)) == 150


class TestUndo:
    def test_it_is_a_due_time_and_no_timer(self, line: Line) -> None:
        set_undo(line, 30)
        row = line.approved()
        assert line.row(row.id).due == line.clock() + 30_000_000
        line.clock.advance(29)
        assert line.outbox.round() == 0
        line.clock.advance(1)
        assert line.outbox.round() == 1
        assert line.delivered() == [(ANA, "Until six.")]

    def test_taken_back_in_time_it_does_not_go(self, line: Line) -> None:
        set_undo(line, 30)
        row = line.approved()
        line.state.take_back(row.id)
        line.clock.advance(3600)
        assert line.outbox.round() == 0
        assert line.row(row.id).status == "pending_approval"

    def test_too_late_it_is_out(self, line: Line) -> None:
        row = line.approved()
        line.outbox.round()
        with pytest.raises(IllegalMove, match="already out"):
            line.state.take_back(row.id)

    def test_while_it_is_being_sent_nothing_can_be_changed(self, line: Line) -> None:
        row = line.approved()
        line.store.claim_next(line.state.account, lease=HOUR, by="outbox")
        for act in (line.state.take_back, line.state.approve, line.state.reject):
            with pytest.raises(InFlight):
                act(row.id)
        with pytest.raises(InFlight):
            line.state.edit(row.id, "Until seven.")

    def test_edited_after_the_approval_it_wants_another(self, line: Line) -> None:
        row = line.approved()
        line.state.edit(row.id, "Until seven.")
        assert line.outbox.round() == 0
        line.state.approve(row.id)
        line.outbox.round()
        assert line.delivered() == [(ANA, "Until seven.")]


class TestDeciders:
    def test_of_two_the_second_is_told_who_decided_what(self, line: Line) -> None:
        row = line.draft()
        line.state.approve(row.id, row.draft_version, by="omar")
        with pytest.raises(StaleVersion, match="already approved by omar"):
            line.state.approve(row.id, row.draft_version, by="maria")

    def test_a_rule_that_decided_first_is_named(self, line: Line) -> None:
        set_rules(line, ALL)
        row = line.draft()
        line.approval.round()
        with pytest.raises(StaleVersion, match="already approved by everything"):
            line.state.approve(row.id)

    def test_a_decision_is_about_the_version_that_was_shown(self, line: Line) -> None:
        row = line.draft()
        line.state.edit(row.id, "Until seven.", by="omar")
        with pytest.raises(StaleVersion, match="edited by omar"):
            line.state.approve(row.id, row.draft_version)
        with pytest.raises(StaleVersion, match="edited by omar"):
            line.state.reject(row.id, "no", row.draft_version)

    def test_of_two_who_settle_an_unconfirmed_message_the_second_is_told(self, line: Line) -> None:
        line.world.can_lookup = False
        row = line.approved()
        line.world.fail_next("lose-answer")
        line.outbox.round()
        line.state.send_again(row.id)
        with pytest.raises(IllegalMove, match="not unconfirmed"):
            line.state.confirm_sent(row.id)

    def test_a_stale_draft_asks_again(self, line: Line) -> None:
        row = line.draft()
        line.receive("And on Sunday?")
        with pytest.raises(StaleVersion, match="out of date") as refusal:
            line.state.approve(row.id)
        stale = line.row(row.id).stale
        assert stale is not None
        assert stale in str(refusal.value)
        assert line.state.approve(row.id, despite=stale).status == "approved"
