"""Answers from a folder of Markdown files, without a network, and silence where it is not sure.

How it decides. The words of the message without the `STOP_WORDS` are its *terms*, taken apart as SQLite's FTS5 does
it. The entries are ranked by bm25. For each of the best ones the *coverage* is the share of the message's terms that
the entry matches, from 0 to 1:

* a term that the entry has counts by how telling it is, ``log(1 + entries / entries with that term)``: whole in a
  question, by half where only the answer has it, nine tenths where it is misspelt;
* a term that the entry lacks counts as one that a single entry has: whatever else a message speaks of lowers the
  coverage;
* `ASKING_WORDS` ("when", "how much") count like others, matched by their like ("when" by "hours") in a question, but
  are never enough alone.

The best entry is proposed if its coverage reaches the threshold and no other entry comes within the margin of it. A
message with a negation ("the Wi-Fi does not work") is only for an entry that asks with it. A message that repeats a
question word for word is certain. One of more than `MAX_TERMS` terms is a letter, and a letter is for a person.

With `meaning`, an entry is also found by what the message asks, but only where the words say nothing: where the
coverage of no entry reaches 0.3, as in another language. The same holds there for negations and letters. A draft found
so is signed ``multilingual`` instead of ``faq``, so that a rule which trusts the one need not trust the other.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from ..clock import Clock, system_clock
from . import Draft, Message, keywords
from .bm25 import Bm25
from .knowledge import Entry, Knowledge
from .meaning import Meaning
from .terms import REMEMBERED, Terms
from .words import ASKING_WORDS, NEGATIONS, OTHER_NEGATIONS

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
_SPOKEN_OF = 0.3
_IN_QUESTION = 4.0  # for the rank: a match in the questions counts four times one in the answer
_LONGEST_TEXT = 2_000


class Faq:
    """An assistant that answers from a folder of Markdown files (`knowledge` describes them), or says nothing.

    A message that is nothing but a greeting, a thank-you or the like gets one of the `keywords` answers.

    Args:
        folder: the Markdown files, in subfolders too; read again when they change.
        threshold: least coverage of an answer, above 0, at most 1.
        margin: how far it must be above that of any other entry.
        clock: paces how often the folder is looked at.
        meaning: answers where the words do not decide, across languages; None to leave that to a person.

    Raises:
        AssistantError: the folder is missing, holds no question or cannot be read; when called too, for as long as
            that is so.
    """

    def __init__(
        self,
        folder: str | Path,
        threshold: float = THRESHOLD,
        margin: float = MARGIN,
        clock: Clock = system_clock,
        meaning: Meaning | None = None,
    ) -> None:
        self._threshold = threshold
        self._margin = margin
        self._meaning = meaning
        self._knowledge = Knowledge(folder, clock)
        self._index = _Index(self._knowledge.entries())
        self._lock = threading.Lock()

    def __call__(self, message: Message, conversation: Sequence[Message]) -> Draft | None:  # noqa: ARG002 - the protocol's
        """Answer the message's ``body``, whatever was said before it."""
        return self.answer(str(message.get("body") or ""))

    def answer(self, text: str) -> Draft | None:
        """The answer to a question, or None when unsure. May be called from several threads."""
        with self._lock:
            index = self._current()
            ranked = index.ranked(text)
            allowed = index.allowed(text) if self._meaning and not _spoken_of(ranked) else []
        entry = self._choose(ranked)
        if entry is not None:
            return Draft(entry.answer, author="faq", note=_source(entry))
        return keywords.answer(text) or self._by_meaning(text, index.entries, allowed)

    def _by_meaning(self, text: str, entries: tuple[Entry, ...], allowed: list[Entry]) -> Draft | None:
        if self._meaning is None or not allowed:
            return None
        match = self._meaning.nearest(text, entries)
        if not match.sure or match.entry not in allowed:
            return None
        note = f"{_source(match.entry)}; found by meaning: {match.likeness:.2f}, next {match.next_best:.2f}"
        return Draft(match.entry.answer, author="multilingual", note=note)

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


def _spoken_of(ranked: list[tuple[float, Entry]]) -> bool:
    """Whether a message's words are those of the folder: then these decide, and their silence holds."""
    return any(coverage >= _SPOKEN_OF for coverage, _ in ranked)


