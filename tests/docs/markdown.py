"""What the documentation consists of: code blocks, links and headings of its Markdown files."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
FILES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
FILES += sorted((ROOT / "docs").glob("*.md"))

_MARKDOWN = MarkdownIt("commonmark").enable("table")


class Block(NamedTuple):
    """A fenced block of code.

    Attributes:
        language: what stands behind the opening fence.
        line: the number of its first line of code, from 1.
        printed: what the block prints: the ``text`` block that follows it directly; empty when there is none.
    """

    language: str
    line: int
    text: str
    printed: str


def name_of(file: Path) -> str:
    """The file's path within the project, for people."""
    return file.relative_to(ROOT).as_posix()


def blocks(file: Path, language: str) -> list[Block]:
    """The blocks of one language, in order."""
    tokens = _parse(file)
    found = []
    for number, token in enumerate(tokens):
        if token.type == "fence" and token.info == language:
            follower = tokens[number + 1] if number + 1 < len(tokens) else None
            printed = follower.content if follower and (follower.type, follower.info) == ("fence", "text") else ""
            found.append(Block(language, _line(token) + 1, token.content, printed))
    return found


def named_blocks(file: Path) -> dict[str, str]:
    """The blocks of Python that are whole files: by the names that stand behind the language."""
    fences = [token for token in _parse(file) if token.type == "fence" and token.info.startswith("python ")]
    return {token.info.removeprefix("python "): token.content for token in fences}


def commands(file: Path) -> list[str]:
    """What is typed in ``console`` blocks, each without its prompt."""
    lines = [line for block in blocks(file, "console") for line in block.text.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def inline_codes(file: Path) -> list[str]:
    """Everything that stands between backticks in the running text."""
    return [token.content for token in _inside(_parse(file)) if token.type == "code_inline"]


def links(file: Path) -> list[str]:
    """The targets of all links and pictures."""
    targets = [token.attrs.get("href", token.attrs.get("src")) for token in _inside(_parse(file))]
    return [str(target) for target in targets if target is not None]


def anchors(file: Path) -> set[str]:
    """The names by which a link reaches the headings, made as code hosts make them."""
    tokens = _parse(file)
    titles = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def table_rows(file: Path, heading: str) -> Iterator[list[str]]:
    """The rows of the tables under a heading, each cell as it is written."""
    section = file.read_text("utf-8").partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    for line in section.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|\-: ]+", line):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def _parse(file: Path) -> list[Token]:
    return _MARKDOWN.parse(file.read_text("utf-8"))


def _inside(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from token.children or []


def _line(token: Token) -> int:
    assert token.map is not None
    return token.map[0] + 1
