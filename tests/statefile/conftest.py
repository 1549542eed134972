"""A state and its file, where nothing happens by itself: the file is read and written when a test says so."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signoff.statefile.file import StateFile
from state_manager import StateManager

from ..conftest import ManualClock

Document = dict[str, Any]


class Face:
    """A manager without a state file of its own, and the state file of its database, kept by hand."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        self.path = path
        self.clock = clock
        self.open()

    def open(self) -> None:
        """Open the database; the state file is not looked at yet."""
        self.manager = StateManager(self.path.with_suffix(".db"), clock=self.clock, by="a script")
        self.file = StateFile(self.path, self.manager.store, self.manager.account, self.clock)

    def begin(self) -> Face:
        """Open the state file as a manager does."""
        self.file.begin()
        self.file.write()
        return self

    def write(self) -> Document:
        """Have the file written; what it says then."""
        self.file.write()
        return self.read()

    def read(self) -> Document:
        document: Document = json.loads(self.path.read_bytes())
        return document

    def put(self, document: object) -> None:
        """Write a document into the file, in place, as scripts do."""
        self.path.write_text(json.dumps(document, indent=2, ensure_ascii=False), "utf-8")

    def edit(self, change: Callable[[Document], object]) -> None:
        """Change the file as a script does that reads it and writes it back, and take that up."""
        document = self.read()
        change(document)
        self.put(document)
        self.file.take_up()

    def age(self, seconds: float) -> None:
        """Have the file look as if it had not changed for this long."""
        then = time.time() - seconds
        os.utime(self.path, (then, then))

    def beside(self, pattern: str) -> list[Path]:
        return sorted(self.path.parent.glob(pattern))

    def close(self) -> None:
        problems = self.manager.check()
        self.manager.close()
        assert problems == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "whatsapp_state.json"


@pytest.fixture
def new_face(path: Path, clock: ManualClock) -> Iterator[Face]:
    """One whose file was not looked at yet."""
    face = Face(path, clock)
    yield face
    face.close()


@pytest.fixture
def face(new_face: Face) -> Face:
    """One with its file written."""
    return new_face.begin()
