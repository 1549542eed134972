"""How a folder of Markdown files is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.assistant.knowledge import Entry, Knowledge, read_file
from signoff.errors import AssistantError


def read(tmp_path: Path, text: str, name: str = "shop.md") -> list[Entry]:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_file(path, tmp_path)


def test_every_section_is_an_entry_with_its_heading_as_the_question(tmp_path: Path) -> None:
    entries = read(tmp_path, "# Shop\n\nWelcome.\n\n## Hours\n9 to 5\n\n## Parking\nNone.\n### Bicycles\nMany.\n")
    assert entries == [
        Entry("shop.md", ("Hours",), (), "9 to 5"),
        Entry("shop.md", ("Parking",), (), "None.\n*Bicycles*\nMany."),
    ]


def test_headings_that_follow_each_other_share_the_answer(tmp_path: Path) -> None:
    assert read(tmp_path, "## When?\n## Hours\n\n9 to 5\n") == [Entry("shop.md", ("When?", "Hours"), (), "9 to 5")]


def test_alternative_phrasings_stand_in_a_quote_that_begins_with_also(tmp_path: Path) -> None:
    text = "## Hours\n> also: when are you open? | opening times\n> also: horario\n\n9 to 5\n\n> also a quote\n"
    (entry,) = read(tmp_path, text)
    assert entry.questions == ("Hours", "when are you open?", "opening times", "horario")
    assert entry.answer == "9 to 5\n\n> also a quote"


def test_a_file_without_sections_is_one_entry(tmp_path: Path) -> None:
    assert read(tmp_path, "# Do you deliver?\n\nYes.\n") == [Entry("shop.md", ("Do you deliver?",), (), "Yes.")]
    assert read(tmp_path, "We open at 9.\n", "opening hours.md") == [
        Entry("opening hours.md", ("opening hours",), (), "We open at 9.")
    ]


def test_headings_without_an_answer_are_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, "## Hours\n> also: when\n\n## Parking\n\nNone.\n\n## Later\n<!-- to come -->\n") == [
        Entry("shop.md", ("Parking",), (), "None.")
    ]


def test_a_byte_order_mark_and_windows_lines_change_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff## Hours\r\n\r\n9 to 5\r\n") == [Entry("shop.md", ("Hours",), (), "9 to 5")]


def test_files_in_subfolders_are_read_and_named_by_their_way(tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "back.md").write_text("## Returns\nYes.", encoding="utf-8")
    assert [entry.source for entry in Knowledge(tmp_path, lambda: 0).entries()] == ["orders/back.md"]


def test_emphasis_too_deep_to_be_read_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    deep = "**a " * 3000 + "b" + "**" * 3000
    with pytest.raises(AssistantError, match=r"shop\.md: .*too deeply"):
        read(tmp_path, f"## Hours\n{deep}\n")
