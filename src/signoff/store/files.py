"""The verbs of the state file: what it shows, and the lists that others keep in it. (`takeup`: what it brings.)"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ..clock import DAY
from ..digest import digest_of_parts
from ..lifecycle import MessageStatus
from ..model import MAX_RECORD_BYTES, as_guide_dict, check_text, to_json
from .connection import Transaction
from .messages import PAGE, log
from .rows import counters_of
from .settings import read_session, read_settings
from .takeup import FileRevision, KnownFile, TakeUp, add_record, known_file_of, note_edit, revision_of

T = TypeVar("T")

KEPT = 90 * DAY
"""How long it is known what a state file said: a script may hold one for so long and write it back."""
_BATCH = 100
_CHANGED_LATER = ("status", "updated_at", "error", "message_id", "processed", "processedAt")


class View:
    """One moment of an account, while it is being read."""

    def __init__(self, tx: Transaction, account: int) -> None:
        self._tx, self._account = tx, account
        self.revision: int = _one(tx, "last_event", {})
        self.store_id: str = _one(tx, "store_id", {})
        self.account_name: str = _one(tx, "account_name", {"account": account})
        self.settings = read_settings(tx, account)
        self.session = read_session(tx, account)
        rows = tx.rows("counters", {"account": account})
        self.counters = counters_of(rows, tx.file)

    def time_of(self, event: int) -> int | None:
        """When the event with this number happened, or None."""
        found = self._tx.row("event_time", {"seq": event})
        return found[0] if found else None

    def messages(self, status: MessageStatus, limit: int | None) -> Iterator[str]:
        """The newest ``limit`` messages of a list (all, when None) as JSON texts, oldest first."""
        params: dict[str, Any] = {"account": self._account, "status": status.value}
        if limit is not None:
            yield from (_text(row) for row in reversed(self._tx.rows("newest", params | {"limit": limit})))
            return
        after = 0
        while rows := self._tx.rows("oldest", params | {"after": after, "limit": PAGE}):
            yield from map(_text, rows)
            after = rows[-1][3]

    def records(self, name: str, limit: int | None) -> Iterator[str]:
        """The newest ``limit`` entries of another component's list (all, when None) as JSON texts, oldest first."""
        params: dict[str, Any] = {"account": self._account, "list": name}
        if limit is not None:
            yield from (row[0] for row in reversed(self._tx.rows("newest_records", params | {"limit": limit})))
            return
        after = 0
        while rows := self._tx.rows("oldest_records", params | {"after": after, "limit": PAGE}):
            yield from (row[0] for row in rows)
            after = rows[-1][1]


