"""API keys: from the environment or from a file that only its owner can read; never from the state, never shown."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import AssistantError

if TYPE_CHECKING:
    from .config import Config

OWN_KEY = "SIGNOFF_LLM_KEY"
PROVIDERS_KEY = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}

_USABLE = re.compile(r"[!-~]{1,500}")
_LARGEST = 4096


class Key:
    """An API key that does not show itself: neither printed, nor in a traceback's values, nor pickled."""

    __slots__ = ("_reveal",)

    def __init__(self, text: str) -> None:
        self._reveal: Callable[[], str] = lambda: text

    def __repr__(self) -> str:
        return "Key(…)"

    def reveal(self) -> str:
        """The key itself, for the header of a request and nothing else."""
        return self._reveal()


def find_key(config: Config, environment: Mapping[str, str]) -> Key | None:
    """The key to use, or None where there is none: servers of one's own often want none.

    `OWN_KEY` counts first, then ``llm_config.key_file``, then the variable of the protocol's provider. The last goes
    only where nobody can read along.

    Raises:
        AssistantError: a key holds what no key holds, its file cannot be read or others can read it, or a key would be
            sent in the clear.
    """
    if own := environment.get(OWN_KEY):
        return _private(_key(own, OWN_KEY), OWN_KEY, config)
    if config.key_file:
        return _private(_key(_read(Path(config.key_file)), config.key_file), config.key_file, config)
    name = PROVIDERS_KEY[config.protocol]
    provided = environment.get(name)
    return _key(provided, name) if provided and config.is_private else None


def _private(key: Key, source: str, config: Config) -> Key:
    if not config.is_private:
        raise AssistantError(f"the key of {source} would go to {config.host} in the clear: use an https:// endpoint")
    return key


def _key(text: str, source: str) -> Key:
    stripped = text.strip()
    if not _USABLE.fullmatch(stripped):
        raise AssistantError(f"{source} holds no API key: a key is one word of plain letters, digits and signs")
    return Key(stripped)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            _check_mode(os.fstat(file.fileno()), path)
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError as error:
        raise AssistantError(f"the key file {path} cannot be read: {error.strerror}") from None


def _check_mode(state: os.stat_result, path: Path) -> None:
    if os.name == "posix" and stat.S_IMODE(state.st_mode) & 0o077:
        raise AssistantError(f"others can read the key file {path}: say chmod 600 {path}, and think of a new key")
