"""The rhythm in which messages came, made faster."""

from __future__ import annotations

from collections.abc import Sequence

from ...clock import Clock


class Rhythm:
    """Tells when each message is due; the first at once, each other as long after it as then.

    Args:
        times: when they came, in order, microseconds since 1970 UTC.
        speed: how many times as fast; 60 makes a minute of an hour.
    """

    def __init__(self, times: Sequence[int], speed: float, clock: Clock) -> None:
        self._times = times
        self._speed = speed
        self._clock = clock
        self._began = clock()

    def is_due(self, number: int) -> bool:
        """Whether the time of the message with this number, from 0, has come."""
        return (self._times[number] - self._times[0]) / self._speed <= self._clock() - self._began
