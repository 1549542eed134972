"""Another program that keeps SQLite's own write lock until its standard input ends, and knows nothing of the store.

Argument: the database. Prints a line once it holds it.
"""

from __future__ import annotations

import sys

import apsw


def main() -> None:
    """Hold, and let go."""
    connection = apsw.Connection(sys.argv[1])
    connection.execute("BEGIN IMMEDIATE")
    print("holding", flush=True)
    sys.stdin.read()
    connection.execute("ROLLBACK")
    connection.close()


if __name__ == "__main__":
    main()
