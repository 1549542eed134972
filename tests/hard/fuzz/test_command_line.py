"""Whatever a command is given: an exit code that means something, one sentence, no traceback, and nothing decided."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st

from signoff import MessageStatus as S
from signoff import StateManager, settings
from signoff.cli import main
from signoff.cli.app import COMMANDS

from ...conftest import verify
from .budget import fuzz, long, quickly
from .hostile import EVIL_TEXTS, battered, values

pytestmark = long

STATE = "whatsapp_state.json"
ANA = "15550100101@c.us"
CODES = {0, 1, 2, 3}
BLOCKING = {"run", "demo", "adopt", "replay"}
"""These run until they are stopped, or have a test of their own."""
NAMES = [name for panel in COMMANDS.values() for name in panel if name not in BLOCKING]
OPTIONS = [
    "--json", "--state", "--account", "--by", "--version", "--reason", "--despite", "--no-wait", "--wait=0", "--yes",
    "--by-day", "--days", "--release", "--help", "-h", "--", "-", "-x", "--jsn", "--state=", "--version=1", "--days=2",
]  # fmt: skip
WORDS = [
    "waiting", "in", "failed", ANA, "get", "set", "explain", "show", "validate", "invalidate", STATE,
    "whatsapp_state.db", "new.json", "no/such/folder/x.json", ".", "..", "/", "", "x" * 300,
    "--contact", "--limit", "--before",
    *settings.defaults(), *(setting.path for setting in settings.KNOWN[:8]),
]  # fmt: skip


def as_argument(text: str) -> str:
    """The text as a program can be given it: no NUL, and no surrogates but those of undecodable bytes."""
    return os.fsdecode(text.replace("\0", "").encode(errors="replace")) or "\udcff\udcfe"


ARGUMENTS = st.sampled_from(OPTIONS) | st.sampled_from(WORDS) | st.sampled_from(EVIL_TEXTS).map(as_argument)
ARGUMENTS |= (
    st.text(max_size=20).map(as_argument) | st.integers().map(str) | values.map(lambda value: as_argument(repr(value)))
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, with a state in it; nobody sits at the terminal."""
    monkeypatch.chdir(tmp_path)
    for name in ("EDITOR", "VISUAL", "PAGER"):
        monkeypatch.delenv(name, raising=False)
    with StateManager(STATE) as manager:
        manager.add_message({"id": "in", "from": ANA, "body": "Are you open?"}, S.INCOMING)
        manager.add_message({"id": "waiting", "recipient": ANA, "body": "Until six."}, S.PENDING_APPROVAL)
        manager.add_message({"id": "failed", "recipient": ANA, "body": "\u202eUntil\0".strip("\0")}, S.FAILED)
    yield tmp_path
    verify(tmp_path / "whatsapp_state.db")


def run(*arguments: str) -> tuple[int, str]:
    """Run a command in this process; its exit code and what it said on the standard error."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    stdin, sys.stdin = sys.stdin, io.StringIO("")
    try:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            code = main(arguments)
    finally:
        sys.stdin = stdin
    streams[1].flush()
    said = streams[1].buffer
    assert isinstance(said, io.BytesIO)
    return code, said.getvalue().decode()


def test_hostile_arguments(folder: Path) -> None:
    def check(command: tuple[str, list[str]]) -> None:
        name, arguments = command
        given = [word for word in arguments if "watch" not in word and not word.startswith("--e")]
        if name == "send":
            given.insert(0, "--no-wait")
        with quickly(100_000 + sum(map(len, given))):
            code, said = run(name, *given)
        assert code in CODES, said
        assert "Traceback" not in said

    fuzz(st.tuples(st.sampled_from(NAMES), st.lists(ARGUMENTS, max_size=6)), check)


CHAT = "[31/12/23, 23:58:01] Ann: Are you open?\n[31/12/23, 23:59:01] Bob: Until six.\n[13/1/24, 9:00:00] Ann: Thanks\n"


def test_replaying_what_was_tampered_with(folder: Path) -> None:
    def check(data: bytes) -> None:
        (folder / "chat.txt").write_bytes(data)
        code, said = run("replay", "chat.txt", "--as", "Bob", "--assistant", "keywords", "--yes", "--report", "r.html")
        assert code in CODES, said
        assert "Traceback" not in said

    fuzz(battered([CHAT.encode()]), check)


def test_taking_over_a_folder_that_was_tampered_with(folder: Path) -> None:
    good = (folder / STATE).read_bytes()

    def check(data: bytes) -> None:
        old = folder / "old"
        old.mkdir(exist_ok=True)
        (old / STATE).write_bytes(data)
        (old / "watch.py").write_bytes(data[:50] + b"\nimport state_manager\n")
        code, said = run("adopt", "old", "--dry-run", "--yes")
        assert code in CODES, said
        assert "Traceback" not in said
        assert (old / STATE).read_bytes() == data

    fuzz(battered([good]), check)
