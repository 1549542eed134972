"""Markdown as WhatsApp shows it: ``*bold*``, ``_italic_``, ``~struck~``, and no headings, links or tables.

The marks are those of WhatsApp's help centre, "How to format your messages".
"""

from __future__ import annotations

from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_PARSER = MarkdownIt("commonmark").enable(["strikethrough", "table"])
_MARKS = {"strong": "*", "em": "_", "s": "~"}


def parse(text: str) -> list[SyntaxTreeNode]:
    """The blocks of a Markdown text, in order."""
    return SyntaxTreeNode(_PARSER.parse(text)).children


def whatsapp(blocks: Iterable[SyntaxTreeNode]) -> str:
    """Blocks as one message: an empty line where the source has one, lines not wrapped (a phone wraps them itself)."""
    text, end = "", 0
    for block in blocks:
        if part := _block(block):
            lines = [node.map for node in block.walk() if node.map]
            text += ("\n" if lines[0][0] == end else "\n\n") + part
            end = lines[-1][1]  # the last inner block's: a list's own lines include the empty ones after it
    return text.strip()


def plain(node: SyntaxTreeNode) -> str:
    """The bare words of a heading or paragraph."""
    return "".join(leaf.content or " " for leaf in node.walk() if leaf.type in {"text", "code_inline", "softbreak"})


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "heading":
            return f"*{plain(node)}*"
        case "bullet_list" | "ordered_list":
            return "\n".join(_items(node))
        case "blockquote":
            return "\n".join(f"> {line}".rstrip() for line in whatsapp(node.children).splitlines())
        case "fence" | "code_block":
            return f"```{node.content.rstrip()}```"
        case "table":
            return "\n".join(filter(None, _rows(node)))
        case "hr" | "html_block":
            return ""
        case _:
            return _inline(node).strip()


def _items(node: SyntaxTreeNode) -> Iterable[str]:
    first = int(node.attrs.get("start", 1))
    for number, item in enumerate(node.children, first):
        mark = f"{number}. " if node.type == "ordered_list" else "- "
        lines = whatsapp(item.children).splitlines()
        yield mark + "\n".join(lines[:1] + [(" " * len(mark) + line).rstrip() for line in lines[1:]])


def _rows(node: SyntaxTreeNode) -> Iterable[str]:
    for row in node.walk():
        if row.type == "tr":
            yield " – ".join(filter(None, (_inline(cell).strip() for cell in row.children)))


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "code_inline":
            return f"`{node.content}`"
        case "html_inline":
            return ""
        case "image":
            return plain(node)
        case "link":
            return _link(node)
        case kind:
            mark = _MARKS.get(kind, "")
            return mark + "".join(map(_inline, node.children)) + mark


def _link(node: SyntaxTreeNode) -> str:
    label = "".join(map(_inline, node.children))
    target = str(node.attrs["href"]).removeprefix("mailto:").removeprefix("tel:")
    return target if label in target else f"{label} ({target})"
