"""What ``llm_config`` says, completed: which protocol, where, which model, and the limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from ... import settings as known
from ...errors import AssistantError
from .protocols import Usage

_PLACES = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_CLAUDE = "claude-haiku-4-5"
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Config:
    """The settings under ``llm_config``, each with its value; `signoff.settings.KNOWN` explains them.

    Attributes:
        endpoint: the address that the protocol's route is added to, without a slash at its end.
    """

    protocol: str
    endpoint: str
    model: str
    key_file: str
    instructions_file: str
    knowledge_folder: str
    context_tokens: int
    max_tokens: int
    timeout_seconds: float
    max_retries: int
    requests_per_minute: int
    input_price: float
    output_price: float

    @property
    def host(self) -> str:
        """The host of the endpoint, with its port where one is named; for people to read."""
        return httpx2.URL(self.endpoint).netloc.decode()

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way to the endpoint can read along: it is this machine, or encrypted."""
        return httpx2.URL(self.endpoint).scheme == "https" or self.is_local

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is this machine."""
        return httpx2.URL(self.endpoint).host in _LOOPBACK

    def spent(self, usage: Usage) -> str:
        """Tokens, and their cost where prices are set, for people to read."""
        if not (self.input_price or self.output_price):
            return str(usage)
        cost = (usage.read * self.input_price + usage.written * self.output_price) / _MILLION
        return f"{usage}, {cost:.4f} USD"


def read_config(
    settings: Mapping[str, Any], environment: Mapping[str, str], folder: str | Path | None = None
) -> Config:
    """Complete what was set by the defaults.

    Raises:
        ConfigError: a value is not allowed.
        AssistantError: no model is named, or the endpoint is no address.
    """
    known.check("llm_config", dict(settings))
    values = {**known.defaults()["llm_config"], **settings}
    if values["protocol"] == "auto":
        values["protocol"] = "anthropic" if environment.get("ANTHROPIC_API_KEY") else "openai"
    values["endpoint"] = _address(values["endpoint"] or _PLACES[values["protocol"]])
    values["model"] = values["model"] or (_CLAUDE if values["protocol"] == "anthropic" else "")
    values["knowledge_folder"] = str(folder or values["knowledge_folder"])
    if not values["model"]:
        raise AssistantError(
            "no model is named: set llm_config.model (and llm_config.endpoint, for a server of your own), "
            "or ANTHROPIC_API_KEY in the environment"
        )
    return Config(**{name: values[name] for name in Config.__slots__})


def _address(endpoint: str) -> str:
    try:
        url = httpx2.URL(endpoint)
        usable = url.scheme in ("http", "https") and url.host and not url.userinfo
    except httpx2.InvalidURL:
        usable = False
    if not usable:
        raise AssistantError(
            "llm_config.endpoint is no address: it begins with http:// or https://, names a host, and holds no password"
        )
    return endpoint.rstrip("/")
