"""The work that every contender does: the guide's lifecycle, and the history that stands before it."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Message = dict[str, Any]

MOVES = (("incoming", "pending_approval"), ("pending_approval", "approved"), ("approved", "sent"))
WRITES = 1 + len(MOVES)
READ_EVERY = 10
"""After so many messages the pending list and the statistics are read."""

_SENTENCES = (
    "Do you open on Sunday?",
    "We come with four people and would like the table at the window, please.",
    "My order 4711 has not arrived yet.",
    "شكرا جزيلا 🙏",
    "What does delivery to the old town cost, and how long does it take?",
)


class Peer(Protocol):
    """One way to keep the state. It is made with the folder that it keeps it in."""

    def add(self, message: Message) -> object:
        """Add an incoming message."""

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move a message from one list to another; False when it is not in the first."""

    def pending(self) -> list[Message]:
        """The messages that wait for approval."""

    def statistics(self) -> dict[str, Any]:
        """How many messages came into each list."""

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history: these messages as sent, each with all that its lifecycle leaves behind."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What one slice of work took.

    Attributes:
        writes: durable changes made.
        seconds: for all of them, with the reads between.
        longest: the longest wait of one caller for one change, in seconds.
    """

    writes: int
    seconds: float
    longest: float


def messages(count: int, seed: str) -> Iterator[Message]:
    """``count`` incoming messages of some hundred contacts; the ids are random, as WhatsApp's are."""
    chance = random.Random(seed)
    for _ in range(count):
        contact = f"1555010{chance.randrange(1000, 1400)}@c.us"
        yield {
            "id": f"false_{contact}_3EB0{chance.getrandbits(72):018X}",
            "from": contact,
            "fromName": f"Customer {contact[7:11]}",
            "body": " ".join(chance.choices(_SENTENCES, k=chance.randrange(1, 4))),
            "timestamp": 1_790_000_000 + chance.randrange(10_000_000),
            "isGroup": False,
        }


def run(peer: Peer, work: list[Message], threads: int) -> Slice:
    """Take all messages of ``work`` through the lifecycle, the threads sharing them."""
    ticket = itertools.count()
    longest = [0.0] * threads

    def share(number: int) -> None:
        while (mine := next(ticket)) < len(work):
            longest[number] = max(longest[number], *lifecycle(peer, work[mine], mine))

    seconds = together(share, threads)
    return Slice(WRITES * len(work), seconds, max(longest))


def run_for(peer: Peer, seed: str, threads: int, seconds: float) -> list[int]:
    """Take messages through the lifecycle for so long; how long each change took, in µs."""
    waits: list[list[float]] = [[] for _ in range(threads)]

    def share(number: int) -> None:
        until = time.perf_counter() + seconds
        for mine, message in enumerate(messages(1 << 40, f"{seed}, {number}")):
            waits[number] += lifecycle(peer, message, mine)
            if time.perf_counter() > until:
                return

    together(share, threads)
    return [round(wait * 1e6) for each in waits for wait in each]


def together(share: Callable[[int], None], threads: int) -> float:
    """Run ``share`` in so many threads at once; the seconds until the last has ended. What one raises is raised."""
    start = threading.Barrier(threads + 1)
    failures: list[BaseException] = []

    def thread(number: int) -> None:
        start.wait()
        try:
            share(number)
        except BaseException as error:
            failures.append(error)
            raise

    workers = [threading.Thread(target=thread, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    start.wait()
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - began
    if failures:
        raise failures[0]
    return seconds


def lifecycle(peer: Peer, message: Message, number: int) -> list[float]:
    """Add, three moves, and now and then a look at the lists; the seconds that each of the four changes took."""
    moments = [time.perf_counter()]
    peer.add(message)
    moments.append(time.perf_counter())
    for source, target in MOVES:
        if not peer.move(message["id"], source, target):
            raise AssertionError(f"{message['id']} was not in {source}")
        moments.append(time.perf_counter())
    if number % READ_EVERY == READ_EVERY - 1:
        peer.pending()
        peer.statistics()
    return [after - before for before, after in itertools.pairwise(moments)]
