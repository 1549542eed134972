"""How many tokens a text is, estimated, and what fits into a number of them."""

from __future__ import annotations

from collections.abc import Iterable

_BYTES_PER_TOKEN = 3


def tokens(text: str) -> int:
    """About how many tokens a text is: its bytes in UTF-8 by three, rounded up.

    Every provider cuts texts differently, and their tables are megabytes. A third of the bytes is above what English
    takes (about four letters each) and near what Arabic, Urdu, Hindi and Chinese take, so budgets err on the safe side.
    """
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)


def fitting(texts: Iterable[str], budget: int) -> list[str]:
    """The first of the texts, up to the one that would exceed the budget of tokens."""
    kept = []
    for text in texts:
        budget -= tokens(text) + 1  # the line break between them
        if budget < 0:
            break
        kept.append(text)
    return kept
