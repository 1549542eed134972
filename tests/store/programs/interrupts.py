"""Ctrl+C strikes the main thread at random, anywhere in the store, while other threads write.

Arguments: the database, seconds, threads beside the main one, the seed, busy_timeout. Prints a line when it is ready,
and begins when its standard input ends.
"""

from __future__ import annotations

import faulthandler
import random
import signal
import sys
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import FrameType

import signoff
from signoff.errors import StoreBusy
from signoff.lifecycle import MessageStatus
from signoff.store import Store, open_store
from signoff.store.connection import Transaction
from signoff.store.messages import add_row

from .load import Load, add, content, missing
from .telling import report, say

PACKAGE = str(Path(signoff.__file__).parent)


class Interrupts:
    """A timer that raises KeyboardInterrupt in the main thread, wherever in the store that is."""

    def __init__(self, seed: int) -> None:
        self.struck = 0
        self._random = random.Random(seed)

    def start(self) -> None:
        """Begin."""
        signal.signal(signal.SIGALRM, self._strike)
        self._wind()

    def stop(self) -> None:
        """End."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _wind(self) -> None:
        pause = 0.1 if self._random.random() < 0.01 else self._random.uniform(0.00005, 0.001)
        signal.setitimer(signal.ITIMER_REAL, pause)

    def _strike(self, _: int, frame: FrameType | None) -> None:
        self._wind()
        while frame is not None:
            if frame.f_code.co_filename.startswith(PACKAGE):
                self.struck += 1
                raise KeyboardInterrupt
            frame = frame.f_back


def add_pair(store: Store, account: int, number: int) -> None:
    """Add two messages in one operation."""

    def work(tx: Transaction) -> None:
        for half in ("a", "b"):
            message = content(f"main-{number}-{half}")
            params = {"account": account, "id": message.id, "status": "incoming", "origin": "script", "chat": None}
            params |= {"payload": message.payload, "digest": None, "answers": None, "author": None, "note": None}
            add_row(tx, params | {"draft_due": None, "now": store.clock(), "by": "main", "why": None})

    store.database.write(work)


def is_stale(store: Store, account: int, number: int) -> bool:
    """Whether a look at the store, in one of two ways, does not show the pair that was just acknowledged."""
    if number % 2:
        return store.find(account, f"main-{number}-a") is None
    return store.database.snapshot(lambda tx: tx.row("get", {"account": account, "id": f"main-{number}-a"})) is None


def run(store: Store, account: int, seconds: float, interrupts: Interrupts) -> tuple[list[int], int, int, int]:
    """Write pairs and look at them.

    Which were acknowledged, how many were tried, how often another process was in the way, how many looks were stale.
    """
    acknowledged, tried, busy, stale, end = [], 0, 0, 0, time.monotonic() + seconds
    interrupts.start()
    for number in count():
        if time.monotonic() > end:
            break
        tried += 1
        try:
            add_pair(store, account, number)
        except KeyboardInterrupt:
            continue
        except StoreBusy:
            busy += 1
            continue
        acknowledged.append(number)
        with suppress(KeyboardInterrupt):
            stale += is_stale(store, account, number)
    interrupts.stop()
    return acknowledged, tried, busy, stale


def main() -> None:
    """Interrupt, then verify."""
    path, seconds, threads, seed, busy_timeout = sys.argv[1:]
    faulthandler.dump_traceback_later(float(seconds) + 60, exit=True)
    store = open_store(path, busy_timeout=float(busy_timeout))
    account = store.account("default")
    interrupts = Interrupts(int(seed))
    say("ready")
    sys.stdin.read()
    with Load(store, account, "load", int(threads)) as load:
        acknowledged, tried, busy, stale = run(store, account, float(seconds), interrupts)
    faults = [fault for fault in load.faults if not isinstance(fault, StoreBusy)]
    for number in range(50):
        add(store, account, f"after-{number}")
    present = {message["id"] for message in store.newest(account, MessageStatus.INCOMING, None)}
    halves = [n for n in range(tried) if (f"main-{n}-a" in present) != (f"main-{n}-b" in present)]
    report(
        struck=interrupts.struck,
        acknowledged=len(acknowledged),
        interrupted=tried - len(acknowledged) - busy,
        busy=busy + len(load.faults) - len(faults),
        done_though_interrupted=sum(f"main-{n}-a" in present for n in set(range(tried)) - set(acknowledged)),
        load=len(load.acknowledged),
        faults=faults,
        lost=[n for n in acknowledged if f"main-{n}-a" not in present],
        lost_load=missing(store, account, load.acknowledged, MessageStatus.SENT),
        halves=halves,
        stale=stale,
        problems=store.check(),
    )
    store.close()


if __name__ == "__main__":
    main()
