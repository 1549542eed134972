"""Sign-off at a real terminal: asked once, yes, no or another text; and nobody is asked where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.gateway.simulator import Simulator

pty = pytest.importorskip("pty", reason="a pseudo-terminal is needed")

SEND = """
import sys
from signoff.classic import WhatsAppSender
from signoff.gateway.simulator import Simulator
sender = WhatsAppSender("whatsapp_state.json", gateway=Simulator("world"))
sender.set_human_in_the_loop(True)
print("RESULT", sender.send_message("15550100111", "Your table is booked."), flush=True)
"""

WATCH = """
from signoff.classic import WhatsAppWatcher
from signoff.gateway.simulator import Simulator
world = Simulator("world")
world.contact_writes("15550100111@c.us", "Hello!")
watcher = WhatsAppWatcher("whatsapp_state.json", gateway=world)
watcher.sender.set_human_in_the_loop(True)
print("RESULT", watcher.run_once(), flush=True)
"""


class Terminal:
    """A script at a pseudo-terminal, and what it has written so far."""

    def __init__(self, script: str, folder: Path) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", script], cwd=folder, stdin=slave, stdout=slave, stderr=slave, close_fds=True
        )
        os.close(slave)
        self.shown = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, text: str, times: int = 1) -> None:
        until = time.monotonic() + 20
        while self.shown.count(text) < times:
            assert time.monotonic() < until, f"{text!r} did not come; so far: {self.shown!r}"
            self._reader.join(0.01)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self) -> str:
        assert self.process.wait(20) == 0, self.shown
        self._reader.join(5)
        os.close(self._master)
        return self.shown

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 4096)
            except OSError:
                return
            if not data:
                return
            self.shown += data.decode(errors="replace")


def delivered(folder: Path) -> list[str]:
    return [delivery.text for delivery in Simulator(folder / "world").deliveries()]


@pytest.mark.parametrize(
    ("typed", "sent", "texts"),
    [
        ("yes\n", True, ["Your table is booked."]),
        ("no\n", False, []),
        ("perhaps\nyes\n", True, ["Your table is booked."]),
        ("edit\nAt eight, then.\n", True, ["At eight, then."]),
        ("\x04", False, []),
    ],
    ids=["yes", "no", "not understood, then yes", "another text", "end of input"],
)
def test_the_sender_asks_once_at_the_terminal(tmp_path: Path, typed: str, sent: bool, texts: list[str]) -> None:
    terminal = Terminal(SEND, tmp_path)
    terminal.wait_for("[yes / no / edit]")
    terminal.type(typed)
    terminal.wait_for("RESULT")
    assert f"RESULT {sent}" in terminal.end()
    assert delivered(tmp_path) == texts


def test_fault_5_watcher_and_sender_ask_about_a_reply_once(tmp_path: Path) -> None:
    terminal = Terminal(WATCH, tmp_path)
    terminal.wait_for("[yes / no / edit]")
    terminal.type("yes\n")
    terminal.wait_for("RESULT")
    assert terminal.end().count("[yes / no / edit]") == 1
    assert len(delivered(tmp_path)) == 1


def test_a_yes_at_the_terminal_stands_in_the_history(tmp_path: Path) -> None:
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        manager.add_message(
            {"id": "booked", "recipient": "15550100111", "body": "Your table is booked."},
            MessageStatus.PENDING_APPROVAL,
        )
        terminal = Terminal(SEND, tmp_path)
        terminal.wait_for("[yes / no / edit]")
        terminal.type("y\n")
        terminal.wait_for("RESULT True")
        terminal.end()
        assert manager.get_message("booked").status == "pending_approval"
        assert manager.move_message("booked", MessageStatus.PENDING_APPROVAL, MessageStatus.SENT) is True
        kinds = [event["kind"] for event in manager.history("booked")]
        assert kinds.index("approved") < kinds.index("claimed") < kinds.index("accepted") < kinds.index("moved")
        assert manager.check() == []


@pytest.mark.parametrize("typed", ["no\n", "edit\nAt nine.\n"], ids=["no", "another text"])
def test_who_says_no_when_another_has_approved_is_told_and_it_goes_as_approved(tmp_path: Path, typed: str) -> None:
    terminal = Terminal(SEND, tmp_path)
    terminal.wait_for("[yes / no / edit]")
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        (row,) = manager.rows(MessageStatus.PENDING_APPROVAL)
        manager.approve(row.id, by="Maria")
        terminal.type(typed)
        terminal.wait_for("RESULT True")
        assert "approved by Maria at " in terminal.end()
        assert "taken back" not in [event["kind"] for event in manager.history(row.id)]
    assert delivered(tmp_path) == ["Your table is booked."]


def test_without_a_terminal_nobody_is_asked_there(tmp_path: Path) -> None:
    with StateManager(tmp_path / "whatsapp_state.json") as manager:
        manager.update_config({"approval_config": {"wait_seconds": 0}})
    ran = subprocess.run(
        [sys.executable, "-c", SEND], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert "RESULT False" in ran.stdout
    assert "[yes / no / edit]" not in ran.stdout
    assert delivered(tmp_path) == []
