"""Stories of a folder that is adopted, and brought back: ``python -m … NAME FOLDER TOLD``; and what must be found."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from signoff import MessageStatus, StateManager
from signoff.adopt import adopt, plan, undo
from signoff.adopt.copies import LOCK, PREFIX
from signoff.clock import system_clock
from signoff.errors import NotFound

from .aftermath import rebuild
from .disk import files_in
from .stories import ANA, DATABASE, OLD_FILE, STATE_FILE
from .told import Teller

MODULE = "tests.hard.powercut.adopting"
WHOLE = json.dumps(OLD_FILE).encode()
STORIES = {
    "adopt": WHOLE,
    "adopt a broken file": WHOLE[:-40],
    "undo": WHOLE,
    "undo what knows more": WHOLE,
}
"""Each with the state file that stands there at first."""
NEWS = {"id": "news", "from": ANA, "body": "What came since."}
MESSAGES = {MessageStatus.INCOMING: ["old-1"], MessageStatus.APPROVED: ["old-2"], MessageStatus.SENT: ["old-3"]}

Files = Mapping[str, bytes]


def build(folder: Path, state: bytes) -> None:
    """A folder of the old components, with a package, and files that are nobody's business."""
    package = folder / "whatsapp_assistant"
    for path in (package / "deep", folder / "__pycache__"):
        path.mkdir(parents=True)
    (folder / STATE_FILE).write_bytes(state)
    compiled = ("__pycache__/state_manager.cpython-311.pyc", "__pycache__/notes.cpython-311.pyc")
    for name in ("state_manager.py", "whatsapp_sender.py", "notes.py", *compiled):
        (folder / name).write_text(f"what stands in {name}\n" * 40)
    for name in ("__init__.py", "deep/data.bin", "deep/more.bin"):
        (package / name).write_text(f"what stands in {name}\n" * 40)


def prepare(story: str, folder: Path) -> None:
    """What happens before a story begins, and is safe."""
    if story.startswith("undo"):
        adopt(plan(folder), True, system_clock)
    if story.endswith("more"):
        with StateManager(folder / STATE_FILE) as state:
            state.add_message(dict(NEWS), MessageStatus.INCOMING)


def happen(story: str, folder: Path) -> None:
    """What is recorded."""
    if story.startswith("undo"):
        undo(folder)
    else:
        adopt(plan(folder), True, system_clock)


def judge(story: str, place: Path, files: Files, before: Files, ended: bool) -> list[str]:
    """What is not as it must be where a disk holds these files after a cut.

    Args:
        before: the folder before it was adopted.
        ended: whether the story had returned.
    """
    problems = []
    adopting = story.startswith("adopt")
    if ended and adopting and "state_manager.py" in files:
        problems.append("it was adopted, and the old modules are there again")
    if ended and not adopting and own(files) != before:
        problems.append("it was brought back, and is not as it was")
    if adopting:
        problems += _goes_on(place / "on", files, before, whole=story == "adopt")
    return problems + _brought_back(place / "back", files, before, ended and adopting, story.endswith("more"))


def _goes_on(folder: Path, files: Files, before: Files, whole: bool) -> list[str]:
    """Adopting goes on, and is undone."""
    rebuild(folder, files)
    problems = []
    try:
        adopt(plan(folder), True, system_clock)
        with StateManager(folder / STATE_FILE) as state:
            problems += state.check()
            found = {status: [message["id"] for message in state.get_messages(status)] for status in MESSAGES}
        if whole and found != MESSAGES:
            problems.append(f"adopted is {found}")
        problems += [f"{name} is still there" for name in files_in(folder) if name.startswith("state_manager")]
        undo(folder)
    except Exception as error:
        return [*problems, f"going on: {type(error).__name__}: {error}"]
    return problems + _differences("gone on and undone", files_in(folder), before)


def _brought_back(folder: Path, files: Files, before: Files, adopted: bool, knows_more: bool) -> list[str]:
    """All is brought back; what signoff knew more is kept."""
    rebuild(folder, files)
    try:
        undo(folder)
    except NotFound as error:
        if adopted:
            return [f"it was adopted: {error}"]
    except Exception as error:
        return [f"bringing back: {type(error).__name__}: {error}"]
    problems = _differences("brought back", files_in(folder), before)
    if knows_more and not any(map(_has_news, folder.rglob(DATABASE))):
        problems.append("what signoff knew more is lost")
    return problems


def _has_news(database: Path) -> bool:
    with StateManager(database) as state:
        return state.store.find(state.account, "news") is not None


def own(files: Files) -> dict[str, bytes]:
    """The files of a folder but the copies of adoptions."""
    return {name: content for name, content in files.items() if not name.startswith((PREFIX, LOCK))}


def _differences(when: str, files: Files, before: Files) -> list[str]:
    now = own(files)
    names = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
    return [f"{when}: {', '.join(names)} differs"] if names else []


if __name__ == "__main__":
    story, where, told_at = sys.argv[1:4]
    teller = Teller(Path(told_at))
    happen(story, Path(os.path.realpath(where)))
    teller.says("ended", story)
