"""The test that counts: everybody at once, and the simulated WhatsApp counts what was delivered.

A service, a guide's script that also sends, a person who decides, a stale writer of the state file, backups that are
copied back, and kills. Whatever they do: at most one delivery for an approval, none without, and exactly the approved
text to exactly the approved chat.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from signoff import MessageStatus, StateManager
from signoff.clock import MINUTE, system_clock
from signoff.digest import digest_of
from signoff.errors import Decision, NotFound
from signoff.gateway.simulator import Simulator
from signoff.lifecycle import MOVES
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.outbox import APPROVALS, Outbox
from signoff.store.rows import Row

from ..store.scenes import moves
from ..waiting import eventually
from .conftest import HARD, Running
from .run_service import STATE_FILE, open_world, write_options

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX"),
    pytest.mark.timeout(900 if HARD else 180),
]

SEEDS = range(8) if HARD else range(1)
SECONDS = 60.0 if HARD else 8.0
RATES = {"lose-answer": 0.08, "lost": 0.08, "refuse-passing": 0.1, "refuse": 0.05, "late": 0.03, "double": 0.1}

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
APPROVED = MessageStatus.APPROVED
FAILED = MessageStatus.FAILED


class Person:
    """Maria, who decides by chance, and remembers to what she has said yes."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.state = StateManager(folder / STATE_FILE, by="maria")
        self.chance = random.Random(seed)
        self.said_yes: defaultdict[str, set[tuple[str | None, str]]] = defaultdict(set)
        self.decisions: Counter[str] = Counter()

    def look(self) -> None:
        """Look through what waits, and decide about some of it."""
        for status in (PENDING, FAILED, APPROVED):
            for row in itertools.islice(self.state.rows(status), 50):
                act = self.chance.choice(self.ways(row))
                try:
                    act(row)
                    self.decisions[act.__name__] += 1
                except (Decision, NotFound):
                    self.decisions["refused"] += 1
        time.sleep(0.01)

    def ways(self, row: Row) -> Sequence[Callable[[Row], None]]:
        """What can be decided about a message."""
        if row.status == "approved":
            return [self.skip] * 9 + [self.take_back]
        if row.reason == "unconfirmed":
            return [self.skip, self.it_arrived, self.send_again, self.give_up]
        if row.status == "failed":
            return [self.skip, self.yes]
        return [self.yes, self.yes, self.yes, self.other_words, self.no, self.another, self.skip]

    def yes(self, row: Row) -> None:
        self.state.approve(row.id, row.draft_version, despite=row.stale)
        self.said_yes[row.id].add((row.chat, row.text))

    def other_words(self, row: Row) -> None:
        self.yes(self.state.edit(row.id, f"{row.text} (as Maria says, {self.chance.random()})", row.draft_version))

    def no(self, row: Row) -> None:
        self.state.reject(row.id, "no", row.draft_version)

    def another(self, row: Row) -> None:
        self.state.ask_again(row.id)

    def take_back(self, row: Row) -> None:
        self.state.take_back(row.id)

    def it_arrived(self, row: Row) -> None:
        self.state.confirm_sent(row.id)

    def send_again(self, row: Row) -> None:
        self.state.send_again(row.id)
        self.said_yes[row.id].add((row.chat, row.text))

    def give_up(self, row: Row) -> None:
        self.state.give_up(row.id)

    def skip(self, row: Row) -> None:
        """Leave it for now."""


