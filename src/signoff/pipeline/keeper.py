"""The keeper: settles what scripts left, purges cleared texts, validates the session, keeps the state file."""

from __future__ import annotations

import logging

from .. import session as sessions
from ..clock import DAY, MINUTE, SECOND
from ..gateway import Gateway
from ..state import StateManager
from .linked import note_answer

log = logging.getLogger(__name__)


class Keeper:
    """Tidies up behind the other stages."""

    def __init__(self, state: StateManager, gateway: Gateway | None = None) -> None:
        self._state = state
        self._store = state.store
        self._gateway = gateway
        self._validated_at: int | None = None
        self._warned_at: int | None = None

    def round(self) -> int:
        """Do what is due; how many messages were touched."""
        self._state.refresh()
        done = self._store.settle_left_by_scripts(self._state.account)
        done += self._store.heed_clock(self._state.account)
        done += self._retain()
        done += self._store.purge(self._state.account)
        self._validate()
        if done:
            self._state.refresh()
        return done

    def _retain(self) -> int:
        days = self._state.get_config("retention_config")["days"]
        if not days:
            return 0
        return self._store.clear_before(self._state.account, self._state.clock() - int(days * DAY))

    def _validate(self) -> None:
        """Ask the backend for the account before the session is out of date. No answer says nothing about it."""
        now = self._state.clock()
        session = self._store.session(self._state.account)
        wait = int(min(session.validation_interval_minutes * MINUTE / 3, 10 * MINUTE))
        if self._gateway is None or _is_recent(self._validated_at, now, wait):
            return
        self._validated_at = now
        account = self._gateway.account()
        if account is None:
            self._warn(sessions.phone_warning(session, now), now)
        else:
            note_answer(self._state, account, "validated")

    def _warn(self, warning: str | None, now: int) -> None:
        if warning is not None and not _is_recent(self._warned_at, now, DAY):
            self._warned_at = now
            log.warning("%s", warning)


def _is_recent(at: int | None, now: int, wait: int) -> bool:
    """Whether it was done less than ``wait`` ago; not where it lies in the future, of a clock that was set back."""
    return at is not None and 0 <= now - at < wait


IDLE = 5 * SECOND
"""How long the keeper rests between rounds."""
