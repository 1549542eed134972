"""The command line, ``signoff``: a file for each group of commands, and the approval desk that several use."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``signoff`` with these arguments, or those of the process; the exit code."""
    try:
        from .app import run_app

        return run_app(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130
