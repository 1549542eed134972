"""The guide's examples run in order, as they are written, and do what the guide says they do."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from signoff.classic import WhatsAppAssistant
from signoff.gateway.simulator import Simulator
from state_manager import MessageStatus

from ..waiting import eventually
from .conftest import ANA, EXAMPLES, GUIDE, RunExample

S = MessageStatus
RECIPIENT = "923332455342"  # the guide's own


def test_all_of_them_are_run_here() -> None:
    here = Path(__file__).read_text("utf-8")
    assert {int(number) for number in re.findall(r"run_example\((\d+)", here)} == set(range(len(EXAMPLES)))


def test_basic_usage(run_example: RunExample) -> None:
    run = run_example(0)
    assert run.printed == "Session is valid, no QR scan needed\n"


def test_session_management(run_example: RunExample) -> None:
    run = run_example(1)
    assert run.printed.startswith("Using existing session\nLast authenticated: 20")
    assert run.manager.requires_qr_scan()
    assert run.manager.get_session_info()["invalidation_reason"] == "Connection lost"
    assert run.manager.get_config("account_info")["name"] == "Mahnoor"


def test_message_management(run_example: RunExample) -> None:
    run = run_example(2)
    assert run.names["pending"] == []
    assert [message["id"] for message in run.names["sent"]] == ["sent", "msg123"]
    assert run.ids(S.SENT) == []
    assert [event["to"] for event in run.manager.history("msg123")] == [
        "incoming",
        "pending_approval",
        "approved",
        "sent",
    ]


def test_statistics(run_example: RunExample) -> None:
    run = run_example(3)
    assert run.printed == "Total incoming: 1\nTotal sent: 1\nSuccess rate: 100.0%\n"
    assert run.manager.get_statistics()["total_incoming"] == 0


def test_configuration(run_example: RunExample) -> None:
    run = run_example(4)
    assert run.names["human_approval"] is False
    assert run.manager.get_config("human_in_the_loop") is False
    assert run.manager.get_config("watcher_config") == {
        "poll_interval_seconds": 10,
        "auto_reply_enabled": True,
        "process_group_messages": False,
        "max_messages_per_poll": 10,
    }


def test_backup_and_export(run_example: RunExample) -> None:
    run = run_example(5)
    assert re.fullmatch(r"Backup created: whatsapp_state_backup_\d{8}_\d{6}\.json\n", run.printed)
    saved = json.loads(Path(run.names["backup_file"]).read_bytes())
    exported = json.loads(Path("backup/state_2024_02_16.json").read_bytes())
    for document in (saved, exported):
        assert document["messages"] == run.names["full_state"]["messages"]


def test_integration_with_the_sender(run_example: RunExample) -> None:
    run = run_example(6)
    assert run.names["success"] is True
    assert [(delivery.chat, delivery.text) for delivery in run.world.deliveries()] == [
        (RECIPIENT, "Hello from state manager!")
    ]
    assert run.ids(S.SENT) == ["sent", "msg456"]
    assert run.manager.get_messages(S.PENDING_APPROVAL) == []


def test_integration_with_the_sender_when_the_backend_is_not_ready(run_example: RunExample, world: Simulator) -> None:
    world.change_session("logged_out")
    run = run_example(6, retry_config={"max_retries": 0})
    assert run.names["success"] is False
    assert run.world.deliveries() == []
    assert run.ids(S.FAILED) == ["msg456"]


@pytest.mark.parametrize(("human", "where"), [(False, S.PENDING_APPROVAL), (True, S.APPROVED)])
def test_integration_with_the_assistant(
    run_example: RunExample, monkeypatch: pytest.MonkeyPatch, human: bool, where: MessageStatus
) -> None:
    """With an assistant of the user's own, who knows about the weather."""
    with_own = functools.partial(WhatsAppAssistant, assistant=lambda *_: "Sunny, 21 degrees.")
    monkeypatch.setattr("whatsapp_assistant.WhatsAppAssistant", with_own)
    run = run_example(7, human_in_the_loop=human)
    assert run.ids(S.INCOMING) == ["earlier", "msg789"]
    response = run.names["response"]
    assert (response["recipient"], response["message"]) == ("1234567890@c.us", "Sunny, 21 degrees.")
    assert response["original_message_id"] == "msg789"
    assert run.ids(where) == ["reply_msg789"]
    assert run.world.deliveries() == []


