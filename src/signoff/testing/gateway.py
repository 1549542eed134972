"""The contract of a gateway: everything that the inbox and the outbox rely on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from ..clock import DAY, SECOND, system_clock
from ..gateway import (
    GATEWAY_MEMBERS,
    Accepted,
    Gateway,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
    SessionChange,
    Unknown,
)
from .other_side import OtherSide
from .texts import ODD_TEXTS, TEXTS
from .waiting import SHORT, Call, change_of, come, ids_of, settle, until

_GONE = ("connecting", "qr", "logged_out", "unreachable")
_WITHOUT_AN_ANSWER = ("loses_next_answer", "loses_next_message")


class GatewayContract:
    """What every gateway promises. Derive a class whose name begins with ``Test`` and override `other_side`."""

    @pytest.fixture
    def other_side(self) -> OtherSide:
        """What stands behind the gateway; to be overridden."""
        raise NotImplementedError("override the fixture other_side: it gives a signoff.testing.OtherSide")

    @pytest.fixture
    def gateway(self, other_side: OtherSide) -> Iterator[Gateway]:
        """A gateway to it, closed at the end."""
        gateway = other_side.open()
        yield gateway
        gateway.close()

    def test_it_has_all_that_a_gateway_has(self, gateway: Gateway) -> None:
        missing = [name for name in GATEWAY_MEMBERS if not hasattr(gateway, name)]
        assert not missing
        assert isinstance(gateway.name, str)
        assert gateway.name.isprintable()
        assert isinstance(gateway.can_lookup, bool)

    # What comes in

    @pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
    def test_a_message_comes_word_for_word(self, other_side: OtherSide, gateway: Gateway, text: str) -> None:
        written = other_side.contact_writes(other_side.chat, text)
        (message,) = come(other_side, gateway, written)
        assert (message.chat, message.text) == (other_side.chat, text)

    def test_a_message_of_a_contact_is_not_taken_for_an_own_one(self, other_side: OtherSide, gateway: Gateway) -> None:
        (message,) = come(other_side, gateway, other_side.contact_writes(other_side.chat, "Hello?"))
        assert not message.from_me
        assert message.sender

    def test_what_was_written_on_the_phone_is_marked_as_own(self, other_side: OtherSide, gateway: Gateway) -> None:
        written = other_side.phone_writes(other_side.chat, "See you at nine.")
        (message,) = come(other_side, gateway, written)
        assert message.from_me
        assert message.chat == other_side.chat

    def test_the_time_of_a_message_is_in_microseconds(self, other_side: OtherSide, gateway: Gateway) -> None:
        (message,) = come(other_side, gateway, other_side.contact_writes(other_side.chat, "Hello?"))
        assert abs(message.at - system_clock()) < DAY

    def test_a_message_comes_again_until_it_is_acknowledged(self, other_side: OtherSide, gateway: Gateway) -> None:
        written = other_side.contact_writes(other_side.chat, "Hello?")
        first = come(other_side, gateway, written)
        assert come(other_side, gateway, written) == first

    def test_what_was_acknowledged_does_not_come_again(self, other_side: OtherSide, gateway: Gateway) -> None:
        first = other_side.contact_writes(other_side.chat, "one")
        gateway.acknowledge(come(other_side, gateway, first))
        second = other_side.contact_writes(other_side.chat, "two")
        assert ids_of(come(other_side, gateway, second)) == [second]

    def test_only_what_was_acknowledged_is_gone(self, other_side: OtherSide, gateway: Gateway) -> None:
        ids = [other_side.contact_writes(other_side.chat, text) for text in ("one", "two", "three")]
        found = come(other_side, gateway, *ids)
        gateway.acknowledge([message for message in found if message.id == ids[1]])
        assert set(ids_of(come(other_side, gateway, ids[0], ids[2]))) == {ids[0], ids[2]}

    def test_messages_come_oldest_first(self, other_side: OtherSide, gateway: Gateway) -> None:
        chats = (other_side.chat, other_side.other_chat)
        ids = [other_side.contact_writes(chats[number % 2], f"message {number}") for number in range(6)]
        assert ids_of(come(other_side, gateway, *ids)) == ids

    def test_acknowledging_twice_harms_nothing(self, other_side: OtherSide, gateway: Gateway) -> None:
        found = come(other_side, gateway, other_side.contact_writes(other_side.chat, "one"))
        gateway.acknowledge(found)
        second = other_side.contact_writes(other_side.chat, "two")
        gateway.acknowledge(found)
        assert ids_of(come(other_side, gateway, second)) == [second]

    def test_equal_texts_are_two_messages(self, other_side: OtherSide, gateway: Gateway) -> None:
        ids = [other_side.contact_writes(other_side.chat, "Hello?") for _ in range(2)]
        assert len(set(ids)) == 2
        assert set(ids_of(come(other_side, gateway, *ids))) == set(ids)

    def test_a_message_that_comes_twice_keeps_its_id(self, other_side: OtherSide, gateway: Gateway) -> None:
        written = other_side.contact_writes(other_side.chat, "Hello?")
        other_side.contact_is_doubled(written)
        assert set(ids_of(come(other_side, gateway, written))) == {written}

    def test_what_was_not_acknowledged_comes_after_a_restart(self, other_side: OtherSide, gateway: Gateway) -> None:
        written = other_side.contact_writes(other_side.chat, "Hello?")
        come(other_side, gateway, written)
        gateway.close()
        assert ids_of(come(other_side, other_side.open(), written)) == [written]

    def test_what_was_acknowledged_stays_gone_after_a_restart(self, other_side: OtherSide, gateway: Gateway) -> None:
        gateway.acknowledge(come(other_side, gateway, other_side.contact_writes(other_side.chat, "one")))
        gateway.close()
        second = other_side.contact_writes(other_side.chat, "two")
        assert ids_of(come(other_side, other_side.open(), second)) == [second]

    # Waiting

    def test_waiting_ends_with_the_first_message(self, other_side: OtherSide, gateway: Gateway) -> None:
        settle(other_side, gateway)
        waiting = Call(lambda: gateway.events(other_side.longest_call * 3))
        written = other_side.contact_writes(other_side.chat, "Hello?")
        assert written in ids_of(waiting.result(other_side.longest_call))

    def test_a_wait_lasts_as_long_as_it_was_asked_to(self, other_side: OtherSide, gateway: Gateway) -> None:
        """One that comes back at once makes the service ask without a pause."""
        settle(other_side, gateway)
        start = time.monotonic()
        assert list(Call(lambda: gateway.events(SHORT)).result(other_side.longest_call)) == []
        assert time.monotonic() - start >= SHORT * 0.9

    def test_closing_ends_a_wait(self, other_side: OtherSide, gateway: Gateway) -> None:
        settle(other_side, gateway)
        waiting = Call(lambda: gateway.events(other_side.longest_call * 3))
        gateway.close()
        assert waiting.ends(other_side.longest_call)

    # The session

    def test_the_account_is_told_while_the_session_is_ready(self, other_side: OtherSide, gateway: Gateway) -> None:
        other_side.session_becomes("ready")
        account = gateway.account()
        assert account is not None
        assert account.number

    @pytest.mark.parametrize("state", _GONE)
    def test_a_change_of_the_session_is_told(self, other_side: OtherSide, gateway: Gateway, state: str) -> None:
        settle(other_side, gateway)
        other_side.session_becomes(state)
        assert change_of(other_side, gateway).state == state

    def test_a_change_comes_again_until_it_is_acknowledged(self, other_side: OtherSide, gateway: Gateway) -> None:
        settle(other_side, gateway)
        other_side.session_becomes("connecting")
        change = change_of(other_side, gateway)
        assert change_of(other_side, gateway) == change
        gateway.acknowledge([change])
        assert "connecting" not in [event.state for event in gateway.events(0) if isinstance(event, SessionChange)]

    @pytest.mark.parametrize("state", _GONE)
    def test_there_is_no_account_while_the_session_is_gone(
        self, other_side: OtherSide, gateway: Gateway, state: str
    ) -> None:
        other_side.session_becomes(state)
        assert gateway.account() is None

    def test_a_silent_backend_makes_no_call_raise(self, other_side: OtherSide, gateway: Gateway) -> None:
        found = come(other_side, gateway, other_side.contact_writes(other_side.chat, "Hello?"))
        other_side.session_becomes("unreachable")
        message = _outgoing(other_side)
        calls: list[Callable[[], object]] = [
            gateway.account,
            lambda: gateway.events(0),
            lambda: gateway.acknowledge(found),
            lambda: gateway.send(message),
            lambda: gateway.lookup(message),
            lambda: gateway.typing(other_side.chat),
            lambda: gateway.mark_read(other_side.chat),
        ]
        for call in calls:
            Call(call).result(other_side.longest_call)

    def test_what_came_before_the_backend_fell_silent_comes_afterwards(
        self, other_side: OtherSide, gateway: Gateway
    ) -> None:
        written = other_side.contact_writes(other_side.chat, "Hello?")
        other_side.session_becomes("unreachable")
        gateway.events(0)
        other_side.session_becomes("ready")
        assert ids_of(come(other_side, gateway, written)) == [written]

    @pytest.mark.parametrize("state", _GONE)
    def test_what_is_refused_for_want_of_a_session_may_be_tried_again(
        self, other_side: OtherSide, gateway: Gateway, state: str
    ) -> None:
        other_side.session_becomes(state)
        outcome = gateway.send(_outgoing(other_side))
        _must_be_true(other_side, outcome)
        assert not isinstance(outcome, Refused) or outcome.passing

    # What goes out

    def test_what_is_accepted_went_out_once_to_exactly_its_chat(self, other_side: OtherSide, gateway: Gateway) -> None:
        outcome = gateway.send(_outgoing(other_side))
        assert isinstance(outcome, Accepted)
        assert [chat for chat, _ in other_side.delivered()] == [other_side.chat]

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    def test_a_text_goes_out_word_for_word_or_is_refused(
        self, other_side: OtherSide, gateway: Gateway, text: str
    ) -> None:
        outcome = gateway.send(_outgoing(other_side, text=text))
        assert not isinstance(outcome, Unknown), "nothing went wrong, so it must be known"
        assert [sent for _, sent in other_side.delivered()] == [text] * isinstance(outcome, Accepted)

    def test_the_same_text_for_two_attempts_goes_out_twice(self, other_side: OtherSide, gateway: Gateway) -> None:
        for token in ("attempt-1", "attempt-2"):
            gateway.send(_outgoing(other_side, token, "Yes."))
        assert [sent for _, sent in other_side.delivered()] == ["Yes.", "Yes."]

    def test_a_refused_message_did_not_leave_and_it_says_why(self, other_side: OtherSide, gateway: Gateway) -> None:
        other_side.refuses_next()
        outcome = gateway.send(_outgoing(other_side))
        assert isinstance(outcome, Refused)
        assert outcome.reason
        assert list(other_side.delivered()) == []

    def test_a_message_whose_answer_was_lost_is_never_called_refused(
        self, other_side: OtherSide, gateway: Gateway
    ) -> None:
        other_side.loses_next_answer()
        assert not isinstance(gateway.send(_outgoing(other_side)), Refused)

    def test_a_message_whose_answer_was_lost_is_not_sent_again(self, other_side: OtherSide, gateway: Gateway) -> None:
        other_side.loses_next_answer()
        gateway.send(_outgoing(other_side))
        assert len(other_side.delivered()) == 1

    def test_a_message_that_got_lost_is_never_called_accepted(self, other_side: OtherSide, gateway: Gateway) -> None:
        other_side.loses_next_message()
        outcome = gateway.send(_outgoing(other_side))
        assert len(other_side.delivered()) == isinstance(outcome, Accepted)

    def test_a_backend_that_hangs_holds_nobody_up(self, other_side: OtherSide, gateway: Gateway) -> None:
        other_side.hangs_next()
        assert Call(lambda: gateway.send(_outgoing(other_side))).ends(other_side.longest_call)

    def test_after_a_failure_the_next_message_goes_out(self, other_side: OtherSide, gateway: Gateway) -> None:
        other_side.loses_next_message()
        gateway.send(_outgoing(other_side, "attempt-1", "one"))
        assert isinstance(gateway.send(_outgoing(other_side, "attempt-2", "two")), Accepted)
        assert "two" in [sent for _, sent in other_side.delivered()]

    def test_a_receipt_names_its_message(self, other_side: OtherSide, gateway: Gateway) -> None:
        message = _outgoing(other_side)
        outcome = gateway.send(message)
        assert isinstance(outcome, Accepted)
        other_side.gives_receipt(str(outcome.id), "read")
        receipt = until(other_side, gateway, lambda event: isinstance(event, Receipt) and event.ack == "read")
        assert isinstance(receipt, Receipt)
        assert receipt.token == message.token or receipt.id == outcome.id

    # Looking up

    def test_what_went_out_is_found(self, other_side: OtherSide, gateway: Gateway) -> None:
        outcome = gateway.send(_outgoing(other_side))
        found = gateway.lookup(_outgoing(other_side))
        assert found == outcome if gateway.can_lookup else isinstance(found, Unknown)

    def test_what_was_never_sent_is_not_found(self, other_side: OtherSide, gateway: Gateway) -> None:
        gateway.send(_outgoing(other_side, "attempt-1"))
        assert not isinstance(gateway.lookup(_outgoing(other_side, "attempt-2")), Accepted)

    @pytest.mark.parametrize("fault", _WITHOUT_AN_ANSWER)
    def test_looking_up_tells_the_truth_or_nothing(self, other_side: OtherSide, gateway: Gateway, fault: str) -> None:
        getattr(other_side, fault)()
        gateway.send(_outgoing(other_side))
        _must_be_true(other_side, gateway.lookup(_outgoing(other_side)))

    def test_looking_up_tells_the_truth_after_a_restart(self, other_side: OtherSide, gateway: Gateway) -> None:
        gateway.send(_outgoing(other_side))
        gateway.close()
        _must_be_true(other_side, other_side.open().lookup(_outgoing(other_side)))

    # Threads, and manners

    def test_many_threads_send_each_message_once(self, other_side: OtherSide, gateway: Gateway) -> None:
        texts = [f"message {number}" for number in range(6)]
        calls = {text: Call(partial(gateway.send, _outgoing(other_side, text, text))) for text in texts}
        outcomes = {text: call.result(other_side.longest_call) for text, call in calls.items()}
        accepted = [text for text in texts if isinstance(outcomes[text], Accepted)]
        assert accepted
        assert not [outcome for outcome in outcomes.values() if isinstance(outcome, Unknown)]
        assert sorted(text for _, text in other_side.delivered()) == accepted

    def test_who_waits_for_events_keeps_nobody_from_sending(self, other_side: OtherSide, gateway: Gateway) -> None:
        settle(other_side, gateway)
        waiting = Call(lambda: gateway.events(other_side.longest_call * 3))
        waiting.ends(SHORT)  # so that it is in the middle of its wait
        outcome = Call(lambda: gateway.send(_outgoing(other_side))).result(other_side.longest_call)
        assert isinstance(outcome, Accepted)

    def test_typing_and_reading_never_raise(self, other_side: OtherSide, gateway: Gateway) -> None:
        for chat in (other_side.chat, "nobody"):
            gateway.typing(chat)
            gateway.mark_read(chat)

    def test_a_secret_is_never_shown(
        self, other_side: OtherSide, gateway: Gateway, caplog: pytest.LogCaptureFixture
    ) -> None:
        if other_side.secret is None:
            pytest.skip("this gateway is opened without a secret")
        shown = [repr(gateway), str(gateway), repr(gateway.send(_outgoing(other_side)))]
        other_side.loses_next_message()
        shown += [repr(gateway.send(_outgoing(other_side))), repr(gateway.events(0)), caplog.text]
        assert not [text for text in shown if other_side.secret in text]


def _outgoing(other_side: OtherSide, token: str = "attempt-1", text: str = "We open at nine.") -> Outgoing:
    return Outgoing(token, other_side.chat, text, system_clock() - SECOND)


def _must_be_true(other_side: OtherSide, outcome: Outcome) -> None:
    """Insist that an outcome says nothing that is not so."""
    went_out = len(other_side.delivered())
    assert not isinstance(outcome, Accepted) or went_out >= 1
    assert not isinstance(outcome, Refused) or went_out == 0
