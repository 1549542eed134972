"""One contender in a process of its own: reads orders as lines of JSON, answers each with a line of JSON.

``worker.py PEER FOLDER`` keeps the states of one contender under a folder, one for each history. Several may share one.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

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
        self._run = time.time_ns()

    def open(self, history: int) -> bool:
        """Open the state with this history, whoever has made it."""
        self._peer(history)
        return True

    def slice(self, history: int, threads: int, count: int, seed: str) -> dict[str, Any]:
        """Take ``count`` messages through the lifecycle on top of a history; an empty history is empty each time."""
        peer = self._peer(history)
        seed = f"{self._run}, {seed}, {threads}"
        workload.run(peer, list(workload.messages(min(count, WARM_UP), f"{seed}, warming up")), threads)
        measured = workload.run(peer, list(workload.messages(count, seed)), threads)
        if not history:
            self._drop(history)
        return asdict(measured)

    def waits(self, history: int, threads: int, seconds: float, seed: str) -> list[int]:
        """Take messages through the lifecycle for so long; how long each change took, in µs."""
        return workload.run_for(self._peer(history), seed, threads, seconds)

    def close(self) -> None:
        """Close all states."""
        for peer in self._peers.values():
            peer.close()
        self._peers.clear()

    def _peer(self, history: int) -> Peer:
        if history not in self._peers:
            folder = self._folder / str(history)
            is_new = not folder.exists()
            folder.mkdir(exist_ok=True)
            self._peers[history] = self._module.Peer(folder)
            if history and is_new:
                self._peers[history].fill(workload.messages(history, "history"))
        return self._peers[history]

    def _drop(self, history: int) -> None:
        self._peers.pop(history).close()
        shutil.rmtree(self._folder / str(history))


def main(peer: str, folder: str) -> None:
    """Say what is measured, and do as the lines of the standard input say, until it ends."""
    try:
        module = importlib.import_module(f"peer_{peer}")
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    about = {name: getattr(module, name.upper()) for name in ("name", "version", "durability", "largest")}
    print(json.dumps(about), flush=True)
    worker = Worker(module, Path(folder))
    for line in sys.stdin:
        order = json.loads(line)
        answer = getattr(worker, order.pop("do"))(**order)
        print(json.dumps(answer), flush=True)
    worker.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
