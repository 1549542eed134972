"""The contract of accounts: one store serves many numbers, and nothing leaks from one into another."""

from __future__ import annotations

import pytest

from signoff.errors import NotFound

from ..scenes import ANA, ANA_LID, APPROVED, BEN, FAILED, INCOMING, PENDING, SENT, Scene
from .base import Contract, OpenStore


class AccountsContract(Contract):
    def test_an_account_is_made_once_and_keeps_its_number(self, scene: Scene, open_store: OpenStore) -> None:
        assert open_store().account("default") == scene.account
        assert open_store().account("shop") != scene.account
        assert scene.store.account_names() == ["default", "shop"]

    def test_a_known_account_is_found_while_somebody_writes(self, scene: Scene) -> None:
        assert scene.store.database.write(lambda _: scene.store.account("default")) == scene.account

    def test_the_same_id_in_two_accounts_is_two_messages(self, scene: Scene, other: Scene) -> None:
        assert scene.add({"id": "m1", "body": "one"})
        assert other.add({"id": "m1", "body": "two"})
        scene.move("m1", INCOMING, SENT)
        assert other.row("m1").status == "incoming"
        assert [event.kind for event in other.store.history(other.account, "m1")] == ["added"]

    def test_lists_counters_and_clearing_do_not_leak(self, scene: Scene, other: Scene) -> None:
        for each in (scene, other):
            each.add({"id": "m1"})
        scene.store.clear(scene.account, INCOMING, by="script")
        scene.store.reset_totals(scene.account, by="script")
        assert (scene.ids(INCOMING), scene.totals()) == ([], {})
        assert (other.ids(INCOMING), other.totals()) == (["m1"], {"incoming": 1})

    def test_decisions_and_claims_do_not_leak(self, scene: Scene, other: Scene) -> None:
        row = scene.draft()
        with pytest.raises(NotFound):
            other.approve(row.id)
        scene.approve(row.id)
        assert other.claim() is None
        assert other.store.undecided(other.account, asked=False) == []
        assert other.store.claim_draft(other.account, lease=1, by="drafter") is None
        claim = scene.claim()
        scene.clock.advance(3600)
        assert claim is not None
        assert other.store.expired_claims(other.account, lease=1, by="outbox") == []

    def test_contacts_do_not_leak(self, scene: Scene, other: Scene) -> None:
        scene.receive("m1", ANA, aliases=(ANA_LID,))
        other.receive("m1", ANA, "Other account")
        assert other.store.addresses(other.account, ANA) == [ANA]
        assert [m["body"] for m in other.store.conversation(other.account, ANA, 10)] == ["Other account"]
        assert scene.store.forget(scene.account, ANA_LID, by="maria") == 1
        assert other.row("m1").text == "Other account"

    def test_a_newer_message_makes_only_drafts_of_its_own_account_stale(self, scene: Scene, other: Scene) -> None:
        row = scene.draft()
        other.receive("m2", ANA)
        assert scene.row(row.id).stale is None

    def test_receipts_and_rows_of_scripts_do_not_leak(self, scene: Scene, other: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        assert not other.store.receipt(other.account, ack="server", gateway_id=None, token=claim.token, by="inbox")
        row = scene.script()
        assert row.digest is not None
        assert other.store.script_rows(other.account, row.digest) == []

    def test_settings_and_session_do_not_leak(self, scene: Scene, other: Scene) -> None:
        scene.store.change_settings(scene.account, lambda _: {"mine": 1}, by="maria")
        assert other.store.settings(other.account) == {}
        assert other.store.setting(other.account, "mine") is None

    def test_a_draft_of_one_account_for_ben_is_none_of_the_other(self, scene: Scene, other: Scene) -> None:
        scene.draft(chat=BEN)
        other.draft(chat=BEN)
        assert (scene.ids(PENDING), other.ids(PENDING)) == (["reply_m1"], ["reply_m1"])
        assert scene.move("reply_m1", PENDING, FAILED)
        assert other.ids(PENDING) == ["reply_m1"]
        assert other.ids(APPROVED) == []
