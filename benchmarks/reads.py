"""What a script asks all the time: is_session_valid, get_config, get_statistics; and whether memory stays flat.

    python benchmarks/reads.py [--quick] [--operations N]

The time of a call at rest, after a message came in, and after a setting was changed, beside reading the state file as
the guide's components do and one SELECT of hand-written sqlite3. Then so many durable changes and as many reads by 32
threads, and what memory the process has after each tenth of them: it is flat when the caches of the 32 connections
that read, 2 MB each, are full, and is to stay so for the second half.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import memory
import report
import workload
from contender import ENVIRONMENT
from peer_signoff import Peer
from workload import WRITES

READ, GROWTH = 10.0, 1.02
"""The aims: microseconds of a call at most; memory at the end of what it was after half of the changes, at most."""
THREADS = 32
MOMENTS = ("at rest", "after a message came", "after a setting was changed")


def measure(folder: Path, count: int) -> dict[str, list[float]]:
    """By what is called: median microseconds at each of `MOMENTS`."""
    peer = Peer(folder)
    manager = peer.manager
    manager.update_session_status(True, {"number": "15550100000", "name": "Benchmark", "platform": "android"})
    news = workload.messages(1 << 40, "reads")
    changes: list[Callable[[int], object]] = [
        lambda _: None,
        lambda _: peer.add(next(news)),
        lambda number: manager.set_config("a_setting_of_a_script", number),
    ]
    calls: dict[str, Callable[[], object]] = {
        "is_session_valid": manager.is_session_valid,
        "get_config": lambda: manager.get_config("human_in_the_loop"),
        "get_statistics": manager.get_statistics,
        "beside: json.load of the state file": lambda: json.loads((folder / "state.json").read_text("utf-8")),
    }
    counts = (count, max(10, count // 20), max(10, count // 20))
    taken = {
        name: [_median(call, change, times) for change, times in zip(changes, counts, strict=True)]
        for name, call in calls.items()
    }
    peer.close()
    return taken


def measure_by_hand(folder: Path, count: int) -> list[float]:
    """The same for one SELECT of a row by its key, another connection changing it."""
    path = folder / "hand.db"
    with closing(sqlite3.connect(path)) as mine, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT)")
        other.execute("INSERT INTO settings VALUES ('human_in_the_loop', 'false')")

        def call() -> object:
            return mine.execute("SELECT value FROM settings WHERE key = ?", ("human_in_the_loop",)).fetchone()

        def change(number: int) -> object:
            return other.execute("UPDATE settings SET value = ?", (str(number),))

        changed = _median(call, change, count // 20)
        return [_median(call, lambda _: None, count), changed, changed]


def _median(call: Callable[[], object], change: Callable[[int], object], count: int) -> float:
    taken = []
    for number in range(count):
        change(number)
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e6


def grown(folder: Path, operations: int) -> list[tuple[int, float | None]]:
    """Megabytes after each tenth of the operations, in this process."""
    peer = Peer(folder)
    each = operations // 10 // WRITES
    taken = []
    for tenth in range(1, 11):
        work = list(workload.messages(each, f"tenth {tenth}"))
        workload.run(_Reading(peer), work, THREADS)
        del work
        taken.append((tenth * each * WRITES, memory.now()))
    peer.close()
    return taken


class _Reading:
    """A peer that is asked for its session and a setting at every change."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.pending, self.statistics, self.close = peer.pending, peer.statistics, peer.close

    def add(self, message: workload.Message) -> None:
        """Ask, and add."""
        self._ask()
        self._peer.add(message)

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Ask, and move."""
        self._ask()
        return self._peer.move(message_id, source, target)

    def fill(self, messages: Iterator[workload.Message]) -> None:
        """Take in a history."""
        self._peer.fill(messages)

    def _ask(self) -> None:
        self._peer.manager.is_session_valid()
        self._peer.manager.get_config("human_in_the_loop")


def text(taken: dict[str, list[float]], sizes: list[tuple[int, float]]) -> str:
    """The report."""
    rows = [(name, *(report.figure(value) for value in each)) for name, each in taken.items()]
    parts = [report.table("A read, in µs: median", ("", *MOMENTS), rows)]
    lines = [(f"{count:,}", f"{size:.1f}") for count, size in sizes]
    parts.append(report.table(f"Memory of a process with {THREADS} threads", ("durable changes", "MB"), lines))
    aims = [
        report.aim(f"{name} {moment}: at most {READ:g} µs", [value], most=READ)
        for name in ("is_session_valid", "get_config")
        for moment, value in zip(MOMENTS, taken[name], strict=True)
    ]
    if sizes:
        what = f"memory at the end of what it was after half of the changes: at most {GROWTH:g}"
        aims.append(report.aim(what, [sizes[-1][1] / sizes[len(sizes) // 2 - 1][1]], most=GROWTH))
    return "\n\n".join([*parts, "\n".join(["Aims", "", *aims])])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few reads, and 20,000 changes")
    parser.add_argument("--operations", type=int, metavar="N", help="durable changes in which memory is watched")
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "N"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(grown(Path(asked.child[0]), int(asked.child[1]))))
        return
    count, operations = (400, 20_000) if asked.quick else (20_000, 1_000_000)
    with tempfile.TemporaryDirectory(prefix="signoff-benchmark-") as folder:
        taken = measure(_made(folder, "reads"), count)
        taken["beside: one SELECT by hand"] = measure_by_hand(_made(folder, "by hand"), count)
        sizes = _watched(_made(folder, "memory"), asked.operations or operations)
    print(report.head(), text(taken, sizes), sep="\n\n")


def _watched(folder: Path, operations: int) -> list[tuple[int, float]]:
    command = [sys.executable, __file__, "--child", os.fspath(folder), str(operations)]
    run = subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.PIPE, encoding="utf-8")
    found: list[tuple[int, Any]] = json.loads(run.stdout)
    return [(count, size) for count, size in found if size is not None]


def _made(folder: str, name: str) -> Path:
    made = Path(folder, name)
    made.mkdir()
    return made


if __name__ == "__main__":
    main()
