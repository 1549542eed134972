"""What every assistant promises holds for each of ours, and for the examples."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff.assistant import Assistant, load_assistant
from signoff.assistant.llm import Llm
from signoff.assistant.llm.config import read_config
from signoff.testing import AssistantContract

from .conftest import KEY
from .model_server import serving

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def faq() -> Assistant:
    return load_assistant("faq")


@pytest.fixture(scope="module", params=["openai", "anthropic"])
def llm(request: pytest.FixtureRequest) -> Iterator[Assistant]:
    """One for all tests: to make an HTTP client takes as long as all that they do."""
    with serving(request.param) as server:
        server.replies("We have two.")
        named = {"protocol": server.protocol, "endpoint": server.endpoint, "model": "small-model"}
        keys = {"SIGNOFF_LLM_KEY": KEY}
        yield Llm(read_config({**named, "requests_per_minute": 10_000}, keys), keys)


class TestKeywords(AssistantContract):
    @pytest.fixture
    def assistant(self) -> Assistant:
        return load_assistant("keywords")


class TestFaq(AssistantContract):
    question = "What are your opening hours?"

    @pytest.fixture
    def assistant(self, faq: Assistant) -> Assistant:
        return faq


class TestModel(AssistantContract):
    question = "Do you have a high chair?"

    @pytest.fixture
    def assistant(self, llm: Assistant) -> Assistant:
        return llm


class TestExample(AssistantContract):
    question = "Where is my order 1042?"

    @pytest.fixture
    def assistant(self, monkeypatch: pytest.MonkeyPatch) -> Assistant:
        monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
        return load_assistant("order_assistant:answer")
