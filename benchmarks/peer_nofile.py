"""signoff as `peer_signoff` has it, without a state file."""

from __future__ import annotations

from pathlib import Path

import peer_signoff
from peer_signoff import DURABILITY, LARGEST, VERSION
from signoff.state import StateManager

__all__ = ["DURABILITY", "LARGEST", "NAME", "VERSION", "Peer"]

NAME = "signoff without a state file"


class Peer(peer_signoff.Peer):
    """A `StateManager` on ``state.db`` of a folder."""

    def __init__(self, folder: Path) -> None:
        self.manager = StateManager(folder / "state.db")
