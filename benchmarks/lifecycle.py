"""The guide's lifecycle through signoff, beside what people use instead, in one interleaved run.

    python benchmarks/lifecycle.py [--quick] [--history N ...] [--threads N ...] [--peers NAME ...] [--slow-disk]
                                   [--large] [--states FOLDER [--fill]]

In every round each contender does one slice of the same work, one after another, so that all of them meet the same
weather; the ratios are of slices of the same round. A slice takes messages through the lifecycle: added as INCOMING,
moved to PENDING_APPROVAL, APPROVED and SENT, and after every ten messages the pending list and the statistics are read.
Each ``peer_NAME.py`` says what its contender does not do. One that needs too long for a message is measured with a
single one; one that is not installed is left out.

What the disk itself can do is measured in the same rounds. The files are made in the folder for temporary files; set
TMPDIR to measure another disk. With ``--slow-disk`` 2 ms are added to each sync, for all contenders alike.
With ``--large`` up to five million messages stand before those that are measured, beside hand-written sqlite3 alone. To
fill them takes longer than to measure: in a folder of ``--states`` they are kept for the next run, and with ``--fill``
they are only filled.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lifecycle_report
import machine
import plot
import report
from contender import Contender, contenders

Cell = tuple[int, int]
"""A history and a number of threads."""
PEERS = (
    "signoff",
    "sqlite3",
    "sqlalchemy",
    "lmdb",
    "diskcache",
    "huey",
    "litequeue",
    "persistqueue",
    "tinydb",
    "jsonfile",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    peers: list[str]
    histories: list[int]
    threads: list[int]
    rounds: int
    seconds: float
    slow_disk: bool

    @property
    def cells(self) -> list[Cell]:
        """Everything to be measured in a round."""
        return [(history, threads) for history in self.histories for threads in self.threads]


def measure(plan: Plan, folder: Path) -> dict[str, Any]:
    """Run all rounds; everything that was measured, as `lifecycle_report` takes it."""
    load = machine.load()
    with contenders(plan.peers, folder, slow_disk=plan.slow_disk) as found:
        cells: dict[Cell, dict[str, list[dict[str, float]]]] = {cell: {} for cell in plan.cells}
        syncs = []
        for number in range(plan.rounds):
            syncs.append(_syncs_per_second(folder))
            for cell, taken in cells.items():
                report.progress(f"round {number + 1} of {plan.rounds}, history and threads {cell}")
                _round(cell, found, taken, plan.seconds, number)
        return {
            "load": load,
            "about": {each.peer: asdict(each.about) for each in found},
            "rounds": plan.rounds,
            "seconds": plan.seconds,
            "slow_disk": plan.slow_disk,
            "syncs": syncs,
            "cells": [{"history": cell[0], "threads": cell[1], **taken} for cell, taken in cells.items()],
        }


def _round(
    cell: Cell, found: list[Contender], taken: dict[str, list[dict[str, float]]], seconds: float, number: int
) -> None:
    for contender in found:
        done = contender.slice(*cell, seconds, f"round {number}")
        if done is not None:
            rate = {"rate": done.writes / done.seconds, "longest": done.longest}
            taken.setdefault(contender.peer, []).append(rate)


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


def _histories(asked: argparse.Namespace) -> list[int]:
    if asked.slow_disk:
        return [0]
    if asked.large:
        return [0, 1_000, 10_000] if asked.quick else [0, 10_000, 1_000_000, 5_000_000]
    return [0, 10_000] if asked.quick else [0, 100_000]


def fill(plan: Plan, folder: Path) -> None:
    """Make the states with these histories."""
    with contenders(plan.peers, folder) as found:
        for contender in found:
            for history in filter(None, plan.histories):
                report.progress(f"{history:,} messages for {contender.about.name}")
                contender.tell("open", history=history)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few short rounds, up to 10,000 messages")
    parser.add_argument("--history", type=int, nargs="+", metavar="N", help="messages before those that are measured")
    parser.add_argument("--threads", type=int, nargs="+", metavar="N", help="threads that share the work")
    parser.add_argument("--peers", nargs="+", metavar="NAME", choices=PEERS, help=", ".join(PEERS))
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--slow-disk", action="store_true", help="add 2 ms to each sync; needs a C compiler")
    parser.add_argument("--large", action="store_true", help="up to five million messages, beside sqlite3 by hand")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it, too, as SVG")
    parser.add_argument(
        "--states", type=Path, metavar="FOLDER", help="keep the histories here, and use those there are"
    )
    parser.add_argument("--fill", action="store_true", help="only make the histories")
    return parser.parse_args()


def _plan(asked: argparse.Namespace) -> Plan:
    return Plan(
        peers=asked.peers or (["signoff", "sqlite3"] if asked.slow_disk or asked.large else list(PEERS)),
        histories=asked.history or _histories(asked),
        threads=asked.threads or ([1, 32] if asked.quick or asked.large else [1, 8, 32, 64]),
        rounds=asked.rounds or (3 if asked.quick else 7),
        seconds=0.2 if asked.quick else 1.0,
        slow_disk=asked.slow_disk,
    )


def main() -> None:
    """Measure and print."""
    asked = _asked()
    plan = _plan(asked)
    with tempfile.TemporaryDirectory(prefix="signoff-benchmark-") as temporary:
        folder = asked.states or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if asked.fill:
            fill(plan, folder)
            return
        measured = measure(plan, folder)
    print(lifecycle_report.text(measured))
    if asked.plot is not None:
        asked.plot.write_text(plot.svg(measured), "utf-8")


if __name__ == "__main__":
    main()
