"""What a gateway says of the linked account, noted in the session."""

from __future__ import annotations

from dataclasses import asdict

from .. import session as sessions
from ..gateway import Account
from ..model import tidy_text
from ..state import StateManager

NAME_BYTES = 1000


def note_answer(state: StateManager, account: Account | None, what: str) -> None:
    """Note that the backend answered that it is ready, and for which account where it tells."""
    now = state.clock()
    shown = asdict(account) if account is not None else {}
    info = {name: tidy_text(value, NAME_BYTES)[0] for name, value in shown.items()} or None
    state.change_session(lambda session: sessions.answered(session, now, info), what)
