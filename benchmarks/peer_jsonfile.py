"""The guide's one JSON file: read it, change it, write all of it, under a lock. Nothing is flushed to the disk."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from workload import Message

NAME = "JSON file"
VERSION = "json of Python, one file"
DURABILITY = "none: nothing is synced, and a crash leaves half a file"
LARGEST = 100_000

State = dict[str, Any]
_LISTS = ("incoming", "pending_approval", "approved", "rejected", "sent", "failed")


class Peer:
    """Everything in ``state.json`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.json"
        self._lock = threading.Lock()
        if not self._path.exists():
            self._write({"messages": {name: [] for name in _LISTS}, "statistics": dict.fromkeys(_LISTS, 0)})

    def add(self, message: Message) -> bool:
        """Add an incoming message."""

        def change(state: State) -> bool:
            state["messages"]["incoming"].append(message)
            state["statistics"]["incoming"] += 1
            return True

        return self._change(change)

    def move(self, message_id: str, source: str, target: str) -> bool:
        """Move a message."""

        def change(state: State) -> bool:
            found = next((message for message in state["messages"][source] if message["id"] == message_id), None)
            if found is None:
                return False
            state["messages"][source].remove(found)
            state["messages"][target].append(found | {"status": target, "status_updated_at": _now()})
            state["statistics"][target] += 1
            return True

        return self._change(change)

    def pending(self) -> list[Message]:
        """The messages that wait for approval, oldest first."""
        found: list[Message] = self._read()["messages"]["pending_approval"]
        return found

    def statistics(self) -> dict[str, Any]:
        """Totals."""
        found: dict[str, Any] = self._read()["statistics"]
        return found

    def fill(self, messages: Iterator[Message]) -> None:
        """Take in a history in one writing."""
        state = self._read()
        moved = {"status": "sent", "status_updated_at": _now()}
        state["messages"]["sent"] += [message | moved for message in messages]
        self._write(state)

    def close(self) -> None:
        """There is nothing to close."""

    def _change(self, change: Callable[[State], bool]) -> bool:
        with self._lock:
            state = self._load()
            changed = change(state)
            if changed:
                self._write(state)
            return changed

    def _read(self) -> State:
        with self._lock:
            return self._load()

    def _load(self) -> State:
        state: State = json.loads(self._path.read_text("utf-8"))
        return state

    def _write(self, state: State) -> None:
        self._path.write_text(json.dumps(state, indent=2, ensure_ascii=False), "utf-8")


def _now() -> str:
    return datetime.now().isoformat()  # noqa: DTZ005 - local time, as the guide has it
