"""Restoring under everything that can happen to it: any history before and after the backup, and a kill at any step."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff.errors import Decision, NotFound
from signoff.lifecycle import MessageStatus, check_undelivered
from signoff.store import open_store
from signoff.store.restore import restore_database
from signoff.store.rows import Claim, Row

from ..conftest import ManualClock, verify
from .scenes import ANA, ANA_LID, BEN, Scene

HARD = bool(os.environ.get("SIGNOFF_HARD"))
PROGRAM = Path(__file__).parent / "programs" / "restore_killed.py"
CHATS = (ANA, BEN, ANA_LID)


class Life:
    """What may happen to a store. Each happening picks by a number whom it happens to; impossible ones do nothing."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.store, self.account = scene.store, scene.account
        self.claims: list[Claim] = []
        self.happenings: list[Callable[[int], object]] = [
            self.write, self.draft, self.draft, self.approve, self.approve, self.send, self.send, self.settle,
            self.settle, self.reject, self.edit, self.reopen, self.ask_again, self.add_by_script, self.move_by_script,
            self.settle_by_hand, self.clear, self.receipt,
        ]  # fmt: skip

    def happen(self, what: int, whom: int) -> None:
        self.scene.clock.advance(1)
        with suppress(Decision, NotFound):
            self.happenings[what % len(self.happenings)](whom)

    def write(self, whom: int) -> None:
        chat = CHATS[whom % len(CHATS)]
        self.scene.receive(f"m{whom % 12}", chat, aliases=(ANA_LID,) if chat == ANA and whom % 2 else ())

    def draft(self, whom: int) -> None:
        with suppress(AssertionError):
            self.scene.answer(f"Answer {whom % 5}.")

    def approve(self, whom: int) -> None:
        row = self.pick(whom)
        self.scene.approve(row.id, despite=row.stale)

    def send(self, _: int) -> None:
        if (claim := self.scene.claim(lease=1)) is not None:
            self.claims.append(claim)

    def settle(self, whom: int) -> None:
        if not self.claims:
            return
        claim = self.claims.pop(whom % len(self.claims))
        match whom % 4:
            case 0:
                self.scene.accepted(claim, f"g{claim.token}")
            case 1:
                self.scene.unconfirmed(claim)
            case 2:
                self.scene.refused(claim)
            case _:
                self.store.postponed(claim, "busy", self.scene.clock(), by="outbox")

    def receipt(self, whom: int) -> None:
        for attempt in self.store.attempts(self.pick(whom).seq):
            self.store.receipt(self.account, ack="device", gateway_id=None, token=attempt.token, by="gateway")

    def reject(self, whom: int) -> None:
        self.scene.reject(self.pick(whom).id)

    def edit(self, whom: int) -> None:
        self.scene.edit(self.pick(whom).id, f"Edited {whom % 7}.")

    def reopen(self, whom: int) -> None:
        self.store.reopen(self.account, self.pick(whom).id, by="maria")

    def ask_again(self, whom: int) -> None:
        self.store.ask_again(self.account, self.pick(whom).id, by="maria", why=None)

    def settle_by_hand(self, whom: int) -> None:
        row = self.pick(whom)
        verbs = (self.store.confirm_sent, self.store.send_again, self.store.give_up)
        verbs[whom % 3](row, by="maria")

    def add_by_script(self, whom: int) -> None:
        self.scene.script(f"s{whom % 6}", list(MessageStatus)[whom % 6])

    def move_by_script(self, whom: int) -> None:
        row = self.pick(whom)
        self.scene.move(row.id, row.message_status, list(MessageStatus)[whom % 6])

    def clear(self, whom: int) -> None:
        if whom % 4 == 0:
            self.store.clear(self.account, list(MessageStatus)[whom % 6], by="maria")

    def pick(self, whom: int) -> Row:
        rows = self.all()
        if not rows:
            raise NotFound("nobody yet")
        return rows[whom % len(rows)]

    def all(self) -> list[Row]:
        """Every message, cleared or not."""
        rows: list[Row] = []
        while (row := self.store.by_seq(len(rows) + 1)) is not None:
            rows.append(row)
        return rows

    def out(self) -> set[str]:
        """The ids of all that has left, or may have."""
        return {row.id for row in self.all() if is_out(row)}

    def tokens(self) -> set[str]:
        return {attempt.token for row in self.all() for attempt in self.store.attempts(row.seq)}


def is_out(row: Row) -> bool:
    try:
        check_undelivered(row)
    except Decision:
        return True
    return False


