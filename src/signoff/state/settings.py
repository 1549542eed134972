"""The methods of settings and of statistics."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .. import settings
from ..errors import ConfigError, InvalidType
from ..lifecycle import MessageStatus
from ..model import JsonObject, short
from ..statefile.document import account_info, metadata, session_fields, statistics
from .base import Base

if TYPE_CHECKING:
    from ..store.files import View


class SettingMethods(Base):
    """Settings, and what was counted."""

    def get_config(self, key: str) -> Any:
        """Any top-level key of the state, as a copy; None for an unknown one."""
        if not isinstance(key, str):
            raise ConfigError(f"a setting's key is a string; got {short(key)}")
        self._look()
        if key in settings.OWNED_KEYS:
            return self._owned(key)
        stored = self.store.setting(self.account, settings.check_key(key)) if key else None
        default = settings.default(key)
        return settings.merge(default, stored) if stored is not None else default

    def set_config(self, key: str, value: Any) -> None:
        """Set one setting; the user's own keys hold any JSON value. What a group such as ``watcher_config`` does not
        name is as by default again.

        Raises:
            ConfigError: the key is no setting, or the value is not allowed; names the key, the value and what is.
        """
        settings.check(key, value)
        self._set(lambda _: {key: value})

    def update_config(self, updates: JsonObject) -> None:
        """Set several settings at once; nested ones that are not named stay as they are.

        Raises:
            ConfigError: one of them is not allowed; none was set.
        """
        if not isinstance(updates, dict):
            raise InvalidType(f"updates is a dict of settings; got {type(updates).__name__}")
        for key, value in updates.items():
            settings.check(key, value)

        def merged(stored: Mapping[str, Any]) -> dict[str, Any]:
            whole = {key: settings.merge(stored.get(key), value) for key, value in updates.items()}
            for key in updates:
                if isinstance(stored.get(key), dict):
                    settings.check(key, whole[key])  # what is merged bit by bit may have grown too large
            return whole

        self._set(merged)

    def unset_config(self, key: str) -> bool:
        """Have the default of a setting hold again, as if nobody had set it; a key of the user's own is removed.

        Args:
            key: a top-level key (``retry_config``), or one field of it (``retry_config.max_retries``).

        Returns:
            Whether it was set.

        Raises:
            ConfigError: the key is no setting.
        """
        top, _, field = settings.check_settable(key).partition(".")
        settings.check_settable(top or key)
        self._look()
        unset = self.store.unset_setting
        found = unset(self.account, key, by=self.by) or (bool(field) and unset(self.account, top, field, by=self.by))
        self._changed()
        return found

    def config_author(self, key: str) -> str | None:
        """Who set a setting last; None when nobody did and the default holds.

        Raises:
            ConfigError: the key can be no key.
        """
        return self.store.setting_author(self.account, settings.check_key(key))

    def get_statistics(self) -> JsonObject:
        """The guide's ``statistics``: totals since the last reset, and when the last message came in and went out."""
        return statistics(self.store.counters(self.account))

    def reset_statistics(self) -> None:
        """Start counting at nought."""
        self.store.reset_totals(self.account, by=self.by)
        self._changed()

    def _set(self, change: Callable[[JsonObject], JsonObject]) -> None:
        self._look()
        self.store.change_settings(self.account, change, by=self.by)
        self._changed()

    def _owned(self, key: str) -> Any:
        if key in settings.RECORD_LISTS:
            return self.store.records(self.account, key)
        if key == "messages":
            return self.store.view(self.account, _all_messages)
        if key == "session":
            return session_fields(self._session())
        if key == "account_info":
            return account_info(self._session())
        return self.get_statistics() if key == "statistics" else self.store.view(self.account, metadata)


def _all_messages(view: View) -> JsonObject:
    return {status.value: [json.loads(text) for text in view.messages(status, None)] for status in MessageStatus}
