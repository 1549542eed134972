"""The approval desk in the terminal: every key does what it says, to exactly what was shown."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest

from signoff.lifecycle import MessageStatus

from ..store.scenes import ANA, BEN, Scene
from .conftest import AtTerminal, Signoff
from .terminal import Terminal

KEYS = " a  approve   e  edit   r  reject   n  new draft   s  skip   q  quit"


def shown(terminal: Terminal, *texts: str) -> str:
    """Wait until a case with these texts is shown and takes keys."""
    return terminal.expect(*texts, " q  quit")


def pressed(terminal: Terminal, key: str, *texts: str) -> None:
    """Press a key and wait for what comes of it."""
    terminal.press(key)
    terminal.expect(*texts)


def quits(terminal: Terminal) -> None:
    assert terminal.press_until_it_ends("q") == 0
    assert "Traceback" not in terminal.text


def editor(folder: Path, program: str) -> dict[str, str]:
    """An editor that is a Python program; the file's name is ``path`` in it."""
    script = folder / "editor.py"
    script.write_text(f"import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{program}\n")
    return {"EDITOR": f"{sys.executable} {script}"}


class TestTheCase:
    def test_shows_conversation_draft_and_source(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.draft(text="Until six.")
        terminal = at_terminal("inbox")
        case = shown(terminal, ANA, "Are you open?", "Until six.", "by faq")
        assert KEYS in case
        terminal.press("q")
        assert terminal.wait() == 0

    def test_appears_when_it_comes(self, desk: Scene, at_terminal: AtTerminal) -> None:
        terminal = at_terminal("inbox")
        terminal.expect("Nothing waits for you")
        desk.draft()
        shown(terminal, "Are you open?", "faq drafts: Until six.", "Until six.")
        quits(terminal)

    def test_cannot_steer_the_terminal(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.receive(text="\x1b[2J\x1b]0;title\x07 \u202eopen\x9b31m")
        desk.answer("a\x1b[8mhidden")
        terminal = at_terminal("inbox")
        shown(terminal, "‹1B›[2J", "‹202E›open", "a‹1B›[8mhidden")
        assert "\x1b[2J" not in terminal.raw
        assert "\x1b[8m" not in terminal.raw
        assert not {"\x07", "\u202e", "\x9b"} & set(terminal.raw)
        quits(terminal)

    def test_longer_than_the_screen_says_so_and_v_shows_all(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.receive()
        desk.answer("\n".join(f"line {number}" for number in range(60)) + "\nthe end")
        terminal = at_terminal("inbox", size=(24, 80))
        case = shown(terminal, "more lines: press v to see all")
        assert "the end" not in case
        pressed(terminal, "v", "the end")
        quits(terminal)

    def test_is_not_wider_than_the_screen(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.receive(text="a long question 👋🏽 " * 20)
        desk.answer("a long answer ☕ " * 30)
        terminal = at_terminal("inbox", size=(40, 80))
        case = shown(terminal, "a long answer", "by faq")
        assert max(map(len, case.splitlines())) <= 80
        quits(terminal)

    def test_of_a_script_without_a_recipient_can_only_be_rejected(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.add({"id": "msg123", "from": ANA, "body": "Hello!"})
        desk.move("msg123", MessageStatus.INCOMING, MessageStatus.PENDING_APPROVAL)
        terminal = at_terminal("inbox")
        case = shown(terminal, "It has no recipient")
        assert "approve" not in case
        pressed(terminal, "a", "Also: R reject with a reason")
        pressed(terminal, "r", "rejected by")
        quits(terminal)


class TestTheKeys:
    def test_a_approves_what_was_shown(self, desk: Scene, at_terminal: AtTerminal) -> None:
        row = desk.draft()
        terminal = at_terminal("inbox", "--by", "Maria")
        shown(terminal, "Until six.")
        pressed(terminal, "a", "approved by Maria", "Nothing waits for you")
        assert desk.row(row.id).approved_by == "Maria"
        assert desk.row(row.id).approved_version == 1
        quits(terminal)

    def test_e_edits_and_the_new_version_wants_its_own_approval(
        self, desk: Scene, at_terminal: AtTerminal, tmp_path: Path
    ) -> None:
        row = desk.draft()
        env = editor(tmp_path, "path.write_text(path.read_text() + ' Come in!\\n')")
        terminal = at_terminal("inbox", "--by", "Maria", env=env)
        shown(terminal, "Until six.")
        terminal.press("e")
        shown(terminal, "Until six. Come in!", "version 2")
        assert desk.row(row.id).approved_version is None
        pressed(terminal, "a", "approved by Maria")
        assert desk.row(row.id).text == "Until six. Come in!"
        assert desk.row(row.id).approved_version == 2
        quits(terminal)

    def test_e_changes_nothing_when_the_text_was_left_or_the_editor_failed(
        self, desk: Scene, at_terminal: AtTerminal, tmp_path: Path
    ) -> None:
        row = desk.draft()
        program = "again = pathlib.Path('again')\nif again.exists(): sys.exit(7)\nagain.touch()"
        terminal = at_terminal("inbox", env=editor(tmp_path, program))
        shown(terminal, "Until six.")
        pressed(terminal, "e", "The text was left as it is")
        terminal.expect(" q  quit")
        pressed(terminal, "e", "ended with code 7")
        assert desk.row(row.id).draft_version == 1
        quits(terminal)

    def test_e_asks_for_lines_where_there_is_no_editor(self, desk: Scene, at_terminal: AtTerminal) -> None:
        row = desk.draft()
        terminal = at_terminal("inbox", env={"PATH": "/nowhere"})
        shown(terminal, "Until six.")
        pressed(terminal, "e", "ends it, and alone keeps the old one")
        terminal.press("Until seven,\nin summer.\n.\n")
        shown(terminal, "Until seven,", "in summer.", "version 2")
        assert desk.row(row.id).text == "Until seven,\nin summer."
        quits(terminal)

    def test_r_rejects_and_capital_r_asks_why(self, desk: Scene, at_terminal: AtTerminal) -> None:
        first, second = desk.draft("m1"), desk.draft("m2", chat=BEN)
        terminal = at_terminal("inbox", "--by", "Omar")
        shown(terminal, ANA)
        terminal.press("r")
        shown(terminal, "rejected by Omar", BEN)
        pressed(terminal, "R", "Why is it rejected?")
        pressed(terminal, "I call him\n", "rejected by Omar: I call him")
        assert desk.row(first.id).status == desk.row(second.id).status == "rejected"
        assert desk.row(second.id).changed_why == "I call him"
        quits(terminal)

    def test_n_asks_for_another_draft_which_takes_the_place(self, desk: Scene, at_terminal: AtTerminal) -> None:
        row = desk.draft()
        terminal = at_terminal("inbox")
        shown(terminal, "Until six.")
        pressed(terminal, "n", "Asked for another draft")
        desk.clock.advance(60)
        desk.answer("Until seven.")
        shown(terminal, "Until seven.")
        assert desk.row(row.id).reason == "superseded"
        quits(terminal)

    def test_capital_n_says_how_the_new_draft_shall_be_and_shows_it(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.draft()
        terminal = at_terminal("inbox", "--by", "Omar")
        shown(terminal, "Until six.")
        pressed(terminal, "N", "How shall the new draft be?")
        pressed(terminal, "in Spanish\n", "Another draft is on its way, asked for by Omar: in Spanish")
        desk.clock.advance(60)
        desk.answer("Hasta las seis.")
        shown(terminal, "Hasta las seis.", "Another draft, asked for by Omar: in Spanish")
        assert desk.store.history(desk.account, "m1")[-1].kind == "drafted"
        quits(terminal)

    def test_capital_n_without_a_word_asks_for_nothing(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.draft()
        terminal = at_terminal("inbox")
        shown(terminal, "Until six.")
        pressed(terminal, "N", "How shall the new draft be?")
        pressed(terminal, "\n", "Nothing was asked for")
        assert "asked again" not in desk.kinds("m1")
        quits(terminal)

    def test_s_shows_the_next_and_comes_back(self, desk: Scene, at_terminal: AtTerminal) -> None:
        first, second = desk.draft("m1", text="One."), desk.draft("m2", text="Two.", chat=BEN)
        terminal = at_terminal("inbox")
        shown(terminal, "One.")
        terminal.press("s")
        shown(terminal, "Two.")
        terminal.press("a")
        shown(terminal, "One.")
        pressed(terminal, "s", "It is the only one that waits")
        assert "meanwhile" not in terminal.text
        assert desk.row(first.id).status == "pending_approval"
        assert desk.row(second.id).status == "approved"
        quits(terminal)

    def test_d_shows_what_has_happened(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.edit(desk.draft().id, "Until seven.")
        terminal = at_terminal("inbox")
        shown(terminal, "Until seven.")
        pressed(terminal, "d", "added → pending approval, by faq", "edited (version 2), by maria")
        quits(terminal)

    @pytest.mark.parametrize(
        ("key", "said", "status"),
        [("y", "→", "sent"), ("g", "approved by", "approved"), ("x", "", "failed")],
        ids=["it arrived", "send again", "give up"],
    )
    def test_settle_what_is_unconfirmed(
        self, desk: Scene, at_terminal: AtTerminal, key: str, said: str, status: str
    ) -> None:
        claim = desk.claimed()
        desk.unconfirmed(claim)
        terminal = at_terminal("inbox")
        case = shown(terminal, "Nobody knows whether this arrived")
        assert "approve" not in case
        pressed(terminal, key, said, "Nothing waits for you")
        assert "meanwhile" not in terminal.text
        assert desk.row(claim.id).status == status
        assert desk.row(claim.id).delivery != "unknown"
        quits(terminal)


class TestNothingIsApprovedUnseen:
    def test_a_draft_that_is_out_of_date_wants_another_key(self, desk: Scene, at_terminal: AtTerminal) -> None:
        row = desk.draft()
        desk.receive("m2", text="And on Sunday?")
        terminal = at_terminal("inbox")
        shown(terminal, "And on Sunday?", "Out of date: newer message m2")
        pressed(terminal, "a", "Press A to approve it anyway")
        assert desk.row(row.id).status == "pending_approval"
        terminal.expect(" q  quit")
        pressed(terminal, "A", "approved by")
        assert desk.row(row.id).status == "approved"
        quits(terminal)

    def test_a_newer_message_is_shown_before_anything_is_decided(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.draft()
        terminal = at_terminal("inbox")
        shown(terminal, "Until six.")
        desk.receive("m2", text="Never mind.")
        shown(terminal, "Never mind.", "Out of date", " A  approve anyway")
        quits(terminal)

    def test_what_is_pasted_decides_nothing(self, desk: Scene, at_terminal: AtTerminal) -> None:
        row = desk.draft()
        terminal = at_terminal("inbox")
        shown(terminal, "Until six.")
        terminal.press("all right, approve, agreed")
        terminal.press("\x1b[A")
        terminal.press_until("?", "Also: R reject")
        assert desk.row(row.id).status == "pending_approval"
        quits(terminal)

    def test_a_key_that_comes_too_late_is_not_for_the_next_one(self, desk: Scene, at_terminal: AtTerminal) -> None:
        first, second = desk.draft("m1", text="One."), desk.draft("m2", text="Two.", chat=BEN)
        terminal = at_terminal("inbox")
        shown(terminal, "One.")
        terminal.process.send_signal(signal.SIGSTOP)
        desk.reject(first.id)
        terminal.press("a")  # meant for the first, which is still on the screen
        terminal.process.send_signal(signal.SIGCONT)
        shown(terminal, "rejected by omar", "Two.")
        terminal.press_until("?", "Also: R reject")
        assert desk.row(second.id).status == "pending_approval"
        quits(terminal)

    def test_who_was_slower_is_told_who_decided(self, desk: Scene, at_terminal: AtTerminal) -> None:
        first, second = desk.draft("m1"), desk.draft("m2", chat=BEN)
        terminal = at_terminal("inbox", "--by", "Omar")
        shown(terminal, ANA)
        desk.approve(first.id)
        shown(terminal, BEN, f"{ANA}: approved by maria meanwhile")
        desk.reject(second.id)
        terminal.expect("rejected by omar", "Nothing waits for you")
        quits(terminal)

    @pytest.mark.parametrize("doing", ["reject", "edit"])
    def test_who_was_still_typing_when_another_approved_is_told_and_takes_nothing_back(
        self, desk: Scene, at_terminal: AtTerminal, doing: str
    ) -> None:
        row = desk.draft()
        terminal = at_terminal("inbox", "--by", "Omar", env={"PATH": "/nowhere"})
        shown(terminal, "Until six.")
        pressed(terminal, *{"reject": ("R", "Why is it rejected?"), "edit": ("e", "ends it")}[doing])
        desk.approve(row.id)
        terminal.press({"reject": "I call him\n", "edit": "Until seven.\n.\n"}[doing])
        terminal.expect("approved by maria", "Nothing waits for you")
        assert (desk.row(row.id).status, desk.row(row.id).text) == ("approved", "Until six.")
        quits(terminal)

    def test_somebody_elses_edit_is_shown(self, desk: Scene, at_terminal: AtTerminal) -> None:
        row = desk.draft()
        terminal = at_terminal("inbox")
        shown(terminal, "Until six.")
        desk.edit(row.id, "Until eight.")
        shown(terminal, "Until eight.", "version 2")
        terminal.press("a")
        terminal.expect("approved by")
        assert desk.row(row.id).approved_version == 2
        quits(terminal)


class TestLeaving:
    @pytest.mark.parametrize("how", ["Ctrl+C", "SIGTERM"])
    def test_leaves_the_terminal_as_it_was(self, desk: Scene, at_terminal: AtTerminal, how: str) -> None:
        desk.draft()
        terminal = at_terminal("inbox")
        shown(terminal, "Until six.")
        assert terminal.modes != terminal.modes_before
        if how == "Ctrl+C":
            terminal.interrupt()
        else:
            terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == (130 if how == "Ctrl+C" else 143)
        assert terminal.modes == terminal.modes_before
        assert "Traceback" not in terminal.text
        assert "\x1b[?25h" in terminal.raw.rpartition("\x1b[?25l")[2]  # the cursor is shown again

    def test_works_without_colours(self, desk: Scene, at_terminal: AtTerminal) -> None:
        desk.draft()
        terminal = at_terminal("inbox", env={"NO_COLOR": "1"})
        shown(terminal, "Until six.")
        quits(terminal)
        assert "\x1b[3" not in terminal.raw


class TestWithoutATerminal:
    def test_json_lists_what_waits(self, desk: Scene, signoff: Signoff) -> None:
        desk.draft(text="Until six 🌻 \u202e\x9b\x7f")
        desk.script("s1", MessageStatus.APPROVED, "By a script.", BEN)
        desk.unconfirmed(desk.claimed("m2", chat="15550100103@c.us"))
        result = signoff("inbox", "--json")
        cases = {case["kind"]: case for case in json.loads(result.stdout)}
        assert set(cases) == {"draft", "unconfirmed", "approved by script"}
        draft = cases["draft"]
        assert (draft["id"], draft["version"], draft["chat"]) == ("reply_m1", 1, ANA)
        assert (draft["text"], draft["answers"]) == ("Until six 🌻 \u202e\x9b\x7f", "m1")
        assert [entry["id"] for entry in draft["conversation"]] == ["m1"]
        assert "🌻" in result.stdout
        assert not {"\u202e", "\x9b", "\x7f"} & set(result.stdout)

    def test_lists_the_cases_and_how_to_decide(self, desk: Scene, signoff: Signoff) -> None:
        desk.draft()
        result = signoff("inbox")
        assert result.returncode == 0
        assert "Until six." in result.stdout
        assert "draft · reply_m1 · version 1" in result.stdout
        assert "signoff approve ID" in result.stdout
        assert "\x1b" not in result.stdout

    def test_says_so_when_nothing_waits(self, desk: Scene, signoff: Signoff) -> None:
        assert json.loads(signoff("inbox", "--json").stdout) == []
        assert "Nothing waits" in signoff("inbox").stdout
        assert desk.ids(MessageStatus.PENDING_APPROVAL) == []
