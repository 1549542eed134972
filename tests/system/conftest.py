"""What the tests of the whole share: the service in a process of its own, and patience that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from signoff import StateManager

from .run_service import STATE_FILE

ROOT = Path(__file__).parents[2]
HARD = bool(os.environ.get("SIGNOFF_HARD"))
"""Whether to play longer, with more seeds."""


def let_all_through(folder: Path) -> None:
    """A person sets a rule under which every draft is approved."""
    with StateManager(folder / STATE_FILE, by="maria") as state:
        state.set_config("approval_config", {"rules": [{"name": "everything", "chats": ["*"]}]})
        state.set_config("retry_config", {"retry_delay_seconds": 0.05, "max_retries": 100})


class Running:
    """A program in a process of its own. Its folder holds what it said on standard error."""

    def __init__(self, folder: Path, program: str, *arguments: str) -> None:
        self._said = folder / f"{program}.err"
        self._errors: IO[bytes] = open(self._said, "ab")  # noqa: SIM115  closed with it
        command = [sys.executable, "-m", f"tests.system.{program}", str(folder), *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors, cwd=ROOT
        )

    def wait_until_up(self) -> None:
        """Wait until it has said that it is up."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"up\n", self.errors()

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._close()

    def ask(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def ended(self, seconds: float = 30.0) -> int:
        """Wait for its end; the exit code."""
        try:
            return self._process.wait(seconds)
        finally:
            self._close()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def errors(self) -> str:
        """The last of what it, and those before it, said on standard error."""
        return self._said.read_text(errors="replace")[-2000:]

    def _close(self) -> None:
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()


StartService = Callable[..., Running]
"""Starts the service of the test's folder: ``start_service("--quiet")``."""


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[StartService]:
    """A factory of services in processes of their own; what still runs at the end is killed."""
    started: list[Running] = []

    def start(*arguments: str) -> Running:
        started.append(Running(tmp_path, "run_service", *arguments))
        return started[-1]

    yield start
    for running in started:
        if running.is_alive:
            running.kill()
