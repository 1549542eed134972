"""What the tests of the gateways share: a clock that is moved by hand, and a stage for each gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from signoff.clock import SECOND
from signoff.gateway import Gateway
from signoff.gateway.backend import Weaknesses, serve
from signoff.gateway.rest import Rest
from signoff.gateway.simulator import Simulator


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_795_000_000 * SECOND

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


@dataclass
class Stage:
    """A gateway and the simulated WhatsApp behind it, with which a test plays contacts, phone and faults."""

    gateway: Gateway
    world: Simulator
    endpoint: str = ""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@contextmanager
def rest_stage(world: Simulator, weaknesses: Weaknesses | None = None, timeout: float = 5.0) -> Iterator[Stage]:
    with serve(world, port=0, weaknesses=weaknesses) as endpoint:
        gateway = Rest(endpoint, timeout=timeout, poll_seconds=0.02)
        try:
            yield Stage(gateway, world, endpoint)
        finally:
            gateway.close()
            world.close()


@pytest.fixture(params=["simulator", "rest"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    world = Simulator(hang_limit=0.2)
    if request.param == "simulator":
        yield Stage(world, world)
        world.close()
        return
    with rest_stage(world) as stage:
        yield stage
