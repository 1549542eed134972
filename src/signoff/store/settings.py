"""The verbs of settings and of the session."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .. import session as sessions
from ..errors import StoreCorrupt
from ..session import Session
from .base import Verbs, stamp
from .connection import Transaction
from .rows import damaged

Settings = dict[str, Any]
_MISSING = object()


class SettingsVerbs(Verbs):
    """Settings and session. Every change is an event."""

    def setting(self, account: int, key: str) -> Any:
        """The value of a setting that was set, else None."""

        def work(tx: Transaction) -> Any:
            found = tx.row("setting", {"account": account, "key": key})
            return json.loads(found[0]) if found else None

        return self.database.read(work)

    def setting_author(self, account: int, key: str) -> str | None:
        """Who set it; None when nobody did."""
        found = self.database.read(lambda tx: tx.row("setting", {"account": account, "key": key}))
        return found[1] if found else None

    def setting_since(self, account: int, key: str) -> int | None:
        """When it was set last, in microseconds since 1970 UTC; None when nobody did."""
        found = self.database.read(lambda tx: tx.row("setting", {"account": account, "key": key}))
        return found[2] if found else None

    def settings(self, account: int) -> Settings:
        """All settings that were set, by key."""
        return self.database.read(lambda tx: read_settings(tx, account))

    def change_settings(self, account: int, change: Callable[[Settings], Settings], *, by: str) -> None:
        """Apply ``change`` to what was set: it gets all settings and returns those to set. Nobody's change is lost."""
        now = self.clock()
        self.database.write(lambda tx: apply_settings(tx, account, change, now, by))

    def unset_setting(self, account: int, key: str, field: str | None = None, *, by: str) -> bool:
        """Remove a setting, or one field of it, so that the default holds again; False when it was not set.

        A setting whose last field goes is removed with it.
        """
        now = self.clock()
        return self.database.write(lambda tx: apply_unset(tx, account, key, field, now, by))

    def session(self, account: int) -> Session:
        """The session of an account."""
        return self.database.read(lambda tx: read_session(tx, account))

    def change_session(
        self, account: int, change: Callable[[Session], Session], *, by: str, what: str, why: str | None = None
    ) -> Session:
        """Apply ``change`` to the session and return it. Nobody's change is lost; no change is no event."""
        now = self.clock()
        return self.database.write(lambda tx: apply_session(tx, account, change, now, by, what, why))


def read_settings(tx: Transaction, account: int) -> Settings:
    """All settings that were set, by key."""
    return {key: json.loads(value) for key, value, _ in tx.rows("settings", {"account": account})}


def read_session(tx: Transaction, account: int) -> Session:
    """The session of an account."""
    found = tx.row("session", {"account": account})
    try:
        return _session_of(found[0]) if found else Session()
    except TypeError as error:  # a field that no session has
        raise StoreCorrupt(damaged(tx.file, error)) from error


@lru_cache(64)
def _session_of(fields: str) -> Session:
    return sessions.from_record(json.loads(fields))


def apply_settings(tx: Transaction, account: int, change: Callable[[Settings], Settings], now: int, by: str) -> None:
    """Set those of ``change``'s settings that differ from what is stored."""
    stored = read_settings(tx, account)
    for key, value in change(stored).items():
        text = json.dumps(value, ensure_ascii=False)
        if key not in stored or json.dumps(stored[key], ensure_ascii=False) != text:
            tx.change("set_setting", stamp(now, by, account=account, key=key, value=text))


def apply_unset(tx: Transaction, account: int, key: str, field: str | None, now: int, by: str) -> bool:
    """Remove a setting or one field of it; whether it was set."""
    stored = read_settings(tx, account)
    if key not in stored:
        return False
    left: Settings = {}
    if field is not None:
        left = dict(stored[key]) if isinstance(stored[key], dict) else {}
        if left.pop(field, _MISSING) is _MISSING:
            return False
    if left:
        apply_settings(tx, account, lambda _: {key: left}, now, by)
    else:
        tx.change_one("unset_setting", stamp(now, by, account=account, key=key))
        tx.change_one("remove_setting", {"account": account, "key": key})
    return True


def apply_session(
    tx: Transaction,
    account: int,
    change: Callable[[Session], Session],
    now: int,
    by: str,
    what: str,
    why: str | None,
) -> Session:
    """Apply ``change`` to the session, if it changes anything, and return it."""
    before = read_session(tx, account)
    after = change(before)
    if after != before:
        text = json.dumps(sessions.to_record(after))
        if not tx.rows("session", {"account": account}):
            tx.change("add_session", stamp(now, by, account=account, fields=text))
        tx.change("set_session", stamp(now, by, account=account, fields=text, what=what) | {"why": why})
    return after
