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


class Use(Generic[T]):
    """That somebody needs a shared thing: until it is released, or dropped. Made by `Shared.get`.

    Attributes:
        thing: what is shared.
    """

    thing: T

    def __init__(self, release: Callable[[object], object], drop: Callable[[object], object]) -> None:
        self.token = object()
        self._release = release
        self._end = weakref.finalize(self, drop, self.token)
        self._end.atexit = False

    def release(self) -> None:
        """Say that the thing is needed no more. Harmless when that was said before.

        In a signal handler it may have to wait until what that interrupts is done, and is done a moment later then.
        """
        self._release(self.token)
        self._end.detach()


class Shared(Generic[T]):
    """One thing per key. Thread-safe, and survives a fork.

    Args:
        dispose: called with a thing when the last of its users has released it or was dropped; once more when it was
            interrupted.
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
        self._things: dict[str, tuple[T, set[object]]] = {}  # with the tokens of their users
        self._dropped: deque[object] = deque()
        self._tidied_until = 0.0
        forkgate.register(self)

    def get(self, key: str, make: Callable[[], T], join: Callable[[T], object] | None = None) -> Use[T]:
        """The use of the thing of this key, made when there is none; ``join`` is called with one that is there already.

        Raises:
            StoreBusy: a signal handler asks, and has interrupted this thread here; or whatever ``make`` raises.
        """
        self._inside.refuse_handlers()
        use = Use[T](self._release, self._drop)  # before there is anything to let go: an interrupt may come at any line
        try:
            with self._inside, self._mutex:
                if not self._things.get(key, (None, ()))[1]:
                    self._tidy()  # whoever uses one after another and closes none shall not run out of files
                    self._things[key] = (make(), set())
                elif join is not None:
                    join(self._things[key][0])
                use.thing, users = self._things[key]
                users.add(use.token)
        except BaseException:
            self._drop(use.token)  # waits for nobody
            raise
        return use

    def things(self) -> list[T]:
        """All that are shared at this moment, and those that are being disposed of. Waits for nothing."""
        return [thing for thing, _ in list(self._things.values())]

    def before_fork(self) -> None:
        """Let nobody make or release anything until after the fork."""
        self._mutex.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._mutex.release()

    def after_fork_in_child(self) -> None:
        """Go on. What is still to be tidied up holds nothing open here, and is tidied up with the next."""
        self._tidied_until = 0.0
        self._mutex.release()

    def _release(self, token: object) -> None:
        if self._inside.is_here() or any(map(self._interrupted, self.things())):
            self._drop(token)  # who disposes of something may be waiting for what this has interrupted
            return
        try:
            with self._inside, self._mutex:
                self._leave(token)
                for key in self._unused():
                    self._let_go(key)
        except BaseException:
            self._drop(token)
            raise

    def _drop(self, token: object) -> None:
        """Note that a user is gone. Takes no lock and raises nothing: it may interrupt any line of this file."""
        self._dropped.append(token)
        now = time.monotonic()
        if now >= self._tidied_until:
            self._tidied_until = now + LINGER
            try:
                _thread.start_new_thread(self._tidy_at, (now + LINGER,))  # Thread.start() takes locks
            except RuntimeError:  # there are too many threads, or the interpreter is ending
                self._tidied_until = 0.0

    def _tidy_at(self, moment: float) -> None:
        """What was noted before that moment is seen."""
        time.sleep(max(0.0, moment - time.monotonic()))
        with self._mutex:
            self._tidy()

    def _tidy(self) -> None:
        while self._dropped:
            self._leave(self._dropped[0])
            self._dropped.popleft()
        for key in self._unused():
            try:
                self._let_go(key)
            except Exception:  # it is none of the business of whoever opens something else
                import logging

                logging.getLogger(__name__).exception("could not let go of %s", key)

    def _leave(self, token: object) -> None:
        for _, users in self._things.values():
            users.discard(token)

    def _unused(self) -> list[str]:
        return [key for key, (_, users) in self._things.items() if not users]

    def _let_go(self, key: str) -> None:
        try:
            self._dispose(self._things[key][0])
        except Exception:
            del self._things[key]
            raise
        del self._things[key]
