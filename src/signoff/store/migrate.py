"""The schema and its versions: numbered files; those that a database lacks are applied in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import apsw

from ..clock import Clock
from ..errors import StoreCorrupt, StoreTooNew

APPLICATION_ID = 0x5160FF01
"""Marks a database as signoff's (``PRAGMA application_id``)."""


class Migration(NamedTuple):
    """One step of the schema."""

    version: int
    name: str
    script: str


@cache
def migrations() -> tuple[Migration, ...]:
    """All migrations, in order."""
    found = []
    for file in Path(__file__).with_name("migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append(Migration(int(number), name, file.read_text("utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.version))


def pending(connection: apsw.Connection, path: Path) -> tuple[Migration, ...]:
    """The migrations that this database still needs; looks only.

    Raises:
        StoreTooNew: a newer signoff wrote it.
        StoreCorrupt: it is a database, but not signoff's.
    """
    known = migrations()
    if connection.pragma("application_id") != APPLICATION_ID:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchall()[0][0]:
            raise StoreCorrupt(f"{path} is a database, but not one of signoff's; nothing was changed")
        return known
    version = int(str(connection.execute("SELECT max(version) FROM schema_versions").fetchall()[0][0]))
    if version > known[-1].version:
        raise StoreTooNew(
            f"{path} was written by a newer signoff (schema {version}, this one knows {known[-1].version}); "
            "nothing was changed: install the newer version again"
        )
    return tuple(migration for migration in known if migration.version > version)


def migrate(connection: apsw.Connection, path: Path, clock: Clock, backup: Callable[[], object]) -> None:
    """Bring the database to the present schema, wholly or not at all; one that is not new is backed up before.

    To be called with the writers' lock held.
    """
    steps = pending(connection, path)
    if steps and steps[0].version > 1:
        backup()
    with connection:
        for step in steps:
            if step.version == 1:
                connection.pragma("application_id", APPLICATION_ID)
                connection.execute(
                    "CREATE TABLE schema_versions"
                    " (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT"
                )
            connection.execute(step.script)
            connection.execute("INSERT INTO schema_versions VALUES (?, ?, ?)", (step.version, step.name, clock()))
            if step.version == 1:
                connection.execute("INSERT INTO store VALUES (lower(hex(randomblob(8))))")
