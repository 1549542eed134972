"""Restoring and importing what is large: stopped anywhere it goes on, and memory does not grow with it."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from signoff.store import open_store
from state_manager import MessageStatus, StateManager

from ..store.outside import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")

S = MessageStatus
HARD = bool(os.environ.get("SIGNOFF_HARD"))
SEED = int(os.environ.get("SIGNOFF_SEED") or random.randrange(1 << 32))
ANA = "15550100101@c.us"
KNOWN, MORE = 25, 25
BATCHES = 7
WAYS = ["restore", "copied", "import"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state of which a backup knows more: messages, entries, settings and session; some messages were cleared."""
    folder = tmp_path_factory.mktemp("prepared")
    path = folder / "whatsapp_state.json"
    with StateManager(path) as manager:
        for number in range(KNOWN):
            manager.add_message({"id": f"k{number}", "recipient": ANA, "body": "hello"}, S.PENDING_APPROVAL)
            manager.approve(f"k{number}")
        manager.set_config("human_in_the_loop", True)
        document = json.loads(Path(manager.backup_state()).read_bytes())
        manager.clear_messages(S.APPROVED)
    for number in range(MORE):
        document["messages"]["sent"].append({"id": f"s{number}", "recipient": ANA, "body": "hello"})
    document["message_log"] = [{"id": f"r{number}"} for number in range(15)]
    document |= {"mine": 1, "statistics": {"total_sent": 7}, "session": {"authenticated": True, "session_valid": True}}
    (folder / "backup.json").write_text(json.dumps(document))
    return folder


def begin(prepared: Path, folder: Path, way: str) -> Path:
    """A folder in which the backup is restored, was copied over the state file, or is all there is."""
    shutil.copytree(prepared, folder)
    if way != "restore":
        shutil.copy(folder / "backup.json", folder / "whatsapp_state.json")
    if way == "import":
        for file in folder.glob("whatsapp_state.db*"):
            file.unlink()
    return folder


def start(folder: Path, way: str, counted: str = "borders", last: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.programs.take_up_killed"]
    command += ["restore" if way == "restore" else "open", str(folder), counted, str(last)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(program: subprocess.Popen[str]) -> bool:
    """Whether it came to its end."""
    said, error = program.communicate()
    assert said == "done" or program.returncode == -9, error
    return program.returncode == 0


def run(folder: Path, way: str, counted: str = "borders", last: int = 0) -> bool:
    """Whether it came to its end."""
    return ended(start(folder, way, counted, last))


def state(folder: Path) -> dict[str, Any]:
    """What the manager says when all is done: nothing that depends on when, and how often, it was begun."""
    with StateManager(folder / "whatsapp_state.json") as manager:
        state = manager.get_full_state()
        rows = [manager.get_message(f"{kind}{number}") for kind in "ks" for number in range(KNOWN)]
        assert manager.store.claim_next(manager.account, lease=1, by="test") is None
        assert manager.check() == []
    del state["metadata"]
    return state | {"rows": [(row.id, row.status, row.origin, row.visible, row.approved_version) for row in rows]}


def insist_it_is_sound(folder: Path) -> int:
    """Half way: each message is whole, nothing can be sent; how many messages there are."""
    with closing(open_store(folder / "whatsapp_state.db")) as store:
        account = store.account("default")
        assert store.check() == []
        assert store.claim_next(account, lease=1, by="test") is None
        assert store.claim_draft(account, lease=1, by="test") is None
        assert store.setting(account, "mine") is None
        return sum(len(store.page(account, status)) for status in S)


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    way: str = request.param
    return way


@pytest.fixture(scope="module")
def uninterrupted(prepared: Path, way: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = begin(prepared, tmp_path_factory.mktemp("uninterrupted") / "folder", way)
    assert run(folder, way)
    return state(folder)


@pytest.mark.timeout(600)
def test_killed_between_any_two_batches_the_same_again_goes_on(
    prepared: Path, way: str, uninterrupted: dict[str, Any], tmp_path: Path
) -> None:
    for last in range(1, BATCHES) if HARD else (1, 4, BATCHES - 1):
        folder = begin(prepared, tmp_path / str(last), way)
        assert not run(folder, way, "borders", last)
        insist_it_is_sound(folder)
        assert run(folder, way)
        assert state(folder) == uninterrupted
    assert uninterrupted["mine"] == 1
    assert len(uninterrupted["messages"]["sent"]) == MORE
    assert len(uninterrupted["messages"]["approved"]) == KNOWN
    assert len(uninterrupted["message_log"]) == 15
    assert uninterrupted["statistics"]["total_sent"] == (7 if way == "import" else 0)


@pytest.mark.timeout(600)
def test_killed_at_random_and_again_and_again_it_comes_to_the_same_end(
    prepared: Path, way: str, uninterrupted: dict[str, Any], tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    for round_ in range(40 if HARD else 3):
        folder = begin(prepared, tmp_path / str(round_), way)
        for _ in range(3):
            if run(folder, way, "calls", chance.randint(1, 900)):
                break
            if (folder / "whatsapp_state.db").exists():
                insist_it_is_sound(folder)
        assert run(folder, way)
        assert state(folder) == uninterrupted, f"SIGNOFF_SEED={SEED}"


def test_two_who_do_it_at_once_come_to_the_same_end(
    prepared: Path, way: str, uninterrupted: dict[str, Any], tmp_path: Path
) -> None:
    folder = begin(prepared, tmp_path / "folder", way)
    programs = [start(folder, way) for _ in range(2)]
    assert [ended(program) for program in programs] == [True, True]
    assert state(folder) == uninterrupted


def large(path: Path, messages: int) -> Path:
    """A file as another program may have written it: all of it in one line."""

    def parts() -> Iterator[str]:
        yield '{"messages": {"sent": ['
        for number in range(messages):
            yield ("," if number else "") + json.dumps({"id": f"m{number}", "body": "x" * 1000})
        yield "]}}"

    with path.open("w") as file:
        file.writelines(parts())
    return path


def restored(folder: Path, messages: int) -> None:
    """Print how many bytes more the process took at most to restore a file than to restore a small one."""
    with StateManager(folder / "x.json") as manager:
        manager.restore_state(large(folder / "small.json", 300))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        manager.restore_state(large(folder / "large.json", messages))
        sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))


def growth(folder: Path, messages: int) -> int:
    folder.mkdir()
    code = f"from pathlib import Path; from {__name__} import restored; restored(Path({str(folder)!r}), {messages})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout) << (10 if sys.platform == "linux" else 0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_does_not_grow_with_what_is_restored(tmp_path: Path) -> None:
    few, many = growth(tmp_path / "few", 5_000), growth(tmp_path / "many", 50_000)
    assert many < few + (8 << 20)
    assert many < 32 << 20