class Chaos:
    """Everybody at once, each in a thread or process of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.person = Person(folder, seed)
        self.state = StateManager(folder / STATE_FILE, by="admin")
        self.world = open_world(folder, quiet=True)
        self.chance = random.Random(seed)
        self.seeds = itertools.count(seed * 1_000_000)
        self.written: list[str] = []
        self.kills = 0
        self.restored = 0
        self.failures: list[BaseException] = []
        self._stop = threading.Event()
        self._calm = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let them all loose while the ``with`` block runs."""
        everybody = [
            lambda: self.kill_again_and_again("run_service", 0.6),
            lambda: self.kill_again_and_again("run_script", 1.2),
            lambda: self.kill_again_and_again("run_writer", 1.5),
            lambda: self.until_stopped(self.person.look),
            lambda: self.until_stopped(self.contacts_write),
            lambda: self.until_stopped(self.restore),
        ]
        threads = [threading.Thread(target=self.safely, args=(act,)) for act in everybody]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        if self.failures:
            raise self.failures[0]

    def safely(self, act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as failure:
            self.failures.append(failure)

    def until_stopped(self, act: Callable[[], None]) -> None:
        while not self._stop.is_set():
            act()

    def kill_again_and_again(self, program: str, mean: float) -> None:
        while not self._stop.is_set():
            running = Running(self.folder, program, str(next(self.seeds)))
            if random.random() < 0.9:
                running.wait_until_up()
            self._stop.wait(random.expovariate(1 / mean))
            assert running.is_alive, f"{program} ended by itself: {running.errors()}"
            running.kill()
            self.kills += 1

    def contacts_write(self) -> None:
        chat = f"1555010020{self.chance.randrange(8)}@c.us"
        self.written.append(self.world.contact_writes(chat, f"Question {self.chance.random()}"))
        self._stop.wait(self.chance.expovariate(1 / 0.1))

    def restore(self) -> None:
        """Make a backup, and bring it back later, in one way or the other."""
        backup = self.state.backup_state()
        self._stop.wait(self.chance.uniform(0.2, 1.0))
        if self._calm.is_set():
            return
        if self.chance.random() < 0.5:
            self.state.restore_state(backup)
        else:
            shutil.copy(backup, self.folder / STATE_FILE)
        self.restored += 1

    def calm_down(self) -> None:
        """Stop restoring: from now on nothing may undo what a person has set."""
        self._calm.set()

    def settle(self) -> None:
        """Take in what is left and find out what became of every attempt, as somebody will who looks in much later."""
        later = StateManager(self.folder / STATE_FILE, by="later", clock=lambda: system_clock() + 10 * MINUTE)
        outbox = Outbox(later, self.world)
        inbox = Inbox(later, self.world, wait=0)
        eventually(lambda: not outbox.recover() and not inbox.round())
        later.close()

    def close(self) -> None:
        self.person.state.close()
        self.state.close()
        self.world.close()


def attempts(state: StateManager) -> dict[str, tuple[str, int, str]]:
    """By token: the message, the number of the attempt, the digest under which it was claimed."""
    query = "SELECT a.token, m.id, a.number, a.digest FROM attempts a JOIN messages m ON m.seq = a.message"
    rows = state.store.database.read(lambda tx: tx.connection.execute(query).fetchall())
    return {str(token): (str(message_id), int(str(number)), str(digest)) for token, message_id, number, digest in rows}


def approval_of(history: list[dict[str, Any]], number: int) -> tuple[int, dict[str, Any]]:
    """The approval under which the attempt of this number was made, and its place in the history."""
    claims = [place for place, event in enumerate(history) if event["kind"] == "claimed"]
    before = [(place, event) for place, event in enumerate(history[: claims[number - 1]]) if event["kind"] in APPROVALS]
    assert before, f"attempt {number} was made without an approval: {history}"
    return before[-1]


def insist_on_the_promises(state: StateManager, world: Simulator, person: Person) -> None:
    """What was delivered, against what was approved."""
    made, used = attempts(state), Counter[tuple[str, int]]()
    for delivery in world.deliveries():
        message_id, number, digest = made[delivery.token]
        assert digest_of(delivery.chat, delivery.text) == digest, "it is not what was claimed"
        place, approval = approval_of(state.history(message_id), number)
        assert approval["digest"] == digest, "it is not what was approved"
        if approval["by"] == "maria":
            assert (delivery.chat, delivery.text) in person.said_yes[message_id], (
                f"Maria never saw this of {message_id}"
            )
        used[message_id, place] += 1
    assert not [approval for approval, count in used.items() if count > 1], "delivered twice for one approval"


@pytest.mark.parametrize("can_lookup", [True, False], ids=["lookup", "blind"])
@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_does_what_nothing_is_sent_twice_unapproved_or_in_other_words(
    tmp_path: Path, seed: int, can_lookup: bool
) -> None:
    write_options(tmp_path, rates=RATES, can_lookup=can_lookup)
    with StateManager(tmp_path / STATE_FILE, by="maria") as state:
        state.update_config(
            {
                "human_in_the_loop": True,
                "approval_config": {"undo_seconds": 0.05, "wait_seconds": 0.5},
                "retry_config": {"retry_delay_seconds": 0.05},
            }
        )
    chaos = Chaos(tmp_path, seed)
    with chaos.running():
        time.sleep(SECONDS)
        chaos.calm_down()
        time.sleep(1.5)
        chaos.state.set_config("remember", f"this {seed}")
        time.sleep(1.5)
    chaos.settle()
    insist_on_the_promises(chaos.state, chaos.world, chaos.person)
    assert {chaos.state.get_message(message_id).origin for message_id in chaos.written} == {"gateway"}
    assert chaos.state.check() == []
    assert moves(chaos.state.store) <= set(MOVES)
    assert chaos.state.get_config("remember") == f"this {seed}"
    assert len(chaos.world.deliveries()) > SECONDS
    assert chaos.kills > SECONDS / 2
    assert chaos.restored > 0
    assert chaos.person.decisions["yes"] > SECONDS
    chaos.close()
