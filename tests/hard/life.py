"""``python -m tests.hard.life FOLDER [--stubborn]``: a whole life of a state, through what users call.

An old state file is imported, messages come in, are drafted for, decided and sent; settings, session and state file
change; backups are made and brought back. Made to be killed: of each step it says, once it was acknowledged, what must
hold from then on; a stubborn one says what failed, and tries again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from signoff import MessageStatus, StateManager
from signoff.clock import MINUTE, SECOND
from signoff.errors import SignoffError
from signoff.gateway.simulator import Simulator
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.keeper import Keeper
from signoff.pipeline.outbox import Outbox
from signoff.statefile.exchange import HOLD
from signoff.store.restore import restore_database

Fact = list[Any]
"""What must hold once it was acknowledged: `tests.hard.aftermath` knows how to look."""

STATE_FILE = "whatsapp_state.json"
DATABASE = "whatsapp_state.db"
BEGINNING = 1_790_000_000 * SECOND
CHATS = [f"1555010077{number}@c.us" for number in range(3)]
TRIES = 3

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
SENT = MessageStatus.SENT


class Ticking:
    """A clock that goes on by a millisecond each time somebody looks."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> int:
        self.now += 1000
        return self.now


def prepare(folder: Path) -> None:
    """What stands there before it begins: an old state file, and contacts who have written."""
    old = {
        "human_in_the_loop": True,
        "messages": {"incoming": [{"id": "old-1", "from": CHATS[0], "body": "Hello"}]},
        "statistics": {"total_incoming": 7},
    }
    (folder / STATE_FILE).write_text(json.dumps(old))
    world = Simulator(folder / "world", acks=[], clock=lambda: BEGINNING, random=Random(1))
    for number, chat in enumerate(CHATS):
        world.contact_writes(chat, f"Question {number}", id=f"w{number}")


def answer(message: Mapping[str, Any], _: Sequence[Mapping[str, Any]]) -> str:
    """What is drafted."""
    return f"Answer to: {message['body']}"


