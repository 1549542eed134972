"""Runs the service over a simulated world, as ``signoff run`` does: to be killed by a test and started again.

The folder holds ``options.json``: script, rates, can_lookup, acks and lease of the run.
"""

from __future__ import annotations

import json
import logging
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signoff import StateManager
from signoff.clock import SECOND
from signoff.gateway.simulator import Simulator, Turn
from signoff.service import Service

STATE_FILE = "whatsapp_state.json"
DEFAULTS: dict[str, Any] = {"script": [], "rates": {}, "can_lookup": True, "acks": [["server", 0.0]], "lease": 0.3}


def write_options(folder: Path, **options: Any) -> None:
    """Say how the service in this folder is to be run."""
    (folder / "options.json").write_text(json.dumps({**DEFAULTS, **options}))


def open_world(folder: Path, *, quiet: bool = False) -> Simulator:
    """The world of a folder; ``quiet`` has no faults by chance."""
    options = json.loads((folder / "options.json").read_text())
    return Simulator(
        folder / "world",
        script=[Turn(**turn) for turn in options["script"]],
        rates={} if quiet else options["rates"],
        acks=[(ack, seconds) for ack, seconds in options["acks"]],
        can_lookup=options["can_lookup"],
        random=random.Random(),
    )


def answer(message: Mapping[str, Any], _: Sequence[Mapping[str, Any]]) -> str:
    """What the assistant of all these runs drafts."""
    return f"Answer to: {message['body']}"


def main(folder: Path, quiet: bool) -> None:
    logging.basicConfig(filename=folder / "service.log", level=logging.INFO)
    lease = json.loads((folder / "options.json").read_text())["lease"]
    with StateManager(folder / STATE_FILE, by="service") as state:
        service = Service(state, open_world(folder, quiet=quiet), answer, lease=int(lease * SECOND))
        sys.stdout.write("up\n")
        sys.stdout.flush()
        service.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), quiet="--quiet" in sys.argv)
