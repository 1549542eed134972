"""Opening a state that must be there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import NotFound, StateFileError
from ..model import check_file
from ..state import StateManager
from ..statefile.exchange import parse, where_broken
from ..store import open_store


def database_of(file: Path) -> Path:
    """The database of a state file.

    Raises:
        StateFileError: it is a folder, a device or a pipe, or a part of a database.
    """
    if not file.name or file.is_dir():
        raise StateFileError(f"{str(file)!r} is a folder: give the path of a file in it with --state FILE")
    check_file(file, "--state")
    if file.is_symlink():
        file = Path(os.path.realpath(file))
    return file if file.suffix.lower() == ".db" else file.with_suffix(".db")


def _check(file: Path) -> None:
    """Refuse what opening would take for a state file of the existing components, and write anew.

    Raises:
        StateFileError: it is none.
    """
    text = file.read_bytes()
    document = parse(text)
    if document is None:
        raise StateFileError(
            f"{file} cannot be read ({where_broken(text)}), and there is no database beside it: say where the state is "
            "with --state FILE, or take over what the file still holds: signoff adopt"
        )
    if not document.keys() & {"session", "messages"}:
        raise StateFileError(f"{file} is no state file, it was left as it is: say where the state is with --state FILE")


@contextmanager
def opened(file: Path, account: str, by: str = "signoff") -> Iterator[StateManager]:
    """The state, for the time of a ``with`` statement; unlike a script, a command never begins a new one.

    Raises:
        StateFileError: there is no state, or a file that is none.
        NotFound: there is no such account.
        StoreError: the database cannot be used.
    """
    database = database_of(file)
    if not file.exists() and not database.exists():
        raise StateFileError(f"there is no state {file}: say where it is with --state FILE, or begin one: signoff run")
    if not database.exists():
        _check(file)
    store = open_store(database)
    try:
        names = store.account_names()
        if account != "default" and account not in names:
            raise NotFound(f"there is no account {account!r} in {database}; there is: {', '.join(names)}")
        with StateManager(file, account=account, by=by) as state:
            yield state
    finally:
        store.close()
