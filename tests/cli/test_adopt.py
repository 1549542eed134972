"""``signoff adopt``: what is said, what is asked, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from signoff import StateManager

from ..adopt.components import build, state, write_state
from ..adopt.tree import tree
from .conftest import AtTerminal, Signoff


@pytest.fixture
def bot(tmp_path: Path) -> Path:
    return build(tmp_path / "bot")


def human(bot: Path) -> object:
    with StateManager(bot / "whatsapp_state.json") as manager:
        return manager.get_config("human_in_the_loop")


class TestWithoutATerminal:
    def test_a_dry_run_says_what_would_be_and_changes_nothing(self, bot: Path, signoff: Signoff) -> None:
        before = tree(bot)
        done = signoff("adopt", "bot", "--dry-run")
        assert (done.returncode, done.stderr) == (0, "")
        assert tree(bot) == before
        assert "nothing was changed" in done.stdout
        assert "3 incoming, 1 pending approval" in done.stdout
        assert "state_manager.py" in done.stdout
        assert "human_in_the_loop" in done.stdout

    def test_it_says_what_was_changed_and_what_to_do_next(self, bot: Path, signoff: Signoff) -> None:
        done = signoff("adopt", "bot")
        assert (done.returncode, done.stderr) == (0, "")
        for told in ("copied to", "moved aside", "every import is found", "human_in_the_loop is on", "signoff status"):
            assert told in done.stdout
        assert human(bot) is True

    def test_twice_it_changes_nothing(self, bot: Path, signoff: Signoff) -> None:
        signoff("adopt", "bot")
        before = tree(bot)
        done = signoff("adopt", "bot")
        assert done.returncode == 0
        assert "adopted already; nothing was changed" in done.stdout
        assert tree(bot) == before

    def test_undo_brings_everything_back(self, bot: Path, signoff: Signoff) -> None:
        before = tree(bot)
        signoff("adopt", "bot", "--yes")
        done = signoff("adopt", "bot", "--undo")
        assert (done.returncode, done.stderr) == (0, "")
        assert tree(bot) == before
        again = signoff("adopt", "bot", "--undo")
        assert again.returncode == 1
        assert "nothing is to be brought back" in again.stderr

    def test_undo_that_is_refused_changes_nothing(self, bot: Path, signoff: Signoff) -> None:
        signoff("adopt", "bot")
        (bot / "state_manager.py").write_text("# mine\n")
        before = tree(bot)
        done = signoff("adopt", "bot", "--undo")
        assert done.returncode == 3
        assert done.stderr.count("\n") == 1
        assert "was put there since" in done.stderr
        assert tree(bot) == before

    def test_an_import_that_does_not_work_is_exit_code_1(self, bot: Path, signoff: Signoff) -> None:
        (bot / "odd.py").write_text("from whatsapp_sender import RETRIES\n")
        done = signoff("adopt", "bot", "--dry-run")
        assert done.returncode == 1
        assert "odd.py line 1: from whatsapp_sender import RETRIES" in done.stdout
        assert signoff("adopt", "bot").returncode == 1

    def test_a_broken_state_file_is_said_to_be_broken(self, bot: Path, signoff: Signoff) -> None:
        text = write_state(bot, state())
        (bot / "whatsapp_state.json").write_bytes(text[: len(text) // 2])
        done = signoff("adopt", "bot")
        assert done.returncode == 0
        assert "is broken (line" in done.stdout
        assert "taken is what can be read" in done.stdout

    def test_a_folder_with_nothing_of_it_is_exit_code_1(self, signoff: Signoff, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        done = signoff("adopt", "empty")
        assert done.returncode == 1
        assert "holds none of the components" in done.stderr

    @pytest.mark.parametrize("arguments", [("nowhere",), ("bot", "--undo", "--dry-run")])
    def test_wrongly_asked_is_exit_code_2(self, bot: Path, signoff: Signoff, arguments: tuple[str, ...]) -> None:
        before = tree(bot)
        assert signoff("adopt", *arguments).returncode == 2
        assert tree(bot) == before


class TestForPrograms:
    def test_one_document_each(self, bot: Path, signoff: Signoff) -> None:
        planned = json.loads(signoff("adopt", "bot", "--dry-run", "--json").stdout)
        assert (planned["dry_run"], planned["changed"], planned["copies"]) == (True, False, None)
        done = json.loads(signoff("adopt", "bot", "--json").stdout)
        assert (done["dry_run"], done["changed"]) == (False, True)
        assert Path(done["copies"]).is_dir()
        assert done["states"] == planned["states"]
        assert done["states"][0]["messages"]["incoming"] == 3
        again = json.loads(signoff("adopt", "bot", "--json").stdout)
        assert (again["changed"], again["copies"]) == (False, None)
        undone = json.loads(signoff("adopt", "bot", "--undo", "--json").stdout)
        assert undone["kept"] is None
        assert "whatsapp_state.json" in undone["brought_back"]


class TestAtATerminal:
    @pytest.mark.parametrize(("said", "human_decides"), [("n\n", False), ("\n", True), ("what\nyes\n", True)])
    def test_somebody_is_asked_about_sign_off(
        self, bot: Path, at_terminal: AtTerminal, said: str, human_decides: bool
    ) -> None:
        terminal = at_terminal("adopt", "bot")
        terminal.expect("Shall a person decide")
        terminal.press(said)
        assert terminal.wait() == 0
        assert human(bot) is human_decides

    def test_yes_asks_nothing(self, bot: Path, at_terminal: AtTerminal) -> None:
        terminal = at_terminal("adopt", "bot", "--yes")
        assert terminal.wait() == 0
        assert "Shall a person decide" not in terminal.text
        assert human(bot) is True

    def test_ctrl_c_at_the_question_changes_nothing(self, bot: Path, at_terminal: AtTerminal) -> None:
        before = tree(bot)
        terminal = at_terminal("adopt", "bot")
        terminal.expect("Shall a person decide")
        terminal.interrupt()
        assert terminal.wait() == 130
        assert tree(bot) == before
