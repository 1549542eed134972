"""The contract of intake: what a gateway brings is stored once, whoever it comes from and however often."""

from __future__ import annotations

import pytest

from signoff.digest import digest_of
from signoff.errors import NotSendable
from signoff.store.connection import Transaction

from ..scenes import ANA, ANA_LID, APPROVED, BEN, FAILED, INCOMING, PENDING, REJECTED, SENT, Scene
from .base import Contract, OpenStore

GROUP = "15550100900-1600000000@g.us"


class IntakeContract(Contract):
    def test_a_message_is_stored_and_wants_a_draft(self, scene: Scene) -> None:
        row = scene.receive("m1")
        assert row is not None
        assert (row.status, row.origin, row.chat, row.draft_due) == ("incoming", "gateway", ANA, scene.clock())
        assert scene.totals() == {"incoming": 1}

    def test_one_that_shall_have_no_draft_gets_none(self, scene: Scene) -> None:
        scene.receive("m1", draft=False)
        assert scene.store.claim_draft(scene.account, lease=1, by="drafter") is None

    def test_what_was_done_to_make_it_storable_is_in_the_event(self, scene: Scene) -> None:
        scene.receive("m1", note="characters replaced")
        assert scene.store.history(scene.account, "m1")[0].why == "characters replaced"

    def test_it_is_kept_in_the_letters_in_which_it_was_written(self, scene: Scene) -> None:
        row = scene.receive("m1", text="¿Abren el domingo? 🙂")
        assert row is not None
        assert "¿Abren el domingo? 🙂" in row.payload

    def test_delivered_again_it_is_known(self, scene: Scene) -> None:
        scene.receive("m1")
        assert scene.receive("m1") is None
        scene.clock.advance(86_400)
        assert scene.receive("m1", text="the same id is enough") is None
        assert scene.ids(INCOMING) == ["m1"]

    def test_delivered_again_it_does_not_make_its_own_draft_stale(self, scene: Scene) -> None:
        row = scene.draft("m1")
        scene.receive("m1")
        assert scene.row(row.id).stale is None

    @pytest.mark.parametrize(("first", "second"), [(ANA, ANA_LID), (ANA_LID, ANA)])
    def test_under_the_other_address_of_its_sender_it_is_the_same_message(
        self, scene: Scene, first: str, second: str
    ) -> None:
        scene.receive("m1", first, aliases=(second,))
        assert scene.receive("m1", second) is None
        assert scene.receive("m1", second, aliases=(first,)) is None
        assert scene.ids(INCOMING) == ["m1"]

    def test_two_addresses_that_nobody_named_together_are_one_when_id_text_and_time_agree(self, scene: Scene) -> None:
        scene.receive("m1", ANA_LID)
        assert scene.receive("m1", ANA) is None
        assert sorted(scene.store.addresses(scene.account, ANA)) == sorted([ANA, ANA_LID])

    def test_they_are_two_when_the_time_is_another(self, scene: Scene) -> None:
        scene.receive("m1", ANA_LID)
        scene.clock.advance(1)
        assert scene.receive("m1", ANA) is not None
        assert scene.store.addresses(scene.account, ANA) == [ANA]

    def test_the_same_id_of_another_contact_is_another_message(self, scene: Scene) -> None:
        scene.receive("m1", ANA)
        row = scene.receive("m1", BEN)
        assert row is not None
        assert row.chat == BEN
        assert scene.ids(INCOMING) == ["m1", f"m1@{BEN}"]
        assert scene.receive("m1", BEN) is None

    def test_a_group_and_a_person_are_never_one_contact(self, scene: Scene) -> None:
        scene.receive("m1", GROUP)
        assert scene.receive("m1", ANA_LID) is not None
        assert scene.store.addresses(scene.account, GROUP) == [GROUP]

    def test_addresses_are_learned_across_messages(self, scene: Scene) -> None:
        third = "15550100101@s.whatsapp.net"
        scene.receive("m1", ANA)
        scene.receive("m2", third)
        scene.receive("m3", ANA_LID, aliases=(ANA, third))
        assert sorted(scene.store.addresses(scene.account, ANA)) == sorted([ANA, ANA_LID, third])
        assert scene.receive("m2", ANA_LID) is None

    def test_an_unknown_address_is_its_own_contact(self, scene: Scene) -> None:
        assert scene.store.addresses(scene.account, BEN) == [BEN]

    def test_what_a_script_has_added_is_known(self, scene: Scene) -> None:
        scene.add({"id": "m1", "from": ANA, "body": "Are you open?"})
        assert scene.receive("m1", ANA) is None

    def test_it_is_known_under_an_address_that_nobody_named_together_with_its_own(self, scene: Scene) -> None:
        scene.add({"id": "m1", "from": ANA, "body": "Are you open?", "timestamp": scene.clock() // 1_000_000})
        assert scene.receive("m1", ANA_LID) is None
        assert sorted(scene.store.addresses(scene.account, ANA)) == sorted([ANA, ANA_LID])

    def test_a_message_with_the_id_of_a_draft_takes_nobody_elses_place(self, scene: Scene) -> None:
        scene.draft("m1")
        row = scene.receive("reply_m1", BEN, "I chose this id")
        assert row is not None
        assert scene.row("reply_m1").text == "Until six."

    def test_a_draft_finds_an_id_that_an_incoming_message_took_before(self, scene: Scene) -> None:
        scene.receive("reply_m1", BEN, draft=False)
        assert scene.draft("m1").id == "reply_m1_2"

    @pytest.mark.parametrize("letter", ["x", "é", "字", "🙂"])
    def test_the_longest_ids_find_a_place_of_their_own(self, scene: Scene, letter: str) -> None:
        longest = letter * (512 // len(letter.encode()))
        assert scene.receive(longest, ANA) is not None
        for chat in (BEN, "字" * 60 + "@lid", "x" * 200 + "@c.us"):
            assert scene.receive(longest, chat, f"from {chat}") is not None
            assert scene.receive(longest, chat, f"from {chat}") is None

    def test_ids_that_begin_alike_are_two_messages(self, scene: Scene) -> None:
        ids = ["x" * 400 + end for end in ("a", "b")]
        for message_id in ids:
            scene.receive(message_id, ANA)
        assert all(scene.receive(message_id, BEN) is not None for message_id in ids)
        assert len(scene.ids(INCOMING)) == 4

    def test_nobody_can_take_the_place_of_anothers_message(self, scene: Scene) -> None:
        scene.receive("m1", ANA)
        scene.receive(f"m1@{BEN}", ANA, "made to be in the way")
        assert scene.receive("m1", BEN, "from Ben") is not None
        assert scene.receive("m1", BEN, "from Ben") is None

    def test_a_newer_message_makes_pending_drafts_of_the_chat_stale(self, scene: Scene) -> None:
        row = scene.draft("m1")
        of_ben = scene.draft("b1", chat=BEN)
        scene.receive("m2", ANA_LID, aliases=(ANA,))
        assert scene.row(row.id).stale == "newer message m2"
        assert scene.row(of_ben.id).stale is None

    def test_an_answer_from_the_phone_makes_them_stale_too(self, scene: Scene) -> None:
        row = scene.draft("m1")
        scene.store.answered_elsewhere(scene.account, ANA, "p1")
        assert scene.row(row.id).stale == "answered from the phone p1"

    def test_what_is_approved_goes_all_the_same(self, scene: Scene) -> None:
        row = scene.draft("m1")
        scene.approve(row.id)
        scene.receive("m2", ANA)
        assert scene.row(row.id).stale is None
        assert scene.claim() is not None


class ReceiptsContract(Contract):
    def test_a_receipt_is_noted_with_its_attempt(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.accepted(claim, "g1")
        assert scene.store.receipt(scene.account, ack="read", gateway_id="g1", token=None, by="inbox")
        assert scene.store.attempts(claim.seq)[0].ack == "read"
        assert scene.kinds(claim.id)[-1] == "receipt read"

    def test_receipts_only_go_up(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.accepted(claim, "g1")
        for ack in ("device", "server", "device"):
            scene.store.receipt(scene.account, ack=ack, gateway_id="g1", token=None, by="inbox")
        assert scene.store.attempts(claim.seq)[0].ack == "device"
        assert scene.kinds(claim.id).count("receipt device") == 1

    def test_one_in_a_word_that_nobody_knows_takes_the_place_of_no_other(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.accepted(claim, "g1")
        for ack in ("queued", "error", "queued"):
            assert scene.store.receipt(scene.account, ack=ack, gateway_id="g1", token=None, by="inbox")
        assert scene.store.attempts(claim.seq)[0].ack == "error"

    def test_a_receipt_for_nothing_of_ours_is_none(self, scene: Scene) -> None:
        scene.accepted(scene.claimed(), "g1")
        assert not scene.store.receipt(scene.account, ack="read", gateway_id="g2", token="t2", by="inbox")
        assert not scene.store.receipt(scene.account, ack="read", gateway_id=None, token=None, by="inbox")

    def test_what_was_unconfirmed_turns_out_sent(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        scene.store.receipt(scene.account, ack="server", gateway_id="g1", token=claim.token, by="inbox")
        row = scene.row(claim.id)
        assert (row.status, row.delivery, row.reason) == ("sent", "accepted", None)
        attempt = scene.store.attempts(row.seq)[0]
        assert (attempt.outcome, attempt.gateway_id) == ("accepted", "g1")
        assert scene.kinds(claim.id)[-1] == "it arrived"
        assert scene.totals() == {"incoming": 1, "pending_approval": 1, "approved": 1, "failed": 1, "sent": 1}

    def test_an_attempt_that_has_a_receipt_is_not_unconfirmed(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.receipt(scene.account, ack="server", gateway_id="g1", token=claim.token, by="inbox")
        assert scene.row(claim.id).delivery == "open"
        assert scene.unconfirmed(claim)
        assert (scene.row(claim.id).status, scene.row(claim.id).delivery) == ("sent", "accepted")
        assert scene.ids(FAILED) == []

    def test_an_error_is_no_sign_that_it_arrived(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.receipt(scene.account, ack="error", gateway_id="g1", token=claim.token, by="inbox")
        scene.unconfirmed(claim)
        scene.store.receipt(scene.account, ack="error", gateway_id="g1", token=claim.token, by="inbox")
        assert (scene.row(claim.id).status, scene.row(claim.id).delivery) == ("failed", "unknown")

    def test_an_error_that_came_before_the_answer_counts_when_it_comes_again(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.receipt(scene.account, ack="error", gateway_id="g1", token=claim.token, by="inbox")
        scene.accepted(claim, "g1")
        assert scene.row(claim.id).status == "sent"
        scene.store.receipt(scene.account, ack="error", gateway_id="g1", token=claim.token, by="inbox")
        assert (scene.row(claim.id).status, scene.row(claim.id).reason) == ("failed", "refused")

    def test_the_gateways_id_is_taken_from_whichever_receipt_has_it(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.receipt(scene.account, ack="device", gateway_id=None, token=claim.token, by="inbox")
        scene.refused(claim)
        scene.store.receipt(scene.account, ack="device", gateway_id="g1", token=claim.token, by="inbox")
        assert scene.row(claim.id).status == "sent"
        assert scene.store.attempts(claim.seq)[0].gateway_id == "g1"

    def test_a_receipt_of_an_earlier_attempt_does_not_touch_the_present_one(self, scene: Scene) -> None:
        first = scene.claimed()
        scene.unconfirmed(first)
        scene.store.send_again(scene.row(first.id), by="maria")
        second = scene.claim()
        assert second is not None
        scene.store.receipt(scene.account, ack="server", gateway_id="g1", token=first.token, by="inbox")
        assert scene.row(first.id).delivery == "open"
        assert scene.ids(APPROVED) == [first.id]
        assert scene.accepted(second, "g2")

    def test_a_receipt_finds_what_was_cleared(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        scene.store.clear(scene.account, FAILED, by="script")
        scene.store.receipt(scene.account, ack="read", gateway_id=None, token=claim.token, by="inbox")
        assert scene.ids(SENT) == [claim.id]


class EchoContract(Contract):
    def echo(self, scene: Scene, gateway_id: str = "e1", text: str = "Until six.") -> str | None:
        return scene.store.attempt_of_echo(scene.account, gateway_id=gateway_id, digest=digest_of(ANA, text))

    def test_an_own_message_is_known_by_its_id(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.accepted(claim, "e1")
        assert self.echo(scene, text="whatever it says") == claim.token
        assert self.echo(scene, "e2") is None

    def test_while_the_outcome_is_open_or_unknown_it_is_known_by_chat_and_text(self, scene: Scene) -> None:
        claim = scene.claimed()
        assert self.echo(scene) == claim.token
        scene.unconfirmed(claim)
        assert self.echo(scene) == claim.token
        assert self.echo(scene, text="other") is None

    def test_what_the_owner_wrote_on_the_phone_is_nobodys_echo(self, scene: Scene, other: Scene) -> None:
        scene.draft()
        scene.refused(scene.claimed("m2"))
        assert self.echo(scene) is None
        scene.claimed("m3")
        assert self.echo(other) is None


def words(scene: Scene, *sought: str) -> list[tuple[str, str]]:
    """Where these words stand in the database, whatever the table: the table, and what stands there."""

    def work(tx: Transaction) -> list[tuple[str, str]]:
        tables = [row[0] for row in tx.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        values = [
            (table, str(value))
            for table in tables
            for row in tx.connection.execute(f"SELECT * FROM {table}")
            for value in row
        ]
        return [(table, value) for table, value in values if any(word in value for word in sought)]

    return scene.store.database.snapshot(work)


class ForgettingContract(Contract):
    def test_texts_and_names_of_a_contact_are_removed_under_all_addresses(self, scene: Scene) -> None:
        scene.receive("m0", ANA, "my secret", name="Ana Secret")
        row = scene.draft("m1", text="your secret", chat=ANA_LID)
        scene.edit(row.id, "another secret")
        scene.receive("m2", ANA, "my secret", aliases=(ANA_LID,))
        assert scene.store.forget(scene.account, ANA_LID, by="maria") == 4
        assert words(scene, "secret", "Secret") == []
        assert scene.store.versions(row.seq)[0]["text"] is None
        assert scene.store.conversation(scene.account, ANA, 10) == [{"id": name} for name in ("m0", "m1", "m2")]

    def test_ids_and_decisions_stay(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.accepted(claim)
        before = scene.kinds(claim.id)
        scene.store.forget(scene.account, ANA, by="maria")
        assert scene.kinds(claim.id) == [*before, "forgotten"]
        assert scene.receive("m1") is None
        assert scene.ids(SENT) == [claim.id]

    def test_what_is_forgotten_is_neither_drafted_for_nor_sent(self, scene: Scene) -> None:
        scene.approve(scene.draft("m1").id)
        scene.receive("m2", ANA)
        scene.store.forget(scene.account, ANA, by="maria")
        assert scene.claim() is None
        assert scene.store.claim_draft(scene.account, lease=1, by="drafter") is None

    def test_others_are_not_forgotten(self, scene: Scene) -> None:
        scene.receive("m1", ANA)
        scene.receive("b1", BEN, "from Ben")
        scene.store.forget(scene.account, ANA, by="maria")
        assert scene.row("b1").text == "from Ben"
        assert scene.ids(PENDING) == []

    @pytest.mark.parametrize("move", [True, False], ids=["by the outbox", "by a script"])
    @pytest.mark.parametrize("outcome", ["accepted", "refused", "unconfirmed"])
    def test_what_is_being_sent_is_forgotten_when_it_is_settled(
        self, scene: Scene, open_store: OpenStore, outcome: str, move: bool
    ) -> None:
        claim = scene.claimed()
        assert scene.store.forget(scene.account, ANA, by="maria") == 2
        assert scene.row(claim.id).text == "Until six."
        scene.store.close()
        scene = Scene(open_store(), scene.clock)
        assert getattr(scene, outcome)(claim, move=move)
        row = scene.row(claim.id)
        assert (row.text, row.digest, row.approved_version) == ("", None, None)
        assert scene.kinds(claim.id)[-1] == "forgotten"
        assert scene.store.history(scene.account, claim.id)[-1].by == "maria"
        assert scene.claim() is None
        assert words(scene, "Until six.", "Are you open?", "no such number", "time-out") == []

    def test_what_is_postponed_is_forgotten_and_not_tried_again(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.forget(scene.account, ANA, by="maria")
        assert scene.store.postponed(claim, "not ready", scene.clock() + 1, by="outbox")
        scene.clock.advance(10)
        assert scene.claim() is None
        assert scene.row(claim.id).text == ""

    def test_what_a_receipt_settles_is_forgotten(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.forget(scene.account, ANA, by="maria")
        assert scene.store.receipt(scene.account, ack="device", gateway_id="g1", token=claim.token, by="inbox")
        scene.unconfirmed(claim)
        assert (scene.row(claim.id).status, scene.row(claim.id).text) == ("sent", "")

    def test_what_was_forgotten_unconfirmed_is_not_sent_again(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        scene.store.forget(scene.account, ANA, by="maria")
        with pytest.raises(NotSendable, match="nothing to send"):
            scene.store.send_again(scene.row(claim.id), by="maria")
        scene.store.confirm_sent(scene.row(claim.id), by="maria")
        assert scene.ids(SENT) == [claim.id]

    def test_nothing_that_was_said_about_them_is_left_in_any_table(self, scene: Scene) -> None:
        row = scene.draft("m1", text="Dear Ana, SECRET one")
        scene.edit(row.id, "SECRET two")
        scene.store.ask_again(scene.account, row.id, by="omar", why="SECRET three")
        scene.reject(row.id, reason="SECRET four")
        scene.store.reopen(scene.account, row.id, by="omar")
        scene.reject(row.id, reason="SECRET five")
        scene.store.claim_draft(scene.account, lease=1, by="drafter")
        scene.store.postpone_draft(scene.row("m1"), None, by="drafter", why="SECRET six")
        claim = scene.claimed("m2")
        scene.store.refused(claim, "no way to send 'SECRET seven'", by="outbox", move=True)
        scene.store.add_record(scene.account, "message_log", {"id": "r", "recipient": ANA, "message": "SECRET"}, by="x")
        assert [event.why for event in scene.store.history(scene.account, row.id) if event.kind == "rejected"] == [
            "SECRET four",
            "SECRET five",
        ]
        assert {table for table, _ in words(scene, "SECRET")} == {
            "messages", "drafts", "reasons", "attempts", "records",
        }  # fmt: skip
        scene.store.forget(scene.account, ANA, by="maria")
        assert words(scene, "SECRET", "Ana") == []
        assert scene.kinds(row.id).count("rejected") == 2

    def test_what_is_said_about_them_afterwards_is_forgotten_with_the_next_time(self, scene: Scene) -> None:
        row = scene.draft()
        scene.store.forget(scene.account, ANA, by="maria")
        scene.reject(row.id, reason="SECRET")
        assert scene.store.forget(scene.account, ANA, by="maria") == 1
        assert words(scene, "SECRET") == []

    def test_only_what_is_being_sent_is_left_to_be_forgotten_later(self, scene: Scene) -> None:
        def left() -> list[int]:
            return [seq for (seq,) in scene.store.database.read(lambda tx: tx.rows("all_to_forget", {}))]

        claim = scene.claimed("m1")
        scene.draft("m2")
        scene.store.forget(scene.account, ANA, by="maria")
        assert left() == [claim.seq]
        scene.accepted(claim)
        assert left() == []

    def test_clearing_and_purging_removes_what_was_said_as_well(self, scene: Scene) -> None:
        scene.reject(scene.draft().id, reason="SECRET")
        scene.store.clear(scene.account, REJECTED, by="script")
        assert words(scene, "SECRET") != []
        scene.store.purge(scene.account)
        assert words(scene, "SECRET") == []

    def test_a_stranger_has_nothing_to_forget(self, scene: Scene) -> None:
        assert scene.store.forget(scene.account, BEN, by="maria") == 0
