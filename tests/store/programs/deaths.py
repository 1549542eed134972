"""Threads die at random in the middle of the store while others write.

Arguments: the database, seconds, the seed.
"""

from __future__ import annotations

import ctypes
import faulthandler
import random
import sys
import time

from signoff.lifecycle import MessageStatus
from signoff.store import open_store

from .load import Load, add, missing
from .telling import report


def kill(thread: int) -> None:
    """Raise SystemExit in a thread, wherever it is."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(SystemExit))


def main() -> None:
    """Let threads die, then verify."""
    path, seconds, seed = sys.argv[1:]
    faulthandler.dump_traceback_later(float(seconds) + 60, exit=True)
    store = open_store(path)
    account, chance, died = store.account("default"), random.Random(int(seed)), 0
    acknowledged, faults = [], []
    end = time.monotonic() + float(seconds)
    with Load(store, account, "survivor", 2) as survivors:
        while time.monotonic() < end:
            with Load(store, account, f"mortal-{died}", 3) as mortals:
                time.sleep(chance.uniform(0.001, 0.02))
                for thread in mortals.identities:
                    kill(thread)
            died += sum(isinstance(fault, SystemExit) for fault in mortals.faults)
            acknowledged += mortals.acknowledged
            faults += [fault for fault in mortals.faults if not isinstance(fault, SystemExit)]
    add(store, account, "after")
    expected = acknowledged + survivors.acknowledged
    report(
        died=died,
        acknowledged=len(expected),
        faults=faults + survivors.faults,
        lost=missing(store, account, expected, MessageStatus.SENT),
        problems=store.check(),
    )
    store.close()


if __name__ == "__main__":
    main()
