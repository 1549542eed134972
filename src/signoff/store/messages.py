"""The verbs of messages: adding, moving, listing, clearing, and what has happened to each."""

from __future__ import annotations

import itertools
import json
from operator import itemgetter
from typing import Any

from ..lifecycle import MessageStatus, is_regular
from ..model import Content, as_guide_dict
from .base import Verbs, addresses, fetch
from .connection import Transaction
from .rows import Attempt, Counter, Event, Row, counters_of, made, row_of

PAGE = 500
PURGED_AT_ONCE = 100
"""Messages of each list whose texts one transaction removes: whoever writes meanwhile waits 2 ms for it."""
FINISHED = (MessageStatus.INCOMING, MessageStatus.REJECTED, MessageStatus.SENT, MessageStatus.FAILED)
"""The lists whose texts may be removed after a time."""
IGNORED_IN_COMPARISON = ("timestamp", "status", "status_updated_at")


class Messages(Verbs):
    """Adding, moving, listing and clearing messages."""

    def account(self, name: str) -> int:
        """The number of the account ``name``; it is made when it is new."""
        found = self.database.read(lambda tx: tx.row("find_account", {"name": name}))
        return found[0] if found else self.database.write(lambda tx: _make_account(tx, name))

    def account_names(self) -> list[str]:
        """The names of all accounts, oldest first."""
        return [name for _, name in self.database.read(lambda tx: tx.rows("accounts"))]

    def add(
        self,
        account: int,
        content: Content,
        status: MessageStatus,
        *,
        by: str,
        origin: str = "script",
    ) -> bool:
        """Add a message to the list ``status``; False, and nothing changes, when its id is known already.

        A known id with other content (timestamp and status aside) is logged as ``differs``.
        """
        params = {
            "account": account,
            "id": content.id,
            "status": status.value,
            "origin": origin,
            "payload": content.payload,
            "chat": content.chat,
            "digest": content.digest,
            "answers": None,
            "author": None,
            "note": None,
            "draft_due": None,
            "now": self.clock(),
            "by": by,
            "why": None,
        }
        return self.database.write(lambda tx: add_row(tx, params) is not None)

    def move(
        self,
        account: int,
        message_id: str,
        source: MessageStatus,
        target: MessageStatus,
        *,
        by: str,
    ) -> bool:
        """Move a message from one list to another; False when it is not in the first.

        This is bookkeeping: any pair of lists will do, and nothing becomes sendable by it.

        Raises:
            InFlight: it is being sent at this moment.
        """
        params = {
            "account": account,
            "id": message_id,
            "source": source.value,
            "target": target.value,
            "now": self.clock(),
            "by": by,
            "what": "moved" if is_regular(source, target) else "irregular",
        }
        return self.database.write(lambda tx: tx.change("move", params) == 1)

    def find(self, account: int, message_id: str) -> Row | None:
        """The message with everything that stands beside it, or None."""
        found = self.database.read(lambda tx: tx.row("get", {"account": account, "id": message_id}))
        return row_of(found, self.database.name) if found else None

    def by_seq(self, seq: int) -> Row | None:
        """The message with this number, or None."""
        found = self.database.read(lambda tx: tx.row("get_by_seq", {"seq": seq}))
        return row_of(found, self.database.name) if found else None

    def newest(self, account: int, status: MessageStatus, limit: int | None) -> list[dict[str, Any]]:
        """The newest ``limit`` messages of a list (all, when None), oldest first, as scripts see them."""
        params = {"account": account, "status": status.value, "limit": -1 if limit is None else limit}
        return self.database.read(lambda tx: decode(tx.rows("newest", params)[::-1]))

    def page(self, account: int, status: MessageStatus, after: int = 0, limit: int = PAGE) -> list[Row]:
        """Up to ``limit`` messages of a list that came into it after the arrival ``after``, oldest first."""
        params = {"account": account, "status": status.value, "after": after, "limit": limit}
        return [row_of(row, self.database.name) for row in self.database.read(lambda tx: tx.rows("page", params))]

    def conversation(self, account: int, chat: str, limit: int) -> list[dict[str, Any]]:
        """The last ``limit`` messages that came from a contact or were sent, under all addresses, oldest first."""

        def work(tx: Transaction) -> list[dict[str, Any]]:
            params = {"account": account, "limit": limit}
            known = addresses(tx, account, chat)
            found = [row for address in known for row in tx.rows("conversation", params | {"chat": address})]
            rows = sorted(found, key=itemgetter(3))
            return decode(rows[max(0, len(rows) - limit) :])

        return self.database.snapshot(work)

    def history(self, account: int, message_id: str) -> list[Event]:
        """Everything that happened to a message, oldest first.

        Raises:
            NotFound: there is no such message.
        """

        def work(tx: Transaction) -> list[Event]:
            seq = fetch(tx, account, message_id).seq
            return made(Event, tx.rows("history", {"seq": seq}), self.database.name)

        return self.database.read(work)

    def attempts(self, seq: int) -> list[Attempt]:
        """The attempts to send a message, oldest first."""
        return made(Attempt, self.database.read(lambda tx: tx.rows("attempts", {"seq": seq})), self.database.name)

    def versions(self, seq: int) -> list[dict[str, Any]]:
        """The earlier versions of a text, oldest first."""
        names = ("version", "recipient", "text", "author", "until")
        rows = self.database.read(lambda tx: tx.rows("versions", {"seq": seq}))
        return [dict(zip(names, row, strict=True)) for row in rows]

    def counters(self, account: int) -> dict[MessageStatus, Counter]:
        """The counters of every list."""
        rows = self.database.read(lambda tx: tx.rows("counters", {"account": account}))
        return counters_of(rows, self.database.name)

    def reset_totals(self, account: int, *, by: str) -> None:
        """Start counting at nought; the event holds the baseline."""
        self.set_totals(account, {}, by=by, why="reset")

    def set_totals(
        self, account: int, totals: dict[MessageStatus, tuple[int, int | None]], *, by: str, why: str
    ) -> None:
        """Write a baseline: each list's total and when it last grew; nought for those not named."""
        now = self.clock()
        kept = {status.value: list(pair) for status, pair in totals.items()}

        def work(tx: Transaction) -> None:
            tx.change("reset_totals", {"account": account})
            for status, (total, last_at) in totals.items():
                tx.change("set_total", {"account": account, "status": status.value, "total": total, "last_at": last_at})
            log(tx, account, now, "baseline", by, json.dumps({"why": why, "totals": kept}))

        self.database.write(work)

    def clear(self, account: int, status: MessageStatus, *, by: str) -> None:
        """Empty a list in one update. Ids stay known; what is in flight is still settled."""
        now = self.clock()

        def work(tx: Transaction) -> None:
            tx.change("clear", {"account": account, "status": status.value})
            log(tx, account, now, "cleared", by, status.value)

        self.database.write(work)

    def clear_before(self, account: int, before: int, limit: int = PAGE) -> int:
        """Clear up to ``limit`` messages of each list of finished ones that came into it before a time; how many."""
        now = self.clock()
        return self.database.write(
            lambda tx: sum(_clear_before(tx, account, status, before, limit, now) for status in FINISHED)
        )

    def purge(self, account: int, limit: int = PURGED_AT_ONCE) -> int:
        """Remove the texts of up to ``limit`` cleared messages of each list; how many there were."""
        now = self.clock()

        def work(tx: Transaction) -> int:
            return sum(_purge(tx, account, status, limit, now) for status in MessageStatus)

        return self.database.write(work)


