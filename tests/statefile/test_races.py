"""A script edits the file while two writers replace it all the time: every edit is taken up, and once."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signoff.statefile.file import NotReadable
from state_manager import MessageStatus, StateManager

from ..conftest import ManualClock
from ..waiting import eventually
from .conftest import Face

S = MessageStatus


@contextmanager
def writers(path: Path, clock: ManualClock) -> Iterator[None]:
    """Two that have the file written as fast as they can, each after a change."""
    done = threading.Event()
    failures: list[BaseException] = []

    def write(name: str) -> None:
        face = Face(path, clock)
        try:
            number = 0
            while not done.is_set():
                number += 1
                face.manager.add_message({"id": f"{name} {number}"}, S.INCOMING)
                try:
                    face.file.write()
                except NotReadable:
                    continue
        except BaseException as error:
            failures.append(error)
        finally:
            face.close()

    threads = [threading.Thread(target=write, args=(name,)) for name in ("one", "other")]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not failures, failures


def in_place(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)


def by_another_file(path: Path, text: str) -> None:
    new = path.with_name("new.json")
    new.write_text(text, "utf-8")
    os.replace(new, path)


@pytest.mark.slow
@pytest.mark.parametrize("put", [in_place, by_another_file])
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there two files cannot be exchanged in one step")
def test_every_edit_is_taken_up_once(path: Path, clock: ManualClock, put: Callable[[Path, str], None]) -> None:
    Face(path, clock).begin().close()
    with StateManager(path.with_suffix(".db"), clock=clock) as manager, writers(path, clock):
        for number in range(1, 121):
            document = json.loads(path.read_bytes())
            document["mine"] = number
            put(path, json.dumps(document))
            eventually(lambda: manager.get_config("mine") == number)  # noqa: B023 called at once
            manager.set_config("mine", -number)
            eventually(lambda: json.loads(path.read_bytes())["mine"] == -number)  # noqa: B023
            assert manager.get_config("mine") == -number, "an old edit was taken up again"
