"""Two threads fork again and again while others write, open and close; every child writes too.

Arguments: the database, how often each forks, threads that write.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from pathlib import Path

from signoff.lifecycle import MessageStatus
from signoff.store import Store, open_store

from .load import Load, add, missing
from .telling import report

EACH = 3
"""Messages that a child adds in each of two threads."""


def open_files(beginning: Path) -> list[str]:
    """The files open in this process whose names begin so; where the system tells."""
    entries = Path("/proc/self/fd")
    if not entries.is_dir():
        return []
    names = [os.readlink(entry) for entry in entries.iterdir() if entry.is_symlink()]
    return [name for name in names if name.startswith(str(beginning))]


def be_a_child(store: Store, account: int, name: str) -> int:
    """What a child does; its exit code."""
    if open_files(store.database.path):
        return 2
    threads = [threading.Thread(target=_add_some, args=(store, account, f"{name}-{part}")) for part in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0 if store.check() == [] else 3


def _add_some(store: Store, account: int, name: str) -> None:
    for number in range(EACH):
        add(store, account, f"{name}-{number}")


def fork_often(store: Store, account: int, name: str, times: int, ended: list[int], pauses: list[float]) -> None:
    """Fork, and collect how the children ended and how long each fork took."""
    children = []
    for number in range(times):
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(be_a_child(store, account, f"child-{name}-{number}"))
        pauses.append(time.monotonic() - begun)
        children.append(child)
    ended += [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def open_and_close(path: str, stop: threading.Event) -> None:
    """Open and close two databases all the time, one of them new each time."""
    number = 0
    while not stop.is_set():
        number += 1
        for name in (path, f"{path}.{number % 5}.other.db"):
            store = open_store(name)
            store.account("default")
            store.close()


def main() -> None:
    """Fork under load, then verify."""
    path, times, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    faulthandler.dump_traceback_later(90, exit=True)
    store = open_store(path)
    account, stop, ended, pauses = store.account("default"), threading.Event(), list[int](), list[float]()
    opener = threading.Thread(target=open_and_close, args=(path, stop))
    arguments = (store, account)
    forker = threading.Thread(target=fork_often, args=(*arguments, "b", times, ended, pauses))
    with Load(store, account, "parent", threads) as load:
        opener.start()
        forker.start()
        fork_often(*arguments, "a", times, ended, pauses)
        forker.join()
        stop.set()
        opener.join()
    children = [
        f"child-{name}-{fork}-{part}-{number}"
        for name in ("a", "b")
        for fork in range(times)
        for part in (0, 1)
        for number in range(EACH)
    ]
    report(
        forks=len(ended),
        failed=[code for code in ended if code],
        longest_fork=max(pauses),
        longest=load.longest,
        acknowledged=len(load.acknowledged),
        faults=load.faults,
        lost=missing(store, account, load.acknowledged, MessageStatus.SENT),
        lost_of_children=missing(store, account, children, MessageStatus.INCOMING),
        problems=store.check(),
    )
    store.close()


if __name__ == "__main__":
    main()
