"""Forgetting a person: what they wrote and what was written to them, in the store and for good.

A message that is being sent at that moment is left to its sender and forgotten when the attempt is settled: the wish
stands in the store until then, so that nobody has to remember it.
"""

from __future__ import annotations

from .base import addresses, stamp
from .connection import Transaction
from .messages import remove_words


def forget_contact(tx: Transaction, account: int, address: str, now: int, by: str) -> int:
    """Remove all words of a contact, under all addresses; how many messages are or will be emptied."""
    return sum(_forget_address(tx, account, own, now, by) for own in addresses(tx, account, address))


def forget_if_asked(tx: Transaction, seq: int, now: int) -> None:
    """Forget a message that was being sent when that was asked for, if it is settled by now."""
    asked = tx.row("asked_to_forget", {"seq": seq})
    if asked is not None and forget_message(tx, seq, now, asked[0]):
        tx.change("has_been_forgotten", {"seq": seq})


def _forget_address(tx: Transaction, account: int, address: str, now: int, by: str) -> int:
    """Empty what was written in this chat, by this person in groups, and in the lists of other components."""
    tx.change("forget_records", {"account": account, "address": address})
    written = tx.rows("messages_of_writer", {"account": account, "address": address})
    received = tx.rows("messages_of_chat", {"account": account, "chat": address})
    found = {seq for seq, *_ in [*received, *written]}
    for seq in sorted(found):
        if not forget_message(tx, seq, now, by):
            tx.change("forget_when_settled", {"seq": seq, "by": by})
    return len(found)


def forget_message(tx: Transaction, seq: int, now: int, by: str) -> bool:
    """Empty a message; its text stays, and this is False, while it is being sent."""
    remove_words(tx, seq)
    return tx.change("forget", stamp(now, by, seq=seq)) == 1
