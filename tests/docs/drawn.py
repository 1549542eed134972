"""The parts of the documentation that are drawn from the code. ``python -m tests.docs.drawn`` draws them anew."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from signoff import errors, lifecycle, settings
from signoff.cli.app import application

from .markdown import ROOT

SOURCE = ROOT / "src"
_FOUND = typer.main.get_command(application())
assert isinstance(_FOUND, TyperGroup)
_GROUP: TyperGroup = _FOUND


def _lifecycle() -> str:
    return f"```mermaid\n{lifecycle.mermaid()}\n```"


def _settings() -> str:
    """A table for each group, in the order of the state file; what stands alone comes first."""
    groups: dict[str, list[str]] = {}
    for setting in settings.KNOWN:
        row = f"| `{setting.path}` | `{json.dumps(setting.default)}` | {setting.allowed} | {setting.explain} |"
        groups.setdefault(setting.path.rpartition(".")[0], []).append(row)
    head = ["| setting | default | allowed | what it says |", "|---|---|---|---|"]
    tables = ["\n".join([f"### {group or 'Without a group'}", "", *head, *rows]) for group, rows in groups.items()]
    return "\n\n".join(tables)


def _owned_keys() -> str:
    rows = [f"| `{key}` | {means} |" for key, means in settings.OWNED_KEYS.items()]
    return "\n".join(["| key | changed by |", "|---|---|", *rows])


def _errors() -> str:
    assert errors.__doc__
    return f"```text\n{errors.__doc__.partition(chr(10) * 2)[2].strip()}\n```"


def _commands() -> str:
    rows, last = ["| | command | what it does |", "|---|---|---|"], ""
    for command in application().registered_commands:
        panel = str(command.rich_help_panel)
        told = _sentence(inspect.getdoc(command.callback) or "")
        rows.append(f"| {'' if panel == last else panel} | `signoff {command.name}` | {told} |")
        last = panel
    return "\n".join(rows)


def _shared_options() -> str:
    rows = [f"| {_options(option)} | {_means(option)} |" for option in _parameters("reject") if _is_shared(option)]
    return "\n".join(["| option | what it says |", "|---|---|", *rows])


def _every_command() -> str:
    return "\n\n".join(_command(name) for name in _GROUP.commands)


def _command(name: str) -> str:
    """One command: what its help says, its examples as commands, and its own arguments and options."""
    told, examples = [], []
    for paragraph in str(_GROUP.commands[name].help).split("\n\n"):
        text, _, example = paragraph.partition("Example: ")
        examples += [example] if example else [paragraph] if paragraph.startswith("signoff ") else []
        told += [text.strip().removesuffix("Examples:").strip()] if not paragraph.startswith("signoff ") else []
    own = [f"| {_options(each)} | {_means(each)} |" for each in _parameters(name) if not _is_shared(each)]
    shared = " ".join(f"`{each.opts[0]}`" for each in _parameters(name) if _is_shared(each))
    parts = [f"## signoff {name}", *filter(None, told)]
    parts += ["```console\n" + "\n".join(f"$ {example}" for example in examples) + "\n```"] if examples else []
    parts += ["\n".join(["| argument, option | what it says |", "|---|---|", *own])] if own else []
    return "\n\n".join([*parts, *([f"As everywhere: {shared}"] if shared else [])])


def _parameters(name: str) -> list[Any]:
    return [each for each in _GROUP.commands[name].params if each.name != "help"]


def _is_shared(parameter: Any) -> bool:
    return parameter.opts[0] in ("--json", "--state", "--account", "--by")


def _options(parameter: Any) -> str:
    name, value = parameter.opts[0], str(parameter.metavar or "").replace("|", "\\|")
    if not name.startswith("-"):
        return f"`{value or name.upper()}`"
    return f"`{name}`" if parameter.is_flag or not value else f"`{name} {value}`"


def _means(parameter: Any) -> str:
    default = parameter.default if isinstance(parameter.default, (str, int, float, Path)) else None
    shown = f" Default: `{default}`." if default not in (None, False) and parameter.show_default is True else ""
    return " ".join(str(parameter.help or "").replace("|", "\\|").split()) + shown


def _layout() -> str:
    files = sorted(SOURCE.rglob("*.py"), key=lambda file: (file.parent != SOURCE, file.parent.parts, file.name))
    rows = [f"| `{file.relative_to(ROOT).as_posix()}` | {_sentence(_docstring(file))} |" for file in files]
    return "\n".join(["| file | |", "|---|---|", *rows])


def _docstring(file: Path) -> str:
    return ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""


def _sentence(docstring: str) -> str:
    """Its first sentence, on one line, as Markdown."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z`])|:$", paragraph)[0].replace("``", "`")


Part = Callable[[], str]
PARTS: Mapping[Path, Mapping[str, Part]] = {
    ROOT / "README.md": {"commands": _commands},
    ROOT / "docs" / "concepts.md": {
        "lifecycle": _lifecycle,
        "owned keys": _owned_keys,
        "errors": _errors,
    },
    ROOT / "docs" / "settings.md": {"settings": _settings},
    ROOT / "docs" / "commands.md": {"shared options": _shared_options, "every command": _every_command},
    ROOT / "CONTRIBUTING.md": {"layout": _layout},
}


def draw(file: Path) -> str:
    """The document with every part drawn from the code as it is now.

    Raises:
        ValueError: a part has no place in it, or more than one.
    """
    document = file.read_text("utf-8")
    for name, part in PARTS[file].items():
        place = re.compile(rf"(<!-- drawn: {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        if len(place.findall(document)) != 1:
            raise ValueError(f"{file.name} has not one place for '<!-- drawn: {name} -->'")
        found = place.search(document)
        assert found is not None
        document = document[: found.end(1)] + f"\n{part()}\n" + document[found.start(2) :]
    return document


if __name__ == "__main__":
    for each in PARTS:
        each.write_text(draw(each), "utf-8")
