"""Adopting a folder: what is to be done, and doing it.

Nothing is touched before all of it is copied. From then on it can be stopped at any moment: the next call goes on, and
`undo` brings everything back.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..clock import Clock
from ..errors import NotFound, StateFileError
from ..state import StateManager
from ..statefile.export import write_private
from ..store import open_store
from ..store.durable import replace, sync
from . import imports
from .copies import (
    BEGUN,
    COPYING,
    DONE,
    LOCK,
    UNDOING,
    Copies,
    Entry,
    Manifest,
    State,
    entries_of,
    is_same,
    locked,
    new_copies,
    remove,
    sweep,
    unfinished,
)
from .look import MODULES, Script, scripts, shadowing
from .states import DEFAULT, StatePlan, database, mended, plan_state

HUMAN = "human_in_the_loop"
_BY = "signoff adopt"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an adoption would do.

    Attributes:
        modules: the files and folders that are moved aside.
        states: the state files that are taken over.
        kept: the state files that signoff keeps already.
        problems: what of the scripts' imports will not work, in words.
        notes: what is worth knowing, in words.
        begun: whether an adoption was stopped in the middle; then this is what that one does.
    """

    folder: Path
    modules: tuple[str, ...]
    states: tuple[StatePlan, ...]
    kept: tuple[str, ...]
    scripts: tuple[Script, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    begun: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is to be done, because it was done before."""
        return not (self.modules or self.states)

    @property
    def asks(self) -> bool:
        """Whether somebody is to say whether human_in_the_loop shall be on."""
        return not self.begun and any(state.asks for state in self.states)


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was done.

    Attributes:
        copies: where the copies of all that was touched are; None when nothing was to be done.
        human_in_the_loop: whether a person decides about every message now; None when nothing was to be done.
        problems: what of the scripts' imports does not work, in words.
    """

    plan: Plan
    copies: Path | None
    human_in_the_loop: bool | None
    problems: tuple[str, ...]


def plan(folder: Path) -> Plan:
    """What adopting a folder would do. Changes nothing.

    Raises:
        NotFound: nothing of the components stands there.
        StateFileError: it cannot be adopted.
    """
    folder = Path(os.path.realpath(folder))
    if folder == imports.HOME:
        raise StateFileError(f"{folder} is where signoff itself is installed: name the folder of your scripts")
    last = unfinished(folder)
    if last is not None and last.manifest.phase == UNDOING:
        raise StateFileError(f"{folder} is half brought back: say signoff adopt {folder} --undo again first")
    found = tuple(scripts(folder))
    if last is not None and last.manifest.phase == BEGUN:
        return _plan_of_begun(last, found)
    return _new_plan(folder, found)


def adopt(todo: Plan, human_in_the_loop: bool, clock: Clock) -> Adopted:
    """Do what was planned. Where nothing is to be done nothing is changed.

    Args:
        human_in_the_loop: what it is to be where the state file does not say that it is on.

    Raises:
        StoreBusy: somebody else is adopting it.
        StateFileError: it cannot be adopted; the message says how to go on.
    """
    if todo.is_nothing:
        _remove_left_lock(todo.folder)
        return Adopted(todo, None, None, todo.problems)
    with locked(todo.folder):
        sweep(todo.folder)
        copies = unfinished(todo.folder)
        if copies is None or copies.manifest.phase != BEGUN:
            copies = _copied(todo, copies, human_in_the_loop, clock)
        _finish(copies, todo)
    human = copies.manifest.human_in_the_loop or not any(state.asks for state in todo.states)
    return Adopted(todo, copies.place, human, tuple(imports.problems(todo.scripts, todo.folder)))


def _remove_left_lock(folder: Path) -> None:
    """What was killed when all was done has left its lock."""
    if (folder / LOCK).exists():
        with locked(folder):
            pass


def _new_plan(folder: Path, found: Sequence[Script]) -> Plan:
    modules = [path.relative_to(folder).as_posix() for path in shadowing(folder)]
    files, notes = _state_files(folder, found)
    kept = [path for path in files if database(path).exists()]
    wanted = [path for path in files if path not in kept and (path.exists() or path.is_symlink())]
    if modules and not (kept or wanted):
        wanted = [folder / DEFAULT]
    if not (modules or kept or wanted or any(script.imports for script in found)):
        raise NotFound(f"{folder} holds none of the components: no {DEFAULT}, and none of {', '.join(MODULES)}")
    return Plan(
        folder,
        tuple(modules),
        tuple(plan_state(path) for path in wanted),
        tuple(path.name for path in kept),
        tuple(found),
        tuple(imports.problems(found, None if modules else folder)),
        tuple(notes),
    )


def _plan_of_begun(copies: Copies, found: Sequence[Script]) -> Plan:
    """What an adoption does that was stopped in the middle, by its copies."""
    states = [plan_state(copies.before / state.file) for state in copies.manifest.states]
    modules = [entry.path for entry in _modules(copies)]
    notes = [
        "it was stopped in the middle the last time, and goes on from there",
        *_state_files(copies.folder, found)[1],
    ]
    problems = imports.problems(found, None)
    return Plan(
        copies.folder, tuple(modules), tuple(states), (), tuple(found), tuple(problems), tuple(notes), begun=True
    )


def _state_files(folder: Path, found: Sequence[Script]) -> tuple[list[Path], list[str]]:
    """The state files of a folder that there may be, and what is to be said about others."""
    paths, notes = {folder / DEFAULT}, []
    for script in found:
        if script.unreadable is not None:
            notes.append(f"{script.name} could not be read as Python ({script.unreadable}): its imports were not tried")
        for name in script.state_files:
            path = Path(os.path.normpath(folder / name))
            if path.suffix != ".json":
                continue
            if path.parent == folder:
                paths.add(path)
            else:
                notes.append(f"{script.name} uses {name}: that is imported when a script first opens it")
    return sorted(paths), notes


def _copied(todo: Plan, old: Copies | None, human_in_the_loop: bool, clock: Clock) -> Copies:
    """A copy of all that will be touched.

    Args:
        old: the adoption before this one.
    """
    if old is not None and old.manifest.phase != DONE:
        old.remove()  # killed before it had touched anything, or after everything was brought back
    states = [State(state.file, (todo.folder / state.file).exists(), list(state.beside)) for state in todo.states]
    touched = [todo.folder / name for name in (*todo.modules, *(state.file for state in states if state.existed))]
    manifest = Manifest(COPYING, human_in_the_loop, entries_of(todo.folder, touched), states)
    copies = new_copies(todo.folder, manifest, clock)
    copies.copy_all()
    copies.step(BEGUN)
    return copies


def _finish(copies: Copies, todo: Plan) -> None:
    """Do what is not done yet: first the state files, then the modules."""
    try:
        for state, told in zip(copies.manifest.states, todo.states, strict=True):
            if state.events is None:
                state.events = _take_over(copies, state, told)
                copies.save()
        _move_modules(copies)
        copies.step(DONE)
    except OSError as error:
        raise StateFileError(
            f"{error.filename or copies.folder} cannot be changed ({error.strerror or error}); say the same again "
            f"to go on, or signoff adopt {copies.folder} --undo to have everything as it was"
        ) from error


def _take_over(copies: Copies, state: State, told: StatePlan) -> int:
    """Import a state file whole, and set human_in_the_loop where nobody has; the number of the last event then."""
    path = copies.folder / state.file
    if not _has_begun(path):
        original = copies.text_of(state.file) if state.existed else None
        _prepare(path, original, mended(original) if original is not None else None)
    with _not_told_twice(path, told), StateManager(path, by=_BY) as manager:
        if manager.config_author(HUMAN) is None:
            manager.set_config(HUMAN, copies.manifest.human_in_the_loop)
        manager.is_session_valid()  # notes the session's folder, so that the first who asks changes nothing
        return manager.store.last_event()


def _has_begun(path: Path) -> bool:
    if not database(path).exists():
        return False
    with closing(open_store(database(path))) as store:
        return store.has_begun(store.account("default"))


def _prepare(path: Path, original: bytes | None, wanted: bytes | None) -> None:
    """Have a state file say what can be read of it.

    Raises:
        StateFileError: it was changed since it was copied.
    """
    present = path.read_bytes() if path.exists() else None
    if present not in (original, wanted):
        raise StateFileError(
            f"{path} was changed while it was being adopted, so a script is still running: stop all scripts, say "
            f"signoff adopt {path.parent} --undo, then adopt it again"
        )
    if wanted is None:
        path.unlink(missing_ok=True)
    elif wanted != present:
        new = path.with_name(f".{path.name}.new")
        write_private(new, wanted)
        replace(new, path)


@contextmanager
def _not_told_twice(path: Path, told: StatePlan) -> Iterator[None]:
    """What the plan says is not logged as well."""
    known = {f"{path}: {problem}" for problem in told.problems}
    logger = logging.getLogger("signoff.statefile")

    def is_new(record: logging.LogRecord) -> bool:
        return record.getMessage() not in known

    logger.addFilter(is_new)
    try:
        yield
    finally:
        logger.removeFilter(is_new)


def _modules(copies: Copies) -> list[Entry]:
    files = {state.file for state in copies.manifest.states}
    return [entry for entry in copies.manifest.entries if entry.path not in files]


def _move_modules(copies: Copies) -> None:
    """Take away the modules that were copied.

    Raises:
        StateFileError: one of them was changed since.
    """
    entries = _modules(copies)
    for entry in entries:
        path = copies.folder / entry.path
        if entry.kind != "folder" and os.path.lexists(path) and not is_same(path, entry):
            raise StateFileError(
                f"{path} was changed while it was being adopted: say signoff adopt {copies.folder} --undo, then adopt "
                "it again"
            )
    for entry in reversed(entries):
        path = copies.folder / entry.path
        if entry.kind == "folder" or os.path.lexists(path):
            remove(path)
    for parent in {(copies.folder / entry.path).parent for entry in entries}:
        if parent.exists():
            sync(parent)
