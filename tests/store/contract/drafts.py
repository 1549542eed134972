"""The contract of drafting: who may draft for a message, and what becomes of an earlier draft."""

from __future__ import annotations

import pytest

from signoff.clock import MINUTE, SECOND
from signoff.digest import digest_of
from signoff.errors import Decision, IllegalMove
from signoff.store.decisions import NewDraft
from signoff.store.rows import Row

from ..scenes import ANA, BEN, INCOMING, LEASE, PENDING, REJECTED, SENT, Scene
from .base import Contract


def claim(scene: Scene, lease: int = LEASE) -> Row | None:
    return scene.store.claim_draft(scene.account, lease=lease, by="drafter")


def draft_for(row: Row, text: str = "Until six.") -> NewDraft:
    return NewDraft(row.seq, row.draft_tries, ANA, text, "faq", "found in hours.md", {"original_message_id": row.id})


def said_last(scene: Scene, message_id: str) -> tuple[str, str, str | None]:
    """What happened to a message last, by whom and why."""
    event = scene.store.history(scene.account, message_id)[-1]
    return event.kind, event.by, event.why


class DraftsContract(Contract):
    def test_messages_are_drafted_for_in_the_order_in_which_they_came(self, scene: Scene) -> None:
        for name in ("m1", "m2"):
            scene.clock.advance(1)
            scene.receive(name)
        assert [row.id for row in (claim(scene), claim(scene)) if row] == ["m1", "m2"]
        assert claim(scene) is None

    def test_a_claim_lasts_for_its_lease(self, scene: Scene) -> None:
        scene.receive()
        first = claim(scene, MINUTE)
        scene.clock.advance(59)
        assert claim(scene) is None
        scene.clock.advance(1)
        second = claim(scene)
        assert first is not None
        assert second is not None
        assert (first.draft_tries, second.draft_tries) == (1, 2)

    def test_a_draft_waits_for_a_decision_and_names_what_it_answers(self, scene: Scene) -> None:
        scene.receive()
        incoming = claim(scene)
        assert incoming is not None
        row = scene.store.add_draft(scene.account, draft_for(incoming))
        assert row is not None
        assert (row.id, row.status, row.origin, row.answers) == ("reply_m1", "pending_approval", "draft", incoming.seq)
        assert (row.digest, row.author, row.note) == (digest_of(ANA, "Until six."), "faq", "found in hours.md")
        expected = {"id": "reply_m1", "recipient": ANA, "body": "Until six.", "original_message_id": "m1"}
        assert row.message == expected
        assert scene.row("m1").status == "incoming"
        assert said_last(scene, "m1") == ("drafted", "faq", None)
        assert claim(scene) is None

    def test_a_draft_made_under_an_old_claim_is_void(self, scene: Scene) -> None:
        scene.receive()
        first = claim(scene)
        scene.clock.advance(60)
        second = claim(scene)
        assert first is not None
        assert second is not None
        assert scene.store.add_draft(scene.account, draft_for(first, "late")) is None
        assert scene.store.add_draft(scene.account, draft_for(second, "in time")) is not None
        assert scene.store.add_draft(scene.account, draft_for(second, "twice")) is None
        assert [row.text for row in scene.store.page(scene.account, PENDING)] == ["in time"]

    def test_a_draft_is_out_of_date_from_the_beginning_when_more_came_in_while_it_was_made(self, scene: Scene) -> None:
        scene.receive("m1")
        incoming = claim(scene)
        assert incoming is not None
        scene.receive("m2")
        assert said_last(scene, "m1") == ("stale", "inbox", "newer message m2")
        at = scene.clock.advance(1)
        row = scene.store.add_draft(scene.account, draft_for(incoming))
        assert row is not None
        assert (row.stale, row.changed_at) == ("newer message m2", at)
        assert said_last(scene, row.id) == ("stale", "inbox", "newer message m2")

    def test_a_long_text_in_any_script_is_drafted(self, scene: Scene) -> None:
        scene.receive()
        assert scene.answer("字" * 330_000).text == "字" * 330_000

    def test_a_message_can_wait_for_its_draft(self, scene: Scene) -> None:
        scene.receive()
        row = claim(scene)
        assert row is not None
        due = scene.clock() + 10 * SECOND
        assert scene.store.postpone_draft(row, due, by="drafter", why="model not reachable")
        assert claim(scene) is None
        assert said_last(scene, "m1") == ("draft postponed", "drafter", "model not reachable")
        scene.clock.advance(10)
        assert claim(scene) is not None
        assert not scene.store.postpone_draft(row, due, by="drafter", why="too late")

    def test_a_message_can_get_no_draft_at_all(self, scene: Scene) -> None:
        scene.receive()
        row = claim(scene)
        assert row is not None
        assert scene.store.postpone_draft(row, None, by="drafter", why="nothing known about it")
        scene.clock.advance(86_400)
        assert claim(scene) is None
        assert said_last(scene, "m1") == ("no draft", "drafter", "nothing known about it")

    def test_all_that_an_assistant_has_still_to_look_at_is_told_the_next_first(
        self, scene: Scene, other: Scene
    ) -> None:
        for name in ("m1", "m2", "m3"):
            scene.receive(name)
            scene.clock.advance(1)
        other.receive("m4")
        first, second = claim(scene), claim(scene)
        assert first is not None
        assert second is not None
        scene.store.postpone_draft(first, None, by="drafter", why="nothing known about it")
        assert [row.id for row in scene.store.to_be_drafted(scene.account)] == ["m3", "m2"]
        scene.store.clear(scene.account, INCOMING, by="script")
        assert scene.store.to_be_drafted(scene.account) == []

    def test_what_a_script_moved_along_is_not_drafted_for(self, scene: Scene) -> None:
        scene.receive()
        scene.move("m1", INCOMING, PENDING)
        assert claim(scene) is None

    def test_what_was_cleared_is_not_drafted_for(self, scene: Scene) -> None:
        scene.receive()
        scene.store.clear(scene.account, INCOMING, by="script")
        assert claim(scene) is None

    def test_only_what_a_gateway_brought_is_drafted_for(self, scene: Scene) -> None:
        scene.add({"id": "m1", "from": ANA, "body": "Are you open?"})
        assert claim(scene) is None

    def test_the_newest_draft_for_a_message_is_its_answer(self, scene: Scene) -> None:
        first = scene.draft()
        incoming = scene.row("m1")
        assert scene.store.answer_to(incoming.seq) == first
        scene.store.ask_again(scene.account, first.id, by="maria", why=None)
        second = scene.answer("better")
        assert scene.store.answer_to(incoming.seq) == second
        assert scene.store.answer_to(second.seq) is None

    def test_a_very_long_id_still_gets_its_reply(self, scene: Scene) -> None:
        scene.receive("字" * 170)
        row = scene.answer()
        assert len(row.id.encode()) <= 512
        assert row.answers == scene.row("字" * 170).seq


