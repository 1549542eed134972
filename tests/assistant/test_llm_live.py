"""A model that follows its settings: a change is seen at the next message, and a bad one stops nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from signoff.assistant import Assistant, Draft, Message, load_assistant
from signoff.assistant.llm.live import Live
from signoff.errors import AssistantError, ConfigError

from .conftest import ask, drafted
from .model_server import ModelServer, serving

QUESTION: Message = {"id": "m1", "from": "a@c.us", "body": "Open?"}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving("openai") as server:
        yield server


def make(settings: Any) -> Assistant:
    """An assistant that says which model it was made for; ``bad`` cannot be made."""
    if settings["model"] == "bad":
        raise AssistantError("no such model")

    def assistant(_: Message, __: Sequence[Message]) -> Draft:
        return Draft("Yes.", settings["model"], "a note")

    return assistant


class TestFollowing:
    def test_a_change_is_seen_at_the_next_message(self) -> None:
        settings = {"model": "one"}
        live = Live(lambda: dict(settings), make)
        assert drafted(live(QUESTION, [])).author == "one"
        settings["model"] = "two"
        assert drafted(live(QUESTION, [])).author == "two"

    def test_what_has_not_changed_is_not_made_anew(self) -> None:
        made: list[object] = []

        def counted(settings: Any) -> Assistant:
            made.append(settings)
            return make(settings)

        live = Live(lambda: {"model": "one"}, counted)
        for _ in range(3):
            live(QUESTION, [])
        assert len(made) == 1

    def test_what_cannot_be_used_leaves_the_one_before_and_each_draft_says_why(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings = {"model": "one"}
        live = Live(lambda: dict(settings), make)
        settings["model"] = "bad"
        with caplog.at_level(logging.WARNING):
            first, second = drafted(live(QUESTION, [])), drafted(live(QUESTION, []))
        assert first.author == second.author == "one"
        assert first.note == second.note
        assert str(first.note).startswith("a note; by llm_config as it was before")
        assert str(first.note).endswith("no such model")
        assert len(caplog.records) == 1
        settings["model"] = "two"
        assert drafted(live(QUESTION, [])).note == "a note"

    def test_to_begin_with_they_must_be_usable(self) -> None:
        with pytest.raises(AssistantError, match="no such model"):
            Live(lambda: {"model": "bad"}, make)

    @pytest.mark.parametrize("name", ["instructions_file", "key_file"])
    def test_a_file_that_they_name_counts_too(self, tmp_path: Path, name: str) -> None:
        file = tmp_path / "file"
        file.write_text("one", "utf-8")
        made: list[str] = []

        def read(settings: Any) -> Assistant:
            made.append(Path(settings[name]).read_text("utf-8"))
            return make(settings)

        live = Live(lambda: {"model": "one", name: str(file)}, read)
        file.write_text("another", "utf-8")
        live(QUESTION, [])
        assert made == ["one", "another"]


class TestARealModel:
    def test_another_model_is_asked_from_then_on(self, server: ModelServer) -> None:
        settings = {"endpoint": server.endpoint, "protocol": "openai", "model": "small"}
        server.replies("Yes.")
        llm = load_assistant("llm", lambda: dict(settings))
        assert drafted(ask(llm, "Open?")).author == "small"
        settings["model"] = "large"
        assert drafted(ask(llm, "Open?")).author == "large"

    @pytest.mark.parametrize("change", [{"model": ""}, {"knowledge_folder": "nowhere"}, {"protocol": "gopher"}])
    def test_a_bad_change_is_told_and_the_model_before_goes_on(
        self, server: ModelServer, change: dict[str, str]
    ) -> None:
        settings = {"endpoint": server.endpoint, "protocol": "openai", "model": "small"}
        server.replies("Yes.")
        llm = load_assistant("llm", lambda: dict(settings))
        settings |= change
        draft = drafted(ask(llm, "Open?"))
        assert draft.author == "small"
        assert "as it is now it cannot be used" in str(draft.note)

    def test_new_instructions_are_told_from_then_on(self, server: ModelServer, tmp_path: Path) -> None:
        file = tmp_path / "house.md"
        file.write_text("Sign as Ana.", "utf-8")
        settings = {"endpoint": server.endpoint, "protocol": "openai", "model": "m", "instructions_file": str(file)}
        server.replies("Yes.")
        llm = load_assistant("llm", lambda: dict(settings))
        file.write_text("Sign as the whole team.", "utf-8")
        ask(llm, "Open?")
        assert "Sign as the whole team." in server.asked[-1].system


def test_settings_that_are_not_allowed_are_refused_at_once() -> None:
    assert "ANTHROPIC_API_KEY" not in os.environ
    with pytest.raises(ConfigError, match=r"llm_config\.protocol"):
        load_assistant("llm", lambda: {"protocol": "gopher"})
