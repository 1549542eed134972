"""`StateManager`: the state of a WhatsApp automation, as scripts use it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from . import lifecycle, settings
from . import session as sessions
from .clock import SECOND, Clock, local_iso, system_clock
from .errors import (
    ConfigError,
    InvalidMessage,
    InvalidType,
    NotFound,
    StateFileError,
    StoreError,
    StoreUnavailable,
)
from .lifecycle import MessageStatus
from .model import (
    JsonObject,
    check_id,
    check_limit,
    check_path,
    check_status,
    check_text,
    content_of,
    tidy_text,
    to_json,
)
from .session import Session
from .shared import Shared
from .statefile.document import account_info, metadata, render, session_fields, statistics
from .statefile.exchange import Exchange, warn
from .statefile.file import StateFile
from .statefile.writer import Writer
from .store import Store, open_store
from .store.files import RECORD_LISTS, View
from .store.processes import this_host
from .store.rows import Row

_writers: Shared[Writer] = Shared(lambda writer: writer.close(), fork_order=1)


LONGEST_REASON = 10_000
"""Bytes of a reason of `StateManager.mark_session_invalid` that are kept."""


class StateManager:
    """Session, messages, settings and statistics of one account, durable and shared by all threads and processes.

    Every method is safe to call from any thread and any process, and what it changed is on the disk when it returns.

    Args:
        state_file: ``x.json`` is a state file, and the truth is kept in ``x.db`` beside it; ``x.db`` has no state file.
        account: the name of the WhatsApp account; the state file shows the account ``default``.
        by: who is noted in the history for what this manager does; the script's name when not given.
        clock: gives the time in microseconds since 1970 UTC.
        busy_timeout: seconds after which waiting for another process ends with `StoreBusy`.

    Raises:
        StoreError: the database cannot be opened; one of its kinds says why.
    """

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
        self.by = check_text(by, "by") if by else Path(sys.argv[0] or "script").name or "script"
        self.clock = clock
        self.folder = path.parent
        self._path = path
        self.account_name = _account_name(account)
        database = path if path.suffix.lower() == ".db" else path.with_suffix(".db")
        self._writer: Writer | None = None
        self._open_store: Store | None = open_store(database, clock=clock, busy_timeout=busy_timeout)
        try:
            self.account = self.store.account(self.account_name)
            self.store.settle_left_by_scripts(self.account)
            if path != database and self.account_name == "default":
                self._open_file(path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> StateManager:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write the state file and let go of the database. The manager cannot be used afterwards."""
        writer, self._writer = self._writer, None
        store, self._open_store = self._open_store, None
        if writer is not None:
            _writers.release(writer)
        if store is not None:
            store.close()

    @property
    def store(self) -> Store:
        """The verbs on which this manager stands.

        Raises:
            StoreUnavailable: the manager is closed.
        """
        if self._open_store is None:
            raise StoreUnavailable("this StateManager is closed: make another one")
        return self._open_store

    # Session

    def is_session_valid(self) -> bool:
        """Whether the session may be used: authenticated, marked valid, validated recently, its folder not gone."""
        session = self._session()
        return sessions.is_valid(session, self.clock(), self._folder_gone(session))

    def requires_qr_scan(self) -> bool:
        """Whether only a QR scan brings the session back. A session that is out of date does not need one."""
        session = self._session()
        return sessions.needs_qr(session, self._folder_gone(session))

    def update_session_status(self, authenticated: bool, account_info: JsonObject | None = None) -> None:
        """Note that the backend says that the session is authenticated, or is not.

        Args:
            authenticated: True makes the session valid from now on; False asks for a QR scan.
            account_info: ``number``, ``name``, ``platform`` and whatever else is known of the account.

        Raises:
            InvalidType: one of them is of another type.
        """
        if not isinstance(authenticated, bool):
            raise InvalidType(f"authenticated is True or False; got {authenticated!r}")
        if account_info is not None and not isinstance(account_info, dict):
            raise InvalidType(f"account_info is a dict; got {type(account_info).__name__}")
        to_json(account_info, "account_info")
        now, there, host = self.clock(), self._folder_there(), this_host()

        def change(session: Session) -> Session:
            if not authenticated:
                return sessions.unauthenticated(session)
            return sessions.with_folder(sessions.authenticated(session, now, account_info), host, there)

        self.change_session(change, "authenticated" if authenticated else "unauthenticated")

    def mark_session_invalid(self, reason: str = "Unknown") -> None:
        """Mark the session as invalid, so that a QR scan is asked for. Not for a backend that does not answer."""
        why, _ = tidy_text(str(reason), LONGEST_REASON)
        now = self.clock()
        self.change_session(lambda session: sessions.invalidated(session, why, now), "marked invalid", why)

    def get_session_info(self) -> JsonObject:
        """The guide's ``session``, as a copy; times are local ISO strings."""
        return session_fields(self._session())

    def change_session(self, change: Callable[[Session], Session], what: str, why: str | None = None) -> Session:
        """Apply one of the functions of `signoff.session`; nobody else's change is lost."""
        after = self.store.change_session(self.account, change, by=self.by, what=what, why=why)
        self._changed()
        return after

    # Messages

    def add_message(self, message_data: JsonObject, status: MessageStatus) -> bool:
        """Add a message to a list.

        Gives ``message_data`` a ``timestamp`` (local ISO string) and an ``id`` when it has none. The same id again
        changes nothing.

        Returns:
            Whether it was added; False when the id is known.

        Raises:
            InvalidMessage: it cannot be stored (it is a ValueError); nothing was changed.
            InvalidType: it is no dict, or ``status`` no `MessageStatus` (it is a TypeError too).
        """
        check_status(status)
        filled = dict(message_data) if isinstance(message_data, dict) else message_data
        if isinstance(filled, dict) and filled.get("timestamp") is None:
            filled["timestamp"] = local_iso(self.clock())
        added = self.store.add(self.account, content_of(filled), status, by=self.by)
        message_data.update(filled)
        self._changed()
        return added

    def get_messages(self, status: MessageStatus, limit: int | None = None) -> list[JsonObject]:
        """The messages of a list in the order in which they came into it, oldest first; the last ``limit`` of them.

        Raises:
            InvalidType: ``status`` is no `MessageStatus`, or ``limit`` no whole number from 0.
        """
        return self.store.newest(self.account, check_status(status), None if limit is None else check_limit(limit))

    def move_message(self, message_id: str, from_status: MessageStatus, to_status: MessageStatus) -> bool:
        """Move a message from one list to another.

        This is bookkeeping: it makes nothing sendable, and ends an approval that `approve` gave.

        Returns:
            False when the message is not in ``from_status``.

        Raises:
            InFlight: it is being sent at this moment.
        """
        source, target = check_status(from_status), check_status(to_status)
        moved = self.store.move(self.account, check_id(message_id), source, target, by=self.by)
        self._changed()
        return moved

    def clear_messages(self, status: MessageStatus) -> None:
        """Empty a list. The ids stay known, so that nothing is answered twice; statistics do not change."""
        self.store.clear(self.account, check_status(status), by=self.by)
        self._changed()

    def iter_messages(self, status: MessageStatus, after: str | None = None) -> Iterator[JsonObject]:
        """The messages of a list, oldest first, read page by page: for lists of any length.

        Args:
            after: the id of a message; begins behind the place that it has, or had, in this list.

        Raises:
            NotFound: ``after`` never was in this list.
        """
        arrival = 0
        if after is not None:
            found = self.store.arrived_last_in(self.account, check_id(after), check_status(status))
            if found is None:
                raise NotFound(f"message {after!r} never was in the list {status.value}")
            arrival = found
        return (row.message for row in self._rows(check_status(status), arrival))

    def rows(self, status: MessageStatus) -> Iterator[Row]:
        """The messages of a list with everything that stands beside them, oldest first, page by page."""
        return self._rows(status, 0)

    def get_message(self, message_id: str) -> Row:
        """One message with everything that stands beside it.

        Raises:
            NotFound: there is no such message.
        """
        row = self.store.find(self.account, check_id(message_id))
        if row is None:
            raise NotFound(f"there is no message {message_id!r}")
        return row

    def conversation(self, chat: str, limit: int = 50) -> list[JsonObject]:
        """The last messages of a chat that came in or were sent, oldest first, under all addresses of the contact."""
        return self.store.conversation(self.account, check_text(chat, "an address"), check_limit(limit))

    def history(self, message_id: str) -> list[JsonObject]:
        """Everything that happened to a message, oldest first: when, what, from which list to which, who, why.

        Raises:
            NotFound: there is no such message.
        """
        return [event.as_dict() for event in self.store.history(self.account, check_id(message_id))]

    def forget(self, contact: str) -> int:
        """Remove the texts and names of a contact, under all addresses; ids, times and decisions stay.

        Returns:
            How many messages were emptied.
        """
        forgotten = self.store.forget(self.account, check_text(contact, "an address"), by=self.by)
        self._changed()
        return forgotten

    # Decisions

    def approve(
        self, message_id: str, version: int | None = None, *, by: str | None = None, despite: str | None = None
    ) -> Row:
        """Approve a message: exactly its present text to exactly its chat. It is sent by `signoff run`.

        Args:
            version: the version that was shown; None for the present one.
            by: who decided; the manager's ``by`` when not given.
            despite: what makes the draft out of date, when it is to be approved all the same.

        Raises:
            Decision: it cannot be approved; `StaleVersion`, `InFlight`, `NotSendable`, `IllegalMove` say why.
        """
        undo = int(self.get_config("approval_config")["undo_seconds"] * SECOND)
        return self._decided(
            self.store.approve(
                self.account, check_id(message_id), version, by=by or self.by, despite=despite, undo=undo
            )
        )

    def reject(
        self, message_id: str, reason: str | None = None, version: int | None = None, *, by: str | None = None
    ) -> Row:
        """Reject a message; one that is approved and not sent yet is taken back first.

        Raises:
            Decision: it cannot be rejected.
        """
        why = None if reason is None else check_text(reason, "the reason")
        return self._decided(
            self.store.reject(self.account, check_id(message_id), version, by=by or self.by, reason=why)
        )

    def edit(self, message_id: str, text: str, version: int | None = None, *, by: str | None = None) -> Row:
        """Change the text of a message: a new version, which wants an approval of its own.

        Raises:
            InvalidMessage: the text is empty or cannot be stored.
            Decision: it cannot be edited.
        """
        if not check_text(text, "the text").strip():
            raise InvalidMessage("the text is empty: reject the message instead")
        content_of({**self.get_message(message_id).message, "body": text})
        return self._decided(self.store.edit(self.account, check_id(message_id), text, version, by=by or self.by))

    def ask_again(self, message_id: str, reason: str | None = None, *, by: str | None = None) -> Row:
        """Ask the assistant for another draft; this one stays until it is there.

        Raises:
            Decision: it is no open draft of an assistant.
        """
        return self._decided(self.store.ask_again(self.account, check_id(message_id), by=by or self.by, why=reason))

    def take_back(self, message_id: str, *, by: str | None = None) -> Row:
        """Take an approval back before it is sent.

        Raises:
            Decision: it is not approved, or it is out already.
        """
        return self._decided(self.store.take_back(self.account, check_id(message_id), by=by or self.by))

    def reopen(self, message_id: str, *, by: str | None = None) -> Row:
        """Put a rejected message before people again.

        Raises:
            IllegalMove: it is not rejected.
        """
        return self._decided(self.store.reopen(self.account, check_id(message_id), by=by or self.by))

    def confirm_sent(self, message_id: str, *, by: str | None = None) -> Row:
        """Say that an unconfirmed message did arrive: it becomes SENT.

        Raises:
            IllegalMove: it is not unconfirmed.
        """
        return self._unconfirmed(message_id, self.store.confirm_sent, by)

    def send_again(self, message_id: str, *, by: str | None = None) -> Row:
        """Say that an unconfirmed message shall be sent again: a new approval of the same text.

        Raises:
            IllegalMove: it is not unconfirmed.
        """
        return self._unconfirmed(message_id, self.store.send_again, by)

    def give_up(self, message_id: str, *, by: str | None = None) -> Row:
        """Say that an unconfirmed message shall not be sent again: it stays FAILED.

        Raises:
            IllegalMove: it is not unconfirmed.
        """
        return self._unconfirmed(message_id, self.store.give_up, by)

    # Statistics

    def get_statistics(self) -> JsonObject:
        """The guide's ``statistics``: totals since the last reset, and when the last message came in and went out."""
        return statistics(self.store.counters(self.account))

    def reset_statistics(self) -> None:
        """Start counting at nought."""
        self.store.reset_totals(self.account, by=self.by)
        self._changed()

    # Settings

    def get_config(self, key: str) -> Any:
        """Any top-level key of the state, as a copy; None for an unknown one."""
        if not isinstance(key, str):
            raise ConfigError(f"a setting's key is a string; got {key!r}")
        self._look()
        if key in settings.OWNED_KEYS:
            return self._owned(key)
        stored = self.store.setting(self.account, settings.check_key(key)) if key else None
        default = settings.defaults().get(key)
        return settings.merge(default, stored) if stored is not None else default

    def set_config(self, key: str, value: Any) -> None:
        """Set one setting; the user's own keys hold any JSON value. What a group such as ``watcher_config`` does not
        name is as by default again.

        Raises:
            ConfigError: the key is no setting, or the value is not allowed; names the key, the value and what is.
        """
        settings.check(key, value)
        self._set(lambda _: {key: value})

    def update_config(self, updates: JsonObject) -> None:
        """Set several settings at once; nested ones that are not named stay as they are.

        Raises:
            ConfigError: one of them is not allowed; none was set.
        """
        if not isinstance(updates, dict):
            raise InvalidType(f"updates is a dict of settings; got {type(updates).__name__}")
        for key, value in updates.items():
            settings.check(key, value)
        self._set(lambda stored: {key: settings.merge(stored.get(key), value) for key, value in updates.items()})

    def config_author(self, key: str) -> str | None:
        """Who set a setting last; None when nobody did and the default holds."""
        return self.store.setting_author(self.account, key)

    # The whole

    def get_full_state(self) -> JsonObject:
        """The complete state as the state file shows it, with all messages and not only the newest."""
        text = self.store.view(self.account, lambda view: "".join(render(view, None)))
        state: JsonObject = json.loads(text)
        return state

    def export_state(self, output_file: str | os.PathLike[str]) -> None:
        """Write the complete state to a file; missing folders are made, an existing file is replaced at the end.

        Raises:
            StateFileError: it could not be written.
        """
        target = check_path(output_file, "output_file")
        database = os.path.realpath(self.store.database.path)
        own = {os.path.realpath(self._path), *(database + suffix for suffix in ("", "-wal", "-shm", ".lock"))}
        if os.path.realpath(target) in own:
            raise StateFileError(f"{target} is a file of this state itself: choose another name to export to")
        self._exchange().export(target)

    def backup_state(self) -> str:
        """Write the complete state to ``whatsapp_state_backup_YYYYMMDD_HHMMSS.json`` beside the state file.

        Returns:
            Its name, with its folder if that is not the present one.

        Raises:
            StateFileError: it could not be written.
        """
        return _shown(self._exchange().backup())

    def restore_state(self, file: str | os.PathLike[str]) -> str:
        """Bring back what a backup holds; the present state is backed up before, and nothing becomes sendable.

        Settings and session come back, unknown messages are taken in, cleared ones are shown again as they stand now.

        Returns:
            The path of the backup of the state as it was before.

        Raises:
            StateFileError: ``file`` cannot be read; nothing was changed.
        """
        saved = self._exchange().restore_file(check_path(file, "file"))
        self._changed()
        return _shown(saved)

    def check(self) -> list[str]:
        """Verify the whole store; what is wrong, in words, or nothing."""
        return self.store.check()

    def refresh(self) -> None:
        """Take up what was changed in the state file, and have it written if it is behind."""
        self._look()
        self._changed()

    def _open_file(self, path: Path) -> None:
        file = StateFile(path, self.store, self.account, self.clock)
        self._writer = _writers.get(os.fspath(path), lambda: Writer(file))
        try:
            self._writer.open()
        except OSError as error:
            raise StateFileError(f"{path} cannot be read or kept ({error.strerror})") from error

    def _exchange(self) -> Exchange:
        return Exchange(self._path, self.store, self.account, self.clock)

    def _look(self) -> None:
        if self._writer is not None:
            self._writer.look()

    def _changed(self) -> None:
        if self._writer is not None:
            self._writer.changed()

    def _session(self) -> Session:
        self._look()
        return self.store.session(self.account)

    def _folder_there(self) -> bool:
        return os.path.isdir(self.folder / self.store.session(self.account).session_path)

    def _folder_gone(self, session: Session) -> bool:
        """Whether the session folder was deleted; a folder that this host sees for the first time is noted."""
        host, there = this_host(), os.path.isdir(self.folder / session.session_path)
        if there and session.authenticated and host not in session.seen_on:
            try:
                self.change_session(lambda present: sessions.with_folder(present, host, True), "folder seen")
            except StoreError as error:
                warn(f"could not note that {session.session_path} was seen: {error}")
        return sessions.folder_gone(session, host, there)

    def _rows(self, status: MessageStatus, after: int) -> Iterator[Row]:
        while page := self.store.page(self.account, status, after):
            yield from page
            after = page[-1].arrival

    def _decided(self, row: Row) -> Row:
        self._changed()
        return row

    def _unconfirmed(self, message_id: str, decide: Callable[..., None], by: str | None) -> Row:
        row = self.get_message(message_id)
        lifecycle.check_unconfirmed(row)
        decide(row, by=by or self.by)
        return self._decided(self.get_message(message_id))

    def _set(self, change: Callable[[JsonObject], JsonObject]) -> None:
        self._look()
        self.store.change_settings(self.account, change, by=self.by)
        self._changed()

    def _owned(self, key: str) -> Any:
        if key in RECORD_LISTS:
            return self.store.records(self.account, key)
        if key == "messages":
            return self.store.view(self.account, _all_messages)
        if key == "session":
            return self.get_session_info()
        if key == "account_info":
            return account_info(self._session())
        return self.get_statistics() if key == "statistics" else self.store.view(self.account, metadata)


def _located(state_file: str | os.PathLike[str]) -> Path:
    """The real path of a state file or database, which stays the same when the process changes its folder."""
    path = check_path(state_file, "state_file")
    if "://" in os.fspath(state_file):
        raise StoreUnavailable(f"{state_file} is not supported: give the path of a state file or of a SQLite database")
    if not path.name or path.is_dir():
        raise StateFileError(f"{str(path)!r} is a folder: give the path of a file in it")
    return Path(os.path.realpath(path))


def _shown(path: Path) -> str:
    return path.name if path.parent == Path.cwd() else str(path)


def _account_name(name: object) -> str:
    if not 0 < len(check_text(name, "the name of an account")) <= 200:
        raise InvalidMessage("the name of an account has from 1 to 200 characters")
    return str(name)


def _all_messages(view: View) -> JsonObject:
    return {status.value: [json.loads(text) for text in view.messages(status, None)] for status in MessageStatus}