class AskingAgainContract(Contract):
    def test_the_draft_stays_until_the_next_is_there_and_is_then_superseded(self, scene: Scene) -> None:
        first = scene.draft()
        incoming = scene.store.ask_again(scene.account, first.id, by="maria", why="friendlier")
        assert incoming.id == "m1"
        assert said_last(scene, "m1") == ("asked again", "maria", "friendlier")
        assert scene.ids(PENDING) == [first.id]
        second = scene.answer("With pleasure until six!")
        assert (second.id, scene.ids(PENDING)) == ("reply_m1_2", [second.id])
        assert (scene.row(first.id).status, scene.row(first.id).reason) == ("rejected", "superseded")

    def test_tries_begin_anew(self, scene: Scene) -> None:
        first = scene.draft()
        scene.store.ask_again(scene.account, first.id, by="maria", why=None)
        row = claim(scene)
        assert row is not None
        assert row.draft_tries == 1

    def test_an_approval_in_between_stands_and_the_new_draft_is_void(self, scene: Scene) -> None:
        first = scene.draft()
        scene.store.ask_again(scene.account, first.id, by="maria", why=None)
        row = claim(scene)
        assert row is not None
        scene.approve(first.id)
        assert scene.store.to_be_drafted(scene.account) == []
        assert scene.store.add_draft(scene.account, draft_for(row, "too late")) is None
        assert scene.row(first.id).status == "approved"
        scene.clock.advance(LEASE / SECOND)
        assert claim(scene) is None

    def test_asking_again_takes_an_approval_back(self, scene: Scene) -> None:
        row = scene.draft()
        scene.approve(row.id)
        scene.store.ask_again(scene.account, row.id, by="maria", why=None)
        assert scene.row(row.id).status == "pending_approval"
        assert scene.claim() is None

    def test_a_scripts_own_message_is_not_drafted_again(self, scene: Scene) -> None:
        scene.script()
        with pytest.raises(IllegalMove, match="edit it instead"):
            scene.store.ask_again(scene.account, "s1", by="maria", why=None)

    def test_what_is_out_is_not_drafted_again(self, scene: Scene) -> None:
        claimed = scene.claimed()
        with pytest.raises(Decision, match="being sent"):
            scene.store.ask_again(scene.account, claimed.id, by="maria", why=None)
        scene.accepted(claimed)
        with pytest.raises(IllegalMove, match="already out"):
            scene.store.ask_again(scene.account, claimed.id, by="maria", why=None)

    def test_there_is_one_open_draft_for_a_message(self, scene: Scene) -> None:
        first = scene.draft()
        scene.store.ask_again(scene.account, first.id, by="maria", why=None)
        second = scene.answer("better")
        with pytest.raises(IllegalMove, match="another draft"):
            scene.store.reopen(scene.account, first.id, by="maria")
        with pytest.raises(IllegalMove, match="another draft"):
            scene.move(first.id, REJECTED, PENDING)
        assert scene.ids(PENDING) == [second.id]
        scene.reject(second.id)
        scene.store.reopen(scene.account, first.id, by="maria")
        assert scene.ids(PENDING) == [first.id]


