"""What starting costs: the import alone, and a whole process that adds one message, beside sqlite3 by hand.

    python benchmarks/start.py [--quick] [--rounds N]

Every round starts each program once, one after another, and takes the time of the bare interpreter in the same round
off. All files of Python are compiled and in memory before, as they are at the second start of any script.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import report
from contender import ENVIRONMENT
from report import aim, spread, table

IMPORT, START = 60.0, 1.3
"""The aims: milliseconds over a bare interpreter at most; of what sqlite3 by hand takes at most."""

_MESSAGE = "{'id': sys.argv[2], 'from': '15550101234@c.us', 'body': 'Hello'}"
PROGRAMS = {
    "python alone": "pass",
    "import sqlite3": "import sqlite3",
    "import state_manager": "import state_manager",
    "sqlite3 by hand": "import pathlib, sys; from peer_sqlite3 import Peer; peer = Peer(pathlib.Path(sys.argv[1])); "
    f"peer.add({_MESSAGE}); peer.close()",
    "signoff": "import sys; from state_manager import MessageStatus, StateManager; "
    f"state = StateManager(sys.argv[1] + '/state.json'); state.add_message({_MESSAGE}, MessageStatus.INCOMING); "
    "state.close()",
}


def measure(rounds: int, folder: Path) -> dict[str, list[float]]:
    """Milliseconds of each program in each round."""
    places = {name: folder / name for name in PROGRAMS}
    for name, place in places.items():
        place.mkdir()
        _milliseconds(PROGRAMS[name], place)
    taken: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, program in PROGRAMS.items():
            taken[name].append(_milliseconds(program, places[name]))
    return taken


def text(taken: dict[str, list[float]]) -> str:
    """The report."""
    bare = taken["python alone"]
    above = {name: [all_ - alone for all_, alone in zip(each, bare, strict=True)] for name, each in taken.items()}
    rows = [(name, spread(each), f"{min(each):.1f}", spread(above[name])) for name, each in taken.items()]
    by_hand = [ours / theirs for ours, theirs in zip(taken["signoff"], taken["sqlite3 by hand"], strict=True)]
    return "\n".join(
        (
            report.head(f"{len(bare)} rounds"),
            "",
            table(
                "A process that does this, in ms: median, quartiles; the fastest; above python alone in the same round",
                ("", "the whole process", "fastest", "above python"),
                rows,
            ),
            "",
            "Aims",
            "",
            aim(f"import state_manager: at most {IMPORT:g} ms", above["import state_manager"], most=IMPORT),
            aim(f"import, open, add one message, close: at most {START:g} of sqlite3 by hand", by_hand, most=START),
        )
    )


def _milliseconds(program: str, folder: Path) -> float:
    command = [sys.executable, "-c", program, os.fspath(folder), str(time.time_ns())]
    began = time.perf_counter()
    subprocess.run(command, check=True, env=ENVIRONMENT)
    return (time.perf_counter() - began) * 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="five rounds")
    parser.add_argument("--rounds", type=int, metavar="N")
    asked = parser.parse_args()
    rounds = asked.rounds or (5 if asked.quick else 25)
    with tempfile.TemporaryDirectory(prefix="signoff-benchmark-") as folder:
        print(text(measure(rounds, Path(folder))))


if __name__ == "__main__":
    main()
