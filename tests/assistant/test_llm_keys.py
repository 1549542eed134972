"""API keys come from the environment or from a file of one's own, go where they should, and never show."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from signoff import settings
from signoff.assistant.llm.config import Config, read_config
from signoff.assistant.llm.keys import Key, find_key
from signoff.errors import AssistantError

from .conftest import KEY, MakeLlm, ask
from .model_server import ModelServer

LOCAL = "http://127.0.0.1:11434/v1"


def config(**named: Any) -> Config:
    return read_config({"protocol": "openai", "model": "m", **named}, {})


def found(environment: dict[str, str], **named: Any) -> str | None:
    key = find_key(config(**named), environment)
    return key.reveal() if key else None


def key_file(folder: Path, mode: int = 0o600, text: str = f"{KEY}\n") -> str:
    path = folder / "key"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return str(path)


class TestWhereItComesFrom:
    def test_from_the_variable_of_the_protocols_provider(self) -> None:
        keys = {"OPENAI_API_KEY": "open", "ANTHROPIC_API_KEY": "anth"}
        assert found(keys) == "open"
        assert found(keys, protocol="anthropic") == "anth"

    def test_from_our_own_variable_before_all_others(self, tmp_path: Path) -> None:
        keys = {"SIGNOFF_LLM_KEY": "own", "OPENAI_API_KEY": "open"}
        assert found(keys, key_file=key_file(tmp_path)) == "own"

    def test_from_a_file_before_the_providers(self, tmp_path: Path) -> None:
        assert found({"OPENAI_API_KEY": "open"}, key_file=key_file(tmp_path)) == KEY

    def test_from_nowhere_where_none_is_wanted(self) -> None:
        assert found({}, endpoint=LOCAL) is None
        assert found({"OPENAI_API_KEY": ""}) is None

    def test_no_setting_holds_one(self) -> None:
        assert {name for name in settings.defaults()["llm_config"] if "key" in name} == {"key_file"}


class TestTheFile:
    @pytest.mark.skipif(os.name != "posix", reason="modes have no effect there")
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o601])
    def test_one_that_others_can_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        with pytest.raises(AssistantError, match=r"others can read the key file .*chmod 600"):
            found({}, key_file=key_file(tmp_path, mode))

    def test_one_that_only_its_owner_can_read_is_taken(self, tmp_path: Path) -> None:
        assert found({}, key_file=key_file(tmp_path, 0o400)) == KEY

    def test_one_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(AssistantError, match=r"none cannot be read: No such file"):
            found({}, key_file=str(tmp_path / "none"))

    @pytest.mark.parametrize("text", ["", "two words", f"{KEY}\n{KEY}", "ключ", "a\0b", "x" * 5000])
    def test_one_that_holds_no_key_is_refused_without_repeating_it(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(AssistantError, match="holds no API key") as caught:
            found({}, key_file=key_file(tmp_path, text=text))
        assert KEY not in str(caught.value)


class TestWhereItGoes:
    def test_it_stands_in_the_header_of_the_protocol_and_nowhere_else(
        self, model: ModelServer, make_llm: MakeLlm
    ) -> None:
        model.replies("Yes.")
        ask(make_llm(), "Open?")
        (asked,) = model.asked
        header, value = ("x-api-key", KEY) if model.protocol == "anthropic" else ("authorization", f"Bearer {KEY}")
        assert asked.headers[header] == value
        assert [name for name, text in asked.headers.items() if KEY in text] == [header]
        assert KEY not in str(asked.body) + asked.path

    def test_without_a_key_there_is_no_header(self, model: ModelServer, make_llm: MakeLlm) -> None:
        model.replies("Yes.")
        ask(make_llm({}), "Open?")
        assert {"authorization", "x-api-key"}.isdisjoint(model.asked[0].headers)

    @pytest.mark.parametrize("endpoint", ["http://models.example/v1", "http://localhost.example/v1"])
    def test_in_the_clear_none_leaves_this_machine(self, tmp_path: Path, endpoint: str) -> None:
        assert found({"OPENAI_API_KEY": "open"}, endpoint=endpoint) is None
        with pytest.raises(
            AssistantError, match=r"SIGNOFF_LLM_KEY would go to .* in the clear: use an https:// endpoint"
        ):
            found({"SIGNOFF_LLM_KEY": "own"}, endpoint=endpoint)
        with pytest.raises(AssistantError, match="in the clear"):
            found({}, endpoint=endpoint, key_file=key_file(tmp_path))

    @pytest.mark.parametrize("endpoint", [LOCAL, "http://localhost:8000/v1", "http://[::1]:8/v1", "https://x.example"])
    def test_where_nobody_reads_along_it_goes(self, endpoint: str) -> None:
        assert found({"SIGNOFF_LLM_KEY": "own"}, endpoint=endpoint) == "own"


class TestThatItNeverShows:
    @pytest.mark.parametrize("show", [repr, str, "{}".format, lambda key: "%r" % [key]])
    def test_neither_printed_nor_formatted(self, show: Any) -> None:
        assert KEY not in show(Key(KEY))

    def test_nor_written_to_a_file(self) -> None:
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pickle.dumps(Key(KEY))

    def test_nor_in_what_shows_the_assistant(self, model: ModelServer, make_llm: MakeLlm) -> None:
        llm = make_llm()
        assert KEY not in repr(llm) + repr(vars(llm))
