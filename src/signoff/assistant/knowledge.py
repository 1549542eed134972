"""A folder of Markdown files as questions and answers.

Every second-level heading asks a question and what stands below it answers::

    ## Opening hours
    > also: when are you open? | what time do you close?

    Every day from *8 to 18*.

Headings that follow each other directly share the answer. A file without second-level headings is one question: its
title, or its name. Headings without any answer below them are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from markdown_it.tree import SyntaxTreeNode

from ..clock import SECOND, Clock
from ..errors import AssistantError
from .markdown import parse, plain, whatsapp


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer and the ways to ask for it.

    Attributes:
        source: the file, relative to the folder, with forward slashes.
        headings: what the answer stands below; never empty.
        also: the alternative phrasings.
        answer: the text in WhatsApp's formatting.
    """

    source: str
    headings: tuple[str, ...]
    also: tuple[str, ...]
    answer: str

    @property
    def questions(self) -> tuple[str, ...]:
        """Every way to ask for the answer, the headings first."""
        return self.headings + self.also


class Knowledge:
    """The entries of a folder, read again when its files change (looked at once a second at most).

    Raises:
        AssistantError: there is no such folder, it holds no question, or a file cannot be read; from `entries` too,
            for as long as that is so.
    """

    def __init__(self, folder: str | Path, clock: Clock) -> None:
        self.folder = Path(folder)
        self._clock = clock
        self._looked_at = clock()
        self._state = _state(self.folder)
        self._entries = _read(self.folder)

    def entries(self) -> tuple[Entry, ...]:
        """What the folder says now; the same object for as long as nothing has changed."""
        if not 0 <= self._clock() - self._looked_at < SECOND:
            state = _state(self.folder)
            if state != self._state:
                self._entries, self._state = _read(self.folder), state
            self._looked_at = self._clock()
        return self._entries


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise AssistantError(f"{folder}: there is no such folder of Markdown files")
    return sorted(folder.rglob("*.md"))


def _state(folder: Path) -> list[tuple[Path, int, int]]:
    try:
        stats = [(path, path.stat()) for path in _files(folder)]
    except OSError as error:
        raise AssistantError(f"{folder}: cannot be read: {error}") from error
    return [(path, stat.st_mtime_ns, stat.st_size) for path, stat in stats]


def _read(folder: Path) -> tuple[Entry, ...]:
    entries = tuple(entry for path in _files(folder) for entry in read_file(path, folder))
    if not entries:
        raise AssistantError(
            f"{folder}: no questions there; add a .md file with a line like '## Opening hours' and the answer below it"
        )
    return entries


def read_file(path: Path, folder: Path) -> list[Entry]:
    """The entries of one file; ``folder`` is what their source is relative to.

    Raises:
        AssistantError: it cannot be read, is not UTF-8, or is nested too deeply.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise AssistantError(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except OSError as error:
        raise AssistantError(f"{path}: cannot be read: {error.strerror}") from error
    source = path.relative_to(folder).as_posix()
    try:
        entries = [_entry(source, *section) for section in _sections(parse(text), path.stem)]
    except RecursionError:
        raise AssistantError(f"{path}: bold, italic or links stand in each other too deeply to be read") from None
    return [entry for entry in entries if entry.answer]


def _entry(source: str, headings: list[str], blocks: list[SyntaxTreeNode]) -> Entry:
    also = tuple(question for block in blocks for question in _also(block))
    answer = whatsapp(block for block in blocks if not _also(block))
    return Entry(source, tuple(headings), also, answer)


def _sections(blocks: list[SyntaxTreeNode], name: str) -> Iterator[tuple[list[str], list[SyntaxTreeNode]]]:
    """Headings and the blocks below them. What stands between a title and its first section introduces the file."""
    level = next((tag for tag in ("h2", "h1") if any(block.tag == tag for block in blocks)), None)
    headings = [] if level else [name]
    for titles, group in groupby(blocks, key=lambda block: block.tag in {"h1", "h2"}):
        if titles:
            headings = [plain(block) for block in group if block.tag == level]
        elif headings:
            yield headings, list(group)


def _also(block: SyntaxTreeNode) -> list[str]:
    """The alternative phrasings in a quote that begins with ``also:``; none in any other block."""
    if block.type != "blockquote":
        return []
    text = " ".join(plain(paragraph) for paragraph in block.children)
    mark, colon, phrasings = text.partition(":")
    if not colon or mark.strip().casefold() != "also":
        return []
    return [question for part in phrasings.replace("also:", "|").split("|") if (question := part.strip())]
