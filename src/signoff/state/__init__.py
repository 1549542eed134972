"""`StateManager`: the state of a WhatsApp automation, as scripts use it.

Its methods are grouped by what they are about: `session`, `messages`, `decisions`, `settings` with the statistics, and
`whole`. Here it is opened and closed. The store with SQLite, and what keeps the state file, are imported by the first
that is opened: until then no script waits for them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ..clock import Clock, system_clock
from ..errors import InvalidMessage, InvalidType, StateFileError, StoreUnavailable
from ..model import check_file, check_text, real_path, short
from ..presence import Presence
from .decisions import DecisionMethods
from .messages import MessageMethods
from .session import SessionMethods
from .settings import SettingMethods
from .whole import WholeMethods

if TYPE_CHECKING:
    from ..shared import Use
    from ..statefile.writer import Writer
    from ..store import Store

__all__ = ["StateManager"]

_LONGEST = 86_400.0
"""Seconds: no wait for another process is longer than a day."""

_opening = Presence()
"""Where a manager is being opened: what is imported for the first one cannot be imported by a signal handler, too."""


class StateManager(SessionMethods, DecisionMethods, MessageMethods, SettingMethods, WholeMethods):
    """Session, messages, settings and statistics of one account, durable and shared by all threads and processes.

    Every method is safe to call from any thread and any process, and what it changed is on the disk when it returns.
    One that is dropped without `close` loses nothing, and keeps nothing open for more than a moment.

    Args:
        state_file: ``x.json`` is a state file, and the truth is kept in ``x.db`` beside it; ``x.db`` has no state file.
        account: the name of the WhatsApp account; the state file shows the account ``default``.
        by: who is noted in the history for what this manager does; the script's name when not given.
        clock: gives the time in microseconds since 1970 UTC.
        busy_timeout: seconds after which waiting for another process ends with `StoreBusy`. All managers of one
            database in one process share its connections: the longest time that one of them gave holds.

    Raises:
        StoreError: the database cannot be opened; one of its kinds says why.
    """

    _file: Use[Writer] | None = None

    def __init__(
        self,
        state_file: str | os.PathLike[str] = "whatsapp_state.json",
        *,
        account: str = "default",
        by: str | None = None,
        clock: Clock = system_clock,
        busy_timeout: float = 30.0,
    ) -> None:
        path = _located(state_file)
        who = check_text(by, "by") if by else _script()
        name = _account_name(account)
        patience = _seconds(busy_timeout)
        _opening.refuse_handlers()
        try:
            with _opening:
                self._open(path, name, who, clock, patience)
        except (OSError, ImportError) as error:  # what is imported first now may not be readable, like any file
            raise StoreUnavailable(f"{path} cannot be opened ({error}): see to that, and try again") from error

    def __enter__(self) -> StateManager:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write the state file and let go of the database. The manager cannot be used afterwards."""
        store, self._open_store, self._writer = self._open_store, None, None
        if self._file is not None:
            self._file.release()
        if store is not None:
            store.close()

    def _open(self, path: Path, name: str, who: str, clock: Clock, busy_timeout: float) -> None:
        from ..store import open_store

        database = path if path.suffix.lower() == ".db" else path.with_suffix(".db")
        open_database = partial(open_store, database, clock=clock, busy_timeout=busy_timeout)
        store = open_database()
        try:
            super().__init__(path, store, name, who, clock)
            store.settle_left_by_scripts(self.account)
            if path != database and name == "default":
                self._open_file(open_database)
        except BaseException:
            self.close()
            store.close()  # an interrupt may have come before it was this manager's
            raise

    def _open_file(self, open_database: Callable[[], Store]) -> None:
        """Keep the state file from now on, together with all other managers of this process."""
        from ..statefile.writer import Writer, writers

        path, account, clock = self._path, self.account, self.clock
        self._file = writers.get(os.fspath(path), lambda: Writer(path, open_database(), account, clock))
        try:
            self._file.thing.open()
        except OSError as error:
            raise StateFileError(f"{path} cannot be read or kept ({error.strerror})") from error
        self._writer = self._file.thing


def _located(state_file: str | os.PathLike[str]) -> Path:
    """The real path of a state file or database, which stays the same when the process changes its folder."""
    path = check_file(state_file, "state_file")
    if "://" in os.fspath(state_file):
        raise StoreUnavailable(f"{state_file} is not supported: give the path of a state file or of a SQLite database")
    return Path(real_path(path))


def _script() -> str:
    """The name of the script that runs."""
    first = next(iter(getattr(sys, "argv", None) or ()), "")
    return Path(first or "script").name or "script"


def _seconds(busy_timeout: object) -> float:
    if not isinstance(busy_timeout, (int, float)) or isinstance(busy_timeout, bool):
        raise InvalidType(
            f"busy_timeout is a number of seconds; got {type(busy_timeout).__name__} {short(busy_timeout)}"
        )
    if not 0 <= busy_timeout <= _LONGEST:
        raise InvalidMessage(f"busy_timeout is from 0 to {_LONGEST:g} seconds; got {short(busy_timeout)}")
    return float(busy_timeout)


def _account_name(name: object) -> str:
    if not 0 < len(check_text(name, "the name of an account")) <= 200:
        raise InvalidMessage("the name of an account has from 1 to 200 characters")
    return str(name)
