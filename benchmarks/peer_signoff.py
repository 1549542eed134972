"""signoff through its public API, with the state file beside the database, as a script of the guide uses it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import apsw

from signoff import __version__
from signoff.lifecycle import MessageStatus
from signoff.model import content_of
from signoff.state import StateManager
from signoff.store.base import stamp
from signoff.store.connection import Transaction
from signoff.store.messages import add_row
from workload import MOVES, Message

NAME = "signoff"
VERSION = f"signoff {__version__} with SQLite {apsw.sqlite_lib_version()}"
DURABILITY = "every change synced (WAL, FULL), many threads sharing a sync"
LARGEST = None

_STATUS = {status.value: status for status in MessageStatus}


class Peer:
    """A `StateManager` on ``state.json`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self.manager = StateManager(folder / "state.json")

    def add(self, message: Message) -> None:
        """Add an incoming message."""
        self.manager.add_message(message, MessageStatus.INCOMING)

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move a message."""
        return self.manager.move_message(message_id, _STATUS[source], _STATUS[target])

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first."""
        return self.manager.get_messages(MessageStatus.PENDING_APPROVAL)

    def statistics(self) -> dict[str, Any]:
        """The guide's statistics."""
        return self.manager.get_statistics()

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history with the statements of the API, thousands to a transaction."""
        account, database = self.manager.account, self.manager.store.database
        while chunk := list(islice(messages, 5000)):
            database.write(partial(_fill, account=account, chunk=chunk))

    def close(self) -> None:
        """Write the state file and close."""
        self.manager.close()


def _fill(tx: Transaction, account: int, chunk: list[Message]) -> None:
    for message in chunk:
        content = content_of(message)
        known = stamp(int(message["timestamp"]) * 1_000_000, "script", account=account, id=content.id)
        added = {"status": "incoming", "origin": "script", "payload": content.payload, "chat": content.chat}
        nothing = dict.fromkeys(("digest", "answers", "author", "note", "draft_due"))
        add_row(tx, known | added | nothing)
        for source, target in MOVES:
            tx.change("move", known | {"source": source, "target": target, "what": "moved"})
