"""A contender as the benchmark sees it: a process of its own that does one slice of work when told to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from workload import Slice

_HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((os.fspath(_HERE.parent / "src"), os.fspath(_HERE)))}
"""Workers find signoff in the tree that this benchmark stands in, installed or not."""


class Contender:
    """One of the ways to keep the state, measured in rounds.

    Attributes:
        name: as the module ``peer_NAME``.
        rounds: in how many rounds it takes part.
    """

    def __init__(self, name: str, folder: Path, rounds: int) -> None:
        self.name = name
        self.rounds = rounds
        self._sizes: dict[tuple[int, int], int] = {}
        folder.mkdir()
        command = [sys.executable, os.fspath(_HERE / "worker.py"), name, os.fspath(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT
        )

    def tell(self, order: str, **more: object) -> Any:
        """Have an order carried out; its answer.

        Raises:
            RuntimeError: the process has died; it has said why on the standard error.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": order, **more}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the worker of {self.name} has died")
        return json.loads(answer)

    def slice(self, history: int, threads: int, seconds: float, seed: str) -> Slice:
        """A slice of about this many seconds; the first one in a cell finds out how much work that is."""
        if (history, threads) not in self._sizes:
            tried = Slice(**self.tell("slice", history=history, threads=threads, count=1, seed="first"))
            if tried.seconds < seconds:
                tried = Slice(**self.tell("slice", history=history, threads=threads, count=100, seed="second"))
            self._sizes[history, threads] = max(1, round(tried.writes / tried.seconds * seconds / 4))
        count = self._sizes[history, threads]
        return Slice(**self.tell("slice", history=history, threads=threads, count=count, seed=seed))

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()
