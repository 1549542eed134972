"""``signoff demo``: the main job, from the first message to the statistics, without an account."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from signoff import MessageStatus, StateManager
from signoff.gateway.simulator import Delivery, Simulator

from .conftest import AtTerminal, Signoff
from .terminal import run

TOTALS = ("incoming", "approved", "rejected", "sent", "failed")


def deliveries(folder: Path) -> list[Delivery]:
    """What the contacts of a demo really received."""
    with closing(Simulator(folder / "world")) as world:
        return world.deliveries()


@pytest.fixture(scope="module")
def afternoon(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CompletedProcess[str]]:
    """A demo that ran through without a terminal: its folder, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    return folder / ".demo", run(folder, "demo")


class TestByItself:
    def test_approves_delivers_and_ends_with_the_statistics(
        self, afternoon: tuple[Path, CompletedProcess[str]]
    ) -> None:
        folder, result = afternoon
        assert (result.returncode, result.stderr) == (0, "")
        with StateManager(folder / "whatsapp_state.json") as state:
            statistics, problems = state.get_statistics(), state.check()
            approvers = {row.approved_by for row in state.rows(MessageStatus.SENT)}
            left = [*state.rows(MessageStatus.PENDING_APPROVAL), *state.rows(MessageStatus.APPROVED)]
        assert statistics["total_sent"] == statistics["total_approved"] == len(deliveries(folder)) > 3
        assert (problems, left, approvers) == ([], [], {"demo"})
        totals = result.stdout[result.stdout.index("came in") :].split("\n")[2].split()
        assert totals == [str(statistics[f"total_{name}"]) for name in TOTALS]

    def test_tells_what_happens_and_names_who_is_left_for_a_person(
        self, afternoon: tuple[Path, CompletedProcess[str]]
    ) -> None:
        told = afternoon[1].stdout
        for words in ("Lucía", "faq drafts", "approved by demo", "sent, approved by demo", "delivered and read"):
            assert words in told
        assert "For a person, on the phone: Bob: My grandmother would like to sing" in told
        assert "\x1b" not in told

    def test_goes_on_only_when_told_to_keep(
        self, afternoon: tuple[Path, CompletedProcess[str]], signoff: Signoff
    ) -> None:
        folder = afternoon[0]
        before = len(deliveries(folder))
        again = signoff("demo", "--yes", "--folder", str(folder), "--keep")
        assert again.returncode == 0
        assert len(deliveries(folder)) == before
        assert "approved by demo" not in again.stdout


class TestItsFolder:
    def test_is_never_one_that_holds_other_things(self, signoff: Signoff, tmp_path: Path) -> None:
        mine = tmp_path / "thesis"
        mine.mkdir()
        (mine / "chapter.txt").write_text("years of work")
        result = signoff("demo", "--yes", "--folder", str(mine))
        assert result.returncode == 3
        assert "holds other things and would be emptied" in result.stderr
        assert (mine / "chapter.txt").read_text() == "years of work"

    def test_is_for_one_demo_at_a_time(self, signoff: Signoff, at_terminal: AtTerminal) -> None:
        first = at_terminal("demo")
        first.expect("Lucía", " q  quit")
        second = signoff("demo", "--yes")
        assert second.returncode == 3
        assert "is in use by process" in second.stderr
        assert first.press_until_it_ends("q") == 0


class TestAtATerminal:
    def test_ends_when_the_script_is_finished_and_everything_decided(
        self, at_terminal: AtTerminal, tmp_path: Path
    ) -> None:
        terminal, key = at_terminal("demo", env={"LOGNAME": "maria"}), ""
        while "Look closer: " not in (shown := terminal.expect_one_of(" q  quit", "Look closer: ", press=key)):
            key = "A" if " A  approve anyway" in shown.rpartition("──\n")[2] else "a"
            terminal.press(key)
        assert terminal.wait() == 0
        assert "Traceback" not in terminal.text
        with StateManager(tmp_path / ".demo" / "whatsapp_state.json") as state:
            sent = list(state.rows(MessageStatus.SENT))
            assert state.check() == []
        assert {row.approved_by for row in sent} == {"maria"}
        assert len(sent) == len(deliveries(tmp_path / ".demo")) > 3

    def test_ctrl_c_stops_it_cleanly(self, at_terminal: AtTerminal, tmp_path: Path) -> None:
        terminal = at_terminal("demo")
        terminal.expect(" q  quit")
        terminal.interrupt()
        assert terminal.wait() == 130
        assert "Stopped." in terminal.text
        assert "Traceback" not in terminal.text
        assert terminal.modes == terminal.modes_before
        with StateManager(tmp_path / ".demo" / "whatsapp_state.json") as state:
            assert state.check() == []

    def test_ctrl_c_stops_it_cleanly_when_nobody_is_asked(self, at_terminal: AtTerminal) -> None:
        terminal = at_terminal("demo", "--yes")
        terminal.expect("approved by demo")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.wait() == 130
        assert "Stopped." in terminal.text
        assert "Traceback" not in terminal.text
