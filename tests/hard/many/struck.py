"""``python -m tests.hard.many.struck FOLDER SECONDS SEED``: Ctrl+C and SIGTERM strike anywhere in what users call.

Other threads write all the while, and now and then the process forks. Prints what was acknowledged, what was lost, what
was done by halves.
"""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import signoff
from signoff import MessageStatus, StateManager
from signoff.errors import Decision, StoreBusy

from ...store.programs.load import Load, missing
from ...store.programs.telling import report

PACKAGE = str(Path(signoff.__file__).parent)

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
REJECTED = MessageStatus.REJECTED


class Strikes:
    """A timer that sends this process SIGINT or SIGTERM; the handlers raise wherever in signoff that is."""

    def __init__(self, seed: int) -> None:
        self.struck = {signal.SIGINT: 0, signal.SIGTERM: 0}
        self._random = random.Random(seed)
        self._stopped = False

    def start(self) -> None:
        signal.signal(signal.SIGALRM, self._send)
        for number in self.struck:
            signal.signal(number, self._strike)
        self._wind()

    def stop(self) -> None:
        """End; what was sent by then strikes nobody any more."""
        self._stopped = True
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _wind(self) -> None:
        pause = 0.05 if self._random.random() < 0.02 else self._random.uniform(0.0001, 0.0015)
        signal.setitimer(signal.ITIMER_REAL, pause)

    def _send(self, _: int, frame: FrameType | None) -> None:
        if self._stopped:
            return
        self._wind()
        os.kill(os.getpid(), self._random.choice(list(self.struck)))

    def _strike(self, number: int, frame: FrameType | None) -> None:
        while frame is not None and not self._stopped:
            if frame.f_code.co_filename.startswith(PACKAGE):
                self.struck[signal.Signals(number)] += 1
                raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(143)
            frame = frame.f_back


class Victim:
    """The main thread: does one thing after the other, and knows what was acknowledged to it."""

    def __init__(self, file: Path, seed: int) -> None:
        self.added: set[str] = set()
        self.moved: set[str] = set()
        self.decided: set[str] = set()
        self.counted = [0, 0]
        self.refused = 0
        self._file = file
        self._random = random.Random(seed)
        self._numbers = count()
        self._state = StateManager(file, by="victim")
        self._acts: list[Callable[[], Any]] = [
            self.add, self.add, self.move, self.approve, self.count_up, self.read, self.open_another, self.back_up,
        ]  # fmt: skip

    def step(self) -> None:
        """One call; whatever strikes it, the next one works."""
        act = self._random.choice(self._acts)
        try:
            act()
        except (KeyboardInterrupt, SystemExit):
            return
        except (StoreBusy, Decision):
            self.refused += 1

    def add(self) -> None:
        message_id = f"m{next(self._numbers)}"
        assert self._state.add_message({"id": message_id, "body": "Hello"}, INCOMING)
        self.added.add(message_id)

    def move(self) -> None:
        if self.added:
            message_id = self._random.choice(sorted(self.added)[-20:])
            self._state.move_message(message_id, INCOMING, REJECTED)
            self.moved.add(message_id)

    def approve(self) -> None:
        message_id = f"d{next(self._numbers)}"
        self._state.add_message({"id": message_id, "recipient": "15550108899@c.us", "body": "Hello"}, PENDING)
        self._state.approve(message_id)
        self.decided.add(message_id)

    def count_up(self) -> None:
        self.counted[1] += 1
        account = self._state.account
        self._state.store.change_settings(account, lambda kept: {"count": kept.get("count", 0) + 1}, by="victim")
        self.counted[0] += 1

    def read(self) -> None:
        self._state.get_config("watcher_config")
        self._state.is_session_valid()
        self._state.get_messages(INCOMING, 5)

    def open_another(self) -> None:
        with StateManager(self._file, by="another") as other:
            other.get_statistics()

    def back_up(self) -> None:
        if self._random.random() < 0.05:
            self._state.export_state(self._file.with_name("export.json"))
        if self._random.random() < 0.05:
            self._fork()

    def _fork(self) -> None:
        message_id = f"child{next(self._numbers)}"
        child = os.fork()
        if child == 0:
            signal.setitimer(signal.ITIMER_REAL, 0)
            with suppress(BaseException):
                self._state.add_message({"id": message_id, "body": "Hello"}, INCOMING)
                os._exit(0)
            os._exit(1)
        while True:
            with suppress(KeyboardInterrupt, SystemExit):
                if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
                    self.added.add(message_id)
                return

    def verdict(self) -> dict[str, Any]:
        """What became of everything, when nothing strikes any more."""
        kinds = {key: {event["kind"] for event in self._state.history(key)} for key in self.added | self.decided}
        done = self._state.get_config("count") or 0
        return {
            "acknowledged": len(self.added) + len(self.moved) + len(self.decided) + self.counted[0],
            "refused": self.refused,
            "lost": [key for key in self.moved if kinds[key].isdisjoint({"moved", "irregular"})]
            + [key for key in self.decided if "approved" not in kinds[key]],
            "count": self.counted[0] <= done <= self.counted[1],
            "problems": self._state.check(),
        }

    def close(self) -> None:
        self._state.close()


def main(folder: Path, seconds: float, seed: int) -> None:
    """Be struck, then look."""
    faulthandler.dump_traceback_later(seconds + 90, exit=True)
    victim, strikes = Victim(folder / "whatsapp_state.json", seed), Strikes(seed)
    store = victim._state.store
    end = time.monotonic() + seconds
    with Load(store, store.account("default"), "load", 3) as load:
        strikes.start()
        while time.monotonic() < end:
            victim.step()
        strikes.stop()
    verdict = victim.verdict()
    lost = missing(store, store.account("default"), load.acknowledged, MessageStatus.SENT)
    victim.close()
    report(
        struck=list(strikes.struck.values()), load=len(load.acknowledged), faults=load.faults, lost_load=lost, **verdict
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
