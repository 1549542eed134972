"""What every gateway promises holds for each of ours; and what ours do beyond it, over a simulated WhatsApp."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from signoff.clock import SECOND
from signoff.gateway import (
    Accepted,
    Gateway,
    Incoming,
    Outcome,
    Outgoing,
    Refused,
    SessionChange,
    Unknown,
    is_conversation,
)
from signoff.gateway.backend import serve
from signoff.gateway.simulator import KINDS, Simulator
from signoff.testing import GatewayContract

from .conftest import Stage
from .sides import HANGS, BackendSide, SimulatedSide

ANA = "15550100111@c.us"
FAULTS_OF_SENDING = sorted(KINDS.keys() - {"double", "die"})


class TestSimulator(GatewayContract):
    @pytest.fixture
    def other_side(self, tmp_path: Path) -> SimulatedSide:
        return SimulatedSide(tmp_path)


class TestRest(GatewayContract):
    @pytest.fixture
    def other_side(self) -> Iterator[BackendSide]:
        world = Simulator(hang_limit=HANGS)
        with serve(world, port=0) as endpoint:
            yield BackendSide(world, endpoint)
            world.close()


def messages(gateway: Gateway, wait: float = 0.0) -> list[Incoming]:
    return [event for event in gateway.events(wait) if isinstance(event, Incoming)]


def sessions(gateway: Gateway) -> list[SessionChange]:
    return [event for event in gateway.events(0.0) if isinstance(event, SessionChange)]


def settle(gateway: Gateway) -> None:
    """Acknowledge all there is, so that what comes next is new."""
    gateway.acknowledge(gateway.events(0.0))


def outgoing(token: str = "attempt-1", chat: str = ANA, text: str = "We open at nine. ☕") -> Outgoing:
    return Outgoing(token, chat, text, 0)


class TestEvents:
    def test_a_message_comes_as_it_was_written(self, stage: Stage) -> None:
        moment = 1_795_166_132 * SECOND
        written = stage.world.contact_writes(ANA, "Olá 👋🏽\nabrem às 9?", name="Ana Souza 🌻", at=moment)
        (message,) = messages(stage.gateway)
        assert (message.id, message.chat, message.sender) == (written, ANA, ANA)
        assert (message.text, message.name, message.at) == ("Olá 👋🏽\nabrem às 9?", "Ana Souza 🌻", moment)
        assert (message.kind, message.is_group, message.has_media, message.from_me) == ("chat", False, False, False)

    @pytest.mark.parametrize("chat", ["90000000000113@lid", "120363000000000115@g.us", "status@broadcast"])
    def test_an_address_comes_as_it_is(self, stage: Stage, chat: str) -> None:
        stage.world.contact_writes(chat, "سلام", name="علی رضا")
        (message,) = messages(stage.gateway)
        assert (message.chat, message.text, message.name) == (chat, "سلام", "علی رضا")
        assert message.is_group == chat.endswith("@g.us")
        assert is_conversation(message) == (chat != "status@broadcast")

    def test_media_without_a_word_has_an_empty_text(self, stage: Stage) -> None:
        stage.world.contact_writes(ANA, "", kind="ptt", has_media=True)
        (message,) = messages(stage.gateway)
        assert (message.text, message.kind, message.has_media) == ("", "ptt", True)

    def test_a_doubled_message_is_acknowledged_with_both_its_halves(self, stage: Stage) -> None:
        stage.world.fail_next("double")
        written = stage.world.contact_writes(ANA, "Hello?")
        found = messages(stage.gateway)
        assert [message.id for message in found] == [written, written]
        stage.gateway.acknowledge(found)
        assert messages(stage.gateway) == []

    def test_a_message_delivered_again_later_keeps_its_id(self, stage: Stage) -> None:
        written = stage.world.contact_writes(ANA, "Hello?")
        settle(stage.gateway)
        stage.world.contact_writes(ANA, "Hello?", id=written)
        assert [message.id for message in messages(stage.gateway)] == [written]

    def test_one_message_under_two_addresses_has_one_id(self, stage: Stage) -> None:
        written = stage.world.contact_writes("90000000000111@lid", "Quero saber mais", also_from=ANA)
        found = messages(stage.gateway)
        assert [(message.id, message.chat) for message in found] == [(written, "90000000000111@lid"), (written, ANA)]

    @pytest.mark.parametrize(
        "odd",
        [
            *("a/b", "true_15550100111@c.us_3A?x=1#y", "100%2F", "آئی ڈی", "a b+c", "..", "☕"),
            pytest.param("a\ud800b", id="lone surrogate"),
        ],
    )
    def test_an_id_of_odd_signs_can_be_acknowledged(self, stage: Stage, odd: str) -> None:
        stage.world.contact_writes(ANA, "first", id=odd)
        settle(stage.gateway)
        assert messages(stage.gateway) == []


class TestSession:
    def test_the_first_events_tell_the_state_of_the_session(self, stage: Stage) -> None:
        assert [change.state for change in sessions(stage.gateway)] == ["ready"]

    def test_a_state_that_was_acknowledged_is_not_told_again(self, stage: Stage) -> None:
        settle(stage.gateway)
        assert sessions(stage.gateway) == []

    def test_a_scan_is_asked_for_with_its_code(self, stage: Stage) -> None:
        settle(stage.gateway)
        stage.world.change_session("qr", qr="2@an/invented+code==")
        (change,) = sessions(stage.gateway)
        assert (change.state, change.qr) == ("qr", "2@an/invented+code==")

    def test_a_new_code_is_a_change(self, stage: Stage) -> None:
        stage.world.change_session("qr", qr="first")
        settle(stage.gateway)
        stage.world.change_session("qr", qr="second")
        assert [change.qr for change in sessions(stage.gateway)] == ["second"]

    def test_of_a_backend_that_does_not_answer_nothing_comes_but_that(self, stage: Stage) -> None:
        settle(stage.gateway)
        stage.world.contact_writes(ANA, "Hello?")
        stage.world.change_session("unreachable", "the network is down")
        assert [(type(event), getattr(event, "state", "")) for event in stage.gateway.events(0.0)] == [
            (SessionChange, "unreachable")
        ]
        settle(stage.gateway)
        stage.world.change_session("ready")
        assert [change.state for change in sessions(stage.gateway)] == ["ready"]

    def test_the_account_is_the_one_that_is_linked(self, stage: Stage) -> None:
        account = stage.gateway.account()
        assert account is not None
        assert (account.number, account.name) == ("15550100000", "Café Lumen")


class TestSending:
    def test_what_is_accepted_has_the_id_of_its_delivery(self, stage: Stage) -> None:
        outcome = stage.gateway.send(outgoing())
        (delivery,) = stage.world.deliveries()
        assert outcome == Accepted(delivery.id)

    @pytest.mark.parametrize("state", ["connecting", "qr", "logged_out", "unreachable"])
    def test_a_session_that_is_not_ready_refuses_for_now(self, stage: Stage, state: str) -> None:
        stage.world.change_session(state)
        outcome = stage.gateway.send(outgoing())
        assert isinstance(outcome, Refused)
        assert outcome.passing

    @pytest.mark.parametrize("kind", FAULTS_OF_SENDING)
    def test_no_fault_makes_it_say_what_is_not_so(self, stage: Stage, kind: str) -> None:
        stage.world.fail_next(kind)
        self._must_be_true(stage, stage.gateway.send(outgoing()))

    @pytest.mark.parametrize("kind", FAULTS_OF_SENDING)
    def test_looking_up_after_a_fault_tells_the_truth_or_nothing(self, stage: Stage, kind: str) -> None:
        stage.world.fail_next(kind)
        stage.gateway.send(outgoing())
        self._must_be_true(stage, stage.gateway.lookup(outgoing()))

    @pytest.mark.parametrize("kind", ["lose-answer", "lost", "late", "hang"])
    def test_where_no_answer_came_nothing_is_known(self, stage: Stage, kind: str) -> None:
        stage.world.fail_next(kind)
        assert isinstance(stage.gateway.send(outgoing()), Unknown)

    def test_many_threads_send_many_messages_each_once(self, stage: Stage) -> None:
        outcomes: list[Outcome] = []

        def send_five(sender: int) -> None:
            for number in range(5):
                outcomes.append(stage.gateway.send(outgoing(f"{sender}-{number}", text=f"{sender}-{number}")))

        threads = [Thread(target=send_five, args=(sender,)) for sender in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        sent = sorted(delivery.text for delivery in stage.world.deliveries())
        assert sent == sorted(f"{sender}-{number}" for sender in range(6) for number in range(5))

    def _must_be_true(self, stage: Stage, outcome: Outcome) -> None:
        delivered = len(stage.world.deliveries())
        assert not isinstance(outcome, Accepted) or delivered == 1
        assert not isinstance(outcome, Refused) or delivered == 0
