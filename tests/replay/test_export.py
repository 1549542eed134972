"""Several files: pieces of one chat are put together without doubling, and different chats stay apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.errors import GatewayError
from signoff.pipeline.replay import Export, chats_of, conversations, parse

ME = "Café Lumen"


def line(minute: int, text: str, sender: str = "Ann") -> str:
    return f"31/12/23, 10:{minute:02} - {sender}: {text}\n"


def export(*lines: str, name: str = "chat.txt") -> Export:
    return Export(Path(name), parse("".join(lines)))


def texts(*exports: Export) -> list[list[str]]:
    return [[message.text for message in chat.messages] for chat in chats_of(exports, ME)]


HALVES = [line(0, "one"), line(1, "two", ME), line(1, "ok"), line(1, "ok"), line(2, "three"), line(3, "four")]


@pytest.mark.parametrize(("end", "start"), [(4, 2), (6, 0), (4, 3), (5, 4)])
def test_what_two_exports_of_a_chat_hold_is_there_once(end: int, start: int) -> None:
    early, late = export(*HALVES[:end]), export(*HALVES[start:])
    assert texts(early, late) == texts(late, early) == [["one", "two", "ok", "ok", "three", "four"]]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc")), min_size=1, max_size=12), st.data())
def test_pieces_cut_between_minutes_give_the_whole_chat(lines: list[tuple[int, str]], data: st.DataObject) -> None:
    whole = [line(minute, text) for minute, text in sorted(lines, key=lambda item: item[0])]
    minutes = [int(text[13:15]) for text in whole]
    first, second = sorted(data.draw(st.tuples(st.integers(0, 6), st.integers(0, 6))))
    early = [text for text, minute in zip(whole, minutes, strict=True) if minute < second]
    late = [text for text, minute in zip(whole, minutes, strict=True) if minute >= first]
    (joined,) = texts(export(*early), export(*late)) if early and late else texts(export(*(early or late)))
    assert joined == texts(export(*whole))[0]


def test_what_was_edited_or_deleted_meanwhile_is_there_once_as_it_is_now() -> None:
    early = export(line(0, "one"), line(1, "two"), line(1, "stays"), line(2, "three <This message was edited>"))
    late = export(
        line(1, "You deleted this message"), line(1, "stays"), line(2, "3 <This message was edited>"), line(3, "four")
    )
    (chat,) = chats_of([late, early], ME)
    assert [message.text for message in chat.messages] == ["one", "stays", "", "3", "four"]


def test_no_line_of_any_file_is_forgotten() -> None:
    (chat,) = chats_of([export("junk\n", *HALVES[:4]), export(*HALVES[2:], "31/12/23, 10:09 - Ann left\n")], ME)
    assert (chat.lines, len(chat.unreadable), len(chat.system)) == (10, 1, 1)


def test_different_people_are_different_chats() -> None:
    ann, lu = export(line(0, "hi"), line(1, "ho", ME)), export(line(0, "hi", "Lu"))
    assert texts(ann, lu) == [["hi", "ho"], ["hi"]]
    events = conversations(chats_of([ann, lu], ME), "café lumen")
    assert len({event.chat for chat in events for event in chat}) == 2
    assert [event.from_me for chat in events for event in chat] == [False, True, False]


def test_pieces_of_a_group_are_known_by_a_message_or_by_their_title() -> None:
    one = export(line(0, "hi"), line(1, "ho", "Bob"), line(2, "hey", "Cem"), name="Chat with Tea club.txt")
    two = export(line(2, "hey", "Cem"), line(3, "bye", "Dora"), line(4, "bye", "Ann"), name="x.txt")
    three = export(line(7, "new", "Eve"), line(8, "year", "Fay"), name="Chat with Tea club (1).txt")
    other = export(line(7, "new", "Eve"), line(8, "week", "Fay"), name="y.zip")
    assert texts(one, two, three) == [["hi", "ho", "hey", "bye", "bye", "new", "year"]]
    assert len(texts(one, other)) == 2
    bridge = export(line(2, "hey", "Cem"), line(7, "new", "Eve"), line(9, "z", "Ann"), name="z.txt")
    assert len(texts(one, other, bridge)) == 1


def test_the_hour_that_comes_twice_keeps_its_order() -> None:
    autumn = [f"29/10/23, {at} - Ann: {at}\n" for at in ("02:10", "02:50", "02:20", "03:00")]
    (joined,) = texts(export(*autumn[:3]), export(*autumn[1:]))
    assert joined == ["02:10", "02:50", "02:20", "03:00"]


def test_a_name_that_is_in_none_of_them_is_an_error() -> None:
    with pytest.raises(GatewayError, match="nobody called 'Zoe' writes in this chat; those who do: 'Ann', 'Lu'"):
        conversations([parse(line(0, "hi")), parse(line(0, "hi", "Lu"))], "Zoe")


def test_a_file_is_read_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "_chat.txt"
    path.write_text(line(0, "hi"), encoding="utf-8")
    assert Export.read(path) == Export(path, parse(line(0, "hi")))
