"""The guide's lifecycle through signoff, beside hand-written sqlite3 and beside one JSON file, in one interleaved run.

    python benchmarks/lifecycle.py [--quick] [--json] [--history N ...] [--threads N ...]

In every round each contender does one slice of the same work, one after another, so that all of them meet the same
weather; the ratios are of slices of the same round. A slice takes messages through the lifecycle: added as INCOMING,
moved to PENDING_APPROVAL, APPROVED and SENT, and after every ten messages the pending list and the statistics are read.
What the disk itself can do is measured in the same rounds. The files are made in the folder for temporary files; set
TMPDIR to measure another disk.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import report
from contender import ENVIRONMENT, Contender

Cell = tuple[int, int]
"""A history and a number of threads."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    histories: list[int]
    threads: list[int]
    rounds: int
    seconds: float

    @property
    def cells(self) -> list[Cell]:
        """Everything to be measured in a round."""
        return [(history, threads) for history in self.histories for threads in self.threads]


def measure(plan: Plan, folder: Path) -> dict[str, Any]:
    """Run all rounds; everything that was measured, as `report` takes it."""
    load = _load()
    with ExitStack() as stack:
        contenders = [
            stack.enter_context(closing(Contender(name, folder / name, rounds)))
            for name, rounds in (("signoff", plan.rounds), ("sqlite3", plan.rounds), ("jsonfile", min(3, plan.rounds)))
        ]
        cells: dict[Cell, dict[str, list[dict[str, float]]]] = {cell: {} for cell in plan.cells}
        syncs, starts = [], []
        for number in range(plan.rounds):
            print(f"round {number + 1} of {plan.rounds}", end="\r", file=sys.stderr, flush=True)
            syncs.append(_syncs_per_second(folder))
            starts.append(_starts(folder))
            for cell, taken in cells.items():
                _round(cell, [each for each in contenders if number < each.rounds], taken, plan.seconds, number)
        return {
            "machine": _machine() | {"load": [load, _load()]},
            "versions": {each.name: each.tell("version") for each in contenders},
            "rounds": plan.rounds,
            "seconds": plan.seconds,
            "syncs": syncs,
            "cells": [{"history": cell[0], "threads": cell[1], **taken} for cell, taken in cells.items()],
            "reads": contenders[0].tell("reads", count=2000),
            "starts": {name: [each[name] for each in starts] for name in starts[0]},
        }


def _round(
    cell: Cell, contenders: list[Contender], taken: dict[str, list[dict[str, float]]], seconds: float, number: int
) -> None:
    for contender in contenders:
        done = contender.slice(*cell, seconds, f"round {number}")
        rate = {"rate": done.writes / done.seconds, "longest": done.longest}
        taken.setdefault(contender.name, []).append(rate)


def _syncs_per_second(folder: Path, count: int = 200) -> float:
    """How often 4 KiB can be overwritten and synced: no durable change of its own can be faster."""
    sync = getattr(os, "fdatasync", os.fsync)
    path = folder / "syncs"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, bytes(4096 * count))
        os.fsync(descriptor)
        began = time.perf_counter()
        for number in range(count):
            os.lseek(descriptor, number * 4096, os.SEEK_SET)
            os.write(descriptor, number.to_bytes(2, "big") * 2048)
            sync(descriptor)
        return count / (time.perf_counter() - began)
    finally:
        os.close(descriptor)
        path.unlink()


_START = "import pathlib, sys; from peer_{} import Peer; peer = Peer(pathlib.Path(sys.argv[1])); "
_ONE = "peer.add({'id': sys.argv[2], 'from': '15550101234@c.us', 'body': 'Hello'}); peer.close()"


def _starts(folder: Path) -> dict[str, float]:
    """Seconds for a whole process that imports, opens what is there, adds one message and closes."""
    programs = {name: _START.format(name) + _ONE for name in ("signoff", "sqlite3")}
    taken = {"python": _seconds_of("pass", folder)}
    for name, program in programs.items():
        place = folder / f"start {name}"
        place.mkdir(exist_ok=True)
        taken[name] = _seconds_of(program, place)
    return taken


def _seconds_of(program: str, folder: Path) -> float:
    command = [sys.executable, "-c", program, os.fspath(folder), str(time.time_ns())]
    began = time.perf_counter()
    subprocess.run(command, check=True, env=ENVIRONMENT)
    return time.perf_counter() - began


def _machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _load() -> float | None:
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few short rounds, and 10,000 messages for 100,000")
    parser.add_argument("--json", action="store_true", help="print everything measured as JSON")
    parser.add_argument("--history", type=int, nargs="+", metavar="N", help="messages before those that are measured")
    parser.add_argument(
        "--threads", type=int, nargs="+", metavar="N", default=[1, 32], help="threads that share the work"
    )
    asked = parser.parse_args()
    histories = asked.history or [0, 10_000 if asked.quick else 100_000]
    plan = Plan(histories, asked.threads, 4 if asked.quick else 15, 0.3 if asked.quick else 1.0)
    with tempfile.TemporaryDirectory(prefix="signoff-benchmark-") as folder:
        measured = measure(plan, Path(folder))
    print(json.dumps(measured, indent=2) if asked.json else report.text(measured))


if __name__ == "__main__":
    main()
