"""How long each parser is fed hostile input, and how quickly it must be done with one.

A sample is a moment for each target; ``SIGNOFF_HARD`` makes it two minutes, ``SIGNOFF_FUZZ_SECONDS`` any time.
``SIGNOFF_SEED`` repeats a run; the seed of a failure is printed with it.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

HARD = bool(os.environ.get("SIGNOFF_HARD"))
SECONDS = float(os.environ.get("SIGNOFF_FUZZ_SECONDS") or (120 if HARD else 0.7))
SEED = int(os.environ.get("SIGNOFF_SEED") or random.randrange(1 << 32))
SIZE = 1_000_000 if HARD else 100_000
"""About how large an input is that is made to hurt, in bytes."""
EXAMPLES = 250 if SECONDS > 10 else 15

long = pytest.mark.timeout(SECONDS * 3 + 120)
"""For every test that fuzzes: shrinking a finding takes its time too."""


def fuzz(inputs: SearchStrategy[T], check: Callable[[T], object]) -> None:
    """Check inputs until the time is over; a finding is made as small as possible and raised with its seed."""
    end, number, count = time.monotonic() + SECONDS, SEED, 0
    rule = settings(
        max_examples=EXAMPLES, deadline=None, database=None, print_blob=False, suppress_health_check=list(HealthCheck)
    )

    found: Exception | None = None

    def counted(example: T) -> None:
        nonlocal count, found
        count += 1
        try:
            check(example)
        except Exception as error:
            found = error
            raise

    while time.monotonic() < end:
        try:
            seed(number)(rule(given(inputs)(counted)))()
        except BaseException as error:
            finding = found if found is not None and isinstance(error, RecursionError) else error  # too deep to print
            finding.add_note(f"SIGNOFF_SEED={number}, after {count} inputs")
            raise finding from None
        number += 1
    sys.stdout.write(f"{count} inputs, seeds {SEED} to {number - 1}\n")


@contextmanager
def quickly(size: int) -> Iterator[None]:
    """Insist that an input of so many bytes takes a second and 30 µs for each byte at most, of this thread's time.

    That is far more than any of it needs; what grows with the square of the size needs more.
    """
    start = time.thread_time()
    yield
    took = time.thread_time() - start
    assert took < 1 + size * 30e-6, f"{size:,} bytes took {took:.1f} s"
