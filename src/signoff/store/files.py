"""The verbs of the state file: what it shows, what is taken up from it, and the lists that others keep in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from ..clock import DAY
from ..digest import digest_of_parts
from ..lifecycle import MessageStatus
from ..model import MAX_RECORD_BYTES, Content, as_guide_dict, check_text, to_json
from ..session import Session
from ..settings import merge
from .base import Verbs, stamp
from .connection import Transaction
from .messages import PAGE, add_row, log
from .rows import Counter, Row
from .settings import apply_session, apply_settings, read_session, read_settings

T = TypeVar("T")

KEPT = 90 * DAY
"""How long it is known what a state file said: a script may hold one for so long and write it back."""
MOST_EDITS = 100
"""How many edits of files of one revision are kept apart; earlier ones are kept as one."""
_BATCH = 100
_CHANGED_LATER = ("status", "updated_at", "error", "message_id", "processed", "processedAt")


class KnownFile(NamedTuple):
    """The state file that was last written, for which revision, or taken up (None)."""

    digest: str
    written: int | None


class FileRevision(NamedTuple):
    """What the state file of one revision said of settings and session."""

    revision: int
    settings: dict[str, Any]
    session: dict[str, Any]


class FileEdit(NamedTuple):
    """What a state file brings that the store does not have.

    Attributes:
        settings: to be laid over what is set, nested.
        session: what changes in the session, or None.
        messages: those that may be unknown, in order of their lists.
        shown: ids and payloads of messages that are shown again if they were cleared.
        records: list, id and payload of the other components' entries.
        totals: the counters to begin with, or None to leave them.
    """

    settings: Mapping[str, Any] = MappingProxyType({})
    session: Callable[[Session], Session] | None = None
    messages: tuple[tuple[MessageStatus, Content], ...] = ()
    shown: tuple[Content, ...] = ()
    records: tuple[tuple[str, str, str], ...] = ()
    totals: dict[MessageStatus, tuple[int, int | None]] | None = None


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
        self.counters = {MessageStatus(row[0]): Counter(*row[1:]) for row in rows}

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


class Files(Verbs):
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
        return self.database.read(lambda tx: _known_file(tx, account))

    def note_file(self, account: int, revision: FileRevision, digest: str, known: KnownFile | None) -> bool:
        """Note what a state file is about to say; to be called before it is put in place.

        What files said that were replaced more than `KEPT` ago is dropped.

        False, and nothing is noted, when the file that is known is not ``known`` any more.
        """
        before = self.clock() - KEPT
        shown = json.dumps(revision.settings, ensure_ascii=False), json.dumps(revision.session, ensure_ascii=False)

        def work(tx: Transaction) -> bool:
            if _known_file(tx, account) != known:
                return False
            newest = tx.row("newest_file_revision", {"account": account})
            if newest is not None and newest[0] == revision.revision and newest[1:] != shown:
                _note_edit(tx, account, revision)  # the same moment in another zone: both files are about
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
        return _revision(found) if found else None

    def file_edits(self, account: int, revision: int) -> list[FileRevision]:
        """What was taken up from files of ``revision``."""
        rows = self.database.read(lambda tx: tx.rows("file_edits", {"account": account, "revision": revision}))
        return [_revision(row) for row in rows]

    def take_up(self, account: int, edit: FileEdit, *, by: str) -> None:
        """Apply what a file brings."""
        now = self.clock()
        self.database.write(lambda tx: _apply(tx, account, edit, now, by))

    def take_up_once(
        self,
        account: int,
        edit: FileEdit,
        digest: str,
        known: KnownFile | None,
        *,
        by: str,
        taken: FileRevision | None = None,
    ) -> bool:
        """Apply what the state file of this digest brings; it is the known one from then on.

        Args:
            taken: what of it is to be noted as taken up from files of its revision.
            known: the file that was known when the state file was read. If another is known by now, the state file was
                taken up or written since: False, and nothing changes, as an old edit must not undo a newer one.
        """
        now = self.clock()

        def work(tx: Transaction) -> bool:
            if _known_file(tx, account) != known:
                return False
            _apply(tx, account, edit, now, by)
            if taken and (taken.settings or taken.session):
                _note_edit(tx, account, taken)
            tx.change("set_known_file", {"account": account, "digest": digest, "written": None})
            return True

        return self.database.write(work)

    def has_begun(self, account: int) -> bool:
        """Whether anything was ever kept for this account."""
        return self.database.read(lambda tx: tx.row("begun", {"account": account})) is not None

    def begin(self, account: int, edit: FileEdit | None, digest: str | None, *, by: str) -> bool:
        """Begin an account, with the content of the file of this digest if there is one; False when it has begun."""
        now = self.clock()

        def work(tx: Transaction) -> bool:
            if tx.row("begun", {"account": account}):
                return False
            log(tx, account, now, "begun", by, "imported" if edit else None)
            if edit:
                _apply(tx, account, edit, now, by)
                tx.change("set_known_file", {"account": account, "digest": digest, "written": None})
            return True

        return self.database.write(work)

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
        return self.database.write(lambda tx: _add_record(tx, account, record, now, by))

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


def _apply(tx: Transaction, account: int, edit: FileEdit, now: int, by: str) -> None:
    apply_settings(
        tx,
        account,
        lambda stored: {key: merge(stored.get(key), value) for key, value in edit.settings.items()},
        now,
        by,
    )
    if edit.session:
        apply_session(tx, account, edit.session, now, by, "session", "from a file")
    for status, content in edit.messages:
        if tx.row("get", {"account": account, "id": content.id}) is None:
            add_row(tx, _from_file(account, status, content, now, by))
    for content in edit.shown:
        _show_again(tx, account, content, now, by)
    for record in edit.records:
        _add_record(tx, account, record, now, by)
    if edit.totals is not None:
        _begin_totals(tx, account, edit.totals, now, by)


def _from_file(account: int, status: MessageStatus, content: Content, now: int, by: str) -> dict[str, Any]:
    return stamp(
        now,
        by,
        account=account,
        id=content.id,
        status=status.value,
        origin="file",
        payload=content.payload,
        chat=content.chat,
        digest=content.digest,
        answers=None,
        author=None,
        note=None,
        draft_due=None,
    )


def _show_again(tx: Transaction, account: int, content: Content, now: int, by: str) -> None:
    found = tx.row("get", {"account": account, "id": content.id})
    if found is None:
        return
    row = Row(*found)
    if not row.visible and row.delivery != "open":
        shown = content if row.payload == "{}" else row
        params = stamp(now, by, seq=row.seq, payload=shown.payload, chat=shown.chat, digest=shown.digest)
        tx.change("show_again", params)


def _add_record(tx: Transaction, account: int, record: tuple[str, str, str], now: int, by: str) -> bool:
    name, record_id, payload = record
    if tx.row("add_record", {"account": account, "list": name, "id": record_id, "payload": payload}) is None:
        return False
    log(tx, account, now, f"added to {name}", by, record_id)
    return True


def _begin_totals(
    tx: Transaction, account: int, totals: dict[MessageStatus, tuple[int, int | None]], now: int, by: str
) -> None:
    for status, (total, last_at) in totals.items():
        tx.change("set_total", {"account": account, "status": status.value, "total": total, "last_at": last_at})
    kept = {status.value: list(pair) for status, pair in totals.items()}
    log(tx, account, now, "baseline", by, json.dumps({"why": "import", "totals": kept}))


def _drop_old(tx: Transaction, account: int, before: int) -> None:
    """Drop some of what files said that were replaced before a time; the last one written before it was not."""
    found = tx.row("old_file_revision", {"account": account, "before": before, "limit": _BATCH})
    if found is not None and found[0] is not None:
        for name in ("drop_file_revisions", "drop_file_edits"):
            tx.change(name, {"account": account, "revision": found[0]})


def _note_edit(tx: Transaction, account: int, taken: FileRevision) -> None:
    _fold(tx, tx.rows("file_edits", {"account": account, "revision": taken.revision}))
    said = [json.dumps(fields, ensure_ascii=False) for fields in (taken.settings, taken.session)]
    params = {"account": account, "revision": taken.revision, "settings": said[0], "session": said[1]}
    tx.change("add_file_edit", params)


def _fold(tx: Transaction, edits: list[tuple[Any, ...]]) -> None:
    """Make one of the two oldest edits of a revision when there are many: what was said last of a field counts."""
    if len(edits) < MOST_EDITS:
        return
    first, second = _revision(edits[0]), _revision(edits[1])
    settings, session = merge(first.settings, second.settings), merge(first.session, second.session)
    params = {"settings": json.dumps(settings, ensure_ascii=False), "session": json.dumps(session, ensure_ascii=False)}
    tx.change("change_file_edit", params | {"seq": edits[1][3]})
    tx.change("drop_file_edit", {"seq": edits[0][3]})


def _revision(row: tuple[Any, ...]) -> FileRevision:
    return FileRevision(row[0], json.loads(row[1]), json.loads(row[2]))


def _known_file(tx: Transaction, account: int) -> KnownFile | None:
    found = tx.row("known_file", {"account": account})
    return KnownFile(*found) if found else None


def _one(tx: Transaction, name: str, params: dict[str, Any]) -> Any:
    found = tx.row(name, params)
    assert found is not None
    return found[0]


def _text(row: tuple[Any, ...]) -> str:
    payload: str = row[0]
    if row[2] is None:
        return payload
    return json.dumps(as_guide_dict(json.loads(payload), row[1], row[2]), ensure_ascii=False)
