"""The verbs of delivery: claims, attempts and their outcomes."""

from __future__ import annotations

from typing import Any

from .. import lifecycle
from ..processes import this_process
from .base import Verbs, fetch_seq, fetch_visible_seq, stamp
from .connection import Transaction
from .forgetting import forget_if_asked
from .rows import Claim, Row

SETTLE_AFTER = 60_000_000
"""Microseconds after which a message that a script sent and never moved is moved for it."""


_AHEAD = ("to_send_ahead", "to_draft_ahead", "in_flight_ahead", "to_settle_ahead")


class Delivery(Verbs):
    """Handing approved messages to a gateway, each approval at most once."""

    def claim_next(self, account: int, *, lease: int, by: str) -> Claim | None:
        """The next approved message whose time has come, taken for ``lease`` microseconds; None when there is none.

        The attempt is on the disk when this returns. In a chat the order of approval is kept.
        """
        now = self.clock()

        def work(tx: Transaction) -> Claim | None:
            found = tx.row("to_send", {"account": account, "now": now})
            return _open(tx, found[0], now, lease, by) if found else None

        if self.database.read(lambda tx: tx.row("to_send", {"account": account, "now": now})) is None:
            return None
        return self.database.write(work)

    def claim_row(self, row: Row, *, lease: int, by: str) -> Claim | None:
        """Take this message, whose present version is approved, for a script that sends it itself.

        None when it was claimed, sent or changed in the meantime.

        Raises:
            NotFound: it was cleared in the meantime.
        """
        now = self.clock()
        return self.database.write(lambda tx: _open(tx, fetch_visible_seq(tx, row.seq).seq, now, lease, by))

    def accepted(self, claim: Claim, gateway_id: str | None, *, by: str, move: bool) -> bool:
        """Settle an attempt: the gateway took the message. It becomes SENT, or stays for its script to move.

        False when the attempt was settled otherwise in the meantime and this changes nothing.
        """
        now = self.clock()

        return self.database.write(lambda tx: _accept(tx, claim, gateway_id, now, by, move))

    def refused(self, claim: Claim, reason: str, *, by: str, move: bool) -> bool:
        """Settle an attempt: the message certainly did not leave, and trying again will not help."""
        return self._settle_failed(claim, "refused", "refused", reason, by, move)

    def unconfirmed(self, claim: Claim, reason: str, *, by: str, move: bool) -> bool:
        """Settle an attempt: nobody knows whether it left. It is never sent again by itself.

        One that a receipt came for has left, whatever its sender knows: it is settled as accepted.
        """
        return self._settle_failed(claim, "unknown", "unconfirmed", reason, by, move)

    def _settle_failed(self, claim: Claim, delivery: str, reason: str, why: str, by: str, move: bool) -> bool:
        now = self.clock()

        def work(tx: Transaction) -> bool:
            if delivery == "unknown" and _has_receipt(tx, claim):
                return _accept(tx, claim, None, now, by, move)
            if not _close(tx, claim, delivery, why, None, now):
                return False
            if move:
                return _settle(tx, claim, "failed", delivery, reason, now, by, what=reason, why=why) == 1
            return _settle_beside(tx, claim, delivery, None, now, by, reason, now + SETTLE_AFTER, why) == 1

        return self.database.write(work)

    def postponed(self, claim: Claim, reason: str, due: int, *, by: str) -> bool:
        """Settle an attempt refused for a passing reason: the approval stands, another may begin at ``due``."""
        now = self.clock()

        def work(tx: Transaction) -> bool:
            return (
                _close(tx, claim, "refused", reason, None, now)
                and _settle_beside(tx, claim, None, due, now, by, "postponed", None, reason) == 1
            )

        return self.database.write(work)

    def expired_claims(self, account: int, *, lease: int, by: str, limit: int = 20) -> list[Claim]:
        """Attempts whose sender is gone, taken for ``lease`` microseconds to find out what became of them."""
        now = self.clock()

        def work(tx: Transaction) -> list[Claim]:
            rows = tx.rows("expired_attempts", {"account": account, "now": now, "limit": limit})
            for seq, number, *_ in rows:
                tx.change_one("extend_lease", stamp(now, by, seq=seq, number=number, lease=now + lease))
            return [_claim(fetch_seq(tx, seq), *attempt) for seq, _, *attempt in rows]

        params = {"account": account, "now": now, "limit": 1}
        if not self.database.read(lambda tx: tx.rows("expired_attempts", params)):
            return []
        return self.database.write(work)

    def settle_left_by_scripts(self, account: int, limit: int = 100) -> int:
        """Move messages that scripts sent and never moved, once their time has passed; how many there were."""
        now = self.clock()
        params = {"account": account, "now": now, "limit": limit}

        def work(tx: Transaction) -> int:
            rows = tx.rows("to_settle", params)
            for seq, delivery in rows:
                target = "sent" if delivery == "accepted" else "failed"
                reason = {"unknown": "unconfirmed", "refused": "refused"}.get(delivery)
                settled = stamp(now, "keeper", seq=seq, target=target, reason=reason, what=f"{target}, by its attempt")
                tx.change_one("settle_late", settled)
            return len(rows)

        if not self.database.read(lambda tx: tx.rows("to_settle", params)):
            return 0
        return self.database.write(work)

    def heed_clock(self, account: int) -> int:
        """Let what waits for a time that was set by a clock running ahead wait no longer; how many messages.

        A time in the future counts as now: what was decided "later than now" was decided before that.
        """
        now = self.clock()
        where = {"account": account, "now": now}
        early = self.database.read(lambda tx: [seq for name in _AHEAD for (seq,) in tx.rows(name, where)])
        if early:
            self.database.write(lambda tx: [tx.change("heed_clock", stamp(now, "keeper", seq=seq)) for seq in early])
        return len(early)

    def look_again(self, claim: Claim, lease: int, *, by: str, why: str) -> bool:
        """Leave an attempt open until ``lease``, to be looked up again then; False when it was settled meanwhile."""
        params = stamp(self.clock(), by, seq=claim.seq, number=claim.number, lease=lease) | {"why": why}
        return self.database.write(lambda tx: tx.change("look_again", params) == 1)

    def confirm_sent(self, row: Row, *, by: str) -> None:
        """A person saw that an unconfirmed message arrived.

        Raises:
            IllegalMove: it is not unconfirmed, or no more.
        """
        self._settle_by_hand(row, "confirm_arrival", stamp(self.clock(), by, seq=row.seq))

    def send_again(self, row: Row, *, by: str) -> None:
        """A person decided that an unconfirmed message shall be sent again: a new approval of the same text.

        Raises:
            IllegalMove: it is not unconfirmed, or no more.
            NotSendable: its text was removed.
        """
        now = self.clock()
        params = stamp(now, by, seq=row.seq, version=row.draft_version, kind="person", due=now, what="send again")
        self._settle_by_hand(row, "approve", params)

    def give_up(self, row: Row, *, by: str) -> None:
        """A person decided that an unconfirmed message shall not be sent again.

        Raises:
            IllegalMove: it is not unconfirmed, or no more.
        """
        self._settle_by_hand(row, "give_up", stamp(self.clock(), by, seq=row.seq))

    def _settle_by_hand(self, row: Row, statement: str, params: dict[str, Any]) -> None:
        def work(tx: Transaction) -> None:
            present = fetch_visible_seq(tx, row.seq)
            lifecycle.check_unconfirmed(present)
            lifecycle.check_version(present, row.draft_version)
            if statement == "approve":
                lifecycle.check_sendable(present)
            tx.change_one(statement, params | {"status": present.status})

        self.database.write(work)

    def script_rows(self, account: int, digest: str, limit: int = 50) -> list[tuple[int, str | None]]:
        """The oldest messages of scripts with this recipient and text, in any version, that none has sent yet.

        Their numbers, and the process that has reserved each.
        """
        params = {"account": account, "digest": digest, "limit": limit}
        return [(row[0], row[1]) for row in self.database.read(lambda tx: tx.rows("script_rows", params))]

    def reserve(self, seq: int, process: str, expected: str | None, *, by: str) -> bool:
        """Reserve a script's message for one `send_message`; False when another was faster."""
        params = stamp(self.clock(), by, seq=seq, process=process, expected=expected)
        return self.database.write(lambda tx: tx.change("reserve", params) == 1)

    def end_reservation(self, seq: int, process: str, *, used: bool, by: str) -> None:
        """End a reservation: the message is used up, or free for the next `send_message`."""
        what = "used" if used else "free again"
        params = stamp(self.clock(), by, seq=seq, process=process, used=int(used), what=what)
        self.database.write(lambda tx: tx.change("end_reservation", params))


