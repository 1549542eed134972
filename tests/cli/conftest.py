"""A folder with a state in it, as a person at the desk finds it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signoff.cli import main
from signoff.clock import system_clock
from signoff.store import Store, open_store

from ..conftest import ManualClock, verify
from ..store.scenes import Scene
from . import terminal
from .terminal import Terminal

Signoff = Callable[..., subprocess.CompletedProcess[str]]
"""Runs a command in the test's folder, through pipes: ``signoff("status", "--json")``."""
InFolder = Callable[..., tuple[int, str, str]]
"""Runs a command in the test's folder and in this process: exit code, standard output, standard error."""
AtTerminal = Callable[..., Terminal]
"""Starts a command at a terminal of its own: ``at_terminal("inbox")``."""

STATE = "whatsapp_state"


@pytest.fixture
def signoff(tmp_path: Path) -> Signoff:
    def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return terminal.run(tmp_path, *arguments, **more)

    return run


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> InFolder:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return main(arguments), *capsys.readouterr()

    monkeypatch.chdir(tmp_path)
    return run


@pytest.fixture
def at_terminal(tmp_path: Path) -> Iterator[AtTerminal]:
    started: list[Terminal] = []

    def start(*arguments: str, env: dict[str, str] | None = None, size: tuple[int, int] = (30, 80)) -> Terminal:
        started.append(Terminal(tmp_path, arguments, env or {}, size))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Scene]:
    """The state in the test's folder; it is verified at the end."""
    path = tmp_path / f"{STATE}.db"
    clock = ManualClock(system_clock())
    store: Store = open_store(path, clock=clock)
    yield Scene(store, clock)
    store.close()
    verify(path)
