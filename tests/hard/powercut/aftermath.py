"""Opening what a disk holds after a cut, and what must be found there."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from signoff import MessageStatus, StateManager
from signoff.digest import digest_of_bytes
from signoff.gateway import Accepted, Account, Event, Outcome, Outgoing, Unknown
from signoff.pipeline.outbox import Outbox
from signoff.statefile.exchange import HOLD
from signoff.store.restore import restore_database
from signoff.store.rows import Row

from ...conftest import ManualClock
from .stories import (
    BACKUP,
    CARELESS,
    DATABASE,
    FACE,
    REVISION,
    SESSION,
    SHOWN,
    STATE_FILE,
    face_of,
    messages_of,
    session_of,
)
from .told import Key, Told

_AGO = 1_700_000_000
"""When the files of a rebuilt folder were changed last: not just now, when somebody might still be writing them."""


class Found(NamedTuple):
    """What is found in a folder after a cut, and what happens when work goes on there.

    Attributes:
        things: by key, as `Story.look` sees them.
        approved: recipient and text of what waits to be sent.
        sent: what was handed to the gateway now.
        problems: what nobody may ever find.
    """

    things: dict[Key, object]
    approved: Counter[tuple[str, str]]
    sent: Counter[tuple[str, str]]
    problems: list[str]


class Listener:
    """A gateway that takes everything and remembers it, and cannot look anything up."""

    name = "listener"
    can_lookup = False

    def __init__(self, sent: Counter[tuple[str, str]]) -> None:
        self._sent = sent

    def send(self, message: Outgoing) -> Outcome:
        """Take it."""
        self._sent[message.chat, message.text[:SHOWN]] += 1
        return Accepted(f"later-{message.token}")

    def lookup(self, message: Outgoing) -> Outcome:
        """Knows nothing of what was before the cut."""
        return Unknown("nobody knows")

    def account(self) -> Account | None:
        """Nobody."""
        return None

    def events(self, wait: float) -> list[Event]:
        """Nothing."""
        return []

    def acknowledge(self, events: object) -> None:
        """Nothing."""

    def typing(self, chat: str) -> None:
        """Nothing."""

    def mark_read(self, chat: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def rebuild(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder that holds these files, changed long ago.

    What SQLite maps into memory (-shm) was not recorded and is nought here: whoever opens it first begins it anew.
    """
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (_AGO, _AGO))


def find(folder: Path, files: Mapping[str, bytes]) -> Found:
    """Open the state that these files hold, go on with it much later, and say what there is."""
    rebuild(folder, files)
    found = Found({}, Counter(), Counter(), [])
    for name, content in files.items():
        found.things["file", name] = found.things["copy", name] = digest_of_bytes(content)
    if STATE_FILE in files:
        found.things[REVISION], found.things[FACE] = _revision(files[STATE_FILE]), face_of(files[STATE_FILE])
    clock = ManualClock()
    clock.advance(6000)
    try:
        with StateManager(folder / STATE_FILE, by="later", clock=clock) as state:
            _look(state, found)
            _go_on(state, clock, found)
        if _revision((folder / STATE_FILE).read_bytes()) is None:
            found.problems.append("the state file was not written anew")
        if BACKUP in files:
            _restore(folder, clock, found)
    except Exception as error:
        found.problems.append(f"{type(error).__name__}: {error}")
    return found


def _look(state: StateManager, found: Found) -> None:
    """What there is, before anything is done."""
    found.problems.extend(state.check())
    whole = state.get_full_state()
    if whole.get(HOLD):
        found.problems.append(f"the outbox is held: {whole[HOLD]}")
    found.things.update({("setting", key): value for key, value in whole.items()})
    found.things[SESSION] = session_of(state)
    for name, message in messages_of(state).items():
        found.things["message", name] = found.things["fate", name] = message
    found.approved.update(_of(row) for row in _rows(state) if _is_sendable(row))


def _go_on(state: StateManager, clock: ManualClock, found: Found) -> None:
    """Let the outbox do all that is to be done."""
    unsettled = [row.id for row in _rows(state) if row.delivery == "open"]
    outbox = Outbox(state, Listener(found.sent), jitter=lambda: 0.5)
    while outbox.round():
        clock.advance(60)
    for name in unsettled:
        row = state.get_message(name)
        if (row.status, row.reason, row.delivery) != ("failed", "unconfirmed", "unknown"):
            found.problems.append(f"{name} was being sent, and is {row.status} ({row.reason})")
    found.problems.extend(state.check())


def _restore(folder: Path, clock: ManualClock, found: Found) -> None:
    """Whatever an earlier attempt left behind, the backup can be restored, and then nothing goes out."""
    restore_database(folder / DATABASE, folder / BACKUP, folder / "again.db", hold=HOLD, clock=clock)
    with StateManager(folder / STATE_FILE, by="later", clock=clock) as state:
        found.problems.extend(state.check())
        if Outbox(state, Listener(found.sent)).round():
            found.problems.append("after a restore something is sent")


def judge(found: Found, told: Told, place: int) -> list[str]:
    """What is not as it must be, when so much had been told."""
    problems = list(found.problems)
    for key, possible in told.possible(place).items():
        thing = found.things.get(key)
        if not _is_possible(key, thing, possible):
            problems.append(f"{key} is {thing!r} and must be one of {possible}")
    approvals, handed = told.texts("approving", place), told.texts("handed", place)
    handed.subtract(told.texts("refused", place))
    for text, times in found.sent.items():
        if times + handed[text] > approvals[text]:
            problems.append(f"{text} was approved {approvals[text]} times and left {times + handed[text]} times")
    if found.sent != found.approved:
        problems.append(f"sent now: {found.sent}; what was approved: {found.approved}")
    return problems


def _is_possible(key: Key, thing: object, possible: Sequence[object]) -> bool:
    if key == REVISION:
        least = min(value if isinstance(value, int) else 0 for value in possible)
        return (thing if isinstance(thing, int) else 0) >= least
    if key[0] in ("setting", "session", "copy", "fate") and None in possible:
        return True
    return thing in possible or CARELESS in possible


def _revision(text: bytes) -> int | None:
    try:
        revision: int = json.loads(text)["metadata"]["revision"]
    except (ValueError, KeyError):
        return None
    return revision


def _rows(state: StateManager) -> list[Row]:
    return [row for status in MessageStatus for row in state.rows(status)]


def _is_sendable(row: Row) -> bool:
    return row.status == "approved" and row.approved_version is not None and row.delivery is None


def _of(row: Row) -> tuple[str, str]:
    return row.chat or "", row.text[:SHOWN]
