"""All commands look and behave alike: 80 columns, no colour where none is wanted, a pipe, ``--json``, errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from signoff.cli.app import application

from ..store.scenes import ANA, Scene
from .conftest import AtTerminal, InFolder, Signoff

TELLING = [
    "status", "history", "history reply_m1", f"history --contact {ANA}", "stats", "stats --by-day", "config",
    "config explain", "config explain retry_config.max_retries", "session", "accounts", "doctor",
]  # fmt: skip
"""Commands that tell something and change nothing."""
DOING = [
    "approve reply_m1", "reject reply_m1", "edit reply_m1 Later", "ask-again reply_m1", f"send {ANA} Hello --no-wait",
    "config set mine 1", "session invalidate", "export all.json", f"forget {ANA} --yes", "backup copy",
]  # fmt: skip
WITHOUT_STATE = {"demo", "replay", "adopt"}
WITHOUT_JSON = {"demo", "run"}
"""Those that end only when they are told to."""


@pytest.fixture(autouse=True)
def something_to_tell(desk: Scene) -> None:
    """A draft that waits, with a long text in two scripts and an emoji."""
    desk.receive("m1", text="کب کھلتے ہیں؟ 🙂 " + "very " * 60)
    desk.answer("[bold]Until[/bold] six. " + "long " * 60)


@pytest.mark.parametrize("line", TELLING)
def test_at_a_terminal_of_80_columns_without_colour(line: str, at_terminal: AtTerminal) -> None:
    terminal = at_terminal(*line.split(), env={"NO_COLOR": "1"}, size=(24, 80))
    assert terminal.wait() in (0, 1)
    assert terminal.text.strip()
    assert not [code for code in ("\x1b[3", "\x1b[9", "\x1b[38") if code in terminal.raw]
    assert max(map(len, terminal.text.splitlines())) <= 80


@pytest.mark.parametrize("line", [*TELLING, *DOING])
def test_through_a_pipe_it_is_plain_text(line: str, signoff: Signoff) -> None:
    result = signoff(*line.split())
    assert result.returncode in (0, 1)
    assert result.stdout.strip()
    assert "\x1b" not in result.stdout + result.stderr


@pytest.mark.parametrize("line", [*TELLING, *DOING])
def test_for_programs_it_is_one_document_and_nothing_else(line: str, in_folder: InFolder) -> None:
    code, said, _ = in_folder(*line.split(), "--json")
    assert code in (0, 1)
    assert isinstance(json.loads(said), (dict, list))


@pytest.mark.parametrize("line", [*TELLING, *DOING])
def test_a_state_that_is_not_there_is_never_begun(line: str, in_folder: InFolder, tmp_path: Path) -> None:
    code, said, beside = in_folder(*line.split(), "--state", "elsewhere.json")
    assert code == (1 if line == "doctor" else 3)
    assert "there is no state elsewhere.json" in " ".join((said + beside).split())
    assert list(tmp_path.glob("elsewhere*")) == []


@pytest.mark.parametrize("line", ["history {}", "history --contact {}", "forget {} --yes", "backup {}", "approve {}"])
def test_an_argument_of_bytes_that_are_no_text_is_wrongly_asked(line: str, in_folder: InFolder, desk: Scene) -> None:
    code, said, beside = in_folder(*line.format(b"\xff\xfe".decode(errors="surrogateescape")).split())
    assert (code, said) == (2, "")
    assert "it is no valid text" in " ".join(beside.split())


@pytest.mark.parametrize("line", [line for line in (*TELLING, *DOING) if line not in ("accounts", "doctor")])
def test_an_account_that_is_not_there_is_never_begun(line: str, in_folder: InFolder, desk: Scene) -> None:
    code, said, beside = in_folder(*line.split(), "--account", "shop")
    assert (code, said) == (1, "")
    assert "there is no account 'shop'" in beside
    assert desk.store.account_names() == ["default"]


def test_every_command_takes_the_same_options() -> None:
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    taken = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in group.commands.items()
    }
    assert {name for name, options in taken.items() if "--state" not in options} <= WITHOUT_STATE
    assert {name for name, options in taken.items() if "--account" not in options} <= {*WITHOUT_STATE, "accounts"}
    assert {name for name, options in taken.items() if "--json" not in options} <= WITHOUT_JSON


def test_every_command_shows_an_example_unless_its_name_is_one() -> None:
    group = typer.main.get_command(application())
    assert isinstance(group, TyperGroup)
    for name, command in group.commands.items():
        needed = [parameter for parameter in command.params if parameter.required]
        assert not needed or f"signoff {name} " in str(command.help), name
