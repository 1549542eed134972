"""A contender as the benchmark sees it: a process of its own that does one slice of work when told to."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workload import Slice

_HERE = Path(__file__).parent
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join((os.fspath(_HERE.parent / "src"), os.fspath(_HERE))),
    "PYTHONDONTWRITEBYTECODE": "",
}
"""Workers find signoff in the tree that this benchmark stands in, installed or not, and compile it once."""
PATIENCE = 3.0
"""So many times the length of a slice may one message take; a contender that is slower is measured with that one."""
COMPILER = shutil.which("cc") if sys.platform == "linux" else None
"""Compiles what makes the disk slow."""


@cache
def _slow_disk() -> dict[str, str]:
    """An environment in which each sync of the disk takes 2 ms longer: for signoff's SQLite and for Python's alike.

    What is called instead of the system's sync is preloaded. To have strace delay the call costs more than the delay:
    under it every switch between threads takes longer, too.
    """
    folder = tempfile.TemporaryDirectory(prefix="signoff-slow-sync-")
    atexit.register(folder.cleanup)
    library = os.path.join(folder.name, "slow_sync.so")
    source = os.fspath(_HERE / "slow_sync.c")
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], check=True)
    return {**ENVIRONMENT, "LD_PRELOAD": library}


class Missing(Exception):
    """A contender that is not installed."""


@dataclass(frozen=True, slots=True)
class About:
    """What is measured.

    Attributes:
        durability: what of a change is on the disk when the call has returned.
        largest: the longest history with which it is measured; None for any.
    """

    name: str
    version: str
    durability: str
    largest: int | None


class Contender:
    """One of the ways to keep the state.

    Args:
        peer: as the module ``peer_PEER``.
        folder: where it keeps its states; made where it is missing.
        slow_disk: add 2 ms to each sync.

    Raises:
        Missing: it is not installed.
    """

    def __init__(self, peer: str, folder: Path, *, slow_disk: bool = False) -> None:
        self.peer = peer
        self._sizes: dict[tuple[int, int], int] = {}
        folder.mkdir(exist_ok=True)
        command = [sys.executable, os.fspath(_HERE / "worker.py"), peer, os.fspath(folder)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=_slow_disk() if slow_disk else ENVIRONMENT,
        )
        hello = self.answer()
        if "missing" in hello:
            self.close()
            raise Missing(hello["missing"])
        self.about = About(**hello)

    def tell(self, order: str, **more: object) -> Any:
        """Have an order carried out; its answer.

        Raises:
            RuntimeError: the process has died; it has said why on the standard error.
        """
        self.order(order, **more)
        return self.answer()

    def order(self, order: str, **more: object) -> None:
        """Have an order carried out while this goes on."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": order, **more}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for the answer to an order.

        Raises:
            RuntimeError: the process has died; it has said why on the standard error.
        """
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the worker of {self.peer} has died")
        return json.loads(answer)

    def slice(self, history: int, threads: int, seconds: float, seed: str) -> Slice | None:
        """A slice of about this many seconds; the first one in a cell finds out how much work that is.

        None when it is too slow for more than the one message that it was measured with, or for such a history at all.
        """
        if self.about.largest is not None and history > self.about.largest:
            return None
        if (history, threads) not in self._sizes:
            tried = self._run(history, threads, 1, "first")
            if tried.seconds > PATIENCE * seconds:
                self._sizes[history, threads] = 0
                return tried
            if tried.seconds < seconds / 2:  # the first time is no measure of what is quick
                tried = self._run(history, threads, min(100, int(seconds / tried.seconds)), "second")
            self._sizes[history, threads] = max(1, round(tried.writes / tried.seconds * seconds / 4))
        count = self._sizes[history, threads]
        return self._run(history, threads, count, seed) if count else None

    def _run(self, history: int, threads: int, count: int, seed: str) -> Slice:
        return Slice(**self.tell("slice", history=history, threads=threads, count=count, seed=seed))

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()


@contextmanager
def contenders(peers: Iterable[str], folder: Path, *, slow_disk: bool = False) -> Iterator[list[Contender]]:
    """A contender for each peer that is installed; the others are named on the standard error."""
    with ExitStack() as stack:
        found = []
        for peer in peers:
            try:
                contender = Contender(peer, folder / peer, slow_disk=slow_disk)
            except Missing as missing:
                print(f"{peer} is left out: {missing}; pip install -r benchmarks/requirements.txt", file=sys.stderr)
            else:
                found.append(stack.enter_context(closing(contender)))
        yield found
