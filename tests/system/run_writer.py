"""A script that reads the state file, thinks, changes a setting and writes the whole back, until it is killed.

It is the careless kind: what it writes is out of date by then, and it writes over the file in place.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import Any


def write_back(file: Path, chance: random.Random) -> None:
    try:
        state: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError):
        return
    time.sleep(chance.uniform(0, 0.4))
    state.setdefault("watcher_config", {})["poll_interval_seconds"] = chance.randint(1, 60)
    if chance.random() < 0.2:
        state["human_in_the_loop"] = chance.random() < 0.7
    file.write_text(json.dumps(state, indent=2))


if __name__ == "__main__":
    sys.stdout.write("up\n")
    sys.stdout.flush()
    while True:
        write_back(Path(sys.argv[1]) / "whatsapp_state.json", random.Random())
