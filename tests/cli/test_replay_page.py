"""The report of a replay as a page: whole, on its own, and deaf to what strangers write into it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.cli.replay_page import page
from signoff.pipeline.replay import Exchange, Export, Report, parse

VOID = {"meta", "link", "br", "img", "input", "hr"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;\u202e\x00\x1b[2J"


class Outline(HTMLParser):
    """The elements of a page, and whether all are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def exchange(text: str, *, draft: str | None = None, answer: str | None = None, contact: str = "Ann") -> Exchange:
    return Exchange(
        at=datetime(2023, 12, 31, 10),
        contact=contact,
        text=text,
        outcome="nothing to say" if draft is None else "drafted",
        draft=draft,
        author="faq",
        note=None,
        answer=answer,
        wait=90 if answer else None,
        score=0.25 if draft and answer else None,
    )


def drawn(exchanges: Iterable[Exchange], text: str = "junk\n", me: str = "Café", path: str = "chat.txt") -> str:
    return page(Report(exchanges, 1), [Export(Path(path), parse(text))], me, "faq:answers")


def test_each_draft_stands_beside_what_was_answered_then() -> None:
    outline = Outline(drawn([exchange("Open?", draft="At nine", answer="at 9"), exchange("My cat", answer="oh")]))
    words = " ".join(" ".join(outline.words).split())
    assert "similarity 0.25 Open? draft by faq At nine answered then, after 1 min 30 s at 9" in words
    assert "nothing to say, answered then after 1 min 30 s My cat answered then oh" in words
    assert "line 1: junk" in words


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_makes_an_element_of_its_own(text: str, draft: str, contact: str, me: str) -> None:
    plain = drawn([exchange("x", draft="x", answer="x", contact="x")])
    hostile = drawn([exchange(text, draft=f"x{draft}", answer=f"x{text}", contact=contact)], me=me)
    assert [tag for tag, _ in Outline(hostile).tags] == [tag for tag, _ in Outline(plain).tags]
    hostile.encode()


def test_hostile_names_and_texts_are_only_shown() -> None:
    text = drawn(
        [exchange(HOSTILE, draft=HOSTILE, answer=HOSTILE, contact=HOSTILE)], f"{HOSTILE}\n", HOSTILE, HOSTILE[:20]
    )
    outline = Outline(text)
    assert not {"script", "img"} & {tag for tag, _ in outline.tags}
    assert not [name for _, attributes in outline.tags for name in attributes if name.startswith("on")]
    assert all(char not in text for char in "\0\x1b\u202e")


def test_it_loads_nothing_and_runs_nothing() -> None:
    text = drawn([exchange("see https://shop.example", draft="x", answer="y")])
    outline = Outline(text)
    names = {name for _, attributes in outline.tags for name in attributes}
    assert not names & {"src", "href", "srcset", "style", "action", "xlink:href"}
    assert not re.search(r"url\(|@import", text)
    assert "default-src 'none'" in text


def test_it_speaks_to_everyone() -> None:
    text = drawn([exchange("x", draft="y", answer="z")])
    outline = Outline(text)
    drawings = [attributes for tag, attributes in outline.tags if tag == "svg"]
    assert len(drawings) == 3
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(svg)
    assert ("html", {"lang": "en"}) in outline.tags
    assert [tag for tag, _ in outline.tags].count("h1") == 1
    assert all(attributes.get("scope") for tag, attributes in outline.tags if tag == "th")
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text


@pytest.mark.parametrize("exchanges", [[], [exchange("x")], [exchange("x", draft="y")]])
def test_little_is_a_page_too(exchanges: list[Exchange]) -> None:
    assert "would have been answered" in drawn(exchanges)
