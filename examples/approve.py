"""Sign off from a script.

    python examples/approve.py                   what waits for a decision
    python examples/approve.py ID VERSION        approve exactly that version of that draft

The version is the one you were shown. If the text has changed since, nothing is approved. ``signoff run`` sends what is
approved.
"""

from __future__ import annotations

import getpass
import sys

from signoff import MessageStatus, SignoffError, StateManager


def show(manager: StateManager) -> None:
    """Print every message that waits, with the version that a decision is about."""
    for row in manager.rows(MessageStatus.PENDING_APPROVAL):
        print(f"{row.id} version {row.draft_version}, by {row.author or row.changed_by}, to {row.chat}")
        for line in row.text.splitlines():
            print(f"    {line}")
        if row.stale:
            print(f"    (out of date: {row.stale})")


def approve(manager: StateManager, message_id: str, version: int) -> int:
    """Approve one version; 0 when that was possible, else 1 and why."""
    try:
        row = manager.approve(message_id, version, by=getpass.getuser())
    except SignoffError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{row.id} version {row.approved_version} was approved by {row.approved_by}.")
    return 0


def main(arguments: list[str]) -> int:
    """Do what the command line says."""
    with StateManager() as manager:
        if not arguments:
            show(manager)
            return 0
        message_id, version = arguments
        return approve(manager, message_id, int(version))


if __name__ == "__main__":
    if len(sys.argv) not in (1, 3):
        sys.exit("usage: approve.py [ID VERSION]")
    sys.exit(main(sys.argv[1:]))
