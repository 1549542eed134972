"""Whether a signal handler has interrupted its own thread in the middle of something."""

from __future__ import annotations

import weakref

import pytest

from signoff.errors import StoreBusy
from signoff.presence import Presence


class Held:
    """Something that a call holds."""


def test_a_call_below_is_known(presence: Presence) -> None:
    def handler() -> None:
        assert presence.is_here()
        with pytest.raises(StoreBusy, match="a signal handler cannot open a state"):
            presence.refuse_handlers()

    with presence:
        handler()
    assert not presence.is_here()
    presence.refuse_handlers()


def test_a_call_whose_end_was_interrupted_is_kept_until_the_next_one_only(presence: Presence) -> None:
    def struck() -> weakref.ref[Held]:
        held = Held()
        presence.__enter__()
        return weakref.ref(held)

    held = struck()
    assert held() is not None
    with presence:
        assert held() is None
        assert presence.is_here()
    assert not presence.is_here()


@pytest.fixture
def presence() -> Presence:
    return Presence()