def _source(entry: Entry) -> str:
    return f"{entry.source}: {entry.questions[0]}"


class _Index:
    """Entries by their words. Not for several threads at once."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self._terms = Terms()
        questions = [self._terms.of(" ".join(entry.questions)) for entry in entries]
        answers = [self._terms.of(entry.answer) for entry in entries]
        self._questions = [frozenset(terms) for terms in questions]
        self._places = [
            {**dict.fromkeys(answer, _IN_ANSWER), **dict.fromkeys(question, 1.0)}
            for question, answer in zip(questions, answers, strict=True)
        ]
        self._bm25 = Bm25(list(zip(questions, answers, strict=True)), _IN_QUESTION)
        self._known = lru_cache(REMEMBERED)(self._token_of)
        self._weights = {token: math.log(1 + len(entries) / n) for token, n in self._bm25.texts_with.items()}
        self._weight_of_lacking = math.log(1 + len(entries))
        self._word_for_word = {
            self._terms.words(question): entry for entry in reversed(entries) for question in entry.questions
        }
        self._word_for_word.pop((), None)  # a heading of nothing but an emoji
        self._asking = {
            term: frozenset(self._terms.of(f"{asking} {alike}"))
            for asking, alike in ASKING_WORDS
            for term in self._terms.of(asking)
        }
        self._negations = frozenset(self._terms.of(" ".join(NEGATIONS)))
        self._other_negations = frozenset(self._terms.words(" ".join(OTHER_NEGATIONS)))

    def ranked(self, text: str) -> list[tuple[float, Entry]]:
        """Coverage and entry, the best by bm25 first; nothing where no entry may answer."""
        if len(text) > _LONGEST_TEXT:
            return []
        words = self._terms.words(text)
        if words in self._word_for_word:
            return [(1.0, self._word_for_word[words])]
        found = set(self._terms.of_words(words))
        terms = {term: self._known(term) for term in found} if len(found) <= MAX_TERMS else {}
        rows = self._bm25.nearest(sorted({token for token, _ in terms.values() if token}), _CANDIDATES)
        return [(self._coverage(row, terms), self.entries[row]) for row in rows]

    def allowed(self, text: str) -> list[Entry]:
        """The entries that may answer a text whatever its words: none a letter, or a word or two that only ask."""
        words = self._terms.words(text[:_LONGEST_TEXT])
        found = set(self._terms.of_words(words))
        if len(text) > _LONGEST_TEXT or len(found) > MAX_TERMS or found <= self._asking.keys():
            return []
        negations = self._negations & found | self._other_negations.intersection(words)
        return [entry for entry in self.entries if not negations or negations <= self._negations_in(entry)]

    def _negations_in(self, entry: Entry) -> frozenset[str]:
        words = self._terms.words(" ".join(entry.questions))
        return self._negations.intersection(self._terms.of_words(words)) | self._other_negations.intersection(words)

    def _token_of(self, term: str) -> tuple[str, float]:
        """The token of an entry that a term stands for, and how much it counts; no token when it stands for none."""
        if term in self._weights:
            return term, 1.0
        if len(term) >= _SHORTEST_MISSPELT:
            alike = [token for token in self._weights if token[0] == term[0] and len(token) >= _SHORTEST_MISSPELT]
            for token in get_close_matches(term, alike, n=1, cutoff=_CLOSE):
                return token, _MISSPELT
        return "", 1.0

    def _coverage(self, row: int, terms: Mapping[str, tuple[str, float]]) -> float:
        total = matched = 0.0
        on_topic = False
        questions, places = self._questions[row], self._places[row]
        for term, (token, share) in terms.items():
            alike = self._asking.get(term)
            # what it counts where an entry has the token: whole in a question, by half in the answer
            place = places.get(token, 0.0) if alike is None else float(not alike.isdisjoint(questions))
            weight = self._weights.get(token, self._weight_of_lacking) if place else self._weight_of_lacking
            total += weight
            matched += weight * share * place
            on_topic |= place > 0 and alike is None
        forbidden = self._negations & terms.keys() - questions
        return matched / total if on_topic and not forbidden else 0.0
