"""The stories that are recorded. Each runs in a process of its own: ``python -m … NAME FOLDER TOLD``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signoff import MessageStatus, StateManager
from signoff.digest import digest_of_file
from signoff.gateway import Outcome, Outgoing, Refused
from signoff.gateway.simulator import Simulator
from signoff.pipeline.approval import Approval
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.outbox import Outbox
from signoff.service import Service
from signoff.statefile.exchange import HOLD, parse
from signoff.store import migrate
from signoff.store.migrate import Migration
from signoff.store.restore import restore_database

from ...conftest import ManualClock
from ...waiting import eventually
from .told import Key, Teller

STATE_FILE = "whatsapp_state.json"
MODULE = "tests.hard.powercut.stories"
BACKUP = "copies/of/monday.db"
DATABASE = "whatsapp_state.db"
EXPORT = "out/export.json"
KEPT = "kept.db"
ANA = "15550100171@c.us"
BEN = "15550100172@c.us"

PENDING = MessageStatus.PENDING_APPROVAL
INCOMING = MessageStatus.INCOMING
SESSION, NOTE, REVISION, FACE = ("session", ""), ("setting", "note"), ("revision", ""), ("state file", "")
CARELESS = "written by somebody careless"
"""What the state file is while somebody writes into it who syncs nothing."""
SHOWN = 40
"""How much of a text is told."""

OLD_FILE: dict[str, Any] = {
    "session": {"authenticated": True, "session_valid": True, "requires_qr": False},
    "messages": {
        "incoming": [{"id": "old-1", "from": ANA, "body": "Hello?", "timestamp": "2026-02-16T18:09:50"}],
        "approved": [{"id": "old-2", "recipient": BEN, "body": "Never signed off.", "timestamp": 1_771_000_000}],
        "sent": [{"id": "old-3", "recipient": ANA, "body": "Good morning.", "timestamp": 1_771_000_001}],
    },
    "statistics": {"total_incoming": 7, "total_sent": 5},
    "watcher_config": {"poll_interval_seconds": 9},
}
"""A state file of the time before there was a database."""
IMPORTED: list[tuple[str, list[object]]] = [
    ("old-1", ["incoming", None, "Hello?", 6]),
    ("old-2", ["approved", None, "Never signed off.", 17]),
    ("old-3", ["sent", None, "Good morning.", 13]),
]
"""What becomes of its messages."""


class Wire:
    """The way to a simulated WhatsApp; says what is handed over, and what is certainly refused."""

    name = "wire"
    can_lookup = False

    def __init__(self, world: Simulator, teller: Teller) -> None:
        self._world = world
        self._teller = teller
        self.account, self.events, self.acknowledge = world.account, world.events, world.acknowledge
        self.lookup, self.typing, self.mark_read = world.lookup, world.typing, world.mark_read

    def send(self, message: Outgoing) -> Outcome:
        """Hand a message over."""
        self._teller.says("handed", [message.chat, message.text[:SHOWN]])
        outcome = self._world.send(message)
        if isinstance(outcome, Refused):
            self._teller.says("refused", [message.chat, message.text[:SHOWN]])
        return outcome

    def close(self) -> None:
        """End."""
        self._world.close()


class Story:
    """A state in a folder, the stages that work on it, and short ways to let something happen and be told.

    Args:
        by: who does all this.
    """

    def __init__(self, folder: Path, told: Path, by: str = "maria") -> None:
        self.folder = folder
        self.told = told
        self.by = by
        self.teller = Teller(told)
        self.clock = ManualClock()
        self.world = Simulator(clock=self.clock, can_lookup=False)
        self.wire = Wire(self.world, self.teller)
        if folder.joinpath(STATE_FILE).exists() and not folder.joinpath(DATABASE).exists():
            self.teller.says("knows", [[FACE, "whole"], *([("message", name), found] for name, found in IMPORTED)])
        self.open()
        self.teller.knows(self.look, *(("file", path.name) for path in folder.glob("*_before_import_*")))

    def open(self) -> None:
        """Open the state; the stages too."""
        self.state = StateManager(self.folder / STATE_FILE, by=self.by, clock=self.clock)
        self.inbox = Inbox(self.state, self.world, wait=0)
        self.drafts = Drafts(self.state, answer)
        self.outbox = Outbox(self.state, self.wire, jitter=lambda: 0.5)

    def look(self, key: Key) -> object:
        """What something is, as `aftermath` sees it too."""
        kind, name = key
        if kind in ("file", "copy"):
            return digest_of_file(self.folder / name)
        if kind == "revision":
            return json.loads((self.folder / STATE_FILE).read_bytes())["metadata"]["revision"]
        if key == FACE:
            return face_of((self.folder / STATE_FILE).read_bytes())
        if kind == "setting":
            return self.state.get_config(name)
        if kind == "session":
            return session_of(self.state)
        return messages_of(self.state).get(name)

    def does(self, act: Callable[[], object], *ids: str, keys: Sequence[Key] = ()) -> None:
        """Let something happen that changes these messages and other things, and tell it."""
        self.clock.advance(1)
        with self.teller.changing(self.look, *(("message", name) for name in ids), *keys):
            act()

    def adds(self, name: str, text: str, chat: str = ANA) -> None:
        """A script adds a message that waits for approval."""
        message = {"id": name, "recipient": chat, "body": text}
        self.does(lambda: self.state.add_message(message, PENDING), name)

    def receives(self, text: str, chat: str = ANA) -> str:
        """A contact writes, and it is taken in and answered with a draft; the id of the draft."""
        name = self.world.contact_writes(chat, text, id=text.replace(" ", "-"))
        self.does(self.inbox.round, name, *messages_of(self.state))
        self.does(self.drafts.round, name, f"reply_{name}")
        return f"reply_{name}"

    def approves(self, name: str, act: Callable[[str], object] | None = None) -> None:
        """Somebody approves a message, by `approve` or in another way."""
        row = self.state.get_message(name)
        self.teller.says("approving", [row.chat, row.text[:SHOWN]])
        self.does(lambda: (act or self._approve)(name), name)

    def sends(self, *names: str, fault: str | None = None) -> None:
        """The outbox works, perhaps against a fault."""
        if fault is not None:
            self.world.fail_next(fault)
        self.does(self.outbox.round, *names)

    def sets(self, key: str, value: object) -> None:
        """Somebody sets something."""
        self.does(lambda: self.state.update_config({key: value}), keys=[("setting", key)])

    def closes(self) -> None:
        """The state is closed: its file is up to date then."""
        with self.teller.changing(self.look, REVISION):
            self.state.close()

    def closes_and_opens(self) -> None:
        """Close the state, and open it again: its file is up to date then."""
        self.state.close()
        self.open()

    def _approve(self, name: str) -> None:
        self.state.approve(name, despite=self.state.get_message(name).stale)


def answer(message: Mapping[str, Any], _: object) -> str:
    """What is drafted."""
    return f"Answer to {message['body']}"


def session_of(state: StateManager) -> list[object]:
    """What is compared of a session."""
    info = state.get_session_info()
    return [info["authenticated"], info["session_valid"], state.get_config("account_info")["number"]]


def face_of(text: bytes) -> str:
    """Whether a state file is one."""
    return "broken" if parse(text) is None else "whole"


def messages_of(state: StateManager) -> dict[str, list[object]]:
    """What is compared of the messages that are not cleared."""
    return {
        row.id: [row.status, row.reason, row.text[:SHOWN], len(row.text)]
        for status in MessageStatus
        for row in state.rows(status)
    }


def life(story: Story) -> None:
    """Everything that a state lives through in one process."""
    story.does(lambda: story.state.update_session_status(True, {"number": "15550100000"}), keys=[SESSION])
    first, second = story.receives("Are you open?"), story.receives("Is it open?", BEN)
    story.adds("s1", "Until six.")
    story.adds("s2", "Until seven.", BEN)
    story.approves(first)
    story.sends(first)
    story.does(lambda: story.state.edit(second, "Closed today."), second)
    story.approves(second)
    story.sends(second, fault="lose-answer")
    story.sets("watcher_config", {"poll_interval_seconds": 5})
    story.approves("s1")
    story.sends("s1", fault="refuse-passing")
    story.does(lambda: edited(story), keys=[("setting", "retry_config"), FACE])
    story.clock.advance(600)
    story.sends("s1")
    story.approves(second, story.state.send_again)
    story.does(lambda: story.state.reject("s2", "not now"), "s2")
    story.sends(second)
    story.sets("approval_config", {"rules": [{"name": "ana", "chats": [ANA]}]})
    third = story.receives("Is there parking?")
    story.approves(third, lambda _: Approval(story.state).round())
    story.sends(third)
    story.does(lambda: story.state.mark_session_invalid("logged out"), keys=[SESSION])
    story.does(lambda: story.state.reopen("s2"), "s2")
    story.adds("s3", "Tomorrow at nine.")
    story.approves("s3")
    story.does(lambda: story.state.move_message("old-1", INCOMING, MessageStatus.REJECTED), "old-1")
    story.does(lambda: story.state.forget(BEN), *messages_of(story.state))
    story.does(lambda: story.state.clear_messages(MessageStatus.SENT), *messages_of(story.state))
    story.closes()
    story.open()
    story.sends("s3", fault="lost")
    story.does(lambda: story.state.confirm_sent("s3"), "s3")


def copies(story: Story) -> None:
    """Backups are made and brought back, in every way there is."""
    reply = story.receives("Are you open?")
    story.adds("s1", "Until six.")
    story.approves(reply)
    story.approves("s1")
    story.sets("note", "before")
    story.does(lambda: story.state.store.backup(story.folder / BACKUP), keys=[("file", BACKUP)])
    story.does(lambda: story.state.export_state(story.folder / EXPORT), keys=[("file", EXPORT)])
    story.does(lambda: story.state.export_state(story.folder / EXPORT), keys=[("file", EXPORT)])
    made = story.state.backup_state()
    story.teller.knows(story.look, ("file", os.path.relpath(made, story.folder)))
    story.sends(reply, "s1")
    story.sets("note", "after")
    everything = [*messages_of(story.state)]
    story.does(lambda: copied_back(story, made), *everything, keys=[NOTE, FACE])
    story.sets("note", "after")
    story.does(lambda: story.state.restore_state(made), *everything, keys=[NOTE])
    story.adds("s2", "Until seven.", BEN)
    story.approves("s2")
    story.closes()
    story.does(lambda: restored(story), *everything, "s2", keys=[NOTE, ("copy", KEPT)])
    story.adds("s3", "Until eight.")
    story.closes()


def migration(story: Story) -> None:
    """A later version opens the state and changes the schema."""
    story.approves(story.receives("Are you open?"))
    everything = [*messages_of(story.state)]
    story.closes()
    with later_version():
        backup = f"{DATABASE}.before-migration-{story.clock.advance(1)}"
        with story.teller.changing(story.look, *(("message", name) for name in everything), ("file", backup)):
            story.open()
        story.adds("s1", "Until six.")
        story.closes()


def growth(story: Story) -> None:
    """So much is written that the -wal file is brought into the database and begun anew, again and again."""
    for number in range(24):
        story.adds(f"s{number}", f"{number} " + "long " * 60_000)
        if number % 6 == 0:
            story.approves(f"s{number}")
            story.sends(f"s{number}")


def company(story: Story) -> None:
    """One process adds and approves, another sends; both change settings, and open and close the state."""
    story.sets("turn", 0)
    names = [f"s{number}" for number in range(10)]
    command = [sys.executable, "-m", MODULE, "partner", *map(os.fspath, (story.folder, story.told)), *names]
    with subprocess.Popen(command) as partner:
        for number, name in enumerate(names):
            story.adds(name, f"Text {number}", (ANA, BEN)[number % 2])
            story.approves(name)
            story.sets("turn", number + 1)
            if number % 4 == 3:
                story.closes_and_opens()
        eventually(lambda: all(messages_of(story.state)[name][0] == "sent" for name in names))
        story.sets("turn", -1)
    assert partner.returncode == 0
    story.state.close()


def partner(story: Story) -> None:
    """The other process of `company`."""
    rounds, turn = 0, 0
    while turn >= 0:
        turn = story.state.get_config("turn")
        story.sends(*sys.argv[4:])
        story.clock.advance(60)
        story.sets("rounds", rounds)
        rounds += 1
    story.state.close()


def service(story: Story) -> None:
    """The whole service in its threads, and scripts in others: they share syncs."""
    story.sets("approval_config", {"rules": [{"name": "everybody", "chats": ["*"]}]})
    running = Service(story.state, story.wire, answer)
    running.start()
    scripts = [threading.Thread(target=scribble, args=(story, number)) for number in range(3)]
    for script in scripts:
        script.start()
    for number in range(6):
        asks(story, f"Question {number}", (ANA, BEN)[number % 2])
    for script in scripts:
        script.join()
    running.stop()
    story.state.close()


def scribble(story: Story, number: int) -> None:
    """A script that keeps books of its own."""
    for name in (f"script-{number}-{place}" for place in range(6)):
        story.does(lambda name=name: story.state.add_message({"id": name, "body": "Note"}, INCOMING), name)  # type: ignore[misc]
        story.does(lambda name=name: story.state.move_message(name, INCOMING, PENDING), name)  # type: ignore[misc]


def asks(story: Story, text: str, chat: str) -> None:
    """A contact asks, and gets an answer by the service."""
    name = text.replace(" ", "-")
    fates = [("fate", name), ("fate", f"reply_{name}")]
    story.teller.says("approving", [chat, f"Answer to {text}"])
    with story.teller.changing(story.look, *fates):
        story.world.contact_writes(chat, text, id=name)
        eventually(lambda: messages_of(story.state).get(f"reply_{name}", [""])[0] == "sent")


def edited(story: Story) -> None:
    """A careless script changes the state file in place and syncs nothing; the next look takes it up."""
    story.closes_and_opens()
    file = story.folder / STATE_FILE
    document = json.loads(file.read_bytes())
    document["retry_config"]["max_retries"] = 8
    story.teller.says("meanwhile", [[FACE, CARELESS]])
    file.write_text(json.dumps(document))
    eventually(lambda: story.state.get_config("retry_config")["max_retries"] == 8)
    story.closes_and_opens()


def copied_back(story: Story, backup: str) -> None:
    """A backup is copied over the state file, as the guide does it; the next look takes it up."""
    story.closes_and_opens()
    story.teller.says("meanwhile", [[FACE, CARELESS]])
    shutil.copy(backup, story.folder / STATE_FILE)
    eventually(lambda: story.state.get_config("note") == "before")
    story.closes_and_opens()


def restored(story: Story) -> None:
    """The backup of the database takes the place of it."""
    database, backup, kept = (story.folder / name for name in (DATABASE, BACKUP, KEPT))
    shown = digest_of_file(story.folder / STATE_FILE)
    restore_database(database, backup, kept, hold=HOLD, shown=shown, clock=story.clock)
    story.open()


@contextmanager
def later_version() -> Iterator[None]:
    """A version of signoff that knows one more step of the schema."""
    present = migrate.migrations
    script = "CREATE TABLE more (x TEXT) STRICT; INSERT INTO more VALUES ('made')"
    steps = (*present(), Migration(present()[-1].version + 1, "later", script))
    migrate.migrations = lambda: steps  # type: ignore[assignment]
    try:
        yield
    finally:
        migrate.migrations = present


BEGIN_WITH_A_FILE = ("life", "copies")
"""The stories in whose folder a state file stands before the first database."""
STORIES = {story.__name__: story for story in (life, copies, migration, growth, company, partner, service)}

if __name__ == "__main__":
    name, folder, told = sys.argv[1:4]
    STORIES[name](Story(Path(folder), Path(told), by=name))
