"""The simulator's journal: an append-only file of JSON lines, shared by any number of processes.

Writers take a lock file in turn; readers take none, they read the lines that are complete. A line that a killed writer
left unfinished was never acknowledged: the next writer cuts it off. Nothing stays open between two calls, so a fork or
a kill finds nothing to break.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import GatewayError

Record = dict[str, Any]
"""One change of the world: ``do`` names it, the rest is what `World.apply` needs."""

LOCK_LIMIT = 30.0
"""How long a writer waits for its turn, in seconds."""

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Journal:
    """The records of one world, oldest first.

    Args:
        folder: where ``world.jsonl`` and its lock live; it is made where it is missing. None keeps all in memory.

    Raises:
        GatewayError: the folder cannot be made.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._offset = 0
        self._line = 0
        self._in_memory: list[bytes] = []
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise GatewayError(f"{folder}: the simulator's folder cannot be made ({error})") from error

    def read(self) -> list[Record]:
        """The complete records that this journal object has not read before.

        Raises:
            GatewayError: a complete line is damaged.
        """
        lines = self._unread_lines()
        return [self._parse(line) for line in lines]

    def append(self, records: Sequence[Record]) -> None:
        """Write records to the disk; to be called inside `locked`.

        Raises:
            OSError: they could not be written; then none of them is in the journal.
        """
        data = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        if self._folder is None:
            self._in_memory += data.splitlines()
            return
        descriptor = os.open(self._folder / "world.jsonl", _APPEND, 0o600)
        with open(descriptor, "r+b", buffering=0) as file:
            _write_whole(file, data)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the right to append: one thread of one process at a time.

        Raises:
            GatewayError: another process held it for longer than `LOCK_LIMIT`.
        """
        if self._folder is None:
            yield
            return
        lock = self._folder / "world.lock"
        with open(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
            _wait_for(file.fileno(), lock)
            yield

    def _unread_lines(self) -> list[bytes]:
        if self._folder is None:
            lines, self._in_memory = self._in_memory, []
            return lines
        try:
            with open(self._folder / "world.jsonl", "rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        complete = data[: data.rfind(b"\n") + 1]
        self._offset += len(complete)
        return complete.splitlines()

    def _parse(self, line: bytes) -> Record:
        self._line += 1
        try:
            record = json.loads(line)
            if isinstance(record, dict):
                return record
        except ValueError:
            pass
        raise GatewayError(f"{self._folder}/world.jsonl line {self._line} is damaged: start with another folder")


_APPEND = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)


def _wait_for(descriptor: int, lock: Path) -> None:
    end = time.monotonic() + LOCK_LIMIT
    while True:
        try:
            return _take(descriptor)
        except OSError as error:
            if time.monotonic() > end:
                raise GatewayError(f"{lock} was held by another process for {LOCK_LIMIT:g} s") from error
        time.sleep(0.0005)


def _write_whole(file: BinaryIO | Any, data: bytes) -> None:
    start = _cut_unfinished(file)
    try:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())
    except OSError:
        file.truncate(start)
        raise


def _cut_unfinished(file: BinaryIO | Any) -> int:
    """Go to the end of the last complete line and cut off what follows; gives that position."""
    end: int = file.seek(0, os.SEEK_END)
    position = end
    while position:
        start = max(0, position - 65536)
        file.seek(start)
        newline: int = file.read(position - start).rfind(b"\n")
        position = start + newline + 1 if newline >= 0 else start
        if newline >= 0:
            break
    if position < end:
        file.truncate(position)
    file.seek(position)
    return position
