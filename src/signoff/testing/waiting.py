"""Waiting for what a gateway brings, with an end to every wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Event as Signal
from threading import Thread
from typing import Generic, TypeVar

from ..gateway import Event, Gateway, Incoming, SessionChange
from .other_side import OtherSide

T = TypeVar("T")

SHORT = 0.1
"""Seconds of a wait that is to be over soon."""


class Call(Generic[T]):
    """A call in a thread of its own, which ends with the process if it never comes back."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._found: list[T] = []
        self._errors: list[BaseException] = []
        self._done = Signal()
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._found.append(self._function())
        except BaseException as error:  # it is raised where the result is asked for
            self._errors.append(error)
        self._done.set()

    def ends(self, seconds: float) -> bool:
        """Whether it comes back in time."""
        return self._done.wait(seconds)

    def result(self, seconds: float) -> T:
        """What it gives, or raises; it must come back in time."""
        assert self.ends(seconds), f"it did not come back within {seconds:g} s"
        if self._errors:
            raise self._errors[0]
        return self._found[0]


def ids_of(events: Sequence[Event]) -> list[str]:
    """The ids of the messages among them."""
    return [event.id for event in events if isinstance(event, Incoming)]


def come(other_side: OtherSide, gateway: Gateway, *ids: str) -> list[Incoming]:
    """The messages that the gateway brings, as soon as these are among them."""
    end = time.monotonic() + other_side.longest_call
    while True:
        found = [event for event in gateway.events(SHORT) if isinstance(event, Incoming)]
        if set(ids) <= set(ids_of(found)):
            return found
        assert time.monotonic() < end, f"of the messages {ids} it brought only {ids_of(found)}"
        time.sleep(SHORT / 10)


def until(other_side: OtherSide, gateway: Gateway, wanted: Callable[[Event], bool]) -> Event:
    """The first event of this kind that the gateway brings."""
    end = time.monotonic() + other_side.longest_call
    while True:
        events = gateway.events(SHORT)
        found = [event for event in events if wanted(event)]
        if found:
            return found[0]
        assert time.monotonic() < end, f"it did not come; what came: {events}"
        time.sleep(SHORT / 10)


def change_of(other_side: OtherSide, gateway: Gateway) -> SessionChange:
    """The first change of the session that the gateway brings."""
    change = until(other_side, gateway, lambda event: isinstance(event, SessionChange))
    assert isinstance(change, SessionChange)
    return change


def settle(other_side: OtherSide, gateway: Gateway) -> None:
    """Acknowledge all there is, so that what comes next is new."""
    end = time.monotonic() + other_side.longest_call
    while events := gateway.events(0):
        gateway.acknowledge(events)
        assert time.monotonic() < end, f"it brings what was acknowledged again and again: {events}"
