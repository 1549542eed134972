"""Single keys: what was pressed before a case was shown is not taken for an answer to it."""

from __future__ import annotations

import os
import pty
import sys
import termios
from collections.abc import Iterator

import pytest

from signoff.cli.keys import Keys


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where to write what is pressed at the terminal that stands in for the standard input."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield master
    os.close(master)


def test_a_key_is_read_without_enter(keyboard: int) -> None:
    with Keys() as keys:
        os.write(keyboard, b"a")
        assert keys.read(5) == "a"
        assert keys.read(0) is None


def test_a_letter_of_any_alphabet_is_one_key(keyboard: int) -> None:
    with Keys() as keys:
        os.write(keyboard, "ش".encode())
        assert keys.read(5) == "ش"


@pytest.mark.parametrize("pressed", [b"aa", b"\x1b[A", b"\x1bOP", b"approve"], ids=["twice", "arrow", "F1", "pasted"])
def test_what_comes_together_is_no_key(keyboard: int, pressed: bytes) -> None:
    with Keys() as keys:
        os.write(keyboard, pressed)
        assert keys.read(5) is None
        assert keys.read(0) is None


def test_what_was_typed_ahead_is_forgotten(keyboard: int) -> None:
    with Keys() as keys:
        os.write(keyboard, b"a")
        keys.drain(0.05)
        assert keys.read(0) is None


def test_the_terminal_is_as_it_was_afterwards_and_while_it_is_lent(keyboard: int) -> None:
    before = termios.tcgetattr(sys.stdin)
    with Keys() as keys:
        assert termios.tcgetattr(sys.stdin) != before
        with keys.paused():
            assert termios.tcgetattr(sys.stdin) == before
        assert termios.tcgetattr(sys.stdin) != before
    assert termios.tcgetattr(sys.stdin) == before


def test_a_terminal_that_is_gone_is_said(keyboard: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with Keys() as keys:
        monkeypatch.setattr(os, "read", lambda *_: b"")
        os.write(keyboard, b"a")
        with pytest.raises(EOFError, match="the terminal is gone"):
            keys.read(5)
