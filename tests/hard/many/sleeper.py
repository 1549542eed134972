"""``python -m tests.hard.many.sleeper FOLDER PART``: is stopped in the middle of its work, and goes on when woken.

No thread of its keeps a state file, and so the lock, when it is stopped.

Its part is ``send`` (an outbox that hands a message over) or ``draft`` (an assistant that thinks). Says ``working``
when it is about to be stopped, and ``done``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signoff import StateManager
from signoff.clock import SECOND
from signoff.gateway import Accepted, Outcome, Outgoing
from signoff.gateway.simulator import Simulator
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.outbox import Outbox

from ...store.programs.telling import say

LEASE = SECOND // 5


class Slow(Simulator):
    """A gateway that takes as long as its process is stopped."""

    def send(self, message: Outgoing) -> Outcome:
        stop()
        return Accepted("from before")


def think(message: Mapping[str, Any], _: Sequence[Mapping[str, Any]]) -> str:
    """An assistant that takes as long as its process is stopped."""
    stop()
    return f"From before: {message['body']}"


def stop() -> None:
    """Stop this process, until it is continued."""
    say("working")
    os.kill(os.getpid(), signal.SIGSTOP)


def main(folder: Path, part: str) -> None:
    """Do one round."""
    with StateManager(folder / "state.db", by="sleeper") as state:
        if part == "send":
            Outbox(state, Slow(), lease=LEASE).round()
        else:
            Drafts(state, think, lease=LEASE).round()
    say("done")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
