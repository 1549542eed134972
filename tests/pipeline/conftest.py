"""What the tests of the pipeline share: one account on a real database, a simulated WhatsApp, a clock moved by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from signoff import MessageStatus, StateManager
from signoff.assistant import Assistant
from signoff.clock import SECOND
from signoff.gateway import Event, Incoming, Outcome, Outgoing
from signoff.gateway.simulator import Delivery, Simulator
from signoff.lifecycle import MOVES
from signoff.pipeline.approval import Approval
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.keeper import Keeper
from signoff.pipeline.outbox import Outbox
from signoff.store.rows import Row

from ..conftest import ManualClock
from ..store.scenes import moves

ANA = "15550100121@c.us"
ANA_LID = "900000000000121@lid"
BEN = "15550100122@c.us"
GROUP = "120363000000000123@g.us"


def incoming(message_id: str = "w1", chat: str = ANA, text: str = "Are you open?", **more: Any) -> Incoming:
    return Incoming(message_id, chat, more.pop("sender", chat), text, more.pop("at", 1_790_000_000 * SECOND), **more)


def own(text: str, chat: str = ANA, message_id: str = "p1") -> Incoming:
    """What the owner wrote on the phone, or the echo of what we sent."""
    return incoming(message_id, chat, text, from_me=True)


@contextmanager
def another_process_holds(state: StateManager) -> Iterator[None]:
    """Hold the writers' lock, as another process that does not let go."""
    if sys.platform == "win32":
        pytest.skip("the other process is played with flock")
    import fcntl

    with open(f"{state.store.database.path}.lock", "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Line:
    """The pipeline of one account, each stage to be run by hand."""

    def __init__(self, folder: Path, clock: ManualClock, world: Simulator, **options: Any) -> None:
        self.clock = clock
        self.world = world
        self.state = StateManager(folder / "state.db", by="maria", clock=clock, **options)
        self.store = self.state.store
        self.inbox = Inbox(self.state, world, wait=0)
        self.approval = Approval(self.state)
        self.outbox = Outbox(self.state, world, jitter=lambda: 0.5)
        self.keeper = Keeper(self.state, world)

    def drafts(self, assistant: Assistant = lambda *_: "Until six.", **options: Any) -> Drafts:
        """The stage of drafting, with an assistant."""
        return Drafts(self.state, assistant, "faq", **options)

    def receive(self, text: str = "Are you open?", chat: str = ANA, **more: Any) -> str:
        """A contact writes, and it is taken in; the message's id."""
        message_id = self.world.contact_writes(chat, text, **more)
        self.inbox.round()
        return message_id

    def take(self, event: Event) -> None:
        """Something happens at the gateway that the simulator does not play."""
        self.inbox.take(event)

    def draft(self, text: str = "Until six.", chat: str = ANA, **more: Any) -> Row:
        """A contact has written and an answer waits for a decision."""
        message_id = self.receive(chat=chat, **more)
        assert self.drafts(lambda *_: text).round() == 1
        answer = self.answer_to(message_id)
        assert answer is not None
        return answer

    def approved(self, text: str = "Until six.", chat: str = ANA, **more: Any) -> Row:
        """A contact has written and maria has approved an answer."""
        return self.state.approve(self.draft(text, chat, **more).id)

    def answer_to(self, message_id: str) -> Row | None:
        """The newest draft for a message, or None."""
        return self.store.answer_to(self.row(message_id).seq)

    def row(self, message_id: str) -> Row:
        """A message as it stands now."""
        return self.state.get_message(message_id)

    def ids(self, status: MessageStatus) -> list[str]:
        """The ids in a list, oldest first."""
        return [message["id"] for message in self.state.get_messages(status)]

    def kinds(self, message_id: str) -> list[str]:
        """What has happened to a message."""
        return [event["kind"] for event in self.state.history(message_id)]

    def last_why(self, message_id: str) -> str:
        """Why the last thing happened to a message."""
        return str(self.state.history(message_id)[-1]["why"])

    def delivered(self) -> list[tuple[str, str]]:
        """Chat and text of everything that contacts have received."""
        return [(delivery.chat, delivery.text) for delivery in self.deliveries()]

    def deliveries(self) -> list[Delivery]:
        """Everything that contacts have received."""
        return self.world.deliveries()


MakeLine = Callable[..., Line]
"""Makes a `Line` around another simulated world, or with other options of `StateManager`."""


@pytest.fixture
def make_line(tmp_path: Path, clock: ManualClock) -> Iterator[MakeLine]:
    """A factory of lines; at the end each is verified."""
    lines: list[Line] = []

    def make(world: Simulator | None = None, **options: Any) -> Line:
        folder = tmp_path / f"line{len(lines)}"
        folder.mkdir()
        lines.append(Line(folder, clock, world or Simulator(clock=clock), **options))
        return lines[-1]

    yield make
    for line in lines:
        assert line.state.check() == []
        assert moves(line.store) <= set(MOVES)
        line.state.close()
        line.world.close()


@pytest.fixture
def line(make_line: MakeLine) -> Line:
    return make_line()


class Told(Simulator):
    """A world whose way of being asked is told by a test: what a call does before, or instead of, what it would do."""

    before_send: Callable[[Outgoing], Outcome | None] = staticmethod(lambda _: None)
    before_lookup: Callable[[Outgoing], Outcome | None] = staticmethod(lambda _: None)
    before_typing: Callable[[str], object] = staticmethod(lambda _: None)

    def send(self, message: Outgoing) -> Outcome:
        return self.before_send(message) or super().send(message)

    def lookup(self, message: Outgoing) -> Outcome:
        return self.before_lookup(message) or super().lookup(message)

    def typing(self, chat: str) -> None:
        self.before_typing(chat)


@pytest.fixture
def told(clock: ManualClock) -> Told:
    return Told(clock=clock)


@pytest.fixture
def blind(make_line: MakeLine, clock: ManualClock) -> Line:
    """A line whose gateway cannot look anything up."""
    return make_line(Simulator(clock=clock, can_lookup=False, acks=()))


def standing(row: Row) -> tuple[str, str | None, str | None]:
    return row.status, row.delivery, row.reason
