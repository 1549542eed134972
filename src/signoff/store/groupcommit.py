"""Group commit: the first waiting thread commits for all that wait, so that many threads share one sync of the disk.

A thread that has something to write queues it. If nobody leads, it leads: it runs what is queued, and what comes while
it does so, in one transaction, commits, wakes those it worked for and hands the lead to the next. If an operation
fails, all are rolled back and run again, each apart, so that it fails alone; a commit that fails fails them all.

Ctrl+C may strike between any two instructions of the main thread. So nothing here relies on a clean-up being reached:
the group under way stands in the instance, the lead is a lock held by a ``with`` statement, and whoever has the lead
next first finishes what an interrupted leader left behind. A waiter that misses its wake-up looks for itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar

from ..errors import SignoffError, StoreBusy

T = TypeVar("T")

_PATIENCE = 0.05
"""Seconds after which a waiter looks whether anybody leads; only matters after an interrupt."""


class Writer(Protocol):
    """What a group is run on. Used by one thread at a time."""

    def begin(self, since: float) -> None:
        """Start a transaction, for somebody who waits since a moment of `time.monotonic`."""

    def run(self, work: Callable[[Any], Any]) -> Any:
        """Run one operation; if it raises, some of it may remain in the transaction.

        Raises:
            GroupFailed: the whole transaction is lost.
        """

    def run_apart(self, work: Callable[[Any], Any]) -> Any:
        """Run one operation; if it raises, nothing of it remains in the transaction.

        Raises:
            GroupFailed: the whole transaction is lost.
        """

    def begin_again(self) -> None:
        """Undo all that was run since `begin`, and start another transaction."""

    def commit(self) -> None:
        """Make all of it durable."""

    def is_committed(self) -> bool:
        """Whether the last `commit` that was begun has made all of it durable; also after an interrupt in its midst."""

    def end(self) -> None:
        """Roll back what is not committed and let go of everything taken in `begin`. Harmless when there is nothing."""


class Interrupting(StoreBusy):
    """Something was to be written by a signal handler that has interrupted the same thread while it writes."""

    def __init__(self) -> None:
        super().__init__(
            "a signal handler cannot write while the thread that it has interrupted is writing; nothing of the "
            "handler's was changed: let it only note that it was called, and write afterwards"
        )


class GroupFailed(Exception):
    """The transaction of a whole group is lost. ``error()`` makes the error to raise at each of its callers."""

    def __init__(self, error: Callable[[], Exception]) -> None:
        super().__init__("the group failed")
        self.error = error


def _may_be_from_outside(error: Exception) -> bool:
    """Whether a signal handler may have raised it, and not the operation: only the main thread runs handlers."""
    if threading.current_thread() is not threading.main_thread():
        return False
    return isinstance(error, Interrupting) or not isinstance(error, SignoffError)


class _Operation:
    __slots__ = ("done", "error", "lead", "result", "since", "wake", "work")

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work
        self.since = time.monotonic()
        self.result: Any = None
        self.error: Exception | None = None
        self.done = False
        self.lead = False
        self.wake = threading.Lock()
        self.wake.acquire()

    def call(self) -> None:
        """Wake the thread that waits for this operation. Two may do so at once."""
        with suppress(RuntimeError):
            self.wake.release()


class GroupCommit:
    """Runs operations of many threads in few transactions of one `Writer`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.reset()

    def reset(self) -> None:
        """Forget everything queued: for the child after a fork, where the threads that queued it do not exist."""
        self._mutex = threading.RLock()
        self._local = threading.local()
        self.turn = threading.Lock()
        self._pending: list[_Operation] = []
        self._group: list[_Operation] = []
        self._committing = False
        self._leading = False
        self._suspect: Exception | None = None

    def submit(self, work: Callable[[Any], T]) -> T:
        """Run ``work`` in a transaction and return its result when that is durable.

        An exception of ``work`` undoes it alone and is raised here. After an interrupt the operation is either not
        done or durably done. ``work`` may be run again if another of the group fails, or an interrupt strikes.
        """
        if self.is_interrupted():
            raise Interrupting
        operation = _Operation(work)
        try:
            with self._mutex:
                self._pending.append(operation)
                operation.lead = not self._leading
                self._leading = True
            while not operation.done:
                if operation.lead:
                    self._lead()
                elif not operation.wake.acquire(timeout=_PATIENCE):
                    operation.lead = not self.turn.locked()
        except BaseException:
            self._withdraw(operation)
            raise
        if operation.error is not None:
            raise operation.error
        result: T = operation.result
        return result

    def is_interrupted(self) -> bool:
        """Whether a signal handler has interrupted this thread while it has the turn, or takes it."""
        return getattr(self._local, "has_turn", False)

    def _lead(self) -> None:
        self._take_turn(self._lead_group)
        self._hand_on()

    def _take_turn(self, action: Callable[[], None]) -> None:
        """Do something with the turn. What a signal handler wants written meanwhile, in this thread, is refused."""
        self._local.has_turn = True
        try:
            with self.turn:
                action()
        finally:
            self._local.has_turn = False

    def _lead_group(self) -> None:
        self.recover()
        if self._pending:
            self._run()
            self._finish()
        suspect, self._suspect = self._suspect, None
        if suspect is not None:
            raise suspect

    def _run(self) -> None:
        try:
            self._take()
            self._writer.begin(self._group[0].since)
            if not self._run_together():
                self._writer.begin_again()
                self._run_apart()
            self._committing = True
            self._writer.commit()
        except GroupFailed as failure:
            self._committing = False
            self._fail(failure)

    def _take(self) -> None:
        """Take all that is queued into the group."""
        with self._mutex:
            self._group, self._pending = self._group + self._pending, []

    def _run_together(self) -> bool:
        """Run the group, and what is queued meanwhile, in the hope that none fails; False when one did.

        To guard each would cost more. It comes to an end because a thread that has queued an operation waits for it.
        """
        number = 0
        try:
            while number < len(self._group):
                operation = self._group[number]
                operation.error = None
                operation.result = self._writer.run(operation.work)
                number += 1
                if self._pending:
                    self._take()
        except GroupFailed:
            raise
        except Exception as error:
            self._suspect = error if _may_be_from_outside(error) else None
            return False
        return True

    def _run_apart(self) -> None:
        for operation in self._group:
            self._run_one(operation)
            error = operation.error
            if error is not None and _may_be_from_outside(error):
                self._run_one(operation)  # what a signal handler raised does not come again
                if operation.error is None:
                    self._suspect = error
                elif type(error) is type(self._suspect):
                    self._suspect = None

    def _run_one(self, operation: _Operation) -> None:
        operation.error = None
        try:
            operation.result = self._writer.run_apart(operation.work)
        except GroupFailed:
            raise
        except Exception as error:
            operation.error = error

    def _fail(self, failure: GroupFailed) -> None:
        for operation in self._group:
            operation.error = failure.error()

    def _finish(self) -> None:
        """Let the writer go and wake everyone of the group. May be interrupted and run again."""
        self._writer.end()
        for operation in self._group:
            if not operation.done:
                operation.done = True
                if not operation.lead:
                    operation.call()
        self._group, self._committing = [], False

    def recover(self) -> None:
        """Finish what an interrupted leader left: wake its group if it was committed, else queue it again.

        To be called with the turn, and before the writer is closed: that would hide what was committed.
        """
        if not self._group:
            return
        settled = all(operation.done or operation.error for operation in self._group)
        if settled or (self._committing and self._writer.is_committed()):
            self._finish()
            return
        self._writer.end()
        with self._mutex:
            waiting = [operation for operation in self._group if not operation.done]
            self._pending, self._group, self._committing = waiting + self._pending, [], False

    def _withdraw(self, operation: _Operation) -> None:
        self._take_turn(partial(self._remove, operation))
        self._hand_on()

    def _remove(self, operation: _Operation) -> None:
        self.recover()
        with self._mutex:
            if operation in self._pending:
                self._pending.remove(operation)

    def _hand_on(self) -> None:
        with self._mutex:
            self._leading = bool(self._pending)
            if self._pending:
                following = self._pending[0]
                following.lead = True
                following.call()