class UndecidedContract(Contract):
    def undecided(self, scene: Scene, *, asked: bool = False) -> list[str]:
        return [row.id for row, _ in scene.store.undecided(scene.account, asked=asked)]

    def test_drafts_wait_in_order_and_say_since_when(self, scene: Scene) -> None:
        first = scene.draft("m1")
        scene.clock.advance(60)
        second = scene.draft("m2", chat=BEN)
        waiting = scene.store.undecided(scene.account, asked=False)
        assert [(row.id, since) for row, since in waiting] == [
            (first.id, scene.clock() - MINUTE),
            (second.id, scene.clock()),
        ]

    def test_a_limit_gives_the_oldest(self, scene: Scene) -> None:
        first = scene.draft("m1")
        scene.draft("m2", chat=BEN)
        assert [row.id for row, _ in scene.store.undecided(scene.account, asked=False, limit=1)] == [first.id]

    def test_what_the_rules_left_to_a_person_is_not_given_to_them_again(self, scene: Scene) -> None:
        row = scene.draft()
        scene.store.set_asked(row, why="no rule")
        assert (self.undecided(scene), self.undecided(scene, asked=True)) == ([], [row.id])
        assert said_last(scene, row.id) == ("asked", "rules", "no rule")

    def test_a_new_text_is_given_to_the_rules_again(self, scene: Scene) -> None:
        row = scene.draft()
        scene.store.set_asked(row, why="no rule")
        scene.edit(row.id, "Until seven.")
        assert self.undecided(scene) == [row.id]

    def test_what_is_decided_cleared_or_a_scripts_own_does_not_wait(self, scene: Scene) -> None:
        scene.script()
        scene.approve(scene.draft("m1").id)
        scene.reject(scene.draft("m2").id)
        assert self.undecided(scene) == []
        scene.draft("m3")
        scene.store.clear(scene.account, PENDING, by="script")
        assert self.undecided(scene) == []

    def test_a_draft_that_a_script_sent_itself_does_not_wait(self, scene: Scene) -> None:
        row = scene.draft()
        scene.move(row.id, PENDING, SENT)
        assert self.undecided(scene) == []
