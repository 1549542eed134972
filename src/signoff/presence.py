"""Whether a signal handler has interrupted its own thread in the middle of something.

A handler runs in the middle of whatever its thread does, and must not wait for what that holds. It is known by the call
that it has interrupted, which stands below it on the stack.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from types import FrameType

from .errors import StoreBusy


class Presence:
    """Which calls are in the middle of something, entered with ``with``."""

    def __init__(self) -> None:
        self._calls: list[FrameType] = []

    def __enter__(self) -> None:
        for call in list(self._calls):
            if _has_ended(call):  # an interrupt struck before that was noted
                with suppress(ValueError):
                    self._calls.remove(call)
        self._calls.append(sys._getframe(1))

    def __exit__(self, *_: object) -> None:
        self._calls.remove(sys._getframe(1))

    def is_here(self) -> bool:
        """Whether it is a call of this thread that a handler has interrupted there."""
        call: FrameType | None = sys._getframe(1)
        while call is not None and call not in self._calls:
            call = call.f_back
        return call is not None

    def refuse_handlers(self) -> None:
        """Let no signal handler go on that would wait for what it has interrupted.

        Raises:
            StoreBusy: it would.
        """
        if self.is_here():
            raise StoreBusy(
                "a signal handler cannot open a state while the thread that it has interrupted opens or closes one; "
                "nothing was changed: let it only note that it was called, and open it afterwards"
            )


def _has_ended(call: FrameType) -> bool:
    try:
        call.clear()
    except RuntimeError:  # it is still executing
        return False
    return True
