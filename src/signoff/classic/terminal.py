"""Asking at the terminal: yes, no or another text. One question at a time, and none where there is no terminal."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass

_asking = threading.Lock()
_JOINERS = "\n\u200c\u200d"
"""Line breaks, and what joins letters and emoji."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said: ``approved``, and the text that they wrote instead, if they did."""

    approved: bool
    text: str | None = None


def has_terminal() -> bool:
    """Whether a person can be asked here."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()


def ask(recipient: str, text: str, context: str | None = None) -> Answer | None:
    """Ask whether this text shall go to this recipient; None when the person left the question."""
    with _asking:
        lines = [f"\nTo {recipient}:", *(f"  {line}" for line in text.splitlines() or [""])]
        if context:
            lines.insert(0, f"\n{context}")
        sys.stdout.write(_harmless("\n".join(lines)) + "\n")
        return _answer()


def tell(text: str) -> None:
    """Tell the person at the terminal something about what they were asked."""
    with _asking:
        sys.stdout.write(_harmless(text) + "\n")


def _harmless(text: str) -> str:
    """The text with control characters spelt out: what a contact writes must not command the terminal."""
    return "".join(char if char in _JOINERS or char.isprintable() else f"<U+{ord(char):04X}>" for char in text)


def _answer() -> Answer | None:
    while True:
        try:
            said = input("Send it? [yes / no / edit] ").strip().lower()
            if said in ("y", "yes"):
                return Answer(True)
            if said in ("n", "no"):
                return Answer(False)
            if said in ("e", "edit"):
                text = input("The text to send instead (empty: back): ").strip()
                if text:
                    return Answer(True, text)
        except EOFError:
            return None
