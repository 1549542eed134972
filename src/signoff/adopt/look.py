"""What stands in a folder: modules that shadow ours, and scripts with their imports and state files. Runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import all_suffixes
from pathlib import Path

MODULES = ("state_manager", "whatsapp_sender", "whatsapp_assistant", "whatsapp_watcher")
"""The modules that scripts import."""
_CLASSES = {"StateManager", "WhatsAppSender", "WhatsAppAssistant", "WhatsAppWatcher"}
_FILE_NAMES = {f"{module}{suffix}" for module in MODULES for suffix in all_suffixes()}
_PACKAGE_NAMES = {f"__init__{suffix}" for suffix in all_suffixes()}


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a script imports from one of the four modules.

    Attributes:
        statement: as Python, of this name alone.
    """

    line: int
    statement: str
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A script of the folder.

    Attributes:
        state_files: the state files that it names, as it writes them.
        unreadable: why it could not be read as Python, else None.
    """

    name: str
    imports: tuple[Import, ...] = ()
    state_files: tuple[str, ...] = ()
    unreadable: str | None = None


def shadowing(folder: Path) -> list[Path]:
    """The modules and packages of a folder that Python takes instead of ours, and what it has compiled of them."""
    entries = sorted(folder.iterdir())
    found = [entry for entry in entries if entry.name in _FILE_NAMES or _is_package(entry)]
    return found + [path for module in MODULES for path in sorted((folder / "__pycache__").glob(f"{module}.*.pyc"))]


def scripts(folder: Path) -> list[Script]:
    """The scripts of a folder that import one of the four modules, and those that cannot be read as Python."""
    read = [_script(path) for path in sorted(folder.glob("*.py*")) if _may_be_script(path)]
    return [script for script in read if script.imports or script.unreadable]


def _is_package(entry: Path) -> bool:
    return entry.name in MODULES and entry.is_dir() and any((entry / name).exists() for name in _PACKAGE_NAMES)


def _may_be_script(path: Path) -> bool:
    return path.suffix in (".py", ".pyw") and path.name not in _FILE_NAMES and path.is_file()


def _script(path: Path) -> Script:
    try:
        tree = ast.parse(path.read_bytes(), path.name)
    except SyntaxError as error:
        return Script(path.name, unreadable=f"line {error.lineno}: {error.msg}")
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return Script(path.name, unreadable=str(error))
    nodes = list(ast.walk(tree))
    imports = sorted({found for node in nodes for found in _imports(node)}, key=lambda found: found.line)
    named = {file for node in nodes if isinstance(node, ast.Call) for file in _state_files(node)}
    return Script(path.name, tuple(imports), tuple(sorted(named)))


def _imports(node: ast.AST) -> Iterator[Import]:
    """The names that a statement imports from one of the four modules."""
    if isinstance(node, ast.Import):
        for name in node.names:
            if _is_ours(name.name):
                yield Import(node.lineno, ast.unparse(ast.Import([name])))
    elif isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
        for name in node.names:
            statement = ast.unparse(ast.ImportFrom(node.module, [name], node.level))
            yield Import(node.lineno, statement, relative=node.level > 0)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in MODULES


def _state_files(call: ast.Call) -> Iterator[str]:
    """The state file that a call such as ``StateManager("x.json")`` names, if it is written out."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", None)
    if name in _CLASSES:
        given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "state_file")]
        for value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value
