"""Answers by a language model: any OpenAI-compatible endpoint, or Anthropic's Messages API.

A model is asked once per message, with the house's instructions, the knowledge that fits and the conversation. It
answers or declines. Where it fails, the house's own frequent answers stand in for it; where those know nothing either,
the message is for a person. It only ever drafts.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...clock import Clock, system_clock
from ...errors import AssistantError
from .. import Assistant, Decline, Draft, Message, keywords
from ..faq import Faq
from .answers import Reply, read_reply
from .budget import tokens
from .client import Client, Failed
from .config import Config, read_config
from .keys import find_key
from .live import Live
from .prompt import Built, Prompt, read_instructions
from .protocols import PROTOCOLS, Completion, Usage

__all__ = ["Llm", "load"]

log = logging.getLogger(__name__)


class Llm:
    """An assistant that asks a language model.

    Args:
        config: what the settings say, see `config.Config`.
        environment: where API keys are looked for.
        clock: paces how often the knowledge folder is looked at.
        monotonic: seconds that never jump; time limits and the rate limit are measured by it.
        wait: waits for so many seconds.
        chance: a number from 0 to 1 each time; spreads retries.

    Raises:
        AssistantError: the settings, a key, the instructions or the knowledge cannot be used; says what to do.
    """

    def __init__(
        self,
        config: Config,
        environment: Mapping[str, str],
        *,
        clock: Clock = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._config = config
        self._faq = Faq(config.knowledge_folder, clock=clock) if config.knowledge_folder else None
        self._prompt = Prompt(read_instructions(config.instructions_file), self._faq, config.context_tokens)
        self._protocol = PROTOCOLS[config.protocol]
        key = find_key(config, environment)
        self._client = Client(config, self._protocol.headers(key), monotonic=monotonic, wait=wait, chance=chance)

    def __call__(self, message: Message, conversation: Sequence[Message]) -> Draft | Decline | None:
        """The model's answer, or its reason to give none, or a frequent answer in its place.

        Raises:
            AssistantError: the model failed, and there is no frequent answer either; says why, without a text.
        """
        spent: list[Usage] = []
        try:
            return self._ask(message, conversation, spent)
        except Failed as failed:
            return self._instead(message, conversation, f"{self._config.model} failed: {failed}", self._costs(spent))

    def _ask(self, message: Message, conversation: Sequence[Message], spent: list[Usage]) -> Draft | Decline:
        model = self._config.model
        prompt = self._prompt.build(message, conversation)
        if prompt is None:
            return Decline("the message holds no words, or more than llm_config.context_tokens allows", model)

        def read(answer: Mapping[str, Any]) -> Reply:
            completion = self._protocol.read(answer)
            spent.append(completion.usage or _estimate(prompt, completion))
            return _reply(completion)

        body = self._protocol.request(self._config, prompt.system, prompt.user)
        reply = self._client.ask(self._protocol.route, body, read)
        costs = self._costs(spent)
        log.info("message %s: %s %s, %s", message.get("id"), model, "declined" if reply.declined else "answered", costs)
        if reply.declined:
            return Decline(f"{reply.declined} ({costs})", model)
        return Draft(reply.text, model, _note(prompt.source, reply.doubt, costs))

    def _instead(self, message: Message, conversation: Sequence[Message], why: str, costs: str) -> Draft:
        frequent: Assistant = self._faq or keywords.assistant
        draft = frequent(message, conversation)
        if not isinstance(draft, Draft):
            raise AssistantError(_note(why, costs)) from None
        log.warning("message %s: %s; %s answers in its place", message.get("id"), why, draft.author)
        return Draft(draft.text, draft.author, _note(draft.note, why, costs))

    def _costs(self, spent: list[Usage]) -> str:
        """What all tries together cost; empty where no model answered."""
        return self._config.spent(sum(spent[1:], spent[0])) if spent else ""


def _reply(completion: Completion) -> Reply:
    if completion.refused:
        return Reply(declined=completion.refused)
    if completion.cut:
        raise Failed("its answer was cut short: raise llm_config.max_tokens")
    return read_reply(completion.text)


def _note(*parts: str | None) -> str:
    return "; ".join(filter(None, parts))


def _estimate(prompt: Built, completion: Completion) -> Usage:
    return Usage(tokens(prompt.system) + tokens(prompt.user), tokens(completion.text), estimated=True)


def load(
    settings: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None,
    environment: Mapping[str, str],
    folder: str | Path | None = None,
) -> Assistant:
    """The assistant that ``llm_config`` describes.

    Args:
        settings: ``llm_config`` as the state has it, None for the defaults; or what gives it as it is at any moment,
            for an assistant that follows it.
        environment: where API keys are looked for.
        folder: the knowledge, instead of the setting's.

    Raises:
        ConfigError: a setting has a value that is not allowed.
        AssistantError: it cannot be used as it is set up; says what to do.
    """

    def make(present: Mapping[str, Any]) -> Llm:
        return Llm(read_config(present, environment, folder), environment)

    return Live(settings, make) if callable(settings) else make(settings or {})
