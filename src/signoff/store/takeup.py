"""The verbs that take up what a file brings: an edit, a backup, or the state to begin with.

However much that is, nobody waits for it: messages and records come in by small batches, each a transaction of its
own, and the last one brings all that says that the file was taken up. So what is stopped in the middle has taken in
some whole messages and changed nothing else, and the same again goes on with the rest: what is in already stays as
it is. A file of an everyday size is one batch, taken up in one transaction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from ..errors import SignoffError
from ..lifecycle import MessageStatus
from ..model import Content
from ..session import Session
from ..settings import merge
from .base import Verbs, stamp
from .connection import Transaction
from .messages import add_row, log
from .rows import Row, row_of
from .settings import apply_session, apply_settings

MOST_EDITS = 100
"""How many edits of files of one revision are kept apart; earlier ones are kept as one."""
AT_ONCE = 50
"""Messages and records that one transaction takes in: whoever writes meanwhile waits some 5 ms for it."""
BYTES_AT_ONCE = 1 << 18
"""Bytes of text after which no more are taken in by one transaction."""

Totals = Mapping[MessageStatus, tuple[int, int | None]]


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
        messages: those that may be unknown, in the order in which they are to come in; read once.
        again: whether messages that are known and were cleared are shown again.
        records: list, id and payload of the other components' entries; read once, after the messages.
        totals: the counters to begin with, or None to leave them.
    """

    settings: Mapping[str, Any] = MappingProxyType({})
    session: Callable[[Session], Session] | None = None
    messages: Iterable[tuple[MessageStatus, Content]] = ()
    again: bool = False
    records: Iterable[tuple[str, str, str]] = ()
    totals: Totals | None = None


class _Step(NamedTuple):
    """One message or record that is to be taken in, at a time, and how long its text is."""

    run: Callable[[Transaction, int], object]
    size: int


