"""One case at the approval desk: the conversation, the text to decide about, and what must be known of it."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.text import Text

from ..clock import SECOND, local_iso, parse_iso
from ..lifecycle import Delivery
from ..model import JsonObject
from ..pipeline.asked import Asked, asked_again
from ..state import StateManager
from ..store.rows import Row
from .feed import full_name_of, short, text_of
from .terminal import SLACK, one_line, shown

CONTEXT = 20
"""How many messages of a conversation are looked at."""
_FRAME = 3
"""Lines that stand in every case: the two rules and a gap."""
_LEAST = 3
_HANG = 6


@dataclass(frozen=True, slots=True)
class Case:
    """What is shown when somebody is to decide.

    Attributes:
        answered: the id of the message that the draft answers.
        asked: that another draft was asked for; None where nobody did.
        beside: what is to be compared with the draft, with its heading; None where there is nothing.
    """

    row: Row
    name: str
    conversation: tuple[JsonObject, ...]
    answered: str | None = None
    asked: Asked | None = None
    beside: tuple[str, str] | None = None

    @property
    def is_unconfirmed(self) -> bool:
        """Whether the question is not what to send, but whether it arrived."""
        return self.row.delivery == Delivery.UNKNOWN

    @property
    def has_changed(self) -> tuple[object, ...]:
        """What must be the same for the case to be the one that was shown."""
        row = self.row
        said = tuple(str(entry.get("id")) for entry in self.conversation)
        return row.status, row.draft_version, row.stale, row.delivery, said


def open_case(state: StateManager, row: Row, beside: tuple[str, str] | None = None) -> Case:
    """The case of a message."""
    conversation = state.conversation(row.chat, CONTEXT) if row.chat else []
    answered = state.store.by_seq(row.answers) if row.answers is not None else None
    return Case(
        row,
        full_name_of(state, row),
        tuple(entry for entry in conversation if entry.get("id") != row.id),
        answered.id if answered else None,
        asked_again(state.store, state.account, answered) if answered else None,
        beside,
    )


def render_case(case: Case, console: Console, *, place: str = "", height: int | None = None) -> RenderableType:
    """The case, ruled off above and below.

    Args:
        place: what stands in the lower rule.
        height: in how many lines it must fit; what does not is left out, and that is said.
    """
    width = console.width - SLACK
    style = "red" if case.is_unconfirmed or case.row.stale else "blue"
    draft = _wrapped(Text(text_of(case.row.message)), console, width - 4)
    below = [Text(), *_beside(case, console, width - 4), *_notes(case, console, width - 2)]
    talk = [line for entry in case.conversation for line in _said(entry, case, console, width - 2)]
    if height is not None:
        room = max(height - _FRAME - len(below), 2 * _LEAST)
        draft = _first(draft, room - min(len(talk), _LEAST))
        talk = _last(talk, room - len(draft))
    gap = [Text()] if talk else []
    lines = [*talk, *gap, *_barred(draft, style), *below]
    inside = [Text.assemble("  ", line) for line in lines]
    return Group(_rule(_title(case), width, style), *inside, _rule(Text(place, style="dim"), width, style))


def _rule(label: Text, width: int, style: str) -> Text:
    """A line across the screen with a label in it."""
    rule = Text.assemble(("── ", style), label, " ") if label else Text()
    return rule.append("─" * max(width - rule.cell_len, 2), style=style)


def _title(case: Case) -> Text:
    title = Text(short(case.name), style="bold")
    if case.row.chat and case.row.chat != case.name:
        title.append(f" · {one_line(case.row.chat, 30)}", style="dim not bold")
    return title


def _said(entry: JsonObject, case: Case, console: Console, width: int) -> list[Text]:
    """One message of the conversation; the one that is answered stands out."""
    ours = "recipient" in entry
    name = "us" if ours else one_line(str(entry.get("fromName") or entry.get("from") or "?"), 24)
    line = Text.assemble((f"{_when(entry, case.row.changed_at)} ", "dim"), (f"{name}  ", "green" if ours else "cyan"))
    line.append(text_of(entry), style="bold" if entry.get("id") == case.answered else "")
    first, *rest = _wrapped(line, console, width - _HANG)
    return [first, *(Text.assemble(" " * _HANG, more) for more in rest)]


def _when(entry: JsonObject, today: int) -> str:
    """The time of a message; its day too, when that is another one."""
    stamp = entry.get("status_updated_at") if "recipient" in entry else entry.get("timestamp")
    try:
        moment = local_iso(parse_iso(stamp, today) if isinstance(stamp, str) else int(float(stamp or 0) * SECOND))
    except (TypeError, ValueError, OverflowError, OSError):
        return "--:--"
    return moment[11:16] if moment[:10] == local_iso(today)[:10] else moment[:16].replace("T", " ")


def _beside(case: Case, console: Console, width: int) -> list[Text]:
    if case.beside is None:
        return []
    heading, text = case.beside
    return [Text(f"{heading}:", style="cyan"), *_barred(_wrapped(Text(shown(text)), console, width), "cyan"), Text()]


def _notes(case: Case, console: Console, width: int) -> list[Text]:
    row = case.row
    notes = [Text(_origin(row), style="dim")]
    if case.asked is not None:
        notes.append(Text(_asked(case.asked, row), style="cyan"))
    if case.is_unconfirmed:
        notes.append(Text("Nobody knows whether this arrived: look at the chat on the phone.", style="red"))
    elif row.digest is None:
        notes.append(Text("It has no recipient: there is nothing to send.", style="yellow"))
    elif row.stale:
        notes.append(Text(f"Out of date: {one_line(row.stale)}.", style="red"))
    return [line for note in notes for line in _wrapped(note, console, width)]


def _origin(row: Row) -> str:
    version = f", version {row.draft_version}" if row.draft_version > 1 else ""
    source = f" · source: {one_line(row.note)}" if row.note else ""
    return f"by {one_line(row.author or row.changed_by, 40)}{version}{source}"


def _asked(asked: Asked, row: Row) -> str:
    """That another draft was asked for, and what came of it."""
    said = f": {one_line(asked.reason)}" if asked.reason else ""
    who = one_line(asked.by, 40)
    if asked.at < row.added_at:
        return f"Another draft, asked for by {who}{said}"
    return f"{'No other draft came' if asked.answered else 'Another draft is on its way'}, asked for by {who}{said}"


def _wrapped(text: Text, console: Console, width: int) -> list[Text]:
    return list(text.wrap(console, width)) or [Text()]


def _barred(lines: list[Text], style: str) -> list[Text]:
    return [Text.assemble(("┃ ", style), line) for line in lines]


def _first(lines: list[Text], room: int) -> list[Text]:
    if len(lines) <= room:
        return lines
    kept = lines[: max(room - 1, 1)]
    return [*kept, Text(f"… {len(lines) - len(kept)} more lines: press v to see all", style="reverse")]


def _last(lines: list[Text], room: int) -> list[Text]:
    return lines if len(lines) <= room else lines[len(lines) - max(room, 1) :]
