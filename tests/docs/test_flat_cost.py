"""What one operation costs does not grow with the history: SQLite's own count of its steps says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw
import pytest

from signoff import MessageStatus, StateManager
from signoff.gateway.simulator import Simulator
from signoff.pipeline.approval import Approval
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.keeper import Keeper
from signoff.pipeline.outbox import Outbox
from signoff.store.messages import PAGE

CHAT = "15550100111@c.us"
SHORT, LONG = PAGE, 4 * PAGE
GROWTH = 1.2
"""The steps from root to leaf of a larger tree, and no more."""


@pytest.fixture
def steps() -> Iterator[Counter[str]]:
    """The steps that SQLite takes, by the beginning of each statement."""
    counted: Counter[str] = Counter()

    def hook(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, count)

    def count(event: dict[str, Any]) -> None:
        counted[event["sql"][:60]] += event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    apsw.connection_hooks.append(hook)
    yield counted
    apsw.connection_hooks.remove(hook)


class Scene:
    """A state with a history of so many messages in each list, and everything that is done to it from day to day."""

    def __init__(self, folder: Path, history: int) -> None:
        folder.mkdir()
        self.state = StateManager(folder / "state.db", by="maria")
        self.world = Simulator()
        self.inbox = Inbox(self.state, self.world, wait=0)
        self.drafts = Drafts(self.state, lambda message, conversation: "Yes.", "test")
        self.approval = Approval(self.state)
        self.outbox = Outbox(self.state, self.world)
        self.keeper = Keeper(self.state)
        with ThreadPoolExecutor(32) as many:
            list(many.map(self._past, [(status, number) for status in MessageStatus for number in range(history)]))

    def _past(self, place: tuple[MessageStatus, int]) -> None:
        status, number = place
        message = {"id": f"{status.value}{number}", "recipient": f"1555{number:07}@c.us", "body": "Hi"}
        self.state.add_message(message, MessageStatus.INCOMING)
        self.state.move_message(message["id"], MessageStatus.INCOMING, status)

    def operations(self) -> dict[str, Callable[[], object]]:
        """What is done from day to day, in this order."""
        pending, sent = MessageStatus.PENDING_APPROVAL, MessageStatus.SENT
        new = {"id": "new", "recipient": CHAT, "body": "Hello"}
        return {
            "add": lambda: self.state.add_message(new, pending),
            "edit": lambda: self.state.edit("new", "Hello!"),
            "approve": lambda: self.state.approve("new"),
            "send": self.outbox.round,
            "move": lambda: self.state.move_message("new", sent, MessageStatus.FAILED),
            "take in": self._take_in,
            "draft": self.drafts.round,
            "put to the rules": self.approval.round,
            "reject": lambda: self.state.reject(self.state.store.undecided(self.state.account, asked=True)[0][0].id),
            "newest": lambda: self.state.get_messages(pending, limit=50),
            "page": lambda: next(self.state.iter_messages(pending)),
            "conversation": lambda: self.state.conversation(CHAT),
            "history": lambda: self.state.history("new"),
            "statistics": self.state.get_statistics,
            "setting": lambda: self.state.set_config("mine", 1),
            "session": self.state.is_session_valid,
            "keep": self.keeper.round,
            "nothing to send": self.outbox.round,
            "clear": lambda: self.state.clear_messages(MessageStatus.REJECTED),
        }

    def _take_in(self) -> None:
        self.world.contact_writes(CHAT, "Are you open?", id="question")
        self.inbox.round()


def cost(scene: Scene, steps: Counter[str]) -> dict[str, int]:
    """How many steps each operation takes; closes the state."""
    taken = {}
    for name, operation in scene.operations().items():
        before = steps.total()
        operation()
        taken[name] = steps.total() - before
    scene.state.close()
    return taken


@pytest.mark.slow
def test_an_operation_takes_the_same_steps_after_many_messages_as_after_few(
    tmp_path: Path, steps: Counter[str]
) -> None:
    short = cost(Scene(tmp_path / "few", SHORT), steps)
    long = cost(Scene(tmp_path / "many", LONG), steps)
    assert all(short.values())
    grown = {name: (short[name], long[name]) for name in short if long[name] > short[name] * GROWTH + 20}
    assert grown == {}
