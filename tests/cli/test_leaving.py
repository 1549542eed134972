"""``signoff export`` and ``forget``: taking everything along, and removing a person for good."""

from __future__ import annotations

import json
from pathlib import Path

from ..store.scenes import ANA, ANA_LID, BEN, INCOMING, Scene
from .conftest import AtTerminal, Signoff


class TestExport:
    def test_writes_everything_to_a_file_that_can_be_restored(
        self, desk: Scene, signoff: Signoff, tmp_path: Path
    ) -> None:
        for number in range(150):
            desk.receive(f"m{number}")
        told = json.loads(signoff("export", "all/monday.json", "--json").stdout)
        written = tmp_path / "all" / "monday.json"
        assert told == {"file": "all/monday.json", "account": "default", "bytes": written.stat().st_size}
        assert len(json.loads(written.read_text("utf-8"))["messages"]["incoming"]) == 150
        assert signoff("restore", "all/monday.json").returncode == 0

    def test_goes_through_a_pipe_whatever_the_terminal_can_show(self, desk: Scene, signoff: Signoff) -> None:
        desk.receive("m1", text="کب کھلتے ہیں؟ 🙂")
        env = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
        result = signoff("export", env=env)
        assert json.loads(result.stdout)["messages"]["incoming"][0]["body"] == "کب کھلتے ہیں؟ 🙂"

    def test_never_writes_over_the_state_itself(self, desk: Scene, signoff: Signoff) -> None:
        result = signoff("export", "whatsapp_state.db")
        assert result.returncode == 3
        assert "choose another name" in result.stderr


class TestForget:
    def test_asks_and_a_no_changes_nothing(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.receive("m1", ANA, aliases=(ANA_LID,))
        terminal = at_terminal("forget", ANA)
        terminal.expect(ANA, ANA_LID, "for good?")
        terminal.press("n\n")
        assert terminal.wait() == 1
        assert "Nothing was changed" in terminal.text
        assert desk.row("m1").text == "Are you open?"

    def test_asks_and_a_yes_removes_all_texts_under_all_addresses(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.receive("m1", ANA, aliases=(ANA_LID,))
        desk.receive("m2", ANA_LID)
        desk.receive("m3", BEN)
        terminal = at_terminal("forget", ANA, "--by", "Omar")
        terminal.expect("for good?")
        terminal.press("y\n")
        assert terminal.wait() == 0
        assert [desk.row(f"m{number}").text for number in (1, 2, 3)] == ["", "", "Are you open?"]
        assert desk.row("m1").changed_by == "Omar"

    def test_where_nobody_can_be_asked_it_wants_to_be_told(self, desk: Scene, signoff: Signoff) -> None:
        desk.receive("m1", ANA)
        refused = signoff("forget", ANA)
        assert refused.returncode == 2
        assert "say --yes if you are sure" in " ".join(refused.stderr.replace("│", " ").split())
        assert desk.row("m1").text == "Are you open?"
        done = signoff("forget", ANA, "--yes", "--json")
        assert (done.returncode, json.loads(done.stdout)) == (0, {"addresses": [ANA], "messages": 1})
        assert desk.row("m1").text == ""
        assert desk.ids(INCOMING) == ["m1"]

    def test_of_nobody_is_no(self, desk: Scene, signoff: Signoff) -> None:
        result = signoff("forget", "15550100199@c.us", "--yes")
        assert result.returncode == 1
        assert "give an address such as" in result.stderr
