"""The verbs of intake: messages of a gateway, receipts, and the many addresses of one contact."""

from __future__ import annotations

import itertools
import json
from typing import Any, NamedTuple

from ..model import JsonObject
from .base import Verbs, addresses, fetch_seq, ids_from, stamp
from .connection import Transaction
from .decisions import make_stale
from .forgetting import forget_contact
from .messages import add_row, log
from .rows import Row, row_of


class Arrival(NamedTuple):
    """A message that a gateway brought, checked and tidied.

    Attributes:
        id: the message's own id.
        chat: the address of the conversation.
        writer: in a group, the address of the person who wrote; else None.
        aliases: other addresses of that person: in a private chat, of the chat itself.
        draft: whether an assistant shall look at it.
        note: what was done to make it storable, or None.
    """

    id: str
    chat: str
    message: JsonObject
    aliases: tuple[str, ...] = ()
    writer: str | None = None
    draft: bool = True
    note: str | None = None

    def __repr__(self) -> str:
        return f"Arrival(id={self.id!r}, draft={self.draft}, note={self.note!r})"


class Intake(Verbs):
    """Taking in what a gateway brings, each thing once."""

    def receive(self, account: int, arrival: Arrival, *, by: str) -> Row | None:
        """Store an incoming message, once, under whichever of its sender's addresses it comes.

        Pending drafts of the chat become stale. Returns the new message, or None when it is known already; one that
        comes again with another text was edited by its sender: the new text takes the place of the old.
        """
        now = self.clock()

        def work(tx: Transaction) -> Row | None:
            place = _place(tx, account, arrival, _contact_of(tx, account, arrival))
            if isinstance(place, Row):
                _take_edit(tx, account, place, arrival, now, by)
                return None
            make_stale(tx, account, arrival.chat, f"newer message {place}", now)
            seq = add_row(tx, _params(account, arrival, place, now, by))
            assert seq is not None
            return fetch_seq(tx, seq)

        return self.database.write(work)

    def answered_elsewhere(self, account: int, chat: str, message_id: str) -> None:
        """Note that the owner wrote in a chat from the phone: pending drafts of the chat become stale."""
        now = self.clock()
        why = f"answered from the phone {message_id}"
        self.database.write(lambda tx: make_stale(tx, account, chat, why, now, unseen=True))

    def receipt(self, account: int, *, ack: str, gateway_id: str | None, token: str | None, by: str) -> bool:
        """Note what became of a sent message: what was not known to have arrived turns out sent; an error, failed.

        False when no attempt of ours is meant.
        """
        now = self.clock()

        def work(tx: Transaction) -> bool:
            found = tx.row("attempt_of_receipt", {"account": account, "gateway_id": gateway_id, "token": token})
            if found is None:
                return False
            seq, number, known, delivery, tries = found
            if _RANK.get(ack, 0) > _RANK.get(known, -1):
                tx.change("note_ack", {"seq": seq, "number": number, "ack": ack, "gateway_id": gateway_id})
                log(tx, account, now, f"receipt {ack}", by, None, seq)
            if ack != "error" and delivery not in ("open", "accepted") and number == tries:
                _turned_out_sent(tx, seq, number, gateway_id, now, by)
            elif ack == "error" and known in (None, "error"):
                failed = stamp(now, by, seq=seq, number=number) | {"why": "the provider says that it failed"}
                tx.change("fail_by_provider", failed)
            return True

        return self.database.write(work)

    def attempt_of_echo(self, account: int, *, gateway_id: str, digest: str) -> str | None:
        """The token of the attempt that an own message echoes: by its id, or by text and chat while that is open."""
        params = {"account": account, "gateway_id": gateway_id, "digest": digest}
        found = self.database.read(lambda tx: tx.row("attempt_of_echo", params))
        return found[0] if found else None

    def addresses(self, account: int, address: str) -> list[str]:
        """All known addresses of the contact who has this one."""
        return self.database.snapshot(lambda tx: addresses(tx, account, address))

    def forget(self, account: int, address: str, *, by: str) -> int:
        """Remove the texts and names of a contact, under all addresses; ids and times stay. How many messages.

        One that is being sent at this moment is forgotten as soon as its attempt is settled.
        """
        now = self.clock()

        return self.database.write(lambda tx: forget_contact(tx, account, address, now, by))


_RANK = {"error": 0, "server": 1, "device": 2, "read": 3, "played": 4}


