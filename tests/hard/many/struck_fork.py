"""``python -m tests.hard.many.struck_fork FOLDER``: Ctrl+C strikes each line of what happens before a fork, one by one.

Another thread writes all the while. Prints how many lines there were, and how the children ended that wrote.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from signoff import forkgate
from signoff.store import Store, open_store

from ...store.programs.load import Load, add
from ...store.programs.telling import report

MINE = {"_before", "hold", "let_go", "_put_back"}
LINES = 80
"""How many lines are struck; to look at all handlers of signals is a loop of many more."""
PATIENCE = 10.0


def strike_at(last: int) -> Callable[[FrameType, str, Any], Any]:
    """A trace function that raises at the n-th event in the first lines of a fork."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename != forkgate.__file__ or frame.f_code.co_name not in MINE:
            return None
        count += 1
        if count == last:
            raise KeyboardInterrupt
        return trace

    return trace


def fork_and_write(store: Store, account: int, number: int) -> int | None:
    """Fork, struck once; how the child ended that added a message, or None for one that hangs."""
    sys.settrace(strike_at(number))
    child = os.fork()
    sys.settrace(None)
    if child == 0:
        add(store, account, f"child-{number}")
        os._exit(0)
    handle = os.pidfd_open(child)
    ended, _, _ = select.select([handle], [], [], PATIENCE)
    os.close(handle)
    if not ended:
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if ended else None


def main(folder: Path) -> None:
    """Strike each line."""
    heard = list[int]()
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number)) and signal.getsignal(signal.SIGINT)
    sys.unraisablehook = lambda _: None
    store = open_store(folder / "state.db")
    account = store.account("default")
    with Load(store, account, "load", 2) as load:
        codes = [fork_and_write(store, account, number) for number in range(1, LINES)]
        put_back = signal.getsignal(signal.SIGINT) is handler
    add(store, account, "after")
    report(codes=codes, put_back=put_back, heard=len(heard), faults=load.faults, problems=store.check())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
