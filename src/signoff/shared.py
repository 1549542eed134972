"""Things of which a process has one, however many use it: made by the first, let go by the last.

A user says that it needs the thing no more, or is just dropped: scripts close nothing. Python may find that out at any
moment and in any thread, also in the middle of these lines. So nothing is done then but to note it; a thread of its own
does the rest a moment later.
"""

from __future__ import annotations

import _thread
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from . import forkgate
from .presence import Presence

T = TypeVar("T")

LINGER = 1.0
"""Seconds for which a thing is kept whose last user was dropped: scripts make a user of it for every message."""


class Shared(Generic[T]):
    """One thing per key. Thread-safe, and survives a fork.

    Args:
        dispose: called with a thing when the last of its users has released it or was dropped.
        fork_order: lower than that of the things themselves, see `signoff.forkgate`.
        interrupted: whether a signal handler has interrupted this thread while it uses the thing.
    """

    def __init__(
        self, dispose: Callable[[T], object], fork_order: int, interrupted: Callable[[T], bool] = lambda _: False
    ) -> None:
        self._dispose = dispose
        self._interrupted = interrupted
        self.fork_order = fork_order
        self._inside = Presence()
        self._mutex = threading.Lock()
        self._users: dict[str, tuple[T, int]] = {}
        self._dropped: deque[T] = deque()
        self._tidying = False
        forkgate.register(self)

    def get(self, key: str, make: Callable[[], T], join: Callable[[T], object] | None = None) -> T:
        """The thing of this key, made when there is none; ``join`` is called with one that is there already.

        Raises:
            StoreBusy: a signal handler asks, and has interrupted this thread here; or whatever ``make`` raises.
        """
        self._inside.refuse_handlers()
        with self._inside, self._mutex:
            if key not in self._users:
                self._tidy()  # whoever uses one after another and closes none shall not run out of files
                self._users[key] = (make(), 0)
            elif join is not None:
                join(self._users[key][0])
            thing, users = self._users[key]
            self._users[key] = (thing, users + 1)
            return thing

    def release(self, thing: T) -> None:
        """Say that one user less needs it. Harmless for a thing that is no longer shared.

        In a signal handler it may have to wait until what that interrupts is done, and is done a moment later then.
        """
        if self._inside.is_here() or self._interrupted(thing):
            self._drop(thing)
            return
        with self._inside, self._mutex:
            self._release(thing)

    def lend(self, thing: T, user: object) -> Callable[[], None]:
        """What releases the ``thing`` that ``user`` has got, once, however often it is called.

        Nobody needs to call it: when ``user`` is garbage, ``thing`` is released a moment later.
        """
        end = weakref.finalize(user, self._drop, thing)
        end.atexit = False

        def release() -> None:
            if end.detach():
                self.release(thing)

        return release

    def things(self) -> list[T]:
        """All that are shared at this moment, and those that are being disposed of. Waits for nothing."""
        return [thing for thing, _ in list(self._users.values())]

    def before_fork(self) -> None:
        """Let nobody make or release anything until after the fork."""
        self._mutex.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._mutex.release()

    def after_fork_in_child(self) -> None:
        """Go on. What is still to be tidied up holds nothing open here, and is tidied up with the next."""
        self._tidying = False
        self._mutex.release()

    def _drop(self, thing: T) -> None:
        """Note that a user is gone. Takes no lock and raises nothing: it may interrupt any line of this file."""
        self._dropped.append(thing)
        if not self._tidying:
            self._tidying = True
            try:
                _thread.start_new_thread(self._tidy_soon, ())  # Thread.start() takes locks
            except RuntimeError:  # there are too many threads, or the interpreter is ending
                self._tidying = False

    def _tidy_soon(self) -> None:
        time.sleep(LINGER)
        self._tidying = False  # what is noted from now on is not seen by this thread for certain
        with self._mutex:
            self._tidy()

    def _tidy(self) -> None:
        while self._dropped:
            thing = self._dropped.popleft()
            try:
                self._release(thing)
            except Exception:  # it is none of the business of whoever opens something else
                import logging

                logging.getLogger(__name__).exception("could not let go of %r", thing)

    def _release(self, thing: T) -> None:
        key = next((name for name, (held, _) in self._users.items() if held is thing), None)
        if key is None:
            return
        users = self._users[key][1] - 1
        self._users[key] = (thing, users)
        if not users:
            try:
                self._dispose(thing)
            finally:
                del self._users[key]
