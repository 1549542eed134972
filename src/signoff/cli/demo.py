"""``signoff demo``: the main job without an account."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ..assistant import load_assistant
from ..gateway.simulator import DEMO_SCRIPT, Simulator
from ..lifecycle import MessageStatus
from ..service import Service
from ..state import StateManager
from .desk import Desk
from .feed import Feed
from .options import KeepOption, YesOption, person
from .summary import statistics_table
from .terminal import is_interactive, out
from .unattended import Unattended
from .waiting import Waiting, being_drafted, unanswered
from .workspace import workspace

FolderOption = Annotated[Path, typer.Option("--folder", metavar="FOLDER", help="Where the demo keeps its state.")]


def demo(folder: FolderOption = Path(".demo"), keep: KeepOption = False, yes: YesOption = False) -> None:
    """Watch it work: an afternoon at a small café, with contacts who do not exist. Nothing leaves this machine.

    People write in, drafts appear, and you decide. What you approve is delivered; nothing else is.
    Without a terminal it decides by itself and ends with the statistics.
    """
    asks = is_interactive() and not yes
    with workspace(folder, keep=keep) as file, StateManager(file, by="demo") as state:
        state.set_config("human_in_the_loop", True)
        out.print(f"Café Lumen opens. The state is kept in {file}.", markup=False)
        with closing(Simulator(folder / "world", script=DEMO_SCRIPT)) as world:
            feed = Feed(state)
            service = Service(state, world, load_assistant("faq"), "faq")
            service.start()
            try:
                afternoon = _Afternoon(state, world)
                if asks:
                    Desk(state, person(None), goes_on=afternoon.goes_on, feed=feed).run()
                else:
                    Unattended(state, "demo", goes_on=afternoon.goes_on, feed=feed).run()
            finally:
                service.stop()
        _say_goodbye(state, file)


class _Afternoon:
    """Knows when the script is finished and everything that followed from it is done."""

    def __init__(self, state: StateManager, world: Simulator) -> None:
        self._state = state
        self._world = world

    def goes_on(self, waiting: bool) -> bool:
        """Whether something may still come: from whoever has to decide, a contact, an assistant, or the outbox."""
        if waiting:
            return True
        before = self._state.store.last_event()
        if not self._world.is_finished() or self._is_busy():
            return True
        return self._state.store.last_event() != before

    def _is_busy(self) -> bool:
        approved = self._state.rows(MessageStatus.APPROVED)
        return any(row.approved_version is not None for row in approved) or bool(being_drafted(self._state))


def _say_goodbye(state: StateManager, file: Path) -> None:
    waiting = Waiting(state)
    waiting.refresh()
    out.print(statistics_table(state))
    left = len(waiting.drafts)
    if left:
        out.print(f"{left} {'draft waits' if left == 1 else 'drafts wait'} for a decision and went nowhere.")
    for row in unanswered(state):
        out.print(f"For a person, on the phone: {row.message.get('fromName')}: {row.text}", markup=False)
    out.print(f"Look closer: signoff status --state {file}", markup=False)
