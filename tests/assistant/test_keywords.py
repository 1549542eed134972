"""Short answers to messages that are little more than one word."""

from __future__ import annotations

import pytest

from signoff.assistant.keywords import answer, assistant

TOPICS = {
    "greeting": """
        Hello! | hi | HEY 👋 | heyyy | Helloooo | hi there | Good morning! | salam | Salaam bhai | AOA
        | Assalam-o-Alaikum | السلام علیکم | السلام عليكم | سَلام | مرحبا | ¡Hola! | buenos dias | namaste
        | नमस्ते | Olá, bom dia
    """,
    "how are you": """
        How are you? | hello, how are you | ¿Cómo estás? | aap kaise hain? | آپ کیسے ہیں؟ | كيف حالك؟
        | आप कैसे हैं? | tudo bem?
    """,
    "thanks": """
        thanks | Thank you so much! | ok thanks | hi, thanks 🙏 | gracias | Muchas gracias, señor | shukriya
        | شکریہ | شكرًا | धन्यवाद | obrigada
    """,
    "goodbye": "bye | Goodbye! | thanks, bye | good night | adiós | Allah hafiz | خدا حافظ | مع السلامة | अलविदा",
    "hours": "hours? | opening hours | horario | اوقات | समय",
    "price": "price? | Price please | how much? | precio | qeemat kya hai | قیمت | السعر | कीमत",
    "help": "help | Hi, help please | I need help | ayuda | madad | مدد | مساعدة | मदद",
}


@pytest.mark.parametrize(
    ("topic", "text"), [(topic, text) for topic, texts in TOPICS.items() for text in texts.split("|")]
)
def test_answers_a_keyword_in_many_languages(topic: str, text: str) -> None:
    draft = answer(text)
    assert draft is not None
    assert (draft.author, draft.note) == ("keywords", f"keyword: {topic}")


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Hello", "Hello!"),
        ("hola", "¡Hola!"),
        ("salam", "Wa alaikum assalam!"),
        ("السلام علیکم", "وعلیکم السلام! ہم"),
        ("السلام عليكم", "وعليكم السلام! كيف"),
        ("नमस्ते", "नमस्ते!"),
        ("hello gracias", "¡De nada!"),
    ],
)
def test_answers_in_the_language_of_the_keyword(text: str, begins: str) -> None:
    draft = answer(text)
    assert draft is not None
    assert draft.text.startswith(begins)


@pytest.mark.parametrize(
    "text",
    [
        "Hello, where is my refund for order 1234?",
        "thanks for nothing",
        "no thanks",
        "hello 2",
        "history",
        "this",
        "Othello",
        "helpless",
        "the price is wrong",
        "please",
        "sir",
        "",
        "👍",
        "...",
        "hi " * 100,
    ],
)
def test_says_nothing_to_anything_more(text: str) -> None:
    assert answer(text) is None


def test_is_an_assistant() -> None:
    assert assistant({"id": "a", "body": "Hi"}, []) == answer("Hi")
    assert assistant({"id": "a"}, []) is None
    assert assistant({"id": "a", "body": None}, []) is None
