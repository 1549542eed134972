"""What all tests share: a clock that is moved by hand, and stores on real files that are verified when a test ends."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signoff.clock import SECOND
from signoff.store import Store, open_store

pytest.register_assert_rewrite("tests.store.contract")

# A shell that runs the tests in the background has them ignore Ctrl+C, and so every program that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Whoever has a key of their own set must not pay for the tests.
for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "SIGNOFF_LLM_KEY"):
    os.environ.pop(name, None)


class ManualClock:
    """A clock that stands still until it is moved. Gives microseconds since 1970 UTC."""

    def __init__(self, now: int = 1_790_000_000 * SECOND) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> int:
        """Move it, also back; the time it shows then."""
        self.now += round(seconds * SECOND)
        return self.now


StoreFactory = Callable[..., Store]
"""Opens a store in the test's own folder: ``make_store(name="state.db", **options of open_store)``."""


@pytest.fixture(autouse=True)
def level_of_the_log_as_before() -> Iterator[None]:
    """`signoff run`, called in the tests' own process, sets one."""
    logger = logging.getLogger("signoff")
    before = logger.level
    yield
    logger.setLevel(before)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def make_store(tmp_path: Path, clock: ManualClock) -> Iterator[StoreFactory]:
    """A factory of stores; at the end each of them is closed, opened again and verified."""
    opened: list[Store] = []

    def make(name: str = "state.db", **options: object) -> Store:
        store = open_store(tmp_path / name, **{"clock": clock, **options})  # type: ignore[arg-type]
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.close()
    for path in {store.database.path for store in opened}:
        verify(path)


@pytest.fixture
def store(make_store: StoreFactory) -> Store:
    """One store on a file of its own."""
    return make_store()


def verify(path: Path) -> None:
    """Insist that the whole database is consistent."""
    again = open_store(path)
    try:
        assert again.check() == []
    finally:
        again.close()
