"""Answers from a folder of Markdown files, without a network, and silence where it is not sure.

How it decides. The words of the message without the `STOP_WORDS` are its *terms*. SQLite's FTS5 ranks the entries by
bm25. For each of the best ones the *coverage* is the share of the message's terms that the entry matches, from 0 to 1:

* a term that the entry has counts by how telling it is, ``log(1 + entries / entries with that term)``: whole in a
  question, by half where only the answer has it, nine tenths where it is misspelt;
* a term that the entry lacks counts as one that a single entry has: whatever else a message speaks of lowers the
  coverage;
* `ASKING_WORDS` ("when", "how much") count like others, matched by their like ("when" by "hours") in a question, but
  are never enough alone.

The best entry is proposed if its coverage reaches the threshold and no other entry comes within the margin of it. A
message with a negation ("the Wi-Fi does not work") is only for an entry that asks with it. A message that repeats a
question word for word is certain. One of more than `MAX_TERMS` terms is a letter, and a letter is for a person.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

import apsw
import apsw.fts5
import apsw.fts5query
import apsw.unicode

from ..clock import Clock, system_clock
from . import Draft, Message, keywords
from .knowledge import Entry, Knowledge
from .words import ASKING_WORDS, NEGATIONS, STOP_WORDS

THRESHOLD = 0.7
"""Least coverage of an answer. Higher is more silent."""
MARGIN = 0.15
"""How far the coverage of the best entry must be above that of any other."""
MAX_TERMS = 30
"""Messages with more terms than this are left to people."""

_IN_ANSWER = 0.5
_MISSPELT = 0.9
_CLOSE = 0.85  # as difflib measures it: a letter more or less, or another letter in a long word
_SHORTEST_MISSPELT = 5
_CANDIDATES = 10
_RANK = "bm25(4.0, 1.0)"  # a match in the questions counts four times one in the answer
_LONGEST_TEXT = 2_000
_REMEMBERED = 10_000
"""Words of which it is remembered what they stand for: to look for a misspelt one takes longer than all else."""
_WORDS = ("simplify", "casefold", "true", "strip", "true", "unicodewords", "emoji", "false")
_TERMS = ("porter", "stop", *_WORDS)


class Faq:
    """An assistant that answers from a folder of Markdown files (`knowledge` describes them), or says nothing.

    A message that is nothing but a greeting, a thank-you or the like gets one of the `keywords` answers.

    Args:
        folder: the Markdown files, in subfolders too; read again when they change.
        threshold: least coverage of an answer, above 0, at most 1.
        margin: how far it must be above that of any other entry.
        clock: paces how often the folder is looked at.

    Raises:
        AssistantError: the folder is missing, holds no question or cannot be read; when called too, for as long as
            that is so.
    """

    def __init__(
        self, folder: str | Path, threshold: float = THRESHOLD, margin: float = MARGIN, clock: Clock = system_clock
    ) -> None:
        self._threshold = threshold
        self._margin = margin
        self._knowledge = Knowledge(folder, clock)
        self._index = _Index(self._knowledge.entries())
        self._lock = threading.Lock()

    def __call__(self, message: Message, conversation: Sequence[Message]) -> Draft | None:  # noqa: ARG002 - the protocol's
        """Answer the message's ``body``, whatever was said before it."""
        return self.answer(str(message.get("body") or ""))

    def answer(self, text: str) -> Draft | None:
        """The answer to a question, or None when unsure. May be called from several threads."""
        with self._lock:
            entry = self._choose(self._current().ranked(text))
        if entry is None:
            return keywords.answer(text)
        return Draft(entry.answer, author="faq", note=f"{entry.source}: {entry.questions[0]}")

    def related(self, text: str, limit: int) -> list[Entry]:
        """The entries that share words with a text, the nearest first, however little that is. Thread-safe."""
        with self._lock:
            return [entry for _, entry in self._current().ranked(text)[:limit]]

    def entries(self) -> tuple[Entry, ...]:
        """All entries, in the order of the files. Thread-safe."""
        with self._lock:
            return self._current().entries

    def _current(self) -> _Index:
        """The index of what the folder says now; made anew when that has changed."""
        entries = self._knowledge.entries()
        if entries is not self._index.entries:
            self._index = _Index(entries)
        return self._index

    def _choose(self, ranked: list[tuple[float, Entry]]) -> Entry | None:
        if not ranked:
            return None
        coverage, entry = ranked[0]
        runner_up = max((other for other, _ in ranked[1:]), default=-math.inf)
        return entry if coverage >= self._threshold and coverage - runner_up >= self._margin else None


