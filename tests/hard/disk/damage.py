"""``python -m tests.hard.disk.damage DATABASE FOLDER SEED NUMBER``: copies of a database, each with a column damaged.

What flipped bits make of a value, past all that a schema forbids: of a number a text, a blob, nothing, or one of
millions of years; of a text half of it, no UTF-8, or a JSON object with another key. The copies stand in the folder as
``TABLE.COLUMN.KIND.db``; so many by chance, or with 0 all.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import apsw

Value = int | float | str | bytes | None

KINDS: dict[str, Callable[[Value], Value]] = {
    "nothing": lambda _: None,
    "text": lambda value: f"{value}x" if isinstance(value, (int, float)) else "\x01",
    "blob": lambda _: b"\x00\xff{",
    "number": lambda _: 7,
    "real": lambda _: -1.5e300,
    "late": lambda value: value | 1 << 62 if isinstance(value, int) else value,
    "early": lambda value: value - (1 << 62) if isinstance(value, int) else value,
    "half": lambda value: value[: len(value) // 2] if isinstance(value, str) else value,
    "no letter": lambda value: value[:1] + "\x7f" + value[2:] if isinstance(value, str) else value,
    "other key": lambda value: value[:2] + chr(ord(value[2]) ^ 1) + value[3:] if _is_object(value) else value,
}


def damage(database: Path, folder: Path, seed: int, number: int) -> None:
    """Make the copies."""
    cases = [(table, column, kind) for table, column in _columns(database) for kind in KINDS]
    if number:
        Random(seed).shuffle(cases)
    made = 0
    for table, column, kind in cases:
        copy = folder / f"{table}.{column}.{kind}.db"
        shutil.copy(database, copy)
        if _damage(copy, table, column, KINDS[kind]):
            made += 1
        else:
            copy.unlink()
        if made == number > 0:
            return


def _damage(copy: Path, table: str, column: str, change: Callable[[Value], Value]) -> bool:
    """Change a column; whether there was anything to be changed."""
    connection = apsw.Connection(str(copy))
    connection.create_scalar_function("damaged", change, 1)
    schema = list(connection.execute("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema"))
    connection.pragma("journal_mode", "DELETE")
    connection.pragma("synchronous", "OFF")
    connection.pragma("ignore_check_constraints", True)
    connection.pragma("writable_schema", True)
    connection.execute("DELETE FROM sqlite_schema WHERE type = 'trigger'")
    for kind, name, _, _, sql in schema:
        if kind == "table" and sql:
            connection.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (_tolerant(sql), name))
    connection.pragma("writable_schema", "RESET")
    where = f"WHERE {column} IS NOT damaged({column})"
    try:
        connection.execute(f"UPDATE OR IGNORE {table} SET {column} = damaged({column}) {where}")
    except apsw.MismatchError:  # it is SQLite's own number of the row
        return False
    changed = connection.changes() > 0
    connection.pragma("writable_schema", True)
    connection.execute("DELETE FROM sqlite_schema")
    connection.executemany("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", schema)
    connection.close()
    return changed


def _tolerant(sql: str) -> str:
    """A table that takes everything."""
    sql = re.sub(r"\b(TEXT|INTEGER)\b(?! PRIMARY KEY)", "BLOB", sql)
    return re.sub(r"(?<!IS )NOT NULL", "", sql).replace("STRICT, ", "").replace("STRICT", "")


def _columns(database: Path) -> list[tuple[str, str]]:
    connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    names = "SELECT name FROM pragma_table_info(?)"
    found = [
        (table, column)
        for (table,) in connection.execute(tables).fetchall()
        for (column,) in connection.execute(names, (table,)).fetchall()
    ]
    connection.close()
    return found


def _is_object(value: Value) -> bool:
    return isinstance(value, str) and value.startswith('{"')


if __name__ == "__main__":
    damage(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
