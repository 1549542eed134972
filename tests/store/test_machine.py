"""Anything that can happen, in any order: the store and a plain model must agree after every step."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from signoff.clock import SECOND
from signoff.errors import SignoffError
from signoff.lifecycle import MOVES, MessageStatus
from signoff.store import Store, open_store
from signoff.store.connection import Transaction
from signoff.store.decisions import NewDraft
from signoff.store.rows import Claim, Row

from ..conftest import ManualClock
from .model import Message, Model, Refusal
from .scenes import ANA, BEN, LEASE, Scene, moves

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")

number = st.integers(0, 1_000)
status = st.sampled_from(MessageStatus)
chat = st.sampled_from([ANA, BEN])
text = st.sampled_from(["Until six.", "Closed today.", "سلام 👋"])
some = st.integers(0, 20)
version = st.sampled_from([None, 1, 2])
seen = st.sampled_from([None, MessageStatus.PENDING_APPROVAL, MessageStatus.APPROVED, MessageStatus.FAILED])


class Machine(RuleBasedStateMachine):
    """Drives a store on a real file and the model with the same steps."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
        self.clock = ManualClock()
        self.model = Model()
        self.claims: list[Claim] = []
        self.leases: list[Row] = []
        self.made = 0

        self._open()

    def _open(self) -> None:
        self.store: Store = open_store(self.folder / "state.db", clock=self.clock)
        self.scene = Scene(self.store, self.clock)

    @initialize()
    def begin_in_the_middle_of_things(self) -> None:
        """Two approved drafts and one that waits in one chat, and a script's messages: so that much can happen soon."""
        for _ in range(3):
            self.receive(ANA)
            self.assistant_begins()
            self.assistant_ends(self.made - 1, "Until six.")
        for which in (1, 3):
            self.person_approves(which, None, None, 0)
        self.script_adds(MessageStatus.PENDING_APPROVAL, "Until six.", ANA)
        self.script_adds(MessageStatus.APPROVED, "Closed today.", BEN)

    def teardown(self) -> None:
        assert self.store.check() == []
        unknown = moves(self.store) - set(MOVES)
        self.store.close()
        shutil.rmtree(self.folder)
        assert not unknown

    # What comes in, and what scripts do

    @rule(chat=chat)
    def receive(self, chat: str) -> None:
        self.made += 1
        row = self.scene.receive(f"m{self.made}", chat)
        assert row is not None
        self.model.add(row.id, "incoming", chat)
        self.model.messages[row.id].draft_due = self.clock()

    @rule(which=number, chat=chat)
    def receive_again(self, which: int, chat: str) -> None:
        row = self._pick(which)
        if row.id.startswith("m") and row.chat is not None:
            assert self.scene.receive(row.id, row.chat) is None
        assert not self.scene.add({"id": row.id, "body": "another"}, MessageStatus.APPROVED)

    @rule(status=status, text=text, chat=chat)
    def script_adds(self, status: MessageStatus, text: str, chat: str) -> None:
        self.made += 1
        self.scene.script(f"s{self.made}", status, text, chat)
        self.model.add(f"s{self.made}", status.value, chat, text)

    @rule(which=number, source=status, to=status, right=st.booleans())
    def script_moves(self, which: int, source: MessageStatus, to: MessageStatus, right: bool) -> None:
        row = self._pick(which)
        if right:
            source = MessageStatus(row.status)
        expected = self.model.move(row.id, source.value, to.value)
        assert self._come(lambda: self.scene.move(row.id, source, to)) == expected

    @rule(which=number)
    def script_sends(self, which: int) -> None:
        row = self._pick(which)
        if not row.id.startswith("s"):
            return
        refusal = self.model.approve_beside(row.id)
        stored = self.scene.row(row.id)
        act = lambda: self.store.approve_beside(stored, by="script", kind="script")  # noqa: E731
        assert self._come(act) == refusal
        if refusal is None:
            claim = self.store.claim_row(self.scene.row(row.id), lease=LEASE, by="script")
            self._claimed(row, claim, script=row.status != "approved" or _kind(row) == "script")

    # Drafting

    @rule()
    def assistant_begins(self) -> None:
        expected = self.model.to_draft(self.clock())
        row = self.store.claim_draft(self.scene.account, lease=LEASE, by="drafter")
        assert (row.id if row else None) == (expected.id if expected else None)
        if row is not None and expected is not None:
            expected.draft_due, expected.draft_tries = self.clock() + LEASE, expected.draft_tries + 1
            assert row.draft_tries == expected.draft_tries
            self.leases.append(row)

    @precondition(lambda self: self.leases)
    @rule(which=number, text=text)
    def assistant_ends(self, which: int, text: str) -> None:
        lease = self.leases[which % len(self.leases)]
        answered = self.model.messages[lease.id]
        draft = NewDraft(lease.seq, lease.draft_tries, lease.chat or "", text, "faq")
        row = self.store.add_draft(self.scene.account, draft)
        added = self.model.add_draft(answered, lease.draft_tries, row.id if row else "nothing", text)
        assert (row is not None) == added

    # People

    @rule(which=number, version=version, seen=seen, undo=some)
    def person_approves(self, which: int, version: int | None, seen: MessageStatus | None, undo: int) -> None:
        row, stale = self._pick(which), self.scene.row(self._pick(which).id).stale
        act = lambda: self.scene.approve(row.id, version, despite=stale, undo=undo * SECOND, seen=seen)  # noqa: E731
        self._same(act, self.model.approve(row.id, version, _name(seen), self.clock() + undo * SECOND))

    @rule(which=number, version=version, seen=seen, text=text)
    def person_edits(self, which: int, version: int | None, seen: MessageStatus | None, text: str) -> None:
        row = self._pick(which)
        sendable = row.text is not None
        act = lambda: self.scene.edit(row.id, text, version, seen=seen)  # noqa: E731
        self._same(act, self.model.edit(row.id, version, _name(seen), text))
        if not sendable:
            row.text = None

    @rule(which=number, version=version, seen=seen)
    def person_rejects(self, which: int, version: int | None, seen: MessageStatus | None) -> None:
        row = self._pick(which)
        act = lambda: self.scene.reject(row.id, version, seen=seen)  # noqa: E731
        self._same(act, self.model.reject(row.id, version, _name(seen)))

    @rule(which=number, verb=st.sampled_from(["take_back", "reopen"]))
    def person_changes_mind(self, which: int, verb: str) -> None:
        row = self._pick(which)
        act = lambda: getattr(self.store, verb)(self.scene.account, row.id, by="maria")  # noqa: E731
        self._same(act, getattr(self.model, verb)(row.id))

    @rule(which=number, version=version, seen=seen)
    def person_asks_again(self, which: int, version: int | None, seen: MessageStatus | None) -> None:
        row = self._pick(which)
        self._same(
            lambda: self.store.ask_again(self.scene.account, row.id, version, by="maria", why="shorter", seen=seen),
            self.model.ask_again(row.id, version, _name(seen), self.clock()),
        )

    @rule(which=number, verb=st.sampled_from(["confirm_sent", "send_again", "give_up"]))
    def person_settles(self, which: int, verb: str) -> None:
        row = self._pick(which)
        stored = self.scene.row(row.id)
        self._same(
            lambda: getattr(self.store, verb)(stored, by="maria"), self.model.by_hand(row.id, verb, self.clock())
        )

    # Sending

    @rule()
    def outbox_claims(self) -> None:
        expected, claim = self.model.to_send(self.clock()), self.scene.claim()
        assert (claim.id if claim else None) == (expected.id if expected else None)
        if expected is not None:
            self._claimed(expected, claim, script=False)

    @precondition(lambda self: self.claims)
    @rule(which=number, outcome=st.sampled_from(["accepted", "refused", "unknown", "postponed"]), late=some)
    def gateway_answers(self, which: int, outcome: str, late: int) -> None:
        claim = self.claims[which % len(self.claims)]
        row, now, due = self.model.messages[claim.id], self.clock(), self.clock() + late * SECOND
        move = not row.attempts[claim.number - 1].script
        if outcome == "accepted":
            assert self.scene.accepted(claim, None, move=move) == self.model.accepted(row, claim.number, now)
        elif outcome == "postponed":
            postponed = self.store.postponed(claim, "not ready", due, by="outbox")
            assert postponed == self.model.postponed(row, claim.number, due)
        else:
            settle = self.scene.refused if outcome == "refused" else self.scene.unconfirmed
            assert settle(claim, move=move) == self.model.failed(row, claim.number, outcome, now)

    @rule()
    def keeper_looks_for_the_lost(self) -> None:
        now = self.clock()
        expected = [row for row in self.model.messages.values() if row.lease is not None and row.lease <= now]
        found = self.store.expired_claims(self.scene.account, lease=LEASE, by="keeper")
        assert sorted(claim.id for claim in found) == sorted(row.id for row in expected)
        for row in expected:
            row.lease = now + LEASE

    @rule()
    def keeper_settles(self) -> None:
        assert self.store.settle_left_by_scripts(self.scene.account) == self.model.settle_left(self.clock())

    # Everything else

    @rule(status=status)
    def clear(self, status: MessageStatus) -> None:
        self.store.clear(self.scene.account, status, by="script")
        self.model.clear(status.value)

    @rule()
    def purge(self) -> None:
        assert self.store.purge(self.scene.account) == self.model.purge()

    @rule(seconds=st.sampled_from([1, 10, 61, 86_400, -1, -61, -86_400]))
    def clock_jumps(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def close_and_open_again(self) -> None:
        self.store.close()
        self._open()
        assert self.store.check() == []

    @rule(status=status)
    def interrupted_in_the_middle(self, status: MessageStatus) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.store.database.write(lambda tx: _half(tx, self.scene.account, status, _interrupt))

    @precondition(lambda self: hasattr(os, "fork") and self)
    @rule(status=status)
    def crash_in_the_middle(self, status: MessageStatus) -> None:
        child = os.fork()
        if child == 0:
            try:
                self.store.database.write(lambda tx: _half(tx, self.scene.account, status, lambda: os._exit(9)))
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

    # What must hold

    @invariant()
    def lists_and_counters_are_the_models(self) -> None:
        counters = self.store.counters(self.scene.account)
        for each in MessageStatus:
            assert self.scene.ids(each) == self.model.listed(each.value), each
            assert counters[each].total == self.model.totals[each.value], each
            assert counters[each].listed == len(self.model.listed(each.value)), each

    @invariant()
    def no_approval_is_delivered_twice(self) -> None:
        attempts = [attempt for row in self.model.messages.values() for attempt in row.attempts]
        assert all(attempt.approval.deliveries <= 1 for attempt in attempts)

    def _pick(self, which: int) -> Message:
        rows = list(self.model.messages.values())
        return rows[which % len(rows)]

    def _claimed(self, row: Message, claim: Claim | None, *, script: bool) -> None:
        """Whatever is claimed was approved, with exactly this text for exactly this chat."""
        number = self.model.claim(row, self.clock() + LEASE, script=script)
        assert (claim.number if claim else None) == number
        if claim is not None:
            approval = row.attempts[-1].approval
            assert (claim.text, claim.chat) == (approval.text, row.chat)
            assert approval.version == row.version
            assert claim.script == script
            self.claims.append(claim)

    def _come(self, act: Callable[[], Any]) -> Any:
        """What an act comes to: its result, or the kind of its refusal."""
        try:
            return act()
        except SignoffError as refusal:
            return type(refusal)

    def _same(self, act: Callable[[], object], expected: Refusal | None) -> None:
        """Insist that an act is done, or refused in the way that the model says."""
        come = self._come(act)
        assert (come if isinstance(come, type) else None) == expected


def _kind(row: Message) -> str | None:
    return row.approval.kind if row.approval else None


def _name(status: MessageStatus | None) -> str | None:
    return status.value if status else None


def _interrupt() -> None:
    raise KeyboardInterrupt


def _half(tx: Transaction, account: int, status: MessageStatus, end: Callable[[], None]) -> None:
    """Half of a change, and then the end."""
    tx.change("clear", {"account": account, "status": status.value})
    tx.change("log", {"account": account, "now": 1, "message": None, "kind": "half", "by": "me", "why": None})
    end()


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_store_and_model_agree() -> None:
    run(30, 40)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_store_and_model_agree_for_long() -> None:
    run(200, 60)
