"""Choosing an assistant by what a setting says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from signoff.assistant import Draft, load_assistant
from signoff.assistant.faq import Faq
from signoff.errors import AssistantError

MODULE = """
from companion import GREETING

LIMIT = 3

def answer(message, conversation):
    return f"{GREETING}, {message['body']}"

class Desk:
    def __call__(self, message, conversation):
        return "desk"

    def reply(self, message, conversation, tone="kind"):
        return tone

desk = Desk()

def one(message):
    return None

async def later(message, conversation):
    return None
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("own_desk", "companion"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    Path("own_desk.py").write_text(MODULE, encoding="utf-8")
    Path("companion.py").write_text("GREETING = 'Hello'", encoding="utf-8")
    Path("broken_desk.py").write_text("def answer(", encoding="utf-8")
    Path("needy_desk.py").write_text("import a_library_nobody_has", encoding="utf-8")
    Path("leaving_desk.py").write_text("raise SystemExit(3)", encoding="utf-8")


def test_faq_alone_is_the_demos_cafe() -> None:
    draft = load_assistant("faq")({"id": "a", "body": "Do you deliver?"}, [])
    assert isinstance(draft, Draft)
    assert draft.note == "orders.md: Delivery"


def test_faq_with_a_folder_answers_from_it(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("## Parking\n\nNone.", encoding="utf-8")
    faq = load_assistant(f"faq:{tmp_path}")
    assert isinstance(faq, Faq)
    draft = faq.answer("parking?")
    assert draft is not None
    assert draft.text == "None."


def test_keywords_answers_greetings() -> None:
    draft = load_assistant("keywords")({"id": "a", "body": "hello"}, [])
    assert isinstance(draft, Draft)
    assert draft.author == "keywords"


@pytest.mark.usefixtures("own_module")
@pytest.mark.parametrize(
    ("spec", "answer"), [("own_desk:answer", "Hello, Ann"), ("own_desk:desk", "desk"), ("own_desk:desk.reply", "kind")]
)
def test_a_function_of_ones_own_in_the_current_folder(spec: str, answer: str) -> None:
    assert load_assistant(spec)({"id": "a", "body": "Ann"}, []) == answer


@pytest.mark.usefixtures("own_module")
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "use 'faq', 'faq:FOLDER', 'multilingual:FOLDER', 'keywords', 'llm' or 'module:function'"),
        ("claude", "use 'faq', 'faq:FOLDER', 'multilingual:FOLDER', 'keywords', 'llm' or 'module:function'"),
        ("own_desk:", "use 'faq', 'faq:FOLDER', 'multilingual:FOLDER', 'keywords', 'llm' or 'module:function'"),
        ("faq:nowhere", "nowhere: there is no such folder"),
        ("no_desk:answer", "no module 'no_desk': it is neither installed nor a file in"),
        ("no.desk:answer", "no module 'no.desk': it is neither installed nor a file in"),
        ("needy_desk:answer", "needs 'a_library_nobody_has': install it"),
        ("broken_desk:answer", r"failed while it was imported: SyntaxError.*broken_desk\.py, line 1"),
        ("leaving_desk:answer", "failed while it was imported: SystemExit: 3"),
        ("own_desk:nothing", r"own_desk\.py has no 'nothing'"),
        ("own_desk:LIMIT", r"is no function: name one that takes \(message, conversation\)"),
        ("own_desk:Desk", r"is no function: name one that takes \(message, conversation\)"),
        ("own_desk:one", r"must take \(message, conversation\): too many positional"),
        ("own_desk:later", "write it with 'def' instead of 'async def'"),
    ],
)
def test_what_cannot_be_loaded_says_what_to_do(spec: str, message: str) -> None:
    with pytest.raises(AssistantError, match=message):
        load_assistant(spec)


def test_importing_the_package_is_light() -> None:
    heavy = ("apsw.fts5", "markdown_it", "httpx2", "rich", "typer")
    code = f"import sys, signoff.assistant; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
