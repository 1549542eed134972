"""Restore a backup, import a file or take up a copied one, and be killed in the middle.

``python -m tests.store.programs.take_up_killed restore|open FOLDER borders|calls N``: killed after the n-th
transaction, or at the n-th call that `signoff.store.takeup` makes. Says ``done`` when there were no more than that.
Batches are small, so that a small file has many.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from signoff.store import takeup
from state_manager import StateManager

how, folder, counted, kill_at = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
takeup.AT_ONCE = 10
steps = 0


def count(frame: FrameType, event: str, _: Any) -> None:
    global steps
    if frame.f_code.co_filename != takeup.__file__:
        return
    border = event == "return" and frame.f_code.co_name == "_write"
    if border if counted == "borders" else event in ("c_call", "c_return"):
        steps += 1
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


threading.setprofile(count)
sys.setprofile(count)
with StateManager(folder / "whatsapp_state.json") as manager:
    if how == "restore":
        manager.restore_state(folder / "backup.json")
sys.setprofile(None)
sys.stdout.write("done")
