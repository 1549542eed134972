"""The table of delivery, row by row: what each verb does to a script's message in each situation it can be in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.errors import Decision, IllegalMove, InFlight, NotFound, StaleVersion
from signoff.lifecycle import MessageStatus
from signoff.store.rows import Claim

from ..scenes import APPROVED, LEASE, SENT, Scene
from .base import Contract


def pending(scene: Scene) -> None:
    scene.script()


def approved(scene: Scene) -> None:
    scene.approve(scene.script().id)


def approved_by_a_script(scene: Scene) -> None:
    scene.script("s1", APPROVED)


def attempt_open(scene: Scene) -> None:
    approved(scene)
    assert scene.claim() is not None


def attempt_accepted(scene: Scene) -> None:
    scene.accepted(for_script(scene), move=False)


def unconfirmed(scene: Scene) -> None:
    approved(scene)
    scene.unconfirmed(by_outbox(scene))


def refused(scene: Scene) -> None:
    approved(scene)
    scene.refused(by_outbox(scene))


def sent(scene: Scene) -> None:
    scene.script("s1", SENT)


def by_outbox(scene: Scene) -> Claim:
    claim = scene.claim()
    assert claim is not None
    return claim


def for_script(scene: Scene) -> Claim:
    """What `send_message` does with a row of its own: approves it beside its status and claims it."""
    if scene.store.find(scene.account, "s1") is None:
        scene.script()
    scene.store.approve_beside(scene.row("s1"), by="script", kind="script")
    claim = scene.store.claim_row(scene.row("s1"), lease=LEASE, by="script")
    assert claim is not None
    return claim


Situation = Callable[[Scene], None]
Refusal = type[Decision] | None

# the situation: outbox claims it; approve; edit and reject; a script claims it; move
TABLE: dict[Situation, tuple[bool, Refusal, Refusal, Refusal, Refusal]] = {
    pending: (False, None, None, None, None),
    approved: (True, StaleVersion, None, None, None),
    approved_by_a_script: (False, None, None, None, None),
    attempt_open: (False, InFlight, InFlight, InFlight, InFlight),
    attempt_accepted: (False, IllegalMove, IllegalMove, IllegalMove, None),
    unconfirmed: (False, IllegalMove, IllegalMove, IllegalMove, None),
    refused: (False, None, None, None, None),
    sent: (False, IllegalMove, IllegalMove, IllegalMove, None),
}

every_situation = pytest.mark.parametrize("situation", TABLE, ids=lambda situation: situation.__name__)


def attempt(refusal: Refusal, act: Callable[[], object]) -> None:
    """Do it, or insist that it is refused in this way."""
    if refusal is None:
        act()
    else:
        with pytest.raises(refusal):
            act()


@every_situation
class TableContract(Contract):
    def test_the_outbox(self, scene: Scene, situation: Situation) -> None:
        situation(scene)
        assert (scene.claim() is not None) == TABLE[situation][0]

    def test_the_outbox_after_a_move_to_approved_and_back(self, scene: Scene, situation: Situation) -> None:
        """Whatever a script moves about, nothing becomes sendable by it."""
        situation(scene)
        if situation is attempt_open:
            return
        for target in (MessageStatus.FAILED, APPROVED):
            scene.move("s1", scene.row("s1").message_status, target)
        assert scene.claim() is None
        assert scene.store.claim_row(scene.row("s1"), lease=LEASE, by="script") is None

    def test_approving(self, scene: Scene, situation: Situation) -> None:
        situation(scene)
        attempt(TABLE[situation][1], lambda: scene.approve("s1"))
        if TABLE[situation][1] is None:
            assert scene.claim() is not None

    def test_editing(self, scene: Scene, situation: Situation) -> None:
        situation(scene)
        attempt(TABLE[situation][2], lambda: scene.edit("s1", "other"))
        if TABLE[situation][2] is None:
            assert scene.row("s1").status == "pending_approval"
            assert scene.claim() is None

    def test_rejecting(self, scene: Scene, situation: Situation) -> None:
        situation(scene)
        attempt(TABLE[situation][2], lambda: scene.reject("s1"))
        if TABLE[situation][2] is None:
            assert scene.row("s1").status == "rejected"
            assert scene.claim() is None

    def test_a_script_that_sends(self, scene: Scene, situation: Situation) -> None:
        situation(scene)
        tries = scene.row("s1").tries
        attempt(TABLE[situation][3], lambda: for_script(scene))
        assert scene.row("s1").tries == tries + (TABLE[situation][3] is None)

    def test_a_script_that_moves(self, scene: Scene, situation: Situation) -> None:
        situation(scene)
        source = scene.row("s1").message_status
        attempt(TABLE[situation][4], lambda: scene.move("s1", source, MessageStatus.FAILED))
        assert scene.claim() is None

    def test_clearing(self, scene: Scene, situation: Situation) -> None:
        situation(scene)
        status = scene.row("s1").message_status
        scene.store.clear(scene.account, status, by="script")
        assert scene.ids(status) == []
        assert scene.claim() is None
        with pytest.raises(NotFound, match="cleared"):
            scene.store.claim_row(scene.row("s1"), lease=LEASE, by="script")

    def test_an_open_attempt_is_settled_after_clearing(self, scene: Scene, situation: Situation) -> None:
        situation(scene)
        scene.store.clear(scene.account, scene.row("s1").message_status, by="script")
        scene.clock.advance(3600)
        left = scene.store.expired_claims(scene.account, lease=LEASE, by="keeper")
        assert [claim.id for claim in left] == (["s1"] if situation is attempt_open else [])
        assert all(scene.accepted(claim) for claim in left)
