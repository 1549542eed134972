"""What concerns the whole state, on a million messages while a thread goes on writing: seconds, memory, stalls.

    python benchmarks/whole.py [--messages N] [--operations NAME ...]

Every operation runs in a process of its own that has a thread which takes messages through the guide's lifecycle all
the time, first alone, then beside the operation: how long its longest change took shows whom the operation keeps
waiting. All is done in one process because that is the worst: threads share the interpreter, too. Memory is what the
process had at most during the operation above what it had before. Beside each operation of signoff stands what one
would do with hand-written sqlite3 and the same messages.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import memory
import report
import whole_operations
import workload
from contender import ENVIRONMENT

ALONE = 5.0
"""Seconds for which the writer is watched before the operation."""
STALL = 50.0
"""The aim: no change waits longer for a list that is cleared, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an operation: seconds, milliseconds, changes a second and megabytes.

    Attributes:
        alone, beside: the writer's longest wait and its speed before and beside the operation; 0 without a writer.
        extra: the most memory above what there was before; None where the system does not tell.
    """

    seconds: float
    longest_alone: float
    longest_beside: float
    rate_alone: float
    rate_beside: float
    extra: float | None


class Writer:
    """A thread that takes messages through the lifecycle until it is stopped."""

    def __init__(self, peer: workload.Peer, seed: str) -> None:
        self._peer = peer
        self._seed = seed
        self._waits: list[tuple[float, float]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Stop it."""
        self._stopping.set()
        self._thread.join()

    def watched(self, since: float, until: float) -> tuple[float, float]:
        """The longest change that was under way between two moments, in ms, and changes a second."""
        waits = [wait for end, wait in self._waits if end >= since and end - wait <= until]
        return max(waits, default=until - since) * 1e3, len(waits) / (until - since)

    def _run(self) -> None:
        for number, message in enumerate(workload.messages(1 << 40, self._seed)):
            for wait in workload.lifecycle(self._peer, message, number):
                self._waits.append((time.perf_counter(), wait))
            if self._stopping.is_set():
                return


def child(operation: str, folder: Path) -> Done:
    """Run one operation, beside a writer if it allows one."""
    chosen = whole_operations.ALL[operation]
    if not chosen.beside_writer:
        memory.forget_peak()
        before, began = memory.now(), time.perf_counter()
        chosen.run(None, folder)
        return Done(time.perf_counter() - began, 0.0, 0.0, 0.0, 0.0, _extra(before))
    peer = chosen.open(folder)
    writer = Writer(peer, f"{operation} {time.time_ns()}")
    try:
        time.sleep(1.0)
        alone = time.perf_counter()
        time.sleep(ALONE)
        memory.forget_peak()
        before, began = memory.now(), time.perf_counter()
        chosen.run(peer, folder)
        ended = time.perf_counter()
        extra = _extra(before)
    finally:
        writer.stop()
        peer.close()
    (longest_alone, rate_alone), (longest, rate) = writer.watched(alone, began), writer.watched(began, ended)
    return Done(ended - began, longest_alone, longest, rate_alone, rate, extra)


def _extra(before: float | None) -> float | None:
    most = memory.peak()
    return None if most is None or before is None else most - before


def measure(operations: list[str], messages: int, folder: Path) -> dict[str, Done]:
    """Prepare the states and run the operations one after another."""
    for peer in sorted({whole_operations.ALL[name].peer for name in operations}):
        report.progress(f"{messages:,} messages for {peer}")
        place = folder / peer
        place.mkdir()
        opened = whole_operations.open_peer(peer, place)
        opened.fill(workload.messages(messages, "history"))
        opened.close()
    done = {}
    for name in operations:
        report.progress(name)
        place = folder / whole_operations.ALL[name].peer
        command = [sys.executable, __file__, "--child", name, os.fspath(place)]
        run = subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.PIPE, encoding="utf-8")
        done[name] = Done(**json.loads(run.stdout))
    return done


def text(done: dict[str, Done], messages: int) -> str:
    """The report."""
    title = f"The whole of {messages:,} messages; the waits of a thread that goes on writing in the same process"
    columns = ("", "s", "MB more", "longest wait, ms", "without it, ms", "its changes/s", "without it")
    return "\n\n".join((report.table(title, columns, [_row(name, each) for name, each in done.items()]), _aims(done)))


def _row(name: str, done: Done) -> tuple[str, ...]:
    extra = "–" if done.extra is None else f"{done.extra:,.0f}"
    waits: tuple[Any, ...] = (done.longest_beside, done.longest_alone, done.rate_beside, done.rate_alone)
    shown = [report.figure(each) if done.rate_alone else "–" for each in waits]
    return (name, report.figure(done.seconds), extra, *shown)


def _aims(done: dict[str, Done]) -> str:
    found = {name: done[name] for name in ("clear_messages", "clear_messages, and its texts removed") if name in done}
    lines = [
        report.aim(f"{name}: no wait over {STALL:g} ms", [each.longest_beside], most=STALL)
        for name, each in found.items()
    ]
    return "\n".join(["Aims", "", *lines])


def main() -> None:
    """Measure and print."""
    names = list(whole_operations.ALL)
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="20,000 messages")
    parser.add_argument("--messages", type=int, metavar="N", help="in the state (a million)")
    parser.add_argument("--operations", nargs="+", metavar="NAME", choices=names, default=names, help="; ".join(names))
    parser.add_argument("--child", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(asdict(child(asked.child[0], Path(asked.child[1])))))
        return
    messages = asked.messages or (20_000 if asked.quick else 1_000_000)
    with tempfile.TemporaryDirectory(prefix="signoff-benchmark-") as folder:
        done = measure(asked.operations, messages, Path(folder))
    print(report.head(), text(done, messages), sep="\n\n")


if __name__ == "__main__":
    main()
