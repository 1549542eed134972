"""Many processes with many threads on one database: how much they get done, how fairly, and how long one waits.

    python benchmarks/processes.py [--quick] [--rounds N] [--seconds S] [--slow-disk]

Three designs do the guide's lifecycle, in rounds that alternate between them: signoff; sqlite3 by hand with one
connection and one lock in each process; and the same with a connection for each thread. By hand nothing orders the
processes but SQLite's busy_timeout. Fairness is what the unluckiest process got done, of what the luckiest did.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import report
from contender import Contender
from report import spread

LAYOUTS = ((1, 32), (4, 8), (8, 4))
"""Processes, and threads in each."""
NAMES = {
    "signoff": "signoff",
    "sqlite3": "sqlite3, a connection a process",
    "busy": "sqlite3, a connection a thread",
}
TIMES, FAIRNESS, LONGEST = 3.0, 0.85, 50.0
"""The aims with 4 processes of 8 threads: of the better of the others; min/max; milliseconds."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round of one design; rates in changes a second, waits in milliseconds."""

    rate: float
    fairness: float
    rare: float
    longest: float


Taken = dict[tuple[tuple[int, int], str], list[Round]]


def measure(rounds: int, seconds: float, folder: Path, slow_disk: bool) -> tuple[Taken, list[str]]:
    """All rounds by layout and peer, and what was measured."""
    taken: Taken = defaultdict(list)
    versions: dict[str, str] = {}
    for layout in LAYOUTS:
        with ExitStack() as stack:
            groups = {
                peer: stack.enter_context(_group(peer, layout[0], folder / f"{peer} {layout[0]}", slow_disk))
                for peer in NAMES
            }
            versions |= {group[0].about.name: group[0].about.version for group in groups.values()}
            for number in range(-1, rounds):
                for peer, group in groups.items():
                    report.progress(f"{layout}, round {number + 1} of {rounds}")
                    done = _round(group, layout[1], seconds if number >= 0 else seconds / 4, number)
                    if number >= 0:  # the first only warms up
                        taken[layout, peer].append(done)
    return taken, [f"{name}: {version}" for name, version in versions.items()]


@contextmanager
def _group(peer: str, count: int, folder: Path, slow_disk: bool) -> Iterator[list[Contender]]:
    with ExitStack() as stack:
        group = [stack.enter_context(closing(Contender(peer, folder, slow_disk=slow_disk))) for _ in range(count)]
        for each in group:
            each.tell("open", history=0)
        yield group


def _round(group: list[Contender], threads: int, seconds: float, number: int) -> Round:
    began = time.perf_counter()
    for place, each in enumerate(group):
        each.order("waits", history=0, threads=threads, seconds=seconds, seed=f"{number}, {place}, {time.time_ns()}")
    by_process: list[list[int]] = [each.answer() for each in group]
    elapsed = time.perf_counter() - began
    counts = [len(waits) for waits in by_process]
    waits = sorted(wait for each in by_process for wait in each)
    rare = waits[min(len(waits) - 1, int(len(waits) * 0.999))]
    return Round(len(waits) / elapsed, min(counts) / max(counts), rare / 1e3, waits[-1] / 1e3)


def text(taken: Taken) -> str:
    """The report."""
    rows = [
        (
            f"{layout[0]} × {layout[1]}",
            NAMES[peer],
            spread([each.rate for each in found]),
            spread([each.fairness for each in found]),
            spread([each.rare for each in found]),
            f"{max(each.longest for each in found):,.1f}",
        )
        for (layout, peer), found in taken.items()
    ]
    title = "Processes × threads on one database: median and quartiles of the rounds, the longest wait of all of them"
    columns = ("", "", "changes a second", "min/max of the processes", "99.9 % wait, ms", "longest wait, ms")
    return "\n\n".join((report.table(title, columns, rows), _aims(taken)))


def _aims(taken: Taken) -> str:
    ours = taken[(4, 8), "signoff"]
    lines = ["Aims with 4 processes of 8 threads", ""]
    for peer, name in (("sqlite3", "a connection a process"), ("busy", "a connection a thread")):
        ratios = [one.rate / other.rate for one, other in zip(ours, taken[(4, 8), peer], strict=True)]
        lines.append(report.aim(f"at least {TIMES:g} times busy_timeout with {name}", ratios, least=TIMES))
    lines.append(report.aim(f"min/max at least {FAIRNESS:g}", [each.fairness for each in ours], least=FAIRNESS))
    longest = max(each.longest for each in ours)
    lines.append(report.aim(f"no wait over {LONGEST:g} ms in any round", [longest], most=LONGEST))
    lines.append(f"- the longest wait of a round, median: {statistics.median(each.longest for each in ours):.1f} ms")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three short rounds")
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--seconds", type=float, metavar="S", help="the length of a round of one design")
    parser.add_argument("--slow-disk", action="store_true", help="add 2 ms to each sync; needs a C compiler")
    asked = parser.parse_args()
    rounds, seconds = asked.rounds or (3 if asked.quick else 9), asked.seconds or (0.5 if asked.quick else 3.0)
    with tempfile.TemporaryDirectory(prefix="signoff-benchmark-") as folder:
        taken, versions = measure(rounds, seconds, Path(folder), asked.slow_disk)
    slow = ", 2 ms added to each sync" if asked.slow_disk else ""
    print(report.head(*versions, f"{rounds} rounds of {seconds:g} s for each{slow}"), end="\n\n")
    print(text(taken))


if __name__ == "__main__":
    main()
