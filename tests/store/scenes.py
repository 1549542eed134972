"""Ready-made situations for the tests of the store: messages that have come as far as a test wants them."""

from __future__ import annotations

from typing import Any

from signoff.clock import MINUTE
from signoff.lifecycle import MessageStatus
from signoff.model import content_of
from signoff.store import Store
from signoff.store.decisions import NewDraft
from signoff.store.intake import Arrival
from signoff.store.rows import Claim, Row

from ..conftest import ManualClock

ANA = "15550100101@c.us"
ANA_LID = "900000000000101@lid"
BEN = "15550100102@c.us"
LEASE = MINUTE

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
APPROVED = MessageStatus.APPROVED
REJECTED = MessageStatus.REJECTED
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED


class Scene:
    """One account of a store, and short ways to bring its messages somewhere."""

    def __init__(self, store: Store, clock: ManualClock, account: str = "default") -> None:
        self.store = store
        self.clock = clock
        self.account = store.account(account)

    def row(self, message_id: str) -> Row:
        """The message, which must exist."""
        row = self.store.find(self.account, message_id)
        assert row is not None, f"there is no message {message_id!r}"
        return row

    def ids(self, status: MessageStatus) -> list[str]:
        """The ids in a list, oldest first."""
        return [row.id for row in self.store.page(self.account, status)]

    def totals(self) -> dict[str, int]:
        """How often a message came into each list, those never entered left out."""
        counters = self.store.counters(self.account)
        return {status.value: counter.total for status, counter in counters.items() if counter.total}

    def kinds(self, message_id: str) -> list[str]:
        """What has happened to a message."""
        return [event.kind for event in self.store.history(self.account, message_id)]

    def receive(
        self, message_id: str = "m1", chat: str = ANA, text: str = "Are you open?", name: str | None = None, **more: Any
    ) -> Row | None:
        """A message comes in from a gateway."""
        message = {"id": message_id, "from": chat, "body": text, "timestamp": self.clock() // 1_000_000}
        named = message if name is None else message | {"fromName": name}
        return self.store.receive(self.account, Arrival(message_id, chat, named, **more), by="inbox")

    def draft(self, message_id: str = "m1", text: str = "Until six.", chat: str = ANA) -> Row:
        """A message came in and has a draft, which waits for a decision."""
        self.receive(message_id, chat)
        return self.answer(text)

    def answer(self, text: str = "Until six.") -> Row:
        """A draft for the next incoming message that wants one."""
        incoming = self.store.claim_draft(self.account, lease=LEASE, by="drafter")
        assert incoming is not None
        assert incoming.chat is not None
        draft = NewDraft(incoming.seq, incoming.draft_tries, incoming.chat, text, "faq")
        row = self.store.add_draft(self.account, draft)
        assert row is not None
        return row

    def script(
        self, message_id: str = "s1", status: MessageStatus = PENDING, text: str = "Until six.", to: str = ANA
    ) -> Row:
        """A script added a message of its own, with recipient and text."""
        self.add({"id": message_id, "recipient": to, "body": text}, status)
        return self.row(message_id)

    def add(self, message: dict[str, Any], status: MessageStatus = INCOMING, *, by: str = "script") -> bool:
        """A script adds a message."""
        return self.store.add(self.account, content_of(message), status, by=by)

    def move(self, message_id: str, source: MessageStatus, target: MessageStatus) -> bool:
        """A script moves a message."""
        return self.store.move(self.account, message_id, source, target, by="script")

    def approve(self, message_id: str, version: int | None = None, **more: Any) -> Row:
        """Maria approves."""
        return self.store.approve(self.account, message_id, version, by="maria", **more)

    def edit(self, message_id: str, text: str, version: int | None = None, seen: MessageStatus | None = None) -> Row:
        """Maria changes a text."""
        return self.store.edit(self.account, message_id, text, version, by="maria", seen=seen)

    def reject(
        self,
        message_id: str,
        version: int | None = None,
        reason: str | None = "not now",
        seen: MessageStatus | None = None,
    ) -> Row:
        """Omar rejects."""
        return self.store.reject(self.account, message_id, version, by="omar", reason=reason, seen=seen)

    def claim(self, *, lease: int = LEASE) -> Claim | None:
        """The outbox takes the next approved message."""
        return self.store.claim_next(self.account, lease=lease, by="outbox")

    def claimed(self, message_id: str = "m1", chat: str = ANA) -> Claim:
        """A draft was approved and is being sent."""
        self.approve(self.draft(message_id, chat=chat).id)
        claim = self.claim()
        assert claim is not None
        return claim

    def accepted(self, claim: Claim, gateway_id: str | None = "g1", *, move: bool = True) -> bool:
        """The gateway took it."""
        return self.store.accepted(claim, gateway_id, by="outbox", move=move)

    def refused(self, claim: Claim, *, move: bool = True) -> bool:
        """The gateway refused it for good."""
        return self.store.refused(claim, "no such number", by="outbox", move=move)

    def unconfirmed(self, claim: Claim, *, move: bool = True) -> bool:
        """Nobody knows whether it left."""
        return self.store.unconfirmed(claim, "time-out", by="outbox", move=move)


def moves(store: Store) -> set[tuple[MessageStatus, MessageStatus]]:
    """Every move that the stages and people made with messages that no script had put anywhere by itself."""
    rows = store.database.read(lambda tx: tx.connection.execute(_MOVES).fetchall())
    return {(MessageStatus(source), MessageStatus(target)) for source, target in rows}


_MOVES = """SELECT DISTINCT from_status, to_status FROM events
             WHERE from_status <> to_status AND kind <> 'restored'
               AND message NOT IN (SELECT message FROM events WHERE kind IN ('moved', 'irregular'))"""
