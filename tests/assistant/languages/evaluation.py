"""How well questions in five languages are answered from a folder in one, with and without the extra ``multilingual``.

Prints a table: ``python -m tests.assistant.languages.evaluation``. Threshold and margin were chosen by the first
question of each line of ``questions.txt``; the table is of the second.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from signoff.assistant.faq import Faq
from signoff.assistant.meaning import Meaning

KNOWLEDGE = {"English": "knowledge_en", "Spanish": "knowledge_es"}
"""The same entries in the same order, in two languages."""
LANGUAGES = ("en", "de", "es", "ar", "ur")

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Question:
    """A message, and the number of the entry that answers it; None where a person should."""

    language: str
    text: str
    entry: int | None


@dataclass(slots=True)
class Score:
    """What became of questions.

    Attributes:
        right, wrong: answers; an answer to what is for a person is wrong.
        answerable, for_people: how many there were of each.
        silent: how many of those for people were left to them.
    """

    right: int = 0
    wrong: list[str] = field(default_factory=list)
    answerable: int = 0
    for_people: int = 0
    silent: int = 0

    @property
    def precision(self) -> float:
        """The share of right answers among all; 1 where there is none."""
        answers = self.right + len(self.wrong)
        return self.right / answers if answers else 1.0

    @property
    def recall(self) -> float:
        """The share of the answerable that was answered rightly."""
        return self.right / self.answerable

    @property
    def silence(self) -> float:
        """The share of those for people that was left to them."""
        return self.silent / self.for_people

    def add(self, question: Question, answer: int | None) -> None:
        """Count one."""
        self.answerable += question.entry is not None
        self.for_people += question.entry is None
        self.silent += question.entry is None and answer is None
        if answer is not None and answer == question.entry:
            self.right += 1
        elif answer is not None:
            self.wrong.append(question.text)


def questions(column: int) -> list[Question]:
    """The questions by which threshold and margin were chosen (0), or by which they are judged (1)."""
    headings = [entry.headings[0] for entry in Faq(_HERE / KNOWLEDGE["English"]).entries()]
    found, language = [], ""
    for line in (_HERE / "questions.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            language = line.strip("[]")
        elif line and not line.startswith("#"):
            heading, *texts = (part.strip() for part in line.split("|"))
            entry = None if heading == "-" else headings.index(heading)
            found.append(Question(language, texts[column], entry))
    return found


def evaluate(knowledge: str, asked: Iterable[Question], meaning: Meaning | None) -> dict[str, Score]:
    """Ask an assistant over one of `KNOWLEDGE`; a score for each language, and one of all under ``all``."""
    faq = Faq(_HERE / KNOWLEDGE[knowledge], meaning=meaning)
    answers = [entry.answer for entry in faq.entries()]
    scores = {name: Score() for name in (*LANGUAGES, "all")}
    for question in asked:
        draft = faq.answer(question.text)
        answer = answers.index(draft.text) if draft and draft.author != "keywords" else None
        scores[question.language].add(question, answer)
        scores["all"].add(question, answer)
    return scores


def main() -> None:
    """Print the table, and what was answered wrongly."""
    say("| folder | questions | precision without | recall | silence | precision with | recall | silence |")
    say("|---|---|--:|--:|--:|--:|--:|--:|")
    asked, meaning = questions(1), Meaning()
    for knowledge in KNOWLEDGE:
        without, extra = (evaluate(knowledge, asked, ranker) for ranker in (None, meaning))
        for name in without:
            cells = (_cells(score[name]) for score in (without, extra))
            say(f"| {knowledge} | {name} | {' | '.join(cells)} |")
        say(f"wrong: {extra['all'].wrong}")


def say(line: str) -> None:
    """Print a line, in UTF-8 wherever it goes."""
    sys.stdout.buffer.write(f"{line}\n".encode())


def _cells(score: Score) -> str:
    answers = score.right + len(score.wrong)
    precision = f"{score.precision:.2f} ({score.right} of {answers})" if answers else "–"
    return f"{precision} | {score.recall:.2f} | {score.silence:.2f}"


if __name__ == "__main__":
    main()
