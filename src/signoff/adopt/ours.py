"""Whether a state file is signoff's own, or whether somebody has changed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..digest import digest_of_bytes
from ..settings import RECORD_LISTS
from ..statefile.brought import brought_by
from ..statefile.edits import edit_of
from ..statefile.exchange import parse
from ..store import Store
from ..store.files import record_id
from ..store.takeup import FileEdit


def is_ours(store: Store, account: int, text: bytes) -> bool:
    """Whether the state file says nothing but what signoff wrote.

    That is the file that was written last, or an earlier one in which nothing was changed: a process that was killed
    has noted what it was about to write and left the file before that.
    """
    known = store.known_file(account)
    if known is not None and known.digest == digest_of_bytes(text):
        return True
    document = parse(text) or {}
    metadata = document.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("store") != store.store_id():
        return False
    revision = metadata.get("revision")
    base = store.file_revision(account, revision) if isinstance(revision, int) else None
    if base is None:
        return False
    with brought_by(document, store.clock()) as brought:
        return not _brings_anything(store, account, edit_of(brought, [base], True, _not_told).whole)


def _brings_anything(store: Store, account: int, edit: FileEdit) -> bool:
    known = {record_id(name, entry) for name in RECORD_LISTS for entry in store.records(account, name)}
    return (
        bool(edit.settings or edit.session)
        or any(store.find(account, content.id) is None for _, content in edit.messages)
        or any(record not in known for _, record, _ in edit.records)
    )


def _not_told(_: Any) -> None:
    """What cannot be used in the file was told when it was taken up, or is told when it will be."""
