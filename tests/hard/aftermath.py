"""What must be found after a life that ended somewhere, whatever had become of it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from signoff import StateManager
from signoff.clock import HOUR
from signoff.gateway.simulator import Simulator
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.outbox import Outbox
from signoff.store.upkeep import verify_copy

from .life import BEGINNING, CHATS, INCOMING, STATE_FILE, Fact

ANSWERS = {"reply_w0": "Answer to: Question 0", "reply_w1": "In other words"}
"""What may be delivered."""
MARK = "looked at afterwards"


def later() -> int:
    """A time at which every lease of the life has run out."""
    return BEGINNING + 10 * HOUR


def insist(folder: Path, said: list[dict[str, Any]]) -> None:
    """Everything acknowledged is there, nothing is sent twice, the state file is whole, and it all goes on."""
    json.loads((folder / STATE_FILE).read_text())
    with StateManager(folder / STATE_FILE, by="afterwards", clock=later) as state:
        assert state.check() == []
        for line in said:
            for fact in line.get("facts", []):
                assert _holds(state, folder, fact), (fact, line["step"])
        _insist_on_one_delivery_each(state, folder)
        assert state.add_message({"id": MARK, "body": "Hello"}, INCOMING)
        assert state.check() == []
    document = json.loads((folder / STATE_FILE).read_text())
    assert document["messages"]["incoming"][-1]["id"] == MARK


def _holds(state: StateManager, folder: Path, fact: Fact) -> bool:
    kind, name, *value = fact
    if kind == "event":
        return value[0] in [event["kind"] for event in state.history(name)]
    if kind == "setting":
        return bool(state.get_config(name) == value[0])
    if kind in ("session", "account"):
        return bool(state.get_config("session" if kind == "session" else "account_info")[name] == value[0])
    if kind == "state":
        return bool(json.loads((folder / name).read_text())["messages"])
    assert kind == "database"
    return verify_copy(folder / name) == []


def _insist_on_one_delivery_each(state: StateManager, folder: Path) -> None:
    """Nothing looks anything up, so whatever is not known must stay unsent; and what was delivered is not FAILED."""
    world = Simulator(folder / "world", acks=[], can_lookup=False, clock=later, random=Random(1))
    before = Counter((delivery.chat, delivery.text) for delivery in world.deliveries())
    outbox = Outbox(state, world)
    while outbox.round():
        pass
    after = Counter((delivery.chat, delivery.text) for delivery in world.deliveries())
    assert set(after.values()) <= {1}, (before, after)
    assert {text for _, text in after} <= set(ANSWERS.values())
    for message_id, text in ANSWERS.items():
        row = state.store.find(state.account, message_id)
        if (CHATS[int(message_id[-1])], text) in after:
            assert row is not None
            assert row.status == "sent" or (row.status, row.reason) == ("failed", "unconfirmed"), row
        else:
            assert row is None or row.status != "sent", row
    Inbox(state, world, wait=0).round()
    assert {f"w{number}" for number in range(3)} <= {row.id for row in state.rows(INCOMING)}
    world.close()
