"""The contract of messages that scripts send themselves: found by their text, claimed like any other, settled later."""

from __future__ import annotations

import pytest

from signoff.digest import digest_of
from signoff.processes import this_process
from signoff.store.rows import Claim, Row

from ..scenes import ANA, APPROVED, BEN, FAILED, LEASE, PENDING, REJECTED, SENT, Scene
from .base import Contract, OpenStore


def found(scene: Scene, text: str = "Until six.", to: str = ANA) -> list[str]:
    """The ids of the messages that a `send_message` of this text may take, oldest first."""
    rows = scene.store.script_rows(scene.account, digest_of(to, text))
    return [row.id for seq, _ in rows if (row := scene.store.by_seq(seq))]


def claim_for_script(scene: Scene, row: Row) -> Claim:
    scene.store.approve_beside(row, by="script", kind="script")
    claim = scene.store.claim_row(scene.row(row.id), lease=LEASE, by="script")
    assert claim is not None
    return claim


class ScriptsContract(Contract):
    def test_a_row_is_found_by_recipient_and_text(self, scene: Scene) -> None:
        scene.script("s1")
        assert found(scene) == ["s1"]
        assert found(scene, "Until seven.") == []
        assert found(scene, to=BEN) == []

    def test_the_oldest_comes_first_and_each_is_used_once(self, scene: Scene) -> None:
        rows = [scene.script(name) for name in ("s1", "s2")]
        assert found(scene) == ["s1", "s2"]
        for row in rows:
            assert scene.store.reserve(row.seq, "here:1", None, by="sender")
            scene.store.end_reservation(row.seq, "here:1", used=True, by="sender")
            assert scene.kinds(row.id)[-1] == "used"
            assert not scene.store.reserve(row.seq, "here:1", None, by="sender")
        assert found(scene) == []

    def test_of_two_who_reserve_one_gets_it(self, scene: Scene, open_store: OpenStore) -> None:
        row = scene.script()
        assert scene.store.reserve(row.seq, "here:1", None, by="sender")
        assert not open_store().reserve(row.seq, "here:2", None, by="sender")
        assert scene.store.script_rows(scene.account, digest_of(ANA, "Until six.")) == [(row.seq, "here:1")]
        open_store().end_reservation(row.seq, "here:2", used=True, by="sender")
        assert scene.row("s1").reserved_by == "here:1"

    def test_the_reservation_of_a_process_that_died_can_be_taken_over_by_one(self, scene: Scene) -> None:
        row = scene.script()
        scene.store.reserve(row.seq, "here:1", None, by="sender")
        assert scene.store.reserve(row.seq, "here:2", "here:1", by="sender")
        assert not scene.store.reserve(row.seq, "here:3", "here:1", by="sender")
        scene.store.end_reservation(row.seq, "here:2", used=False, by="sender")
        assert scene.kinds("s1")[-1] == "free again"
        assert scene.store.reserve(row.seq, "here:3", None, by="sender")

    def test_a_row_is_found_by_any_of_its_versions(self, scene: Scene) -> None:
        scene.script("s1", text="one")
        scene.edit("s1", "two")
        scene.edit("s1", "three")
        assert [found(scene, text) for text in ("one", "two", "three")] == [["s1"]] * 3

    def test_a_text_that_came_back_is_found_once(self, scene: Scene) -> None:
        scene.script("s1", text="one")
        scene.edit("s1", "two")
        scene.edit("s1", "one")
        assert found(scene, "one") == ["s1"]

    def test_in_whatever_list_it_stands(self, scene: Scene) -> None:
        scene.script("s1")
        for source, target in ((PENDING, APPROVED), (APPROVED, SENT), (SENT, FAILED), (FAILED, REJECTED)):
            scene.move("s1", source, target)
            assert found(scene) == ["s1"]

    def test_what_a_script_did_not_add_or_what_was_cleared_is_not_found(self, scene: Scene) -> None:
        scene.draft()
        assert found(scene) == []
        scene.script("s1")
        scene.store.clear(scene.account, PENDING, by="script")
        assert found(scene) == []
        scene.store.purge(scene.account)
        assert found(scene) == []

    def test_a_limit_gives_the_oldest(self, scene: Scene) -> None:
        rows = [scene.script(f"s{number}") for number in range(4)]
        found = scene.store.script_rows(scene.account, digest_of(ANA, "Until six."), 2)
        assert found == [(row.seq, None) for row in rows[:2]]

    def test_the_status_stays_for_the_script_to_move(self, scene: Scene) -> None:
        claim = claim_for_script(scene, scene.script())
        assert scene.row("s1").status == "pending_approval"
        assert scene.accepted(claim, move=False)
        row = scene.row("s1")
        assert (row.status, row.delivery) == ("pending_approval", "accepted")
        assert scene.move("s1", PENDING, SENT)
        scene.clock.advance(3600)
        assert scene.store.settle_left_by_scripts(scene.account) == 0

    def test_what_the_script_never_moves_is_settled_after_a_minute(self, scene: Scene) -> None:
        claims = [claim_for_script(scene, scene.script(name, text=name)) for name in ("s1", "s2", "s3")]
        scene.accepted(claims[0], move=False)
        scene.refused(claims[1], move=False)
        scene.unconfirmed(claims[2], move=False)
        assert scene.row("s2").changed_why == "no such number"
        scene.clock.advance(59)
        assert scene.store.settle_left_by_scripts(scene.account) == 0
        scene.clock.advance(1)
        assert scene.store.settle_left_by_scripts(scene.account, 2) == 2
        assert scene.store.settle_left_by_scripts(scene.account) == 1
        rows = [scene.row(name) for name in ("s1", "s2", "s3")]
        told = [(row.status, row.reason, row.changed_by) for row in rows]
        assert told == [("sent", None, "keeper"), ("failed", "refused", "keeper"), ("failed", "unconfirmed", "keeper")]

    def test_a_claim_says_that_the_script_moves_the_message_and_which_process_sends_it(self, scene: Scene) -> None:
        row = scene.script("s1", APPROVED)
        scene.store.approve_beside(row, by="script", kind="script")
        claim = scene.store.claim_row(row, lease=LEASE, by="script")
        assert claim is not None
        assert (claim.script, claim.process) == (True, this_process())

    def test_a_late_yes_settles_at_once_what_was_unconfirmed(self, scene: Scene) -> None:
        claim = claim_for_script(scene, scene.script())
        scene.unconfirmed(claim, move=False)
        assert scene.accepted(claim, move=False)
        assert (scene.row("s1").status, scene.row("s1").delivery) == ("sent", "accepted")

    def test_that_it_was_accepted_stands_in_the_history_before_the_script_moves_it(self, scene: Scene) -> None:
        scene.accepted(claim_for_script(scene, scene.script()), move=False)
        assert scene.kinds("s1")[-1] == "accepted"

    def test_a_list_that_was_cleared_is_settled_all_the_same(self, scene: Scene) -> None:
        scene.accepted(claim_for_script(scene, scene.script()), move=False)
        scene.store.clear(scene.account, PENDING, by="script")
        scene.clock.advance(60)
        assert scene.store.settle_left_by_scripts(scene.account) == 1
        assert scene.ids(SENT) == ["s1"]

    def test_the_keeper_and_the_script_do_not_both_count_it(self, scene: Scene) -> None:
        scene.accepted(claim_for_script(scene, scene.script()), move=False)
        scene.clock.advance(60)
        scene.store.settle_left_by_scripts(scene.account)
        assert not scene.move("s1", PENDING, SENT)
        assert scene.totals()["sent"] == 1

    def test_a_row_the_outbox_took_is_not_the_scripts(self, scene: Scene) -> None:
        row = scene.approve(scene.script().id)
        assert scene.claim() is not None
        assert scene.store.claim_row(row, lease=LEASE, by="script") is None

    def test_a_refusal_for_good_allows_a_script_a_new_attempt(self, scene: Scene) -> None:
        first = claim_for_script(scene, scene.script())
        scene.refused(first, move=False)
        second = claim_for_script(scene, scene.row("s1"))
        assert second.number == 2
        assert scene.accepted(second, move=False)

    @pytest.mark.parametrize("tried", [False, True])
    def test_a_script_that_died_before_it_sent_holds_up_nobody(self, scene: Scene, tried: bool) -> None:
        row = scene.script("s1", APPROVED)
        scene.store.approve_beside(row, by="script", kind="script")
        if tried:
            claim = scene.store.claim_row(row, lease=LEASE, by="script")
            assert claim is not None
            scene.store.postponed(claim, "not ready", scene.clock(), by="script")
        scene.approve(scene.draft("m1").id)
        claim = scene.claim()
        assert claim is not None
        assert claim.id == "reply_m1"

    def test_what_a_script_is_sending_goes_before_what_was_approved_later(self, scene: Scene) -> None:
        row = scene.script("s1", APPROVED)
        claim = claim_for_script(scene, row)
        scene.approve(scene.draft("m1").id)
        assert scene.claim() is None
        scene.accepted(claim, move=False)
        assert scene.claim() is not None

    def test_a_passing_refusal_lets_the_script_try_again_itself(self, scene: Scene) -> None:
        first = claim_for_script(scene, scene.script())
        scene.store.postponed(first, "not ready", scene.clock(), by="script")
        second = scene.store.claim_row(scene.row("s1"), lease=LEASE, by="script")
        assert second is not None
        assert (second.number, scene.claim()) == (2, None)
        scene.refused(second, move=False)

    def test_what_is_unknown_is_never_claimed_again(self, scene: Scene) -> None:
        scene.unconfirmed(claim_for_script(scene, scene.script()), move=False)
        row = scene.row("s1")
        assert (row.status, row.delivery) == ("pending_approval", "unknown")
        assert scene.store.claim_row(row, lease=LEASE, by="script") is None
