"""The QR code of a new link, in the terminal and nowhere else: whoever reads it gets into the account."""

from __future__ import annotations

import sys

from ..gateway import SessionChange
from ..state import StateManager
from .terminal import err

_HOW = "A QR scan is due: on the phone open WhatsApp, Linked devices, Link a device, and scan"


def show_qr(change: SessionChange, state: StateManager) -> None:
    """Say that a scan is due, and draw the code where somebody at a terminal can scan it."""
    if change.state != "qr":
        return
    if change.qr and err.is_terminal:
        err.print(f"{_HOW} this code:", style="bold")
        _draw(change.qr)
    else:
        where = f"the code that the backend shows ({state.get_config('api_endpoint')}/status)"
        err.print(f"{_HOW} {where}.", style="bold", markup=False)


def _draw(code: str) -> None:
    import segno  # only who has a code to show waits for it

    segno.make(code, micro=False).terminal(out=sys.stderr, compact=True)
