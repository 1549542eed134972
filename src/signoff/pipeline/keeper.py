"""The keeper: settles what scripts left, purges cleared texts, validates the session, keeps the state file."""

from __future__ import annotations

import logging

from .. import session as sessions
from ..clock import DAY, MINUTE, SECOND
from ..gateway import Gateway
from ..state import StateManager

log = logging.getLogger(__name__)


class Keeper:
    """Tidies up behind the other stages."""

    def __init__(self, state: StateManager, gateway: Gateway | None = None) -> None:
        self._state = state
        self._store = state.store
        self._gateway = gateway
        self._validate_at = 0
        self._warned_at = 0

    def round(self) -> int:
        """Do what is due; how many messages were touched."""
        self._state.refresh()
        done = self._store.settle_left_by_scripts(self._state.account)
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
        if self._gateway is None or now < self._validate_at:
            return
        session = self._store.session(self._state.account)
        self._validate_at = now + int(min(session.validation_interval_minutes * MINUTE / 3, 10 * MINUTE))
        account = self._gateway.account()
        if account is None:
            self._warn(sessions.phone_warning(session, now), now)
            return
        info = {"number": account.number, "name": account.name, "platform": account.platform}
        self._state.change_session(lambda present: sessions.answered(present, now, info), "validated")

    def _warn(self, warning: str | None, now: int) -> None:
        if warning is not None and now - self._warned_at > DAY:
            self._warned_at = now
            log.warning("%s", warning)


IDLE = 5 * SECOND
"""How long the keeper rests between rounds."""
