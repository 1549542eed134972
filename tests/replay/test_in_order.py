"""Many calls at once: results come in order, failures where they belong, and who leaves waits for nobody."""

from __future__ import annotations

import threading

import pytest

from signoff.pipeline.replay.in_order import in_order


@pytest.mark.parametrize("at_once", [1, 2, 5, 50])
def test_results_come_in_order(at_once: int) -> None:
    assert list(in_order(lambda number: number * 2, range(30), at_once)) == [number * 2 for number in range(30)]


def test_a_later_call_may_end_first() -> None:
    second_ended = threading.Event()

    def call(number: int) -> int:
        if number == 0:
            assert second_ended.wait(10)
        if number == 1:
            second_ended.set()
        return number

    assert list(in_order(call, range(4), 2)) == [0, 1, 2, 3]


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_what_a_call_raises_is_raised_in_its_place(at_once: int, kind: type[BaseException]) -> None:
    def call(number: int) -> int:
        if number == 3:
            raise kind("three")
        return number

    got: list[int] = []
    with pytest.raises(kind, match="three"):
        got.extend(in_order(call, range(9), at_once))
    assert got == [0, 1, 2]


def test_who_leaves_does_not_wait_and_nothing_more_is_begun() -> None:
    released, begun = threading.Event(), []

    def call(number: int) -> int:
        begun.append(number)
        if number:
            released.wait(10)
        return number

    coming = in_order(call, range(100), 2)
    assert next(coming) == 0
    coming.close()
    released.set()
    for thread in threading.enumerate():
        if thread.name == "signoff-replay":
            thread.join(10)
    assert len(begun) <= 4
