"""The two protocols: what is posted where, and how an answer is read.

Sources: OpenAI's API reference, "Create chat completion", which Ollama, vLLM, llama.cpp and most providers follow;
Anthropic's API reference, "Messages".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from .client import Failed

if TYPE_CHECKING:
    from .config import Config
    from .keys import Key

ANTHROPIC_VERSION = "2023-06-01"


@dataclass(frozen=True, slots=True)
class Usage:
    """How many tokens were read and written.

    Attributes:
        estimated: whether that is our estimate (see `budget.tokens`), because the provider did not say.
    """

    read: int
    written: int
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.read + other.read, self.written + other.written, self.estimated or other.estimated)

    def __str__(self) -> str:
        return f"{'about ' * self.estimated}{self.read} + {self.written} tokens"


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered.

    Attributes:
        usage: None where the provider did not say.
        refused: why the provider kept the model from answering; empty when it did not.
        cut: whether it ended at the limit of tokens.
    """

    text: str
    usage: Usage | None
    refused: str = ""
    cut: bool = False


class Wire(Protocol):
    """How a provider is spoken to."""

    route: str

    def headers(self, key: Key | None) -> dict[str, str]:
        """The headers of every request."""

    def request(self, config: Config, system: str, user: str) -> dict[str, Any]:
        """The body of a request."""

    def read(self, answer: Mapping[str, Any]) -> Completion:
        """What an answer says.

        Raises:
            Failed: it is none of this protocol.
        """


class OpenAI:
    """Chat completions, as OpenAI defined them and others follow."""

    route = "/chat/completions"

    def headers(self, key: Key | None) -> dict[str, str]:
        """The headers of every request."""
        return {"Authorization": f"Bearer {key.reveal()}"} if key else {}

    def request(self, config: Config, system: str, user: str) -> dict[str, Any]:
        """The body of a request. OpenAI itself has renamed ``max_tokens``; the others know the old name only."""
        limit = "max_completion_tokens" if config.host == "api.openai.com" else "max_tokens"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        return {"model": config.model, limit: config.max_tokens, "messages": messages}

    def read(self, answer: Mapping[str, Any]) -> Completion:
        """What an answer says."""
        choices = answer.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or not isinstance(message, dict):
            raise Failed("the answer has no choices: is it an OpenAI-compatible endpoint?", passing=True)
        usage = _usage(answer, ["prompt_tokens"], "completion_tokens")
        if choice.get("finish_reason") == "content_filter" or message.get("refusal"):
            return Completion("", usage, "the provider's filter refused")
        content = message.get("content")
        return Completion(
            content if isinstance(content, str) else "", usage, cut=choice.get("finish_reason") == "length"
        )


class Anthropic:
    """Anthropic's Messages."""

    route = "/v1/messages"

    def headers(self, key: Key | None) -> dict[str, str]:
        """The headers of every request."""
        return {"anthropic-version": ANTHROPIC_VERSION, **({"x-api-key": key.reveal()} if key else {})}

    def request(self, config: Config, system: str, user: str) -> dict[str, Any]:
        """The body of a request."""
        messages = [{"role": "user", "content": user}]
        return {"model": config.model, "max_tokens": config.max_tokens, "system": system, "messages": messages}

    def read(self, answer: Mapping[str, Any]) -> Completion:
        """What an answer says."""
        blocks = answer.get("content")
        if not isinstance(blocks, list):
            raise Failed("the answer has no content: is it Anthropic's API?", passing=True)
        read = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"]
        usage = _usage(answer, read, "output_tokens")
        if answer.get("stop_reason") == "refusal":
            return Completion("", usage, "the provider's filter refused")
        texts = [block.get("text") for block in blocks if isinstance(block, dict) and block.get("type") == "text"]
        text = "".join(part for part in texts if isinstance(part, str))
        return Completion(text, usage, cut=answer.get("stop_reason") == "max_tokens")


PROTOCOLS: Mapping[str, Wire] = {"openai": OpenAI(), "anthropic": Anthropic()}
"""By the name that ``llm_config.protocol`` gives them."""


def _usage(answer: Mapping[str, Any], read: list[str], written: str) -> Usage | None:
    told = answer.get("usage")
    if not isinstance(told, dict) or not all(_is_count(told.get(name)) for name in (read[0], written)):
        return None
    return Usage(sum(told[name] for name in read if _is_count(told.get(name))), told[written])


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
