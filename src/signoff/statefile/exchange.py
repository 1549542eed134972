"""What goes from the state file into the store: the state to begin with, edits, restored backups."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from ..clock import Clock
from ..errors import StateFileError
from ..store import Store
from ..store.files import FileRevision
from . import edits
from .document import render
from .export import digest, time_stamp, unused, write_private, write_verified

log = logging.getLogger(__name__)

HOLD = "outbox_hold"
"""The setting that holds the outbox, saying why, until a person confirms."""

Document = dict[str, Any]


def parse(text: bytes) -> Document | None:
    """The document of a state file, or None when it is no JSON object."""
    try:
        document = json.loads(text)
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
    """Takes files up into the store of one account.

    Args:
        path: the state file; backups and copies are made beside it.
    """

    def __init__(self, path: Path, store: Store, account: int, clock: Clock) -> None:
        self._path = path
        self._store = store
        self._account = account
        self._clock = clock

    def begin(self, text: bytes | None) -> None:
        """Begin a new store, importing the file that stood there before it; a copy of that file is kept."""
        document = parse(text) if text is not None else None
        if text is None or document is None:
            self._store.begin(self._account, None, by="signoff")
            return
        copy = unused(self._beside("before_import"))
        write_private(copy, text)
        if not self._store.begin(self._account, edits.import_of(document, text, self._report), by="import"):
            copy.unlink()

    def take_up(self, document: Document, text: bytes) -> None:
        """Take up what a file brings, once: a backup is restored, anything else is an edit."""
        if self._store.file_known(self._account) == digest(text):
            return
        metadata = document.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        if metadata.get("kind") == "backup":
            self.restore(document, text)
            return
        base, known = self._base(metadata)
        self._store.take_up(self._account, edits.edit_of(document, text, base, known, self._report), by="file")

    def restore(self, document: Document, text: bytes, *, again: bool = False) -> Path:
        """Bring back what a backup holds; the present state is backed up before. Returns that backup's path."""
        edit = edits.restore_of(document, text, self._report)
        saved = self.backup()
        self._store.take_up(self._account, edit, by="restore", again=again)
        return saved

    def restore_file(self, source: Path) -> Path:
        """Bring back what the file ``source`` holds: a backup, an export, or any other state file.

        Raises:
            StateFileError: it cannot be read; nothing was changed.
        """
        try:
            text = source.read_bytes()
        except OSError as error:
            raise StateFileError(f"{source} cannot be read ({error.strerror}); nothing was changed") from error
        document = parse(text)
        if document is None:
            raise StateFileError(f"{source} is no state file ({where_broken(text)}); nothing was changed")
        return self.restore(document, text, again=True)

    def backup(self) -> Path:
        """Write the whole state to a new file beside the state file, named for the time."""
        return self.export(unused(self._path.with_name(f"whatsapp_state_backup_{time_stamp(self._clock())}.json")))

    def export(self, target: Path) -> Path:
        """Write the whole state, one moment of it, to ``target``.

        Raises:
            StateFileError: it could not be written; nothing was replaced.
        """
        self._store.view(self._account, lambda view: write_verified(target, render(view, None, "backup")))
        return target

    def set_aside(self, text: bytes) -> Path:
        """Keep a file that cannot be read under another name, and report it."""
        aside = unused(self._beside("unreadable"))
        try:
            self._path.rename(aside)
        except FileNotFoundError:
            return aside  # another process was faster
        except OSError as error:
            raise StateFileError(
                f"{self._path} cannot be read ({where_broken(text)}) nor set aside: {error}"
            ) from error
        log.warning(
            "%s could not be read (%s); it was kept as %s and written anew", self._path, where_broken(text), aside
        )
        return aside

    def _base(self, metadata: Document) -> tuple[FileRevision | None, bool]:
        """What the file of this revision said, and whether that is known."""
        revision = metadata.get("revision")
        newest = self._store.file_revision(self._account, None)
        if metadata.get("store") != self._store.store_id() or not isinstance(revision, int) or revision < 0:
            return newest, False
        if revision > self._store.last_event():
            self._hold(revision)
            return newest, False
        base = self._store.file_revision(self._account, revision)
        return base or newest, base is not None

    def _hold(self, revision: int) -> None:
        why = (
            f"the state file is of revision {revision}, the database of {self._store.last_event()}: the database is an "
            "older copy and may not know what was sent since"
        )
        log.warning("%s; nothing is sent until a person confirms: signoff doctor --release", why)
        self._store.change_settings(self._account, lambda _: {HOLD: why}, by="file")

    def _beside(self, what: str) -> Path:
        return self._path.with_name(f"{self._path.stem}_{what}_{time_stamp(self._clock())}{self._path.suffix}")

    def _report(self, problem: str) -> None:
        log.warning("%s: %s", self._path, problem)