def _open(tx: Transaction, seq: int, now: int, lease: int, by: str) -> Claim | None:
    opened = tx.change("open_attempt", stamp(now, by, seq=seq, lease=now + lease))
    if opened != 1:
        return None
    row = fetch_seq(tx, seq)
    token = f"signoff-{tx.row('store_id')[0][:8]}-{seq}-{row.tries}"  # type: ignore[index]
    tx.row("add_attempt", stamp(now, by, seq=seq, token=token, process=this_process()))
    return _claim(row, token, now, this_process())


def _claim(row: Row, token: str, started_at: int, process: str) -> Claim:
    script = row.origin == "script" and (row.status != "approved" or row.approved_kind == "script")
    chat, lease = row.chat or "", row.lease or 0
    return Claim(row.seq, row.id, row.tries, token, chat, row.text, started_at, lease, script, process)


def _accept(tx: Transaction, claim: Claim, gateway_id: str | None, now: int, by: str, move: bool) -> bool:
    if not _close(tx, claim, "accepted", None, gateway_id, now):
        return False
    if move or fetch_seq(tx, claim.seq).delivery == "unknown":
        return _settle(tx, claim, "sent", "accepted", None, now, by, what="sent") == 1
    return _settle_beside(tx, claim, "accepted", None, now, by, "accepted", now + SETTLE_AFTER) == 1


