"""Two accounts in one state, alike in all ids and addresses, and each with a mark of its own in all that is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signoff import StateManager
from signoff.clock import Clock
from signoff.lifecycle import MessageStatus

from .conftest import ManualClock
from .store.scenes import Scene

MARKS = {"default": "Quillfish", "shop": "Hornbeam"}
"""By account; nothing else holds these words."""
ENDPOINT = "http://127.0.0.1:9"
"""Where nobody answers."""


def address(number: int) -> str:
    """The contact who wrote ``m1``, ``m2`` …; the same in both accounts."""
    return f"155501002{number:02}@c.us"


def fill(path: Path, account: str, clock: ManualClock) -> None:
    """Give an account something of every kind.

    ``reply_m1`` to ``reply_m4`` wait for a decision, ``reply_m5`` is approved, ``reply_m6`` rejected; of ``reply_m7``
    to ``reply_m9`` nobody knows whether they arrived. ``s1`` is a script's own.
    """
    mark = MARKS[account]
    with StateManager(path, account=account, by=f"{mark} & Sons", clock=clock) as state:
        state.update_session_status(True, {"number": f"1555010{len(mark):04}", "name": f"{mark} Café"})
        state.update_config(
            {"motto": f"{mark} for ever", "api_endpoint": f"{ENDPOINT}/{mark}", "human_in_the_loop": True}
        )
        scene = Scene(state.store, clock, account)
        for number in (7, 8, 9, 1, 2, 3, 4, 5, 6):
            _draft(scene, number, mark)
            if number > 6:
                scene.approve(f"reply_m{number}")
                claim = scene.claim()
                assert claim is not None
                scene.store.unconfirmed(claim, f"{mark} time-out", by=mark, move=True)
        scene.approve("reply_m5")
        scene.reject("reply_m6", reason=f"{mark} says no")
        scene.script("s1", text=f"{mark} sells tea")
        state.store.add_record(state.account, "message_log", {"message": f"{mark} sent it", "id": "r1"}, by=mark)


def dump(path: Path, account: str, clock: Clock) -> str:
    """Everything that an account holds, as text."""
    with StateManager(path, account=account, clock=clock) as state:
        whole = state.get_full_state()
        del whole["metadata"]
        events = [tuple(logged) for logged in state.store.events(state.account, limit=100_000)]
        rows = [tuple(row) for status in MessageStatus for row in state.rows(status)]
        versions = [state.store.versions(row[0]) for row in rows]
        return json.dumps([whole, events, rows, versions], default=str)


def spelt_out(value: Any) -> str:
    """All that a value holds, as text: a row shows more than its ``repr``, an iterator what it gives."""
    if isinstance(value, Iterator):
        value = list(value)
    if isinstance(value, dict):
        return " ".join(f"{spelt_out(key)} {spelt_out(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return " ".join(map(spelt_out, value))
    return str(value)


def _draft(scene: Scene, number: int, mark: str) -> None:
    scene.receive(f"m{number}", address(number), f"{mark} asks {number}")
    scene.answer(f"{mark} answers {number}")
