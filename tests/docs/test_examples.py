"""The scripts in ``examples/`` do what their first lines say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.assistant import Draft, load_assistant
from signoff.gateway.backend import serve
from signoff.gateway.simulator import Simulator
from signoff.pipeline.approval import Approval
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.outbox import Outbox

EXAMPLES = Path(__file__).parents[2] / "examples"
CHAT = "15550100111@c.us"


def run(example: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(EXAMPLES / example), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_each_example_is_run_by_a_test_here() -> None:
    tested = Path(__file__).read_text("utf-8")
    assert [file.name for file in EXAMPLES.iterdir() if file.suffix == ".py" and file.stem not in tested] == []


def test_a_tracked_message_is_delivered_once_and_becomes_sent(tmp_path: Path) -> None:
    world = Simulator()
    with serve(world, port=0) as endpoint:
        with StateManager(tmp_path / "whatsapp_state.json") as manager:
            manager.set_config("api_endpoint", endpoint)
        done = run("track_and_send.py", "15550100111", "Your order is ready.", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" is sent.\n")
    assert [delivery.text for delivery in world.deliveries()] == ["Your order is ready."]
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        assert [message["body"] for message in manager.get_messages(MessageStatus.SENT)] == ["Your order is ready."]
        assert manager.is_session_valid()
        assert manager.check() == []


def test_without_a_session_nothing_is_tracked_and_it_says_what_to_do(tmp_path: Path) -> None:
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        manager.set_config("api_endpoint", "http://127.0.0.1:9/api/whatsapp")
    done = run("track_and_send.py", "15550100111", "Your order is ready.", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "Scan the QR code first.\n")
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        assert manager.get_messages(MessageStatus.PENDING_APPROVAL) == []


def test_the_assistant_answers_about_orders_and_leaves_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.setattr(sys, "path", list(sys.path))
    answer = load_assistant("order_assistant:answer")

    def ask(*said: str) -> Draft | str | None:
        conversation = [{"id": str(number), "body": text} for number, text in enumerate(said)]
        return answer(conversation[-1], conversation)

    state = "is on its way and arrives tomorrow"
    assert ask("Where is my order 1042?") == Draft(f"Your order 1042 {state}.", "orders", f"order 1042: {state}")
    assert ask("My number is 1043", "So when does the order come?") == ask("Order 1043?")
    unknown = ask("Order 9999 please")
    assert isinstance(unknown, Draft)
    assert unknown.note == "there is no order 9999"
    assert ask("When do you open?") is None
    assert ask("Where is my order?") is None


@pytest.fixture
def waiting(tmp_path: Path) -> Simulator:
    """A contact has asked, and a draft waits in the state of ``tmp_path``."""
    world = Simulator()
    world.contact_writes(CHAT, "What are your opening hours?", name="Lucía")
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        Inbox(manager, world, wait=0).round()
        Drafts(manager, load_assistant("faq"), "faq").round()
        Approval(manager).round()
    return world


def test_what_a_script_was_shown_it_can_approve_and_that_is_sent(tmp_path: Path, waiting: Simulator) -> None:
    shown = run("approve.py", folder=tmp_path)
    message_id, _, version, *_ = shown.stdout.split()
    assert shown.stdout.splitlines()[0].endswith(f"by faq, to {CHAT}")
    assert "7:30 to 19:00" in shown.stdout
    done = run("approve.py", message_id, version.rstrip(","), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        assert Outbox(manager, waiting).round() == 1
    assert [delivery.chat for delivery in waiting.deliveries()] == [CHAT]


def test_a_script_cannot_approve_a_text_that_it_was_not_shown(tmp_path: Path, waiting: Simulator) -> None:
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        (draft,) = manager.get_messages(MessageStatus.PENDING_APPROVAL)
        manager.edit(draft["id"], "Closed today.", by="ana")
    done = run("approve.py", draft["id"], "1", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is now at version 2, not 1 (edited by ana)" in done.stderr
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        assert Outbox(manager, waiting).round() == 0
