"""The words of a text and what they come down to, as SQLite's FTS5 takes texts apart."""

from __future__ import annotations

from functools import lru_cache

import apsw
import apsw.fts5
import apsw.unicode

from .words import STOP_WORDS

REMEMBERED = 10_000
"""Words of which it is remembered what they stand for."""

_SIMPLIFY = ["casefold", "true", "strip", "true", "unicodewords", "emoji", "false"]
_SIMPLE_STOP_WORDS = frozenset(apsw.unicode.casefold(apsw.unicode.strip(word)) for word in STOP_WORDS)


class Terms:
    """Takes texts apart. Not for several threads at once."""

    def __init__(self) -> None:
        database = apsw.Connection(":memory:")
        for name, tokenizer in _TOKENIZERS.items():
            database.register_fts5_tokenizer(name, tokenizer)
        self._split = database.fts5_tokenizer("simplify", _SIMPLIFY)
        self._porter = database.fts5_tokenizer("porter", ["whole"])
        self._term = lru_cache(REMEMBERED)(self._term_of)

    def words(self, text: str) -> tuple[str, ...]:
        """The words without case, accents and punctuation."""
        return _tokens(self._split, text)

    def of(self, text: str) -> list[str]:
        """The terms: the stems (English ones) of all words but the `STOP_WORDS`."""
        return self.of_words(self.words(text))

    def of_words(self, words: tuple[str, ...]) -> list[str]:
        """The terms of what `words` gave."""
        return [term for word in words if (term := self._term(word))]

    def _term_of(self, word: str) -> str:
        return "" if word in _SIMPLE_STOP_WORDS else _tokens(self._porter, word)[0]


def _whole(connection: apsw.Connection, arguments: list[str]) -> apsw.Tokenizer:  # noqa: ARG001 - the protocol's
    """A tokenizer that takes a text as one token."""
    return lambda utf8, flags, locale: [(0, len(utf8), utf8.decode())]  # noqa: ARG005 - the protocol's


_TOKENIZERS: dict[str, apsw.FTS5TokenizerFactory] = {
    "simplify": apsw.fts5.SimplifyTokenizer,
    "unicodewords": apsw.fts5.UnicodeWordsTokenizer,  # type: ignore[dict-item]  # annotated as what it makes
    "whole": _whole,
}


def _tokens(tokenizer: apsw.FTS5Tokenizer, text: str) -> tuple[str, ...]:
    utf8 = text.encode("utf-8", "replace")
    found = tokenizer(utf8, apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False)
    return tuple(map(str, found))
