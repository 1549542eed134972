"""The service: runs the stages of the pipeline in threads, and stops them in order."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from types import FrameType

from .assistant import Assistant
from .clock import SECOND
from .errors import SignoffError
from .gateway import Gateway
from .pipeline.approval import Approval
from .pipeline.drafts import Drafts
from .pipeline.inbox import Inbox
from .pipeline.keeper import IDLE, Keeper
from .pipeline.outbox import LEASE, Outbox
from .state import StateManager

log = logging.getLogger(__name__)

GLANCE = 0.02
"""Seconds between two glances at whether anything has changed in the store."""
REST = 1.0
"""Seconds after which a stage does a round though nothing has changed: something may have come due."""
LONGEST_BACK_OFF = 60.0
PATIENCE = 5.0
"""Seconds that a stop waits for the stages that can be left in the middle of their work."""


def back_off(failures: int) -> float:
    """Seconds that a stage rests after it has failed so many times in a row."""
    return min(2.0 ** min(failures - 1, 10), LONGEST_BACK_OFF)


@dataclass(frozen=True, slots=True)
class _Stage:
    name: str
    round: Callable[[], int]
    rest: float


class Service:
    """Runs inbox, drafts, approval, outbox and keeper until it is stopped.

    Args:
        state: whose account is served.
        gateway: the way to WhatsApp.
        assistant: drafts the answers; None when a person writes them all.
        assistant_name: what its drafts are signed with when they say nothing themselves.
        lease: how long work is left to a process that may have been killed over it, in microseconds.

    Attributes:
        failures: how often each stage has failed since the start.
    """

    def __init__(
        self,
        state: StateManager,
        gateway: Gateway,
        assistant: Assistant | None,
        assistant_name: str = "assistant",
        *,
        lease: int = LEASE,
    ) -> None:
        self._state = state
        self._gateway = gateway
        self.outbox = Outbox(state, gateway, lease=lease)
        self.failures: Counter[str] = Counter()
        stages = [
            _Stage("inbox", Inbox(state, gateway).round, 0.0),
            _Stage("approval", Approval(state).round, REST),
            _Stage("outbox", self.outbox.round, REST),
            _Stage("keeper", Keeper(state, gateway).round, IDLE / SECOND),
        ]
        if assistant is not None:
            drafts = Drafts(state, assistant, assistant_name, lease=2 * lease, patience=lease / SECOND)
            stages.insert(1, _Stage("drafts", drafts.round, REST))
        self._stages = stages
        self._stopping = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._signals: SimpleQueue[int] = SimpleQueue()

    def start(self) -> None:
        """Start the threads. human_in_the_loop is set on where nobody has chosen."""
        if self._state.config_author("human_in_the_loop") is None:
            self._state.set_config("human_in_the_loop", True)
            log.warning("human_in_the_loop was not chosen yet: it is on now, so nothing leaves without sign-off")
        for stage in self._stages:
            thread = threading.Thread(target=self._run, args=(stage,), name=f"signoff-{stage.name}", daemon=True)
            self._threads[stage.name] = thread
            thread.start()

    def stop(self) -> None:
        """Stop in order: what is being sent at this moment is finished. Everything else goes on at the next start."""
        self._stopping.set()
        until = time.monotonic() + PATIENCE
        if "outbox" in self._threads:
            self._threads["outbox"].join()
        for name, thread in self._threads.items():
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                log.warning("%s does not come to its end; it is left in the middle and goes on at the next start", name)
        self._threads.clear()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until somebody asks the service to stop; False when ``timeout`` seconds have passed before."""
        return self._stopping.wait(timeout)

    def stop_on_signals(self) -> None:
        """Let SIGTERM and Ctrl+C ask for an orderly stop; a second one ends the process at once."""
        asked = False

        def ask(number: int, _frame: FrameType | None) -> None:
            nonlocal asked
            if asked:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            asked = True
            self._signals.put(number)

        threading.Thread(target=self._heed_signals, name="signoff-signals", daemon=True).start()
        signal.signal(signal.SIGTERM, ask)
        signal.signal(signal.SIGINT, ask)

    def run(self) -> None:
        """Run until SIGTERM or Ctrl+C, then stop in order."""
        self.stop_on_signals()
        self.start()
        try:
            while not self.wait(3600):
                pass
        finally:
            self.stop()

    def _heed_signals(self) -> None:
        """A handler may strike while its own thread holds the lock of an Event; a queue it can always put into."""
        self._signals.get()
        self._stopping.set()

    def _run(self, stage: _Stage) -> None:
        failures = 0
        while not self._stopping.is_set():
            seen = self._seen()
            try:
                worked = stage.round()
                failures = 0
            except Exception as error:  # a stage goes on whatever happens; what happened is said
                failures += 1
                self._report(stage, error)
                self._stopping.wait(back_off(failures))
                continue
            if not worked and stage.rest:
                self._wait_for_change(seen, stage.rest)

    def _report(self, stage: _Stage, error: Exception) -> None:
        self.failures[stage.name] += 1
        if isinstance(error, SignoffError):
            log.warning("%s: %s", stage.name, error)
        else:
            log.exception("%s failed", stage.name)

    def _seen(self) -> int:
        try:
            return self._state.store.last_event()
        except SignoffError:
            return -1

    def _wait_for_change(self, seen: int, rest: float) -> None:
        until = time.monotonic() + rest
        while time.monotonic() < until and not self._stopping.wait(GLANCE):
            if self._seen() != seen:
                return
