"""``costs.py STATE``: what each operation asks of the disk, of SQLite and of Python, counted; prints JSON.

A process of its own, since all of SQLite's files are opened through a layer that counts. Only what the calling thread
does is counted.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import apsw

from signoff import MessageStatus, StateManager

from ...conftest import ManualClock
from ..scenes import Scene

TIMES = 60
"""How often each operation is done; what is told is the mean of the later half."""

done: Counter[str] = Counter()


def note(what: str, number: int = 1) -> None:
    """Count something, if it is done in the thread that calls."""
    if threading.current_thread() is threading.main_thread():
        done[what] += number


class CountedFile(apsw.VFSFile):
    """Counts what is written and synced."""

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        note("bytes", len(data))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        note("syncs")
        super().xSync(flags)


class CountedFiles(apsw.VFS):
    """The system's own files, counted."""

    def __init__(self) -> None:
        self._base = apsw.vfs_names()[0]
        super().__init__("counted", self._base, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> CountedFile:  # noqa: N802 - SQLite's name
        return CountedFile(self._base, name, flags)


def count_statements(connection: apsw.Connection) -> None:
    """Count the statements of a connection, those of triggers among them."""
    connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda _: note("statements"))


def count_calls(_frame: FrameType, event: str, _argument: object) -> None:
    """Count the calls of Python functions, of those in C too."""
    if event in ("call", "c_call"):
        note("calls")


def count_files(event: str, _arguments: object) -> None:
    """Count files that are opened, made or replaced by Python."""
    if event in ("open", "os.rename", "os.remove", "os.link"):
        note("files")


def prepare(state: StateManager) -> None:
    """What is there to be rejected by `operations`."""
    for number in range(TIMES):
        state.add_message({"id": f"x{number}", "recipient": "1", "body": "Hello"}, MessageStatus.PENDING_APPROVAL)


def operations(state: StateManager, clock: ManualClock) -> Iterator[tuple[str, Callable[[int], object]]]:
    """Each operation, in an order in which each has something to do; they are given the number of the time."""
    incoming, pending, approved, sent = (
        MessageStatus.INCOMING,
        MessageStatus.PENDING_APPROVAL,
        MessageStatus.APPROVED,
        MessageStatus.SENT,
    )
    scene = Scene(state.store, clock)
    chat = "1555010{:04d}@c.us".format

    yield "add_message", lambda n: state.add_message({"id": f"a{n}", "from": chat(n), "body": "Hello"}, incoming)
    yield "move_message", lambda n: state.move_message(f"a{n}", incoming, pending)
    yield "move to approved", lambda n: state.move_message(f"a{n}", pending, approved)
    yield "move to sent", lambda n: state.move_message(f"a{n}", approved, sent)
    yield "receive", lambda n: scene.receive(f"r{n}", chat(n))
    yield "draft", lambda _: scene.answer()
    yield "edit", lambda n: state.edit(f"reply_r{n}", "Until seven.")
    yield "approve", lambda n: state.approve(f"reply_r{n}", 2)
    claims: list[Any] = []
    yield "claim", lambda _: claims.append(scene.claim())
    yield "accepted", lambda n: scene.accepted(claims[n], f"g{n}")
    yield "reject", lambda n: state.reject(f"x{n}", reason="no")
    yield "update_config", lambda n: state.update_config({"mine": n})
    yield "update_session_status", lambda n: state.update_session_status(True, {"name": str(n)})
    yield "get_config", lambda _: state.get_config("mine")
    yield "is_session_valid", lambda _: state.is_session_valid()
    yield "get_statistics", lambda _: state.get_statistics()
    yield "ten newest", lambda _: state.store.newest(state.account, sent, 10)
    yield "history", lambda n: state.history(f"r{n}")
    yield "conversation", lambda n: state.conversation(chat(n), 10)


def main(path: str) -> None:
    """Count and print."""
    files = CountedFiles()
    apsw.connection_hooks.append(count_statements)
    clock = ManualClock()
    state = StateManager(path, clock=clock)
    prepare(state)
    sys.addaudithook(count_files)
    costs = {name: cost(act) for name, act in operations(state, clock)}
    state.close()
    sys.stdout.write(json.dumps(costs))
    del files


def cost(act: Callable[[int], object]) -> dict[str, float]:
    """The mean cost of an operation."""
    for number in range(TIMES):
        if number == TIMES // 2:
            done.clear()
        sys.setprofile(count_calls)
        act(number)
        sys.setprofile(None)
    share = TIMES - TIMES // 2
    return {name: round(done[name] / share, 1) for name in ("statements", "syncs", "bytes", "files", "calls")}


if __name__ == "__main__":
    main(sys.argv[1])
