"""What the parts of the contract stand on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.store import Store

from ...conftest import ManualClock
from ..scenes import Scene

OpenStore = Callable[[], Store]


class Contract:
    """Base of the parts: the scene is the account ``default`` of the store under test."""

    @pytest.fixture
    def scene(self, open_store: OpenStore, clock: ManualClock) -> Scene:
        return Scene(open_store(), clock)

    @pytest.fixture
    def other(self, scene: Scene, clock: ManualClock) -> Scene:
        """Another account of the same store."""
        return Scene(scene.store, clock, "shop")
