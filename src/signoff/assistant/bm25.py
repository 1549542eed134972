"""Okapi BM25 over texts of two fields, as SQLite's FTS5 computes it, with all that does not depend on the query done.

The formula: https://sqlite.org/fts5.html#the_bm25_function
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

_K1 = 1.2
_B = 0.75
_LEAST = 1e-6
"""What a token counts at the least that most texts have."""


class Bm25:
    """Ranks texts by the tokens that they share with a query.

    Args:
        texts: the tokens of each: those of its head, and those of its body.
        head: how many times as much a token in the head counts.
    """

    def __init__(self, texts: Sequence[tuple[Sequence[str], Sequence[str]]], head: float) -> None:
        average = sum(len(title) + len(body) for title, body in texts) / max(len(texts), 1)
        postings: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, (title, body) in enumerate(texts):
            longer = _K1 * (1 - _B + _B * (len(title) + len(body)) / (average or 1))
            in_title, in_body = Counter(title), Counter(body)
            for token in in_title | in_body:
                often = head * in_title[token] + in_body[token]
                postings[token].append((number, often * (_K1 + 1) / (often + longer)))
        self.texts_with = {token: len(postings[token]) for token in sorted(postings)}
        self._adds = {token: _weighed(found, len(texts)) for token, found in postings.items()}

    def nearest(self, tokens: Iterable[str], limit: int) -> list[int]:
        """The numbers of the texts that have any of the tokens, the nearest first; of those alike the earliest."""
        scores: defaultdict[int, float] = defaultdict(float)
        for token in tokens:
            for number, score in self._adds[token]:
                scores[number] += score
        return sorted(scores, key=lambda number: (-scores[number], number))[:limit]


def _weighed(postings: list[tuple[int, float]], texts: int) -> list[tuple[int, float]]:
    telling = math.log((texts - len(postings) + 0.5) / (len(postings) + 0.5))
    return [(number, max(telling, _LEAST) * score) for number, score in postings]