def _params(account: int, arrival: Arrival, message_id: str, now: int, by: str) -> dict[str, Any]:
    message = {**arrival.message, "id": message_id}
    return {
        "account": account,
        "id": message_id,
        "status": "incoming",
        "origin": "gateway",
        "payload": json.dumps(message, ensure_ascii=False),
        "chat": arrival.chat,
        "digest": None,
        "answers": None,
        "author": None,
        "note": arrival.note,
        "draft_due": now if arrival.draft else None,
        "now": now,
        "by": by,
        "why": arrival.note,
    }


def _contact_of(tx: Transaction, account: int, arrival: Arrival) -> int:
    """The contact behind the chat of a message. In a group the one who wrote becomes known too, as another one."""
    if arrival.writer is None:
        return _resolve(tx, account, (arrival.chat, *arrival.aliases))
    _resolve(tx, account, (arrival.writer, *arrival.aliases))
    return _resolve(tx, account, (arrival.chat,))


def _resolve(tx: Transaction, account: int, addresses: tuple[str, ...]) -> int:
    """The contact who has these addresses; they become known as one contact's."""
    named = dict.fromkeys(addresses)
    known = [tx.row("contact_of", {"account": account, "address": address}) for address in named]
    contacts = list(dict.fromkeys(row[0] for row in known if row))
    if not contacts:
        made = tx.row("add_contact", {"account": account})
        assert made is not None
        contacts = [made[0]]
    contact: int = contacts[0]
    for other in contacts[1:]:
        tx.change("merge_contact", {"contact": other, "into": contact})
    for address, row in zip(named, known, strict=True):
        if row is None:
            tx.change("add_alias", {"account": account, "address": address, "contact": contact})
    return contact


def _take_edit(tx: Transaction, account: int, row: Row, arrival: Arrival, now: int, by: str) -> None:
    """Put the new text of an incoming message in the place of the old, which is kept as a version of it."""
    stored, text = json.loads(row.payload), arrival.message.get("body")
    if row.origin != "gateway" or "body" not in stored or stored["body"] == text:
        return
    edited = stamp(now, by, seq=row.seq, version=row.draft_version, text=text) | {"why": "by its sender"}
    if tx.change("edit_incoming", edited):
        make_stale(tx, account, arrival.chat, f"edited message {row.id}", now)


def _place(tx: Transaction, account: int, arrival: Arrival, contact: int) -> str | Row:
    """The id under which to store the message, or the row where it is stored already.

    The same id of another contact is another message, unless text and time are the same too: then one contact has
    written under two addresses that nobody had named together before.
    """
    ids = itertools.chain([arrival.id], ids_from("", f"{arrival.id}@{arrival.chat}"))
    while True:
        message_id = next(ids)
        found = tx.row("get", {"account": account, "id": message_id})
        if found is None:
            return message_id
        row = row_of(found, tx.file)
        if row.chat is None or _same_contact(tx, account, row.chat, contact):
            return row
        if _same_words(row, arrival) and _lid_and_number(row.chat, arrival.chat):
            _merge(tx, account, row.chat, contact)
            return row


def _same_contact(tx: Transaction, account: int, chat: str, contact: int) -> bool:
    found = tx.row("contact_of", {"account": account, "address": chat})
    return found is not None and found[0] == contact


def _same_words(row: Row, arrival: Arrival) -> bool:
    stored = json.loads(row.payload)
    return all(stored.get(key) == arrival.message.get(key) for key in ("body", "timestamp"))


def _lid_and_number(one: str, other: str) -> bool:
    return one.endswith("@lid") != other.endswith("@lid") and not (one + other).count("@g.us")


def _merge(tx: Transaction, account: int, chat: str, contact: int) -> None:
    found = tx.row("contact_of", {"account": account, "address": chat})
    if found is None:
        tx.change("add_alias", {"account": account, "address": chat, "contact": contact})
    else:
        tx.change("merge_contact", {"contact": found[0], "into": contact})


def _turned_out_sent(tx: Transaction, seq: int, number: int, gateway_id: str | None, now: int, by: str) -> None:
    attempt = {
        "seq": seq,
        "number": number,
        "outcome": "accepted",
        "reason": None,
        "gateway_id": gateway_id,
        "now": now,
    }
    tx.change("close_attempt", attempt)
    moved = stamp(now, by, seq=seq, number=number, target="sent", delivery="accepted", reason=None, what="it arrived")
    tx.change("settle_moved", moved)
