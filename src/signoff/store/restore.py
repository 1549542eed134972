"""Putting a backup in the place of a database, so that nothing that was sent can be sent again by it.

What is put in place is the backup, and what the replaced database knows beyond it: messages that came since, and all
that is known of sending. Approvals that were not sent are ended. Where the replaced database cannot tell what was sent
since the backup, because it is missing, damaged or another one, the outbox is held until a person has looked.

Everything is prepared and verified in a file beside the database; one rename puts it in place. Killed at any moment
there is the old database or the new one, whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby, takewhile, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from ..clock import Clock, system_clock
from ..errors import SignoffError, StateFileError, StoreBusy
from . import migrate, network
from .base import addresses, fetch_seq, stamp
from .connection import Row, Transaction, translate
from .durable import replace, sync
from .filelock import FileLock
from .forgetting import forget_if_asked, forget_message
from .messages import log
from .upkeep import verify_copy

BY = "restore"
_WHY = "for a person: the database was restored"
_SIDE_FILES = ("-wal", "-shm", "-journal")


class Restored(NamedTuple):
    """What came of a restore.

    Attributes:
        kept: where the replaced database is; None when there was none.
        taken_over: how many messages came, or turned out otherwise, since the backup.
        ended: how many approvals wait for a decision again.
        hold: why nothing is sent until a person says so; None when it goes on.
    """

    kept: Path | None
    taken_over: int
    ended: int
    hold: str | None


def restore_database(
    path: Path,
    backup: Path,
    kept: Path,
    *,
    hold: str,
    shown: str | None = None,
    clock: Clock = system_clock,
    busy_timeout: float = 30.0,
) -> Restored:
    """Put ``backup`` in the place of the database ``path``; what stood there is kept as ``kept``.

    Args:
        hold: the setting that holds the outbox.
        shown: the digest of the state file that stands beside the database: it shows the replaced state, and nothing
            of it is to be taken up as an edit.

    Raises:
        StateFileError: the backup is not good; nothing was changed.
        StoreBusy: another process has the database open; nothing was changed.
        StoreError: it could not be read or written; nothing was changed.
    """
    path = Path(os.path.realpath(path))
    network.refuse(path)
    _check_backup(backup, path)
    partial = path.with_name(f".{path.name}.restoring")
    with _translated(path), _locked(path, busy_timeout):
        try:
            _copy(backup, partial, clock)
            doubt = _keep(path, kept, clock)
            with closing(apsw.Connection(os.fspath(partial), flags=_OPEN)) as connection:
                restored = _Restore(connection, kept, doubt, clock()).run(hold, shown)
            _check_good(partial, backup)
            sync(partial)
            replace(partial, path)
        finally:
            for ending in ("", *_SIDE_FILES):
                partial.with_name(partial.name + ending).unlink(missing_ok=True)
    return restored


_OPEN = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
_NONE = "there was no database in its place"


def _check_backup(backup: Path, path: Path) -> None:
    if backup.exists() and path.exists() and os.path.samefile(backup, path):
        raise StateFileError(f"{backup} is the database itself: name a backup")
    _check_good(backup, backup)


def _check_good(path: Path, backup: Path) -> None:
    try:
        with closing(apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            migrate.pending(connection, backup)
        problems = verify_copy(path)
    except apsw.Error as error:
        problems = [str(error)]
    if problems:
        raise StateFileError(f"{backup} is no good backup ({problems[0]}); nothing was changed")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise translate(error, path) from error
    except OSError as error:
        raise StateFileError(
            f"{path} could not be restored ({error.strerror or error}); it is as it was: free space, or look at the "
            "permissions of its folder"
        ) from error


@contextmanager
def _locked(path: Path, busy_timeout: float) -> Iterator[None]:
    """The writers' lock: no process of ours opens or changes the database meanwhile."""
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        if not lock.acquire(busy_timeout):
            raise StoreBusy(f"{path} has been held by {lock.holder()} for {busy_timeout:g} s; nothing was changed")
        yield
    finally:
        lock.close()


