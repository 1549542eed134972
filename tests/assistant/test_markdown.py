"""Markdown as WhatsApp shows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.assistant.markdown import parse, whatsapp


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**bold** __bold__ *soft* _soft_ ~~gone~~ `code`", "*bold* *bold* _soft_ _soft_ ~gone~ `code`"),
        ("one line\nwrapped in the source", "one line wrapped in the source"),
        ("one line  \nand the next\\\nand a third", "one line\nand the next\nand a third"),
        ("first\n\nsecond", "first\n\nsecond"),
        ("We open:\n- Monday\n- Tuesday\n\nCome in!", "We open:\n- Monday\n- Tuesday\n\nCome in!"),
        ("* one\n+ two", "- one\n- two"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("- outer\n  - inner\n\n  more", "- outer\n  - inner\n\n  more"),
        ("# Title\n### Part *two*", "*Title*\n*Part two*"),
        ("> quoted\n> twice", "> quoted twice"),
        ("```py\nx = 1\n```", "```x = 1```"),
        ("[the menu](https://shop.example/menu)", "the menu (https://shop.example/menu)"),
        ("[shop.example](https://shop.example) <https://a.example>", "https://shop.example https://a.example"),
        ("[write us](mailto:us@shop.example) [+1555](tel:+1555)", "write us (us@shop.example) +1555"),
        ("![a cat](cat.png) here", "a cat here"),
        ("| a | b |\n|-|-|\n| 1 | 2 |\n| 3 | |", "a – b\n1 – 2\n3"),
        ("before\n\n---\n\nafter <b>bold</b>\n\n<div>html</div>", "before\n\nafter bold"),
        (r"5 \* 3 &amp; more", "5 * 3 & more"),
    ],
)
def test_is_shown_as(source: str, shown: str) -> None:
    assert whatsapp(parse(source)) == shown


@given(st.text(st.sampled_from("ab *_~`#>-+1.|[]()<>!\\\n\t&;:/"), max_size=80))
def test_any_markdown_is_shown_somehow(source: str) -> None:
    whatsapp(parse(source))
