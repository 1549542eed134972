"""Things of which a process has one, however many use it: made by the first, let go by the last."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from . import forkgate

T = TypeVar("T")


class Shared(Generic[T]):
    """One thing per key. Thread-safe, and survives a fork.

    Args:
        dispose: called with a thing when the last of its users has released it.
        fork_order: lower than that of the things themselves, see `signoff.forkgate`.
    """

    def __init__(self, dispose: Callable[[T], object], fork_order: int) -> None:
        self._dispose = dispose
        self.fork_order = fork_order
        self._mutex = threading.Lock()
        self._users: dict[str, tuple[T, int]] = {}
        forkgate.register(self)

    def get(self, key: str, make: Callable[[], T]) -> T:
        """The thing of this key, made when there is none."""
        with self._mutex:
            if key not in self._users:
                self._users[key] = (make(), 0)
            thing, users = self._users[key]
            self._users[key] = (thing, users + 1)
            return thing

    def release(self, thing: T) -> None:
        """Say that one user less needs it. Harmless for a thing that is no longer shared."""
        with self._mutex:
            key = next((name for name, (held, _) in self._users.items() if held is thing), None)
            if key is None:
                return
            users = self._users[key][1] - 1
            if users:
                self._users[key] = (thing, users)
            else:
                del self._users[key]
                self._dispose(thing)

    def before_fork(self) -> None:
        """Let nobody make or release anything until after the fork."""
        self._mutex.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._mutex.release()

    def after_fork_in_child(self) -> None:
        """Go on."""
        self._mutex.release()
