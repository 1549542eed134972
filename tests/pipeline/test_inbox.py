"""The inbox: what a gateway brings is taken in once, whatever it looks like, and acknowledged when it is stored."""

from __future__ import annotations

from typing import Any

import pytest

from signoff import MessageStatus
from signoff.clock import SECOND
from signoff.errors import StoreBusy
from signoff.gateway import Account, Receipt, SessionChange
from signoff.gateway.simulator import Simulator

from ..conftest import ManualClock
from .conftest import ANA, ANA_LID, GROUP, Line, MakeLine, another_process_holds, incoming, own

INCOMING = MessageStatus.INCOMING
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED


class TestOnce:
    def test_a_message_is_stored_as_the_guide_writes_it(self, line: Line) -> None:
        message_id = line.receive("Hello 👋🏽", name="Ana")
        message = line.state.get_messages(INCOMING)[0]
        assert message == {
            "id": message_id,
            "from": ANA,
            "fromName": "Ana",
            "body": "Hello 👋🏽",
            "timestamp": line.clock() // SECOND,
            "isGroup": False,
            "type": "chat",
            "hasMedia": False,
        }

    def test_it_is_acknowledged_when_it_is_stored(self, line: Line) -> None:
        line.receive()
        assert line.world.events() == []

    def test_what_could_not_be_stored_comes_again(self, make_line: MakeLine) -> None:
        line = make_line(busy_timeout=0.05)
        line.receive("first")
        line.world.contact_writes(ANA, "second")
        with another_process_holds(line.state), pytest.raises(StoreBusy):
            line.inbox.round()
        assert len(line.world.events()) == 1
        line.inbox.round()
        assert [message["body"] for message in line.state.get_messages(INCOMING)] == ["first", "second"]

    def test_what_was_stored_before_a_failure_is_acknowledged(self, make_line: MakeLine, clock: ManualClock) -> None:
        class Failing(Simulator):
            def account(self) -> Account | None:
                raise OSError("no route to host")

        line = make_line(Failing(clock=clock))
        line.world.acknowledge(line.world.events())
        line.world.contact_writes(ANA, "first")
        line.world.change_session("ready")
        with pytest.raises(OSError, match="no route"):
            line.inbox.round()
        assert [type(event) for event in line.world.events()] == [SessionChange]
        assert len(line.ids(INCOMING)) == 1

    def test_delivered_twice_it_is_stored_once(self, line: Line) -> None:
        line.world.fail_next("double")
        line.receive()
        assert len(line.ids(INCOMING)) == 1
        assert line.world.events() == []

    def test_under_two_addresses_of_its_sender_it_is_stored_once(self, line: Line) -> None:
        line.receive(also_from=ANA_LID)
        line.receive("Second", ANA_LID, aliases=[ANA], also_from=ANA)
        assert len(line.ids(INCOMING)) == 2
        assert line.drafts().round() == 2

    def test_an_acknowledgement_that_gets_lost_changes_nothing(self, line: Line) -> None:
        event = incoming()
        for _ in range(3):
            line.take(event)
        assert line.ids(INCOMING) == ["w1"]
        assert line.kinds("w1") == ["added"]

    @pytest.mark.parametrize("chat", ["status@broadcast", "1555@broadcast", "STATUS@Broadcast", "120@newsletter"])
    def test_posts_to_everybody_are_no_conversation(self, line: Line, chat: str) -> None:
        line.receive("Look at this!", chat, sender=ANA)
        assert line.ids(INCOMING) == []
        assert line.world.events() == []
        assert line.drafts().round() == 0


class TestWhatWantsAnAnswer:
    def wants(self, line: Line, **more: Any) -> bool:
        message_id = line.receive(**more)
        return line.row(message_id).draft_due is not None

    def test_a_text_does(self, line: Line) -> None:
        assert self.wants(line)

    def test_a_picture_without_words_does_not(self, line: Line) -> None:
        assert not self.wants(line, text=" ", kind="image", has_media=True)
        assert self.wants(line, text="What is this?", kind="image", has_media=True)

    def test_a_group_does_where_the_setting_says_so(self, line: Line) -> None:
        assert not self.wants(line, chat=GROUP, sender=ANA)
        line.state.update_config({"watcher_config": {"process_group_messages": True}})
        assert self.wants(line, chat=GROUP, sender=ANA)

    def test_nothing_does_while_answering_is_switched_off(self, line: Line) -> None:
        line.state.update_config({"watcher_config": {"auto_reply_enabled": False}})
        assert not self.wants(line)

    def test_the_writer_in_a_group_is_kept_beside_the_chat(self, line: Line) -> None:
        line.receive(chat=GROUP, sender=ANA)
        message = line.state.get_messages(INCOMING)[0]
        assert (message["from"], message["author"], message["isGroup"]) == (GROUP, ANA, True)