def decode(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Messages as scripts see them, of rows that begin with payload, status and time of the last move."""
    payloads = json.loads("[" + ",".join(row[0] for row in rows) + "]")
    return [as_guide_dict(payload, row[1], row[2]) for payload, row in zip(payloads, rows, strict=True)]


def log(
    tx: Transaction, account: int, now: int, kind: str, by: str, why: str | None, message: int | None = None
) -> None:
    """Write an event that no trigger writes."""
    tx.change("log", {"account": account, "now": now, "message": message, "kind": kind, "by": by, "why": why})


def add_row(tx: Transaction, params: dict[str, Any]) -> int | None:
    """Insert a message and return its number; None when its id is known already (other content is logged)."""
    added = tx.row("add", params)
    if added is not None:
        seq: int = added[0]
        return seq
    row = fetch(tx, params["account"], params["id"])
    if _differs(tx, row, json.loads(params["payload"])):
        log(tx, params["account"], params["now"], "differs", params["by"], None, row.seq)
    return None


def remove_words(tx: Transaction, seq: int) -> None:
    """Remove what stands beside a message in words: earlier texts, and why something happened to it."""
    for name in ("purge_versions", "purge_reasons", "purge_attempts"):
        tx.change(name, {"seq": seq})


def _differs(tx: Transaction, row: Row, offered: dict[str, Any]) -> bool:
    stored = json.loads(row.payload)
    if stored.keys() <= {"id"}:
        return False  # cleared or forgotten: there is nothing to compare with
    if row.draft_version > 1:
        stored["body"] = tx.rows("versions", {"seq": row.seq})[0][2]
    keys = (stored.keys() | offered.keys()) - set(IGNORED_IN_COMPARISON)
    return any(stored.get(key) != offered.get(key) for key in keys)


def _make_account(tx: Transaction, name: str) -> int:
    found = tx.row("find_account", {"name": name}) or tx.row("add_account", {"name": name})
    assert found is not None
    account: int = found[0]
    if not tx.rows("counters", {"account": account}):
        tx.change("add_counters", {"account": account})
    return account


def _clear_before(tx: Transaction, account: int, status: MessageStatus, before: int, limit: int, now: int) -> int:
    where = {"account": account, "status": status.value}
    rows = tx.rows("oldest_times", where | {"limit": limit})
    old = [arrival for arrival, _ in itertools.takewhile(lambda row: row[1] < before, rows)]
    if old:
        tx.change("clear_to", where | {"arrival": old[-1], "count": len(old)})
        log(tx, account, now, "cleared", "keeper", status.value)
    return len(old)


def _purge(tx: Transaction, account: int, status: MessageStatus, limit: int, now: int) -> int:
    rows = tx.rows("to_purge", {"account": account, "status": status.value, "limit": limit})
    for seq, _ in rows:
        if tx.change("purge", {"seq": seq, "now": now}):
            remove_words(tx, seq)
    if rows:
        tx.change("purged", {"account": account, "status": status.value, "purged": rows[-1][1]})
    return len(rows)
