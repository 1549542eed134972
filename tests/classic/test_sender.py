"""What `send_message` does for a message in each standing, and that nothing goes out twice or unasked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.classic import WhatsAppSender
from signoff.gateway import Accepted
from signoff.gateway.simulator import Simulator
from signoff.pipeline.outbox import Outbox

from .conftest import PHONE, TEXT

PENDING, APPROVED = MessageStatus.PENDING_APPROVAL, MessageStatus.APPROVED
SENT, FAILED, REJECTED = MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.REJECTED


@pytest.fixture
def booked(manager: StateManager) -> str:
    """A message that a script added; its id."""
    manager.add_message({"id": "booked", "recipient": PHONE, "body": TEXT}, PENDING)
    return "booked"


def ids(manager: StateManager, status: MessageStatus) -> list[str]:
    return [message["id"] for message in manager.get_messages(status)]


def meanwhile(action: Callable[[], object]) -> threading.Thread:
    """Do something in another thread, as another face would."""
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def when_reserved(manager: StateManager, message_id: str) -> None:
    """Wait until a `send_message` is at work on a message."""
    pause = threading.Event()
    while manager.get_message(message_id).reserved_by is None:
        pause.wait(0.01)


def test_with_nobody_to_ask_a_pending_message_is_sent_and_its_script_moves_it(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    assert sender.send_message(PHONE, TEXT) is True
    assert [(d.chat, d.text) for d in simulator.deliveries()] == [(PHONE, TEXT)]
    assert ids(manager, PENDING) == [booked]
    assert manager.move_message(booked, PENDING, SENT) is True
    assert manager.get_statistics()["total_sent"] == 1


def test_a_message_without_a_row_of_its_own_gets_one_and_becomes_sent(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator
) -> None:
    assert sender.send_message(PHONE, TEXT) is True
    assert len(simulator.deliveries()) == 1
    assert [message["body"] for message in manager.get_messages(SENT)] == [TEXT]


def test_where_a_person_is_to_be_asked_it_waits_for_a_decision_from_anywhere(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.set_config("human_in_the_loop", True)

    def approve() -> None:
        when_reserved(manager, booked)
        assert simulator.deliveries() == []
        manager.approve(booked, by="Ana")

    person = meanwhile(approve)
    assert sender.send_message(PHONE, TEXT) is True
    person.join()
    assert len(simulator.deliveries()) == 1
    assert ids(manager, SENT) == [booked]


def test_a_rejected_message_is_not_sent(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.set_config("human_in_the_loop", True)

    def reject() -> None:
        when_reserved(manager, booked)
        manager.reject(booked, "too early", by="Ana")

    person = meanwhile(reject)
    assert sender.send_message(PHONE, TEXT) is False
    person.join()
    assert simulator.deliveries() == []
    assert sender.get_message_history()[-1]["status"] == "rejected"


def test_an_edited_message_goes_out_as_it_was_approved_and_no_other_way(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.set_config("human_in_the_loop", True)

    def edit_and_approve() -> None:
        when_reserved(manager, booked)
        row = manager.edit(booked, "Your table is booked for eight.", by="Ana")
        manager.approve(booked, row.draft_version, by="Ana")

    person = meanwhile(edit_and_approve)
    assert sender.send_message(PHONE, TEXT) is True
    person.join()
    assert [d.text for d in simulator.deliveries()] == ["Your table is booked for eight."]


def test_undecided_in_time_it_stays_pending_and_asking_again_makes_no_second_message(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.update_config({"human_in_the_loop": True, "approval_config": {"wait_seconds": 0}})
    assert sender.send_message(PHONE, TEXT) is False
    assert sender.send_message(PHONE, TEXT) is False
    assert ids(manager, PENDING) == [booked]
    manager.approve(booked, by="Ana")
    assert sender.send_message(PHONE, TEXT) is True
    assert len(simulator.deliveries()) == 1


def test_undecided_in_time_a_message_of_its_own_is_not_made_twice_either(
    sender: WhatsAppSender, manager: StateManager
) -> None:
    manager.update_config({"human_in_the_loop": True, "approval_config": {"wait_seconds": 0}})
    assert sender.send_message(PHONE, TEXT) is False
    assert sender.send_message(PHONE, TEXT) is False
    assert len(manager.get_messages(PENDING)) == 1


def test_approved_by_a_person_it_is_sent_and_nobody_is_asked_again(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.update_config({"human_in_the_loop": True, "approval_config": {"wait_seconds": 0}})
    manager.approve(booked, by="Ana")
    assert sender.send_message(PHONE, TEXT) is True
    assert ids(manager, SENT) == [booked]
    assert len(simulator.deliveries()) == 1


def test_moved_to_approved_by_a_script_it_is_sent_and_the_script_moves_it_on(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.update_config({"human_in_the_loop": True, "approval_config": {"wait_seconds": 0}})
    manager.move_message(booked, PENDING, APPROVED)
    assert sender.send_message(PHONE, TEXT) is True
    assert manager.move_message(booked, APPROVED, SENT) is True
    assert manager.get_statistics()["total_sent"] == 1
    assert len(simulator.deliveries()) == 1


def test_while_another_attempt_is_open_it_waits_for_that_outcome(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.approve(booked, by="Ana")
    claim = manager.store.claim_next(manager.account, lease=60_000_000, by="outbox")
    assert claim is not None

    def deliver() -> None:
        when_reserved(manager, booked)
        assert isinstance(Outbox(manager, simulator).deliver(claim), Accepted)

    outbox = meanwhile(deliver)
    assert sender.send_message(PHONE, TEXT) is True
    outbox.join()
    assert len(simulator.deliveries()) == 1


def test_an_unconfirmed_message_is_not_sent_again_however_often_it_is_tried(
    state_file: Path, manager: StateManager, booked: str
) -> None:
    simulator = Simulator(can_lookup=False)
    sender = WhatsAppSender(state_file, gateway=simulator)
    simulator.fail_next("lose-answer")
    assert sender.send_message(PHONE, TEXT) is False
    assert sender.send_message(PHONE, TEXT) is False
    assert len(simulator.deliveries()) == 1
    manager.move_message(booked, PENDING, FAILED)
    assert sender.send_message(PHONE, TEXT) is False
    manager.confirm_sent(booked, by="Ana")
    assert sender.send_message(PHONE, TEXT) is True
    assert len(simulator.deliveries()) == 1
    sender.close()


def test_where_the_gateway_can_be_asked_a_lost_answer_is_found_out(
    sender: WhatsAppSender, simulator: Simulator, booked: str
) -> None:
    simulator.fail_next("lose-answer")
    assert sender.send_message(PHONE, TEXT) is True
    assert len(simulator.deliveries()) == 1


def test_refused_for_good_a_new_call_makes_a_new_attempt_of_the_same_message(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    simulator.fail_next("refuse")
    assert sender.send_message(PHONE, TEXT) is False
    assert simulator.deliveries() == []
    manager.move_message(booked, PENDING, FAILED)
    assert sender.send_message(PHONE, TEXT) is True
    assert manager.move_message(booked, FAILED, SENT) is True
    assert len(simulator.deliveries()) == 1
    assert [attempt.outcome for attempt in manager.store.attempts(manager.get_message(booked).seq)] == [
        "refused",
        "accepted",
    ]


def test_a_passing_refusal_is_tried_again_as_often_as_the_setting_says(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.set_config("retry_config", {"max_retries": 2, "retry_delay_seconds": 0.01})
    simulator.fail_next("refuse-passing", times=2)
    assert sender.send_message(PHONE, TEXT) is True
    simulator.fail_next("refuse-passing", times=3)
    assert sender.send_message(PHONE, "Another text") is False
    assert len(simulator.deliveries()) == 1


def test_what_the_outbox_has_sent_already_counts_once_and_is_not_sent_again(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.approve(booked, by="Ana")
    assert Outbox(manager, simulator).round() == 1
    assert sender.send_message(PHONE, TEXT) is True
    assert len(simulator.deliveries()) == 1
    assert sender.send_message(PHONE, TEXT) is True  # a second message, of its own
    assert len(simulator.deliveries()) == 2


def test_two_rows_of_the_same_text_are_two_messages(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.add_message({"id": "booked again", "recipient": PHONE, "body": TEXT}, PENDING)
    calls = [meanwhile(lambda: sender.send_message(PHONE, TEXT)) for _ in range(2)]
    for call in calls:
        call.join()
    assert len(simulator.deliveries()) == 2
    assert manager.get_message(booked).used == manager.get_message("booked again").used == 1


def test_a_text_changed_by_a_person_is_still_the_message_of_the_script(
    sender: WhatsAppSender, manager: StateManager, simulator: Simulator, booked: str
) -> None:
    manager.edit(booked, "Better words.", by="Ana")
    assert sender.send_message(PHONE, TEXT) is True
    assert [d.text for d in simulator.deliveries()] == ["Better words."]


def test_the_log_tells_what_became_of_each_message(sender: WhatsAppSender, simulator: Simulator) -> None:
    sender.send_message(PHONE, "one")
    simulator.fail_next("refuse")
    sender.send_message(PHONE, "two")
    log = sender.get_message_history()
    assert [(entry["message"], entry["status"]) for entry in log] == [("one", "success"), ("two", "failed")]
    assert set(log[0]) == {"timestamp", "recipient", "message", "status", "message_id", "error"}
    assert log[0]["message_id"] == simulator.deliveries()[0].id
    assert sender.get_message_history(limit=1) == log[1:]


def test_attributes_that_scripts_use(sender: WhatsAppSender, state_file: Path, manager: StateManager) -> None:
    assert sender.state_file == state_file
    assert sender.api_endpoint == "http://localhost:3000/api/whatsapp"
    assert sender.state["human_in_the_loop"] is False
    sender.set_human_in_the_loop(True)
    assert manager.get_config("human_in_the_loop") is True
    assert sender.get_account_info()["platform"] == "simulator"


def test_without_a_backend_the_account_is_empty_and_nothing_is_sent(state_file: Path, manager: StateManager) -> None:
    manager.update_config({"api_endpoint": "http://127.0.0.1:9/api/whatsapp", "retry_config": {"max_retries": 0}})
    sender = WhatsAppSender(state_file)
    assert sender.get_account_info() == {}
    assert sender.send_message(PHONE, TEXT) is False
    assert manager.requires_qr_scan() is True  # as in every new state; nothing marked it
    sender.close()
