"""No connection is open across a fork.

A connection that a child inherits holds no real locks, and closing it there drops the parent's: commits were lost that
way. So before a fork everything that registered here comes to rest and closes; both sides open again on next use.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from typing import Protocol

log = logging.getLogger(__name__)


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
_registered: weakref.WeakSet[Forkable] = weakref.WeakSet()
_resting: list[Forkable] = []


def register(thing: Forkable) -> None:
    """Bring ``thing`` to rest before every fork, for as long as it lives."""
    with _mutex:
        _registered.add(thing)


def _before() -> None:
    _mutex.acquire()
    for thing in sorted(_registered, key=lambda thing: thing.fork_order):
        _resting.append(thing)
        try:
            thing.before_fork()
        except Exception:  # Python ignores it: the fork goes on in any case
            log.exception("could not come to rest before a fork")


def _in_parent() -> None:
    for thing in _resting:
        thing.after_fork_in_parent()
    _resting.clear()
    _mutex.release()


def _in_child() -> None:
    for thing in _resting:
        thing.after_fork_in_child()
    _resting.clear()
    _mutex.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
