"""The documentation is true: its blocks run, its commands exist, its drawings are the code's, its links lead on."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

import signoff
from signoff import settings
from signoff.cli.app import application

from . import drawn
from .markdown import FILES, ROOT, anchors, blocks, commands, inline_codes, links, name_of, table_rows

WITH_PYTHON = [file for file in FILES if blocks(file, "python")]
_GROUP = typer.main.get_command(application())
assert isinstance(_GROUP, TyperGroup)
COMMANDS: TyperGroup = _GROUP
_TEST = re.compile(r"\]\((\.\./)?tests/[\w/]+\.py\)")
every_file = pytest.mark.parametrize("file", FILES, ids=name_of)


@pytest.mark.parametrize("file", WITH_PYTHON, ids=name_of)
def test_the_python_blocks_of_a_file_run_in_order_and_print_what_it_says(file: Path, tmp_path: Path) -> None:
    code = blocks(file, "python")
    lines: list[str] = []
    for block in code:
        lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()  # so that an error names the line
    script = tmp_path / f"{file.stem}.py"
    script.write_text("\n".join(lines) + "\n", "utf-8")
    run = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(block.printed for block in code)


@pytest.mark.parametrize("file", drawn.PARTS, ids=name_of)
def test_the_drawings_are_those_of_the_code(file: Path) -> None:
    assert file.read_text("utf-8") == drawn.draw(file), "draw them anew: python -m tests.docs.drawn"


@every_file
def test_every_link_within_the_project_leads_somewhere(file: Path) -> None:
    dead = [target for target in links(file) if not re.match(r"https?:|mailto:", target) and not _exists(file, target)]
    assert dead == []


@every_file
def test_every_path_that_is_named_exists(file: Path) -> None:
    named = [code for code in inline_codes(file) if re.match(r"(src|tests|docs|examples|benchmarks)/[\w./-]+$", code)]
    assert [path for path in named if not (ROOT / path).exists()] == []


def _exists(file: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    reached = (file.parent / path).resolve() if path else file
    if not reached.exists():
        return False
    return not anchor or (reached.suffix == ".md" and anchor in anchors(reached))


def test_every_promise_of_the_readme_names_the_test_that_tries_to_break_it() -> None:
    rows = list(table_rows(ROOT / "README.md", "## Promises"))[1:]
    assert len(rows) == 9
    assert [promise for promise, _, tests in rows if not _TEST.search(tests)] == []


def test_every_promise_and_every_fault_is_explained_with_its_test() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    promises = re.findall(r"^## (\d)\. (?:(?!^## ).)*^Tests:(.*?)\n\n", text, re.DOTALL | re.MULTILINE)
    faults = list(table_rows(ROOT / "docs" / "reliability.md", "## The eleven faults"))[1:]
    assert [number for number, tests in promises if _TEST.search(tests)] == list("123456789")
    assert [int(number) for number, *_, test in faults if _TEST.search(test)] == list(range(1, 12))


def test_every_test_that_is_named_exists() -> None:
    named = {code for file in FILES for code in inline_codes(file) if re.fullmatch(r"test_\w+", code)}
    written = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    assert {name for name in named if f"def {name}(" not in written} == set()


def test_every_setting_and_method_appears_in_the_documentation() -> None:
    text = "\n".join([*_codes(FILES), *(block.text for file in FILES for block in blocks(file, "python"))])
    words = set(re.findall(r"[\w.]+", text))
    methods = {name for name in dir(signoff.StateManager) if not name.startswith("_")}
    assert {setting.path for setting in settings.KNOWN} - words == set()
    assert methods - {word for name in words for word in name.split(".")} == set()


def test_it_is_told_of_every_setting_when_a_change_holds() -> None:
    rows = list(table_rows(ROOT / "docs" / "settings.md", "## When a change holds"))[1:]
    groups = {setting.path.partition(".")[0] for setting in settings.KNOWN}
    assert [f"`{group}`" for group in groups if not any(name == f"`{group}`" for name, _ in rows)] == []


def test_every_error_appears_in_the_documentation() -> None:
    told = (ROOT / "docs" / "concepts.md").read_text("utf-8")
    raised = [name for name, kind in vars(signoff.errors).items() if isinstance(kind, type)]
    assert [name for name in raised if name not in told] == []


def test_every_command_of_make_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    named = [code.split() for code in _codes(FILES) + _commands() if code.startswith("make ")]
    assert {words[1] for words in named} - targets == set()


def test_every_python_command_can_be_found() -> None:
    for command in _commands():
        words = shlex.split(command, comments=True)
        if words[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(words[2]), command
        elif words[:1] == ["python"]:
            assert (ROOT / words[1]).exists(), command


def test_every_command_that_is_shown_is_one_that_signoff_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mybot").mkdir()
    shown = [shlex.split(command, comments=True)[1:] for command in _commands() if command.startswith("signoff ")]
    for words in shown:
        for word in words:
            if Path(word).suffix in (".txt", ".zip", ".db", ".json"):
                Path(word).touch()
        name, command, rest = COMMANDS.resolve_command(COMMANDS.make_context("signoff", list(words)), words)
        assert command is not None
        command.make_context(name, rest)
    assert {words[0] for words in shown} >= {"run", "inbox", "replay"}


def test_every_command_and_option_that_is_named_exists() -> None:
    for code in _codes(FILES):
        if code.startswith("signoff ") and not code.startswith("signoff --"):
            name, *words = code.split()[1:]
            taken = {option for parameter in COMMANDS.commands[name].params for option in parameter.opts}
            assert {word for word in words if word.startswith("-")} <= taken, code


def test_every_command_appears_in_the_documentation() -> None:
    told = set(_codes(FILES))
    assert [name for name in COMMANDS.commands if f"signoff {name}" not in told] == []


def _commands() -> list[str]:
    return [command for file in FILES for command in commands(file)]


def _codes(files: Iterable[Path]) -> list[str]:
    return [code for file in files for code in inline_codes(file)]
