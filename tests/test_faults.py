"""What goes wrong with the components that people run today, one test for each fault that must not come back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.classic import WhatsAppSender
from signoff.gateway import Gateway
from signoff.gateway.backend import Weaknesses, serve
from signoff.gateway.rest import Rest
from signoff.gateway.simulator import Simulator
from signoff.pipeline.approval import Approval
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.keeper import Keeper
from signoff.pipeline.outbox import Outbox

from .conftest import ManualClock
from .system.conftest import Running, let_all_through
from .system.run_service import open_world, write_options
from .waiting import eventually

ANA = "15550100181@c.us"
INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED

STATE_FILE = "whatsapp_state.json"


@pytest.fixture
def world(clock: ManualClock) -> Iterator[Simulator]:
    world = Simulator(clock=clock, acks=())
    yield world
    world.close()


@pytest.fixture
def state(tmp_path: Path, clock: ManualClock) -> Iterator[StateManager]:
    with StateManager(tmp_path / STATE_FILE, by="maria", clock=clock) as state:
        yield state
        assert state.check() == []


@pytest.fixture
def backend(world: Simulator, clock: ManualClock) -> Iterator[Callable[..., Rest]]:
    """Starts the guide's backend, with its weaknesses; gives a gateway to it over HTTP."""
    started = []

    def start(**weaknesses: bool) -> Rest:
        server = serve(world, port=0, weaknesses=Weaknesses(**weaknesses), clock=clock)
        gateway = Rest(server.__enter__(), timeout=5, poll_seconds=0.02, clock=clock)
        started.append((gateway, server))
        return gateway

    yield start
    for gateway, server in started:
        gateway.close()
        server.__exit__(None, None, None)


def answer_all(state: StateManager, gateway: Gateway) -> None:
    """Everything that the service does by itself, once, with human_in_the_loop switched off by a person."""
    state.set_config("human_in_the_loop", False)
    Inbox(state, gateway, wait=0).round()
    Drafts(state, lambda *_: "Until six.").round()
    Approval(state).round()
    outbox = Outbox(state, gateway)
    while outbox.round():
        pass


CHANGE = f"""
import sys, threading
from state_manager import MessageStatus, StateManager
manager = StateManager({STATE_FILE!r})
def change(thread):
    for number in range(25):
        name = f"{{sys.argv[1]}}-{{thread}}-{{number}}"
        manager.add_message({{"id": name}}, MessageStatus.INCOMING)
        manager.move_message(name, MessageStatus.INCOMING, MessageStatus.SENT)
        manager.update_config({{"mine": {{name: number}}}})
threads = [threading.Thread(target=change, args=(number,)) for number in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
manager.close()
"""


