"""What goes wrong is said in a sentence, touches nothing that is not ours, and leaves the output to the document."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff import StateManager
from signoff.errors import StaleVersion

from ..store.scenes import ANA, PENDING, Scene
from ..waiting import eventually
from .conftest import AtTerminal, InFolder, Signoff
from .terminal import PATIENCE, command, environment

STATE = "whatsapp_state.json"
LONG_NAME = "Ana Example of a very long house at the very end of the harbour"
ABOUT_ONE = [
    "approve",
    "reject",
    "ask-again",
    "take-back",
    "reopen",
    "confirm-sent",
    "send-again",
    "give-up",
    "history",
]


@pytest.mark.parametrize("line", [*(f"{name} nope" for name in ABOUT_ONE), "edit nope x"])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_an_unknown_id_is_the_answer_no(line: str, more: tuple[str, ...], desk: Scene, in_folder: InFolder) -> None:
    assert in_folder(*line.split(), *more) == (1, "", "there is no message 'nope'\n")


class TestAFileThatIsNoState:
    @pytest.mark.parametrize("text", ['{"name": "mine", "version": "1.0.0"}', '{"sess', "[]", "\x00\xff"])
    @pytest.mark.parametrize("line", ["status", "inbox", "config set mine 1", "doctor"])
    def test_is_left_as_it_is(self, text: str, line: str, in_folder: InFolder, tmp_path: Path) -> None:
        (tmp_path / "package.json").write_text(text, "utf-8")
        code, said, beside = in_folder(*line.split(), "--state", "package.json")
        assert code == (1 if line == "doctor" else 3)
        assert "--state FILE" in " ".join((said + beside).split())
        assert [path.name for path in tmp_path.iterdir()] == ["package.json"]
        assert (tmp_path / "package.json").read_text("utf-8") == text

    def test_one_of_the_existing_components_is_imported_as_ever(self, in_folder: InFolder, tmp_path: Path) -> None:
        (tmp_path / STATE).write_text('{"messages": {"incoming": [{"id": "m1", "body": "hi"}]}}', "utf-8")
        code, said, _ = in_folder("status", "--json")
        assert (code, json.loads(said)["lists"]["incoming"]) == (0, 1)

    @pytest.mark.parametrize("place", ["", ".", "/", "..", "folder", "folder.db"])
    @pytest.mark.parametrize("line", ["status", "inbox", "backup", "run", "config set mine 1"])
    def test_nor_is_a_folder_one(self, place: str, line: str, in_folder: InFolder, tmp_path: Path) -> None:
        for name in ("folder", "folder.db"):
            (tmp_path / name).mkdir()
        code, _, beside = in_folder(*line.split(), f"--state={place}")
        assert (code, "is a folder: give the path of a file in it" in beside) == (3, True), beside

    @pytest.mark.parametrize(("place", "why"), [("folder", "is a folder"), ("no/x.json", "no such folder")])
    def test_doctor_says_so_and_advises_nothing_harmful(
        self, place: str, why: str, in_folder: InFolder, tmp_path: Path
    ) -> None:
        (tmp_path / "folder").mkdir()
        code, said, _ = in_folder("doctor", "--state", place)
        assert code == 1
        assert why in said
        assert "chmod" not in said


class TestJson:
    def test_of_releasing_the_outbox_is_a_document(self, desk: Scene, in_folder: InFolder) -> None:
        desk.store.change_settings(desk.account, lambda _: {"outbox_hold": "an older copy"}, by="file")
        for released in (True, False):
            code, said, _ = in_folder("doctor", "--release", "--json")
            assert (code, json.loads(said)["released"]) == (0, released)

    @pytest.mark.parametrize("line", ["inbox", "status"])
    def test_has_whole_names(self, line: str, desk: Scene, in_folder: InFolder) -> None:
        message = {"id": "m1", "recipient": ANA, "fromName": LONG_NAME, "body": "Hello"}
        desk.add(message, PENDING)
        document = json.loads(in_folder(line, "--json")[1])
        waiting = document if line == "inbox" else document["waiting"]["for_you"]
        assert [each["name"] for each in waiting] == [LONG_NAME]
        assert LONG_NAME not in in_folder(line)[1]

    def test_of_an_edit_that_changed_nothing_is_a_document(self, desk: Scene, signoff: Signoff) -> None:
        desk.draft()
        result = signoff("edit", "reply_m1", "--editor", "--json", env={"EDITOR": "true"})
        assert json.loads(result.stdout)["outcome"] == "left as it is"

    def test_is_not_mixed_with_what_an_editor_shows(self, desk: Scene, signoff: Signoff) -> None:
        desk.draft()
        result = signoff("edit", "reply_m1", "--editor", "--json", env={"EDITOR": "echo I am an editor for"})
        assert json.loads(result.stdout)["id"] == "reply_m1"
        assert "I am an editor" in result.stderr

    def test_of_watching_is_a_line_for_each_change(self, desk: Scene, watching: Watching) -> None:
        running = watching("--json")
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["total_incoming"] == 0
        desk.receive()
        assert json.loads(running.stdout.readline())["total_incoming"] == 1


def test_without_a_terminal_and_an_editor_of_ones_own_none_is_opened(desk: Scene, signoff: Signoff) -> None:
    desk.draft()
    result = signoff("edit", "reply_m1", "--editor")
    assert (result.returncode, result.stdout) == (3, "")
    assert "give the text, or set EDITOR" in result.stderr


def test_out_of_date_is_told_in_words_that_fit_both_command_and_method(desk: Scene, in_folder: InFolder) -> None:
    desk.draft()
    desk.receive("m2", text="Never mind.")
    code, _, beside = in_folder("approve", "reply_m1")
    assert code == 1
    assert "approve it despite 'newer message m2'" in beside
    with pytest.raises(StaleVersion):
        desk.approve("reply_m1", despite="something else")
    assert in_folder("approve", "reply_m1", "--despite", "newer message m2")[0] == 0


def test_what_is_unconfirmed_says_how_to_decide(desk: Scene, signoff: Signoff) -> None:
    desk.unconfirmed(desk.claimed())
    assert "Unconfirmed: signoff confirm-sent ID" in signoff("inbox").stdout


Watching = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def watching(tmp_path: Path, request: pytest.FixtureRequest) -> Watching:
    """Starts ``signoff stats --watch`` through a pipe."""

    def start(*arguments: str) -> subprocess.Popen[str]:
        running = subprocess.Popen(
            command("stats", "--watch", *arguments),
            cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        request.addfinalizer(running.communicate)
        request.addfinalizer(running.kill)
        return running

    return start


def test_whoever_reads_only_the_beginning_leaves_no_complaint(desk: Scene, watching: Watching) -> None:
    running = watching("--json")
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.close()
    desk.receive()
    assert running.wait(PATIENCE) == 1
    assert running.stderr is not None
    assert running.stderr.read() == ""
    running.stdout = None


def test_a_terminal_that_can_only_write_is_told_the_changes_too(desk: Scene, at_terminal: AtTerminal) -> None:
    terminal = at_terminal("stats", "--watch", env={"TERM": "dumb"})
    terminal.expect("came in", "0")
    desk.receive()
    terminal.expect("came in", "1")
    terminal.interrupt()
    assert terminal.wait() == 130


def test_forgetting_can_be_asked_at_any_terminal(desk: Scene, at_terminal: AtTerminal) -> None:
    desk.receive()
    terminal = at_terminal("forget", ANA, env={"TERM": "dumb"})
    terminal.expect("for good?")
    terminal.press("y\n")
    assert terminal.wait() == 0
    eventually(lambda: "Are you open?" not in desk.row("m1").payload)


@pytest.mark.skipif(os.name == "nt", reason="a shell of another kind")
class TestClosedStreams:
    """As a job of a system may be started, with ``>&-``."""

    @pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
    @pytest.mark.parametrize("line", ["status", "--help", "session"])
    def test_are_as_good_as_nobody_who_reads(self, closed: str, line: str, desk: Scene, tmp_path: Path) -> None:
        program = " ".join(map(shlex.quote, command(*line.split())))
        done = subprocess.run(
            f"{program} {closed}", shell=True, cwd=tmp_path, env=environment(), capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert done.returncode == (1 if line == "session" else 0)


def test_an_editor_that_is_no_command_is_told(desk: Scene, signoff: Signoff) -> None:
    row = desk.draft()
    result = signoff("edit", row.id, "--editor", env={"EDITOR": "vi '"})
    assert result.returncode == 3
    assert "which is no command (No closing quotation): set it to one" in " ".join(result.stderr.split())


def test_a_value_too_deep_for_json_is_a_text(desk: Scene, in_folder: InFolder) -> None:
    deep = "[" * 50_000
    assert in_folder("config", "set", "mine", deep)[0] == 0
    assert in_folder("config", "get", "mine")[1] == f"{deep}\n"


def test_a_link_to_a_state_file_means_the_state_it_names(signoff: Signoff, tmp_path: Path) -> None:
    real, here = tmp_path / "data", tmp_path / STATE
    real.mkdir()
    with StateManager(real / STATE) as state:
        state.set_config("mine", 1)
    here.symlink_to(real / STATE)
    assert signoff("backup", "monday").returncode == 0
    assert signoff("config", "set", "mine", "2").returncode == 0
    assert signoff("restore", "monday.db").returncode == 0
    assert signoff("config", "get", "mine", "--state", f"data/{STATE}").stdout == "1\n"
    assert not here.with_suffix(".db").exists()
