"""Bringing an adopted folder back to what it was, byte for byte."""

from __future__ import annotations

import os
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from ..errors import NotFound, StateFileError, StoreCorrupt
from ..store import open_store
from ..store.durable import replace, sync
from ..store.restore import close_for_all
from .copies import COPYING, UNDOING, UNDONE, Copies, State, has_traces, is_same, locked, sweep, unfinished
from .ours import is_ours
from .states import database, family, mended


@dataclass(frozen=True, slots=True)
class Undone:
    """What was brought back.

    Attributes:
        files: what stands again where it was.
        kept: where that is what signoff held when it knew more than was adopted; None when it knew nothing more.
    """

    folder: Path
    files: tuple[str, ...]
    kept: Path | None


def undo(folder: Path) -> Undone:
    """Bring everything back as it was before `adopt`; what was stopped in the middle is finished.

    Raises:
        NotFound: there is nothing to bring back.
        StateFileError: something was changed since by somebody else, or a copy is damaged; nothing was done.
        StoreBusy: the database is in use.
    """
    folder = Path(os.path.realpath(folder))
    with locked(folder) if has_traces(folder) else nullcontext():
        sweep(folder)
        copies = unfinished(folder)
        if copies is None:
            raise NotFound(f"nothing is to be brought back in {folder}: it is not adopted, or was brought back before")
        return _undo(copies)


def _undo(copies: Copies) -> Undone:
    manifest = copies.manifest
    files = tuple(entry.path for entry in manifest.entries if entry.kind != "folder")
    if manifest.phase not in (COPYING, UNDOING, UNDONE):
        copies.check()
        _check_modules(copies)
        _leave_untouched(copies)
        for state in manifest.states:
            manifest.keep |= _knows_more(copies, state)
        copies.step(UNDOING)
    if manifest.phase == UNDOING:
        for state in manifest.states:
            _set_aside(copies, state)
        copies.bring_back()
        copies.step(UNDONE)
    if not manifest.keep:
        copies.remove()
    return Undone(copies.folder, files, copies.after if manifest.keep else None)


def _check_modules(copies: Copies) -> None:
    """Refuse to replace a module that somebody has put there since."""
    states = {state.file for state in copies.manifest.states}
    for entry in copies.manifest.entries:
        path = copies.folder / entry.path
        if entry.path in states or path.suffix == ".pyc" or not os.path.lexists(path) or is_same(path, entry):
            continue
        raise StateFileError(
            f"{path} was put there since it was adopted; nothing was changed: move it away, then say --undo again"
        )


def _leave_untouched(copies: Copies) -> None:
    """A state file that a script changed before it could be taken over stays as it is."""
    manifest = copies.manifest
    for state in list(manifest.states):
        path = copies.folder / state.file
        touched = state.events is not None or database(path).exists() or not path.exists()
        if not touched and not _is_as_adopted(copies, state):
            manifest.states.remove(state)
            manifest.entries = [entry for entry in manifest.entries if entry.path != state.file]


def _knows_more(copies: Copies, state: State) -> bool:
    """Whether signoff holds more of a state than was adopted; nobody else may have it open.

    Raises:
        StateFileError: the state file was changed since, by somebody else than signoff.
        StoreBusy: the database is in use.
    """
    path = copies.folder / state.file
    if not database(path).exists():
        return path.exists() and not _is_as_adopted(copies, state)
    untouched = not path.exists() or _is_as_adopted(copies, state)
    try:
        with closing(open_store(database(path))) as store:
            ours = untouched or is_ours(store, store.account("default"), path.read_bytes())
            events = store.last_event()
        close_for_all(database(path))
    except StoreCorrupt:
        return True
    if not ours:
        raise StateFileError(
            f"{path} was changed since signoff wrote it; nothing was changed: say signoff status --state {path} to "
            "have that taken up, or put it elsewhere, then say --undo again"
        )
    return events != state.events


def _is_as_adopted(copies: Copies, state: State) -> bool:
    """Whether the state file says what it said before, or what could be read of it."""
    if not state.existed:
        return False
    original = copies.text_of(state.file)
    return (copies.folder / state.file).read_bytes() in (original, mended(original))


def _set_aside(copies: Copies, state: State) -> None:
    """Move what signoff made out of the folder."""
    copies.after.mkdir(mode=0o700, exist_ok=True)
    sync(copies.place)
    path = copies.folder / state.file
    made = [place for place in family(path) if place.name not in state.beside]
    brought_back = any(entry.path == state.file and is_same(path, entry) for entry in copies.manifest.entries)
    if path.exists() and not brought_back:
        made.append(path)
    for place in made:
        replace(place, copies.after / place.name)
