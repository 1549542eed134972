"""The help answers questions, at 80 columns and through a pipe; errors are one sentence; importing stays light."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from signoff import __version__
from signoff.cli import main
from signoff.cli.app import COMMANDS

from ..store.scenes import Scene
from .conftest import AtTerminal, Signoff
from .terminal import command, environment

NAMES = [name for commands in COMMANDS.values() for name in commands]


def test_names_every_command_and_what_exit_codes_mean(signoff: Signoff) -> None:
    told = signoff("--help").stdout
    for name in NAMES:
        assert f" {name} " in told
    words = " ".join(told.split())
    for meaning in (
        "0 done",
        "1 the answer is no",
        "2 wrongly asked",
        "3 the store or a file",
        "130 stopped by Ctrl+C",
    ):
        assert meaning in words


def test_python_m_signoff_is_the_same_command(signoff: Signoff, tmp_path: Path) -> None:
    for words in (["--help"], ["status"], ["--version"]):
        done = subprocess.run(
            [sys.executable, "-m", "signoff", *words],
            cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        same = signoff(*words)
        assert (done.returncode, done.stdout, done.stderr) == (same.returncode, same.stdout, same.stderr)


@pytest.mark.parametrize("name", NAMES)
def test_of_every_command_fits_into_80_columns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert "\x1b" not in told
    assert f"Usage: signoff {name}" in told


@pytest.mark.parametrize("name", ["approve", "reject", "edit", "run", "replay", "backup"])
def test_of_what_takes_arguments_shows_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "-h"]) == 0
    assert f"signoff {name} " in capsys.readouterr().out.split("Usage:")[1].partition("\n")[2]


def test_nothing_to_do_shows_the_help(signoff: Signoff) -> None:
    assert "signoff demo" in signoff().stdout + signoff().stderr


def test_the_version(signoff: Signoff) -> None:
    result = signoff("--version")
    assert (result.returncode, result.stdout) == (0, f"signoff {__version__}\n")


def test_an_unknown_command_is_wrongly_asked(signoff: Signoff) -> None:
    result = signoff("aprove", "x")
    assert result.returncode == 2
    assert "No such command 'aprove'" in result.stderr


def test_a_terminal_without_colours_gets_none(desk: Scene, at_terminal: AtTerminal) -> None:
    desk.draft()
    terminal = at_terminal("status", env={"NO_COLOR": "1"})
    assert terminal.wait() == 0
    assert "\x1b[3" not in terminal.raw
    assert "to be decided by you" in terminal.text


def test_an_error_is_red_at_a_terminal_and_plain_through_a_pipe(signoff: Signoff, at_terminal: AtTerminal) -> None:
    terminal = at_terminal("status")
    assert terminal.wait() == 3
    assert "\x1b[31mthere is no state" in terminal.raw
    assert signoff("status").stderr.startswith("there is no state")


@pytest.mark.parametrize("arguments", [("inbox",), ("inbox", "--json"), ("status",), ("--help",)])
def test_a_reader_that_went_away_gets_no_traceback(desk: Scene, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    desk.draft()
    nobody, pipe = os.pipe()
    os.close(nobody)
    result = subprocess.run(
        command(*arguments), cwd=tmp_path, env=environment(), stdout=pipe, stderr=subprocess.PIPE, check=False
    )
    os.close(pipe)
    assert (result.returncode, result.stderr) == (1, b"")


def test_the_library_imports_neither_typer_nor_rich() -> None:
    program = "import sys, signoff, state_manager; print([name for name in ('typer', 'rich') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
