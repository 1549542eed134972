"""A model that follows its settings: who changes them need not start anything again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import AssistantError, ConfigError
from .. import Assistant, Decline, Draft, Message

log = logging.getLogger(__name__)

Settings = Mapping[str, Any]

_FILES = ("instructions_file", "key_file")


class Live:
    """An assistant that is made anew when its settings, or the files that they name, have changed.

    Where the new ones cannot be used the assistant of before goes on; the log, and the note of each draft, say why.

    Args:
        read: gives the settings as they are now; asked at every message.
        make: makes the assistant of them.

    Raises:
        ConfigError, AssistantError: the settings cannot be used to begin with.
    """

    def __init__(self, read: Callable[[], Settings], make: Callable[[Settings], Assistant]) -> None:
        self._read = read
        self._make = make
        self._lock = threading.Lock()
        self._doubt: str | None = None
        settings = read()
        self._seen = _standing(settings)
        self._assistant = make(settings)

    def __call__(self, message: Message, conversation: Sequence[Message]) -> Draft | Decline | str | None:
        """What the present assistant answers."""
        with self._lock:
            self._look()
            assistant, doubt = self._assistant, self._doubt
        answer = assistant(message, conversation)
        if doubt is None or not isinstance(answer, Draft):
            return answer
        return replace(answer, note="; ".join(filter(None, (answer.note, doubt))))

    def _look(self) -> None:
        settings = self._read()
        standing = _standing(settings)
        if standing == self._seen:
            return
        self._seen, self._doubt = standing, None
        try:
            self._assistant = self._make(settings)
            log.info("llm_config has changed: the assistant was made anew")
        except (ConfigError, AssistantError) as error:
            self._doubt = f"by llm_config as it was before, because as it is now it cannot be used: {error}"
            log.warning("llm_config has changed and cannot be used, the one before goes on: %s", error)


def _standing(settings: Settings) -> tuple[object, ...]:
    """What must be the same for an assistant to be up to date."""
    return dict(settings), *(_stamp(settings.get(name)) for name in _FILES)


def _stamp(name: object) -> tuple[int, int] | None:
    """When a file was changed, and its size; None where there is none."""
    if not isinstance(name, str) or not name:
        return None
    try:
        found = Path(name).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
