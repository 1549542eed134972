"""Brings messages through their whole life and says of each change, once it was acknowledged, how far it came.

Arguments: the database, a prefix, threads. Made to be killed.
"""

from __future__ import annotations

import os
import sys
import threading
from itertools import count

from signoff.lifecycle import MessageStatus
from signoff.model import content_of
from signoff.store import Store, open_store

STAGES = ("added", "approved", "claimed", "sent")


def tell(message_id: str, stage: str) -> None:
    """Say it, in one piece, at once."""
    os.write(1, f"{message_id} {stage}\n".encode())


def live(store: Store, account: int, prefix: str) -> None:
    """Bring one message after the other to its end."""
    for number in count():
        message = content_of({"id": f"{prefix}-{number}", "recipient": "15550100401@c.us", "body": "Hello"})
        store.add(account, message, MessageStatus.PENDING_APPROVAL, by="me")
        tell(message.id, "added")
        row = store.approve(account, message.id, 1, by="me")
        tell(message.id, "approved")
        claim = store.claim_row(row, lease=60_000_000, by="me")
        assert claim is not None
        tell(message.id, "claimed")
        assert store.accepted(claim, None, by="me", move=True)
        tell(message.id, "sent")


def main() -> None:
    """Go on until killed."""
    path, prefix, threads = sys.argv[1:]
    store = open_store(path)
    account = store.account("default")
    for number in range(int(threads)):
        threading.Thread(target=live, args=(store, account, f"{prefix}-{number}")).start()


if __name__ == "__main__":
    main()
