"""What goes from files into the store, and out of it: the state to begin with, edits, backups."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from ..clock import Clock
from ..errors import StateFileError
from ..settings import with_defaults
from ..store import Store
from ..store.durable import sync
from ..store.takeup import FileEdit, FileRevision, KnownFile
from . import edits, warn
from .brought import Broken, Brought, BroughtByFile, Document
from .document import render
from .export import CHUNK, reserved, time_stamp, write_new, write_verified

HOLD = edits.HOLD


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

    def read(self, file: BinaryIO) -> BroughtByFile:
        """What an open file holds, as it is at this moment.

        Raises:
            Broken: it is no state file.
            OSError, StateFileError: it cannot be read, or what it holds not be kept meanwhile.
        """
        return BroughtByFile(file, self._clock())

    def begin(self, file: BinaryIO | None) -> bool:
        """Begin the account, importing the file that stood there before it; a copy of that file is kept.

        A file of another account, and none, import nothing. What was stopped in the middle goes on.

        Returns:
            False, and nothing has begun, when the file was changed while it was read.

        Raises:
            Broken: it is no state file.
        """
        if file is None:
            self._store.begin(self._account, None, None, by="signoff")
            return True
        with self.read(file) as brought:
            if self._other_account(brought):
                return self.begin(None)
            copy, digest = self._keep("before_import", file)
            if digest != brought.digest:
                copy.unlink()
                return False
            edit = edits.import_of(brought, self._report)
            if not self._store.begin(self._account, edit, digest, by="import"):
                copy.unlink()
        return True

    def take_up(self, brought: BroughtByFile, file: BinaryIO, known: KnownFile | None) -> bool:
        """Take up what a state file brings: a backup is restored, anything else is an edit.

        Args:
            file: the file, of which a copy may have to be kept.
            known: the file that was known before it was read; False when it is not the known one any more, and the
                file is to be read again.
        """
        digest = brought.digest
        other = self._other_account(brought)
        if other is not None:
            copy, _ = self._keep("other_account", file)
            warn(f"{self._path}: {self._refusal(other)}; it was kept as {copy} and is written anew")
            return self._store.take_up_once(self._account, FileEdit(), digest, known, by="restore")
        revision = self._own_revision(brought)
        newer = self._hold_if_newer(revision, file)
        if _metadata(brought).get("kind") == "backup":
            restored = self._restoring(brought)
            self.backup()
            return self._store.take_up_once(self._account, restored, digest, known, by="restore")
        edit, taken = self._edited(brought, None if newer else revision)
        return self._store.take_up_once(self._account, edit, digest, known, by="file", taken=taken)

    def restore_file(self, source: Path) -> Path:
        """Bring back what the file ``source`` holds: a backup, an export, or any other state file.

        It is read whole before anything is changed, and then taken in by batches: what is stopped in the middle goes
        on when the same is restored again.

        Returns:
            The backup of the state as it was before.

        Raises:
            StateFileError: it cannot be read, or is of another account; nothing was changed.
            StoreError: the database could not; it says if some of the messages were taken in by then.
        """
        if source.exists() and not source.is_file():
            raise StateFileError(f"{source} is no file: save what it gives in one, and restore that")
        with ExitStack() as opened:
            try:
                file = opened.enter_context(source.open("rb"))
                brought = opened.enter_context(self.read(file))
            except Broken as error:
                raise StateFileError(f"{source} is no state file ({error}); nothing was changed") from None
            except OSError as error:
                raise StateFileError(f"{source} cannot be read ({error.strerror}); nothing was changed") from error
            return self._restore(source, file, brought)

    def _restore(self, source: Path, file: BinaryIO, brought: Brought) -> Path:
        other = self._other_account(brought)
        if other is not None:
            raise StateFileError(f"{source}: {self._refusal(other)}")
        self._hold_if_newer(self._own_revision(brought), file)
        edit = self._restoring(brought)
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

    def set_aside(self, file: BinaryIO, where: str) -> None:
        """Keep a file that cannot be read, as it says where, under another name, and report it."""
        copy, _ = self._keep("unreadable", file)
        warn(f"{self._path} could not be read ({where}); it was kept as {copy} and is written anew")

    def _other_account(self, brought: Brought) -> str | None:
        """The account whose state a file holds, if it names another one than this."""
        name = _metadata(brought).get("account")
        return name if isinstance(name, str) and name != self._store.account_name(self._account) else None

    def _refusal(self, other: str) -> str:
        own = self._store.account_name(self._account)
        return (
            f"it is of the account {other!r}, not of {own!r}, and nothing of it was taken: restore it with "
            f"signoff restore --account {other} (in a script: StateManager(…, account={other!r}).restore_state), "
            f"or take metadata.account out of it to have it in {own!r} all the same"
        )

    def _restoring(self, brought: Brought) -> FileEdit:
        present = with_defaults(self._store.settings(self._account))
        return edits.restore_of(brought, present, self._report)

    def _edited(self, brought: Brought, revision: int | None) -> tuple[FileEdit, FileRevision | None]:
        """What somebody changed in a file, and what of it is to be noted as taken up from files of its revision."""
        base = self._store.file_revision(self._account, revision)
        if revision is None or base is None:
            newest = base or self._store.file_revision(self._account, None)
            return edits.edit_of(brought, [newest] if newest else [], False, self._report).whole, None
        bases = [base, *self._store.file_edits(self._account, revision)]
        edit = edits.edit_of(brought, bases, True, self._report)
        return edit.whole, FileRevision(revision, edit.settings, edit.session)

    def _own_revision(self, brought: Brought) -> int | None:
        """The revision of a file that this store wrote, else None."""
        metadata = _metadata(brought)
        revision = metadata.get("revision")
        own = metadata.get("store") == self._store.store_id()
        return revision if own and isinstance(revision, int) and 0 <= revision < 1 << 53 else None

    def _hold_if_newer(self, revision: int | None, file: BinaryIO) -> bool:
        """Hold the outbox if a file of this store knows more than the database: that is then an older copy."""
        last = self._store.last_event()
        if revision is None or revision <= last:
            return False
        why = (
            f"a state file is of revision {revision}, the database of {last}: the database is an older copy and may "
            "not know what was sent since"
        )
        self._store.change_settings(self._account, lambda _: {HOLD: why}, by="file")
        copy, _ = self._keep("newer", file)
        warn(f"{self._path}: {why}; the file was kept as {copy}; nothing is sent until a person confirms")
        return True

    def _keep(self, what: str, file: BinaryIO) -> tuple[Path, str]:
        """Copy a file that was opened to a name of its own; which, and the digest of the copy."""
        name = f"{self._path.stem}_{what}_{time_stamp(self._clock())}.json"
        copy = reserved(self._path.with_name(name))
        digest = hashlib.sha256()
        file.seek(0)
        with copy.open("r+b") as target:
            while part := file.read(CHUNK):
                digest.update(part)
                target.write(part)
            target.flush()
            os.fsync(target.fileno())
        sync(copy.parent)
        return copy, digest.hexdigest()

    def _report(self, problem: str) -> None:
        warn(f"{self._path}: {problem}")


def _metadata(brought: Brought) -> Document:
    metadata = brought.document.get("metadata")
    return metadata if isinstance(metadata, dict) else {}
