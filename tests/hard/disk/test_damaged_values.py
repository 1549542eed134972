"""A value in the database is none that was ever written: every call says so in words of ours, or has no need of it."""

from __future__ import annotations

import contextlib
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signoff import MessageStatus, StateManager
from signoff.cli import main
from signoff.errors import NotFound, SignoffError, StateFileError, StoreError

from .. import life
from ..aftermath import later
from ..conftest import Tell
from ..strike import HARD, ROOT

pytestmark = pytest.mark.timeout(3600 if HARD else 120)

MEMORY = Path("/dev/shm")
SEED = int(os.environ.get("SIGNOFF_SEED") or random.randrange(1 << 20))
NUMBER = 0 if HARD else 25
"""How many copies are damaged; 0 for every column in every way."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a life that came to its end."""
    folder = tmp_path_factory.mktemp("whole")
    life.prepare(folder)
    subprocess.run([sys.executable, "-m", "tests.hard.life", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return folder


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A folder that is quick: nothing here depends on the disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def damaged(whole: Path, memory: Path) -> list[Path]:
    """Copies of its database."""
    folder = memory / "damaged"
    folder.mkdir()
    command = [sys.executable, "-m", "tests.hard.disk.damage", str(whole / life.DATABASE), str(folder), str(SEED)]
    subprocess.run([*command, str(NUMBER)], cwd=ROOT, check=True)
    return sorted(folder.iterdir())


def reads(state: StateManager) -> list[Callable[[], Any]]:
    """Everything that somebody may ask a state."""
    ids = ["s1", "w0", "w1", "reply_w0", "reply_w1", "reply_w2"]
    shown = [lambda row: row.text, lambda row: row.message, lambda row: row.message_status, repr]
    looks: list[Callable[[], Any]] = [
        state.is_session_valid,
        state.requires_qr_scan,
        state.get_session_info,
        state.get_full_state,
        state.get_statistics,
        state.backup_state,
        lambda: state.export_state("export.json"),
        lambda: state.get_config("my_key"),
        lambda: state.get_config("retry_config"),
        lambda: state.config_author("my_key"),
        state.check,
    ]
    looks += [lambda status=status: state.get_messages(status) for status in MessageStatus]  # type: ignore[misc]
    looks += [lambda status=status: state.get_messages(status, 2) for status in MessageStatus]  # type: ignore[misc]
    looks += [lambda status=status: list(state.iter_messages(status)) for status in MessageStatus]  # type: ignore[misc]
    looks += [
        lambda status=status, show=show: [show(row) for row in state.rows(status)]  # type: ignore[misc]
        for status in MessageStatus
        for show in shown
    ]
    looks += [lambda name=name: state.history(name) for name in ids]  # type: ignore[misc]
    looks += [lambda name=name, show=show: show(state.get_message(name)) for name in ids for show in shown]  # type: ignore[misc]
    looks += [lambda chat=chat: state.conversation(chat) for chat in life.CHATS]  # type: ignore[misc]
    return looks


def look(folder: Path) -> list[str]:
    """Ask everything; what was told."""
    told = []
    try:
        with StateManager(folder / life.STATE_FILE, by="test", clock=later) as state:
            for ask in reads(state):
                try:
                    ask()
                except (StoreError, StateFileError) as error:
                    told.append(str(error))
                except NotFound:
                    continue  # it has another id
    except SignoffError as error:
        told.append(str(error))
    nameless = [text for text in told if not any(name in text for name in (life.DATABASE, life.STATE_FILE, "backup"))]
    assert not nameless, nameless
    return told


def command(*words: str) -> None:
    """Run a command; it has an exit code of its own, and no traceback."""
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        assert main(words) in (0, 1, 3)


def test_only_our_own_errors_come_and_they_name_the_file(
    whole: Path, damaged: list[Path], memory: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: Counter[str] = Counter()
    wrong: list[str] = []
    for copy in damaged:
        folder = memory / copy.stem
        folder.mkdir()
        monkeypatch.chdir(folder)
        try:
            for name in (life.STATE_FILE, life.DATABASE):
                shutil.copy(copy if name == life.DATABASE else whole / name, folder / name)
            came["told" if look(folder) else "nothing to tell"] += 1
            for line in ("status", "history", "history reply_w0 --json", "doctor"):
                command(*line.split())
        except Exception as error:
            wrong.append(f"{copy.stem}: {error!r}")
        monkeypatch.undo()
        shutil.rmtree(folder)
    tell(f"values damaged: {dict(came)}, seed {SEED}")
    assert not wrong, "\n".join(wrong)
