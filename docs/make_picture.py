"""Draws docs/demo.svg: the screen of ``signoff demo`` at a moment when something waits for a decision.

Run it as ``python docs/make_picture.py [TARGET]``. It plays the demo with the real service, approves two drafts, and
has rich export what the terminal then shows.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from contextlib import closing
from datetime import datetime
from io import StringIO
from pathlib import Path

os.environ |= {"FORCE_COLOR": "1", "COLUMNS": "90", "LINES": "40"}

from signoff import MessageStatus, StateManager
from signoff.assistant import load_assistant
from signoff.cli.case import open_case, render_case
from signoff.cli.desk import keys_line
from signoff.cli.feed import Feed
from signoff.cli.terminal import out
from signoff.clock import SECOND
from signoff.gateway.simulator import DEMO_SCRIPT, Simulator
from signoff.service import Service
from signoff.store.rows import Row

PICTURE = Path(__file__).with_name("demo.svg")
TURNS = 6
"""Of the demo's script: until three contacts have asked, and a fourth."""
PATIENCE = 30.0


class Afternoon:
    """A clock that begins at two in the afternoon and runs as the real one does."""

    def __init__(self) -> None:
        self._offset = int(datetime(2026, 11, 20, 14, 0).timestamp()) * SECOND - time.time_ns() // 1000

    def __call__(self) -> int:
        return time.time_ns() // 1000 + self._offset


def main(target: Path) -> None:
    """Play, decide, draw."""
    out.record, out.file = True, StringIO()
    out.print("$ signoff demo", style="bold")
    clock = Afternoon()
    with tempfile.TemporaryDirectory() as folder, StateManager(Path(folder) / "state.db", clock=clock) as state:
        state.set_config("human_in_the_loop", True)
        with closing(Simulator(Path(folder) / "world", script=DEMO_SCRIPT[:TURNS], clock=clock)) as world:
            service = Service(state, world, load_assistant("faq"), "faq")
            service.start()
            try:
                draw(state, Feed(state))
            finally:
                service.stop()
    svg = out.export_svg(title="signoff demo", clear=True)
    target.write_text(without_remote_fonts(svg), encoding="utf-8")


def draw(state: StateManager, feed: Feed) -> None:
    """What the screen shows once two drafts were approved and read, and others wait."""
    for _ in range(2):
        draft = wait_for(state, 1)[0]
        show(feed)
        state.approve(draft.id, draft.draft_version, by="maria")
        wait_until_read(state, draft)
        show(feed)
    waiting = wait_for(state, 2)
    show(feed)
    out.print(render_case(open_case(state, waiting[0]), out, place=f"{len(waiting)} waiting"))
    out.print(keys_line(open_case(state, waiting[0])))


def wait_until_read(state: StateManager, draft: Row) -> None:
    """Wait until what was approved is sent and read."""
    end = time.monotonic() + PATIENCE
    while not (attempts := state.store.attempts(draft.seq)) or attempts[-1].ack != "read":
        assert time.monotonic() < end
        time.sleep(0.05)


def wait_for(state: StateManager, count: int) -> list[Row]:
    """The drafts that wait, as soon as there are so many."""
    end = time.monotonic() + PATIENCE
    while len(rows := list(state.rows(MessageStatus.PENDING_APPROVAL))) < count:
        assert time.monotonic() < end
        time.sleep(0.05)
    return rows


def show(feed: Feed) -> None:
    """Print what has happened."""
    for line in feed.news():
        out.print(line)


def without_remote_fonts(svg: str) -> str:
    """The picture with the fonts of whoever looks at it: it loads nothing from anywhere."""
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