class _Index:
    """Entries in an FTS5 table in memory. Not for several threads at once."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        database = apsw.Connection(":memory:")
        for name, tokenizer in _TOKENIZERS.items():
            database.register_fts5_tokenizer(name, tokenizer)
        self._tokenizer = database.fts5_tokenizer(_WORDS[0], list(_WORDS[1:]))
        self._table = apsw.fts5.Table.create(
            database, "entries", ["questions", "answer"], tokenize=_TERMS, support_query_tokens=True, rank=_RANK
        )
        for entry in entries:
            self._table.upsert("\n".join(entry.questions), entry.answer)
        self._questions = [self._terms(" ".join(entry.questions)) for entry in entries]
        self._answers = [self._terms(entry.answer) for entry in entries]
        self._word_for_word = {
            self._words(question): entry for entry in reversed(entries) for question in entry.questions
        }
        self._word_for_word.pop((), None)  # a heading of nothing but an emoji
        self._asking = {
            term: self._terms(f"{asking} {alike}") for asking, alike in ASKING_WORDS for term in self._terms(asking)
        }
        self._negations = self._terms(" ".join(NEGATIONS))
        self._known = lru_cache(_REMEMBERED)(self._token_of)

    def ranked(self, text: str) -> list[tuple[float, Entry]]:
        """Coverage and entry, the best by bm25 first; nothing where no entry may answer."""
        if len(text) > _LONGEST_TEXT:
            return []
        words = self._words(text)
        if words in self._word_for_word:
            return [(1.0, self._word_for_word[words])]
        found = self._terms(text)
        terms = {term: self._known(term) for term in found} if len(found) <= MAX_TERMS else {}
        known = {token for token, _ in terms.values() if token}
        hits = islice(self._table.search(_any_of(known)), _CANDIDATES) if known else ()
        return [(self._coverage(hit.rowid - 1, terms), self.entries[hit.rowid - 1]) for hit in hits]

    def _words(self, text: str) -> tuple[str, ...]:
        return _tokens(self._tokenizer, text)

    def _terms(self, text: str) -> frozenset[str]:
        return frozenset(_tokens(self._table.tokenizer, text))

    def _token_of(self, term: str) -> tuple[str, float]:
        """The token of the index that a term stands for, and how much it counts; no token when it stands for none."""
        if self._table.is_token(term):
            return term, 1.0
        if len(term) >= _SHORTEST_MISSPELT:
            for _, token in self._table.closest_tokens(term, n=3, cutoff=_CLOSE):
                if token[0] == term[0] and len(token) >= _SHORTEST_MISSPELT:
                    return token, _MISSPELT
        return "", 1.0

    def _coverage(self, row: int, terms: Mapping[str, tuple[str, float]]) -> float:
        total = matched = 0.0
        on_topic = False
        for term, (token, share) in terms.items():
            place = self._place(row, term, token)
            weight = math.log(1 + len(self.entries) / (self._table.tokens.get(token, 1) if place else 1))
            total += weight
            matched += weight * share * place
            on_topic |= place > 0 and term not in self._asking
        forbidden = self._negations & terms.keys() - self._questions[row]
        return matched / total if on_topic and not forbidden else 0.0

    def _place(self, row: int, term: str, token: str) -> float:
        """What it counts where an entry has the token: whole in a question, by half in the answer."""
        questions = self._questions[row]
        if term in self._asking:
            return float(not self._asking[term].isdisjoint(questions))
        return 1.0 if token in questions else _IN_ANSWER if token in self._answers[row] else 0.0


_SIMPLE_STOP_WORDS = frozenset(apsw.unicode.casefold(apsw.unicode.strip(word)) for word in STOP_WORDS)
_TOKENIZERS: dict[str, apsw.FTS5TokenizerFactory] = {
    "querytokens": apsw.fts5.QueryTokensTokenizer,
    "simplify": apsw.fts5.SimplifyTokenizer,
    "stop": apsw.fts5.StopWordsTokenizer(_SIMPLE_STOP_WORDS.__contains__),
    "unicodewords": apsw.fts5.UnicodeWordsTokenizer,  # type: ignore[dict-item]  # annotated as what it makes
}


def _tokens(tokenizer: apsw.FTS5Tokenizer, text: str) -> tuple[str, ...]:
    utf8 = text.encode("utf-8", "replace")
    found = tokenizer(utf8, apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False)
    return tuple(map(str, found))


def _any_of(tokens: Iterable[str]) -> str:
    return " OR ".join(apsw.fts5query.quote(apsw.fts5query.QueryTokens([token])) for token in sorted(tokens))
