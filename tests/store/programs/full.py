"""Writes with four threads until the disk is full, makes room, and goes on.

Arguments: the database; ``limit`` (a limit of this process on the size of files) or ``disk`` (a real file system, on
which a ballast file stands beside the database).
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path

from signoff.errors import StoreFull
from signoff.lifecycle import MessageStatus
from signoff.store import open_store

from .load import Load, add, missing
from .telling import report

ROOM = 600_000


def fill(path: Path, how: str) -> Callable[[], object]:
    """Leave little room; the function that makes room again."""
    if how == "limit":
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    ballast = path.with_name("ballast")
    ballast.write_bytes(b"x" * ROOM)
    return ballast.unlink


def main() -> None:
    """Fill it up, verify, make room, go on, verify again."""
    path, how = Path(sys.argv[1]), sys.argv[2]
    store = open_store(path)
    account = store.account("default")
    make_room = fill(path, how)
    with Load(store, account, "load", 4) as load:
        load.wait_for_faults(4)
    lost = missing(store, account, load.acknowledged, MessageStatus.SENT)
    make_room()
    for number in range(20):
        add(store, account, f"after-{number}")
    report(
        acknowledged=len(load.acknowledged),
        full=[str(fault) for fault in load.faults if isinstance(fault, StoreFull)],
        faults=[fault for fault in load.faults if not isinstance(fault, StoreFull)],
        lost=lost + missing(store, account, load.acknowledged, MessageStatus.SENT),
        problems=store.check(),
    )
    store.close()


if __name__ == "__main__":
    main()
