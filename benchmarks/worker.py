"""One contender in a process of its own: reads orders as lines of JSON, answers each with a line of JSON.

``worker.py PEER FOLDER`` keeps the states of one contender under a folder, one for each history.
"""

from __future__ import annotations

import importlib
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import workload
from workload import Peer

WARM_UP = 80
"""Messages before each slice that are not measured: they bring the write-ahead log to its full size."""


class Worker:
    """The states of one contender."""

    def __init__(self, module: ModuleType, folder: Path) -> None:
        self._module = module
        self._folder = folder
        self._peers: dict[int, Peer] = {}

    def version(self) -> str:
        """What is measured, and of which version."""
        return str(self._module.VERSION)

    def slice(self, history: int, threads: int, count: int, seed: str) -> dict[str, Any]:
        """Take ``count`` messages through the lifecycle on top of a history; an empty history is empty each time."""
        peer = self._peer(history)
        workload.run(peer, list(workload.messages(min(count, WARM_UP), f"{seed}, {threads}, warming up")), threads)
        measured = workload.run(peer, list(workload.messages(count, f"{seed}, {threads}")), threads)
        if not history:
            self._drop(history)
        return asdict(measured)

    def reads(self, count: int) -> dict[str, list[float]]:
        """Seconds that each of a script's frequent reads takes: at rest, and just after a change. For signoff only."""
        peer = self._peer(0)
        manager = cast(Any, peer).manager
        manager.update_session_status(True, {"number": "15550100000", "name": "Benchmark", "platform": "android"})
        calls: dict[str, Callable[[], object]] = {
            "is_session_valid": manager.is_session_valid,
            "get_config": lambda: manager.get_config("human_in_the_loop"),
            "get_statistics": manager.get_statistics,
        }
        seconds = {
            name: [_at_rest(call, count), _after_a_change(call, peer, count // 10)] for name, call in calls.items()
        }
        self._drop(0)
        return seconds

    def close(self) -> None:
        """Close all states."""
        for history in list(self._peers):
            self._drop(history)

    def _peer(self, history: int) -> Peer:
        if history not in self._peers:
            folder = self._folder / str(history)
            folder.mkdir()
            self._peers[history] = self._module.Peer(folder)
            if history:
                self._peers[history].fill(workload.messages(history, "history"))
        return self._peers[history]

    def _drop(self, history: int) -> None:
        self._peers.pop(history).close()
        shutil.rmtree(self._folder / str(history))


def _at_rest(call: Callable[[], object], count: int) -> float:
    return statistics.median(_seconds(call) for _ in range(count))


def _after_a_change(call: Callable[[], object], peer: Peer, count: int) -> float:
    taken = []
    for message in workload.messages(count, str(time.time_ns())):
        peer.add(message)
        taken.append(_seconds(call))
    return statistics.median(taken)


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main(peer: str, folder: str) -> None:
    """Do as the lines of the standard input say, until it ends."""
    worker = Worker(importlib.import_module(f"peer_{peer}"), Path(folder))
    for line in sys.stdin:
        order = json.loads(line)
        answer = getattr(worker, order.pop("do"))(**order)
        print(json.dumps(answer), flush=True)
    worker.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
