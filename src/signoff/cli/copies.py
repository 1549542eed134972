"""``signoff backup`` and ``signoff restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..clock import system_clock
from ..digest import digest_of_file
from ..errors import StateFileError
from ..model import check_path
from ..statefile.exchange import HOLD
from ..statefile.export import time_stamp
from ..store.restore import Restored, restore_database
from .opening import database_of, opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, JsonOption, StateOption
from .terminal import busy, err, out, print_json


def backup(
    target: Annotated[
        Path | None,
        typer.Argument(metavar="TARGET", help="Where to: a name without ending, or a folder. Beside the state else."),
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
) -> None:
    """Copy everything as it is at one moment: the database, verified, and a JSON file to read.

    Safe while everything runs. A backup that fails replaces nothing. Examples:

    signoff backup

    signoff backup /media/usb/monday
    """
    database, readable = _targets(target, state)
    with opened(state, account) as manager, busy("Copying and verifying …"):
        manager.store.backup(database)
        manager.export_state(readable)
    if as_json:
        print_json({"database": str(database), "file": str(readable), "account": account})
        return
    out.print(f"{database}  everything, verified ({database.stat().st_size:,} bytes)", markup=False, soft_wrap=True)
    out.print(f"{readable}  account {account}, to read and to restore from", markup=False, soft_wrap=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A .db or .json backup.")],
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
) -> None:
    """Bring a backup back. Nothing that was sent can be sent again by it, and what it replaces is kept.

    A .json file brings settings, session and unknown messages back into the present database.
    A .db file takes the place of the database; stop `signoff run` and all scripts before.

    Example: signoff restore whatsapp_state_backup_20260216_180950.db
    """
    if file.suffix == ".db":
        _restore_database(file, state, as_json)
    else:
        with opened(state, account) as manager, busy("Backing up the present state, and taking the messages in …"):
            saved = manager.restore_state(file)
        if as_json:
            print_json({"restored": str(file), "kept": saved})
        else:
            out.print(f"Restored from {file}. The state as it was before: {saved}", markup=False, soft_wrap=True)


def _restore_database(file: Path, state: Path, as_json: bool) -> None:
    database = database_of(state)
    kept = _unused(database.with_name(f"{database.stem}_replaced_{time_stamp(system_clock())}.db"))
    shown = _digest(state) if state != database else None
    with busy("Verifying the backup, and putting it in place …"):
        restored = restore_database(database, file, kept, hold=HOLD, shown=shown)
    with opened(state, "default") as manager:
        manager.refresh()  # the state file shows what was restored
    if as_json:
        print_json({"restored": str(file), **_document(restored)})
    else:
        _report(restored, file, database)


def _document(restored: Restored) -> dict[str, Any]:
    kept = str(restored.kept) if restored.kept is not None else None
    return {"kept": kept, "taken_over": restored.taken_over, "ended": restored.ended, "outbox_hold": restored.hold}


def _report(restored: Restored, file: Path, database: Path) -> None:
    out.print(f"{database} was restored from {file}.", markup=False, soft_wrap=True)
    if restored.kept is not None:
        out.print(f"What it was before is kept as {restored.kept}", markup=False, soft_wrap=True)
    out.print(f"{restored.taken_over} messages that came or left since the backup were taken over.")
    out.print(f"{restored.ended} approvals that had not been sent wait for a decision again: signoff inbox")
    if restored.hold is not None:
        err.print(f"Nothing is sent for now: {restored.hold}", markup=False, style="yellow")
        err.print("When you have looked: signoff doctor --release", markup=False, style="yellow")


def _targets(target: Path | None, state: Path) -> tuple[Path, Path]:
    """Where the copy of the database and the JSON file go."""
    present = database_of(state)
    if target is not None:
        check_path(target, "the name of the backup")
    if target is None or target.is_dir():
        folder = present.parent if target is None else target
        name = f"{present.stem}_backup_{time_stamp(system_clock())}"
        database = _unused(folder / f"{name}.db")
        return database, database.with_suffix(".json")
    stem = target.stem if target.suffix in (".db", ".json") else target.name
    database, readable = target.with_name(f"{stem}.db"), target.with_name(f"{stem}.json")
    if {database.resolve(), readable.resolve()} & {present.resolve(), state.resolve()}:
        raise StateFileError(f"{target} is the state itself: name another place for the backup")
    return database, readable


def _unused(path: Path) -> Path:
    """``path``, or if that exists the same with ``_2``, ``_3`` … before its suffix."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}_{number}{path.suffix}")
    return candidate


def _digest(path: Path) -> str | None:
    try:
        return digest_of_file(path)
    except FileNotFoundError:
        return None
