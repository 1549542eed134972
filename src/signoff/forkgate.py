"""No connection is open across a fork.

A connection that a child inherits holds no real locks, and closing it there drops the parent's: commits were lost that
way. So before a fork everything that registered here comes to rest and closes; both sides open again on next use.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
import time
import weakref
from types import FrameType
from typing import Any, Protocol


class Forkable(Protocol):
    """Something that must come to rest before a fork.

    Attributes:
        fork_order: what uses another thing comes to rest before it, hence has the lower number.
    """

    fork_order: int

    def before_fork(self) -> None:
        """Refuse new work, wait for what is under way, close everything, and stay so until one of the others."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Go on in a process that has one thread only."""


_mutex = threading.RLock()
_registered: list[weakref.ref[Forkable]] = []
_resting: list[Forkable] = []
_forking: int | None = None
"""The thread that has brought things to rest."""


def register(thing: Forkable) -> None:
    """Bring ``thing`` to rest before every fork, for as long as it lives.

    Waits for nothing: whoever makes a thing may hold what the fork under way waits for.
    """
    _registered.append(weakref.ref(thing, _registered.remove))


def _awake() -> list[Forkable]:
    things = [thing for entry in tuple(_registered) if (thing := entry()) is not None and thing not in _resting]
    return sorted(things, key=lambda thing: thing.fork_order)


def _before() -> None:
    """Bring everything to rest.

    This and the next two are registered twice: Python ignores what they raise and forks all the same, so where a signal
    strikes one, the other does what is left.
    """
    global _forking
    try:
        _signals.hold()
    except BaseException as error:
        _signals.missed(error)
        _signals.hold()
    if _forking != threading.get_ident():
        _mutex.acquire()
        _forking = threading.get_ident()
    while awake := _awake():  # again each time: one may have been made while another came to rest
        thing = awake[0]
        _resting.append(thing)
        try:
            thing.before_fork()
        except Exception:  # Python ignores it: the fork goes on in any case
            import logging

            logging.getLogger(__name__).exception("could not come to rest before a fork")


def _in_parent() -> None:
    if _forking == threading.get_ident():
        for thing in _resting:
            thing.after_fork_in_parent()
        _go_on()
    _signals.let_go()


def _in_child() -> None:
    if _forking == threading.get_ident():
        for thing in _resting:
            thing.after_fork_in_child()
        _go_on()
    _signals.let_go(again=False)


def _go_on() -> None:
    global _forking
    _resting.clear()
    _forking = None
    _mutex.release()


class _Signals:
    """Signals that come while things come to rest: their handlers run afterwards, lest they leave half of it undone.

    Python ignores what an ``os.fork`` hook raises, Ctrl+C too, and forks all the same.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}
        self._came: list[int] = []

    def hold(self) -> None:
        """Only note the signals that come; only the main thread ever runs a handler."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *signal.valid_signals()):
                handler = signal.getsignal(number)
                if callable(handler) and number not in self._handlers:
                    self._handlers[number] = handler
                    signal.signal(number, self._note)

    def let_go(self, *, again: bool = True) -> None:
        """Put the handlers back, and have what came come again in a moment, unless it was the parent's.

        Where another thread forks, what the main thread holds while it waits for its turn is not touched.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        while self._handlers:
            try:
                self._put_back()
            except BaseException as error:  # one that is back already was called
                self.missed(error)
        came, self._came = self._came, []
        if came and again:
            _thread.start_new_thread(_send_again, (came,))

    def _put_back(self) -> None:
        for number in reversed(tuple(self._handlers)):
            signal.signal(number, self._handlers[number])
            del self._handlers[number]

    def missed(self, error: BaseException) -> None:
        """Note a signal whose handler has raised this in the midst of a fork."""
        self._came.append(signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._came.append(number)


def _send_again(numbers: list[int]) -> None:
    time.sleep(0.01)  # until the hook has returned, which would swallow what a handler raises
    for number in numbers:
        os.kill(os.getpid(), number)


_signals = _Signals()

if hasattr(os, "register_at_fork"):
    for _ in range(2):
        os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
