"""A folder as people have it: four modules of their own, scripts that make every call there is, and a state file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

MODULES = ("state_manager", "whatsapp_sender", "whatsapp_assistant", "whatsapp_watcher")
OLD = 'raise RuntimeError("the old module was run")\n'

TRACKS = """
import json
from datetime import datetime
from state_manager import MessageStatus, StateManager

manager = StateManager()
assert [status.value for status in MessageStatus] == [
    "incoming", "pending_approval", "approved", "rejected", "sent", "failed"
]
account = {"number": "15550100100", "name": "Café", "platform": "iphone"}
manager.update_session_status(authenticated=True, account_info=account)
assert manager.is_session_valid() and not manager.requires_qr_scan()
assert manager.get_session_info()["last_authenticated"]
message = {"id": "msg123", "from": "15550100111@c.us", "fromName": "Ana", "body": "Hello! 👋"}
manager.add_message(message, MessageStatus.INCOMING)
datetime.fromisoformat(message["timestamp"])
assert manager.move_message("msg123", MessageStatus.INCOMING, MessageStatus.PENDING_APPROVAL)
assert not manager.move_message("msg123", MessageStatus.INCOMING, MessageStatus.PENDING_APPROVAL)
assert manager.move_message("msg123", MessageStatus.PENDING_APPROVAL, MessageStatus.APPROVED)
assert manager.move_message("msg123", MessageStatus.APPROVED, MessageStatus.SENT)
assert manager.get_messages(MessageStatus.SENT, limit=1)[0]["id"] == "msg123"
assert manager.get_statistics()["total_sent"] == 8
manager.set_config("mine", [1, 2])
manager.update_config({"watcher_config": {"poll_interval_seconds": 7}})
assert manager.get_config("watcher_config")["poll_interval_seconds"] == 7
assert manager.get_config("mine") == [1, 2] and manager.get_config("nothing") is None
assert manager.get_full_state()["metadata"]["version"] == "1.0.0"
manager.export_state("copies/state.json")
assert manager.backup_state().startswith("whatsapp_state_backup_")
manager.clear_messages(MessageStatus.REJECTED)
manager.mark_session_invalid(reason="Connection lost")
assert manager.requires_qr_scan()
manager.reset_statistics()
print("tracked")
"""
SENDS = """
from whatsapp_sender import WhatsAppSender

sender = WhatsAppSender(state_file="whatsapp_state.json")
assert sender.state_file == "whatsapp_state.json"
assert "messages" in sender.state and sender.api_endpoint.startswith("http://127.0.0.1")
assert sender.get_account_info()["number"]
sender.set_human_in_the_loop(False)
assert sender.send_message("15550100111", "Until six.") is True
assert sender.get_message_history(limit=1)[0]["status"] == "success"
print("sent")
"""
ANSWERS = """
import whatsapp_assistant

assistant = whatsapp_assistant.WhatsAppAssistant("whatsapp_state.json")
message = {"id": "m9", "from": "15550100111@c.us", "fromName": "Ana", "body": "hello", "isGroup": False}
assert assistant.should_respond(message) and not assistant.should_respond({**message, "body": ""})
assert assistant.generate_response(message)
reply = assistant.process_message(message)
assert sorted(reply) == ["generated_at", "message", "original_message_id", "recipient"]
replies = assistant.get_generated_replies(status=None)
assert assistant.update_reply_status(replies[-1]["id"], "sent") is True
print("answered")
"""
WATCHES = """
try:
    from whatsapp_watcher import WhatsAppWatcher as Watcher
except ImportError:
    Watcher = None

def main():
    watcher = Watcher()
    assert watcher.sender.get_account_info() and watcher.assistant and not watcher.is_running
    assert watcher.run_once() == 1
    watcher.stop()

if __name__ == "__main__":
    main()
    print("watched")
"""
READS = """
import json

with open("whatsapp_state.json", encoding="utf-8") as file:
    state = json.load(file)
print(state["statistics"]["total_sent"], len(state["messages"]["incoming"]))
"""
WRITES = """
import json
from state_manager import StateManager

with open("whatsapp_state.json", encoding="utf-8") as file:
    state = json.load(file)
state["human_in_the_loop"] = False
state["watcher_config"]["auto_reply_enabled"] = False
with open("whatsapp_state.json", "w", encoding="utf-8") as file:
    json.dump(state, file, indent=2, ensure_ascii=False)