class Life:
    """The steps, in order; each says what holds from then on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Ticking()

    def steps(self) -> list[Callable[[], list[Fact]]]:
        """All of them."""
        return [
            self.open, self.meet, self.add, self.move, self.take_in, self.draft, self.approve, self.edit,
            self.approve_the_edited, self.reject, self.send, self.send, self.send, self.configure, self.log_in,
            self.mark, self.edit_the_file, self.back_up, self.back_up_the_database, self.export, self.clear,
            self.reset, self.keep, self.restore, self.look, self.close, self.restore_the_database, self.open_again,
            self.add_after, self.look, self.close,
        ]  # fmt: skip

    def open(self) -> list[Fact]:
        self.state = StateManager(self.folder / STATE_FILE, by="life", clock=self.clock)
        return [["event", "old-1", "added"], ["setting", "human_in_the_loop", True]]

    def meet(self) -> list[Fact]:
        self.world = Simulator(self.folder / "world", acks=[], clock=self.clock, random=Random(1))
        return []

    def add(self) -> list[Fact]:
        assert self.state.add_message({"id": "s1", "from": CHATS[0], "body": "x" * 9000}, INCOMING)
        return [["event", "s1", "added"]]

    def move(self) -> list[Fact]:
        assert self.state.move_message("s1", INCOMING, PENDING)
        return [["event", "s1", "moved"]]

    def take_in(self) -> list[Fact]:
        Inbox(self.state, self.world, wait=0).round()
        return [["event", f"w{number}", "added"] for number in range(3)]

    def draft(self) -> list[Fact]:
        """What could not be read for the assistant is drafted for a little later."""
        replies = [f"reply_w{number}" for number in range(3)]
        while not all(self.state.store.find(self.state.account, reply) for reply in replies):
            Drafts(self.state, answer).round()
            self.clock.now += MINUTE
        return [["event", reply, "added"] for reply in replies]

    def approve(self) -> list[Fact]:
        self.state.approve("reply_w0")
        return [["event", "reply_w0", "approved"]]

    def edit(self) -> list[Fact]:
        self.state.edit("reply_w1", "In other words")
        return [["event", "reply_w1", "edited"]]

    def approve_the_edited(self) -> list[Fact]:
        self.state.approve("reply_w1")
        return [["event", "reply_w1", "approved"]]

    def reject(self) -> list[Fact]:
        self.state.reject("reply_w2", "no")
        return [["event", "reply_w2", "rejected"]]

    def send(self) -> list[Fact]:
        """What could not be looked up a moment ago is looked up again."""
        self.clock.now += MINUTE
        outbox = Outbox(self.state, self.world, lease=10 * SECOND)
        while outbox.round():
            pass
        self.sent = [row.id for row in self.state.rows(SENT)]
        return [["event", message_id, "sent"] for message_id in self.sent]

    def configure(self) -> list[Fact]:
        self.state.update_config({"retry_config": {"max_retries": 5}, "my_key": {"deep": [1, 2]}})
        return [["setting", "my_key", {"deep": [1, 2]}]]

    def log_in(self) -> list[Fact]:
        self.state.update_session_status(True, {"number": "15550107700", "name": "Ana"})
        return [["account", "number", "15550107700"]]

    def mark(self) -> list[Fact]:
        self.state.mark_session_invalid("for the test")
        return [["session", "invalidation_reason", "for the test"]]

    def edit_the_file(self) -> list[Fact]:
        """A script changes a setting in the file; it is not its own writing that is to fail here."""
        other = self.folder / "edited.json"
        while self.state.get_config("edited_by_hand") != "yes":
            with suppress(OSError, ValueError):
                document = json.loads((self.folder / STATE_FILE).read_text())
                other.write_text(json.dumps(document | {"edited_by_hand": "yes"}))
                os.replace(other, self.folder / STATE_FILE)
            time.sleep(0.11)  # it is looked at every 100 ms
        return [["setting", "edited_by_hand", "yes"]]

    def back_up(self) -> list[Fact]:
        self.saved = self.folder / self.state.backup_state()
        return [["state", self.saved.name]]

    def back_up_the_database(self) -> list[Fact]:
        self.state.store.backup(self.folder / "backup.db")
        return [["database", "backup.db"]]

    def export(self) -> list[Fact]:
        self.state.export_state(self.folder / "export.json")
        return [["state", "export.json"]]

    def clear(self) -> list[Fact]:
        self.state.clear_messages(SENT)
        return []

    def reset(self) -> list[Fact]:
        self.state.reset_statistics()
        return []

    def keep(self) -> list[Fact]:
        Keeper(self.state).round()
        return []

    def restore(self) -> list[Fact]:
        self.state.restore_state(self.saved)
        assert {row.id for row in self.state.rows(SENT)} >= set(self.sent)
        return []

    def look(self) -> list[Fact]:
        assert [] in (self.state.check(), self.state.check())  # that it cannot be read is told as a problem
        assert self.state.get_full_state()["messages"]["incoming"]
        assert self.state.is_session_valid() is False
        return []

    def close(self) -> list[Fact]:
        self.state.close()
        return [["state", STATE_FILE]]

    def restore_the_database(self) -> list[Fact]:
        """As ``signoff restore`` does."""
        kept = self.folder / f"replaced-{self.clock()}.db"
        restore_database(self.folder / DATABASE, self.folder / "backup.db", kept, hold=HOLD, clock=self.clock)
        return []

    def open_again(self) -> list[Fact]:
        self.state = StateManager(self.folder / STATE_FILE, by="life", clock=self.clock)
        return []

    def add_after(self) -> list[Fact]:
        assert self.state.add_message({"id": "s2", "body": "After"}, INCOMING)
        return [["event", "s2", "added"]]


def tell(**what: Any) -> None:
    """Say something in one piece, at once."""
    os.write(1, (json.dumps(what) + "\n").encode())


def take(step: Callable[[], list[Fact]], tries: int, clock: Ticking) -> None:
    """Take a step, and say what came of it; again only when every lease has run out."""
    for number in range(tries):
        try:
            facts = step()
        except SignoffError as error:
            tell(step=step.__name__, failed=type(error).__name__, text=str(error))
            if number == tries - 1:
                raise
            clock.now += 10 * MINUTE
        except BaseException as error:
            tell(step=step.__name__, wrong=repr(error))
            raise
        else:
            tell(step=step.__name__, facts=facts)
            return


def main(folder: Path, tries: int) -> None:
    """Live."""
    life = Life(folder)
    for step in life.steps():
        take(step, tries, life.clock)
    tell(step="end", facts=[])


if __name__ == "__main__":
    main(Path(sys.argv[1]), TRIES if "--stubborn" in sys.argv else 1)
