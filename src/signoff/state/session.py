"""The methods of the session."""

from __future__ import annotations

import os
from collections.abc import Callable

from .. import session as rules
from ..errors import InvalidType, StoreError
from ..model import JsonObject, short, shown, tidy_text, to_json
from ..processes import this_host
from ..session import Session
from ..statefile import warn
from ..statefile.document import session_fields
from .base import Base

LONGEST_REASON = 10_000
"""Bytes of a reason of `SessionMethods.mark_session_invalid` that are kept."""


class SessionMethods(Base):
    """Whether the session may be used, and what the backend says of it."""

    def is_session_valid(self) -> bool:
        """Whether the session may be used: authenticated, marked valid, validated recently, its folder not gone."""
        session = self._session()
        return rules.is_valid(session, self.clock(), self._folder_gone(session))

    def requires_qr_scan(self) -> bool:
        """Whether only a QR scan brings the session back. A session that is out of date does not need one."""
        session = self._session()
        return rules.needs_qr(session, self._folder_gone(session))

    def update_session_status(self, authenticated: bool, account_info: JsonObject | None = None) -> None:
        """Note that the backend says that the session is authenticated, or is not.

        Args:
            authenticated: True makes the session valid from now on; False asks for a QR scan.
            account_info: ``number``, ``name``, ``platform`` and whatever else is known of the account.

        Raises:
            InvalidType: one of them is of another type.
        """
        if not isinstance(authenticated, bool):
            raise InvalidType(f"authenticated is True or False; got {short(authenticated)}")
        if account_info is not None and not isinstance(account_info, dict):
            raise InvalidType(f"account_info is a dict; got {type(account_info).__name__}")
        to_json(account_info, "account_info")
        now, there, host = self.clock(), self._folder_there(), this_host()

        def change(session: Session) -> Session:
            if not authenticated:
                return rules.unauthenticated(session)
            return rules.with_folder(rules.authenticated(session, now, account_info), host, there)

        self.change_session(change, "authenticated" if authenticated else "unauthenticated")

    def mark_session_invalid(self, reason: str = "Unknown") -> None:
        """Mark the session as invalid, so that a QR scan is asked for. Not for a backend that does not answer."""
        why, _ = tidy_text(shown(reason), LONGEST_REASON)
        now = self.clock()
        self.change_session(lambda session: rules.invalidated(session, why, now), "marked invalid", why)

    def get_session_info(self) -> JsonObject:
        """The guide's ``session``, as a copy; times are local ISO strings."""
        return session_fields(self._session())

    def change_session(self, change: Callable[[Session], Session], what: str, why: str | None = None) -> Session:
        """Apply one of the functions of `signoff.session`; nobody else's change is lost."""
        after = self.store.change_session(self.account, change, by=self.by, what=what, why=why)
        self._changed()
        return after

    def _folder_there(self) -> bool:
        return self._is_folder(self.store.session(self.account))

    def _is_folder(self, session: Session) -> bool:
        return os.path.isdir(os.path.join(self._folder_name, session.session_path))

    def _folder_gone(self, session: Session) -> bool:
        """Whether the session folder was deleted; a folder that this host sees for the first time is noted."""
        host, there = this_host(), self._is_folder(session)
        if there and session.authenticated and host not in session.seen_on:
            try:
                self.change_session(lambda present: rules.with_folder(present, host, True), "folder seen")
            except StoreError as error:
                warn(f"could not note that {session.session_path} was seen: {error}")
        return rules.folder_gone(session, host, there)
