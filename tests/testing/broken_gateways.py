"""Gateways with one fault each. Not collected by itself: `test_catches` runs it and looks at what fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

import pytest

from signoff.clock import SECOND
from signoff.gateway import (
    Accepted,
    Account,
    Event,
    Incoming,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
    SessionChange,
    Unknown,
)
from signoff.testing import GatewayContract

from .mailroom import Courier, Mailroom


class CallsALostAnswerRefused(Courier):
    def send(self, message: Outgoing) -> Outcome:
        outcome = super().send(message)
        return Refused(outcome.reason, passing=True) if isinstance(outcome, Unknown) else outcome


class TriesALostAnswerAgain(Courier):
    def send(self, message: Outgoing) -> Outcome:
        outcome = super().send(message)
        return super().send(message) if isinstance(outcome, Unknown) else outcome


class CallsALostMessageAccepted(Courier):
    def send(self, message: Outgoing) -> Outcome:
        outcome = super().send(message)
        return Accepted(None) if isinstance(outcome, Unknown) else outcome


class WaitsWithoutEnd(Courier):
    patience = 3 * Mailroom.longest_call


class CallsARefusalUnknown(Courier):
    def send(self, message: Outgoing) -> Outcome:
        outcome = super().send(message)
        return Unknown(outcome.reason) if outcome == Refused("malformed") else outcome


class GivesUpForWantOfASession(Courier):
    def send(self, message: Outgoing) -> Outcome:
        outcome = super().send(message)
        return replace(outcome, passing=False) if isinstance(outcome, Refused) else outcome


class CutsDigitsOutOfAddresses(Courier):
    def send(self, message: Outgoing) -> Outcome:
        return super().send(replace(message, chat=message.chat.partition("@")[0]))


class StripsWhatGoesOut(Courier):
    def send(self, message: Outgoing) -> Outcome:
        return super().send(replace(message, text=message.text.strip()))


class SendsAnEqualTextOnce(Courier):
    def send(self, message: Outgoing) -> Outcome:
        alike = [sent for sent in self._room.out if sent.text == message.text]
        return Accepted(f"out-{alike[0].token}") if alike else super().send(message)


class LooksUpByText(Courier):
    def lookup(self, message: Outgoing) -> Outcome:
        alike = [sent.token for sent in self._room.out if sent.text == message.text]
        return Accepted(f"out-{alike[0]}") if alike else Refused("it never came here")


class ForgetsWhatItSent(Courier):
    sent = False

    def send(self, message: Outgoing) -> Outcome:
        self.sent = True
        return super().send(message)

    def lookup(self, message: Outgoing) -> Outcome:
        return super().lookup(message) if self.sent else Refused("it never came here")


class StripsWhatComesIn(Courier):
    def there_is(self) -> list[Event]:
        return [
            replace(event, text=event.text.strip()) if isinstance(event, Incoming) else event
            for event in super().there_is()
        ]


class TellsTimeInSeconds(Courier):
    def there_is(self) -> list[Event]:
        return [replace(event, at=event.at // SECOND) for event in super().there_is()]


class TakesAllForTheContacts(Courier):
    def there_is(self) -> list[Event]:
        return [replace(event, from_me=False) if isinstance(event, Incoming) else event for event in super().there_is()]


class NewestFirst(Courier):
    def there_is(self) -> list[Event]:
        return super().there_is()[::-1]


class NamesMessagesByPlace(Courier):
    def there_is(self) -> list[Event]:
        seen: list[str] = []
        return [self._named(event, seen) for event in super().there_is()]

    def _named(self, event: Event, seen: list[str]) -> Event:
        if not isinstance(event, Incoming):
            return event
        seen.append(event.id)
        return replace(event, id=f"{event.id}/{seen.count(event.id)}") if seen.count(event.id) > 1 else event


class AcknowledgesAllBefore(Courier):
    def acknowledge(self, events: Sequence[Event]) -> None:
        newest = max(int(event.cursor) for event in events)
        super().acknowledge([event for event in self._room.waiting if int(event.cursor) <= newest])


class AcknowledgesInMemory(Courier):
    def __init__(self, room: Mailroom) -> None:
        super().__init__(room)
        self._seen: set[str] = set()

    def there_is(self) -> list[Event]:
        return [event for event in super().there_is() if event.cursor not in self._seen]

    def acknowledge(self, events: Sequence[Event]) -> None:
        self._seen |= {event.cursor for event in events}


class ReadsOnce(Courier):
    """What was given to this object is not given again: what a service could not store is lost until a restart."""

    def __init__(self, room: Mailroom) -> None:
        super().__init__(room)
        self._given: set[str] = set()

    def events(self, wait: float) -> Sequence[Event]:
        events = super().events(wait)
        self._given |= {event.cursor for event in events}
        return events

    def there_is(self) -> list[Event]:
        return [event for event in super().there_is() if event.cursor not in self._given]


class WaitsThroughItsClosing(Courier):
    def close(self) -> None:
        """Does nothing."""


class AsksWithoutAPause(Courier):
    def events(self, wait: float) -> Sequence[Event]:
        return super().events(wait if wait > Mailroom.longest_call else 0)


class HoldsALockWhileItWaits(Courier):
    def __init__(self, room: Mailroom) -> None:
        super().__init__(room)
        self._lock = Lock()

    def events(self, wait: float) -> Sequence[Event]:
        with self._lock:
            return super().events(wait)

    def send(self, message: Outgoing) -> Outcome:
        with self._lock:
            return super().send(message)


class SendsFromOneSlot(Courier):
    """Two threads that send at once overwrite each other's message."""

    slot: Outgoing

    def send(self, message: Outgoing) -> Outcome:
        self.slot = message
        time.sleep(0.05)
        return super().send(self.slot)


