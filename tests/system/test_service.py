"""The service as a whole: it starts safely, stops in order, outlives what fails around it, and goes on where it was."""

from __future__ import annotations

import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from signoff import MessageStatus, StateManager
from signoff.assistant import Assistant
from signoff.clock import SECOND, system_clock
from signoff.gateway import Event, Outcome, Outgoing
from signoff.gateway.simulator import Simulator
from signoff.service import LONGEST_BACK_OFF, PATIENCE, Service, back_off

from ..pipeline.conftest import another_process_holds
from ..waiting import eventually
from .conftest import Running, StartService, let_all_through
from .run_service import STATE_FILE, open_world, write_options

ANA = "15550100161@c.us"

PENDING = MessageStatus.PENDING_APPROVAL
APPROVED = MessageStatus.APPROVED
INCOMING = MessageStatus.INCOMING
SENT = MessageStatus.SENT


def answer(message: Any, _: object) -> str:
    return f"Answer to: {message['body']}"


class House:
    """A state, a world and a service over both, in threads of this process."""

    def __init__(self, folder: Path, world: Simulator | None = None, **options: Any) -> None:
        self.state = StateManager(folder / STATE_FILE, by="maria", **options)
        self.world = world or Simulator(folder / "world")
        self.service: Service | None = None

    def start(self, assistant: Assistant | None = answer, **options: Any) -> Service:
        self.service = Service(self.state, self.world, assistant, **options)
        self.service.start()
        return self.service

    def stop(self) -> None:
        if self.service is not None:
            self.service.stop()
            self.service = None

    def pending(self) -> list[str]:
        """The ids of what waits for a decision."""
        return [message["id"] for message in self.state.get_messages(PENDING)]

    def ask(self, text: str = "Are you open?") -> str:
        """A contact writes; the id of the draft that is made for it."""
        reply = f"reply_{self.world.contact_writes(ANA, text)}"
        eventually(lambda: reply in self.pending())
        return reply

    def delivered(self) -> list[str]:
        return [delivery.text for delivery in self.world.deliveries()]


MakeHouse = Callable[..., House]


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[MakeHouse]:
    houses: list[House] = []

    def make(*arguments: Any, **options: Any) -> House:
        houses.append(House(tmp_path, *arguments, **options))
        return houses[-1]

    yield make
    for house in houses:
        house.stop()
        assert house.state.check() == []
        house.state.close()
        house.world.close()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    return make_house()


@contextmanager
def in_flight(folder: Path, start_service: StartService) -> Iterator[tuple[StateManager, Simulator, Running]]:
    """A service in a process of its own, in the middle of a send that delivers and does not come back."""
    write_options(folder)
    let_all_through(folder)
    world = open_world(folder)
    world.fail_next("hang", delivered=True)
    world.contact_writes(ANA, "Are you open?")
    with StateManager(folder / STATE_FILE) as state:
        running = start_service()
        eventually(world.deliveries)
        yield state, world, running
        assert state.check() == []


