"""The contract of delivery: who may send what and when, and what becomes of every attempt."""

from __future__ import annotations

import threading

import pytest

from signoff.clock import HOUR, MINUTE, SECOND
from signoff.digest import digest_of
from signoff.errors import Decision, NotFound
from signoff.store import Store
from signoff.store.rows import Claim

from ..scenes import ANA, APPROVED, BEN, FAILED, PENDING, SENT, Scene
from .base import Contract, OpenStore


class ClaimsContract(Contract):
    def test_a_claim_names_chat_text_and_attempt(self, scene: Scene) -> None:
        claim = scene.claimed()
        assert (claim.id, claim.chat, claim.text, claim.number) == ("reply_m1", ANA, "Until six.", 1)
        assert claim.lease == scene.clock() + MINUTE
        attempt = scene.store.attempts(claim.seq)[0]
        assert (attempt.token, attempt.digest, attempt.outcome) == (claim.token, digest_of(ANA, "Until six."), None)
        assert scene.row(claim.id).delivery == "open"

    def test_an_approved_message_is_claimed_once(self, scene: Scene) -> None:
        scene.claimed()
        assert scene.claim() is None

    def test_nothing_is_claimed_without_an_approval(self, scene: Scene) -> None:
        scene.draft()
        scene.script("s1", PENDING)
        scene.script("s2", APPROVED)
        scene.script("s3", PENDING)
        scene.move("s3", PENDING, APPROVED)
        assert scene.claim() is None
        for name in ("reply_m1", "s1", "s2", "s3"):
            assert scene.store.claim_row(scene.row(name), lease=1, by="sender") is None

    def test_a_script_that_moves_an_approved_message_ends_the_approval(self, scene: Scene) -> None:
        row = scene.draft()
        scene.approve(row.id)
        scene.move(row.id, APPROVED, PENDING)
        scene.move(row.id, PENDING, APPROVED)
        assert scene.row(row.id).approved_version is None
        assert scene.claim() is None

    def test_an_approval_of_what_a_script_called_approved_makes_it_sendable(self, scene: Scene) -> None:
        scene.script("s1", APPROVED)
        scene.approve("s1")
        claim = scene.claim()
        assert claim is not None
        assert claim.id == "s1"

    def test_the_order_of_approval_is_kept_within_a_chat(self, scene: Scene) -> None:
        rows = [scene.draft(f"m{number}") for number in range(3)]
        for row in rows:
            scene.approve(row.id, despite=scene.row(row.id).stale)
        for row in rows:
            claim = scene.claim()
            assert claim is not None
            assert claim.id == row.id
            assert scene.claim() is None
            scene.accepted(claim)

    def test_a_message_that_has_to_wait_holds_up_its_own_chat_only(self, scene: Scene) -> None:
        claim = scene.claimed("m1")
        scene.store.postponed(claim, "not ready", scene.clock() + HOUR, by="outbox")
        scene.approve(scene.draft("m2").id)
        scene.approve(scene.draft("b1", chat=BEN).id)
        first = scene.claim()
        assert first is not None
        assert first.chat == BEN
        assert scene.claim() is None

    def test_what_became_of_the_one_before_frees_the_next(self, scene: Scene) -> None:
        first = scene.claimed("m1")
        scene.approve(scene.draft("m2").id)
        scene.unconfirmed(first)
        second = scene.claim()
        assert second is not None
        assert second.id == "reply_m2"

    def test_what_is_due_first_goes_first(self, scene: Scene) -> None:
        scene.approve(scene.draft("m1").id, undo=2 * MINUTE)
        scene.approve(scene.draft("b1", chat=BEN).id, undo=MINUTE)
        scene.clock.advance(120)
        assert [claim.id for claim in (scene.claim(), scene.claim()) if claim] == ["reply_b1", "reply_m1"]

    def test_what_was_cleared_is_not_sent(self, scene: Scene) -> None:
        row = scene.approve(scene.draft().id)
        scene.store.clear(scene.account, APPROVED, by="script")
        assert scene.claim() is None
        with pytest.raises(NotFound, match="cleared"):
            scene.store.claim_row(row, lease=1, by="sender")
        scene.store.purge(scene.account)
        assert scene.claim() is None

    def test_what_was_cleared_holds_up_nobody(self, scene: Scene) -> None:
        scene.approve(scene.draft("m1").id)
        scene.store.clear(scene.account, APPROVED, by="script")
        scene.approve(scene.draft("m2").id)
        claim = scene.claim()
        assert claim is not None
        assert claim.id == "reply_m2"

    @pytest.mark.parametrize("attempt", range(3))
    def test_of_many_who_claim_at_once_one_gets_it(self, scene: Scene, open_store: OpenStore, attempt: int) -> None:
        scene.approve(scene.draft(f"m{attempt}").id)
        start, claims = threading.Barrier(4), list[Claim | None]()

        def claim() -> None:
            store = open_store()
            start.wait()
            claims.append(store.claim_next(scene.account, lease=MINUTE, by="outbox"))

        threads = [threading.Thread(target=claim) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(claims) == 4
        assert len([claim for claim in claims if claim]) == 1


class OutcomesContract(Contract):
    def test_accepted_is_sent(self, scene: Scene) -> None:
        claim = scene.claimed()
        at = scene.clock.advance(2)
        assert scene.accepted(claim, "g1")
        row, attempt = scene.row(claim.id), scene.store.attempts(claim.seq)[0]
        assert (row.status, row.delivery, row.lease) == ("sent", "accepted", None)
        assert scene.kinds(row.id)[-1] == "sent"
        assert (attempt.outcome, attempt.gateway_id, attempt.settled_at) == ("accepted", "g1", at)

    def test_refused_for_good_is_failed_and_says_why(self, scene: Scene) -> None:
        claim = scene.claimed()
        assert scene.refused(claim)
        row = scene.row(claim.id)
        assert (row.status, row.delivery, row.reason, row.changed_why) == (
            "failed",
            "refused",
            "refused",
            "no such number",
        )
        assert scene.claim() is None

    def test_unknown_is_failed_and_unconfirmed_and_never_sent_again_by_itself(self, scene: Scene) -> None:
        claim = scene.claimed()
        assert scene.unconfirmed(claim)
        row = scene.row(claim.id)
        assert (row.status, row.delivery, row.reason) == ("failed", "unknown", "unconfirmed")
        scene.clock.advance(86_400)
        assert scene.claim() is None
        assert scene.store.claim_row(row, lease=1, by="sender") is None
        assert scene.store.expired_claims(scene.account, lease=1, by="outbox") == []

    def test_refused_for_a_passing_reason_is_tried_again_when_due(self, scene: Scene) -> None:
        claim = scene.claimed()
        assert scene.store.postponed(claim, "not ready", scene.clock() + 10 * SECOND, by="outbox")
        assert (scene.row(claim.id).status, scene.row(claim.id).delivery) == ("approved", None)
        assert (scene.kinds(claim.id)[-1], scene.store.attempts(claim.seq)[0].reason) == ("postponed", "not ready")
        assert scene.claim() is None
        scene.clock.advance(10)
        again = scene.claim()
        assert again is not None
        assert (again.number, again.text) == (2, claim.text)
        assert again.token != claim.token
        assert [attempt.outcome for attempt in scene.store.attempts(claim.seq)] == ["refused", None]

    def test_while_it_waits_to_be_tried_again_it_can_be_taken_back(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.postponed(claim, "not ready", scene.clock() + HOUR, by="outbox")
        assert scene.store.take_back(scene.account, claim.id, by="maria").status == "pending_approval"
        scene.clock.advance(7200)
        assert scene.claim() is None

    def test_an_outcome_is_taken_once(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.accepted(claim)
        for again in (scene.accepted, scene.refused, scene.unconfirmed):
            assert not again(claim)
        assert not scene.store.postponed(claim, "late", scene.clock(), by="outbox")
        assert scene.row(claim.id).status == "sent"

    def test_a_late_finisher_of_attempt_one_cannot_touch_attempt_two(self, scene: Scene) -> None:
        first = scene.claimed()
        scene.store.postponed(first, "not ready", scene.clock(), by="outbox")
        second = scene.claim()
        assert second is not None
        before = scene.row(first.id)
        for late in (scene.accepted, scene.refused, scene.unconfirmed):
            assert not late(first)
        assert not scene.store.postponed(first, "late", scene.clock(), by="outbox")
        assert scene.row(first.id) == before
        assert scene.accepted(second)

    def test_a_late_yes_after_send_again_does_not_touch_the_new_attempt(self, scene: Scene) -> None:
        first = scene.claimed()
        scene.unconfirmed(first)
        scene.store.send_again(scene.row(first.id), by="maria")
        second = scene.claim()
        assert second is not None
        assert not scene.accepted(first, "g1")
        assert (scene.row(first.id).delivery, scene.row(first.id).tries) == ("open", 2)
        assert scene.refused(second)

    def test_a_late_yes_settles_what_was_given_up_as_unconfirmed(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        assert not scene.refused(claim)
        assert scene.store.attempts(claim.seq)[0].outcome == "unknown"
        assert scene.accepted(claim, "g1")
        assert (scene.row(claim.id).status, scene.row(claim.id).reason) == ("sent", None)

    def test_an_attempt_whose_sender_is_gone_is_found_by_one(self, scene: Scene, open_store: OpenStore) -> None:
        claim = scene.claimed()

        def expired(store: Store) -> list[Claim]:
            return store.expired_claims(scene.account, lease=MINUTE, by="keeper")

        assert expired(scene.store) == []
        scene.clock.advance(60)
        found = expired(scene.store)
        assert [(each.id, each.number, each.token, each.text) for each in found] == [
            (claim.id, 1, claim.token, "Until six.")
        ]
        assert expired(open_store()) == []
        scene.clock.advance(60)
        assert len(expired(open_store())) == 1
        assert scene.unconfirmed(found[0])

    def test_an_attempt_can_be_looked_up_again_later(self, scene: Scene) -> None:
        claim = scene.claimed()
        assert scene.store.look_again(claim, scene.clock() + 10 * SECOND, by="outbox", why="no answer yet")
        scene.clock.advance(10)
        assert len(scene.store.expired_claims(scene.account, lease=MINUTE, by="outbox")) == 1
        assert scene.accepted(claim)
        assert not scene.store.look_again(claim, scene.clock(), by="outbox", why="late")

    def test_an_expired_attempt_is_not_sent_by_another(self, scene: Scene) -> None:
        scene.claimed()
        scene.clock.advance(86_400)
        assert scene.claim() is None

    def test_clearing_leaves_what_is_in_flight_to_be_settled(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.clear(scene.account, APPROVED, by="script")
        assert scene.ids(APPROVED) == []
        assert scene.accepted(claim)
        assert scene.ids(SENT) == [claim.id]

    def test_when_the_clock_is_set_back_everything_still_adds_up(self, scene: Scene) -> None:
        row = scene.draft()
        scene.approve(row.id)
        scene.clock.advance(-86_400)
        claim = scene.store.claim_row(scene.row(row.id), lease=MINUTE, by="sender")
        assert claim is not None
        assert scene.accepted(claim)
        assert scene.store.check() == []


class UnconfirmedContract(Contract):
    def test_a_person_says_that_it_arrived(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        scene.store.confirm_sent(scene.row(claim.id), by="maria")
        row = scene.row(claim.id)
        assert (row.status, row.delivery, row.changed_by) == ("sent", "accepted", "maria")
        assert scene.claim() is None

    def test_a_person_says_send_again(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        scene.store.send_again(scene.row(claim.id), by="maria")
        assert scene.kinds(claim.id)[-1] == "send again"
        again = scene.claim()
        assert again is not None
        assert (again.number, again.text) == (2, claim.text)
        assert scene.accepted(again)

    def test_a_person_gives_up(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        scene.store.give_up(scene.row(claim.id), by="maria")
        row = scene.row(claim.id)
        assert (row.status, row.reason, row.changed_by) == ("failed", "gave up", "maria")
        assert scene.claim() is None

    def test_what_was_given_up_is_sent_only_after_a_new_decision(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        scene.store.give_up(scene.row(claim.id), by="maria")
        assert scene.store.claim_row(scene.row(claim.id), lease=1, by="sender") is None
        scene.approve(claim.id)
        assert scene.claim() is not None

    @pytest.mark.parametrize("verb", ["confirm_sent", "send_again", "give_up"])
    def test_only_what_is_unconfirmed_is_settled_by_hand(self, scene: Scene, verb: str) -> None:
        act = getattr(scene.store, verb)
        pending = scene.draft("m1")
        refused = scene.claimed("m2")
        scene.refused(refused)
        sent = scene.claimed("m3")
        scene.accepted(sent)
        for name in (pending.id, refused.id, sent.id):
            before = scene.row(name)
            with pytest.raises(Decision, match="not unconfirmed"):
                act(before, by="maria")
            assert scene.row(name) == before

    @pytest.mark.parametrize("verb", ["confirm_sent", "send_again", "give_up"])
    def test_what_was_cleared_is_settled_by_nobody(self, scene: Scene, verb: str) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        row = scene.row(claim.id)
        scene.store.clear(scene.account, FAILED, by="script")
        with pytest.raises(LookupError, match="cleared"):
            getattr(scene.store, verb)(row, by="maria")
        assert scene.claim() is None
