"""What one operation costs does not grow with the history: every plan uses an index, and the work done is counted."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signoff.clock import MINUTE, SECOND
from signoff.digest import digest_of
from signoff.lifecycle import MessageStatus
from signoff.store import Store, open_store
from signoff.store.connection import Transaction
from signoff.store.statements import statements

from ..conftest import ManualClock, verify
from .scenes import ANA, ANA_LID, APPROVED, FAILED, INCOMING, LEASE, PENDING, SENT, Scene

RARE = {
    "add_account": "once for an account",
    "messages_of_chat": "forgetting reads everything",
    "messages_of_writer": "forgetting reads everything",
    "forget_records": "forgetting reads everything",
    "first_event": "looks for one row",
    "any_message": "looks for one row",
}
SMALL = {"accounts", "store", "CONSTANT", "6-ROW", "arrivals"}
"""What may be scanned: tables of some rows, the lists that one message was in, and no tables at all."""

SORTED = {
    "script_rows": ":limit rows, and those whose earlier text was the same, are merged",
    "make_stale": "the addresses of one contact",
    "make_stale_before_drafted": "the addresses of one contact",
    "attempt_of_echo": "the attempts of one text that are open or unknown",
}
WHOLE_LIST = re.compile(r"SEARCH (\w+) USING (?:COVERING )?INDEX (\w+) \((account=\?|account=\? AND status=\?)\)$")
"""A search that looks at all messages of an account or of a list."""

PARTIAL = {"messages_to_send", "messages_to_send_in_chat", "messages_in_flight", "messages_undecided"}
"""Indexes that hold only what waits to be worked on."""


def per_operation() -> list[str]:
    """The statements that run in the course of an operation: not those of `check`, of a restore and of rare verbs."""
    folder = Path(open_store.__code__.co_filename).with_name("sql")
    rare = [name for file in ("upkeep.sql", "restore.sql") for name in names(folder / file)]
    return sorted(statements().keys() - set(rare) - RARE.keys())


def names(file: Path) -> list[str]:
    return re.findall(r"^-- name: (\w+)$", file.read_text("utf-8"), re.MULTILINE) if file.exists() else []


def plan(store: Store, name: str) -> list[str]:
    """How SQLite would run a statement."""
    statement = statements()[name]
    params = dict.fromkeys(re.findall(r":(\w+)", statement), 1)

    def explain(tx: Transaction) -> list[str]:
        return [str(row[3]) for row in tx.connection.execute(f"EXPLAIN QUERY PLAN {statement}", params).fetchall()]

    return store.database.read(explain)


@pytest.mark.parametrize("name", per_operation())
def test_no_statement_of_an_operation_reads_a_whole_table_or_list(store: Store, name: str) -> None:
    for step in plan(store, name):
        scanned = re.match(r"SCAN (\S+)", step)
        assert scanned is None or scanned[1] in SMALL or step.startswith("SCAN (subquery"), f"{name}: {step}"
        whole = WHOLE_LIST.match(step)
        assert whole is None or whole[2] in PARTIAL, f"{name}: {step}"


@pytest.mark.parametrize("name", per_operation())
def test_no_statement_of_an_operation_sorts(store: Store, name: str) -> None:
    if name not in SORTED:
        assert not [step for step in plan(store, name) if "TEMP B-TREE" in step]


def test_those_excepted_exist() -> None:
    assert statements().keys() >= RARE.keys() | SORTED.keys()


class Work:
    """Counts the instructions of SQLite's machine that an operation takes."""

    def __init__(self, store: Store) -> None:
        self.done = 0
        for run in (store.database.write, store.database.read):
            run(lambda tx: tx.connection.set_progress_handler(self._count, 1))

    def _count(self) -> bool:
        self.done += 1
        return False

    def of(self, act: Callable[[], object]) -> int:
        """How many an act takes."""
        before = self.done
        act()
        return self.done - before


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """A folder in memory, where there is one: long histories are made there."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    yield folder
    shutil.rmtree(folder)


def live_through(scene: Scene, rounds: int) -> None:
    """Make a history in one chat: answered, rejected, unconfirmed, sent by scripts, cleared and purged messages."""
    for number in range(rounds):
        scene.clock.advance(1)
        draft = scene.draft(f"h{number}", chat=ANA_LID if number % 2 else ANA)
        if number % 5 == 0:
            scene.reject(draft.id)
        else:
            scene.approve(draft.id)
            claim = scene.claim()
            assert claim is not None
            (scene.unconfirmed if number % 7 == 0 else scene.accepted)(claim)
        scene.script(f"s{number}", (PENDING, APPROVED, SENT, FAILED)[number % 4])
        scene.receive(f"w{number}", draft=number % 3 == 0)
        waiting = scene.store.claim_draft(scene.account, lease=LEASE, by="drafter") if number % 3 == 0 else None
        if waiting is not None:
            scene.store.postpone_draft(waiting, None, by="drafter", why="nothing known")
        if number % 50 == 49:
            scene.approve(scene.draft(f"c{number}").id)
            for status in MessageStatus:
                scene.store.clear(scene.account, status, by="script")
            while scene.store.purge(scene.account):
                pass


def operations(scene: Scene) -> dict[str, Callable[[], object]]:
    """One of each operation, in an order in which each has something to do."""
    store, account = scene.store, scene.account
    return {
        "add": lambda: scene.add({"id": "x1"}),
        "move": lambda: scene.move("x1", INCOMING, SENT),
        "receive": lambda: scene.receive("x2", ANA),
        "receive again": lambda: scene.receive("x2", ANA),
        "draft": lambda: scene.answer(),
        "newer message": lambda: scene.receive("x3", ANA_LID, draft=False),
        "undecided": lambda: store.undecided(account, asked=False, limit=10),
        "edit": lambda: scene.edit("reply_x2", "better"),
        "approve": lambda: scene.approve("reply_x2"),
        "claim": lambda: scene.claimed("x4", chat="15550100555@c.us"),
        "nothing to claim": lambda: (scene.claim(), scene.claim()),
        "expired": lambda: store.expired_claims(account, lease=MINUTE, by="keeper"),
        "receipt": lambda: store.receipt(account, ack="read", gateway_id="nobody's", token=None, by="inbox"),
        "echo": lambda: store.attempt_of_echo(account, gateway_id="e", digest=digest_of(ANA, "better")),
        "settle": lambda: store.settle_left_by_scripts(account),
        "script": lambda: store.script_rows(account, digest_of(ANA, "Until six."), 5),
        "newest": lambda: store.newest(account, INCOMING, 10),
        "page": lambda: store.page(account, SENT, 0, 10),
        "conversation": lambda: store.conversation(account, ANA, 10),
        "history": lambda: store.history(account, "x2"),
        "events": lambda: store.events(account, limit=10),
        "with a contact": lambda: store.with_contact(account, ANA, limit=10),
        "tally": lambda: store.tally(account, [scene.clock() - SECOND, scene.clock() + SECOND]),
        "counters": lambda: store.counters(account),
        "has another account begun": lambda: store.has_begun(store.account("another")),
        "nothing to purge": lambda: store.purge(account),
        "clear": lambda: store.clear(account, INCOMING, by="script"),
        "setting": lambda: store.change_settings(account, lambda _: {"mine": 1}, by="maria"),
    }


def work_after(folder: Path, rounds: int) -> dict[str, int]:
    """What each operation takes after a history of so many rounds."""
    clock = ManualClock()
    store = open_store(folder / f"{rounds}.db", clock=clock)
    scene = Scene(store, clock)
    live_through(scene, rounds)
    work = Work(store)
    taken = {name: work.of(act) for name, act in operations(scene).items()}
    path = store.database.path
    store.close()
    verify(path)
    return taken


def compare(folder: Path, short: int, long: int) -> None:
    few, many = work_after(folder, short), work_after(folder, long)
    assert min(few.values()) > 0
    grown = {name: (few[name], many[name]) for name in few if many[name] > 1.15 * few[name] + 30}
    assert grown == {}


def test_an_operation_takes_the_same_work_after_a_long_history(quick_folder: Path) -> None:
    compare(quick_folder, 60, 560)


@pytest.mark.slow
def test_an_operation_takes_the_same_work_after_a_very_long_history(quick_folder: Path) -> None:
    compare(quick_folder, 60, 60 + 4 * 2100)  # in step with all that recurs above
