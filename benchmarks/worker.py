"""One contender in a process of its own: reads orders as lines of JSON, answers each with a line of JSON.

``worker.py PEER FOLDER`` keeps the states of one contender under a folder, one for each history.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import workload
from workload import Peer

WARM_UP = 80
"""Messages before each slice that are not measured: they bring the write-ahead log to its full size."""


class Worker:
    """The states of one contender."""

    def __init__(self, open_peer: Callable[[Path], Peer], folder: Path) -> None:
        self._open = open_peer
        self._folder = folder
        self._peers: dict[int, Peer] = {}

    def slice(self, history: int, threads: int, count: int, seed: str) -> dict[str, Any]:
        """Take ``count`` messages through the lifecycle on top of a history; an empty history is empty each time."""
        peer = self._peer(history)
        workload.run(peer, list(workload.messages(min(count, WARM_UP), f"warm-up {seed}")), threads)
        measured = workload.run(peer, list(workload.messages(count, seed)), threads)
        if not history:
            self._drop(history)
        return asdict(measured)

    def reads(self, history: int, count: int) -> dict[str, float]:
        """Seconds for one call of each of a script's frequent reads; only signoff has them."""
        manager = cast(Any, self._peer(history)).manager
        manager.update_session_status(True, {"number": "15550100000", "name": "Benchmark", "platform": "android"})
        calls = {
            "is_session_valid": manager.is_session_valid,
            "get_config": lambda: manager.get_config("human_in_the_loop"),
            "get_statistics": manager.get_statistics,
        }
        return {name: _seconds(call, count) for name, call in calls.items()}

    def close(self) -> None:
        """Close all states."""
        for history in list(self._peers):
            self._drop(history)

    def _peer(self, history: int) -> Peer:
        if history not in self._peers:
            folder = self._folder / str(history)
            folder.mkdir()
            self._peers[history] = self._open(folder)
            if history:
                self._peers[history].fill(workload.messages(history, "history"))
        return self._peers[history]

    def _drop(self, history: int) -> None:
        self._peers.pop(history).close()
        shutil.rmtree(self._folder / str(history))


def _seconds(call: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - began) / count


def main(peer: str, folder: str) -> None:
    """Do as the lines of the standard input say, until it ends."""
    worker = Worker(importlib.import_module(f"peer_{peer}").Peer, Path(folder))
    for line in sys.stdin:
        order = json.loads(line)
        answer = getattr(worker, order.pop("do"))(**order)
        print(json.dumps(answer), flush=True)
    worker.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