@contextmanager
def life(path: Path, clock: ManualClock) -> Iterator[Life]:
    with closing(open_store(path, clock=clock)) as store:
        yield Life(Scene(store, clock))


events = st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), max_size=60)


@settings(
    max_examples=1000 if HARD else 40, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(before=events, after=events)
def test_whatever_happened_nothing_that_left_can_leave_again(
    before: list[tuple[int, int]], after: list[tuple[int, int]]
) -> None:
    clock = ManualClock()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with life(folder / "state.db", clock) as present:
            for event in before:
                present.happen(*event)
            present.store.backup(folder / "monday.db")
            for event in after:
                present.happen(*event)
            out, tokens = present.out(), present.tokens()
            known = {row.id for row in present.all()}
            handled = {row.id for row in present.all() if row.draft_due is None}
        with life(folder / "monday.db", clock) as backup:
            totals = backup.scene.totals()
        restored = restore_database(
            folder / "state.db", folder / "monday.db", folder / "kept.db", hold="outbox_hold", clock=clock
        )
        assert restored.hold is None
        verify(folder / "state.db")
        with life(folder / "state.db", clock) as later:
            clock.advance(1_000_000)
            rows = later.all()
            assert {row.id for row in rows} == known
            assert out <= later.out()
            assert later.scene.claim() is None
            assert not [row.id for row in rows if row.delivery == "open"]
            assert later.store.undecided(later.account, asked=False) == []
            assert [
                row.id for row in rows if row.delivery is None and row.approved_version and row.status != "sent"
            ] == []
            assert {row.id for row in rows if row.draft_due is None} >= handled
            assert later.scene.totals() == totals
            for row in rows:
                with suppress(Decision, NotFound):
                    later.scene.approve(row.id, despite=row.stale)
            while (claim := later.scene.claim()) is not None:
                assert claim.id not in out
                assert claim.token not in tokens
                later.scene.accepted(claim)
        verify(folder / "state.db")


def prepared(folder: Path) -> None:
    """A database in which something was sent after the backup, and its backup."""
    clock = ManualClock()
    with life(folder / "state.db", clock) as present:
        present.scene.draft("m1")
        present.scene.approve(present.scene.draft("m2", chat=BEN).id)
        present.store.backup(folder / "monday.db")
        claim = present.scene.claim()
        assert claim is not None
        present.scene.accepted(claim)


def what_stands_there(folder: Path) -> str:
    """Whether the database is the old or the restored one; it must be whole, and one of them."""
    verify(folder / "state.db")
    with life(folder / "state.db", ManualClock()) as present:
        assert present.scene.ids(MessageStatus.SENT) == ["reply_m2"]
        assert present.scene.ids(MessageStatus.PENDING_APPROVAL) == ["reply_m1"]
        assert present.scene.claim() is None
        return "restored" if "restored" in present.scene.kinds("reply_m2") else "old"


def killed_at(folder: Path, step: int) -> bool:
    """Restore and be killed at a step; False when it had come to its end before."""
    done = subprocess.run([sys.executable, str(PROGRAM), str(folder), str(step)], capture_output=True, text=True)
    assert done.stderr == ""
    return "done" not in done.stdout


def steps_of(folder: Path) -> int:
    """How many steps a restore has, found by halving."""
    low, high = 1, 2
    prepared(folder)
    spare = folder / "spare"
    shutil.copytree(folder, spare)

    def dies(step: int) -> bool:
        for path in folder.glob("*.db*"):
            path.unlink()
        shutil.copytree(spare, folder, dirs_exist_ok=True)
        return killed_at(folder, step)

    while dies(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if dies(middle) else (low, middle)
    return low


@pytest.mark.slow
def test_killed_at_any_step_there_is_the_old_database_or_the_new_one_whole(tmp_path: Path) -> None:
    (tmp_path / "count").mkdir()
    whole = steps_of(tmp_path / "count")
    rng = random.Random(20261122)
    sample = (
        range(1, whole + 1)
        if HARD
        else sorted({whole, whole - 1, whole - 3, whole - 6, *rng.sample(range(1, whole), 14)})
    )
    found = []
    for step in sample:
        folder = tmp_path / str(step)
        folder.mkdir()
        prepared(folder)
        assert killed_at(folder, step)
        found.append(what_stands_there(folder))
        again = restore_database(
            folder / "state.db", folder / "monday.db", folder / "again.db", hold="outbox_hold", clock=ManualClock()
        )
        assert again.kept == folder / "again.db"
        assert what_stands_there(folder) == "restored"
    assert found == sorted(found), dict(zip(sample, found, strict=True))
    assert {"old", "restored"} == set(found)
