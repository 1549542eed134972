"""No connection is open across a fork.

A connection that a child inherits holds no real locks, and closing it there drops the parent's: commits were lost that
way. So before a fork everything that registered here comes to rest and closes; both sides open again on next use.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol


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


def register(thing: Forkable) -> None:
    """Bring ``thing`` to rest before every fork, for as long as it lives.

    Waits for nothing: whoever makes a thing may hold what the fork under way waits for.
    """
    _registered.append(weakref.ref(thing, _registered.remove))


def _awake() -> list[Forkable]:
    things = [thing for entry in tuple(_registered) if (thing := entry()) is not None and thing not in _resting]
    return sorted(things, key=lambda thing: thing.fork_order)


def _before() -> None:
    _mutex.acquire()
    while awake := _awake():  # again each time: one may have been made while another came to rest
        thing = awake[0]
        _resting.append(thing)
        try:
            thing.before_fork()
        except Exception:  # Python ignores it: the fork goes on in any case
            import logging

            logging.getLogger(__name__).exception("could not come to rest before a fork")


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
