"""Processes of `multiprocessing`, started in one way, write beside a parent that writes too.

Arguments: the database, the way (``fork``, ``spawn``, ``forkserver``), processes.
"""

from __future__ import annotations

import multiprocessing
import sys

from signoff.lifecycle import MessageStatus
from signoff.store import Store, open_store

from .load import Load, add, missing
from .telling import report

EACH = 25
inherited: list[Store] = []


def work(arguments: tuple[str, int]) -> list[str]:
    """Add messages with a store of this process's own, and with one inherited where there is one."""
    path, number = arguments
    own = open_store(path)
    account = own.account("default")
    ids = [f"worker-{number}-{step}" for step in range(EACH)]
    for step, message_id in enumerate(ids):
        add(inherited[0] if inherited and step % 2 else own, account, message_id)
    own.close()
    return ids


def main() -> None:
    """Start them, then verify."""
    path, way, processes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    store = open_store(path)
    inherited.append(store)
    account = store.account("default")
    with Load(store, account, "parent", 2) as load, multiprocessing.get_context(way).Pool(processes) as pool:
        done = [message_id for ids in pool.map(work, [(path, n) for n in range(2 * processes)]) for message_id in ids]
    report(
        workers=len(done),
        acknowledged=len(load.acknowledged),
        faults=load.faults,
        lost=missing(store, account, load.acknowledged, MessageStatus.SENT),
        lost_of_workers=missing(store, account, done, MessageStatus.INCOMING),
        problems=store.check(),
    )
    store.close()


if __name__ == "__main__":
    main()
