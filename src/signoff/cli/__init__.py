"""The command line, ``signoff``: a file for each group of commands, and the approval desk that several use."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``signoff`` with these arguments, or those of the process; the exit code."""
    from .app import run_app

    return run_app(arguments)
