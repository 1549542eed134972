"""Every command is about one account: nothing of another is told, written or changed."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.cli.app import COMMANDS

from ..conftest import ManualClock, verify
from ..two_accounts import MARKS, address, dump, fill
from ..waiting import eventually
from .conftest import InFolder, Signoff
from .terminal import PATIENCE, command, environment

BOTH = [("default", "shop"), ("shop", "default")]
STATE = "whatsapp_state.json"
LINES = [
    "status", "status --json", "inbox", "inbox --json", "stats", "stats --by-day", "stats --json",
    "history", "history --limit 9999 --json", "history reply_m1", f"history --contact {address(1)}",
    "config", "config explain", "config get motto", "session", "session --json", "session validate", "session qr",
    "export", "export mine_export.json", "doctor", "backup mine_backup",
    "approve reply_m1", "reject reply_m2 --json", "edit reply_m3 Later", "ask-again reply_m4", "take-back reply_m5",
    "reopen reply_m6", "confirm-sent reply_m7", "send-again reply_m8", "give-up reply_m9",
    "config set motto Another", "session invalidate", f"send {address(1)} Hello --no-wait",
    f"send {address(1)} Hello --wait 0", f"forget {address(1)} --yes", "restore mine_backup.json",
]  # fmt: skip
"""At least one line for every command; those that only read come first."""
OF_NO_ACCOUNT = {"demo", "replay", "adopt", "accounts"}
"""Commands with a folder of their own, one that comes before there is a state, and the one that names them all."""


@pytest.fixture
def folder(tmp_path: Path, clock: ManualClock) -> Path:
    """A folder with a state of two accounts in it."""
    for account in MARKS:
        fill(tmp_path / STATE, account, clock)
    return tmp_path


def test_each_command_is_run_here() -> None:
    names = {name for commands in COMMANDS.values() for name in commands}
    assert names - OF_NO_ACCOUNT == {line.split()[0] for line in LINES} | {"run"}


@pytest.mark.parametrize(("mine", "other"), BOTH)
def test_no_command_tells_writes_or_changes_anything_of_another_account(
    folder: Path, in_folder: InFolder, clock: ManualClock, mine: str, other: str
) -> None:
    before = dump(folder / STATE, other, clock)
    told = {}
    for line in LINES:
        code, said, beside = in_folder(*line.split(), "--account", mine, "--state", STATE)
        assert code in (0, 1), (line, beside)
        told[line] = said + beside
    assert [line for line, text in told.items() if MARKS[other] in text] == []
    assert [file.name for file in folder.glob("mine_*.json") if MARKS[other] in file.read_text("utf-8")] == []
    assert dump(folder / STATE, other, clock) == before
    assert {line for line, text in told.items() if MARKS[mine] in text} >= {"inbox", "history", "config", "export"}
    verify(folder / STATE.replace(".json", ".db"))


@pytest.mark.parametrize(("mine", "other"), BOTH)
def test_the_service_of_one_account_serves_no_other(folder: Path, clock: ManualClock, mine: str, other: str) -> None:
    before = dump(folder / STATE, other, clock)
    words = command("run", "--gateway", "simulator", "--assistant", "none", "--account", mine)
    service = subprocess.Popen(words, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True)
    with StateManager(folder / STATE, account=mine) as state:
        eventually(lambda: len(state.get_messages(MessageStatus.INCOMING)) > 9)
    service.send_signal(signal.SIGTERM)
    said = service.communicate(timeout=PATIENCE)[1]
    assert service.returncode == 0
    assert f"account '{mine}'" in said
    assert MARKS[other] not in said
    assert dump(folder / STATE, other, clock) == before


def test_accounts_names_them_all_with_what_their_lists_hold(folder: Path, signoff: Signoff) -> None:
    told = json.loads(signoff("accounts", "--json").stdout)
    lists = {"incoming": 9, "pending_approval": 5, "approved": 1, "rejected": 1, "sent": 0, "failed": 3}
    assert [(each["account"], each["lists"]) for each in told] == [("default", lists), ("shop", lists)]
    rows = [line.split() for line in signoff("accounts").stdout.splitlines()]
    assert rows[0] == ["account", "number", "incoming", "pending", "approved", "rejected", "sent", "failed"]
    assert rows[2] == ["shop", told[1]["number"], "9", "5", "1", "1", "0", "3"]
