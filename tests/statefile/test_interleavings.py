"""Scripts that write old copies of the file back undo nobody's change, however their steps and others' interleave."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from state_manager import MessageStatus

from ..conftest import ManualClock
from .conftest import Document, Face

S = MessageStatus
FIELDS = {
    "own": ("own",),
    "deep one": ("deep", "one"),
    "deep two": ("deep", "two"),
    "interval": ("watcher_config", "poll_interval_seconds"),
    "validity": ("session", "validation_interval_minutes"),
    "name": ("account_info", "name"),
}
VALUES = st.integers(1, 5)
SCRIPTS = st.sampled_from(["one", "other"])
FIELD_NAMES = st.sampled_from(list(FIELDS))


def at(document: Document, field: str) -> Any:
    value: Any = document
    for name in FIELDS[field]:
        value = value[name]
    return value


def put_at(document: Document, field: str, value: object) -> None:
    *groups, last = FIELDS[field]
    for name in groups:
        document = document[name]
    document[last] = value


class Edit:
    """One change that a script made in the text of the file, and whether that has been taken up."""

    def __init__(self, field: str, value: int) -> None:
        self.field = field
        self.value = value
        self.taken = False


class Text:
    """What stands in the file, or in a script's memory: a document and the edits in it."""

    def __init__(self, document: Document, edits: list[Edit]) -> None:
        self.document = document
        self.edits = edits

    @property
    def revision(self) -> int:
        number: int = self.document["metadata"]["revision"]
        return number


class Interleavings(RuleBasedStateMachine):
    """Two scripts, a manager and a writer of the file, in any order; beside them a plain model of what must be."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="signoff-")
        self.face = Face(Path(self.folder.name) / "state.json", ManualClock())
        self.face.begin()
        self.model = dict.fromkeys(FIELDS, 1)
        for field in FIELDS:
            self._set(field, 1)
        self.statuses: dict[str, MessageStatus] = {}
        self.held: dict[str, Text] = {}
        self.shown: dict[int, dict[str, int]] = {}
        self.taken: dict[tuple[int, str], set[int]] = {}
        self.write()

    def teardown(self) -> None:
        if hasattr(self, "face"):
            self.face.close()
            self.folder.cleanup()

    @rule(field=FIELD_NAMES, value=VALUES)
    def somebody_sets(self, field: str, value: int) -> None:
        self._set(field, value)
        self.model[field] = value

    @rule()
    def somebody_adds(self) -> None:
        name = f"m{len(self.statuses)}"
        self.face.manager.add_message({"id": name, "body": name}, S.INCOMING)
        self.statuses[name] = S.INCOMING

    @precondition(lambda self: self.statuses)
    @rule(data=st.data(), status=st.sampled_from(list(MessageStatus)))
    def somebody_moves(self, data: st.DataObject, status: MessageStatus) -> None:
        name = data.draw(st.sampled_from(sorted(self.statuses)))
        assert self.face.manager.move_message(name, self.statuses[name], status)
        self.statuses[name] = status

    @rule(script=SCRIPTS)
    def a_script_reads(self, script: str) -> None:
        self.held[script] = Text(self.face.read(), list(self.file.edits))

    @precondition(lambda self: self.held)
    @rule(script=SCRIPTS, field=FIELD_NAMES, value=VALUES)
    def a_script_writes_back_with_one_change(self, script: str, field: str, value: int) -> None:
        if script not in self.held:
            return
        held = self.held[script]
        document = copy.deepcopy(held.document)
        edits = [edit for edit in held.edits if edit.field != field] if at(document, field) != value else held.edits
        if at(document, field) != value and self._is_new(held.revision, field, value):
            edits = [*edits, Edit(field, value)]
        put_at(document, field, value)
        self.face.put(document)
        self.file = Text(document, edits)
        self.held[script] = Text(document, edits)

    @rule()
    def a_manager_looks(self) -> None:
        self.face.file.take_up()
        self._taken_up()

    @rule()
    def write(self) -> None:
        self.face.file.write()
        if hasattr(self, "file"):
            self._taken_up()
        self.file = Text(self.face.read(), [])
        self.shown[self.file.revision] = {field: at(self.file.document, field) for field in FIELDS}

    @invariant()
    def all_is_as_everybody_wanted_it(self) -> None:
        if not hasattr(self, "file"):
            return
        state = self.face.manager.get_full_state()
        assert {field: at(state, field) for field in FIELDS} == self.model
        lists = {entry["id"]: status for status in MessageStatus for entry in state["messages"][status.value]}
        assert lists == self.statuses

    def _set(self, field: str, value: int) -> None:
        if field == "name":
            self.face.manager.change_session(
                lambda session: session._replace(account_info={**session.account_info, "name": value}), "named"
            )
        elif field == "validity":
            self.face.manager.change_session(
                lambda session: session._replace(validation_interval_minutes=value), "interval"
            )
        else:
            change: Any = value
            for name in reversed(FIELDS[field]):
                change = {name: change}
            self.face.manager.update_config(change)

    def _is_new(self, revision: int, field: str, value: int) -> bool:
        """Neither what the file of that revision said, nor what was taken up from such a file already."""
        return value not in (self.shown[revision][field], *self.taken.get((revision, field), ()))

    def _taken_up(self) -> None:
        for edit in self.file.edits:
            if not edit.taken:
                self.model[edit.field] = edit.value
                self.taken.setdefault((self.file.revision, edit.field), set()).add(edit.value)
                edit.taken = True


Interleavings.TestCase.settings = settings(
    max_examples=50,
    stateful_step_count=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
TestInterleavings = pytest.mark.slow(Interleavings.TestCase)