def _has_receipt(tx: Transaction, claim: Claim) -> bool:
    found = tx.row("ack", {"seq": claim.seq, "number": claim.number})
    return found is not None and found[0] not in (None, "error")


def _close(tx: Transaction, claim: Claim, outcome: str, reason: str | None, gateway_id: str | None, now: int) -> bool:
    params = {"seq": claim.seq, "number": claim.number, "outcome": outcome, "reason": reason}
    return tx.change("close_attempt", params | {"gateway_id": gateway_id, "now": now}) == 1


def _settle(
    tx: Transaction,
    claim: Claim,
    target: str,
    delivery: str,
    reason: str | None,
    now: int,
    by: str,
    *,
    what: str,
    why: str | None = None,
) -> int:
    params = stamp(now, by, seq=claim.seq, number=claim.number, target=target, delivery=delivery)
    settled = tx.change("settle_moved", params | {"reason": reason, "what": what, "why": why})
    forget_if_asked(tx, claim.seq, now)
    return settled


def _settle_beside(
    tx: Transaction,
    claim: Claim,
    delivery: str | None,
    due: int | None,
    now: int,
    by: str,
    what: str,
    settle_due: int | None,
    why: str | None = None,
) -> int:
    params = stamp(now, by, seq=claim.seq, number=claim.number, delivery=delivery, due=due, settle_due=settle_due)
    settled = tx.change("settle_beside", params | {"what": what, "why": why})
    forget_if_asked(tx, claim.seq, now)
    return settled
