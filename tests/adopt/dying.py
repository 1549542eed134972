"""Run as a program: adopts a folder, or brings it back, and is killed at the n-th touch of a file in it.

``python dying.py adopt|undo FOLDER N``; with N of 0 it says how many touches there are.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from signoff.adopt import adopt, plan, undo
from signoff.clock import system_clock

TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.utime", "os.listdir", "os.scandir"}


def main(what: str, folder: str, last: int) -> None:
    count = 0

    def touched(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in TOUCHES and folder in str(arguments[0]):
            count += 1
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)

    todo = plan(Path(folder)) if what == "adopt" else None
    sys.addaudithook(touched)
    if todo is not None:
        adopt(todo, True, system_clock)
    else:
        undo(Path(folder))
    sys.stdout.write(str(count))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