class AsksForAScanWhenNobodyAnswers(Courier):
    def there_is(self) -> list[Event]:
        return [self._taken_for_gone(event) for event in super().there_is()]

    def _taken_for_gone(self, event: Event) -> Event:
        silent = isinstance(event, SessionChange) and event.state == "unreachable"
        return replace(event, state="qr") if silent else event  # type: ignore[arg-type]


class ForgetsThatItIsUnlinked(Courier):
    def account(self) -> Account | None:
        return Account("15550100000", "Café Lumen", "mailroom")


class RaisesWhenNobodyAnswers(Courier):
    def typing(self, chat: str) -> None:
        if self._room.state == "unreachable":
            raise ConnectionError("no answer")


class GivesReceiptsNoName(Courier):
    def there_is(self) -> list[Event]:
        return [replace(event, id="?") if isinstance(event, Receipt) else event for event in super().there_is()]


class ShowsItsKey(Courier):
    def __repr__(self) -> str:
        return f"ShowsItsKey({self._room.secret!r})"


class HasNoName(Courier):
    name = None  # type: ignore[assignment]


class TakesAllForItsOwn(Courier):
    def there_is(self) -> list[Event]:
        return [replace(event, from_me=True) if isinstance(event, Incoming) else event for event in super().there_is()]


class DropsEqualTexts(Courier):
    def there_is(self) -> list[Event]:
        texts = {event.text: event for event in super().there_is() if isinstance(event, Incoming)}
        kept = {event.cursor for event in texts.values()}
        return [event for event in super().there_is() if not isinstance(event, Incoming) or event.cursor in kept]


class RaisesAtWhatItDoesNotKnow(Courier):
    def acknowledge(self, events: Sequence[Event]) -> None:
        for event in events:
            self._room.waiting.remove(event)


class AcknowledgesByCounting(Courier):
    """It takes off the oldest, as many as were acknowledged."""

    def acknowledge(self, events: Sequence[Event]) -> None:
        for _ in events:
            self._room.waiting.pop(0)


class AcknowledgesAtItsClosing(Courier):
    def close(self) -> None:
        self.acknowledge(self.there_is())
        super().close()


class AcknowledgesOnlyAtItsClosing(Courier):
    def __init__(self, room: Mailroom) -> None:
        super().__init__(room)
        self._later: list[Event] = []

    def acknowledge(self, events: Sequence[Event]) -> None:
        self._later += events

    def close(self) -> None:
        super().acknowledge(self._later)
        super().close()


class SleepsThroughItsWait(Courier):
    def events(self, wait: float) -> Sequence[Event]:
        end = time.monotonic() + wait
        with self._room.changed:
            while not self._closed and (left := end - time.monotonic()) > 0:
                self._room.changed.wait(left)
            return self.there_is()


class KnowsNoAccount(Courier):
    def account(self) -> Account | None:
        return None


class EmptiesItselfWhenNobodyAnswers(Courier):
    def events(self, wait: float) -> Sequence[Event]:
        events = super().events(wait)
        if self._room.state == "unreachable":
            self._room.waiting.clear()
        return events


class StaysBroken(Courier):
    broken = False

    def send(self, message: Outgoing) -> Outcome:
        outcome = Unknown("still broken") if self.broken else super().send(message)
        self.broken = isinstance(outcome, Unknown)
        return outcome


class FindsNothing(Courier):
    def lookup(self, message: Outgoing) -> Outcome:
        return Unknown("not found")


class LooksUpWhatItWasTold(Courier):
    """A message whose answer was lost is not in what the backend has confirmed."""

    def __init__(self, room: Mailroom) -> None:
        super().__init__(room)
        self._unconfirmed: set[str] = set()

    def send(self, message: Outgoing) -> Outcome:
        outcome = super().send(message)
        if isinstance(outcome, Unknown):
            self._unconfirmed.add(message.token)
        return outcome

    def lookup(self, message: Outgoing) -> Outcome:
        return Refused("not confirmed") if message.token in self._unconfirmed else super().lookup(message)


class RaisesForNobody(Courier):
    def mark_read(self, chat: str) -> None:
        if "@" not in chat:
            raise ValueError(chat)