def test_integration_with_the_assistant_when_that_has_nothing_to_say(run_example: RunExample) -> None:
    """The keyword answers know nothing of the weather, and say nothing."""
    run = run_example(7)
    assert run.ids(S.INCOMING) == ["earlier", "msg789"]
    assert run.names["response"] is None
    assert run.manager.get_messages(S.PENDING_APPROVAL) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a Ctrl+C that reaches this process alone")
def test_integration_with_the_watcher(run_example: RunExample, world: Simulator) -> None:
    world.contact_writes(ANA, "Hello!")

    def press_ctrl_c_when_it_was_answered() -> None:
        try:
            eventually(world.deliveries)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    typist = threading.Thread(target=press_ctrl_c_when_it_was_answered)
    typist.start()
    run = run_example(8)
    typist.join()
    assert run.printed.startswith("Session valid. Starting watcher...\n")
    assert [delivery.chat for delivery in world.deliveries()] == [ANA]
    run.names["validate_session"]()
    assert run.manager.is_session_valid()
    assert run.manager.get_config("account_info")["number"] == world.account().number  # type: ignore[union-attr]


def test_the_lifecycle(run_example: RunExample) -> None:
    run = run_example(9)
    assert [event["to"] for event in run.manager.history("msg")] == ["incoming", "pending_approval", "approved", "sent"]
    stats = run.manager.get_statistics()
    assert (stats["total_approved"], stats["total_rejected"], stats["total_failed"]) == (1, 0, 0)


def test_session_validation(run_example: RunExample) -> None:
    assert run_example(10).printed == ""


def test_across_restarts(run_example: RunExample) -> None:
    run = run_example(11)
    assert Path(".wwebjs_auth").is_dir()
    assert run.manager.get_config("session")["authenticated"] is True
    assert run.manager.get_config("session")["session_valid"] is True
    assert not run.manager.requires_qr_scan()


def test_thread_safety(run_example: RunExample) -> None:
    run = run_example(12)
    assert sorted(run.ids(S.INCOMING)) == ["earlier", "msg1", "msg2"]
    assert run.manager.get_statistics()["total_incoming"] == 3


def test_error_handling(run_example: RunExample) -> None:
    run = run_example(13)
    assert run.printed == ""
    assert run.ids(S.INCOMING) == ["earlier", "msg"]
    assert run.manager.is_session_valid()


def test_troubleshooting_of_a_session(run_example: RunExample) -> None:
    run = run_example(14)
    assert run.manager.is_session_valid()
    assert run.manager.get_config("account_info")["name"] == "Ana"


def test_troubleshooting_of_a_state_file(run_example: RunExample) -> None:
    run = run_example(15)
    eventually(lambda: run.manager.get_config("session") and "kind" not in _state_file()["metadata"])
    assert _state_file()["messages"]["sent"][0]["id"] == "sent"


def test_the_complete_example(run_example: RunExample) -> None:
    run = run_example(16)
    assert run.printed == "Messages processed: 2\nMessages sent: 2\n"
    assert run.ids(S.SENT) == ["sent", "reply_001"]
    (delivery,) = run.world.deliveries()
    assert (delivery.chat, delivery.text) == (f"{RECIPIENT}@c.us", run.names["response"]["message"])


def _state_file() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path("whatsapp_state.json").read_bytes())
    return document


def test_the_guide_stands_here_word_for_word() -> None:
    """It is the specification that users know. Whoever wants to change it is in the wrong place."""
    digest = hashlib.sha256(GUIDE.read_bytes()).hexdigest()
    assert digest == "0140233553a91ca57cfdf92a7fe79c638d7cc6d3d6ed5ba3814339b0fd539c4f"