class TestOwnMessages:
    def test_an_echo_shows_that_an_unconfirmed_message_left(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, can_lookup=False))
        row = line.approved()
        line.world.fail_next("lose-answer")
        line.outbox.round()
        assert (line.row(row.id).status, line.row(row.id).reason) == ("failed", "unconfirmed")
        line.take(own("Until six."))
        assert line.row(row.id).status == "sent"
        assert line.kinds(row.id).count("claimed") == 1

    def test_an_echo_under_the_contacts_other_address_does_too(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, can_lookup=False))
        row = line.approved(aliases=[ANA_LID])
        line.world.fail_next("lose-answer")
        line.outbox.round()
        line.take(own("Until six.", ANA_LID))
        assert line.row(row.id).status == "sent"

    def test_an_echo_is_no_answer_from_the_phone(self, line: Line) -> None:
        row = line.approved()
        line.outbox.round()
        second = line.draft("See you.")
        token = line.store.attempts(row.seq)[0]
        line.take(own("Until six.", message_id=str(token.gateway_id)))
        assert line.row(second.id).stale is None

    def test_an_own_message_is_never_drafted_for(self, line: Line) -> None:
        line.world.phone_writes(ANA, "Are you coming?")
        line.inbox.round()
        assert line.ids(INCOMING) == []
        assert line.drafts().round() == 0


class TestReceipts:
    def test_a_late_receipt_turns_an_unconfirmed_message_sent(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, can_lookup=False))
        row = line.approved()
        line.world.fail_next("lose-answer")
        line.outbox.round()
        line.inbox.round()
        assert line.row(row.id).status == "sent"
        assert line.store.attempts(row.seq)[0].ack == "read"
        stats = line.state.get_statistics()
        assert (stats["total_failed"], stats["total_sent"]) == (1, 1)

    def test_what_was_refused_and_then_arrived_is_sent(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("refuse")
        line.outbox.round()
        token = line.store.attempts(row.seq)[0].token
        line.take(Receipt("device", line.clock(), token=token))
        assert line.row(row.id).status == "sent"

    def test_what_waits_to_be_tried_again_and_then_arrived_is_not_sent_again(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("refuse-passing")
        line.outbox.round()
        line.take(Receipt("server", line.clock(), token=line.store.attempts(row.seq)[0].token))
        line.clock.advance(3600)
        assert line.outbox.round() == 0
        assert line.row(row.id).status == "sent"

    def test_an_answer_that_arrived_does_not_speak_for_the_text_that_took_its_place(self, line: Line) -> None:
        row = line.approved()
        line.world.fail_next("refuse-passing")
        line.outbox.round()
        token = line.store.attempts(row.seq)[0].token
        line.state.edit(row.id, "Until seven.")
        line.state.approve(row.id)
        line.take(Receipt("server", line.clock(), token=token))
        assert line.row(row.id).status == "approved"
        line.outbox.round()
        assert line.delivered() == [(ANA, "Until seven.")]

    def test_the_provider_says_that_a_sent_message_failed(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, acks=()))
        row = line.approved()
        line.outbox.round()
        delivery = line.deliveries()[0]
        line.world.give_receipt("error", id=delivery.id)
        line.inbox.round()
        failed = line.row(row.id)
        assert (failed.status, failed.reason, failed.delivery) == ("failed", "refused", "refused")
        assert line.last_why(row.id) == "the provider says that it failed"
        assert line.outbox.round() == 0
        assert line.state.get_statistics()["total_sent"] == 1
        line.world.give_receipt("device", id=delivery.id)
        line.inbox.round()
        assert line.row(row.id).status == "sent"

    def test_what_a_script_has_yet_to_move_is_left_to_it(self, make_line: MakeLine, clock: ManualClock) -> None:
        line = make_line(Simulator(clock=clock, acks=()))
        line.state.add_message({"id": "s1", "recipient": ANA, "body": "Sale!"}, MessageStatus.PENDING_APPROVAL)
        line.store.approve_beside(line.row("s1"), by="script", kind="script")
        claim = line.store.claim_row(line.row("s1"), lease=60 * SECOND, by="script")
        assert claim is not None
        line.outbox.deliver(claim)
        line.world.give_receipt("error", id=line.deliveries()[0].id)
        line.inbox.round()
        assert line.state.move_message("s1", MessageStatus.PENDING_APPROVAL, SENT)

    def test_an_error_after_it_was_seen_to_arrive_is_none(self, line: Line) -> None:
        row = line.approved()
        line.outbox.round()
        line.inbox.round()
        line.world.give_receipt("error", id=line.deliveries()[0].id)
        line.inbox.round()
        assert line.row(row.id).status == "sent"

    def test_hostile_ids_in_receipts_are_none_of_ours(self, line: Line) -> None:
        line.take(Receipt("server", line.clock(), id="\0\ud800", token="\udfff" * 1000))
        assert line.ids(SENT) == []
