"""What a process has once is made by the first who needs it, and let go when the last is done, or was just dropped."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable

import pytest

from signoff import shared
from signoff.shared import Shared

from .waiting import eventually


class Thing:
    """Something that is shared, and knows whether it was disposed of."""

    def __init__(self) -> None:
        self.disposals = 0


class User:
    """Somebody who needs a thing, until told otherwise or dropped."""

    def __init__(self, things: Shared[Thing], key: str = "a") -> None:
        use = things.get(key, Thing)
        self.thing, self.done = use.thing, use.release


def dispose(thing: Thing) -> None:
    thing.disposals += 1


@pytest.fixture
def things() -> Shared[Thing]:
    return Shared(dispose, fork_order=0)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was dropped is not kept for a while first."""
    monkeypatch.setattr(shared, "LINGER", 0.0)


@pytest.fixture
def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread can be begun, as at the end of the interpreter."""

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", refuse)


def garbage(things: Shared[Thing]) -> Thing:
    """The thing of a user that only Python's garbage collection finds."""
    user = User(things)
    user.itself = user  # type: ignore[attr-defined]
    return user.thing


def within(seconds: float, act: Callable[[], object]) -> None:
    """Do it in another thread, and insist that it comes to its end."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it waits for ever"


def test_all_have_the_same_and_the_last_lets_it_go(things: Shared[Thing]) -> None:
    first, second, other = User(things), User(things), User(things, "b")
    thing = first.thing
    assert second.thing is thing
    assert other.thing is not thing
    first.done()
    assert thing.disposals == 0
    second.done()
    assert thing.disposals == 1
    assert things.things() == [other.thing]
    assert User(things).thing is not thing


def test_to_be_done_twice_takes_nothing_from_others(things: Shared[Thing]) -> None:
    first, second = User(things), User(things)
    first.done()
    first.done()
    assert second.thing.disposals == 0


def test_of_many_threads_that_are_done_at_once_one_is(things: Shared[Thing]) -> None:
    for _ in range(50):
        user, other = User(things), User(things)
        start = threading.Barrier(4)

        def end(user: User = user, start: threading.Barrier = start) -> None:
            start.wait()
            user.done()

        threads = [threading.Thread(target=end) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert other.thing.disposals == 0
        other.done()
        assert other.thing.disposals == 1


def test_a_user_that_is_dropped_is_done(things: Shared[Thing], at_once: None) -> None:
    user, other = User(things), User(things)
    thing = user.thing
    del user
    other.done()
    eventually(lambda: thing.disposals == 1)
    assert things.things() == []


def test_one_that_was_done_before_it_is_dropped_is_not_done_twice(things: Shared[Thing], at_once: None) -> None:
    user, other = User(things), User(things)
    thing = user.thing
    user.done()
    del user
    dropped = User(things, "b").thing
    eventually(lambda: dropped.disposals == 1)
    assert thing.disposals == 0
    assert other.thing is thing


def test_who_makes_another_user_soon_enough_finds_the_same_thing(things: Shared[Thing]) -> None:
    thing = User(things).thing
    assert [User(things).thing for _ in range(20)] == [thing] * 20
    assert thing.disposals == 0
    eventually(lambda: thing.disposals == 1, shared.LINGER + 10)


def test_one_after_another_that_is_dropped_leaves_one(things: Shared[Thing]) -> None:
    for number in range(20):
        User(things, str(number))
        assert len(things.things()) <= 1


def test_where_no_thread_can_be_begun_the_next_sees_to_it(things: Shared[Thing], never: None) -> None:
    thing = User(things).thing
    User(things, "b")
    assert thing.disposals == 1


def test_one_that_cannot_be_let_go_is_reported_and_troubles_nobody(
    never: None, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(thing: Thing) -> None:
        dispose(thing)
        if thing is broken:
            raise OSError("the disk is on fire")

    things = Shared(refuse, fork_order=0)
    users = [User(things), User(things, "b")]
    broken, other = [user.thing for user in users]
    users.clear()
    last = User(things, "c")
    assert (broken.disposals, other.disposals) == (1, 1)
    assert things.things() == [last.thing]
    assert "the disk is on fire" in caplog.text


class Struck:
    """Disposes of things; Ctrl+C strikes in the midst of the first."""

    def __init__(self) -> None:
        self.strikes = [KeyboardInterrupt()]
        self.things = Shared(self.dispose, fork_order=0)

    def dispose(self, thing: Thing) -> None:
        if self.strikes:
            raise self.strikes.pop()
        dispose(thing)


def test_one_whose_end_was_interrupted_is_let_go_a_moment_later(at_once: None) -> None:
    struck = Struck()
    user = User(struck.things)
    with pytest.raises(KeyboardInterrupt):
        user.done()
    eventually(lambda: user.thing.disposals == 1)
    assert struck.things.things() == []


def test_nobody_gets_one_whose_end_was_interrupted(never: None) -> None:
    struck = Struck()
    user = User(struck.things)
    with pytest.raises(KeyboardInterrupt):
        user.done()
    assert User(struck.things).thing is not user.thing
    assert user.thing.disposals == 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no such signal here")
def test_who_is_interrupted_while_another_makes_one_does_not_wait_for_that(things: Shared[Thing]) -> None:
    waiting, go_on = threading.Event(), threading.Event()

    def make() -> Thing:
        waiting.set()
        assert go_on.wait(20)
        return Thing()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    maker = threading.Thread(target=lambda: things.get("b", make))
    maker.start()
    assert waiting.wait(10)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            things.get("a", Thing)
        assert maker.is_alive()
    finally:
        signal.signal(signal.SIGALRM, before)
        go_on.set()
        maker.join()


def test_where_the_beginning_of_the_thread_is_interrupted_the_next_sees_to_it(
    things: Shared[Thing], at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strike(*_: object) -> None:
        raise KeyboardInterrupt

    use = things.get("a", Thing)
    with monkeypatch.context() as patched:
        patched.setattr("_thread.start_new_thread", strike)
        with pytest.raises(KeyboardInterrupt):
            things._drop(use.token)
    other = User(things, "b").thing
    eventually(lambda: (use.thing.disposals, other.disposals) == (1, 1))


def test_one_that_could_not_be_made_leaves_nothing_to_let_go(things: Shared[Thing], never: None) -> None:
    def fail() -> Thing:
        raise OSError("the disk is full")

    for _ in range(2):
        with pytest.raises(OSError, match="the disk is full"):
            things.get("a", fail)
    assert things.things() == []
    assert User(things).thing.disposals == 0


class TestDroppedAtAnyMoment:
    """Python drops what is part of a cycle whenever it likes: here in the midst of what is done with the things."""

    def test_while_one_is_made(self, things: Shared[Thing], at_once: None) -> None:
        thing = garbage(things)

        def make() -> Thing:
            gc.collect()
            return Thing()

        within(10, lambda: things.get("b", make))
        eventually(lambda: thing.disposals == 1)

    def test_while_one_is_let_go(self, at_once: None) -> None:
        def collect(thing: Thing) -> None:
            gc.collect()
            dispose(thing)

        things = Shared(collect, fork_order=0)
        user, thing = User(things, "b"), garbage(things)
        within(10, user.done)
        assert user.thing.disposals == 1
        eventually(lambda: thing.disposals == 1)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
    def test_before_a_fork(self, things: Shared[Thing]) -> None:
        """The thread that would have seen to it is the parent's; the child sees to it itself."""
        thing = User(things).thing
        child = os.fork()
        if child == 0:
            shared.LINGER = 0.0
            User(things, "b")
            User(things, "c")
            here = User(things, "d").thing
            try:
                eventually(lambda: here.disposals == 1)
            finally:
                os._exit(0 if (thing.disposals, here.disposals) == (1, 1) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert thing.disposals == 0
        eventually(lambda: thing.disposals == 1, shared.LINGER + 10)
