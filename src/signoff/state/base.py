"""What every group of methods of a `StateManager` stands on: an account in a store, and its state file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..clock import Clock
from ..errors import StoreUnavailable
from ..session import Session

if TYPE_CHECKING:
    from ..statefile.writer import Writer
    from ..store import Store


class Base:
    """One account of an open store.

    Args:
        path: the state file, or the database when there is none.
        account_name: the name of the account.
        by: who is noted in the history for what is done.
        clock: gives the time in microseconds since 1970 UTC.
    """

    _open_store: Store | None = None
    _writer: Writer | None = None

    def __init__(self, path: Path, store: Store, account_name: str, by: str, clock: Clock) -> None:
        self.folder = path.parent
        self._folder_name = os.fspath(path.parent)
        self.by = by
        self.clock = clock
        self.account_name = account_name
        self._path = path
        self._open_store = store
        self.account = store.account(account_name)

    @property
    def store(self) -> Store:
        """The verbs on which this manager stands.

        Raises:
            StoreUnavailable: the manager is closed.
        """
        if self._open_store is None:
            raise StoreUnavailable("this StateManager is closed: make another one")
        return self._open_store

    def _look(self) -> None:
        if self._writer is not None:
            self._writer.look()

    def _changed(self) -> None:
        if self._writer is not None:
            self._writer.changed()

    def _session(self) -> Session:
        self._look()
        return self.store.session(self.account)
