"""A plain model of one account: what the store must say, kept in a dict and a few numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from signoff.clock import SECOND
from signoff.errors import Decision, IllegalMove, InFlight, NotFound, NotSendable, SignoffError, StaleVersion

STATUSES = ("incoming", "pending_approval", "approved", "rejected", "sent", "failed")
OPEN = ("pending_approval", "approved")
SETTLE_AFTER = 60 * SECOND

Refusal = type[SignoffError]


@dataclass
class Approval:
    """One approval: of which version and text, by a person or by a script, and how often it led to a delivery."""

    version: int
    text: str
    kind: str = "person"
    deliveries: int = 0


@dataclass
class Attempt:
    """One attempt: under which approval, and what came of it."""

    approval: Approval
    text: str
    script: bool
    outcome: str | None = None


@dataclass
class Message:
    """One message."""

    id: str
    chat: str | None
    status: str
    arrival: int
    text: str | None
    number: int
    answers: str | None = None
    version: int = 1
    approval: Approval | None = None
    due: int | None = None
    delivery: str | None = None
    lease: int | None = None
    settle_due: int | None = None
    draft_due: int | None = None
    draft_tries: int = 0
    attempts: list[Attempt] = field(default_factory=list)


class Model:
    """What one account holds. Every method does what the verb of that name must do, or gives the refusal."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.totals = dict.fromkeys(STATUSES, 0)
        self.cleared = dict.fromkeys(STATUSES, 0)
        self.purged = dict.fromkeys(STATUSES, 0)
        self._arrivals = 0

    def listed(self, status: str) -> list[str]:
        """The ids of a list, in order."""
        rows = [row for row in self.messages.values() if row.status == status and self.visible(row)]
        return [row.id for row in sorted(rows, key=lambda row: row.arrival)]

    def visible(self, row: Message) -> bool:
        """Whether it was not cleared."""
        return row.arrival > self.cleared[row.status]

    def add(self, message_id: str, status: str, chat: str | None = None, text: str | None = None) -> bool:
        """A new message; False when it is known."""
        if message_id in self.messages:
            return False
        row = Message(message_id, chat, status, 0, text, len(self.messages))
        self.messages[message_id] = row
        self._arrive(row, status)
        return True

    def move(self, message_id: str, source: str, target: str) -> bool | Refusal:
        """A script's bookkeeping."""
        row = self.messages.get(message_id)
        if row is None or row.status != source or not self.visible(row):
            return False
        if row.delivery == "open":
            return InFlight
        if target in OPEN and self._other_open_draft(row):
            return IllegalMove
        if target != "sent" or row.delivery is None:
            row.approval = None
        row.delivery = None if row.delivery == "refused" else row.delivery
        row.due = row.draft_due = row.settle_due = None
        self._arrive(row, target)
        return True

    def to_draft(self, now: int) -> Message | None:
        """The message that wants a draft next."""
        waiting = [
            row
            for row in self.messages.values()
            if row.draft_due is not None and row.draft_due <= now and row.arrival > self.cleared["incoming"]
        ]
        return min(waiting, key=lambda row: (row.draft_due, row.number), default=None)

    def add_draft(self, answered: Message, tries: int, message_id: str, text: str) -> bool:
        """A draft for an incoming message; False when it is void."""
        if answered.draft_tries != tries or answered.draft_due is None:
            return False
        answered.draft_due = None
        for row in self.messages.values():
            if row.answers == answered.id and row.status in OPEN:
                if row.status == "approved" or row.delivery is not None:
                    return False
                row.approval = None
                self._arrive(row, "rejected")
        self.add(message_id, "pending_approval", answered.chat, text)
        self.messages[message_id].answers = answered.id
        return True

    def approve(self, message_id: str, version: int | None, seen: str | None, due: int) -> Refusal | None:
        """A person approves, whatever makes it stale."""
        row = self.messages[message_id]
        refusal = self._approvable(row, version, seen)
        if refusal is not None:
            return refusal
        if self._other_open_draft(row):
            return IllegalMove
        row.approval, row.due, row.delivery, row.settle_due = Approval(row.version, row.text or ""), due, None, None
        self._arrive(row, "approved")
        if row.answers is not None:
            self.messages[row.answers].draft_due = None
        return None

    def approve_beside(self, message_id: str) -> Refusal | None:
        """A script says yes to what it is about to send."""
        row = self.messages[message_id]
        if not self.visible(row):
            return NotFound
        refusal: Refusal | None = _undelivered(row)
        if refusal is not None:
            return refusal
        if row.approval is None:
            refusal = self._approvable(row, None, None)
            if refusal is None:
                row.approval = Approval(row.version, row.text or "", "script")
        return refusal

    def edit(self, message_id: str, version: int | None, seen: str | None, text: str) -> Refusal | None:
        """A new version, which is not approved."""
        row = self.messages[message_id]
        refusal = self._changeable(row, version, seen) or self._take_back(row)
        if refusal is None:
            row.version, row.text = row.version + 1, text
            row.approval = row.due = None
        return refusal

    def reject(self, message_id: str, version: int | None, seen: str | None) -> Refusal | None:
        """A person rejects."""
        row = self.messages[message_id]
        refusal = self._changeable(row, version, seen) or self._take_back(row)
        if refusal is None:
            self._decide(row, "rejected")
        return refusal

    def take_back(self, message_id: str) -> Refusal | None:
        """A person takes an approval back."""
        row = self.messages[message_id]
        if not self.visible(row):
            return NotFound
        refusal = _undelivered(row) or (None if row.status == "approved" else IllegalMove)
        return refusal or self._take_back(row)

    def reopen(self, message_id: str) -> Refusal | None:
        """A person reopens what was rejected."""
        row = self.messages[message_id]
        if not self.visible(row):
            return NotFound
        refusal: Refusal | None = _undelivered(row)
        if refusal is None and (row.status != "rejected" or self._other_open_draft(row)):
            refusal = IllegalMove
        if refusal is None:
            self._decide(row, "pending_approval")
        return refusal

    def ask_again(self, message_id: str, version: int | None, seen: str | None, now: int) -> Refusal | None:
        """A person asks for another draft."""
        row = self.messages[message_id]
        refusal = self._changeable(row, version, seen)
        if refusal is None and row.answers is None:
            refusal = IllegalMove
        refusal = refusal or self._take_back(row)
        if refusal is None and row.answers is not None:
            answered = self.messages[row.answers]
            answered.draft_due, answered.draft_tries = now, 0
        return refusal

    def to_send(self, now: int) -> Message | None:
        """The message that the outbox sends next."""
        approved = [row for row in self.messages.values() if row.status == "approved" and row.approval]
        waiting = [row for row in approved if row.delivery is None and row.approval and row.approval.kind != "script"]
        rows = [row for row in waiting if row.due is not None and row.due <= now and self.visible(row)]
        first = [row for row in rows if not any(self._goes_before(other, row) for other in approved)]
        return min(first, key=lambda row: (row.due, row.arrival), default=None)

    def claim(self, row: Message, lease: int, *, script: bool) -> int | None:
        """An attempt begins; its number, or None."""
        if row.approval is None or row.delivery not in (None, "refused"):
            return None
        row.attempts.append(Attempt(row.approval, row.text or "", script))
        row.delivery, row.lease, row.settle_due = "open", lease, None
        return len(row.attempts)

    def accepted(self, row: Message, number: int, now: int) -> bool:
        """The gateway took it, or turns out to have taken it."""
        attempt = row.attempts[number - 1]
        if attempt.outcome == "accepted":
            return False
        was_unknown = row.delivery == "unknown"
        attempt.outcome = "accepted"
        attempt.approval.deliveries += 1
        if len(row.attempts) != number:
            return False
        if attempt.script and not was_unknown:
            if row.delivery != "open":
                return False
            row.delivery, row.lease, row.settle_due, row.due = "accepted", None, now + SETTLE_AFTER, None
            return True
        again = row.delivery is None and row.status == "approved" and row.text == attempt.text
        if row.delivery not in ("open", "unknown", "refused") and not again:
            return False
        row.delivery, row.lease, row.settle_due = "accepted", None, None
        if row.status != "sent":
            self._arrive(row, "sent")
        return True

    def failed(self, row: Message, number: int, outcome: str, now: int) -> bool:
        """It was refused for good, or nobody knows."""
        attempt = row.attempts[number - 1]
        if attempt.outcome is not None:
            return False
        attempt.outcome, row.delivery, row.lease = outcome, outcome, None
        if attempt.script:
            row.settle_due, row.due = now + SETTLE_AFTER, None
        else:
            row.settle_due = None
            self._arrive(row, "failed") if row.status != "failed" else None
        return True

    def postponed(self, row: Message, number: int, due: int) -> bool:
        """It was refused for now."""
        attempt = row.attempts[number - 1]
        if attempt.outcome is not None:
            return False
        attempt.outcome = "refused"
        row.delivery, row.lease, row.due, row.settle_due = None, None, due, None
        return True

    def settle_left(self, now: int) -> int:
        """What scripts sent and never moved is moved."""
        left = [row for row in self.messages.values() if row.settle_due is not None and row.settle_due <= now]
        for row in sorted(left, key=lambda row: (row.settle_due, row.number)):
            row.settle_due = None
            self._arrive(row, "sent" if row.delivery == "accepted" else "failed")
        return len(left)

    def by_hand(self, message_id: str, verb: str, now: int) -> Refusal | None:
        """A person says what became of an unconfirmed message."""
        row = self.messages[message_id]
        if not self.visible(row):
            return NotFound
        if row.delivery != "unknown" or row.status == "sent":
            return IllegalMove
        if verb == "give_up":
            row.delivery, row.approval = "refused", None
        elif verb == "confirm_sent":
            row.delivery, row.settle_due = "accepted", None
            self._arrive(row, "sent")
        elif self._other_open_draft(row):
            return IllegalMove
        else:
            row.approval, row.due, row.delivery, row.settle_due = Approval(row.version, row.text or ""), now, None, None
            self._arrive(row, "approved")
        return None

    def clear(self, status: str) -> None:
        """A list is emptied."""
        self.cleared[status] = self._arrivals

    def purge(self) -> int:
        """The texts of what was cleared go, and its approvals; how many there were."""
        count = 0
        for status in STATUSES:
            low, high = self.purged[status], self.cleared[status]
            rows = [row for row in self.messages.values() if row.status == status and low < row.arrival <= high]
            for row in rows:
                if row.delivery != "open":
                    row.approval = row.due = row.draft_due = None
            self.purged[status] = max((row.arrival for row in rows), default=low)
            count += len(rows)
        return count

    def _arrive(self, row: Message, status: str) -> None:
        self._arrivals += 1
        row.status, row.arrival = status, self._arrivals
        self.totals[status] += 1

    def _decide(self, row: Message, status: str) -> None:
        row.approval = row.due = row.delivery = row.settle_due = None
        self._arrive(row, status)

    def _take_back(self, row: Message) -> Refusal | None:
        if row.status == "pending_approval":
            return None
        if self._other_open_draft(row):
            return IllegalMove
        self._decide(row, "pending_approval")
        return None

    def _approvable(self, row: Message, version: int | None, seen: str | None) -> Refusal | None:
        if not self.visible(row):
            return NotFound
        refusal: Refusal | None = _undelivered(row)
        if refusal is None and (row.text is None or row.chat is None):
            refusal = NotSendable
        if refusal is None and row.status == "approved" and row.approval is not None:
            refusal = StaleVersion
        return refusal or _right(row, version, seen)

    def _changeable(self, row: Message, version: int | None, seen: str | None) -> Refusal | None:
        if not self.visible(row):
            return NotFound
        return _undelivered(row) or _right(row, version, seen)

    def _other_open_draft(self, row: Message) -> bool:
        others = (other for other in self.messages.values() if other is not row and other.answers == row.answers)
        return row.answers is not None and any(other.status in OPEN for other in others)

    def _goes_before(self, other: Message, row: Message) -> bool:
        if other.chat != row.chat or other.arrival >= row.arrival or not self.visible(other) or other.approval is None:
            return False
        waits = other.delivery is None and other.approval.kind != "script" and other.due is not None
        return waits or other.delivery == "open"


def _undelivered(row: Message) -> type[Decision] | None:
    if row.delivery == "open":
        return InFlight
    return IllegalMove if row.delivery in ("accepted", "unknown") or row.status == "sent" else None


def _right(row: Message, version: int | None, seen: str | None) -> type[Decision] | None:
    if version not in (None, row.version) or seen not in (None, row.status):
        return StaleVersion
    if row.status in ("pending_approval", "approved", "failed"):
        return None
    return StaleVersion if row.status == "rejected" else IllegalMove
