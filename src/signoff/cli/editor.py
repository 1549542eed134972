"""Changing a text: in the user's editor, or line by line where there is none."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ..errors import SignoffError
from .terminal import err

_KNOWN = ("nano", "vim", "vi", "notepad")
END = "."


def edited(text: str) -> str | None:
    """The text as the user wants it, or None when it was left as it is.

    Raises:
        SignoffError: the editor cannot be run, or says that it failed, or there is neither one nor a terminal.
    """
    command = _command()
    changed = _in_editor(command, text) if command else _line_by_line()
    return None if changed is None or changed.strip() in ("", text.strip()) else changed


def _command() -> list[str] | None:
    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if chosen:
        try:
            return shlex.split(chosen, posix=os.name != "nt")
        except ValueError as error:
            raise SignoffError(f"EDITOR is {chosen!r}, which is no command ({error}): set it to one") from None
    if not sys.stdin.isatty():
        raise SignoffError("nobody is at a terminal to change it: give the text, or set EDITOR to a program that does")
    found = next(filter(None, map(shutil.which, _KNOWN)), None)
    return [found] if found else None


def _in_editor(command: list[str], text: str) -> str | None:
    descriptor, name = tempfile.mkstemp(prefix="signoff-", suffix=".txt")  # private: mode 0600
    path = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        try:
            screen = None if sys.stdout.isatty() else sys.stderr  # the output may be somebody else's document
            code = subprocess.run([*command, name], stdout=screen, check=False).returncode
        except OSError as error:
            raise SignoffError(f"the editor {command[0]!r} cannot be run ({error.strerror}): set EDITOR") from error
        if code != 0:
            raise SignoffError(f"the editor {command[0]!r} ended with code {code}; nothing was changed")
        return _read(path, text)
    finally:
        path.unlink(missing_ok=True)


def _read(path: Path, before: str) -> str:
    try:
        changed = path.read_text("utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SignoffError(f"what the editor wrote cannot be read ({error}); nothing was changed") from error
    return changed if before.endswith("\n") else changed.removesuffix("\n")


def _line_by_line() -> str | None:
    err.print(f"The new text; a line that holds only '{END}' ends it, and alone keeps the old one:", markup=False)
    lines: list[str] = []
    while True:
        try:
            line = input()
        except EOFError:
            break
        if line == END:
            break
        lines.append(line)
    return "\n".join(lines) if lines else None