class Files(TakeUp):
    """The state file's side of the store."""

    def view(self, account: int, read: Callable[[View], T]) -> T:
        """Let ``read`` look at one moment of an account."""
        return self.database.snapshot(lambda tx: read(View(tx, account)))

    def last_event(self) -> int:
        """The number of the last event: the revision of the whole."""
        return self.database.read(lambda tx: int(_one(tx, "last_event", {})))

    def store_id(self) -> str:
        """The random name of this store; a copy of the database has the same."""
        return self.database.read(lambda tx: str(_one(tx, "store_id", {})))

    def account_name(self, account: int) -> str:
        """The name of an account."""
        return self.database.read(lambda tx: str(_one(tx, "account_name", {"account": account})))

    def known_file(self, account: int) -> KnownFile | None:
        """The state file that was last written or taken up."""
        return self.database.read(lambda tx: known_file_of(tx, account))

    def note_file(self, account: int, revision: FileRevision, digest: str, known: KnownFile | None) -> bool:
        """Note what a state file is about to say; to be called before it is put in place.

        What files said that were replaced more than `KEPT` ago is dropped.

        False, and nothing is noted, when the file that is known is not ``known`` any more.
        """
        before = self.clock() - KEPT
        shown = json.dumps(revision.settings), json.dumps(revision.session)

        def work(tx: Transaction) -> bool:
            if known_file_of(tx, account) != known:
                return False
            newest = tx.row("newest_file_revision", {"account": account})
            if newest is not None and newest[0] == revision.revision and newest[1:] != shown:
                note_edit(tx, account, revision)  # the same moment in another zone: both files are about
            elif newest is None or newest[1:] != shown:
                params = {"account": account, "revision": revision.revision, "settings": shown[0], "session": shown[1]}
                tx.change("add_file_revision", params)
                _drop_old(tx, account, before)
            tx.change("set_known_file", {"account": account, "digest": digest, "written": revision.revision})
            return True

        return self.database.write(work)

    def file_revision(self, account: int, revision: int | None) -> FileRevision | None:
        """What the state file said at ``revision``, or lately when it is None; None when that is unknown by now."""
        name = "newest_file_revision" if revision is None else "file_revision"
        found = self.database.read(lambda tx: tx.row(name, {"account": account, "revision": revision}))
        return revision_of(found) if found else None

    def file_edits(self, account: int, revision: int) -> list[FileRevision]:
        """What was taken up from files of ``revision``."""
        rows = self.database.read(lambda tx: tx.rows("file_edits", {"account": account, "revision": revision}))
        return [revision_of(row) for row in rows]

    def arrived_last_in(self, account: int, message_id: str, status: MessageStatus) -> int | None:
        """The number of the event that last brought a message into a list, even if it has left it; else None."""

        def work(tx: Transaction) -> int | None:
            message = tx.row("get", {"account": account, "id": message_id})
            found = message and tx.row("arrived_last_in", {"seq": message[0], "status": status.value})
            return found[0] if found else None

        return self.database.read(work)

    def add_record(self, account: int, name: str, entry: dict[str, Any], *, by: str) -> bool:
        """Add an entry to another component's list; False when its id is known.

        Raises:
            InvalidMessage: it cannot be stored.
        """
        now = self.clock()
        payload = to_json(entry, f"an entry of {name}", MAX_RECORD_BYTES)
        record = (name, record_id(name, entry), payload)
        return self.database.write(lambda tx: add_record(tx, account, record, now, by))

    def change_record(self, account: int, name: str, record_id: str, changes: dict[str, Any], *, by: str) -> bool:
        """Change fields of an entry; False when there is none.

        Raises:
            InvalidMessage: the id is none, or the entry could not be stored any more.
        """
        now = self.clock()
        check_text(record_id, f"the id of an entry of {name}")

        def work(tx: Transaction) -> bool:
            params = {"account": account, "list": name, "id": record_id}
            found = tx.row("record", params)
            if found is None:
                return False
            entry = {**json.loads(found[0]), **changes}
            payload = to_json(entry, f"an entry of {name}", MAX_RECORD_BYTES)
            tx.change("change_record", params | {"payload": payload})
            log(tx, account, now, f"changed in {name}", by, record_id)
            return True

        return self.database.write(work)

    def records(self, account: int, name: str, limit: int | None = None) -> list[dict[str, Any]]:
        """The newest ``limit`` entries of another component's list (all, when None), oldest first."""
        params = {"account": account, "list": name, "limit": -1 if limit is None else limit}
        rows = self.database.read(lambda tx: tx.rows("newest_records", params))
        entries: list[dict[str, Any]] = json.loads("[" + ",".join(row[0] for row in reversed(rows)) + "]")
        return entries


def record_id(name: str, entry: Mapping[str, Any]) -> str:
    """The id of an entry of another component: its own, or one derived from what it said at the beginning."""
    own = entry.get("id")
    if isinstance(own, str) and own:
        return own
    return derived_id(name, {key: value for key, value in entry.items() if key not in _CHANGED_LATER})


def derived_id(name: str, entry: Mapping[str, Any]) -> str:
    """An id for something without one: the same for the same content."""
    text = json.dumps([name, entry], sort_keys=True, ensure_ascii=True)
    return f"file-{digest_of_parts(text)[:24]}"


def _drop_old(tx: Transaction, account: int, before: int) -> None:
    """Drop some of what files said that were replaced before a time; the last one written before it was not."""
    revision = _one(tx, "old_file_revision", {"account": account, "before": before, "limit": _BATCH})
    if revision is not None:
        for name in ("drop_file_revisions", "drop_file_edits"):
            tx.change(name, {"account": account, "revision": revision})


def _one(tx: Transaction, name: str, params: dict[str, Any]) -> Any:
    found = tx.row(name, params)
    assert found is not None
    return found[0]


def _text(row: tuple[Any, ...]) -> str:
    payload: str = row[0]
    if row[2] is None:
        return payload
    return json.dumps(as_guide_dict(json.loads(payload), row[1], row[2]), ensure_ascii=False)
