"""Many processes on one database: nothing is lost, nobody starves, and a killed one takes nothing with it."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from signoff.errors import StoreBusy
from signoff.lifecycle import MessageStatus
from signoff.store import open_store

from ..conftest import verify
from .outside import Program
from .programs.stages import STAGES
from .scenes import INCOMING

unix = pytest.mark.skipif(os.name == "nt", reason="there are no such signals here")


def mix(path: Path, processes: int, threads: int, seconds: float) -> tuple[Counter[str], list[int], float]:
    """Let processes do all kinds of verbs: what was done of each, how much each did, the longest wait."""
    programs = [Program("mix", path, f"p{number}", threads, number, heard="ready") for number in range(processes)]
    for program in programs:
        assert program.process.stdin is not None
        program.process.stdin.write("\n")
        program.process.stdin.flush()
    time.sleep(seconds)
    for program in programs:
        assert program.process.stdin is not None
        program.process.stdin.close()
        program.process.stdin = None
    told = [program.result() for program in programs]
    each = [sum(result["done"].values()) + result["refused"] for result in told]
    done = sum((Counter[str](result["done"]) for result in told), Counter[str]())
    return done, each, max(result["longest"] for result in told)


def verify_mix(path: Path, done: Counter[str]) -> None:
    store = open_store(path)
    account = store.account("default")
    listed = [row for status in MessageStatus for row in store.page(account, status, 0, 1_000_000)]
    origins = Counter(row.origin for row in listed)
    assert (origins["gateway"], origins["draft"], origins["script"]) == (
        done["receive"],
        done["draft"],
        done["bookkeeping"],
    )
    assert store.setting(account, "changes") == done["setting"]
    accepted = [attempt for row in listed for attempt in store.attempts(row.seq) if attempt.outcome == "accepted"]
    assert len(accepted) == len([row for row in listed if row.status == "sent" and row.origin == "draft"])
    assert store.check() == []
    store.close()


def test_processes_that_mix_verbs_lose_nothing_and_nobody_starves(tmp_path: Path) -> None:
    done, each, longest = mix(tmp_path / "state.db", 5, 2, 1.5)
    verify_mix(tmp_path / "state.db", done)
    assert min(each) > 0.2 * max(each), each
    assert longest < 5


@pytest.mark.slow
def test_eight_processes_for_long(tmp_path: Path) -> None:
    done, each, longest = mix(tmp_path / "state.db", 8, 3, 12)
    verify_mix(tmp_path / "state.db", done)
    assert min(each) > 0.2 * max(each), each
    assert longest < 5


def test_processes_that_open_a_new_database_at_once_share_it(tmp_path: Path) -> None:
    programs = [Program("writer", tmp_path / "state.db", f"p{number}", 1) for number in range(6)]
    told = [program.result() for program in programs]
    assert [result["faults"] for result in told] == [[]] * 6
    store = open_store(tmp_path / "state.db")
    assert store.account_names() == ["default"]
    store.close()
    verify(tmp_path / "state.db")


@unix
def test_a_process_that_holds_the_database_is_named_and_the_wait_ends(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state.db", busy_timeout=0.3)
    account = store.account("default")
    with Program("holder", tmp_path / "state.db", heard="holding") as holder:
        os.kill(holder.process.pid, signal.SIGSTOP)
        begun = time.monotonic()
        with pytest.raises(StoreBusy, match=rf"held by process {holder.process.pid} \(holder.py\) for 0.3 s") as told:
            store.clear(account, INCOMING, by="me")
        assert 0.25 < time.monotonic() - begun < 5
        assert str(tmp_path / "state.db") in str(told.value)
        assert store.newest(account, INCOMING, None) == []
        os.kill(holder.process.pid, signal.SIGCONT)
        holder.finish()
    store.clear(account, INCOMING, by="me")
    store.close()
    verify(tmp_path / "state.db")


@unix
def test_another_program_that_holds_it_ends_the_wait_too(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state.db", busy_timeout=0.3)
    account = store.account("default")
    with Program("intruder", tmp_path / "state.db", heard="holding") as intruder:
        with pytest.raises(StoreBusy, match="held by another program"):
            store.clear(account, INCOMING, by="me")
        intruder.finish()
    store.clear(account, INCOMING, by="me")
    store.close()
    verify(tmp_path / "state.db")


@unix
def test_a_killed_holder_holds_nobody_up(tmp_path: Path) -> None:
    store = open_store(tmp_path / "state.db")
    account = store.account("default")
    for _ in range(3):
        with Program("holder", tmp_path / "state.db", heard="holding"):
            pass  # it is killed here
        store.clear(account, INCOMING, by="me")
    store.close()
    verify(tmp_path / "state.db")


def test_a_script_with_an_undecodable_name_can_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["scr\udcffipt.py"])
    store = open_store(tmp_path / "state.db")
    assert store.account("default")
    store.close()


def kill_some(path: Path, round_: int, chance: random.Random) -> dict[str, str]:
    """Kill two processes at some moment; how far each message had come by what they were told."""
    programs = [Program("stages", path, f"r{round_}-p{number}", 2) for number in range(2)]
    told: dict[str, str] = {}
    for program in programs:
        assert program.process.stdout is not None
        told |= dict([program.process.stdout.readline().split()])
    time.sleep(chance.uniform(0, 0.15))
    for program in programs:
        told |= dict(line.split() for line in program.kill())
    return told


def kill_often(path: Path, rounds: int, seed: int) -> int:
    """Kill in rounds; insist each time that all that was acknowledged is there. How many messages there were."""
    chance, count = random.Random(seed), 0
    for round_ in range(rounds):
        told = kill_some(path, round_, chance)
        store = open_store(path)
        account = store.account("default")
        for message_id, stage in told.items():
            row = store.find(account, message_id)
            assert row is not None, (message_id, stage, seed)
            reached = [event.kind for event in store.history(account, message_id)]
            assert reached[: STAGES.index(stage) + 1] == list(STAGES[: STAGES.index(stage) + 1]), (reached, stage, seed)
        assert store.check() == []
        store.close()
        count += len(told)
    return count


@unix
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    assert kill_often(tmp_path / "state.db", 6, 1) > 20


@pytest.mark.slow
@unix
def test_what_was_acknowledged_survives_kill_9_many_times(tmp_path: Path) -> None:
    assert kill_often(tmp_path / "state.db", 60, 2) > 200
