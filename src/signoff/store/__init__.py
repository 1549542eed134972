"""The store: every message, decision, attempt and setting, durable and shared by all threads and processes.

`open_store` gives the `Store` of a database. Its verbs are grouped by what they are about:

* `messages`: adding, moving, listing, clearing.
* `intake`: what a gateway brings.
* `decisions`: drafts, approvals, rejections, edits.
* `delivery`: claims, attempts, outcomes.
* `settings`: settings and the session.
* `files`: what the state file shows, and what is taken up from it.
* `reports`: looking back, over events, a contact or a time.
* `upkeep`: checking and backing up.

Every verb that changes something is durable when it returns and is logged as an event. A verb is named SQL
(``sql/*.sql``) inside one transaction; triggers write the events and the counters, and guards in the schema refuse what
must never be. Every time comes from the clock that the store was opened with.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..clock import Clock, system_clock
from ..errors import StoreUnavailable
from ..shared import Shared, Use
from .decisions import Decisions
from .delivery import Delivery
from .files import Files
from .intake import Intake
from .messages import Messages
from .reports import Reports
from .settings import SettingsVerbs
from .sqlite import SQLite
from .upkeep import Upkeep

__all__ = ["Store", "open_store"]


class Store(Messages, Intake, Decisions, Delivery, SettingsVerbs, Files, Reports, Upkeep):
    """All verbs over one database. Safe to use from any number of threads and processes, and across forks."""

    def __init__(self, use: Use[SQLite], clock: Clock) -> None:
        super().__init__(use.thing, clock)
        self._use = use

    def close(self) -> None:
        """Let go of the database; the last that closes it closes its connections. Use after that is an error.

        One that is dropped without it lets go a moment later.
        """
        self._use.release()


_shared: Shared[SQLite] = Shared(SQLite.close, fork_order=3, interrupted=SQLite.is_interrupted)


def open_store(url: str | os.PathLike[str], *, clock: Clock = system_clock, busy_timeout: float = 30.0) -> Store:
    """Open the store in the SQLite file ``url``; it is made when it does not exist.

    Args:
        clock: where every time comes from.
        busy_timeout: seconds after which waiting for another process ends with `StoreBusy`. All who have one database
            open in this process share its connections: the longest time that one of them gave holds.

    Raises:
        StoreError: it cannot be opened; one of its kinds says why.
    """
    text = os.fspath(url)
    if "://" in text:
        raise StoreUnavailable(f"{text.split('://')[0]}:// is not supported: give the path of a SQLite file")
    path = Path(os.path.realpath(text))

    def make() -> SQLite:
        return SQLite(path, clock, busy_timeout)

    return Store(_shared.get(os.fspath(path), make, lambda there: there.wait_at_least(busy_timeout)), clock)
