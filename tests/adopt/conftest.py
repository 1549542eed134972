"""A folder to be adopted."""

from __future__ import annotations

from pathlib import Path

import pytest

from .components import build


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path / "bot")