def test_fault_1_of_two_that_change_the_state_at_once_neither_loses_a_change(tmp_path: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", CHANGE, name], cwd=tmp_path) for name in ("a", "b")]
    for process in processes:
        assert process.wait(60) == 0
    with StateManager(tmp_path / STATE_FILE) as state:
        assert len(state.get_messages(SENT)) == len(state.get_config("mine")) == 150
        stats = state.get_statistics()
        assert (stats["total_incoming"], stats["total_sent"]) == (150, 150)
        assert state.check() == []
    assert json.loads((tmp_path / STATE_FILE).read_bytes())["statistics"] == stats


ADD = f"""
import itertools
from state_manager import MessageStatus, StateManager
manager = StateManager({STATE_FILE!r})
for number in itertools.count():
    manager.add_message({{"id": str(number), "body": "x" * 5000}}, MessageStatus.INCOMING)
    print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
def test_fault_2_a_crash_leaves_a_whole_file_and_loses_nothing_that_was_said_to_be_done(tmp_path: Path) -> None:
    acknowledged = 0
    for lines in (1, 40, 7):
        process = subprocess.Popen([sys.executable, "-c", ADD], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        with process:
            assert process.stdout
            said = [process.stdout.readline() for _ in range(lines)]
            process.kill()
            said += process.stdout.readlines()
        acknowledged = max(acknowledged, int([line for line in said if line.endswith("\n")][-1]) + 1)
        assert "metadata" in json.loads((tmp_path / STATE_FILE).read_bytes())
        with StateManager(tmp_path / STATE_FILE) as state:
            ids = {message["id"] for message in state.get_messages(INCOMING)}
            assert ids >= {str(number) for number in range(acknowledged)}
            assert state.check() == []


def test_fault_2_half_a_file_that_a_crash_of_old_left_does_not_stop_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / STATE_FILE
    with StateManager(path) as state:
        state.add_message({"id": "m1"}, INCOMING)
    path.write_bytes(path.read_bytes()[:700])
    os.utime(path, (1, 1))
    with StateManager(path) as again:
        assert [message["id"] for message in again.get_messages(INCOMING)] == ["m1"]
    assert len(json.loads(path.read_bytes())["messages"]["incoming"]) == 1
    assert len(list(tmp_path.glob("*unreadable*"))) == 1


def test_fault_3_no_list_drops_its_oldest(tmp_path: Path) -> None:
    with StateManager(tmp_path / STATE_FILE) as state:
        for number in range(150):
            for status in MessageStatus:
                state.add_message({"id": f"{status.value} {number}"}, status)
    with StateManager(tmp_path / STATE_FILE) as again:
        saved = json.loads(Path(again.backup_state()).read_bytes())
        for status in MessageStatus:
            expected = [f"{status.value} {number}" for number in range(150)]
            for messages in (again.get_messages(status), saved["messages"][status.value]):
                assert [message["id"] for message in messages] == expected


def test_fault_4_three_that_hold_a_copy_each_and_write_it_back_undo_nothing(state: StateManager) -> None:
    """Sender, watcher and assistant of old: each notes in its own copy of the state what it did, and writes it all."""
    path = state.folder / STATE_FILE
    lists = {"sender": "message_log", "watcher": "incoming_messages", "assistant": "generated_replies"}
    copies = {name: json.loads(path.read_bytes()) for name in lists}
    state.add_message({"id": "m1"}, INCOMING)
    state.update_config({"human_in_the_loop": True, "watcher_config": {"poll_interval_seconds": 9}})
    copies["watcher"]["retry_config"]["max_retries"] = 7
    for number in range(3):
        for name, copy in copies.items():
            copy[lists[name]].append({"id": f"{name} {number}", "note": "🌊"})
            path.write_text(json.dumps(copy), "utf-8")
            eventually(lambda: len(state.get_config(lists[name])) == number + 1)  # noqa: B023 called at once
        state.move_message("m1", *((INCOMING, SENT) if number % 2 == 0 else (SENT, INCOMING)))
    assert [message["id"] for message in state.get_messages(SENT)] == ["m1"]
    assert state.get_config("human_in_the_loop") is True
    assert state.get_config("watcher_config")["poll_interval_seconds"] == 9
    assert state.get_config("retry_config")["max_retries"] == 7
    for name, kept in lists.items():
        assert [entry["id"] for entry in state.get_config(kept)] == [f"{name} {number}" for number in range(3)]


WATCH = f"""
from signoff.classic import WhatsAppWatcher
from signoff.gateway.simulator import Simulator
watcher = WhatsAppWatcher({STATE_FILE!r}, gateway=Simulator("world"))
watcher.sender.set_human_in_the_loop(True)
watcher.start(0.05)
print("RESULT", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is needed")
def test_fault_5_a_reply_is_asked_for_once_and_the_question_holds_up_nothing(tmp_path: Path) -> None:
    from .classic.test_terminal import Terminal

    world = Simulator(tmp_path / "world")
    world.contact_writes(ANA, "Hello!")
    with StateManager(tmp_path / STATE_FILE) as state:
        terminal = Terminal(WATCH, tmp_path)
        terminal.wait_for("[yes / no / edit]")
        world.contact_writes("15550100182@c.us", "Hello!")
        eventually(lambda: len(state.get_messages(PENDING)) == 2)
        for times in (1, 2):
            terminal.wait_for("[yes / no / edit]", times)
            terminal.type("yes\n")
        eventually(lambda: len(world.deliveries()) == 2)
        terminal.process.send_signal(signal.SIGINT)
        terminal.wait_for("RESULT")
        assert terminal.end().count("[yes / no / edit]") == 2
        assert len(state.get_messages(SENT)) == 2
        assert state.check() == []


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
@pytest.mark.parametrize("can_lookup", [True, False], ids=["lookup", "blind"])
def test_fault_6_a_crash_between_sending_and_noting_it_answers_nobody_again(tmp_path: Path, can_lookup: bool) -> None:
    write_options(tmp_path, can_lookup=can_lookup, acks=[])
    let_all_through(tmp_path)
    world = open_world(tmp_path)
    message_id = world.contact_writes(ANA, "Hello!")
    world.fail_next("die", delivered=True)
    assert Running(tmp_path, "run_service").ended() == -9
    again = Running(tmp_path, "run_service")
    try:
        with StateManager(tmp_path / STATE_FILE) as state:
            eventually(lambda: state.get_message(f"reply_{message_id}").delivery != "open")
            world.contact_writes(ANA, "Hello!", id=message_id)
            eventually(world.is_finished)
            assert state.get_message(f"reply_{message_id}").status == ("sent" if can_lookup else "failed")
            assert len(state.get_messages(INCOMING)) == 1
    finally:
        again.kill()
    assert len(world.deliveries()) == 1


def test_fault_7_a_backend_that_delivers_and_denies_it_delivers_once(
    state: StateManager, tmp_path: Path, world: Simulator, backend: Callable[..., Rest]
) -> None:
    sender = WhatsAppSender(tmp_path / STATE_FILE, gateway=backend(denies=True))
    assert sender.send_message("15550100181", "Your table is booked.") is False
    assert [delivery.text for delivery in world.deliveries()] == ["Your table is booked."]
    (row,) = state.rows(FAILED)
    assert row.reason == "unconfirmed"
    state.confirm_sent(row.id)
    assert state.get_statistics()["total_sent"] == 1
    sender.close()


def test_fault_7_a_backend_that_does_not_answer_in_time_delivers_once(state: StateManager, clock: ManualClock) -> None:
    slow = Simulator(clock=clock, acks=(), hang_limit=0.5)
    slow.contact_writes(ANA, "Hello!")
    slow.fail_next("hang", delivered=True)
    with serve(slow, port=0) as endpoint:
        gateway = Rest(endpoint, timeout=0.2, clock=clock)
        answer_all(state, gateway)
        clock.advance(86_400)
        answer_all(state, gateway)
        gateway.close()
    assert len(slow.deliveries()) == 1
    assert [row.reason for row in state.rows(FAILED)] == ["unconfirmed"]


@pytest.mark.parametrize("chat", ["900000000000181@lid", "120363000000000181@g.us"])
def test_fault_8_a_reply_goes_to_where_the_message_came_from_or_nowhere(
    state: StateManager, world: Simulator, backend: Callable[..., Rest], chat: str
) -> None:
    state.update_config({"watcher_config": {"process_group_messages": True}})
    world.contact_writes(chat, "Hello!", sender=ANA)
    answer_all(state, backend(cuts_digits=True))
    assert world.deliveries() == []
    (row,) = state.rows(FAILED)
    assert (row.chat, row.reason) == (chat, "refused")


def test_fault_9_what_the_backend_cannot_keep_is_kept(
    state: StateManager, world: Simulator, backend: Callable[..., Rest]
) -> None:
    gateway = backend(forgets=True)
    inbox = Inbox(state, gateway, wait=0)
    for burst in range(5):
        for number in range(60):
            world.contact_writes(ANA, f"Message {burst * 60 + number}")
        inbox.round()
    restarted = Inbox(state, backend(forgets=True), wait=0)
    restarted.round()
    assert [message["body"] for message in state.get_messages(INCOMING)] == [f"Message {n}" for n in range(300)]


def test_fault_10_posts_to_everybody_are_not_answered(
    state: StateManager, world: Simulator, backend: Callable[..., Rest]
) -> None:
    gateway = backend()
    world.contact_writes("status@broadcast", "Look at my new car!", sender=ANA)
    answer_all(state, gateway)
    assert world.deliveries() == []
    assert state.get_messages(INCOMING) == []
    assert gateway.events(0) == [], "it was acknowledged, so it does not come again"


def test_fault_11_a_backend_that_does_not_answer_asks_for_no_scan(
    state: StateManager, world: Simulator, backend: Callable[..., Rest], clock: ManualClock
) -> None:
    gateway = backend()
    inbox, keeper = Inbox(state, gateway, wait=0), Keeper(state, gateway)
    inbox.round()
    assert state.is_session_valid()
    world.change_session("unreachable")
    for _ in range(100):
        clock.advance(60)
        inbox.round()
        keeper.round()
        assert not state.requires_qr_scan()
    assert not state.is_session_valid(), "out of date, which is not gone"


def test_fault_11_what_a_script_concludes_from_no_answer_is_taken_back_by_the_answer(
    state: StateManager, tmp_path: Path, world: Simulator, backend: Callable[..., Rest]
) -> None:
    gateway = backend()
    inbox = Inbox(state, gateway, wait=0)
    inbox.round()
    world.change_session("unreachable")
    inbox.round()
    sender = WhatsAppSender(tmp_path / STATE_FILE, gateway=gateway)
    assert sender.get_account_info() == {}
    state.mark_session_invalid(reason="Backend not responding")
    assert state.requires_qr_scan()
    world.change_session("ready")
    inbox.round()
    assert not state.requires_qr_scan()
    assert state.is_session_valid()
    sender.close()
