"""All kinds of verbs at random; then the count of what was acknowledged.

Arguments: the database, a name, threads, the seed. Prints a line when it is ready, begins when it is given one, and
ends when its standard input does.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count

from signoff.errors import Decision
from signoff.lifecycle import MessageStatus
from signoff.model import content_of
from signoff.store import Store, open_store
from signoff.store.decisions import NewDraft
from signoff.store.intake import Arrival

from .telling import report, say

LEASE = 60_000_000
CHATS = [f"155501003{number:02}@c.us" for number in range(8)]


class Actor:
    """One thread that does whatever comes to its mind."""

    def __init__(self, store: Store, account: int, name: str, seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.refused = 0
        self.longest = 0.0
        self._store, self._account, self._name = store, account, name
        self._random = random.Random(seed)
        self._numbers = count()

    def step(self) -> None:
        """One verb."""
        act: Callable[[], bool | None] = self._random.choice(
            [self.receive, self.receive, self.draft, self.approve, self.send, self.bookkeeping, self.setting]
        )
        begun = time.monotonic()
        try:
            done = act()
        except (Decision, LookupError):
            self.refused += 1
        else:
            self.done[act.__name__] += done is not False
        self.longest = max(self.longest, time.monotonic() - begun)

    def receive(self) -> bool:
        chat, message_id = self._random.choice(CHATS), f"{self._name}-{next(self._numbers)}"
        message = {"id": message_id, "from": chat, "body": "Hello"}
        return self._store.receive(self._account, Arrival(message_id, chat, message), by=self._name) is not None

    def draft(self) -> bool:
        row = self._store.claim_draft(self._account, lease=LEASE, by=self._name)
        if row is None or row.chat is None:
            return False
        return (
            self._store.add_draft(self._account, NewDraft(row.seq, row.draft_tries, row.chat, "Hi", "me")) is not None
        )

    def approve(self) -> bool:
        waiting = self._store.page(self._account, MessageStatus.PENDING_APPROVAL, 0, 20)
        if not waiting:
            return False
        row = self._random.choice(waiting)
        if self._random.random() < 0.2:
            self._store.reject(self._account, row.id, row.draft_version, by=self._name, reason=None)
        else:
            self._store.approve(self._account, row.id, row.draft_version, by=self._name, despite=row.stale)
        return True

    def send(self) -> bool:
        claim = self._store.claim_next(self._account, lease=LEASE, by=self._name)
        if claim is None:
            return False
        if self._random.random() < 0.1:
            return self._store.postponed(claim, "busy", self._store.clock(), by=self._name)
        if self._random.random() < 0.1:
            return self._store.unconfirmed(claim, "time-out", by=self._name, move=True)
        return self._store.accepted(claim, None, by=self._name, move=True)

    def bookkeeping(self) -> bool:
        message_id = f"script-{self._name}-{next(self._numbers)}"
        source, target = self._random.sample(list(MessageStatus), 2)
        self._store.add(self._account, content_of({"id": message_id}), source, by=self._name)
        self._store.move(self._account, message_id, source, target, by=self._name)  # unless another rejected it
        return True

    def setting(self) -> None:
        self._store.change_settings(
            self._account, lambda stored: {"changes": stored.get("changes", 0) + 1}, by=self._name
        )


def main() -> None:
    """Act, then report."""
    path, name, threads, seed = sys.argv[1:]
    store = open_store(path)
    account, stop = store.account("default"), threading.Event()
    actors = [Actor(store, account, f"{name}-{n}", int(seed) * 100 + n) for n in range(int(threads))]

    def run(actor: Actor) -> None:
        while not stop.is_set():
            actor.step()

    running = [threading.Thread(target=run, args=(actor,)) for actor in actors]
    say("ready")
    sys.stdin.readline()
    for thread in running:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in running:
        thread.join()
    done = sum((actor.done for actor in actors), Counter[str]())
    report(done=done, refused=sum(actor.refused for actor in actors), longest=max(actor.longest for actor in actors))
    store.close()


if __name__ == "__main__":
    main()
