"""After adopting, scripts that make every call there is run as they are, and work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff import MessageStatus, StateManager
from signoff.adopt import adopt, plan, undo
from signoff.clock import system_clock
from signoff.gateway.backend import serve
from signoff.gateway.simulator import Simulator

from ..conftest import verify
from .components import MODULES, SCRIPTS, build, state, write_state
from .tree import tree

ANA = "15550100111@c.us"
PRINTS = {
    "reads.py": "7 3\n",
    "tracks.py": "tracked\n",
    "sends.py": "sent\n",
    "answers.py": "answered\n",
    "watches.py": "watched\n",
    "writes.py": "written\n",
}


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "ANTHROPIC_API_KEY"}
    command = [sys.executable, script]
    return subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    yield world
    world.close()


def test_each_of_them_works_as_it_is(folder: Path, world: Simulator) -> None:
    world.contact_writes(ANA, "hello", name="Ana")
    with serve(world, port=0) as endpoint:
        write_state(folder, state() | {"api_endpoint": endpoint})
        assert run(folder, "tracks.py").returncode != 0, "the old modules are the ones that are found"
        before = {name: tree(folder)[name] for name in SCRIPTS}
        assert adopt(plan(folder), False, system_clock).problems == ()
        assert {name: tree(folder)[name] for name in SCRIPTS} == before
        for script, printed in PRINTS.items():
            done = run(folder, script)
            assert (done.stdout, done.returncode) == (printed, 0), done.stderr
    assert next(delivery.text for delivery in world.deliveries()) == "Until six."
    verify(folder / "whatsapp_state.db")


def test_nothing_that_was_taken_over_leaves_by_itself(folder: Path, world: Simulator) -> None:
    from signoff.pipeline.outbox import Outbox

    adopt(plan(folder), False, system_clock)
    with StateManager(folder / "whatsapp_state.json") as manager:
        assert Outbox(manager, world).round() == 0
    assert list(world.deliveries()) == []


def test_without_a_terminal_a_script_sends_nothing_that_nobody_approved(folder: Path, world: Simulator) -> None:
    (folder / "sends.py").write_text(
        "from whatsapp_sender import WhatsAppSender\nprint(WhatsAppSender().send_message('15550100111', 'Hi'))\n"
    )
    with serve(world, port=0) as endpoint:
        write_state(folder, state() | {"api_endpoint": endpoint, "approval_config": {"wait_seconds": 0}})
        adopt(plan(folder), True, system_clock)
        done = run(folder, "sends.py")
    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr
    assert list(world.deliveries()) == []


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20) | st.sampled_from(
    ["کیا آپ کھلے ہیں؟", "🎉👨‍👩‍👧", "مرحبا", "a\u202eb"]
)
chats = st.sampled_from(
    ["15550100111@c.us", "15550100111@lid", "15550100112-16@g.us", "status@broadcast", "15550100111"]
)
times = st.integers(0, 2_000_000_000) | st.just("2026-02-16T17:31:00") | st.none() | st.floats(0, 2e9)
messages = st.fixed_dictionaries(
    {"id": st.integers(0, 30).map(str), "body": texts},
    optional={"from": chats, "recipient": chats, "timestamp": times, "isGroup": st.booleans(), "extra": texts},
)
lists = st.lists(messages, max_size=6)
files = st.fixed_dictionaries(
    {"messages": st.fixed_dictionaries({status.value: lists for status in MessageStatus})},
    optional={
        "human_in_the_loop": st.booleans() | st.none() | texts,
        "message_log": st.lists(st.dictionaries(texts, texts, max_size=3), max_size=3),
        "mine": texts,
    },
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=files)
def test_whatever_the_state_file_says_every_message_is_there_afterwards(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, dict[str, list[dict[str, str]]]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for module in MODULES:
        (folder / f"{module}.py").write_text("")
    write_state(folder, document)
    before = tree(folder)
    adopt(plan(folder), True, system_clock)
    with StateManager(folder / "whatsapp_state.json") as manager:
        there = [message["id"] for status in MessageStatus for message in manager.get_messages(status)]
        assert sorted(there) == sorted({entry["id"] for entries in document["messages"].values() for entry in entries})
        assert manager.get_config("human_in_the_loop") is True
    verify(folder / "whatsapp_state.db")
    undo(folder)
    assert tree(folder) == before


def test_a_long_history_is_taken_over_whole(tmp_path: Path) -> None:
    folder = build(tmp_path / "big")
    entries = [{"id": str(number), "recipient": ANA, "body": f"Number {number} 🎉"} for number in range(3_000)]
    write_state(folder, state() | {"messages": {"sent": entries}})
    adopt(plan(folder), True, system_clock)
    with StateManager(folder / "whatsapp_state.json") as manager:
        assert len(manager.get_messages(MessageStatus.SENT)) == 3_000
