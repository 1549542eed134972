"""The simulator: a world that outlives its processes, plays scripts, reports receipts and fails on demand."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.clock import SECOND
from signoff.errors import GatewayError
from signoff.gateway import Accepted, Incoming, Outgoing, Receipt, Refused, SessionChange, Unknown, open_gateway
from signoff.gateway.simulator import DEMO_SCRIPT, KINDS, Simulator, Turn

from .conftest import HandClock

ANA = "15550100111@c.us"
BEN = "15550100112@c.us"


def messages(world: Simulator) -> list[Incoming]:
    return [event for event in world.events() if isinstance(event, Incoming)]


def receipts(world: Simulator) -> list[str]:
    return [event.ack for event in world.events() if isinstance(event, Receipt)]


def settle(world: Simulator) -> None:
    world.acknowledge(world.events())


def outgoing(token: str = "attempt-1", chat: str = ANA, text: str = "We open at nine.") -> Outgoing:
    return Outgoing(token, chat, text, 0)


class TestWorld:
    """The journal."""

    def test_it_is_opened_by_its_name(self, tmp_path: Path) -> None:
        assert isinstance(open_gateway("simulator", folder=tmp_path), Simulator)

    def test_it_keeps_everything_when_it_is_opened_again(self, tmp_path: Path) -> None:
        first = Simulator(tmp_path)
        stored, written = first.contact_writes(ANA, "stored"), first.contact_writes(BEN, "not stored yet")
        first.acknowledge([event for event in messages(first) if event.id == stored])
        outcome = first.send(outgoing())
        first.change_session("connecting")
        again = Simulator(tmp_path)
        assert [message.id for message in messages(again)] == [written]
        assert [(delivery.token, delivery.text) for delivery in again.deliveries()] == [
            ("attempt-1", "We open at nine.")
        ]
        assert again.lookup(outgoing()) == outcome
        assert again.session().state == "connecting"

    def test_what_one_does_another_sees(self, tmp_path: Path) -> None:
        sending, counting = Simulator(tmp_path), Simulator(tmp_path)
        sending.send(outgoing())
        assert counting.delivered("attempt-1") == 1
        written = counting.contact_writes(ANA, "Hello?")
        assert [message.id for message in messages(sending)] == [written]
        settle(sending)
        assert messages(counting) == []

    def test_another_process_ends_a_wait(self, tmp_path: Path) -> None:
        world = Simulator(tmp_path)
        settle(world)
        came: list[Sequence[object]] = []
        waiter = Thread(target=lambda: came.append(world.events(60.0)))
        waiter.start()
        Simulator(tmp_path).contact_writes(ANA, "Hello?")
        waiter.join(10)
        assert len(came[0]) == 1

    def test_ids_are_never_used_twice_by_worlds_or_by_openings(self, tmp_path: Path) -> None:
        ids = [
            Simulator(folder).contact_writes(ANA, "Hello?")
            for folder in (tmp_path / "one", tmp_path / "one", tmp_path / "two")
        ]
        assert len(set(ids)) == 3

    def test_equal_seeds_and_clocks_make_equal_worlds(self, clock: HandClock) -> None:
        def play() -> list[object]:
            world = Simulator(
                clock=clock, random=random.Random(7), rates={"lost": 0.3, "lose-answer": 0.3, "double": 0.2}
            )
            for number in range(30):
                world.contact_writes(ANA, str(number))
                world.send(outgoing(str(number)))
            return [*world.deliveries(), *world.events()]

        assert play() == play()

    @pytest.mark.parametrize("journal", [b"{nonsense}\n", b"[]\n", b'{"do": "unheard of"}\n', b'{"no": "do"}\n'])
    def test_a_damaged_journal_is_an_error_that_names_it(self, tmp_path: Path, journal: bytes) -> None:
        (tmp_path / "world.jsonl").write_bytes(journal)
        with pytest.raises(GatewayError, match=r"journal|world\.jsonl line 1"):
            Simulator(tmp_path)

    def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(GatewayError, match="file"):
            Simulator(tmp_path / "file" / "world")

    def test_wherever_its_last_line_is_torn_the_rest_stays_and_it_goes_on(self, tmp_path: Path) -> None:
        world = Simulator(tmp_path)
        written = world.contact_writes(ANA, "complete")
        complete = (tmp_path / "world.jsonl").read_bytes()
        world.contact_writes(ANA, "torn")
        torn = (tmp_path / "world.jsonl").read_bytes()
        for end in range(len(complete), len(torn)):
            (tmp_path / "world.jsonl").write_bytes(torn[:end])
            again = Simulator(tmp_path)
            assert [message.id for message in messages(again)] == [written]
            again.contact_writes(ANA, "afterwards")
            assert [message.text for message in messages(Simulator(tmp_path))] == ["complete", "afterwards"]

    def test_a_reader_never_sees_half_a_line(self, tmp_path: Path) -> None:
        reader = Simulator(tmp_path)
        Simulator(tmp_path).contact_writes(ANA, "Hello?")
        line = (tmp_path / "world.jsonl").read_bytes().splitlines(keepends=True)[-1]
        with open(tmp_path / "world.jsonl", "ab") as file:
            file.write(line[:20])
            file.flush()
            assert len(messages(reader)) == 1
            file.write(line[20:])
        assert len(messages(reader)) == 2

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
    def test_only_the_owner_can_read_it(self, tmp_path: Path) -> None:
        Simulator(tmp_path)
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}

    @settings(max_examples=40, deadline=None)
    @given(st.text(), st.text(min_size=1), st.text())
    def test_any_text_survives(self, text: str, chat: str, name: str) -> None:
        world = Simulator()
        world.contact_writes(chat, text, name=name)
        (message,) = messages(world)
        assert (message.chat, message.text, message.name) == (chat, text, name)
        world.send(outgoing(chat=chat, text=text))
        assert [(delivery.chat, delivery.text) for delivery in world.deliveries()] == [(chat, text)]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    def test_a_forked_child_shares_it(self, tmp_path: Path) -> None:
        code = (
            "import os, sys; from signoff.gateway import Outgoing; from signoff.gateway.simulator import Simulator\n"
            "world = Simulator(sys.argv[1])\n"
            "def send(token): world.send(Outgoing(token, 'a@c.us', 'Hello', 0))\n"
            "send('before')\n"
            "child = os.fork()\n"
            "if not child: send('in the child'); os._exit(0)\n"
            "os.waitpid(child, 0); send('after')\n"
            "assert len(world.deliveries()) == 3"
        )
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
        assert [delivery.token for delivery in Simulator(tmp_path).deliveries()] == ["before", "in the child", "after"]


class TestContacts:
    def test_other_addresses_of_a_contact_come_along(self) -> None:
        world = Simulator()
        world.contact_writes("90000000000111@lid", "Hello?", aliases=[ANA])
        assert messages(world)[0].aliases == (ANA,)

    def test_in_a_group_the_writer_is_not_the_chat(self) -> None:
        world = Simulator()
        world.contact_writes("120363000000000115@g.us", "Coffee at three?", sender=BEN)
        (message,) = messages(world)
        assert (message.chat, message.sender, message.is_group) == ("120363000000000115@g.us", BEN, True)

    def test_what_the_owner_writes_on_the_phone_comes_as_own(self) -> None:
        world = Simulator()
        world.phone_writes(ANA, "I answered from the tram")
        (message,) = messages(world)
        assert (message.from_me, message.chat) == (True, ANA)


class TestScript:
    def test_turns_come_when_their_time_has_come(self, clock: HandClock) -> None:
        world = Simulator(
            script=[Turn(ANA, "one"), Turn(BEN, "two", after=2), Turn(ANA, "three", after=3)], clock=clock
        )
        start = clock.now
        assert [message.text for message in messages(world)] == ["one"]
        clock.advance(4.9)
        assert [message.text for message in messages(world)] == ["one", "two"]
        clock.advance(0.1)
        assert [(message.text, message.at - start) for message in messages(world)] == [
            ("one", 0),
            ("two", 2 * SECOND),
            ("three", 5 * SECOND),
        ]

    def test_a_turn_after_our_reply_waits_for_it_and_keeps_nobody_waiting(self, clock: HandClock) -> None:
        script = [Turn(ANA, "question"), Turn(ANA, "thanks", after=1, after_reply=True), Turn(BEN, "other", after=2)]
        world = Simulator(script=script, clock=clock)
        clock.advance(60)
        assert [message.text for message in messages(world)] == ["question", "other"]
        world.send(outgoing(chat=BEN))
        world.send(outgoing("attempt-2"))
        clock.advance(0.9)
        assert "thanks" not in [message.text for message in messages(world)]
        clock.advance(0.1)
        assert [message.text for message in messages(world)] == ["question", "other", "thanks"]

    def test_a_reply_to_an_earlier_message_is_none_to_the_latest(self, clock: HandClock) -> None:
        script = [
            Turn(ANA, "one"),
            Turn(ANA, "two", after_reply=True),
            Turn(ANA, "three", after_reply=True),
        ]
        world = Simulator(script=script, clock=clock)
        settle(world)
        world.send(outgoing())
        assert [message.text for message in messages(world)] == ["two"]
        assert [message.text for message in messages(world)] == ["two"]

    def test_it_is_played_once_however_often_the_world_is_opened(self, tmp_path: Path, clock: HandClock) -> None:
        script = [Turn(ANA, "one"), Turn(ANA, "two", after=5)]
        settle(Simulator(tmp_path, script=script, clock=clock))
        clock.advance(60)
        again = Simulator(tmp_path, script=script, clock=clock)
        assert [message.text for message in messages(again)] == ["two"]
        assert len(messages(Simulator(tmp_path, script=script, clock=clock))) == 1

    def test_one_doubling_meets_one_of_the_turns_that_come_at_once(self, clock: HandClock) -> None:
        world = Simulator(script=[Turn(ANA, "one"), Turn(BEN, "two"), Turn(BEN, "three")], clock=clock)
        world.fail_next("double")
        assert [message.text for message in messages(world)] == ["one", "one", "two", "three"]
        assert len({message.id for message in messages(world)}) == 3

    def test_it_is_finished_when_nothing_more_can_come(self, clock: HandClock) -> None:
        script = [Turn(ANA, "one"), Turn(BEN, "two", after=5), Turn(ANA, "thanks", after_reply=True)]
        world = Simulator(script=script, clock=clock)
        settle(world)
        assert not world.is_finished()
        clock.advance(5)
        assert not world.is_finished()
        assert len(messages(world)) == 1
        assert not world.is_finished()
        settle(world)
        assert world.is_finished()
        world.send(outgoing())
        assert not world.is_finished()

    def test_the_demo_plays_every_kind_of_chat_in_some_seconds(self, clock: HandClock) -> None:
        world = Simulator(script=DEMO_SCRIPT, clock=clock)
        for _ in range(20):
            clock.advance(1)
            for message in messages(world):
                world.send(outgoing(message.id, message.chat))
            settle(world)
        settle(world)
        assert world.is_finished()
        assert len(world.deliveries()) == len(DEMO_SCRIPT)
        kinds = {turn.chat.partition("@")[2] for turn in DEMO_SCRIPT}
        assert kinds == {"c.us", "lid", "g.us", "broadcast"}


class TestReceipts:
    def test_they_follow_a_delivery_in_their_time(self, clock: HandClock) -> None:
        world = Simulator(acks=[("server", 0), ("device", 1), ("read", 5)], clock=clock)
        outcome = world.send(outgoing())
        assert isinstance(outcome, Accepted)
        assert receipts(world) == ["server"]
        clock.advance(5)
        found = [event for event in world.events() if isinstance(event, Receipt)]
        assert [(event.ack, event.id, event.token) for event in found] == [
            (ack, outcome.id, "attempt-1") for ack in ("server", "device", "read")
        ]

    def test_they_outlive_a_killed_service(self, tmp_path: Path, clock: HandClock) -> None:
        Simulator(tmp_path, acks=[("read", 5)], clock=clock).send(outgoing())
        clock.advance(5)
        assert receipts(Simulator(tmp_path, acks=[], clock=clock)) == ["read"]

    def test_they_follow_a_delivery_whose_answer_was_lost(self) -> None:
        world = Simulator()
        world.fail_next("lose-answer")
        world.send(outgoing())
        assert receipts(world) == ["server", "device", "read"]

    def test_none_follows_what_was_lost(self) -> None:
        world = Simulator()
        world.fail_next("lost")
        world.send(outgoing())
        assert receipts(world) == []

    def test_any_can_be_given_by_hand(self) -> None:
        world = Simulator(acks=[])
        world.send(outgoing())
        world.give_receipt("error", token="attempt-1")
        assert receipts(world) == ["error"]


class TestSession:
    def test_every_change_is_told_also_those_that_passed(self) -> None:
        world = Simulator()
        for state in ("logged_out", "qr", "ready"):
            world.change_session(state)
        assert [event.state for event in world.events() if isinstance(event, SessionChange)] == [
            "logged_out",
            "qr",
            "ready",
        ]

    def test_an_unknown_state_is_refused(self) -> None:
        with pytest.raises(GatewayError, match="asleep"):
            Simulator().change_session("asleep")


class TestFaults:
    @pytest.mark.parametrize(
        ("kind", "answer", "delivered", "looked_up"),
        [
            ("refuse", Refused, 0, Refused),
            ("refuse-passing", Refused, 0, Refused),
            ("lose-answer", Unknown, 1, Accepted),
            ("lost", Unknown, 0, Refused),
            ("late", Unknown, 0, Unknown),
            ("hang", Unknown, 0, Refused),
        ],
    )
    def test_each_does_what_it_says(self, kind: str, answer: type, delivered: int, looked_up: type) -> None:
        world = Simulator(hang_limit=0.01)
        world.fail_next(kind)
        assert isinstance(world.send(outgoing()), answer)
        assert world.delivered("attempt-1") == delivered
        assert isinstance(world.lookup(outgoing()), looked_up)

    def test_only_one_of_the_refusals_is_passing(self) -> None:
        world = Simulator()
        world.fail_next("refuse")
        world.fail_next("refuse-passing")
        outcomes = [world.send(outgoing()), world.send(outgoing())]
        assert [outcome.passing for outcome in outcomes if isinstance(outcome, Refused)] == [False, True]

    def test_they_come_in_line_as_often_as_told(self) -> None:
        world = Simulator()
        world.fail_next("refuse", times=2)
        world.fail_next("lost")
        outcomes = [type(world.send(outgoing(str(number)))) for number in range(4)]
        assert outcomes == [Refused, Refused, Unknown, Accepted]

    def test_another_opening_of_the_world_meets_them(self, tmp_path: Path) -> None:
        sending = Simulator(tmp_path)
        Simulator(tmp_path).fail_next("refuse")
        assert isinstance(sending.send(outgoing()), Refused)
        assert isinstance(Simulator(tmp_path).send(outgoing()), Accepted)

    def test_what_is_late_is_delivered_when_told(self) -> None:
        world = Simulator()
        world.fail_next("late")
        world.send(outgoing())
        for _ in range(5):
            world.events()
        assert world.delivered("attempt-1") == 0
        world.deliver_late()
        assert world.delivered("attempt-1") == 1
        assert isinstance(world.lookup(outgoing()), Accepted)
        assert receipts(world) == ["server", "device", "read"]

    def test_what_is_late_is_delivered_after_its_rounds(self) -> None:
        world = Simulator()
        world.fail_next("late", rounds=2)
        world.send(outgoing())
        counts = []
        for _ in range(3):
            world.events()
            counts.append(world.delivered("attempt-1"))
        assert counts == [0, 1, 1]

    @pytest.mark.parametrize("delivered", [True, False])
    def test_a_hanging_call_comes_back_when_another_process_releases_it(self, tmp_path: Path, delivered: bool) -> None:
        world, other = Simulator(tmp_path, hang_limit=60), Simulator(tmp_path)
        world.fail_next("hang", delivered=delivered)
        outcomes: list[object] = []
        caller = Thread(target=lambda: outcomes.append(world.send(outgoing())))
        caller.start()
        while not (tmp_path / "world.jsonl").read_bytes().count(b'"do": "send"'):
            assert caller.is_alive()
        assert other.delivered("attempt-1") == int(delivered)
        assert caller.is_alive()
        other.release()
        caller.join(10)
        assert isinstance(outcomes[0], Unknown)

    def test_closing_lets_a_hanging_call_go(self) -> None:
        world = Simulator(hang_limit=60)
        world.fail_next("hang")
        caller = Thread(target=lambda: world.send(outgoing()))
        caller.start()
        world.close()
        caller.join(10)
        assert not caller.is_alive()

    @pytest.mark.parametrize("delivered", [True, False])
    def test_a_process_dies_in_the_middle_of_a_send(self, tmp_path: Path, delivered: bool) -> None:
        world = Simulator(tmp_path)
        world.fail_next("die", delivered=delivered)
        code = "import sys; from signoff.gateway import *; from signoff.gateway.simulator import *;"
        code += "Simulator(sys.argv[1]).send(Outgoing('attempt-1', 'a@c.us', 'Hello', 0)); print('came back')"
        child = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=False)
        assert child.returncode != 0
        assert child.stdout == b""
        assert world.delivered("attempt-1") == int(delivered)
        assert isinstance(world.lookup(outgoing()), Accepted if delivered else Refused)
        assert isinstance(world.send(outgoing("attempt-2")), Accepted)

    def test_a_simulator_that_looks_nothing_up_says_so(self) -> None:
        world = Simulator(can_lookup=False)
        world.send(outgoing())
        assert isinstance(world.lookup(outgoing()), Unknown)

    def test_rates_meet_about_their_share(self) -> None:
        world = Simulator(rates={"refuse": 0.5, "lose-answer": 0.25}, random=random.Random(1))
        outcomes = Counter(type(world.send(outgoing(str(number)))) for number in range(400))
        assert 150 < outcomes[Refused] < 250
        assert 60 < outcomes[Unknown] < 140
        assert len(world.deliveries()) == outcomes[Accepted] + outcomes[Unknown]

    def test_rates_double_messages_too(self) -> None:
        world = Simulator(rates={"double": 1.0})
        world.contact_writes(ANA, "Hello?")
        assert len(messages(world)) == 2

    @pytest.mark.parametrize("rates", [{"explode": 0.1}, {"lost": 1.1}, {"lost": -0.1}, {"lost": 0.6, "refuse": 0.6}])
    def test_rates_that_are_none_are_refused(self, rates: dict[str, float]) -> None:
        with pytest.raises(GatewayError):
            Simulator(rates=rates)

    def test_a_fault_that_does_not_exist_is_refused_with_those_that_do(self) -> None:
        with pytest.raises(GatewayError, match=", ".join(KINDS)):
            Simulator().fail_next("explode")

    def test_a_fault_with_what_does_not_go_with_it_is_refused(self) -> None:
        with pytest.raises(GatewayError, match="delivered"):
            Simulator().fail_next("refuse", delivered=True)
        with pytest.raises(GatewayError, match="rounds"):
            Simulator().fail_next("lost", rounds=1)
