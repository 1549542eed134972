"""What a recorded program says of its calls, woven into the record: what it begins, and what has returned."""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .strace import Call, pieces_of

Key = tuple[str, str]
"""What is spoken of: a message, a setting, a file, the session, the revision of the state file.

Of a ``copy`` and of a ``fate`` (a message that comes a long way) nothing is said but what they are in the end.
"""
Look = Callable[[Key], object]
"""Says what something is."""


class Teller:
    """Writes down what is said, one line a call of the system, beside the folder that is recorded."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._turn = threading.Lock()

    def says(self, what: str, value: object) -> None:
        """Say one thing."""
        os.write(self._descriptor, json.dumps([threading.get_native_id(), what, value]).encode() + b"\n")

    @contextmanager
    def changing(self, look: Look, *keys: Key) -> Iterator[None]:
        """Say that the ``with`` block may change these things, and what they are when it has returned."""
        self.says("begins", keys)
        yield
        self.knows(look, *keys)

    def knows(self, look: Look, *keys: Key) -> None:
        """Say what these things are; nobody else says meanwhile that they are something newer."""
        import fcntl  # what is recorded runs on Linux only

        with self._turn:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            self.says("knows", [[key, look(key)] for key in keys])
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)


class Told:
    """Everything that was said in a record, and what therefore must be found after a cut in between."""

    def __init__(self, calls: Iterable[Call], path: Path) -> None:
        said = [pieces_of(call.arguments[1]) for call in calls if is_said(call, path)]
        self._lines: list[tuple[int, str, Any]] = [tuple(json.loads(line)) for line in said]

    def __len__(self) -> int:
        return len(self._lines)

    def possible(self, place: int) -> dict[Key, list[object]]:
        """What each thing may be, when so many lines had been said: what it was known to be, or is about to become.

        What was never known may be missing (None), or as by default.
        """
        known: dict[Key, object] = {}
        coming: dict[int, dict[Key, object]] = {}
        for number, (thread, what, value) in enumerate(self._lines[:place]):
            if what == "begins":
                coming[thread] = {(kind, name): self._next(number, thread, (kind, name)) for kind, name in value}
            elif what in ("knows", "meanwhile"):
                known |= {(kind, name): found for (kind, name), found in value}
            if what == "knows":
                coming.pop(thread, None)
        keys = {*known, *(key for later in coming.values() for key in later)}
        return {
            key: [known.get(key), *(later[key] for later in coming.values() if key in later)] for key in sorted(keys)
        }

    def texts(self, what: str, place: int) -> Counter[tuple[str, str]]:
        """The recipients and texts of which this was said so far, and how often."""
        return Counter((value[0], value[1]) for _, said, value in self._lines[:place] if said == what)

    def _next(self, number: int, thread: int, key: Key) -> object:
        """What a thread finds a thing to be when it has come to the end of what it began."""
        for other, what, value in self._lines[number:]:
            if what == "knows" and other == thread:
                return next((found for (kind, name), found in value if (kind, name) == key), None)
        return None


def is_said(call: Call, path: Path) -> bool:
    """Whether this call of the system is something said."""
    return call.name == "write" and call.paths == [os.fspath(path)]