class TakeUp(Verbs):
    """Taking up what a file brings."""

    def take_up(self, account: int, edit: FileEdit, *, by: str) -> None:
        """Apply what a file brings.

        Raises:
            SignoffError: the store could not; it says if some of the messages were taken in by then.
        """
        self._take_in(account, edit, by, lambda *_: True)

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
                taken up or written since: False, and no more is changed, as an old edit must not undo a newer one.

        Raises:
            SignoffError: the store could not; it says if some of the messages were taken in by then.
        """

        def goes_on(tx: Transaction, _now: int, last: bool) -> bool:
            if known_file_of(tx, account) != known:
                return False
            if last:
                if taken and (taken.settings or taken.session):
                    note_edit(tx, account, taken)
                tx.change("set_known_file", {"account": account, "digest": digest, "written": None})
            return True

        return self._take_in(account, edit, by, goes_on)

    def has_begun(self, account: int) -> bool:
        """Whether anything was ever kept for this account; an import that was stopped in the middle is nothing yet."""
        return self.database.snapshot(lambda tx: _has_begun(tx, account))

    def begin(self, account: int, edit: FileEdit | None, digest: str | None, *, by: str) -> bool:
        """Begin an account, with the content of the file of this digest if there is one; False when it has begun.

        A file of many messages is imported by batches: others who open the same new state would run into their
        time limit behind one long transaction. The first batch notes that an import is under way and the last that
        the account has begun, so it is whole or goes on at the next opening. Until then nobody else uses the account:
        whoever opens it has the same file to import.

        Raises:
            SignoffError: the store could not; it says if some of the messages were taken in by then.
        """

        def goes_on(tx: Transaction, now: int, last: bool) -> bool:
            if _has_begun(tx, account):
                return False
            if not last and tx.row("first_event", {"account": account}) is None:
                log(tx, account, now, "importing", by, None)
            if last:
                log(tx, account, now, "begun", by, "imported" if edit else None)
                if edit:
                    tx.change("set_known_file", {"account": account, "digest": digest, "written": None})
            return True

        return self._take_in(account, edit or FileEdit(), by, goes_on)

    def _take_in(
        self, account: int, edit: FileEdit, by: str, goes_on: Callable[[Transaction, int, bool], bool]
    ) -> bool:
        """Take in batch after batch, and with the last one all the rest; False when that was given up.

        Args:
            goes_on: asked at the beginning of each transaction, with its time and whether it is the last, whether to
                go on; what it writes belongs to the transaction.
        """
        taken = 0
        batches = _batches(_steps(account, edit, by))
        try:
            batch = next(batches)
            for following in batches:
                if not self._write(batch, goes_on):
                    return False
                taken += len(batch)
                batch = following
            return self._write(batch, goes_on, partial(_apply_rest, account=account, edit=edit, by=by))
        except SignoffError as error:
            if not taken:
                raise
            raise type(error)(_half_done(taken, error)) from error

    def _write(
        self,
        batch: list[_Step],
        goes_on: Callable[[Transaction, int, bool], bool],
        rest: Callable[[Transaction, int], None] | None = None,
    ) -> bool:
        now = self.clock()

        def work(tx: Transaction) -> bool:
            if not goes_on(tx, now, rest is not None):
                return False
            for step in batch:
                step.run(tx, now)
            if rest is not None:
                rest(tx, now)
            return True

        return self.database.write(work)


def known_file_of(tx: Transaction, account: int) -> KnownFile | None:
    """The state file that was last written or taken up."""
    found = tx.row("known_file", {"account": account})
    return KnownFile(*found) if found else None


def revision_of(row: tuple[Any, ...]) -> FileRevision:
    """A revision as its row says it."""
    return FileRevision(row[0], json.loads(row[1]), json.loads(row[2]))


def add_record(tx: Transaction, account: int, record: tuple[str, str, str], now: int, by: str) -> bool:
    """Add list, id and payload of an entry of another component; False when it is known."""
    name, record_id, payload = record
    if tx.row("add_record", {"account": account, "list": name, "id": record_id, "payload": payload}) is None:
        return False
    log(tx, account, now, f"added to {name}", by, record_id)
    return True


def _steps(account: int, edit: FileEdit, by: str) -> Iterator[_Step]:
    for message in edit.messages:
        yield _Step(partial(_take_message, account, message, edit.again, by), len(message[1].payload))
    for record in edit.records:
        yield _Step(partial(_take_record, account, record, by), len(record[2]))


def _batches(steps: Iterable[_Step]) -> Iterator[list[_Step]]:
    """What one transaction takes in each; one at least, which may be empty."""
    batch: list[_Step] = []
    size = 0
    for step in steps:
        if batch and (len(batch) == AT_ONCE or size + step.size > BYTES_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(step)
        size += step.size
    yield batch


def _take_message(
    account: int, message: tuple[MessageStatus, Content], again: bool, by: str, tx: Transaction, now: int
) -> None:
    """Add a message that is unknown, or show one again that was cleared."""
    status, content = message
    found = tx.row("get", {"account": account, "id": content.id})
    if found is None:
        add_row(tx, _from_file(account, status, content, now, by))
    elif again:
        _show_again(tx, row_of(found, tx.file), content, now, by)


def _take_record(account: int, record: tuple[str, str, str], by: str, tx: Transaction, now: int) -> None:
    add_record(tx, account, record, now, by)


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


def _show_again(tx: Transaction, row: Row, content: Content, now: int, by: str) -> None:
    """Show a message that was cleared, as it stands now; the statement leaves one that is being sent as it is."""
    if not row.visible:
        shown = content if row.payload == "{}" else row
        params = stamp(now, by, seq=row.seq, payload=shown.payload, chat=shown.chat, digest=shown.digest)
        tx.change("show_again", params)


def _apply_rest(tx: Transaction, now: int, account: int, edit: FileEdit, by: str) -> None:
    """Apply what a file brings besides messages and records."""
    apply_settings(
        tx,
        account,
        lambda stored: {key: merge(stored.get(key), value) for key, value in edit.settings.items()},
        now,
        by,
    )
    if edit.session:
        apply_session(tx, account, edit.session, now, by, "session", "from a file")
    if edit.totals is not None:
        _begin_totals(tx, account, edit.totals, now, by)


def _begin_totals(tx: Transaction, account: int, totals: Totals, now: int, by: str) -> None:
    """Begin to count at these totals; what was counted while the rest was taken in comes on top."""
    counted = {row[0]: (row[1], row[3]) for row in tx.rows("counters", {"account": account})}
    kept = {}
    for status, (total, last_at) in totals.items():
        since, last_since = counted[status.value]
        kept[status.value] = [total + since, last_at if last_since is None else last_since]
    for name, (total, last_at) in kept.items():
        tx.change("set_total", {"account": account, "status": name, "total": total, "last_at": last_at})
    log(tx, account, now, "baseline", by, json.dumps({"why": "import", "totals": kept}))


def _has_begun(tx: Transaction, account: int) -> bool:
    first = tx.row("first_event", {"account": account})
    if first == ("importing",):
        return known_file_of(tx, account) is not None
    return first is not None or tx.row("any_message", {"account": account}) is not None


def _half_done(taken: int, error: SignoffError) -> str:
    rest = re.sub(r"\bnothing was\b", "nothing more was", str(error))
    return f"{taken:,} messages or entries were taken in before this, and the same again goes on with the rest: {rest}"


def note_edit(tx: Transaction, account: int, taken: FileRevision) -> None:
    """Note what was taken up from files of a revision: whoever goes on with such a file says it again."""
    _fold(tx, tx.rows("file_edits", {"account": account, "revision": taken.revision}))
    said = {"settings": json.dumps(taken.settings), "session": json.dumps(taken.session)}
    tx.change("add_file_edit", said | {"account": account, "revision": taken.revision})


def _fold(tx: Transaction, edits: list[tuple[Any, ...]]) -> None:
    """Make one of the two oldest edits of a revision when there are many: what was said last of a field counts."""
    if len(edits) < MOST_EDITS:
        return
    first, second = revision_of(edits[0]), revision_of(edits[1])
    settings, session = merge(first.settings, second.settings), merge(first.session, second.session)
    said = {"settings": json.dumps(settings), "session": json.dumps(session)}
    tx.change("change_file_edit", said | {"seq": edits[1][3]})
    tx.change("drop_file_edit", {"seq": edits[0][3]})
