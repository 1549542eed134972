"""What goes from files into the store, and out of it: the state to begin with, edits, backups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..clock import Clock
from ..digest import digest_of_bytes
from ..errors import StateFileError
from ..settings import with_defaults
from ..store import Store
from ..store.durable import sync
from ..store.takeup import FileEdit, FileRevision, KnownFile
from . import edits, warn
from .document import render
from .export import reserved, time_stamp, write_new, write_private, write_verified

HOLD = edits.HOLD

Document = dict[str, Any]


def parse(text: bytes) -> Document | None:
    """The document of a state file, or None when it is no JSON object. Bytes that are no UTF-8 become U+FFFD."""
    try:
        try:
            document = json.loads(text)
        except UnicodeDecodeError:
            document = json.loads(text.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def where_broken(text: bytes) -> str:
    """Where a file stops being a state file, for people."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError) as error:
        return str(error)
    return "line 1: it is no JSON object"


class Exchange:
    """Takes files up into the store of one account, and writes backups of it.

    Args:
        path: the state file; backups and copies are made beside it.
    """

    def __init__(self, path: Path, store: Store, account: int, clock: Clock) -> None:
        self._path = path
        self._store = store
        self._account = account
        self._clock = clock

    def begin(self, text: bytes | None) -> None:
        """Begin the account, importing the file that stood there before it; a copy of that file is kept."""
        document = parse(text) if text is not None else None
        if text is None or document is None or self._other_account(document):
            self._store.begin(self._account, None, None, by="signoff")
            return
        copy = self._keep("before_import", text)
        edit = edits.import_of(document, self._report)
        if not self._store.begin(self._account, edit, digest_of_bytes(text), by="import"):
            copy.unlink()

    def take_up(self, document: Document, text: bytes, known: KnownFile | None) -> bool:
        """Take up what a state file brings: a backup is restored, anything else is an edit.

        Args:
            known: the file that was known before ``text`` was read; False when it is not the known one any more, and
                the file is to be read again.
        """
        other = self._other_account(document)
        if other is not None:
            copy = self._keep("other_account", text)
            warn(f"{self._path}: {self._refusal(other)}; it was kept as {copy} and is written anew")
            return self._store.take_up_once(self._account, FileEdit(), digest_of_bytes(text), known, by="restore")
        revision = self._own_revision(document)
        newer = self._hold_if_newer(revision, text)
        if _metadata(document).get("kind") == "backup":
            restored = self._restoring(document)
            self.backup()
            return self._store.take_up_once(self._account, restored, digest_of_bytes(text), known, by="restore")
        edit, taken = self._edited(document, None if newer else revision)
        return self._store.take_up_once(self._account, edit, digest_of_bytes(text), known, by="file", taken=taken)

    def restore_file(self, source: Path) -> Path:
        """Bring back what the file ``source`` holds: a backup, an export, or any other state file.

        Returns:
            The backup of the state as it was before.

        Raises:
            StateFileError: it cannot be read, or is of another account; nothing was changed.
        """
        try:
            text = source.read_bytes()
        except OSError as error:
            raise StateFileError(f"{source} cannot be read ({error.strerror}); nothing was changed") from error
        document = parse(text)
        if document is None:
            raise StateFileError(f"{source} is no state file ({where_broken(text)}); nothing was changed")
        other = self._other_account(document)
        if other is not None:
            raise StateFileError(f"{source}: {self._refusal(other)}")
        self._hold_if_newer(self._own_revision(document), text)
        edit = self._restoring(document)
        saved = self.backup()
        self._store.take_up(self._account, edit, by="restore")
        return saved

    def backup(self) -> Path:
        """Write the whole state to a new file beside the state file, named for the time.

        Raises:
            StateFileError: it could not be written.
        """
        target = self._path.with_name(f"whatsapp_state_backup_{time_stamp(self._clock())}.json")
        return self._store.view(self._account, lambda view: write_new(target, render(view, None, "backup")))

    def export(self, target: Path) -> None:
        """Write the whole state, one moment of it, to ``target``.

        Raises:
            StateFileError: it could not be written; nothing was replaced.
        """
        self._store.view(self._account, lambda view: write_verified(target, render(view, None, "backup")))

    def set_aside(self, text: bytes) -> None:
        """Keep the text of a file that cannot be read under another name, and report it."""
        copy = self._keep("unreadable", text)
        warn(f"{self._path} could not be read ({where_broken(text)}); it was kept as {copy} and is written anew")

    def _other_account(self, document: Document) -> str | None:
        """The account whose state a file holds, if it names another one than this."""
        name = _metadata(document).get("account")
        return name if isinstance(name, str) and name != self._store.account_name(self._account) else None

    def _refusal(self, other: str) -> str:
        own = self._store.account_name(self._account)
        return (
            f"it is of the account {other!r}, not of {own!r}, and nothing of it was taken: restore it with "
            f"signoff restore --account {other} (in a script: StateManager(…, account={other!r}).restore_state), "
            f"or take metadata.account out of it to have it in {own!r} all the same"
        )

    def _restoring(self, document: Document) -> FileEdit:
        present = with_defaults(self._store.settings(self._account))
        return edits.restore_of(document, present, self._report)

    def _edited(self, document: Document, revision: int | None) -> tuple[FileEdit, FileRevision | None]:
        """What somebody changed in a file, and what of it is to be noted as taken up from files of its revision."""
        base = None if revision is None else self._store.file_revision(self._account, revision)
        if revision is None or base is None:
            newest = self._store.file_revision(self._account, None)
            return edits.edit_of(document, [newest] if newest else [], False, self._report).whole, None
        bases = [base, *self._store.file_edits(self._account, revision)]
        edit = edits.edit_of(document, bases, True, self._report)
        return edit.whole, FileRevision(revision, edit.settings, edit.session)

    def _own_revision(self, document: Document) -> int | None:
        """The revision of a file that this store wrote, else None."""
        metadata = _metadata(document)
        revision = metadata.get("revision")
        own = metadata.get("store") == self._store.store_id()
        return revision if own and isinstance(revision, int) and 0 <= revision < 1 << 53 else None

    def _hold_if_newer(self, revision: int | None, text: bytes) -> bool:
        """Hold the outbox if a file of this store knows more than the database: that is then an older copy."""
        last = self._store.last_event()
        if revision is None or revision <= last:
            return False
        why = (
            f"a state file is of revision {revision}, the database of {last}: the database is an older copy and may "
            "not know what was sent since"
        )
        self._store.change_settings(self._account, lambda _: {HOLD: why}, by="file")
        copy = self._keep("newer", text)
        warn(f"{self._path}: {why}; the file was kept as {copy}; nothing is sent until a person confirms")
        return True

    def _keep(self, what: str, text: bytes) -> Path:
        name = f"{self._path.stem}_{what}_{time_stamp(self._clock())}.json"
        copy = reserved(self._path.with_name(name))
        write_private(copy, text)
        sync(copy.parent)
        return copy

    def _report(self, problem: str) -> None:
        warn(f"{self._path}: {problem}")


def _metadata(document: Document) -> Document:
    metadata = document.get("metadata")
    return metadata if isinstance(metadata, dict) else {}
