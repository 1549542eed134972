"""``signoff adopt``: takes a folder of the components that signoff replaces over, and gives it back."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from ..adopt import Adopted, Plan, Undone, plan, undo
from ..adopt import adopt as do_adopt
from ..adopt.states import StatePlan
from ..clock import system_clock
from .options import JsonOption
from .terminal import DONE, NO, busy, is_interactive, out, print_json, shown

_QUESTION = "Shall a person decide about every message before it leaves? [Y/n] "


def adopt(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The folder of your scripts.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would be done.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Bring everything back as it was, byte for byte.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: a person decides about every message.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take over a folder of the components that you have: its state, and its scripts as they are.

    Copies all that it touches, imports whatsapp_state.json whole, moves your own state_manager.py and
    whatsapp_*.py aside, and tries whether the imports of your scripts find signoff's. Stop your scripts before.
    It can be stopped at any moment: say the same again to go on. Exits with 1 if an import does not work.

    signoff adopt mybot --dry-run

    signoff adopt mybot
    """
    if undo:
        if dry_run:
            raise typer.BadParameter("--undo does not go with --dry-run", param_hint="--dry-run")
        _undo(folder, as_json)
        return
    todo = plan(folder)
    if dry_run:
        done = Adopted(todo, None, None, todo.problems)
    else:
        human = _human_decides(todo, yes or as_json)
        with busy("Taking the state over …"):
            done = do_adopt(todo, human, system_clock)
    if as_json:
        print_json(_document(done, dry_run))
    else:
        _tell(done, dry_run)
    raise typer.Exit(NO if done.problems else DONE)


def _undo(folder: Path, as_json: bool) -> None:
    done = undo(folder)
    if as_json:
        kept = None if done.kept is None else str(done.kept)
        print_json({"folder": str(done.folder), "brought_back": done.files, "kept": kept})
    else:
        _tell_undone(done)


def _human_decides(todo: Plan, unasked: bool) -> bool:
    """Whether a person is to decide about every message: on, unless somebody at the terminal says no."""
    if unasked or not todo.asks or not is_interactive():
        return True
    out.print("human_in_the_loop is off until now: replies leave without anybody looking at them.")
    while True:
        said = input(_QUESTION).strip().lower()
        if said in ("", "y", "yes", "n", "no"):
            return not said.startswith("n")


def _tell(done: Adopted, dry_run: bool) -> None:
    todo = done.plan
    if todo.is_nothing:
        _line("✓", "green", f"{todo.folder} is adopted already; nothing was changed")
    elif dry_run:
        _print(Text(f"What signoff adopt would do in {shown(str(todo.folder))}; nothing was changed:"))
    else:
        _line("✓", "green", f"all that was touched is copied to {done.copies}")
    for state in todo.states:
        _tell_state(state)
    if todo.states:
        _tell_sign_off(done, dry_run)
    for module in todo.modules:
        if not module.endswith(".pyc"):
            _line("✓", "green", f"{module}: moved aside, so that scripts find signoff's")
    _tell_imports(done)
    for note in todo.notes:
        _line("•", "yellow", note)
    if not todo.is_nothing and not dry_run:
        _tell_next(todo)


def _tell_state(state: StatePlan) -> None:
    counts = [f"{number:,} {name.replace('_', ' ')}" for name, number in state.messages.items()]
    counts += [f"{number:,} in {name}" for name, number in state.records.items()]
    _line("✓", "green", f"{state.file}: {', '.join(counts) or 'no messages'}")
    if state.broken is not None:
        taken = "nothing of it can be read" if state.lost else "taken is what can be read"
        _line("•", "yellow", f"{state.file} is broken ({state.broken}): {taken}; the file as it was is in the copies")
    if state.lost:
        _line("→", "yellow", "if you have a backup of it: signoff restore whatsapp_state_backup_….json")
    for problem in state.problems:
        _line("•", "yellow", f"{state.file}: {problem}")


def _tell_sign_off(done: Adopted, dry_run: bool) -> None:
    if dry_run and done.plan.asks:
        _line("•", "yellow", "human_in_the_loop is off: you are asked about it; without a terminal it is switched on")
    elif done.human_in_the_loop is False:
        _line("•", "yellow", "human_in_the_loop is off, as you said: replies leave without anybody looking at them")
    else:
        _line("✓", "green", "human_in_the_loop is on: a person decides about every message before it leaves")


def _tell_imports(done: Adopted) -> None:
    for problem in done.problems:
        _line("✗", "red", problem)
    tried = [script for script in done.plan.scripts if script.imports]
    if tried and not done.problems:
        names = ", ".join(script.name for script in tried)
        _line("✓", "green", f"every import is found and is signoff's: {names}")


def _tell_next(todo: Plan) -> None:
    out.print()
    for step in _next(todo):
        _print(Text(f"→ {shown(step)}"))


def _next(todo: Plan) -> list[str]:
    """What to do after an adoption."""
    files = [state.file for state in todo.states] or list(todo.kept)
    state, folder = shlex.quote(str(todo.folder / files[0])), shlex.quote(str(todo.folder))
    return [
        f"start your scripts as ever, with {sys.executable}",
        f"see how it stands: signoff status --state {state}",
        f"decide what leaves: signoff inbox --state {state}",
        f"to have everything as it was: signoff adopt {folder} --undo",
    ]


def _tell_undone(done: Undone) -> None:
    _line("✓", "green", f"{done.folder} is as it was: {len(done.files)} files were brought back")
    if done.kept is not None:
        _line("•", "yellow", f"signoff knew more than that by now; what it held is kept in {done.kept}")
        _line("→", "yellow", "what has left since, the components do not know: look before you start them")


def _line(sign: str, style: str, sentence: str) -> None:
    _print(Text.assemble((f"{sign} ", style), shown(sentence)))


def _print(line: Text) -> None:
    out.print(line, soft_wrap=not out.is_terminal)


def _document(done: Adopted, dry_run: bool) -> dict[str, Any]:
    todo = done.plan
    return {
        "folder": str(todo.folder),
        "dry_run": dry_run,
        "changed": not (dry_run or todo.is_nothing),
        "human_in_the_loop": done.human_in_the_loop,
        "copies": None if done.copies is None else str(done.copies),
        "modules": todo.modules,
        "states": [
            {
                "file": state.file,
                "messages": state.messages,
                "records": state.records,
                "broken": state.broken,
                "problems": state.problems,
            }
            for state in todo.states
        ],
        "scripts": [script.name for script in todo.scripts if script.imports],
        "problems": done.problems,
        "notes": todo.notes,
        "next": _next(todo) if done.copies else [],
    }
