"""``signoff replay``: a chat exported from a phone, played in again to see what would have been drafted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from ..assistant import Assistant
from ..errors import GatewayError
from ..gateway import Incoming
from ..lifecycle import MessageStatus
from ..pipeline.approval import Approval
from ..pipeline.drafts import Drafts
from ..pipeline.inbox import Inbox
from ..pipeline.outbox import Outbox
from ..pipeline.replay import Replay, incoming, read_export
from ..state import StateManager
from ..store.rows import Row
from .desk import Desk
from .feed import Feed
from .options import KeepOption, YesOption, person
from .run import AssistantOption, load
from .terminal import is_interactive, out
from .unattended import Unattended
from .workspace import workspace

_MEANWHILE = "answered then"


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="_chat.txt, or the .zip.")],
    me: Annotated[str, typer.Option("--as", metavar="NAME", help="Whose answers are to be drafted: your name there.")],
    assistant: AssistantOption = "keywords",
    folder: Annotated[
        Path, typer.Option("--folder", metavar="FOLDER", help="Where the replay keeps its state.")
    ] = Path(".replay"),
    keep: KeepOption = False,
    yes: YesOption = False,
) -> None:
    """Play a chat that was exported from a phone: what would have been drafted, beside what was answered then.

    Nothing is sent to anyone, whatever you approve. Export a chat on the phone: open it, More, Export chat,
    without media.

    Example: signoff replay _chat.txt --as "Ana Example" --assistant faq:answers
    """
    drafter = load(assistant)
    if drafter is None:
        raise typer.BadParameter(
            "a replay needs an assistant: it shows what that would draft", param_hint="--assistant"
        )
    events = _events(file, me)
    asks = is_interactive() and not yes
    with workspace(folder, keep=keep) as path, StateManager(path, by="replay") as state:
        past = _Past(state, events, drafter, assistant.partition(":")[0], me)
        out.print(
            f"{past.left} messages to {me}. Nothing is sent to anyone. The state is kept in {path}.", markup=False
        )
        feed = Feed(state, beside=past.beside, without=[MessageStatus.SENT])
        if asks:
            Desk(state, person(None), goes_on=past.goes_on, beside=past.beside, feed=feed).run()
        else:
            Unattended(state, "replay", goes_on=past.goes_on, feed=feed).run()
        out.print(past.summary())
        if assistant == "keywords":
            out.print("Answers of your own, from a folder of Markdown files: --assistant faq:FOLDER", markup=False)


def _events(file: Path, me: str) -> Sequence[Incoming]:
    chat = read_export(file)
    try:
        return incoming(chat, me)
    except GatewayError as error:
        raise typer.BadParameter(str(error), param_hint="--as") from error


class _Past:
    """Plays the messages of the others, one at a time: the next comes when nothing waits for a decision any more."""

    def __init__(
        self, state: StateManager, events: Sequence[Incoming], assistant: Assistant, name: str, me: str
    ) -> None:
        self._state = state
        self._me = me
        self._theirs = [event for event in events if not event.from_me]
        self._ours = len(events) - len(self._theirs)
        self._then = _answers_then(events)
        self._played = 0
        self._drafts = Drafts(state, assistant, name)
        self._approval = Approval(state)
        self._outbox = Outbox(state, Replay([], me))
        if any(event.is_group for event in self._theirs):
            state.update_config({"watcher_config": {"process_group_messages": True}})

    @property
    def left(self) -> int:
        """How many messages are still to come."""
        return len(self._theirs) - self._played

    def goes_on(self, waiting: bool) -> bool:
        """Do what is due; play the next message when nobody has to decide. False when the chat is over."""
        if self._outbox.round() or self._drafts.round() or self._approval.round() or waiting:
            return True
        if not self.left:
            return False
        Inbox(self._state, Replay([self._theirs[self._played]], self._me), wait=0).round()
        self._played += 1
        return True

    def beside(self, row: Row) -> tuple[str, str] | None:
        """What was really answered to the message that a draft answers."""
        answered = self._state.store.by_seq(row.answers) if row.answers is not None else None
        if answered is None:
            return None
        return _MEANWHILE, self._then.get(answered.id, "") or "‹nothing›"

    def summary(self) -> Table:
        """What came of it, in numbers."""
        counters = self._state.store.counters(self._state.account)
        table = Table(box=box.SIMPLE_HEAD, title="The replay", title_justify="left", pad_edge=False)
        values = {
            "came in": counters[MessageStatus.INCOMING].total,
            "answered then": self._ours,
            "drafted": counters[MessageStatus.PENDING_APPROVAL].total,
            "approved": counters[MessageStatus.APPROVED].total,
            "rejected": counters[MessageStatus.REJECTED].total,
            "undecided": counters[MessageStatus.PENDING_APPROVAL].listed,
        }
        for name in values:
            table.add_column(name, justify="right")
        table.add_row(*map(str, values.values()))
        return table


def _answers_then(events: Sequence[Incoming]) -> dict[str, str]:
    """For each message of the others what was written next by the one whose answers are wanted, until others wrote."""
    answers: dict[str, str] = {}
    next_words: list[str] = []
    for later, event in zip([None, *reversed(events)], reversed(events), strict=False):
        if event.from_me:
            if later is None or not later.from_me:
                next_words = []
            next_words.insert(0, event.text or f"‹{event.kind}›")
        else:
            answers[event.id] = "\n".join(next_words)
    return answers
