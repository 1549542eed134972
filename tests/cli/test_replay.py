"""``signoff replay``: what would have been drafted, beside what was answered then; and nobody hears of it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager

from ..assistant.model_server import serving
from .conftest import AtTerminal, Signoff

CHAT = """\
[14/02/24, 09:12:03] Lina: Hi! What are your opening hours?
[14/02/24, 09:13:10] Café Lumen: Hello Lina
[14/02/24, 09:13:20] Café Lumen: half past seven to seven
[14/02/24, 09:14:00] Lina: Thanks! And do you deliver?
[14/02/24, 09:21:00] Café Lumen: yes, for two fifty
[14/02/24, 09:25:00] Lina: My cat has eaten the beans
"""
ME = ("--as", "Café Lumen")
CAFE = (*ME, "--assistant", "faq")


@pytest.fixture
def chat(tmp_path: Path) -> str:
    (tmp_path / "_chat.txt").write_text(CHAT, encoding="utf-8")
    return "_chat.txt"


def test_shows_drafts_beside_what_was_answered_then(chat: str, signoff: Signoff) -> None:
    result = signoff("replay", chat, *CAFE, env={"COLUMNS": "250"})
    assert result.returncode == 0
    assert result.stderr == "3 messages to Café Lumen. Nothing is sent to anyone.\n"
    told = " ".join(result.stdout.split())
    for words in (
        "came in 3 would have been answered 2 (67 %) would wait for a person 1 (33 %): 1 nothing to say",
        "all waited then half within 4 min 4 s, nine of ten within 7 min, longest 7 min never answered then 1",
        "2 compared",
        "Lina 3 2",
        "_chat.txt: 6 lines: 6 messages, 0 that continue one, 0 of the app, 0 unreadable",
    ):
        assert words in told
    assert "half past seven" in told
    assert "two fifty" in told


def test_every_line_that_is_not_understood_is_shown(chat: str, signoff: Signoff, tmp_path: Path) -> None:
    text = "junk \x1b[2J here\n" + CHAT + "[31/13/24, 10:00:00] Lina: no such day\n"
    (tmp_path / chat).write_text(text, encoding="utf-8")
    told = signoff("replay", chat, *CAFE).stdout
    assert "line 1: junk ‹1B›[2J here" in told
    assert "line 8: [31/13/24, 10:00:00] Lina: no such day" in told


def test_nothing_is_sent_to_anyone(chat: str, signoff: Signoff, tmp_path: Path) -> None:
    signoff("replay", chat, *CAFE)
    with StateManager(tmp_path / ".replay" / "whatsapp_state.json") as state:
        recipients = {row.chat for status in MessageStatus for row in state.rows(status)}
        assert state.get_messages(MessageStatus.SENT) == []
        assert state.check() == []
    assert recipients
    assert all(recipient and recipient.endswith(".invalid") for recipient in recipients)


def test_begins_anew_unless_told_to_keep(chat: str, signoff: Signoff) -> None:
    first = signoff("replay", chat, *CAFE)
    assert signoff("replay", chat, *CAFE).stdout == first.stdout
    assert "would have been answered   0 (0 %)" in signoff("replay", chat, *CAFE, "--keep").stdout


def test_a_model_is_set_up_by_the_state_that_is_named_and_by_no_other(
    chat: str, signoff: Signoff, tmp_path: Path
) -> None:
    with serving("openai") as server, StateManager(tmp_path / "whatsapp_state.json") as state:
        server.replies("A draft.")
        state.update_config({"llm_config": {"protocol": "openai", "endpoint": server.endpoint, "model": "small"}})
        words = ("replay", chat, *ME, "--assistant", "llm")
        unset = signoff(*words)
        assert (unset.returncode, server.asked) == (2, [])
        assert "--state FILE takes llm_config from a state" in unset.stderr
        told = signoff(*words, "--state", "whatsapp_state.json", "--parallel", "3", "--json")
    assert told.returncode == 0
    assert [exchange["author"] for exchange in json.loads(told.stdout)["exchanges"]] == ["small"] * 3
    assert len(server.asked) == 3


def test_a_state_that_is_not_there_is_an_error(chat: str, signoff: Signoff) -> None:
    result = signoff("replay", chat, *CAFE, "--state", "elsewhere.json")
    assert (result.returncode, result.stdout) == (3, "")
    assert "there is no state elsewhere.json" in result.stderr


def test_asked_about_many_at_once_the_report_is_the_same(chat: str, signoff: Signoff) -> None:
    assert signoff("replay", chat, *CAFE, "--parallel", "4").stdout == signoff("replay", chat, *CAFE).stdout


def test_several_files_of_one_chat_are_one(chat: str, signoff: Signoff, tmp_path: Path) -> None:
    lines = CHAT.splitlines(keepends=True)
    (tmp_path / "early.txt").write_text("".join(lines[:4]), encoding="utf-8")
    (tmp_path / "late.txt").write_text("".join(lines[3:]), encoding="utf-8")
    whole = json.loads(signoff("replay", chat, *CAFE, "--json").stdout)
    assert json.loads(signoff("replay", "late.txt", "early.txt", *CAFE, "--json").stdout) == whole
    assert [exchange["outcome"] for exchange in whole["exchanges"]] == ["drafted", "drafted", "nothing to say"]


def test_in_the_rhythm_of_then_each_step_is_told(chat: str, signoff: Signoff) -> None:
    result = signoff("replay", chat, *CAFE, "--speed", "6000")
    told = [line[9:] for line in result.stdout.splitlines() if line[2:3] == ":"]
    assert [line[:1] for line in told] == ["←", "✎", "=", "✓", "←", "✎", "=", "✓", "←"]
    assert told[2].endswith("answered then Hello Lina half past seven to seven")
    assert told[6].endswith("answered then yes, for two fifty")
    assert "would have been answered 2 (67 %)" in " ".join(result.stdout.split())


def test_ctrl_c_stops_it_and_what_was_played_is_reported(chat: str, at_terminal: AtTerminal, tmp_path: Path) -> None:
    terminal = at_terminal("replay", chat, *CAFE, "--speed", "1", "--yes", "--report", "r.html")
    terminal.expect("✓")
    terminal.process.send_signal(signal.SIGINT)
    terminal.expect("The replay", "came in", "2 messages were not played", "Stopped.")
    assert terminal.wait() == 130
    assert "half past seven" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_at_full_speed_a_bar_shows_how_far_it_is(chat: str, at_terminal: AtTerminal) -> None:
    terminal = at_terminal("replay", chat, *CAFE, "--yes")
    terminal.expect("replay", "3/3", "The replay")
    assert terminal.wait() == 0


def test_asks_at_a_terminal_one_message_at_a_time(chat: str, at_terminal: AtTerminal) -> None:
    terminal = at_terminal("replay", chat, *CAFE)
    case = terminal.expect("answered then:", "half past seven to seven", " q  quit")
    assert "do you deliver" not in case
    terminal.press("a")
    terminal.expect("And do you deliver?", "for two fifty", " q  quit")
    terminal.press("n")
    terminal.expect("Asked for another draft", "for two fifty", " q  quit")
    terminal.press_until("r", "rejected by")
    terminal.expect("The replay", "would have been answered")
    assert terminal.wait() == 0


def test_my_own_assistant_is_asked(chat: str, signoff: Signoff, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def answer(message, conversation):\n    return f'To you: {message[\"body\"]}'\n")
    told = json.loads(signoff("replay", chat, *ME, "--assistant", "mine:answer", "--json").stdout)
    assert told["exchanges"][-1]["draft"] == "To you: My cat has eaten the beans"
    assert told["exchanges"][-1]["author"] == "mine"


def test_an_assistant_that_fails_is_said_and_the_replay_goes_on(chat: str, signoff: Signoff, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def answer(message, conversation):\n    raise RuntimeError('no idea')\n")
    result = signoff("replay", chat, *ME, "--assistant", "mine:answer")
    assert result.returncode == 0
    assert "the assistant failed at 3 messages, first at replay-" in result.stderr
    assert "RuntimeError in answer" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("_chat.txt", "--as", "Nobody"), 2, "those who do: 'Lina', 'Café Lumen'"),
        (("nowhere.txt", *ME), 2, "does not exist"),
        (("_chat.txt", *ME, "--speed", "0"), 2, "--speed"),
        (("_chat.txt", *ME, "--report", "no/such/folder.html"), 3, "cannot be written"),
        (("_chat.txt",), 2, "--as"),
        (("_chat.txt", *ME, "--assistant", "none"), 2, "needs an assistant"),
        (("mine.py", *ME), 3, "no exported chat"),
    ],
)
def test_wrongly_asked(
    chat: str, signoff: Signoff, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "mine.py").write_text("print('no chat')\n")
    result = signoff("replay", *arguments)
    assert result.returncode == code
    assert said in " ".join(result.stderr.replace("│", "").split())
    assert (tmp_path / chat).exists()
