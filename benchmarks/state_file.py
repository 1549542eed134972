"""What the state file costs in a busy state of a million messages: the same work with and without it, in turns.

    python benchmarks/state_file.py [--quick] [--messages N] [--rounds N]

Both contenders stand on a copy of the same database, each in a process of its own. And what one writing of the file
takes, by a thread of its own at most once a second, with that history and with a short one.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import report
import workload
from contender import Contender
from report import spread

THREADS = (1, 32)
FEW = 500
"""Messages that fill the lists of the file as well as a million do."""
COST = 0.97
"""The aim: of the speed without a state file, at least. Nothing of it is on the path of a call."""

Rates = dict[int, dict[str, list[float]]]


def measure(messages: int, rounds: int, seconds: float, folder: Path) -> Rates:
    """Changes a second, by threads and contender."""
    rates: Rates = {threads: defaultdict(list) for threads in THREADS}
    with closing(Contender("nofile", folder / "nofile")) as first:
        first.tell("open", history=messages)
    shutil.copytree(folder / "nofile", folder / "signoff")
    with (
        closing(Contender("signoff", folder / "signoff")) as with_file,
        closing(Contender("nofile", folder / "nofile")) as without,
    ):
        for number in range(rounds):
            for threads in THREADS:
                report.progress(f"round {number + 1} of {rounds}, {report.threads(threads)}")
                for contender in (with_file, without) if number % 2 else (without, with_file):
                    done = contender.slice(messages, threads, seconds, f"round {number}, {threads}")
                    assert done is not None
                    rates[threads][contender.peer].append(done.writes / done.seconds)
    return rates


def writing(folder: Path, count: int) -> tuple[list[float], int]:
    """Milliseconds of one writing of the file after a change, and how many bytes it has."""
    from peer_signoff import Peer
    from signoff.statefile.writer import writers

    peer, taken = Peer(folder), []
    for message in workload.messages(count, f"written {time.time_ns()}"):
        peer.add(message)
        began = time.perf_counter()
        for writer in writers.things():
            writer.flush()
        taken.append((time.perf_counter() - began) * 1e3)
    peer.close()
    return taken, (folder / "state.json").stat().st_size


def text(rates: Rates, writings: dict[int, tuple[list[float], int]], messages: int) -> str:
    """The report."""
    ratios = {
        threads: [one / other for one, other in zip(taken["signoff"], taken["nofile"], strict=True)]
        for threads, taken in rates.items()
    }
    rows = [
        (str(threads), spread(taken["signoff"]), spread(taken["nofile"]), spread(ratios[threads]))
        for threads, taken in rates.items()
    ]
    title = f"Changes a second in a state of {messages:,} messages: median and quartiles"
    parts = [report.table(title, ("threads", "with the state file", "without it", "of without it"), rows)]
    lines = [(f"{history:,}", spread(taken), f"{size:,}") for history, (taken, size) in writings.items()]
    parts.append(report.table("One writing of the file", ("messages", "ms", "bytes"), lines))
    aims = [
        report.aim(f"{report.threads(threads)}: at least {COST:g} of without it", found, least=COST)
        for threads, found in ratios.items()
    ]
    fewest, most = (statistics.median(writings[history][0]) for history in (FEW, messages))
    aims.append(report.aim("writing it costs the same with any history, within 10 %", [most / fewest], most=1.1))
    return "\n\n".join([*parts, "\n".join(["Aims", "", *aims])])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="10,000 messages and few rounds")
    parser.add_argument("--messages", type=int, metavar="N", help="in the state (a million)")
    parser.add_argument("--rounds", type=int, metavar="N")
    asked = parser.parse_args()
    messages, rounds = (
        asked.messages or (10_000 if asked.quick else 1_000_000),
        asked.rounds or (3 if asked.quick else 9),
    )
    with tempfile.TemporaryDirectory(prefix="signoff-benchmark-") as folder:
        rates = measure(messages, rounds, 1.0 if asked.quick else 3.0, Path(folder))
        few = Path(folder, "few")
        with closing(Contender("nofile", few)) as contender:
            contender.tell("open", history=FEW)
        writings = {
            FEW: writing(few / str(FEW), 100),
            messages: writing(Path(folder, "signoff", str(messages)), 100),
        }
    print(report.head(f"{rounds} rounds"), text(rates, writings, messages), sep="\n\n")


if __name__ == "__main__":
    main()
