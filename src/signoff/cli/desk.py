"""The approval desk in the terminal: one case at a time, one key for each decision, live over whatever comes in."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from ..errors import SignoffError
from ..lifecycle import MessageStatus
from ..state import StateManager
from ..store.rows import Row
from .case import Case, open_case, render_case
from .editor import edited
from .feed import Beside, Feed, GoesOn, nothing_beside, short
from .history import history_lines
from .keys import Keys
from .terminal import one_line, out
from .waiting import Waiting

LOOK = 0.1
"""Seconds between two looks at the store."""
GRACE = 0.3
"""Seconds for which keys are forgotten after a case has appeared: they were meant for the one before."""
_BELOW = 4

_DRAFT = {"a": "approve", "e": "edit", "r": "reject", "n": "new draft", "s": "skip", "q": "quit"}
_STALE = {"A": "approve anyway", "e": "edit", "r": "reject", "n": "new draft", "s": "skip", "q": "quit"}
_UNCONFIRMED = {"y": "it arrived", "g": "send again", "x": "give up", "s": "skip", "q": "quit"}
_MUTE = {"r": "reject", "s": "skip", "q": "quit"}
_MORE = "Also: R reject with a reason · N new draft, and how · v see all · d history"


class Desk:
    """Asks the person at the terminal about everything that waits for a decision.

    Args:
        by: who decides.
        goes_on: False ends the desk.
        beside: what to show beside a draft.
        feed: what happens, shown above the case.
    """

    def __init__(
        self, state: StateManager, by: str, *, goes_on: GoesOn, beside: Beside = nothing_beside, feed: Feed
    ) -> None:
        self._state = state
        self._by = by
        self._goes_on = goes_on
        self._beside = beside
        self._feed = feed
        self._waiting = Waiting(state)
        self._seen = -1
        self._size = out.size
        self._case: Case | None = None
        self._skipped: list[int] = []
        self._decided: set[int] = set()
        self._notice = ""
        self._decide: dict[str, Callable[[Row], object]] = {
            "a": self._approve,
            "A": self._approve,
            "r": self._reject,
            "n": self._ask_again,
            "y": self._confirm_sent,
            "g": self._send_again,
            "x": self._give_up,
        }

    def run(self) -> None:
        """Ask until `goes_on` says that nothing more will come, or the person quits."""
        with Keys() as keys, Live(console=out, auto_refresh=False, transient=True) as live:
            while True:
                self._look(keys, live)
                if not self._goes_on(self._case is not None):
                    self._tell(live)
                    return
                key = keys.read(0 if self._has_news() else LOOK)
                if key == "q":
                    return
                if key is not None:
                    self._pressed(key, keys, live)

    def _look(self, keys: Keys, live: Live) -> None:
        """Show what has changed."""
        if not self._has_news():
            return
        self._seen, self._size = self._state.store.last_event(), out.size
        self._tell(live)
        self._waiting.refresh()
        before, self._case = self._case, self._next()
        if before is not None and (self._case is None or self._case.row.seq != before.row.seq):
            self._tell_gone(before)
        if self._case is None or before is None or self._case.has_changed != before.has_changed:
            self._show(keys, live)
        else:
            self._draw(live)

    def _has_news(self) -> bool:
        return self._seen != self._state.store.last_event() or self._size != out.size

    def _tell(self, live: Live) -> None:
        for line in self._feed.news():
            live.console.print(line)

    def _tell_gone(self, before: Case) -> None:
        """Say who decided about the case that was shown, where it was not this desk."""
        row = self._state.store.by_seq(before.row.seq)
        if row is None or row.seq in self._decided or row.seq in self._skipped:
            return
        name = short(before.name)
        if row.status == MessageStatus.REJECTED.value:
            self._notice = f"{name}: {row.reason or 'rejected'} by {row.changed_by} meanwhile"
        elif row.approved_by is not None and not before.is_unconfirmed:
            self._notice = f"{name}: approved by {row.approved_by} meanwhile"
        else:
            self._notice = f"{name}: {row.changed_what} by {row.changed_by} meanwhile"

    def _next(self) -> Case | None:
        """The case that is shown while it waits, else the oldest; those that were skipped come last."""
        rows = [*self._waiting.unconfirmed, *self._waiting.drafts]
        waiting = {row.seq: row for row in rows}
        self._skipped = [seq for seq in self._skipped if seq in waiting]
        if self._case is not None and self._case.row.seq in waiting and self._case.row.seq not in self._skipped:
            return self._open(waiting[self._case.row.seq])
        fresh = [seq for seq in waiting if seq not in self._skipped]
        chosen = (fresh or self._skipped)[:1]
        return self._open(waiting[chosen[0]]) if chosen else None

    def _open(self, row: Row) -> Case:
        return open_case(self._state, row, self._beside(row))

    def _show(self, keys: Keys, live: Live) -> None:
        """Show another case, or the same in another state: what was pressed before was not meant for it."""
        if self._case is not None:
            self._draw(live, ready=False)
            keys.drain(GRACE)
        self._draw(live)

    def _draw(self, live: Live, *, ready: bool = True) -> None:
        live.update(self._screen(ready), refresh=True)

    def _screen(self, ready: bool) -> RenderableType:
        notice = [Text(one_line(self._notice), style="yellow")] if self._notice else []
        if self._case is None:
            return Group(*notice, Text(self._idle(), style="dim"))
        keys = keys_line(self._case) if ready else Text(" ")
        return Group(render_case(self._case, out, place=self._place(), height=out.height - _BELOW), *notice, keys)

    def _idle(self) -> str:
        scripts = len(self._waiting.by_script)
        more = f"; {scripts} approved by a script, which sends it itself" if scripts else ""
        return f"Nothing waits for you{more}. q quits."

    def _place(self) -> str:
        left = len(self._waiting.drafts) + len(self._waiting.unconfirmed)
        return f"{left} waiting" if left > 1 else ""

    def _pressed(self, key: str, keys: Keys, live: Live) -> None:
        case, self._notice = self._case, ""
        if case is None:
            return
        try:
            self._do(key, case, keys, live)
        except SignoffError as error:
            self._notice = str(error)
        self._seen = -1

    def _do(self, key: str, case: Case, keys: Keys, live: Live) -> None:
        if key == "s":
            self._skip(case.row)
        elif key == "v":
            live.console.print(render_case(case, out))
        elif key == "d":
            self._show_history(case.row, live)
        elif key == "e" and "e" in keys_for(case):
            self._edit(case.row, keys, live)
        elif key == "R" and "r" in keys_for(case):
            self._reject_because(case.row, keys, live)
        elif key == "N" and "n" in keys_for(case):
            self._ask_again_for(case.row, keys, live)
        elif key in keys_for(case):
            self._decide[key](case.row)
            self._decided.add(case.row.seq)
        elif key == "a" and "A" in keys_for(case):
            self._notice = "It is out of date. Press A to approve it anyway, or n for a new draft."
        else:
            self._notice = _MORE

    def _skip(self, row: Row) -> None:
        self._skipped = [seq for seq in self._skipped if seq != row.seq] + [row.seq]
        if len(self._waiting.drafts) + len(self._waiting.unconfirmed) == 1:
            self._notice = "It is the only one that waits."

    def _approve(self, row: Row) -> None:
        self._state.approve(row.id, row.draft_version, by=self._by, despite=row.stale, seen=row.message_status)

    def _reject(self, row: Row, reason: str | None = None) -> None:
        self._state.reject(row.id, reason, row.draft_version, by=self._by, seen=row.message_status)

    def _ask_again(self, row: Row, reason: str | None = None) -> None:
        self._state.ask_again(row.id, reason, row.draft_version, by=self._by, seen=row.message_status)
        self._notice = "Asked for another draft; this one stays until it is there."

    def _confirm_sent(self, row: Row) -> None:
        self._state.confirm_sent(row.id, by=self._by)

    def _send_again(self, row: Row) -> None:
        self._state.send_again(row.id, by=self._by)

    def _give_up(self, row: Row) -> None:
        self._state.give_up(row.id, by=self._by)

    def _edit(self, row: Row, keys: Keys, live: Live) -> None:
        text = self._aside(lambda: edited(row.text), keys, live)
        if text is None:
            self._notice = "The text was left as it is."
        else:
            self._state.edit(row.id, text, row.draft_version, by=self._by, seen=row.message_status)

    def _reject_because(self, row: Row, keys: Keys, live: Live) -> None:
        reason = self._aside(lambda: input("Why is it rejected? "), keys, live)
        self._reject(row, (reason or "").strip() or None)
        self._decided.add(row.seq)

    def _ask_again_for(self, row: Row, keys: Keys, live: Live) -> None:
        reason = self._aside(lambda: input("How shall the new draft be? "), keys, live)
        if reason is None or not reason.strip():
            self._notice = "Nothing was asked for: n asks for another draft without a word."
        else:
            self._ask_again(row, reason.strip())
            self._decided.add(row.seq)

    def _aside(self, ask: Callable[[], str | None], keys: Keys, live: Live) -> str | None:
        """Ask with the terminal as it usually is."""
        live.update(Text(), refresh=True)
        live.stop()
        try:
            with keys.paused():
                return ask()
        except EOFError:
            return None
        finally:
            live.start()

    def _show_history(self, row: Row, live: Live) -> None:
        live.console.print(*history_lines(self._state.history(row.id)), sep="\n")


def keys_for(case: Case) -> dict[str, str]:
    """The keys that decide about a case, and what they mean."""
    if case.is_unconfirmed:
        return _UNCONFIRMED
    if case.row.digest is None:
        return _MUTE
    keys = _STALE if case.row.stale else _DRAFT
    return keys if case.row.answers is not None else {key: name for key, name in keys.items() if key != "n"}


def keys_line(case: Case) -> Text:
    """The keys, as they stand below a case."""
    line = Text(" ")
    for key, meaning in keys_for(case).items():
        line.append(f" {key} ", style="reverse")
        line.append(f" {meaning}  ")
    return line
