"""Writes with some threads until its standard input ends, then says what became of it.

Arguments: the database, a prefix for its ids, threads. Prints a line when it begins.
"""

from __future__ import annotations

import sys

from signoff.store import open_store

from .load import Load
from .telling import report, say


def main() -> None:
    """Write, then report."""
    path, prefix, threads = sys.argv[1:]
    store = open_store(path)
    account = store.account("default")
    with Load(store, account, prefix, int(threads)) as load:
        say("writing")
        sys.stdin.read()
    report(acknowledged=load.acknowledged, faults=load.faults, longest=load.longest)
    store.close()


if __name__ == "__main__":
    main()
