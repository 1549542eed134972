"""``instructions.py fill STATE N`` and ``instructions.py count STATE``: each operation, for callgrind to count.

Callgrind writes down what it has counted whenever ``getppid`` is called: before the later half of the times that an
operation is done, and after it. The last is a transaction by hand, which all others are measured against. Prints the
names in their order.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import apsw

from signoff import MessageStatus, StateManager

from ...conftest import ManualClock
from .costs import TIMES, operations, prepare

BY_HAND = "by hand"


def fill(path: str, messages: int) -> None:
    """A history: so many messages that were sent, some hundred to a contact, their ids in no order."""
    state = StateManager(path, clock=ManualClock())

    def add(number: int) -> None:
        message = {"id": f"{number * 7919 % 1_000_003:x}", "from": f"1555019{number % 200:04d}@c.us", "body": "Hello"}
        state.add_message(message, MessageStatus.INCOMING)
        state.move_message(message["id"], MessageStatus.INCOMING, MessageStatus.SENT)

    with ThreadPoolExecutor(32) as threads:
        list(threads.map(add, range(messages)))
    state.close()


def count(path: str) -> None:
    """Do each operation."""
    clock = ManualClock()
    state = StateManager(path, clock=clock)
    prepare(state)
    for name, act in operations(state, clock):
        repeat(name, act)
    state.close()
    repeat(BY_HAND, transaction_by_hand(path + ".by-hand"))


def transaction_by_hand(path: str) -> Callable[[int], object]:
    """A row added in a transaction of its own, without anything of ours."""
    connection = apsw.Connection(path)
    connection.pragma("journal_mode", "WAL")
    connection.pragma("synchronous", "FULL")
    connection.execute("CREATE TABLE messages (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, body TEXT)")

    def add(number: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO messages (id, body) VALUES (?, ?)", (f"a{number}", "Hello"))
        connection.execute("COMMIT")

    return add


def repeat(name: str, act: Callable[[int], object]) -> None:
    """Do an operation so often that its later half tells what it costs."""
    for number in range(TIMES):
        if number == TIMES // 2:
            os.getppid()
        act(number)
    os.getppid()
    sys.stdout.write(name + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(sys.argv[2], int(sys.argv[3]))
    else:
        count(sys.argv[2])