class TestAStart:
    def test_where_nobody_has_chosen_human_in_the_loop_is_set_on_and_said_so(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert house.state.get_config("human_in_the_loop") is False
        house.start()
        assert house.state.get_config("human_in_the_loop") is True
        assert house.state.config_author("human_in_the_loop") == "maria"
        assert "nothing leaves without sign-off" in caplog.text

    def test_the_second_start_says_nothing_more(self, house: House, caplog: pytest.LogCaptureFixture) -> None:
        house.start()
        house.stop()
        caplog.clear()
        house.start()
        assert caplog.text == ""

    def test_a_choice_stands(self, house: House, caplog: pytest.LogCaptureFixture) -> None:
        house.state.set_config("human_in_the_loop", False)
        house.start()
        assert house.state.get_config("human_in_the_loop") is False
        assert caplog.text == ""
        house.world.contact_writes(ANA, "Are you open?")
        eventually(house.delivered)

    def test_it_goes_on_where_it_was(self, house: House) -> None:
        house.start()
        first, second = house.ask("One"), house.ask("Two")
        house.stop()
        house.world.contact_writes(ANA, "Three")
        house.state.approve(first, despite=house.state.get_message(first).stale)
        assert house.delivered() == []
        house.start()
        eventually(lambda: house.delivered() == ["Answer to: One"])
        eventually(lambda: len(house.pending()) == 2)
        assert second in house.pending()

    def test_without_an_assistant_a_person_writes_all(self, house: House) -> None:
        house.start(None)
        message_id = house.world.contact_writes(ANA, "Are you open?")
        eventually(lambda: house.state.get_messages(INCOMING))
        house.state.add_message({"id": "mine", "recipient": ANA, "body": "Until six."}, PENDING)
        house.state.approve("mine")
        eventually(lambda: house.delivered() == ["Until six."])
        assert house.state.store.answer_to(house.state.get_message(message_id).seq) is None


class TestAStop:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    @pytest.mark.skipif(sys.platform == "win32", reason="signals are of POSIX")
    def test_the_send_in_flight_is_finished_and_settled(
        self, tmp_path: Path, start_service: StartService, number: signal.Signals
    ) -> None:
        with in_flight(tmp_path, start_service) as (state, world, running):
            running.ask(number)
            time.sleep(0.3)
            assert running.is_alive
            world.release()
            assert running.ended() == 0
            message = state.get_messages(SENT)[0]
            assert message["body"] == "Answer to: Are you open?"
            assert len(world.deliveries()) == 1

    @pytest.mark.skipif(sys.platform == "win32", reason="signals are of POSIX")
    def test_a_second_signal_ends_it_at_once_and_the_next_start_finds_out(
        self, tmp_path: Path, start_service: StartService
    ) -> None:
        with in_flight(tmp_path, start_service) as (state, world, running):
            running.ask(signal.SIGINT)
            time.sleep(0.2)
            running.ask(signal.SIGINT)
            assert running.ended() == -signal.SIGINT
            assert state.get_messages(SENT) == []
            start_service("--quiet")
            eventually(lambda: state.get_messages(SENT))
            assert len(world.deliveries()) == 1

    def test_for_the_send_in_flight_it_waits_as_long_as_that_takes(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("signoff.service.PATIENCE", 0.01)
        house.start()
        house.world.fail_next("hang", delivered=True)
        reply = house.ask()
        house.state.approve(reply)
        eventually(house.delivered)
        stop = threading.Thread(target=house.stop)
        stop.start()
        stop.join(0.3)
        assert stop.is_alive()
        house.world.release()
        stop.join(10)
        assert house.state.get_message(reply).status == "sent"

    def test_an_assistant_that_hangs_does_not_hold_it_up(self, house: House, caplog: pytest.LogCaptureFixture) -> None:
        begun, for_ever = threading.Event(), threading.Event()

        def hang(*_: object) -> str:
            begun.set()
            for_ever.wait()
            return "Too late."

        house.start(hang)
        house.world.contact_writes(ANA, "Are you open?")
        assert begun.wait(10)
        before = time.monotonic()
        house.stop()
        assert time.monotonic() - before < PATIENCE + 5
        assert "drafts does not come to its end" in caplog.text
        for_ever.set()

    def test_idle_it_stops_soon(self, house: House) -> None:
        house.start()
        before = time.monotonic()
        house.stop()
        assert time.monotonic() - before < 3


class Failing(Simulator):
    """A world that cannot be asked for events for a while."""

    broken = True
    asked = 0

    def events(self, wait: float = 0.0) -> Sequence[Event]:
        self.asked += 1
        if self.broken:
            raise OSError("the wire is cut")
        return super().events(wait)


class TestFailures:
    def test_a_gateway_that_fails_is_asked_less_and_less_and_taken_up_again(
        self, make_house: MakeHouse, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        world = Failing(tmp_path / "world")
        house = make_house(world)
        service = house.start()
        eventually(lambda: service.failures["inbox"] == 2)
        assert world.asked == 2
        assert "the wire is cut" in caplog.text
        world.broken = False
        assert house.ask()
        assert set(service.failures) == {"inbox"}

    def test_a_store_that_fails_stops_nothing_for_good(
        self, make_house: MakeHouse, caplog: pytest.LogCaptureFixture
    ) -> None:
        house = make_house(busy_timeout=0.05)
        service = house.start()
        reply = house.ask()
        with another_process_holds(house.state):
            house.world.contact_writes(ANA, "Hello?")
            eventually(lambda: service.failures["inbox"] and "has been held by" in caplog.text)
        house.state.approve(reply, despite=house.state.get_message(reply).stale)
        eventually(house.delivered)
        eventually(lambda: len(house.state.get_messages(INCOMING)) == 2)

    def test_pauses_grow_to_a_limit_and_stay_there(self) -> None:
        assert [back_off(failures) for failures in (1, 2, 3, 4)] == [1, 2, 4, 8]
        assert {back_off(failures) for failures in (7, 100, 10_000)} == {LONGEST_BACK_OFF}

    def test_a_stage_whose_assistant_would_end_the_process_goes_on(self, house: House) -> None:
        def leave(message: Any, _: object) -> str:
            if message["body"] == "leave":
                raise SystemExit(3)
            return "Still here."

        house.start(leave)
        house.world.contact_writes(ANA, "leave")
        assert house.ask("stay")


class Timed(Simulator):
    """Notes when each message was handed over."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.handed_over: dict[str, int] = {}

    def send(self, message: Outgoing) -> Outcome:
        self.handed_over[message.text] = system_clock()
        return super().send(message)


def test_from_the_approval_to_the_gateway_it_takes_moments(
    make_house: MakeHouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = Timed(tmp_path / "world")
    house = make_house(world)
    house.start()
    waits = []
    for number in range(30):
        reply = house.ask(f"Question {number}")
        text = house.state.get_message(reply).text
        approved = system_clock()
        house.state.approve(reply)
        eventually(lambda text=text: text in world.handed_over)  # type: ignore[misc]
        waits.append((world.handed_over[text] - approved) / SECOND * 1000)
    assert sorted(house.delivered()) == sorted(world.handed_over)
    median = statistics.median(waits)
    with capsys.disabled():
        sys.stdout.write(f"\nfrom approve() to the gateway's call: median {median:.1f} ms of {len(waits)}\n")
