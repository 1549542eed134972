"""Where a model is put to work: the command line's --assistant, and the guide's assistant with Anthropic's key."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from signoff import MessageStatus, StateManager
from signoff.assistant import load_assistant
from signoff.classic import WhatsAppAssistant, WhatsAppWatcher
from signoff.cli.run import LlmConfig, load
from signoff.errors import ConfigError
from signoff.gateway.simulator import Simulator
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox

from .conftest import KEY, ask, drafted
from .model_server import Answer, ModelServer, serving

HELLO = {"id": "m1", "from": "15550100111@c.us", "fromName": "Lucía", "body": "Do you have oat milk?"}


@pytest.fixture
def claude() -> Iterator[ModelServer]:
    with serving("anthropic") as server:
        yield server


@pytest.fixture
def state_file(tmp_path: Path, claude: ModelServer) -> Path:
    """A state whose settings lead to the server."""
    file = tmp_path / "whatsapp_state.json"
    with StateManager(file) as manager:
        manager.update_config({"llm_config": {"endpoint": claude.endpoint, "max_retries": 0}})
    return file


class TestTheGuidesAssistant:
    @pytest.fixture
    def assistant(self, state_file: Path) -> Iterator[WhatsAppAssistant]:
        assistant = WhatsAppAssistant(state_file)
        yield assistant
        assistant.close()

    @pytest.fixture
    def key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)

    @pytest.mark.usefixtures("key")
    def test_with_anthropics_key_a_claude_answers(self, assistant: WhatsAppAssistant, claude: ModelServer) -> None:
        claude.replies("Yes, at no extra cost.")
        answer = assistant.process_message(dict(HELLO))
        assert answer is not None
        assert answer["message"] == "Yes, at no extra cost."
        assert claude.asked[0].headers["x-api-key"] == KEY
        (kept,) = assistant.get_generated_replies()
        assert kept["model"].startswith("claude-")
        assert kept["note"] == "812 + 64 tokens"

    @pytest.mark.usefixtures("key")
    def test_the_watchers_draft_says_what_it_cost(self, state_file: Path, claude: ModelServer) -> None:
        claude.replies("Yes, at no extra cost.")
        with StateManager(state_file) as manager:
            manager.set_config("human_in_the_loop", True)
        world = Simulator()
        watcher = WhatsAppWatcher(state_file, gateway=world)
        world.contact_writes("15550100111@c.us", "Do you have oat milk?")
        assert watcher.run_once() == 1
        with StateManager(state_file) as manager:
            (row,) = manager.rows(MessageStatus.PENDING_APPROVAL)
        assert (row.author, row.note) == ("whatsapp_assistant", "812 + 64 tokens")
        watcher.close()
        world.close()

    def test_without_it_keywords_answer_and_nobody_is_asked(
        self, assistant: WhatsAppAssistant, claude: ModelServer
    ) -> None:
        assert assistant.generate_response(dict(HELLO)) is None
        assert assistant.generate_response({**HELLO, "body": "Hello!"}) is not None
        assert claude.asked == []

    @pytest.mark.usefixtures("key")
    def test_what_it_declines_has_no_answer(self, assistant: WhatsAppAssistant, claude: ModelServer) -> None:
        claude.says('{"decline": "A complaint."}')
        assert assistant.process_message(dict(HELLO)) is None

    @pytest.mark.usefixtures("key")
    def test_when_it_fails_keywords_answer_what_they_can(
        self, assistant: WhatsAppAssistant, claude: ModelServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        claude.answers = [Answer({}, 401)]
        assert assistant.generate_response({**HELLO, "body": "Hello!"}) is not None
        assert assistant.generate_response(dict(HELLO)) is None
        assert "answered 401 (it does not accept the API key)" in caplog.text
        assert KEY not in caplog.text

    @pytest.mark.usefixtures("key")
    def test_set_up_wrongly_it_says_so_and_goes_on_with_keywords(
        self, state_file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with StateManager(state_file) as manager:
            manager.update_config({"llm_config": {"knowledge_folder": "nowhere"}})
        assistant = WhatsAppAssistant(state_file)
        assert assistant.generate_response({**HELLO, "body": "Hello!"}) is not None
        assert "no model drafts, keywords are answered instead: nowhere: there is no such folder" in caplog.text
        assistant.close()


class TestTheCommandLine:
    def test_a_model_is_set_up_as_the_state_says(self, state_file: Path, claude: ModelServer) -> None:
        with StateManager(state_file) as manager:
            manager.update_config({"llm_config": {"protocol": "anthropic", "model": "named"}})
        claude.replies("Yes.")
        llm = load("llm", LlmConfig(state_file, "default"))
        assert llm is not None
        assert drafted(ask(llm, "Open?")).author == "named"

    def test_a_change_while_it_runs_is_followed(self, state_file: Path, claude: ModelServer) -> None:
        with StateManager(state_file) as manager:
            manager.update_config({"llm_config": {"protocol": "anthropic", "model": "one"}})
            claude.replies("Yes.")
            config = LlmConfig(state_file, "default")
            llm = load("llm", config)
            assert llm is not None
            config.manager = manager
            manager.update_config({"llm_config": {"model": "two"}})
            assert drafted(ask(llm, "Open?")).author == "two"

    def test_a_folder_behind_it_is_what_it_knows(
        self, state_file: Path, claude: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        folder = tmp_path / "answers"
        folder.mkdir()
        (folder / "a.md").write_text("## Parking\n\nNone.", "utf-8")
        claude.replies("There is none.")
        llm = load(f"llm:{folder}", LlmConfig(state_file, "default"))
        assert llm is not None
        assert drafted(ask(llm, "Parking?")).note == "a.md: Parking; 812 + 64 tokens"

    def test_without_a_state_none_is_begun_and_it_says_what_to_set(self, tmp_path: Path) -> None:
        with pytest.raises(typer.BadParameter, match=r"set llm_config\.model"):
            load("llm", LlmConfig(tmp_path / "whatsapp_state.json", "default"))
        assert list(tmp_path.iterdir()) == []


def test_why_another_draft_is_wanted_reaches_the_model(tmp_path: Path, claude: ModelServer) -> None:
    claude.replies("Yes.")
    config = {"protocol": "anthropic", "endpoint": claude.endpoint, "model": "m"}
    world = Simulator()
    world.contact_writes("15550100111@c.us", "Do you have oat milk?")
    with StateManager(tmp_path / "state.db", by="maria") as state:
        drafts = Drafts(state, load_assistant("llm", config), "llm")
        Inbox(state, world, wait=0).round()
        drafts.round()
        (draft,) = state.get_messages(MessageStatus.PENDING_APPROVAL)
        state.ask_again(draft["id"], "say that it costs nothing extra")
        drafts.round()
    first, second = claude.asked
    assert "What the person who decides says" not in first.system
    assert second.system.endswith("say that it costs nothing extra")
    assert '{"text": "Yes."}' in second.user
    world.close()


def test_importing_assistants_and_the_guides_modules_brings_no_http_client(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    code = (
        "import sys, signoff.assistant, whatsapp_assistant; print([m for m in ('httpx2', 'ssl') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_settings_that_are_not_allowed_are_refused_wherever_they_come_from(state_file: Path) -> None:
    wrong = {"protocol": "gopher"}
    with StateManager(state_file) as manager, pytest.raises(ConfigError, match="'auto', 'openai' or 'anthropic'"):
        manager.update_config({"llm_config": wrong})
    with pytest.raises(ConfigError, match="'auto', 'openai' or 'anthropic'"):
        load_assistant("llm", wrong)


def test_a_key_of_the_users_own_in_the_settings_does_no_harm(claude: ModelServer) -> None:
    config = {"endpoint": claude.endpoint, "protocol": "anthropic", "model": "m", "comment": "ours"}
    claude.replies("Yes.")
    assert drafted(ask(load_assistant("llm", config), "Open?")).text == "Yes."
