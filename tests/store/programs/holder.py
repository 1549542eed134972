"""Holds the database in the middle of a change until its standard input ends.

Argument: the database. Prints a line once it holds it.
"""

from __future__ import annotations

import sys

from signoff.store import open_store
from signoff.store.connection import Transaction

from .telling import say


def hold(_: Transaction) -> None:
    """Be in the middle of something."""
    say("holding")
    sys.stdin.read()


def main() -> None:
    """Hold, and let go."""
    open_store(sys.argv[1]).database.write(hold)


if __name__ == "__main__":
    main()
