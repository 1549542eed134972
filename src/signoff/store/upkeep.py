"""Checking the whole, and backing it up."""

from __future__ import annotations

import json
import os
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import apsw

from ..digest import digest_of
from ..errors import StateFileError, StoreCorrupt
from ..model import check_file
from .base import Verbs
from .connection import STUMBLED, Transaction
from .durable import make_folder, replace, sync


class Upkeep(Verbs):
    """Verification and backups."""

    def check(self) -> list[str]:
        """Verify the whole; what is wrong, in words, or nothing.

        Looks at the database's integrity, the counters against the events, and the events against the statuses.
        """
        try:
            return self.database.snapshot(problems_of)
        except StoreCorrupt as error:
            return [str(error)]

    def backup(self, target: Path) -> Path:
        """Copy the database as it is at one moment to ``target``, verified; an existing file is replaced at the end.

        Raises:
            StateFileError: it is a folder or could not be written, or the copy is not good; nothing was replaced.
            StoreError: it could not be read or written.
        """
        check_file(target, "target")
        if os.path.realpath(target) == os.path.realpath(self.database.path):
            raise StateFileError(f"{target} is the database itself: give the backup another name")
        if beside := [name for end in ("-wal", "-shm", ".lock") if (name := Path(f"{target}{end}")).exists()]:
            raise StateFileError(
                f"{target} is, or was, the database of a state: {beside[0].name} stands beside it; nothing was "
                "replaced: give the backup another name"
            )
        partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
        try:
            make_folder(target.parent)
            partial.unlink(missing_ok=True)
            self.database.backup(partial)
            problems = verify_copy(partial)
            if problems:
                raise StateFileError(f"the backup {target} was not made, the copy is not good: {problems[0]}")
            sync(partial)
            replace(partial, target)
        except OSError as error:
            raise StateFileError(f"the backup {target} could not be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                partial.unlink()
        return target


def verify_copy(path: Path) -> list[str]:
    """Check a database that no process uses; what is wrong, in words."""
    try:
        with closing(apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            return problems_of(Transaction(connection))
    except apsw.Error as error:
        return [_unreadable(error)]


def problems_of(tx: Transaction) -> list[str]:
    """What is wrong with a database, in words."""
    try:
        tx.connection.create_scalar_function("digest_of", _digest_of, 2)
        return [row[0] for name in _CHECKS for row in tx.rows(name)] + _check_totals(tx)
    except (apsw.Error, *STUMBLED) as error:
        return [_unreadable(error)]


def _unreadable(error: Exception) -> str:
    return f"the database cannot be read: {error}"


_CHECKS = (
    "check_integrity",
    "check_references",
    "check_listed",
    "check_last_event",
    "check_statuses",
    "check_arrivals",
    "check_lost_arrivals",
    "check_in_flight",
    "check_approvals",
    "check_digests",
    "check_event_gaps",
)


def _digest_of(*values: object) -> str | None:
    recipient, text = values
    return digest_of(recipient, text) if isinstance(recipient, str) and isinstance(text, str) else None


def _check_totals(tx: Transaction) -> list[str]:
    problems = []
    for account, status, total in tx.rows("check_totals_kept"):
        baseline = tx.row("check_baseline", {"account": account})
        since, base = (baseline[0], _base(baseline[1], status)) if baseline else (0, 0)
        counted = tx.row("check_counted", {"account": account, "status": status, "since": since})
        assert counted is not None
        if total != base + counted[0]:
            problems.append(
                f"account {account}: the counter of {status} says {total}, the events say {base + counted[0]}"
            )
    return problems


def _base(detail: str, status: str) -> int:
    totals: dict[str, Any] = json.loads(detail)["totals"]
    return int(totals.get(status, (0, None))[0])
