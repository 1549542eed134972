"""``python -m tests.hard.many.actor FOLDER NAME THREADS SEED BUSY_TIMEOUT``: does everything, and keeps a record.

Prints ``ready``, begins when it is given a line and ends when its standard input does. ``FOLDER/NAME.jsonl`` then holds
each call: what, about which message, when it began and ended (`time.monotonic`, one clock for all processes of this
machine), and what it gave.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from signoff import MessageStatus, StateManager
from signoff.errors import Decision, NotFound, StoreBusy
from signoff.store.decisions import NewDraft
from signoff.store.intake import Arrival

from ...store.programs.telling import say

LEASE = 600_000_000
CHATS = [f"155501008{number:02}@c.us" for number in range(16)]
CONTENDED = 40
"""How many messages everybody wants to add, to move and to reserve at about the same time, one after the other."""

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL

Call = tuple[str, str, float, float, Any]


class Actor:
    """One thread that does whatever comes to its mind."""

    def __init__(self, state: StateManager, name: str, seed: int) -> None:
        self.record: list[Call] = []
        self._state, self._store, self._account = state, state.store, state.account
        self._name = name
        self._random = random.Random(seed)
        self._numbers = count()
        self._claims: list[Any] = []
        self._acts: list[Callable[[], tuple[str, Any]]] = [
            self.receive, self.receive, self.draft, self.draft, self.approve, self.approve, self.edit, self.reject,
            self.claim, self.claim, self.settle, self.settle, self.count_up, self.read_count, self.add_contended,
            self.move_contended, self.statistics,
        ]  # fmt: skip

    def step(self) -> None:
        """One call."""
        act = self._random.choice(self._acts)
        begun = time.monotonic()
        try:
            about, gave = act()
        except (Decision, NotFound, StoreBusy) as error:
            about, gave = "", {"refused": type(error).__name__}
        self.record.append((act.__name__, about, begun, time.monotonic(), gave))

    def receive(self) -> tuple[str, Any]:
        chat, message_id = self._random.choice(CHATS), f"{self._name}-{next(self._numbers)}"
        arrival = Arrival(message_id, chat, {"id": message_id, "from": chat, "body": "Hello"})
        return message_id, self._store.receive(self._account, arrival, by=self._name) is not None

    def draft(self) -> tuple[str, Any]:
        row = self._store.claim_draft(self._account, lease=LEASE, by=self._name)
        if row is None:
            return "", None
        draft = NewDraft(row.seq, row.draft_tries, row.chat or "", f"Answer to {row.id}", self._name)
        return row.id, self._store.add_draft(self._account, draft) is not None

    def approve(self) -> tuple[str, Any]:
        row = self._pick()
        return row.id, self._state.approve(row.id, row.draft_version, despite=row.stale, seen=PENDING).draft_version

    def edit(self) -> tuple[str, Any]:
        row = self._pick()
        text = f"{row.text}+{self._name}.{next(self._numbers)}"
        return row.id, [row.draft_version, self._state.edit(row.id, text, row.draft_version).draft_version]

    def reject(self) -> tuple[str, Any]:
        row = self._pick()
        self._state.reject(row.id, "no", row.draft_version, seen=PENDING)
        return row.id, row.draft_version

    def claim(self) -> tuple[str, Any]:
        claim = self._store.claim_next(self._account, lease=LEASE, by=self._name)
        if claim is None:
            return "", None
        self._claims.append(claim)
        return claim.id, claim.number

    def settle(self) -> tuple[str, Any]:
        if not self._claims:
            return "", None
        claim, by = self._claims.pop(), self._name
        if self._random.random() < 0.2:
            return claim.id, [claim.number, self._store.postponed(claim, "busy", self._store.clock(), by=by), "busy"]
        return claim.id, [claim.number, self._store.accepted(claim, None, by=by, move=True), "accepted"]

    def count_up(self) -> tuple[str, Any]:
        self._store.change_settings(self._account, lambda stored: {"count": stored.get("count", 0) + 1}, by=self._name)
        return "count", True

    def read_count(self) -> tuple[str, Any]:
        return "count", self._state.get_config("count") or 0

    def add_contended(self) -> tuple[str, Any]:
        message_id = self._contended()
        return message_id, self._state.add_message({"id": message_id, "body": "Hello"}, INCOMING)

    def move_contended(self) -> tuple[str, Any]:
        message_id = self._contended()
        return message_id, self._state.move_message(message_id, INCOMING, MessageStatus.REJECTED)

    def statistics(self) -> tuple[str, Any]:
        return "", self._state.get_statistics()["total_incoming"]

    def _contended(self) -> str:
        """The same for all who ask at about the same time."""
        return f"contended-{int(time.monotonic() * CONTENDED)}"

    def _pick(self) -> Any:
        waiting = self._store.page(self._account, PENDING, 0, 12)
        if not waiting:
            raise NotFound("nothing waits")
        return self._random.choice(waiting)


def edit_the_file(file: Path, stopped: threading.Event) -> list[Call]:
    """As a script does: read the state file, change one setting, write the whole back, and wait until it is seen."""
    record: list[Call] = []
    with StateManager(file, by="editor") as state:
        for number in count(1):
            begun = time.monotonic()
            _write_back(file, number)
            while not stopped.is_set() and state.get_config("edited_by_hand") != number:
                stopped.wait(0.02)
            if stopped.is_set():
                return record
            record.append(("edited", str(number), begun, time.monotonic(), True))
    return record


def _write_back(file: Path, number: int) -> None:
    document = json.loads(file.read_text()) | {"edited_by_hand": number}
    other = file.with_name("edited.json")
    other.write_text(json.dumps(document))
    other.replace(file)


def main(folder: Path, name: str, threads: int, seed: int, busy_timeout: float) -> None:
    """Act, then write down what was done."""
    file = folder / "whatsapp_state.json"
    state = StateManager(file, by=name, busy_timeout=busy_timeout)
    actors = [Actor(state, f"{name}-{number}", seed * 1000 + number) for number in range(threads)]
    stopped, edits = threading.Event(), list[Call]()

    def run(actor: Actor) -> None:
        while not stopped.is_set():
            actor.step()

    running = [threading.Thread(target=run, args=(actor,), daemon=True) for actor in actors]
    if name == "p0":
        running.append(threading.Thread(target=lambda: edits.extend(edit_the_file(file, stopped)), daemon=True))
    say("ready")
    sys.stdin.readline()
    for thread in running:
        thread.start()
    sys.stdin.read()
    stopped.set()
    for thread in running:
        thread.join(60)
        assert not thread.is_alive(), f"{thread.name} waits for ever"
    state.close()
    with (folder / f"{name}.jsonl").open("w") as record:
        for number, calls in enumerate([*(actor.record for actor in actors), edits]):
            for call in calls:
                record.write(json.dumps([number, *call]) + "\n")
    say("done")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
