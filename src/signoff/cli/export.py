"""``signoff export``: the complete state of an account as one JSON file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..state import StateManager
from ..statefile.document import render
from ..store.files import View
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, JsonOption, StateOption
from .terminal import busy, out, print_json


def export(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; the standard output else.")] = None,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
) -> None:
    """Write the complete state of an account as JSON, with all messages: to a file, or through a pipe.

    A file can be brought back with `signoff restore`; one that exists is replaced when the new one is good.
    Through a pipe: signoff export | jq .statistics. With --json it says what it wrote.

    Example: signoff export monday.json
    """
    with opened(state, account) as manager:
        if file is None:
            _print_all(manager)
            return
        with busy("Writing and verifying …"):
            manager.export_state(file)
    size = file.stat().st_size
    if as_json:
        print_json({"file": str(file), "account": account, "bytes": size})
    else:
        out.print(f"{file}  account {account} ({size:,} bytes)", markup=False, soft_wrap=True)


def _print_all(manager: StateManager) -> None:
    def write(view: View) -> None:
        for piece in render(view, None):
            sys.stdout.buffer.write(piece.encode())

    manager.store.view(manager.account, write)
    sys.stdout.buffer.flush()