def _copy(source: Path, target: Path, clock: Clock) -> None:
    """A copy of a database that is at rest, private, of the present schema."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with (
        closing(apsw.Connection(os.fspath(source), flags=apsw.SQLITE_OPEN_READONLY)) as origin,
        closing(apsw.Connection(os.fspath(target), flags=apsw.SQLITE_OPEN_READWRITE)) as copy,
    ):
        with copy.backup("main", origin, "main") as pages:
            pages.step(-1)
        copy.pragma("journal_mode", "DELETE")
        migrate.migrate(copy, source, clock, lambda: None)


def _keep(path: Path, kept: Path, clock: Clock) -> str | None:
    """Keep the present database; why it cannot tell what was sent, or None when it can.

    Raises:
        StoreBusy: another process has it open.
    """
    if not path.exists():
        _set_aside(path, kept)
        return _NONE
    try:
        close_for_all(path)
        _copy(path, kept, clock)
        problems = verify_copy(kept)
    except (apsw.CorruptError, apsw.NotADBError, SignoffError) as error:
        if isinstance(error, StoreBusy):
            raise
        problems = [str(error)]
    if not problems:
        sync(kept)
        return None
    shutil.copyfile(path, kept)
    os.chmod(kept, 0o600)
    sync(kept)
    _set_aside(path, kept)
    return f"the database in its place is damaged ({problems[0]})"


def close_for_all(path: Path) -> None:
    """Bring everything into the one file; only possible when no other process has it open.

    Raises:
        StoreBusy: another process has it open.
    """
    with closing(apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READWRITE)) as connection:
        connection.set_busy_timeout(1000)
        try:
            mode = connection.pragma("journal_mode", "DELETE")
        except (apsw.BusyError, apsw.LockedError):
            mode = None
    if mode != "delete":
        raise StoreBusy(
            f"another process has {path} open; nothing was changed: stop signoff run and every script that uses it, "
            "then try again"
        )


def _set_aside(path: Path, kept: Path) -> None:
    """A journal that nobody can play back any more must not lie beside another database."""
    for ending in _SIDE_FILES:
        journal = path.with_name(path.name + ending)
        if journal.exists():
            os.replace(journal, kept.with_name(kept.name + ending))


class _Restore:
    """Makes the copy of a backup what it is to be, in one transaction.

    Args:
        connection: to the copy.
        replaced: the database that it replaces.
        doubt: why that cannot tell what was sent; then nothing of it is read.
    """

    def __init__(self, connection: apsw.Connection, replaced: Path, doubt: str | None, now: int) -> None:
        self._connection = connection
        self._tx = Transaction(connection)
        self._replaced = replaced
        self._doubt = doubt
        self._now = now
        self._ended: set[int] = set()

    def run(self, hold: str, shown: str | None) -> Restored:
        readable = self._doubt is None
        if readable:
            self._tx.rows("attach_replaced", {"uri": f"{self._replaced.absolute().as_uri()}?mode=ro"})
        with self._connection:
            why = self._why_held()
            self._end_approvals()
            forgotten = self._tx.rows("forgotten_since") if readable else []
            taken = self._take_over() if readable else 0
            self._end_approvals()
            self._settle_in_flight()
            self._forget(forgotten)
            self._tx.change("leave_to_people", stamp(self._now, BY) | {"why": _WHY})
            self._finish(hold, why, shown)
        kept = self._replaced if self._doubt != _NONE else None
        return Restored(kept, taken, len(self._ended), why)

    def _why_held(self) -> str | None:
        """Why it is not known what was sent since the backup; None when it is."""
        why = self._doubt
        if why is None:
            own, last = self._one("store_id"), self._one("last_event")
            theirs = self._tx.row("replaced_store")
            if theirs is None or theirs[0] != own:
                why = "the database in its place was another one"
            elif theirs[1] < last:
                why = "the database in its place was older than the backup"
        return why and f"a backup was restored, and {why}: nobody knows what was sent since the backup"

    def _end_approvals(self) -> None:
        """Nothing that was approved and not sent stays approved."""
        for (seq,) in self._tx.rows("unsent_approvals"):
            row = fetch_seq(self._tx, seq)
            params = self._stamp(seq=seq, status=row.status, version=row.draft_version, target="pending_approval")
            params |= {"what": "restored", "reason": "restored"}
            self._tx.change_one("decide", params)
            self._ended.add(seq)

    def _take_over(self) -> int:
        self._take_accounts()
        self._take_contacts()
        self._tx.change("take_records")
        found = self._tx.rows("to_take_over")
        known = {ours for _, _, _, ours, *_ in found}
        for _, message_id, account, _, status, chat, delivery in found:
            if chat is not None and (status in ("incoming", "sent") or delivery is not None):
                self._make_stale(account, chat, f"newer message {message_id}", known)
        self._tx.change("drafted_since", stamp(self._now, BY) | {"why": "since the backup"})
        with self._without("attempts_guard"):
            for theirs, _, account, ours, *_ in found:
                self._take(theirs, account, ours)
        for name in ("take_to_forget", "forget_records_again"):
            self._tx.change(name)
        return len(found)

    def _make_stale(self, account: int, chat: str, why: str, known: set[int | None]) -> None:
        """Mark the drafts of a chat as out of date, except those of which the replaced database knows more."""
        for address in addresses(self._tx, account, chat):
            for (seq,) in self._tx.rows("undecided_in_chat", {"account": account, "chat": address}):
                if seq not in known:
                    self._tx.change("stale_from_the_beginning", self._stamp(seq=seq, stale=why))

    def _take(self, theirs: int, account: int, ours: int | None) -> None:
        """Make one message what it is in the replaced database."""
        params = self._stamp(theirs=theirs, account=account, seq=ours)
        self._tx.change("supersede_others", params)
        if ours is None:
            new = self._tx.row("take_new", params)
            assert new is not None
            ours = int(new[0])
        self._take_events(ours, theirs, account)
        params = self._stamp(theirs=theirs, seq=ours)
        self._tx.change("take_outcomes", params)
        self._tx.change("take_attempts", params)
        self._tx.change("close_lost_attempts", params)
        self._tx.change_one("take", params | {"why": "from the replaced database"})
        self._tx.change("take_versions", params)

    def _take_events(self, seq: int, theirs: int, account: int) -> None:
        """The part of its history that the backup does not know."""
        names = ("at", "kind", "from_status", "to_status", "by", "why", "version", "digest")
        known, history = (
            [event for _, *event in self._tx.rows(name, {"seq": number})]
            for name, number in (("history", seq), ("replaced_history", theirs))
        )
        same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip_longest(known, history))))
        for values in history[same:]:
            event = dict(zip(names, values, strict=True)) | {"account": account, "message": seq}
            self._tx.change("take_event", event)
            if event["why"] is not None:
                self._tx.change("take_reason", event)

    def _take_accounts(self) -> None:
        for theirs, name in self._tx.rows("unknown_accounts"):
            made = self._tx.row("add_account", {"name": name})
            assert made is not None
            self._tx.change("add_counters", {"account": made[0]})
            self._tx.change("take_settings", {"account": made[0], "theirs": theirs})
            self._tx.change("take_session", {"account": made[0], "theirs": theirs})

    def _take_contacts(self) -> None:
        for _, group in groupby(self._tx.rows("replaced_contacts"), key=itemgetter(0)):
            addresses = list(group)
            account = addresses[0][1]
            known = list(dict.fromkeys(ours for *_, ours in addresses if ours is not None))
            if not known:
                made = self._tx.row("add_contact", {"account": account})
                assert made is not None
                known = [made[0]]
            for other in known[1:]:
                self._tx.change("merge_contact", {"contact": other, "into": known[0]})
            for *_, address, ours in addresses:
                if ours is None:
                    self._tx.change("add_alias", {"account": account, "address": address, "contact": known[0]})

    def _settle_in_flight(self) -> None:
        """What was being sent, and nobody knows more of it; what a receipt came for has left all the same."""
        for seq, number in self._tx.rows("still_in_flight"):
            self._tx.change("close_lost_attempts", self._stamp(seq=seq))
            self._settle(seq, number, target="failed", delivery="unknown", reason="unconfirmed")
        for seq, number in self._tx.rows("seen_to_arrive"):
            self._tx.change("accept_lost_attempt", {"seq": seq, "number": number})
            self._settle(seq, number, target="sent", delivery="accepted", reason=None)

    def _settle(self, seq: int, number: int, **how: str | None) -> None:
        self._tx.change_one("settle_moved", self._stamp(seq=seq, number=number, what="restored", **how))

    def _forget(self, forgotten: list[Row]) -> None:
        """Forget what was being sent when that was asked for, and again what was forgotten since the backup."""
        for (seq,) in self._tx.rows("all_to_forget"):
            forget_if_asked(self._tx, seq, self._now)
        for (seq,) in forgotten:
            forget_message(self._tx, seq, self._now, BY)

    def _finish(self, hold: str, why: str | None, shown: str | None) -> None:
        for account, name in self._tx.rows("accounts"):
            log(self._tx, account, self._now, "restored", BY, why)
            if why is not None:
                value = json.dumps(why)
                self._tx.change("set_setting", self._stamp(account=account, key=hold, value=value))
            if shown is not None and name == "default":
                self._tx.change("set_known_file", {"account": account, "digest": shown, "written": None})
        self._tx.change("new_store_id")  # so that no attempt from now on has the token of one before

    @contextmanager
    def _without(self, trigger: str) -> Iterator[None]:
        """The guard of attempts is for those that begin; here attempts of the past are written down."""
        query = "SELECT sql FROM main.sqlite_master WHERE type = 'trigger' AND name = ?"
        (sql,) = self._connection.execute(query, (trigger,)).fetchall()[0]
        self._connection.execute(f"DROP TRIGGER main.{trigger}")
        yield
        self._connection.execute(str(sql))

    def _one(self, name: str) -> Any:
        found = self._tx.row(name)
        assert found is not None
        return found[0]

    def _stamp(self, **more: Any) -> dict[str, Any]:
        return stamp(self._now, BY, **more)
