"""Another program that opens the database: what it tries runs in a process of its own.

In a process that has a store open nothing else may open its files: that would drop SQLite's locks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = """
import json, sys, apsw
path, statements = sys.argv[1], json.loads(sys.argv[2])
connection = apsw.Connection(path)
connection.set_busy_timeout(5000)
connection.pragma("foreign_keys", True)
answers = []
for statement in statements:
    try:
        answers.append(connection.execute(statement).fetchall())
    except apsw.Error as error:
        answers.append(f"{type(error).__name__}: {error}")
print(json.dumps(answers))
"""


def sql(path: Path, *statements: str) -> list[Any]:
    """Run SQL from outside, each statement on its own: its rows, or the error as text."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), json.dumps(statements)], capture_output=True, text=True, check=True
    )
    answers: list[Any] = json.loads(done.stdout)
    return answers


def change(path: Path, statement: str) -> None:
    """Run one statement from outside, which must succeed."""
    (answer,) = sql(path, statement)
    assert not isinstance(answer, str), answer