FAULTS: dict[type[Courier], set[str]] = {
    CallsALostAnswerRefused: {"test_a_message_whose_answer_was_lost_is_never_called_refused"},
    TriesALostAnswerAgain: {"test_a_message_whose_answer_was_lost_is_not_sent_again"},
    CallsALostMessageAccepted: {"test_a_message_that_got_lost_is_never_called_accepted"},
    WaitsWithoutEnd: {"test_a_backend_that_hangs_holds_nobody_up"},
    CallsARefusalUnknown: {"test_a_refused_message_did_not_leave_and_it_says_why"},
    GivesUpForWantOfASession: {"test_what_is_refused_for_want_of_a_session_may_be_tried_again"},
    CutsDigitsOutOfAddresses: {"test_what_is_accepted_went_out_once_to_exactly_its_chat"},
    StripsWhatGoesOut: {"test_a_text_goes_out_word_for_word_or_is_refused"},
    SendsAnEqualTextOnce: {"test_the_same_text_for_two_attempts_goes_out_twice"},
    LooksUpByText: {"test_what_was_never_sent_is_not_found"},
    ForgetsWhatItSent: {"test_looking_up_tells_the_truth_after_a_restart"},
    StripsWhatComesIn: {"test_a_message_comes_word_for_word"},
    TellsTimeInSeconds: {"test_the_time_of_a_message_is_in_microseconds"},
    TakesAllForTheContacts: {"test_what_was_written_on_the_phone_is_marked_as_own"},
    NewestFirst: {"test_messages_come_oldest_first"},
    NamesMessagesByPlace: {"test_a_message_that_comes_twice_keeps_its_id"},
    AcknowledgesAllBefore: {"test_only_what_was_acknowledged_is_gone"},
    AcknowledgesInMemory: {"test_what_was_acknowledged_stays_gone_after_a_restart"},
    ReadsOnce: {
        "test_a_message_comes_again_until_it_is_acknowledged",
        "test_a_change_comes_again_until_it_is_acknowledged",
        "test_only_what_was_acknowledged_is_gone",
    },
    WaitsThroughItsClosing: {"test_closing_ends_a_wait"},
    AsksWithoutAPause: {"test_a_wait_lasts_as_long_as_it_was_asked_to"},
    HoldsALockWhileItWaits: {"test_who_waits_for_events_keeps_nobody_from_sending"},
    SendsFromOneSlot: {"test_many_threads_send_each_message_once"},
    AsksForAScanWhenNobodyAnswers: {"test_a_change_of_the_session_is_told"},
    ForgetsThatItIsUnlinked: {"test_there_is_no_account_while_the_session_is_gone"},
    RaisesWhenNobodyAnswers: {"test_a_silent_backend_makes_no_call_raise"},
    GivesReceiptsNoName: {"test_a_receipt_names_its_message"},
    ShowsItsKey: {"test_a_secret_is_never_shown"},
    TakesAllForItsOwn: {"test_a_message_of_a_contact_is_not_taken_for_an_own_one"},
    DropsEqualTexts: {"test_equal_texts_are_two_messages"},
    RaisesAtWhatItDoesNotKnow: {"test_acknowledging_twice_harms_nothing"},
    AcknowledgesByCounting: {
        "test_acknowledging_twice_harms_nothing",
        "test_only_what_was_acknowledged_is_gone",
    },
    AcknowledgesAtItsClosing: {"test_what_was_not_acknowledged_comes_after_a_restart"},
    AcknowledgesOnlyAtItsClosing: {
        "test_what_was_acknowledged_does_not_come_again",
        "test_only_what_was_acknowledged_is_gone",
        "test_acknowledging_twice_harms_nothing",
        "test_a_change_comes_again_until_it_is_acknowledged",
    },
    SleepsThroughItsWait: {"test_waiting_ends_with_the_first_message"},
    KnowsNoAccount: {"test_the_account_is_told_while_the_session_is_ready"},
    EmptiesItselfWhenNobodyAnswers: {"test_what_came_before_the_backend_fell_silent_comes_afterwards"},
    StaysBroken: {"test_after_a_failure_the_next_message_goes_out"},
    FindsNothing: {"test_what_went_out_is_found"},
    LooksUpWhatItWasTold: {"test_looking_up_tells_the_truth_or_nothing"},
    RaisesForNobody: {"test_typing_and_reading_never_raise"},
    HasNoName: {"test_it_has_all_that_a_gateway_has"},
}
"""Each fault, and what must fail by it and nothing else."""


def _tried(kind: type[Courier]) -> type[GatewayContract]:
    @pytest.fixture
    def other_side(self: GatewayContract) -> Mailroom:
        room = Mailroom(kind)
        room.longest_call = Mailroom.longest_call if kind in FAULTS else 10.0  # a sound one never takes that long
        return room

    return type(f"Test{kind.__name__}", (GatewayContract,), {"other_side": other_side})


TestSound = _tried(Courier)
globals().update({f"Test{kind.__name__}": _tried(kind) for kind in FAULTS})
