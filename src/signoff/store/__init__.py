"""The store: every message, decision, attempt and setting, durable and shared by all threads and processes.

`open_store` gives the `Store` of a database. Its verbs are grouped by what they are about:

* `messages`: adding, moving, listing, clearing.
* `intake`: what a gateway brings.
* `decisions`: drafts, approvals, rejections, edits.
* `delivery`: claims, attempts, outcomes.
* `settings`: settings, the session, the revisions of the state file.
* `upkeep`: checking and backing up.

Every verb that changes something is durable when it returns and is logged as an event. A verb is named SQL
(``sql/*.sql``) inside one transaction; triggers write the events and the counters, and guards in the schema refuse what
must never be. Every time comes from the clock that the store was opened with.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from ..clock import Clock, system_clock
from ..errors import StoreUnavailable
from . import forkgate
from .decisions import Decisions
from .delivery import Delivery
from .intake import Intake
from .messages import Messages
from .settings import SettingsVerbs
from .sqlite import SQLite
from .upkeep import Upkeep

__all__ = ["Store", "open_store"]


class Store(Messages, Intake, Decisions, Delivery, SettingsVerbs, Upkeep):
    """All verbs over one database. Safe to use from any number of threads and processes, and across forks."""

    def close(self) -> None:
        """Let go of the database; the last that closes it closes its connections. Use after that is an error."""
        _shared.release(self.database)


class _Shared:
    """The databases that this process has open: all stores of one file share one."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._open: dict[str, tuple[SQLite, int]] = {}
        forkgate.register(self)

    def database(self, path: Path, clock: Clock, busy_timeout: float) -> SQLite:
        key = os.path.realpath(path)
        with self._mutex:
            database, users = self._open.get(key, (None, 0))
            if database is None:
                database = SQLite(Path(key), clock, busy_timeout)
            self._open[key] = (database, users + 1)
            return database

    def release(self, database: SQLite) -> None:
        key = os.fspath(database.path)
        with self._mutex:
            _, users = self._open.get(key, (database, 0))
            if users > 1:
                self._open[key] = (database, users - 1)
            elif users == 1:
                del self._open[key]
                database.close()

    def before_fork(self) -> None:
        self._mutex.acquire()

    def after_fork_in_parent(self) -> None:
        self._mutex.release()

    def after_fork_in_child(self) -> None:
        self._mutex.release()


_shared = _Shared()


def open_store(url: str | os.PathLike[str], *, clock: Clock = system_clock, busy_timeout: float = 30.0) -> Store:
    """Open the store in the SQLite file ``url``; it is made when it does not exist.

    Args:
        clock: where every time comes from.
        busy_timeout: seconds after which waiting for another process ends with `StoreBusy`.

    Raises:
        StoreError: it cannot be opened; one of its kinds says why.
    """
    text = os.fspath(url)
    if "://" in text:
        raise StoreUnavailable(f"{text.split('://')[0]}:// is not supported: give the path of a SQLite file")
    return Store(_shared.database(Path(text), clock, busy_timeout), clock)
