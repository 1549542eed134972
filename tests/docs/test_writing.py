"""What the pages on gateways and assistants show as whole files is saved, run, tried, and used by ``signoff run``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..cli.terminal import PATIENCE, Terminal, run
from .markdown import FILES, ROOT, blocks, named_blocks

GATEWAY = ROOT / "docs" / "writing-a-gateway.md"
ASSISTANT = ROOT / "docs" / "writing-an-assistant.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where all files of both pages are saved."""
    for page in (GATEWAY, ASSISTANT):
        for name, code in named_blocks(page).items():
            (tmp_path / name).write_text(code, "utf-8")
    return tmp_path


def skipped_of(folder: Path, test: str) -> set[str]:
    """What was skipped in a test file, in which nothing failed."""
    command = [sys.executable, "-W", "error", "-m", "pytest", test, "-q", "-rs", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(re.findall(r"^SKIPPED [^:]*:\d+: (.*)", done.stdout, re.MULTILINE))


def test_no_other_page_shows_a_whole_file() -> None:
    assert {page for page in FILES if named_blocks(page)} == {GATEWAY, ASSISTANT}


def test_the_gateway_keeps_the_contract_and_says_what_was_not_tried(folder: Path) -> None:
    played = "this other side cannot"
    assert skipped_of(folder, "test_folder_gateway.py") == {
        *(f"{played} {what}" for what in ("write from the phone", "give receipts", "hang")),
        *(f"{played} lose {what}" for what in ("an answer", "a message")),
        *(f"{played} make the session {state}" for state in ("connecting", "qr", "logged_out", "unreachable")),
        "this gateway is opened without a secret",
    }


def test_the_gateway_runs(folder: Path) -> None:
    terminal = Terminal(
        folder, ("run", "--gateway", "folder_gateway:FolderGateway", "--assistant", "faq"), {}, (30, 80)
    )
    try:
        terminal.expect("gateway    folder_gateway:FolderGateway")
        (message,) = [block.text for block in blocks(GATEWAY, "json")]
        place = folder / "whatsapp_folder"
        (place / "part").write_text(message)
        (place / "part").rename(place / "in" / "1.json")
        terminal.expect("message m1 has a draft by faq")
        assert run(folder, "approve", "reply_m1").returncode == 0
        (sent,) = awaited(place / "out")
        assert list(awaited(place / "done")) == [place / "done" / "1.json"]
        assert json.loads(sent.read_text("utf-8"))["to"] == "15550100111@c.us"
        terminal.interrupt()
        assert terminal.wait() == 0
    finally:
        terminal.close()


def awaited(place: Path) -> Iterator[Path]:
    """The files in a folder, as soon as there are any."""
    end = time.monotonic() + PATIENCE
    while not (found := list(place.glob("*.json"))):
        assert time.monotonic() < end
        time.sleep(0.02)
    return iter(found)


@pytest.mark.parametrize("assistant", ["my_shop:answer", "order_desk:answer"])
def test_the_assistants_run(folder: Path, assistant: str) -> None:
    (folder / "orders.json").write_text('{"1042": "is on its way"}')
    terminal = Terminal(
        folder, ("run", "--gateway", "folder_gateway:FolderGateway", "--assistant", assistant), {}, (30, 80)
    )
    try:
        terminal.expect(f"assistant  {assistant}")
        message = {
            "id": "m1",
            "from": "15550100111@c.us",
            "text": "When do you open? Where is my order 1042?",
            "time": 1,
        }
        (folder / "part").write_text(json.dumps(message))
        (folder / "part").rename(folder / "whatsapp_folder" / "in" / "1.json")
        terminal.expect("message m1 has a draft by")
    finally:
        terminal.close()


def test_the_assistant_keeps_the_contract_whole(folder: Path) -> None:
    assert skipped_of(folder, "test_order_desk.py") == set()
