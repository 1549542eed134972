"""The terminal: where text goes, how strangers' text is made harmless, and what exit codes mean."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console
from rich.text import Text

DONE, NO, USAGE, UNUSABLE, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes: done; the answer is no; wrongly asked; the store or a file cannot be used; stopped by Ctrl+C."""

SLACK = 4
"""Columns at the right edge that are left free: terminals disagree about how wide some emoji are, and a line that is
wider than was thought would wrap."""

_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_UNSEEN = (*range(0x20), *range(0x7F, 0xA0), *_DIRECTIONS, 0x2028, 0x2029)
_SHOWN = {code: f"‹{code:02X}›" for code in _UNSEEN if chr(code) not in "\n\t"} | {ord("\t"): "    "}
_ESCAPED = {code: f"\\u{code:04x}" for code in _UNSEEN if code >= 0x7F}

out = Console(highlight=False, emoji=False)
"""What a command is asked for."""
err = Console(highlight=False, emoji=False, stderr=True)
"""What goes wrong, and what a command says beside its result."""


def shown(text: str) -> str:
    """A text of a stranger's, safe to show: what would steer the terminal or turn its lines around is spelt out."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


def one_line(text: str, limit: int = 1000) -> str:
    """The same on one line of at most ``limit`` characters."""
    line = " ".join(shown(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def print_json(document: Any, *, indent: int | None = 2) -> None:
    """Write one JSON document to the standard output; on one line where ``indent`` is None."""
    text = json.dumps(document, ensure_ascii=not _speaks_unicode(), indent=indent)
    sys.stdout.write(text.translate(_ESCAPED) + "\n")
    sys.stdout.flush()


def complain(sentence: str) -> None:
    """Say on the standard error what went wrong."""
    err.print(Text(shown(sentence), style="red"), soft_wrap=not err.is_terminal)


def busy(what: str) -> AbstractContextManager[object]:
    """While it lasts, somebody at the terminal sees that something goes on, which may take long."""
    return err.status(what) if err.is_terminal else nullcontext()


def is_interactive() -> bool:
    """Whether somebody sits at this terminal who can be asked."""
    return sys.stdin.isatty() and out.is_terminal and not out.is_dumb_terminal


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
