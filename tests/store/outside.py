"""Another program that opens the database: what it tries runs in a process of its own.

In a process that has a store open nothing else may open its files: that would drop SQLite's locks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

RAISED = "revision = revision + 1, changed_at = 1, changed_by = 'me', changed_what = 'mine'"
"""What every change of a row must say: that it is one, when, by whom and what."""

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


class Program:
    """A program of `tests.store.programs` that runs beside the test; stopped at the end of a ``with`` statement.

    Args:
        heard: the line that it prints once it is where the test wants it, or None.
    """

    def __init__(self, name: str, *arguments: object, heard: str | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"tests.store.programs.{name}", *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if heard is not None:
            assert self.process.stdout is not None
            assert self.process.stdout.readline().strip() == heard

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def kill(self) -> list[str]:
        """Kill it; the lines that it had printed, those that were read ahead with the ones before included."""
        self.process.kill()
        with self.process:
            assert self.process.stdout is not None
            return self.process.stdout.read().splitlines()

    def finish(self, patience: float = 100) -> str:
        """End its standard input and wait for it; what it printed since it was heard."""
        output, _ = self.process.communicate(timeout=patience)
        assert self.process.returncode == 0, f"it ended with {self.process.returncode}"
        return output

    def result(self) -> dict[str, Any]:
        """The same, for a program that prints its result last."""
        told: dict[str, Any] = json.loads(self.finish().splitlines()[-1])
        return told
