"""Ctrl+C strikes at one line of a module after the other, while a store reads or writes, or a store or manager opens.

Arguments: a folder; ``read``, ``write``, ``open`` or ``manage``; the module. After each strike nothing that was being
opened stays open, and other threads do the same.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from linecache import getline
from pathlib import Path
from types import FrameType
from typing import Any

from signoff import StateManager, shared
from signoff.lifecycle import MessageStatus
from signoff.store import open_store

from .load import add
from .telling import report

PATIENCE = 10


def strike(file: str, number: int, act: Callable[[], object]) -> bool:
    """Let Ctrl+C strike at a line of a file, the first that is run being 1; False when so many were not run.

    It strikes at no ``with``: Python runs no handler between the last line of its block and the end of it.
    """
    left = number

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        nonlocal left
        if frame.f_code.co_filename != file:
            return None
        if event == "line" and not getline(file, frame.f_lineno).lstrip().startswith("with "):
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        act()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return left <= 0


def left_open(folder: Path) -> list[str]:
    """The files below a folder that this process has open, once it has had time to close them; unknown elsewhere."""
    end, descriptors = time.monotonic() + PATIENCE, Path("/proc/self/fd")
    while descriptors.exists():
        gc.collect()
        names = []
        for descriptor in descriptors.iterdir():
            with suppress(FileNotFoundError):
                names.append(str(descriptor.readlink()))
        if not (found := sorted(name for name in names if name.startswith(f"{folder}/"))) or time.monotonic() > end:
            return found
        time.sleep(0.01)
    return []


def main() -> None:
    """Strike, then verify."""
    shared.LINGER = 0.0
    folder, what, module = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    faulthandler.dump_traceback_later(100, exit=True)
    store = open_store(folder / "state.db")
    account, numbers, acknowledged = store.account("default"), count(), list[str]()

    def read() -> None:
        store.database._readers._look_at = 0.0
        assert store.find(account, "m") is not None

    def write() -> None:
        message_id = f"m{next(numbers)}"
        add(store, account, message_id)
        acknowledged.append(message_id)

    def open_another() -> None:
        open_store(others / "state.db", busy_timeout=0.5).close()

    def manage_another() -> None:
        StateManager(others / "state.json", busy_timeout=0.5).close()

    (others := folder / "others").mkdir()
    act = {"read": read, "write": write, "open": open_another, "manage": manage_another}[what]
    add(store, account, "m")
    act()
    file, struck, faults = str(importlib.import_module(module).__file__), 0, []
    with ThreadPoolExecutor(2) as threads:
        while strike(file, struck + 1, act):
            struck += 1
            if names := left_open(others):
                faults.append(f"after strike {struck} these stay open: {names}")
            for done in [threads.submit(act) for _ in range(2)]:
                if error := done.exception(PATIENCE):
                    faults.append(f"after strike {struck}: {error!r}")
    present = {message["id"] for message in store.newest(account, MessageStatus.INCOMING, None)}
    report(struck=struck, faults=faults, lost=sorted(set(acknowledged) - present), problems=store.check())
    store.close()


if __name__ == "__main__":
    main()
