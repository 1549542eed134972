"""Bits flip in the files of a state: what cannot be read is told in words, and what can be read is there."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from signoff import MessageStatus, StateManager
from signoff.errors import Decision, SignoffError, StateFileError, StoreError

from .. import life
from ..aftermath import later
from ..conftest import Tell
from ..strike import HARD, ROOT

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX"),
    pytest.mark.timeout(1800),
]

SEED = int(os.environ.get("SIGNOFF_SEED") or random.randrange(1 << 20))
TIMES = 400 if HARD else 6


@pytest.fixture(scope="module", params=["closed", "killed"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a life that came to its end, or of one that was killed and left a -wal file."""
    folder = tmp_path_factory.mktemp(request.param)
    life.prepare(folder)
    command = [sys.executable, "-m", "tests.hard.life", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if request.param == "killed" and '"clear"' in line:
                process.send_signal(signal.SIGKILL)
    return folder


def flip(file: Path, chance: random.Random) -> None:
    """Flip some bits."""
    data = bytearray(file.read_bytes())
    for _ in range(chance.choice([1, 1, 8, 64])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def uses(state: StateManager) -> list[Callable[[], Any]]:
    """Everything that somebody may then call."""
    return [
        state.get_full_state,
        lambda: [state.get_messages(status) for status in MessageStatus],
        lambda: [row.text for status in MessageStatus for row in state.rows(status)],
        lambda: state.history("reply_w0"),
        lambda: state.get_config("my_key"),
        state.get_statistics,
        state.get_session_info,
        state.is_session_valid,
        lambda: state.add_message({"id": "after", "body": "Hello"}, MessageStatus.INCOMING),
        lambda: state.approve("reply_w2"),
        lambda: state.store.claim_next(state.account, lease=1_000_000, by="test"),
        lambda: state.store.expired_claims(state.account, lease=1_000_000, by="test"),
        state.backup_state,
        state.check,
    ]


def use(folder: Path) -> list[str]:
    """Open the state and call everything; what was told."""
    told: list[str] = []
    with suppress(SignoffError), StateManager(folder / life.STATE_FILE, by="test", clock=later) as state:
        for call in uses(state):
            try:
                call()
            except (StoreError, StateFileError) as error:
                told.append(str(error))
            except Decision:
                continue  # as ever
        return told + state.check()
    return ["it could not be opened"]


@pytest.mark.parametrize("name", [life.DATABASE, f"{life.DATABASE}-wal"])
def test_whatever_bits_flip_in_the_database_only_our_own_errors_come(
    whole: Path, tmp_path: Path, tell: Tell, name: str
) -> None:
    if not (whole / name).exists():
        pytest.skip("it was closed: there is none")
    came: Counter[str] = Counter()
    for number in range(TIMES):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        flip(folder / name, random.Random(SEED + number))
        try:
            came["told" if use(folder) else "nothing to tell"] += 1
        except Exception as error:
            raise AssertionError(f"seed {SEED + number}") from error
        shutil.rmtree(folder)
    tell(f"bits flipped in {name} ({whole.name}): {dict(came)}, seed {SEED}")


def test_whatever_bits_flip_in_the_state_file_no_message_is_lost(whole: Path, tmp_path: Path) -> None:
    for number in range(TIMES):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        flip(folder / life.STATE_FILE, random.Random(SEED + number))
        with StateManager(folder / life.STATE_FILE, by="test", clock=later) as state:
            assert state.check() == [], SEED + number
            for message_id in ("old-1", "s1", "w0", "w1", "w2", "reply_w0", "reply_w1", "reply_w2"):
                assert state.history(message_id), SEED + number
        shutil.rmtree(folder)
