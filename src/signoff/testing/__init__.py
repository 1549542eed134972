"""For whoever writes a gateway or an assistant: the promises that signoff relies on, as tests to run on one's own.

Needs pytest: ``pip install signoff[testing]``. Derive a class from a contract, override its fixture, and run pytest::

    class TestPigeons(GatewayContract):
        @pytest.fixture
        def other_side(self, tmp_path):
            return PigeonLoft(tmp_path)  # an OtherSide

Each test is named for the promise it holds. One that is skipped names what the other side cannot play: a promise that
nobody has tried.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(f"{__name__}.assistant", f"{__name__}.gateway", f"{__name__}.waiting")

from .assistant import AssistantContract  # noqa: E402  rewriting has to be asked for before the import
from .gateway import GatewayContract  # noqa: E402
from .other_side import OtherSide  # noqa: E402

__all__ = ["AssistantContract", "GatewayContract", "OtherSide"]
