"""The contract of deciding: every way to decide, every refusal, and two who decide at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from signoff.clock import MINUTE, local_iso
from signoff.digest import digest_of
from signoff.errors import Decision, IllegalMove, InFlight, NotFound, NotSendable, StaleVersion
from signoff.lifecycle import MOVES, MessageStatus
from signoff.store.rows import Row

from ..scenes import ANA, APPROVED, FAILED, INCOMING, PENDING, REJECTED, SENT, Scene, moves
from .base import Contract, OpenStore


def unchanged(scene: Scene, message_id: str, act: Callable[[], object], error: type[Decision], match: str) -> None:
    """Insist that an act is refused with words, and that it leaves no trace."""
    before, history = scene.row(message_id), scene.kinds(message_id)
    with pytest.raises(error, match=match):
        act()
    assert (scene.row(message_id), scene.kinds(message_id)) == (before, history)


class DecisionsContract(Contract):
    def test_an_approval_binds_who_when_and_exactly_this_text(self, scene: Scene) -> None:
        row = scene.draft()
        at = scene.clock.advance(5)
        approved = scene.approve(row.id, row.draft_version)
        assert (approved.status, approved.approved_by, approved.approved_kind) == ("approved", "maria", "person")
        assert (approved.approved_at, approved.approved_version) == (at, row.draft_version)
        event = scene.store.history(scene.account, row.id)[-1]
        assert (event.kind, event.digest, event.version) == ("approved", digest_of(ANA, "Until six."), 1)

    def test_an_approved_message_can_be_sent_when_the_undo_window_is_over(self, scene: Scene) -> None:
        row = scene.draft()
        scene.approve(row.id, undo=MINUTE)
        scene.clock.advance(59)
        assert scene.claim() is None
        scene.clock.advance(1)
        assert scene.claim() is not None

    def test_a_rejection_says_why(self, scene: Scene) -> None:
        row = scene.draft()
        assert scene.reject(row.id, reason="wrong hours").status == "rejected"
        assert scene.store.history(scene.account, row.id)[-1].why == "wrong hours"

    def test_an_edit_is_a_new_version_that_wants_its_own_decision(self, scene: Scene) -> None:
        row = scene.draft()
        edited = scene.edit(row.id, "Until seven 🙂")
        assert (edited.draft_version, edited.text, edited.author) == (2, "Until seven 🙂", "maria")
        assert edited.digest == digest_of(ANA, "Until seven 🙂")
        assert [(v["version"], v["text"]) for v in scene.store.versions(row.seq)] == [(1, "Until six.")]
        unchanged(scene, row.id, lambda: scene.approve(row.id, 1), StaleVersion, "now at version 2")
        assert scene.approve(row.id, 2).approved_version == 2

    def test_an_edit_gives_a_text_to_what_had_none(self, scene: Scene) -> None:
        scene.script("s1", text="")
        assert scene.edit("s1", "Until six.").digest == digest_of(ANA, "Until six.")
        scene.approve("s1")
        claim = scene.claim()
        assert claim is not None
        assert (claim.chat, claim.text) == (ANA, "Until six.")

    def test_an_edit_gives_no_recipient_to_what_has_none(self, scene: Scene) -> None:
        scene.add({"id": "m1", "from": ANA, "body": "Hello"}, PENDING)
        scene.add({"id": "m2", "body": "Hello"}, PENDING)
        for name in ("m1", "m2"):
            assert scene.edit(name, "Until six.").digest is None

    def test_an_approval_by_a_rule_says_which_and_why(self, scene: Scene) -> None:
        row = scene.draft()
        approved = scene.store.approve(scene.account, row.id, 1, by="by day", kind="rule", why="from a known address")
        assert (approved.approved_by, approved.approved_kind) == ("by day", "rule")
        assert scene.store.history(scene.account, row.id)[-1].why == "from a known address"

    def test_what_an_edit_does_not_name_stays(self, scene: Scene) -> None:
        scene.add({"id": "s1", "recipient": ANA, "body": "one", "own": {"x": [1]}}, PENDING)
        scene.edit("s1", "two")
        assert scene.row("s1").message == {"id": "s1", "recipient": ANA, "body": "two", "own": {"x": [1]}}

    @pytest.mark.parametrize("doing", ["edit", "reject"])
    def test_what_was_approved_is_taken_back_by_it(self, scene: Scene, doing: str) -> None:
        row = scene.draft()
        scene.approve(row.id)
        after = scene.edit(row.id, "other") if doing == "edit" else scene.reject(row.id)
        assert (after.approved_version, after.approved_by) == (None, None)
        assert "taken back" in scene.kinds(row.id)
        assert scene.claim() is None

    @pytest.mark.parametrize("doing", ["edit", "reject"])
    def test_what_was_approved_beside_its_status_is_taken_back_by_it(self, scene: Scene, doing: str) -> None:
        row = scene.script()
        scene.store.approve_beside(row, by="maria", kind="person")
        after = scene.edit(row.id, "other") if doing == "edit" else scene.reject(row.id)
        assert after.approved_version is None
        assert scene.store.claim_row(after, lease=1, by="sender") is None

    @pytest.mark.parametrize("doing", ["edit", "reject", "approve"])
    def test_what_was_refused_for_good_can_be_decided_again(self, scene: Scene, doing: str) -> None:
        claim = scene.claimed()
        scene.refused(claim)
        act = {"edit": lambda: scene.edit(claim.id, "other"), "reject": lambda: scene.reject(claim.id)}
        after = act.get(doing, lambda: scene.approve(claim.id))()
        assert after.status == {"edit": "pending_approval", "reject": "rejected", "approve": "approved"}[doing]
        assert "taken back" not in scene.kinds(claim.id)
        assert ("tried again" if doing == "approve" else "reopened") in scene.kinds(claim.id)
        assert moves(scene.store) <= set(MOVES)
        assert (scene.claim() is not None) == (doing == "approve")

    def test_what_a_script_put_back_after_a_refusal_can_be_edited(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.refused(claim)
        scene.move(claim.id, FAILED, PENDING)
        scene.edit(claim.id, "other")
        assert scene.approve(claim.id).status == "approved"
        assert scene.claim() is not None

    def test_taken_back_it_waits_for_a_decision_again(self, scene: Scene) -> None:
        row = scene.draft()
        scene.approve(row.id)
        assert scene.store.take_back(scene.account, row.id, by="maria").status == "pending_approval"
        assert scene.claim() is None
        unchanged(
            scene,
            row.id,
            lambda: scene.store.take_back(scene.account, row.id, by="maria"),
            IllegalMove,
            "nothing to take back",
        )

    def test_reopened_it_waits_for_a_decision_again(self, scene: Scene) -> None:
        row = scene.draft()
        unchanged(
            scene,
            row.id,
            lambda: scene.store.reopen(scene.account, row.id, by="maria"),
            IllegalMove,
            "nothing to reopen",
        )
        scene.reject(row.id)
        assert scene.store.reopen(scene.account, row.id, by="maria").status == "pending_approval"
        assert scene.kinds(row.id)[-1] == "reopened"
        assert scene.approve(row.id).status == "approved"

    @pytest.mark.parametrize("outcome", ["accepted", "unconfirmed"])
    def test_what_left_or_may_have_left_is_not_reopened(self, scene: Scene, outcome: str) -> None:
        claim = scene.claimed()
        getattr(scene, outcome)(claim)
        scene.move(claim.id, scene.row(claim.id).message_status, REJECTED)
        reopen = partial(scene.store.reopen, scene.account, claim.id, by="maria")
        unchanged(scene, claim.id, reopen, IllegalMove, "already out|nobody knows")

    def test_an_expired_draft_is_rejected_and_says_so(self, scene: Scene) -> None:
        row = scene.draft()
        expired = scene.store.expire(scene.account, row.id, row.draft_version)
        assert (expired.status, expired.reason) == ("rejected", "expired")
        assert (expired.changed_what, expired.changed_by) == ("expired", "keeper")

    def test_what_was_decided_or_edited_in_time_does_not_expire(self, scene: Scene) -> None:
        row = scene.draft()
        scene.approve(row.id)
        expire = lambda: scene.store.expire(scene.account, row.id, 1)  # noqa: E731
        unchanged(scene, row.id, expire, Decision, "approved")
        scene.edit(row.id, "other")
        unchanged(scene, row.id, expire, StaleVersion, "now at version 2")
        scene.reject(row.id)
        expire = lambda: scene.store.expire(scene.account, row.id, 2)  # noqa: E731
        unchanged(scene, row.id, expire, StaleVersion, "cannot be expired: it was rejected by omar")


class RefusalsContract(Contract):
    def test_what_has_no_recipient_or_no_text_is_not_sendable(self, scene: Scene) -> None:
        scene.add({"id": "m1", "from": ANA, "body": "Hello"})
        scene.move("m1", INCOMING, PENDING)
        scene.add({"id": "m2", "recipient": ANA, "body": ""}, PENDING)
        for name in ("m1", "m2"):
            unchanged(scene, name, lambda name=name: scene.approve(name), NotSendable, "nothing to send")  # type: ignore[misc]

    def test_what_is_unknown_or_was_cleared_is_not_found(self, scene: Scene) -> None:
        row = scene.draft()
        scene.store.clear(scene.account, PENDING, by="script")
        for name in (row.id, "m9"):
            for act in (scene.approve, scene.reject):
                with pytest.raises(NotFound, match=name):
                    act(name)
            with pytest.raises(NotFound, match=name):
                scene.edit(name, "other")
        assert scene.row(row.id).changed_what == "added"

    def test_a_stale_draft_is_approved_only_by_one_who_says_he_knows(self, scene: Scene) -> None:
        row = scene.draft("m1")
        scene.receive("m2")
        stale = scene.row(row.id).stale
        unchanged(scene, row.id, lambda: scene.approve(row.id), StaleVersion, "newer message m2")
        unchanged(scene, row.id, lambda: scene.approve(row.id, despite="newer message m0"), StaleVersion, "m2")
        approved = scene.approve(row.id, despite=stale)
        assert (approved.status, approved.stale) == ("approved", None)

    def test_an_edit_of_a_stale_draft_answers_what_is_known(self, scene: Scene) -> None:
        row = scene.draft("m1")
        scene.receive("m2")
        scene.edit(row.id, "Answers both")
        assert scene.approve(row.id).status == "approved"

    def test_a_second_approval_is_told_of_the_first(self, scene: Scene) -> None:
        row = scene.draft()
        scene.approve(row.id)
        unchanged(scene, row.id, lambda: scene.approve(row.id), StaleVersion, "already approved by maria")

    def test_an_approval_after_a_rejection_is_told_by_whom(self, scene: Scene) -> None:
        row = scene.draft()
        scene.reject(row.id)
        told = "cannot be {}: it was rejected by omar"
        unchanged(scene, row.id, lambda: scene.approve(row.id), StaleVersion, told.format("approved"))
        unchanged(scene, row.id, lambda: scene.edit(row.id, "x"), StaleVersion, told.format("edited"))
        unchanged(scene, row.id, lambda: scene.reject(row.id), StaleVersion, told.format("rejected"))
        again = partial(scene.store.ask_again, scene.account, row.id, by="maria", why=None)
        unchanged(scene, row.id, again, StaleVersion, told.format("drafted again"))

    def test_an_old_version_is_told_what_happened_to_it(self, scene: Scene) -> None:
        row = scene.draft()
        scene.edit(row.id, "other")
        unchanged(scene, row.id, lambda: scene.reject(row.id, 1), StaleVersion, "edited by maria")
        unchanged(scene, row.id, lambda: scene.edit(row.id, "third", 1), StaleVersion, "edited by maria")

    def test_what_is_being_sent_is_left_alone(self, scene: Scene) -> None:
        claim = scene.claimed()
        for act in (
            lambda: scene.approve(claim.id),
            lambda: scene.reject(claim.id),
            lambda: scene.edit(claim.id, "other"),
            lambda: scene.store.take_back(scene.account, claim.id, by="maria"),
            lambda: scene.store.approve_beside(scene.row(claim.id), by="maria", kind="person"),
            lambda: scene.move(claim.id, APPROVED, PENDING),
        ):
            unchanged(scene, claim.id, act, InFlight, "being sent")

    def test_what_is_out_cannot_be_decided_about(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.accepted(claim)
        for act in (
            lambda: scene.approve(claim.id),
            lambda: scene.reject(claim.id),
            lambda: scene.edit(claim.id, "other"),
            lambda: scene.store.take_back(scene.account, claim.id, by="maria"),
        ):
            unchanged(scene, claim.id, act, IllegalMove, "already out")

    def test_of_what_may_have_left_a_person_says_what_became_of_it(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        for act in (
            lambda: scene.approve(claim.id),
            lambda: scene.reject(claim.id),
            lambda: scene.edit(claim.id, "other"),
            lambda: scene.store.approve_beside(scene.row(claim.id), by="maria", kind="person"),
        ):
            unchanged(scene, claim.id, act, IllegalMove, "nobody knows whether")

    def test_an_incoming_message_is_no_draft(self, scene: Scene) -> None:
        scene.script("s1", INCOMING)
        for act in (lambda: scene.approve("s1"), lambda: scene.reject("s1"), lambda: scene.edit("s1", "x")):
            unchanged(scene, "s1", act, IllegalMove, "incoming")

    def test_a_yes_at_the_terminal_does_not_undo_a_rejection(self, scene: Scene) -> None:
        row = scene.script()
        scene.reject(row.id)
        unchanged(
            scene,
            row.id,
            lambda: scene.store.approve_beside(row, by="ana", kind="person"),
            StaleVersion,
            "rejected by omar",
        )

    def test_a_yes_at_the_terminal_is_for_the_text_that_was_shown(self, scene: Scene) -> None:
        row = scene.script()
        scene.edit(row.id, "other")
        yes = lambda: scene.store.approve_beside(row, by="ana", kind="person")  # noqa: E731
        unchanged(scene, row.id, yes, StaleVersion, "version 2")

    def test_a_yes_at_the_terminal_does_not_reach_what_was_cleared(self, scene: Scene) -> None:
        row = scene.script()
        scene.store.clear(scene.account, PENDING, by="script")
        with pytest.raises(NotFound, match="s1"):
            scene.store.approve_beside(row, by="ana", kind="person")


DECIDING: dict[str, Callable[[Scene, str, MessageStatus | None], object]] = {
    "approve": lambda scene, name, seen: scene.approve(name, 1, seen=seen),
    "edit": lambda scene, name, seen: scene.edit(name, "other", 1, seen),
    "reject": lambda scene, name, seen: scene.reject(name, 1, seen=seen),
    "ask again": lambda scene, name, seen: scene.store.ask_again(
        scene.account, name, 1, by="omar", why=None, seen=seen
    ),
}
every_decision = pytest.mark.parametrize("decide", DECIDING.values(), ids=list(DECIDING))


class SeenContract(Contract):
    """What was shown is a version and a status: a decision counts only while both still stand."""

    @every_decision
    def test_who_saw_it_wait_is_told_who_approved_it_since_and_when(
        self, scene: Scene, decide: Callable[[Scene, str, MessageStatus | None], object]
    ) -> None:
        row = scene.draft()
        scene.clock.advance(90)
        when = local_iso(scene.clock())[:19].replace("T", " ")
        scene.approve(row.id)
        act = lambda: decide(scene, row.id, PENDING)  # noqa: E731
        unchanged(scene, row.id, act, StaleVersion, f"approved by maria at {when}")
        assert scene.claim() is not None

    @every_decision
    def test_who_saw_it_wait_is_told_that_it_is_on_its_way_or_out(
        self, scene: Scene, decide: Callable[[Scene, str, MessageStatus | None], object]
    ) -> None:
        claim = scene.claimed()
        act = lambda: decide(scene, claim.id, PENDING)  # noqa: E731
        unchanged(scene, claim.id, act, InFlight, "approved by maria at .* being sent")
        scene.accepted(claim)
        unchanged(scene, claim.id, act, IllegalMove, "approved by maria at .* already out")

    @every_decision
    def test_who_saw_it_wait_is_told_that_it_was_approved_and_refused_since(
        self, scene: Scene, decide: Callable[[Scene, str, MessageStatus | None], object]
    ) -> None:
        claim = scene.claimed()
        scene.refused(claim)
        act = lambda: decide(scene, claim.id, PENDING)  # noqa: E731
        unchanged(scene, claim.id, act, StaleVersion, "is failed now, not pending_approval: .* approved by maria")
        assert scene.claim() is None

    @every_decision
    def test_who_saw_it_wait_is_told_who_rejected_it_since(
        self, scene: Scene, decide: Callable[[Scene, str, MessageStatus | None], object]
    ) -> None:
        row = scene.draft()
        scene.reject(row.id)
        act = lambda: decide(scene, row.id, PENDING)  # noqa: E731
        unchanged(scene, row.id, act, StaleVersion, "rejected by omar at ")

    @pytest.mark.parametrize("doing", ["edit", "reject", "ask again"])
    def test_who_saw_that_it_is_approved_takes_that_back_and_the_history_says_so(
        self, scene: Scene, doing: str
    ) -> None:
        row = scene.draft()
        scene.approve(row.id)
        DECIDING[doing](scene, row.id, APPROVED)
        assert "taken back" in scene.kinds(row.id)
        assert scene.claim() is None
        assert scene.row(row.id).status == ("rejected" if doing == "reject" else "pending_approval")

    def test_who_saw_that_it_is_approved_is_told_that_it_was_taken_back_since(self, scene: Scene) -> None:
        row = scene.draft()
        scene.approve(row.id)
        scene.store.take_back(scene.account, row.id, by="omar")
        act = lambda: scene.reject(row.id, 1, seen=APPROVED)  # noqa: E731
        unchanged(scene, row.id, act, StaleVersion, "taken back by omar at ")

    def test_asking_again_is_about_the_version_that_was_shown(self, scene: Scene) -> None:
        row = scene.draft()
        scene.edit(row.id, "other")
        act = lambda: scene.store.ask_again(scene.account, row.id, 1, by="omar", why=None)  # noqa: E731
        unchanged(scene, row.id, act, StaleVersion, "edited by maria")

    def test_a_rule_does_not_try_again_what_a_person_approved_and_the_gateway_refused(self, scene: Scene) -> None:
        row = scene.draft()
        scene.approve(row.id)
        claim = scene.claim()
        assert claim is not None
        scene.refused(claim)
        with pytest.raises(StaleVersion, match="approved by maria"):
            scene.store.approve(scene.account, row.id, 1, by="by day", kind="rule", seen=PENDING)
        assert scene.claim() is None


class TwoDecidersContract(Contract):
    def decide_at_once(self, acts: list[Callable[[], Row]]) -> list[Row | Decision]:
        """Run all acts at the same moment; what each of them came to."""
        start, results = threading.Barrier(len(acts)), list[Row | Decision]()

        def run(act: Callable[[], Row]) -> None:
            start.wait()
            try:
                results.append(act())
            except Decision as refusal:
                results.append(refusal)

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_of_many_who_approve_one_wins_and_the_others_are_told_who(
        self, scene: Scene, open_store: OpenStore
    ) -> None:
        stores = [open_store() for _ in range(4)]
        row = scene.draft()
        results = self.decide_at_once(
            [
                lambda store=store, name=f"person{n}": store.approve(scene.account, row.id, 1, by=name)  # type: ignore[misc]
                for n, store in enumerate(stores)
            ]
        )
        winner = next(result for result in results if isinstance(result, Row))
        refusals = [str(result) for result in results if isinstance(result, StaleVersion)]
        assert len(refusals) == 3
        assert all(f"already approved by {winner.approved_by}" in text for text in refusals)

    @pytest.mark.parametrize("attempt", range(5))
    def test_an_edit_and_an_approval_at_once_never_send_the_other_text(self, scene: Scene, attempt: int) -> None:
        row = scene.draft()
        self.decide_at_once([lambda: scene.approve(row.id, 1), lambda: scene.edit(row.id, f"other {attempt}", 1)])
        present = scene.row(row.id)
        assert (present.status, present.text) == ("pending_approval", f"other {attempt}")
        assert scene.claim() is None

    def test_of_two_who_settle_what_is_unconfirmed_the_second_is_told(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        seen_by_both = scene.row(claim.id)
        scene.store.send_again(seen_by_both, by="maria")
        for act in (scene.store.confirm_sent, scene.store.send_again, scene.store.give_up):
            with pytest.raises(Decision, match=r"not unconfirmed.*approved by maria at "):
                act(seen_by_both, by="omar")
        assert scene.ids(APPROVED) == [claim.id]
        assert (scene.ids(SENT), scene.ids(REJECTED)) == ([], [])
