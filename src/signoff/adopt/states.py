"""What a state file of the old components brings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Any

from ..errors import StateFileError
from ..lifecycle import MessageStatus
from ..settings import RECORD_LISTS
from ..statefile import edits
from ..statefile.brought import brought_by
from .salvage import read

DEFAULT = "whatsapp_state.json"


@dataclass(frozen=True, slots=True)
class StatePlan:
    """What is to be taken over from a state file.

    Attributes:
        messages: how many come into each status.
        records: how many entries the lists of the other components have.
        asks: whether somebody is to say whether human_in_the_loop shall be on, because the file does not say so.
        broken: where the file is broken, else None.
        lost: whether nothing of it can be read.
        problems: what of it cannot be used, in words.
        beside: what stood beside it under names that signoff gives.
    """

    file: str
    messages: dict[str, int] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    asks: bool = True
    broken: str | None = None
    lost: bool = False
    problems: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


def plan_state(path: Path) -> StatePlan:
    """What the state file brings; one that does not exist is to be begun.

    Raises:
        StateFileError: it lies somewhere else, or is no file.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise StateFileError(f"{path} is a link or no file: adopt the folder in which the state file itself lies")
    beside = tuple(entry.name for entry in family(path))
    if not path.exists():
        return StatePlan(path.name, beside=beside)
    document, broken = read(path.read_bytes())
    problems: list[str] = []
    with brought_by(document or {}, now=0) as brought:  # what is only counted needs no time
        imported = edits.import_of(brought, problems.append)
        messages = _counted(
            (status.value for status, _ in imported.messages), [status.value for status in MessageStatus]
        )
        records = _counted((name for name, _, _ in imported.records), RECORD_LISTS)
    return StatePlan(
        path.name,
        messages,
        records,
        asks=imported.settings.get("human_in_the_loop") is not True,
        broken=broken,
        lost=document is None,
        problems=tuple(problems) if document is not None else (),
        beside=beside,
    )


def mended(text: bytes) -> bytes | None:
    """The text of a state file as it is to be imported: a broken one as far as it can be read; None for nothing."""
    document, broken = read(text)
    if broken is None:
        return text
    return None if document is None else _text(document)


def database(path: Path) -> Path:
    """The database of a state file."""
    return path.with_suffix(".db")


def family(path: Path) -> list[Path]:
    """What stands beside a state file under names that signoff gives: its database, locks and copies."""
    base = database(path)
    names = [base.name + ending for ending in ("", "-wal", "-shm", "-journal", ".lock")]
    named = [path.with_name(name) for name in (*names, f".{path.name}.lock", f".{path.name}.new")]
    patterns = f"{escape(path.stem)}_before_import_*.json", f".{escape(path.name)}.*.old"
    copies = [copy for pattern in patterns for copy in sorted(path.parent.glob(pattern))]
    return [place for place in named if place.exists()] + copies


def _text(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2).encode(errors="replace")


def _counted(found: Iterable[str], names: tuple[str, ...] | list[str]) -> dict[str, int]:
    counts = Counter(found)
    return {name: counts[name] for name in names if counts[name]}
