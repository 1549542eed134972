"""Language models for the tests: small servers of both protocols, and the assistant in front of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from signoff.assistant import Assistant, Decline, Draft
from signoff.assistant.llm import Llm
from signoff.assistant.llm.config import read_config

from .model_server import ModelServer, serving

KEY = "sk-invented-0123456789"


class Timer:
    """Seconds that pass only while somebody waits, or when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let the seconds pass, and remember them."""
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture(params=["openai", "anthropic"])
def model(request: pytest.FixtureRequest) -> Iterator[ModelServer]:
    """A server; every test runs with each protocol."""
    with serving(request.param) as server:
        yield server


@pytest.fixture
def timer() -> Timer:
    return Timer()


MakeLlm = Callable[..., Llm]
"""Makes the assistant: ``make_llm(max_retries=0)`` with settings of ``llm_config``."""


@pytest.fixture
def make_llm(model: ModelServer, timer: Timer) -> MakeLlm:
    def make(environment: dict[str, str] | None = None, **settings: Any) -> Llm:
        named = {"protocol": model.protocol, "endpoint": model.endpoint, "model": "small-model", **settings}
        keys = {"SIGNOFF_LLM_KEY": KEY} if environment is None else environment
        return Llm(read_config(named, keys), keys, monotonic=timer, wait=timer.wait, chance=lambda: 1.0)

    return make


def ask(llm: Assistant, *said: str) -> Draft | Decline | str | None:
    """What the assistant answers when a contact has said this; ``us: …`` was ours."""
    conversation = [
        {"id": f"m{number}", "recipient" if text.startswith("us: ") else "from": "a@c.us", "body": text}
        for number, text in enumerate(said)
    ]
    return llm(conversation[-1], conversation)


def drafted(answer: object) -> Draft:
    """The draft that it must be."""
    assert isinstance(answer, Draft), answer
    return answer


def declined(answer: object) -> Decline:
    """The reason that it must be."""
    assert isinstance(answer, Decline), answer
    return answer
