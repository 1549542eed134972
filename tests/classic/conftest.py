"""A state file in a folder of its own, a simulated WhatsApp, and the components on top of both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff import StateManager
from signoff.classic import WhatsAppSender
from signoff.gateway.simulator import Simulator

PHONE = "15550100111"
TEXT = "Your table is booked. ☕"


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "whatsapp_state.json"


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
def manager(state_file: Path) -> Iterator[StateManager]:
    """The script's own manager; the state is verified at the end."""
    with StateManager(state_file, by="script") as manager:
        yield manager
        assert manager.check() == []


@pytest.fixture
def sender(manager: StateManager, state_file: Path, simulator: Simulator) -> Iterator[WhatsAppSender]:
    sender = WhatsAppSender(state_file, gateway=simulator)
    yield sender
    sender.close()
