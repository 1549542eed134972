"""Calls into code that is not ours: it may raise anything, and it may never come back."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST_LEFT_BEHIND = 4
"""How many calls may hang at once before no more are made."""


class NoAnswerError(Exception):
    """A call did not come back in time, or was not made because others have not come back."""


class Caller(Generic[T]):
    """Calls a function in a thread of its own, always the same one; when a call hangs that thread is left behind.

    Args:
        patience: how long to wait for an answer, in seconds.
    """

    def __init__(self, function: Callable[..., T], patience: float) -> None:
        self._function = function
        self._patience = patience
        self._calls: SimpleQueue[Any] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._left_behind: list[threading.Thread] = []

    def __call__(self, *args: object) -> T:
        """What the function returns.

        Raises:
            NoAnswerError: it did not come back in time, or too many earlier calls have not come back yet.
            Exception: what the function raises; something that would end the process comes as a RuntimeError.
        """
        if self._thread is None or not self._thread.is_alive():
            self._start()
        answer: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()
        self._calls.put((args, answer))
        try:
            result, error = answer.get(timeout=self._patience)
        except Empty:
            self._leave_behind()
            raise NoAnswerError(f"no answer within {self._patience:g} s") from None
        if isinstance(error, Exception):
            raise error
        if error is not None:
            raise RuntimeError(f"it raised {type(error).__name__}") from error
        return result  # type: ignore[return-value]

    def _start(self) -> None:
        self._left_behind = [thread for thread in self._left_behind if thread.is_alive()]
        if len(self._left_behind) >= MOST_LEFT_BEHIND:
            raise NoAnswerError(f"{len(self._left_behind)} earlier calls have not come back yet")
        self._calls = SimpleQueue()
        weakref.finalize(self, self._calls.put, None)
        arguments = (self._function, self._calls)
        self._thread = threading.Thread(target=_serve, args=arguments, name="signoff-call", daemon=True)
        self._thread.start()

    def _leave_behind(self) -> None:
        if self._thread is not None:
            self._left_behind.append(self._thread)
        self._thread = None
        self._calls.put(None)  # should it come back, it ends


def _serve(function: Callable[..., Any], calls: SimpleQueue[Any]) -> None:
    while (call := calls.get()) is not None:
        args, answer = call
        try:
            answer.put((function(*args), None))
        except BaseException as error:  # whoever called is told, also of a SystemExit
            answer.put((None, error))
