"""The verbs of drafting and deciding."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .. import lifecycle
from ..digest import digest_of
from ..errors import IllegalMove
from ..lifecycle import MessageStatus
from .base import Verbs, fetch_seq, fetch_visible, fetch_visible_seq, ids_from, stamp
from .connection import Transaction
from .messages import add_row
from .rows import Row


class NewDraft(NamedTuple):
    """A draft to be stored: what it answers, and the claim under which it was made.

    Attributes:
        answers: the ``seq`` of the incoming message.
        tries: the number of the claim; a later claim of the same message makes this one void.
        fields: further fields of the draft's dict (``original_message_id`` …).
    """

    answers: int
    tries: int
    recipient: str
    text: str
    author: str
    note: str | None = None
    fields: Mapping[str, Any] = MappingProxyType({})

    def __repr__(self) -> str:
        return f"NewDraft(answers={self.answers}, tries={self.tries}, author={self.author!r})"


class Decisions(Verbs):
    """Drafting for incoming messages and deciding about drafts."""

    def claim_draft(self, account: int, *, lease: int, by: str) -> Row | None:
        """The next incoming message that wants a draft, taken for ``lease`` microseconds; None when there is none."""
        now = self.clock()

        def work(tx: Transaction) -> Row | None:
            found = tx.row("to_draft", {"account": account, "now": now})
            if found is None:
                return None
            tx.change_one("lease_draft", stamp(now, by, seq=found[0], until=now + lease))
            return fetch_seq(tx, found[0])

        if self.database.read(lambda tx: tx.row("to_draft", {"account": account, "now": now})) is None:
            return None
        return self.database.write(work)

    def to_be_drafted(self, account: int) -> list[Row]:
        """All incoming messages that an assistant has still to look at, the next first."""

        def work(tx: Transaction) -> list[Row]:
            return [fetch_seq(tx, seq) for (seq,) in tx.rows("to_be_drafted", {"account": account})]

        return self.database.snapshot(work)

    def add_draft(self, account: int, draft: NewDraft) -> Row | None:
        """Store a draft as PENDING_APPROVAL; it replaces an open one for the same message.

        None when the claim is void: another took the message since, or its answer is approved already.
        """
        now = self.clock()

        def work(tx: Transaction) -> Row | None:
            due = stamp(now, draft.author, seq=draft.answers, due=None, tries=draft.tries, what="drafted")
            if tx.change("set_draft_due", due) != 1:
                return None
            for (seq,) in tx.rows("open_drafts", {"answers": draft.answers}):
                if tx.change("supersede", stamp(now, draft.author, seq=seq)) != 1:
                    return None
            added = add_row(tx, _draft_params(tx, account, draft, now))
            assert added is not None
            stale = fetch_seq(tx, draft.answers).stale
            if stale is not None:
                tx.change_one("stale_from_the_beginning", stamp(now, "inbox", seq=added, stale=stale))
            return fetch_seq(tx, added)

        return self.database.write(work)

    def postpone_draft(self, row: Row, due: int | None, *, by: str, why: str) -> bool:
        """Let an incoming message wait for its draft until ``due``, or for ever (None: it gets none)."""
        what = "no draft" if due is None else "draft postponed"
        params = stamp(self.clock(), by, seq=row.seq, due=due, tries=row.draft_tries, what=what) | {"why": why}
        return self.database.write(lambda tx: tx.change("set_draft_due", params) == 1)

    def approve(
        self,
        account: int,
        message_id: str,
        version: int | None,
        *,
        by: str,
        kind: str = "person",
        despite: str | None = None,
        undo: int = 0,
        why: str | None = None,
        seen: MessageStatus | None = None,
    ) -> Row:
        """Approve exactly the version shown; it may be sent ``undo`` microseconds from now.

        Args:
            version: the version that was shown; None for the present one. So in the other decisions.
            seen: the status that was shown; None for whatever it is now. So in the other decisions.

        Raises:
            Decision: it cannot be approved; one of its kinds says why.
        """
        now = self.clock()

        def work(tx: Transaction) -> Row:
            row = fetch_visible(tx, account, message_id)
            lifecycle.check_approve(row, version, despite, seen)
            what = "tried again" if row.status == "failed" else "approved"
            params = stamp(now, by, seq=row.seq, status=row.status, version=row.draft_version, kind=kind)
            tx.change_one("approve", params | {"due": now + undo, "what": what, "why": why})
            if row.answers is not None:
                tx.change("want_no_draft", stamp(now, by, seq=row.answers))
            return fetch_seq(tx, row.seq)

        return self.database.write(work)

    def approve_beside(self, row: Row, *, by: str, kind: str) -> None:
        """Approve the present version without moving the message: a script that asked will move it itself.

        Raises:
            Decision: it cannot be approved.
        """
        now = self.clock()

        def work(tx: Transaction) -> None:
            present = fetch_visible_seq(tx, row.seq)
            lifecycle.check_undelivered(present)
            if present.approved_version == row.draft_version:
                return
            lifecycle.check_approve(present, row.draft_version, despite=None)
            params = stamp(now, by, seq=row.seq, version=row.draft_version, kind=kind)
            tx.change_one("approve_beside", params)

        self.database.write(work)

    def reject(
        self,
        account: int,
        message_id: str,
        version: int | None,
        *,
        by: str,
        reason: str | None,
        seen: MessageStatus | None = None,
    ) -> Row:
        """Reject a draft; one that is approved and not sent yet is taken back first.

        Raises:
            Decision: it cannot be rejected.
        """
        now = self.clock()

        def work(tx: Transaction) -> Row:
            row = fetch_visible(tx, account, message_id)
            lifecycle.check_change(row, version, "rejected", seen)
            row = _taken_back(tx, row, now, by)
            _decide_row(tx, row, "rejected", now, by, what="rejected", why=reason)
            return fetch_seq(tx, row.seq)

        return self.database.write(work)

    def expire(self, account: int, message_id: str, version: int) -> Row:
        """Reject a draft that nobody decided about in time.

        Raises:
            Decision: it was decided in the meantime.
        """
        now = self.clock()

        def work(tx: Transaction) -> Row:
            row = fetch_visible(tx, account, message_id)
            lifecycle.check_change(row, version, "expired")
            lifecycle.check_undecided(row)
            _decide_row(tx, row, "rejected", now, "keeper", what="expired", reason="expired")
            return fetch_seq(tx, row.seq)

        return self.database.write(work)

    def take_back(self, account: int, message_id: str, *, by: str) -> Row:
        """Take an approval back before it is sent.

        Raises:
            Decision: it is not approved, or it is out.
        """
        now = self.clock()

        def work(tx: Transaction) -> Row:
            row = fetch_visible(tx, account, message_id)
            lifecycle.check_undelivered(row)
            if row.status != "approved":
                raise IllegalMove(
                    f"message {message_id!r} is {row.status}, not approved: there is nothing to take back"
                )
            return _taken_back(tx, row, now, by)

        return self.database.write(work)

    def reopen(self, account: int, message_id: str, *, by: str) -> Row:
        """Put a rejected draft before people again.

        Raises:
            IllegalMove: it is not rejected, or another draft for the same message is open.
        """
        now = self.clock()

        def work(tx: Transaction) -> Row:
            row = fetch_visible(tx, account, message_id)
            lifecycle.check_undelivered(row)
            lifecycle.check_reopen(row)
            _decide_row(tx, row, "pending_approval", now, by, what="reopened")
            return fetch_seq(tx, row.seq)

        return self.database.write(work)

    def edit(
        self,
        account: int,
        message_id: str,
        text: str,
        version: int | None,
        *,
        by: str,
        seen: MessageStatus | None = None,
    ) -> Row:
        """Change the text: a new version, which wants a decision of its own.

        Raises:
            Decision: it cannot be edited.
        """
        now = self.clock()

        def work(tx: Transaction) -> Row:
            row = fetch_visible(tx, account, message_id)
            lifecycle.check_change(row, version, "edited", seen)
            row = _taken_back(tx, row, now, by)
            digest = digest_of(row.chat, text) if row.chat and row.message.get("recipient") == row.chat else None
            params = stamp(now, by, seq=row.seq, version=row.draft_version, text=text, digest=digest)
            tx.change_one("edit", params)
            return fetch_seq(tx, row.seq)

        return self.database.write(work)

    def ask_again(
        self,
        account: int,
        message_id: str,
        version: int | None = None,
        *,
        by: str,
        why: str | None,
        seen: MessageStatus | None = None,
    ) -> Row:
        """Ask for another draft in place of this one, which stays until that is there; the incoming message it answers.

        Raises:
            Decision: it is no open draft of an assistant.
        """
        now = self.clock()

        def work(tx: Transaction) -> Row:
            row = fetch_visible(tx, account, message_id)
            lifecycle.check_change(row, version, "drafted again", seen)
            answered = row.answers
            if answered is None:
                raise IllegalMove(f"message {message_id!r} was not drafted by an assistant: edit it instead")
            row = _taken_back(tx, row, now, by)
            params = stamp(now, by, seq=answered, due=now, tries=None, what="asked again") | {"why": why}
            tx.change_one("set_draft_due", params)
            return fetch_seq(tx, answered)

        return self.database.write(work)

    def undecided(self, account: int, *, asked: bool, limit: int = 100) -> list[tuple[Row, int]]:
        """Pending drafts and since when they wait, oldest first: those that the rules have looked at, or have not."""
        params = {"account": account, "asked": int(asked), "limit": limit}

        def work(tx: Transaction) -> list[tuple[Row, int]]:
            return [(fetch_seq(tx, seq), since) for seq, _, since in tx.rows("drafts_by_asked", params)]

        return self.database.snapshot(work)

    def answer_to(self, seq: int) -> Row | None:
        """The newest draft for an incoming message, whatever became of it; None when there is none."""

        def work(tx: Transaction) -> Row | None:
            found = tx.row("answer_to", {"answers": seq})
            return fetch_seq(tx, found[0]) if found else None

        return self.database.read(work)

    def set_asked(self, row: Row, *, why: str) -> None:
        """Note that the rules leave this draft to a person."""
        params = stamp(self.clock(), "rules", seq=row.seq) | {"why": why}
        self.database.write(lambda tx: tx.change("set_asked", params))


def make_stale(tx: Transaction, account: int, chat: str, why: str, now: int, *, unseen: bool = False) -> None:
    """Mark the pending drafts of a chat as out of date, and those that somebody is making at this moment.

    Args:
        unseen: it does not stand in the conversation, so that drafts not begun yet will not know of it either.
    """
    params = {"account": account, "chat": chat, "stale": why, "now": now, "by": "inbox"}
    tx.change("make_stale", params)
    tx.change("make_stale_before_drafted", params | {"after": 0 if unseen else now})


def _taken_back(tx: Transaction, row: Row, now: int, by: str) -> Row:
    """The message as PENDING_APPROVAL: an approved or failed one is moved there first."""
    if row.status == "pending_approval":
        return row
    what = "reopened" if row.status == "failed" else "taken back"
    _decide_row(tx, row, "pending_approval", now, by, what=what)
    return fetch_seq(tx, row.seq)


def _decide_row(
    tx: Transaction,
    row: Row,
    target: str,
    now: int,
    by: str,
    *,
    what: str,
    why: str | None = None,
    reason: str | None = None,
) -> None:
    params = stamp(now, by, seq=row.seq, status=row.status, version=row.draft_version, target=target, what=what)
    tx.change_one("decide", params | {"why": why, "reason": reason})


def _draft_params(tx: Transaction, account: int, draft: NewDraft, now: int) -> dict[str, Any]:
    message_id = _free_id(tx, account, fetch_seq(tx, draft.answers).id)
    message = {"id": message_id, "recipient": draft.recipient, "body": draft.text, **draft.fields}
    return {
        "account": account,
        "id": message_id,
        "status": "pending_approval",
        "origin": "draft",
        "payload": json.dumps(message, ensure_ascii=False),
        "chat": draft.recipient,
        "digest": digest_of(draft.recipient, draft.text),
        "answers": draft.answers,
        "author": draft.author,
        "note": draft.note,
        "draft_due": None,
        "now": now,
        "by": draft.author,
        "why": None,
    }


def _free_id(tx: Transaction, account: int, answered: str) -> str:
    """``reply_`` and the id of the answered message, numbered from the second draft on."""
    candidates = ids_from("reply_", answered)
    return next(name for name in candidates if tx.row("get", {"account": account, "id": name}) is None)
