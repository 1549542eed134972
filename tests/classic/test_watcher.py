"""The guide's watcher: takes in, answers once, and asks once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.classic import WhatsAppAssistant, WhatsAppSender, WhatsAppWatcher
from signoff.gateway.simulator import Simulator

LUCIA = "15550100111@c.us"


@pytest.fixture
def watcher(manager: StateManager, state_file: Path, simulator: Simulator) -> Iterator[WhatsAppWatcher]:
    watcher = WhatsAppWatcher(state_file, gateway=simulator)
    yield watcher
    watcher.close()


def test_attributes_that_scripts_use(watcher: WhatsAppWatcher) -> None:
    assert isinstance(watcher.assistant, WhatsAppAssistant)
    assert isinstance(watcher.sender, WhatsAppSender)
    assert watcher.is_running is False


def test_one_round_answers_what_came_in_and_the_next_has_nothing_to_do(
    watcher: WhatsAppWatcher, simulator: Simulator, manager: StateManager
) -> None:
    simulator.contact_writes(LUCIA, "Hello!")
    assert watcher.run_once() == 1
    assert watcher.run_once() == 0
    assert [d.chat for d in simulator.deliveries()] == [LUCIA]
    assert len(manager.get_messages(MessageStatus.SENT)) == 1


def test_with_a_person_in_the_loop_nothing_leaves_before_the_decision(
    watcher: WhatsAppWatcher, simulator: Simulator, manager: StateManager
) -> None:
    watcher.sender.set_human_in_the_loop(True)
    simulator.contact_writes(LUCIA, "Hello!")
    assert watcher.run_once() == 1
    assert simulator.deliveries() == []
    (draft,) = manager.get_messages(MessageStatus.PENDING_APPROVAL)
    manager.approve(draft["id"], by="Ana")
    watcher.run_once()
    assert len(simulator.deliveries()) == 1


def test_posts_and_groups_are_not_answered(watcher: WhatsAppWatcher, simulator: Simulator) -> None:
    simulator.contact_writes("status@broadcast", "Hello!", sender=LUCIA)
    simulator.contact_writes("120363000000000115@g.us", "Hello!", sender=LUCIA)
    watcher.run_once()
    assert simulator.deliveries() == []


def test_a_message_handed_over_by_a_script_is_answered_once(watcher: WhatsAppWatcher, simulator: Simulator) -> None:
    message = {"id": "m1", "from": LUCIA, "fromName": "Lucía", "body": "Hello!", "timestamp": 1_790_000_000}
    assert watcher.process_message(message) is True
    watcher.process_message(message)
    assert len(simulator.deliveries()) == 1


def test_a_watcher_that_was_killed_after_sending_does_not_answer_again(
    state_file: Path, manager: StateManager, tmp_path: Path
) -> None:
    world = Simulator(tmp_path / "world")
    world.contact_writes(LUCIA, "Hello!")
    first = WhatsAppWatcher(state_file, gateway=world)
    first.run_once()
    first.close()
    again = WhatsAppWatcher(state_file, gateway=Simulator(tmp_path / "world"))
    again.run_once()
    again.close()
    assert len(Simulator(tmp_path / "world").deliveries()) == 1


def test_start_watches_until_it_is_stopped(watcher: WhatsAppWatcher, simulator: Simulator) -> None:
    simulator.contact_writes(LUCIA, "Hello!")
    pause = threading.Event()

    def stop_when_answered() -> None:
        while not simulator.deliveries():
            pause.wait(0.01)
        assert watcher.is_running
        watcher.stop()

    stopper = threading.Thread(target=stop_when_answered)
    stopper.start()
    watcher.start(poll_interval=0.01)
    stopper.join()
    assert watcher.is_running is False
    assert len(simulator.deliveries()) == 1
