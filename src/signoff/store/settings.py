"""The verbs of settings, the session, and the revisions of the state file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import session as sessions
from ..session import Session
from .base import Verbs, stamp
from .sqlite import Transaction

Settings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileRevision:
    """What the state file of one revision said of settings and session."""

    revision: int
    settings: Settings
    session: dict[str, Any]


class SettingsVerbs(Verbs):
    """Settings, session and file revisions. Every change is an event."""

    def setting(self, account: int, key: str) -> Any:
        """The value of a setting that was set, else None."""
        found = self.database.read(lambda tx: tx.row("setting", {"account": account, "key": key}))
        return json.loads(found[0]) if found else None

    def setting_author(self, account: int, key: str) -> str | None:
        """Who set it; None when nobody did."""
        found = self.database.read(lambda tx: tx.row("setting", {"account": account, "key": key}))
        return found[1] if found else None

    def settings(self, account: int) -> Settings:
        """All settings that were set, by key."""
        return self.database.read(lambda tx: _settings(tx, account))

    def change_settings(self, account: int, change: Callable[[Settings], Settings], *, by: str) -> None:
        """Apply ``change`` to what was set: it gets all settings and returns those to set. Nobody's change is lost."""
        now = self.clock()

        def work(tx: Transaction) -> None:
            stored = _settings(tx, account)
            for key, value in change(stored).items():
                if key not in stored or stored[key] != value or type(stored[key]) is not type(value):
                    text = json.dumps(value, ensure_ascii=False)
                    tx.change("set_setting", stamp(now, by, account=account, key=key, value=text))

        self.database.write(work)

    def session(self, account: int) -> Session:
        """The session of an account."""
        return self.database.read(lambda tx: _session(tx, account))

    def change_session(
        self, account: int, change: Callable[[Session], Session], *, by: str, what: str, why: str | None = None
    ) -> Session:
        """Apply ``change`` to the session and return it. Nobody's change is lost; no change is no event."""
        now = self.clock()

        def work(tx: Transaction) -> Session:
            before = _session(tx, account)
            after = change(before)
            if after != before:
                text = json.dumps(sessions.to_record(after), ensure_ascii=False)
                if not tx.rows("session", {"account": account}):
                    empty = json.dumps(sessions.to_record(Session()))
                    tx.change("add_session", stamp(now, by, account=account, fields=empty))
                tx.change("set_session", stamp(now, by, account=account, fields=text, what=what) | {"why": why})
            return after

        return self.database.write(work)

    def last_event(self) -> int:
        """The number of the last event: the revision of the whole."""
        found = self.database.read(lambda tx: tx.row("last_event", {}))
        assert found is not None
        revision: int = found[0]
        return revision

    def store_id(self) -> str:
        """The random name of this store; a copy of the database has the same."""
        found = self.database.read(lambda tx: tx.row("store_id", {}))
        assert found is not None
        name: str = found[0]
        return name

    def add_file_revision(self, account: int, revision: FileRevision) -> None:
        """Note what a state file is about to say; to be called before it is replaced."""
        params = {
            "account": account,
            "revision": revision.revision,
            "settings": json.dumps(revision.settings, ensure_ascii=False),
            "session": json.dumps(revision.session, ensure_ascii=False),
        }
        self.database.write(lambda tx: tx.change("add_file_revision", params))

    def file_revision(self, account: int, revision: int | None) -> FileRevision | None:
        """What the state file said at ``revision``, or lately when it is None; None when that is unknown."""
        name = "newest_file_revision" if revision is None else "file_revision"
        found = self.database.read(lambda tx: tx.row(name, {"account": account, "revision": revision}))
        return FileRevision(found[0], json.loads(found[1]), json.loads(found[2])) if found else None


def _settings(tx: Transaction, account: int) -> Settings:
    return {key: json.loads(value) for key, value, _ in tx.rows("settings", {"account": account})}


def _session(tx: Transaction, account: int) -> Session:
    found = tx.row("session", {"account": account})
    return sessions.from_record(json.loads(found[0])) if found else Session()
