"""Many calls at once, and their results in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2
"""For each call that may run, how many are begun before the oldest has ended: so that a slow one holds up none."""
_LOOK = 0.5
"""Seconds after which a wait lets Ctrl+C in; on Windows nothing else does."""

_Result = tuple[Any, BaseException | None]


def in_order(function: Callable[[T], R], items: Iterable[T], at_once: int) -> Generator[R, None, None]:
    """What ``function`` makes of each item, in the order of the items, in which the calls are begun too.

    With ``at_once`` 1 each call is made where the result is asked for, else in threads of their own. Who closes it, or
    is interrupted, does not wait for calls under way.

    Raises:
        BaseException: what a call raised, where its result would come.
    """
    return (function(item) for item in items) if at_once == 1 else _in_threads(function, items, at_once)


def _in_threads(function: Callable[[T], R], items: Iterable[T], at_once: int) -> Generator[R, None, None]:
    calls: SimpleQueue[tuple[T, SimpleQueue[_Result]] | None] = SimpleQueue()
    for _ in range(at_once):
        threading.Thread(target=_serve, args=(function, calls), name="signoff-replay", daemon=True).start()
    begun: deque[SimpleQueue[_Result]] = deque()
    try:
        for item in items:
            begun.append(SimpleQueue())
            calls.put((item, begun[-1]))
            if len(begun) == _AHEAD * at_once:
                yield _result(begun.popleft())
        while begun:
            yield _result(begun.popleft())
    finally:
        with suppress(Empty):
            while True:
                calls.get_nowait()
        for _ in range(at_once):
            calls.put(None)


def _serve(function: Callable[[T], R], calls: SimpleQueue[tuple[T, SimpleQueue[_Result]] | None]) -> None:
    while (call := calls.get()) is not None:
        item, answer = call
        try:
            answer.put((function(item), None))
        except BaseException as error:  # whoever asks for the result is told
            answer.put((None, error))


def _result(answer: SimpleQueue[_Result]) -> Any:
    while True:
        try:
            result, error = answer.get(timeout=_LOOK)
        except Empty:
            continue
        if error is not None:
            raise error
        return result
