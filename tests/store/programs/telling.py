"""How the programs speak to the test that runs them."""

from __future__ import annotations

import json
import sys
from typing import Any


def say(line: str) -> None:
    """Print a line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def report(**result: Any) -> None:
    """Print the result."""
    say(json.dumps(result, default=repr))
