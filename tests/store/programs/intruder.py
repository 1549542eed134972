"""Another program that keeps SQLite's own write lock until its standard input ends, and knows nothing of the store.

Argument: the database. Prints a line once it holds it.
"""

from __future__ import annotations

import sys

import apsw

from .telling import say


def main() -> None:
    """Hold, and let go."""
    connection = apsw.Connection(sys.argv[1])
    connection.execute("BEGIN IMMEDIATE")
    say("holding")
    sys.stdin.read()
    connection.execute("ROLLBACK")
    connection.close()


if __name__ == "__main__":
    main()