manager = StateManager()
assert manager.get_config("human_in_the_loop") is False
assert manager.get_config("watcher_config")["auto_reply_enabled"] is False
print("written")
"""
LOUD = """
open("it_ran", "w").close()
import state_manager as states
from state_manager import *
"""
SCRIPTS = {
    "tracks.py": TRACKS,
    "sends.py": SENDS,
    "answers.py": ANSWERS,
    "watches.py": WATCHES,
    "reads.py": READS,
    "writes.py": WRITES,
    "loud.py": LOUD,
}


def state() -> dict[str, Any]:
    """A state file as the old components leave it."""
    return {
        "session": {
            "authenticated": True,
            "last_authenticated": "2026-02-16T17:30:00",
            "session_valid": True,
            "session_path": ".wwebjs_auth",
            "requires_qr": False,
            "last_validation": "2026-02-16T17:30:00.250000",
            "validation_interval_minutes": 30,
        },
        "account_info": {"number": "15550100100", "name": "Café Lumen ☕", "platform": "iphone", "last_updated": None},
        "messages": {
            "incoming": [
                {"id": "in1", "from": "15550100111@lid", "body": "کیا آپ آج کھلے ہیں؟", "timestamp": 1700000000},
                {
                    "id": "in2",
                    "from": "15550100112-1600@g.us",
                    "body": "🎉🎉",
                    "isGroup": True,
                    "timestamp": 1700000001,
                },
                {"id": "in3", "from": "status@broadcast", "body": "مرحبا", "timestamp": "2026-02-16T17:31:00"},
                {"id": "in1", "from": "15550100111@lid", "body": "کیا آپ آج کھلے ہیں؟", "timestamp": 1700000000},
            ],
            "pending_approval": [{"id": "wait", "recipient": "15550100111@c.us", "body": "Yes"}],
            "approved": [{"id": "yes", "recipient": "15550100111@c.us", "body": "Of course", "status": "approved"}],
            "rejected": [{"id": "no", "recipient": "15550100111@c.us", "body": "Never"}],
            "sent": [{"id": "out", "recipient": "15550100111@c.us", "body": "Until six."}],
            "failed": [{"recipient": "15550100111@c.us", "body": "without an id"}],
        },
        "statistics": {
            "total_incoming": 3,
            "total_sent": 7,
            "total_failed": 1,
            "total_approved": 8,
            "total_rejected": 1,
            "last_message_received": "2026-02-16T17:31:00",
            "last_message_sent": None,
        },
        "api_endpoint": "http://localhost:3000/api/whatsapp",
        "human_in_the_loop": False,
        "watcher_config": {"poll_interval_seconds": 5, "auto_reply_enabled": True, "process_group_messages": False},
        "retry_config": {"max_retries": 3, "retry_delay_seconds": 2, "exponential_backoff": True},
        "metadata": {"version": "1.0.0", "created_at": "2026-01-01T00:00:00", "last_updated": "2026-02-16T17:40:00"},
        "message_log": [{"timestamp": "2026-02-16T17:40:00", "recipient": "1", "message": "Hi", "status": "success"}],
        "incoming_messages": [{"id": "in1", "body": "کیا", "processed": True}],
        "pending_replies": [{"recipient": "15550100111", "message": "hi", "status": "pending"}],
        "generated_replies": [{"id": "g1", "generated_reply": "hi", "status": "pending"}],
    }


def write_state(folder: Path, document: object, name: str = "whatsapp_state.json") -> bytes:
    """Write a state file as the old components do; what it says."""
    text = json.dumps(document, ensure_ascii=False, indent=2).encode()
    (folder / name).write_bytes(text)
    return text


def build(folder: Path) -> Path:
    """The whole folder."""
    folder.mkdir()
    for module in MODULES:
        (folder / f"{module}.py").write_text(OLD, "utf-8")
    (folder / "whatsapp_sender.py").chmod(0o755)
    compiled = folder / "__pycache__"
    compiled.mkdir()
    (compiled / "state_manager.cpython-311.pyc").write_bytes(b"compiled")
    (compiled / "mine.cpython-311.pyc").write_bytes(b"compiled")
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text, "utf-8")
    (folder / ".wwebjs_auth").mkdir()
    (folder / ".wwebjs_auth" / "key").write_text("secret", "utf-8")
    write_state(folder, state())
    (folder / "whatsapp_state.json").chmod(0o640)
    os.utime(folder / "whatsapp_state.json", (1_700_000_000, 1_700_000_000))
    return folder
