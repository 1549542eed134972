"""``signoff replay``: what would have been drafted, beside what was answered then; and nobody hears of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager

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
    result = signoff("replay", chat, *CAFE)
    assert (result.returncode, result.stderr) == (0, "")
    told = [line[9:] for line in result.stdout.splitlines() if line[2:3] == ":"]
    assert [line[:1] for line in told] == ["←", "✎", "=", "✓", "←", "✎", "=", "✓", "←"]
    assert told[2].endswith("answered then Hello Lina half past seven to seven")
    assert told[6].endswith("answered then yes, for two fifty")
    assert result.stdout.split()[-6:] == ["3", "3", "2", "2", "0", "0"]


def test_nothing_is_sent_to_anyone(chat: str, signoff: Signoff, tmp_path: Path) -> None:
    signoff("replay", chat, *CAFE)
    with StateManager(tmp_path / ".replay" / "whatsapp_state.json") as state:
        recipients = {row.chat for row in state.rows(MessageStatus.SENT)}
        assert state.check() == []
    assert recipients
    assert all(recipient and recipient.endswith(".invalid") for recipient in recipients)


def test_begins_anew_unless_told_to_keep(chat: str, signoff: Signoff) -> None:
    first = signoff("replay", chat, *CAFE)
    assert signoff("replay", chat, *CAFE).stdout.split()[-6:] == first.stdout.split()[-6:]
    kept = signoff("replay", chat, *CAFE, "--keep")
    assert "faq drafts" not in kept.stdout


def test_asks_at_a_terminal_one_message_at_a_time(chat: str, at_terminal: AtTerminal) -> None:
    terminal = at_terminal("replay", chat, *CAFE)
    case = terminal.expect("answered then:", "half past seven to seven", " q  quit")
    assert "do you deliver" not in case
    terminal.press("a")
    terminal.expect("And do you deliver?", "for two fifty", " q  quit")
    terminal.press("n")
    terminal.expect("Asked for another draft", "for two fifty", " q  quit")
    terminal.press_until("r", "rejected by")
    terminal.expect("The replay", "undecided")
    assert terminal.wait() == 0


def test_my_own_assistant_is_asked(chat: str, signoff: Signoff, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def answer(message, conversation):\n    return f'To you: {message[\"body\"]}'\n")
    told = signoff("replay", chat, *ME, "--assistant", "mine:answer").stdout
    assert "mine drafts: To you: My cat has eaten the beans" in told


def test_an_assistant_that_fails_is_said_and_the_replay_goes_on(chat: str, signoff: Signoff, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def answer(message, conversation):\n    raise RuntimeError('no idea')\n")
    result = signoff("replay", chat, *ME, "--assistant", "mine:answer")
    assert result.returncode == 0
    assert "the assistant failed" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("_chat.txt", "--as", "Nobody"), 2, "those who do: 'Lina', 'Café Lumen'"),
        (("nowhere.txt", *ME), 2, "does not exist"),
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
