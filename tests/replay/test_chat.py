"""What stands in an exported chat beside plain messages; and that no line is lost."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signoff.pipeline.replay import Chat, ChatMessage, parse

from .exports import SAMPLES

LRM = "\u200e"
RUNNING = "[31/12/23, 10:00:00] Ann: first\n"


def message(body: str) -> ChatMessage:
    """Ann's message with this body, as an iPhone writes it."""
    (found,) = parse(f"[31/12/23, 10:00:00] Ann: {body}").messages
    return found


def unread(chat: Chat) -> list[int]:
    """The numbers of the unreadable lines."""
    return [line.line for line in chat.unreadable]


def accounted(chat: Chat) -> list[int]:
    """The numbers of all lines that the chat accounts for."""
    blocks = [(m.line, m.lines) for m in chat.messages] + [(line.line, line.lines) for line in chat.system]
    return sorted([n for line, lines in blocks for n in range(line, line + lines)] + unread(chat))


@pytest.mark.parametrize(
    ("body", "kind", "text", "file"),
    [
        (f"{LRM}image omitted", "image", "", None),
        (f"Look at this {LRM}image omitted", "image", "Look at this", None),
        (f"{LRM}imagen omitida", "image", "", None),
        (f"{LRM}Video weggelassen", "video", "", None),
        (f"{LRM}GIF retiré", "video", "", None),
        (f"{LRM}audio tidak disertakan", "audio", "", None),
        (f"{LRM}لم يتم إدراج الصورة", "image", "", None),
        (f"{LRM}画像は含まれていません", "image", "", None),
        (f"{LRM}Contact card omitted", "vcard", "", None),
        ("sticker omitted", "sticker", "", None),
        (f"Offer.pdf • {LRM}2 pages {LRM}document omitted", "document", "", "Offer.pdf"),
        ("Some file.txt document omitted", "document", "", "Some file.txt"),
        (f"{LRM}<attached: 0035-PHOTO-2023-12-31.jpg>", "image", "", "0035-PHOTO-2023-12-31.jpg"),
        (f"My cup {LRM}<adjunto: 0036-PHOTO.jpg>", "image", "My cup", "0036-PHOTO.jpg"),
        (f"Offer.pdf • 2 pages {LRM}<attached: 0047-Offer.pdf>", "document", "", "0047-Offer.pdf"),
        ("<Media omitted>", "media", "", None),
        ("<Media omitted>\nA caption", "media", "A caption", None),
        ("<Без медиафайлов>", "media", "", None),
        ("<省略多媒体文件>", "media", "", None),
        ("IMG-20231231-WA0002.jpg (file attached)", "image", "", "IMG-20231231-WA0002.jpg"),
        ("IMG-20231231-WA0002.jpg (any language)\ntwo\nlines", "image", "two\nlines", "IMG-20231231-WA0002.jpg"),
        ("PTT-20231231-WA0000.opus (archivo adjunto)", "ptt", "", "PTT-20231231-WA0000.opus"),
        ("Ann.vcf (Datei angehängt)", "vcard", "", "Ann.vcf"),
        (f"{LRM}Menu.docx (in any language)", "document", "", "Menu.docx"),
        ("location: https://maps.google.com/?q=1,-2", "location", "location: https://maps.google.com/?q=1,-2", None),
        (f"{LRM}Lugar: https://maps.google.com/?q=1,2", "location", "Lugar: https://maps.google.com/?q=1,2", None),
        (f"{LRM}POLL:\nTea?\n{LRM}OPTION: Yes (2 votes)", "poll_creation", "POLL:\nTea?\nOPTION: Yes (2 votes)", None),
        (f"{LRM}This message was deleted.", "revoked", "", None),
        ("You deleted this message", "revoked", "", None),
        (f"{LRM}Diese Nachricht wurde gelöscht.", "revoked", "", None),
        ("تم حذف هذه الرسالة.", "revoked", "", None),
        ("Ta wiadomość została usunięta.", "revoked", "", None),
        (f"{LRM}SONDEO:\nTé?\n{LRM}OPCIÓN: Sí (2 votos)", "poll_creation", "SONDEO:\nTé?\nOPCIÓN: Sí (2 votos)", None),
    ],
)  # fmt: skip
def test_what_the_app_writes_is_not_taken_for_the_persons_words(
    body: str, kind: str, text: str, file: str | None
) -> None:
    found = message(body)
    assert (found.kind, found.text, found.file, found.edited) == (kind, text, file, False)


@pytest.mark.parametrize(
    "body",
    [
        f"At nine {LRM}<This message was edited>",
        "At nine <Se editó este mensaje.>",
        "At nine <このメッセージは編集済みです>",
        "At nine <پیام ویرایش شد>",
        f"At nine{LRM}<any words>",
    ],
)
def test_an_edited_message_keeps_its_text_and_says_so(body: str) -> None:
    found = message(body)
    assert (found.kind, found.text, found.edited) == ("chat", "At nine", True)


@pytest.mark.parametrize(
    "body",
    [
        "I omitted the image",
        "I was omitted",
        "The document that you sent me yesterday was omitted",
        "this message was deleted by me, sorry",
        "a <b> tag",
        "<3 you all>",
        "<strong>",
        "see notes.txt (the second)",
        "our location: https://shop.example/map",
        "1 < 2 and 3 > 2 <edit>",
        "two\nlines",
        " spaces ",
        "Menu:\nTea\nprice: 3 (2 cups)",
        "",
    ],
)
def test_what_only_looks_like_it_stays_text(body: str) -> None:
    found = message(body)
    assert (found.kind, found.text, found.file, found.edited) == ("chat", body, None, False)


def test_lines_without_a_sender_are_the_apps_own() -> None:
    chat = parse(
        "31/12/23, 10:00 - Messages and calls are end-to-end encrypted.\n"
        "31/12/23, 10:00 - Ann: hi\n"
        '31/12/23, 10:01 - Ann changed the group name from "Tea: the club" to "Coffee"\n'
    )
    assert [line.line for line in chat.system] == [1, 3]
    assert chat.names == ("Ann",)


def test_on_an_iphone_they_stand_behind_the_chats_name() -> None:
    chat = parse(
        f"[31/12/23, 10:00:00] Tea club: {LRM}Messages and calls are end-to-end encrypted.\n"
        f"{LRM}[31/12/23, 10:01:00] Tea club: {LRM}Ann added you\n"
        "[31/12/23, 10:02:00] Ann: hi\n"
        f"{LRM}[31/12/23, 10:03:00] Ann: {LRM}Missed voice call\n"
    )
    assert [line.text for line in chat.system] == [
        "Messages and calls are end-to-end encrypted.",
        "Ann added you",
        "Missed voice call",
    ]
    assert chat.names == ("Ann",)


def test_a_name_may_hold_a_colon() -> None:
    chat = parse(
        "31/12/23, 10:00 - Bob: the builder: hi\n"
        "31/12/23, 10:01 - Ann: note: buy milk\n"
        "31/12/23, 10:02 - Bob: the builder: ok: bye\n"
        "31/12/23, 10:03 - Ann: note: and tea\n"
        "31/12/23, 10:04 - Bob: the builder: yes\n"
        "31/12/23, 10:05 - Ann: Bob: the builder: is that you?\n"
    )
    assert chat.names == ("Bob: the builder", "Ann")
    assert [m.text for m in chat.messages] == [
        "hi",
        "note: buy milk",
        "ok: bye",
        "note: and tea",
        "yes",
        "Bob: the builder: is that you?",
    ]


def test_marks_and_odd_spaces_do_not_make_another_name() -> None:
    chat = parse(
        "31/12/23, 10:00 - \u202a+1\u00a0555\u00a0010\u00a00123\u202c: hi\n31/12/23, 10:01 - +1 555 010 0123: ho\n"
    )
    assert chat.names == ("+1 555 010 0123",)


def test_lines_of_another_form_belong_to_the_message_before() -> None:
    chat = parse("31/12/23, 10:00 - Ann: she wrote\n[30/12/23, 09:00:00] Bob: hi\n1/1/2023 - not a date\n")
    (only,) = chat.messages
    assert only.text == "she wrote\n[30/12/23, 09:00:00] Bob: hi\n1/1/2023 - not a date"
    assert (only.line, only.lines) == (1, 3)


def test_every_line_is_accounted_for() -> None:
    text = (
        "some words before\n\n"
        "[31/12/23, 10:00:00] Ann: one\r\ntwo\r\n\r\n"
        "[31/13/23, 10:00:00] Ann: no such day\nits second line\n"
        f"[31/12/23, 10:01:00] Ann: {LRM}Missed voice call\n"
        "[31/12/23, 25:00:00] Ann: no such hour\n"
        "[31/12/23, 10:02:00] Ann: three\n"
    )
    chat = parse(text)
    assert [(line.line, line.text) for line in chat.unreadable][2:4] == [
        (6, "[31/13/23, 10:00:00] Ann: no such day"),
        (7, "its second line"),
    ]
    assert unread(chat) == [1, 2, 6, 7, 9]
    assert (chat.lines, chat.continued) == (10, 2)
    assert [(m.line, m.lines, m.text) for m in chat.messages] == [(3, 3, "one\ntwo\n"), (10, 1, "three")]
    assert [line.line for line in chat.system] == [8]
    assert accounted(chat) == list(range(1, 11))


def test_half_days_in_unknown_words_are_unreadable_not_guessed() -> None:
    chat = parse("31/12/23, 3:00 xx - Ann: morning?\n31/12/23, 4:00 PM - Ann: hi\n31/12/23, 5:00 PM - Ann: ho\n")
    assert unread(chat) == [1]
    assert [m.at for m in chat.messages] == [datetime(2023, 12, 31, 16), datetime(2023, 12, 31, 17)]


STAMPS = [stamp for sample in SAMPLES for stamp in (sample.year_end, sample.new_year)]
LINES = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.builds("{}{}".format, st.sampled_from(STAMPS), st.text(max_size=20)),
        st.builds("{}Ann: {}".format, st.sampled_from(STAMPS), st.text(max_size=20)),
        st.sampled_from(
            [
                "[31/12/23, 10:00:00] Ann: x",
                "31/12/23, 10:00 - B: y",
                "[99/99/99, 99:99:99] C: z",
                RUNNING,
                "\r",
                "<>",
                LRM,
            ]
        ),
    ),
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(LINES)
@example(["\ufeff[31/12/23, 10:00:00] Ann: x"])
@example([])
def test_no_text_breaks_it_and_no_line_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    count = text.count("\n") + (not text.endswith("\n")) if text else 0
    chat = parse(text)
    assert accounted(chat) == list(range(1, count + 1))
    assert len(chat.messages) + len(chat.system) + chat.continued + len(chat.unreadable) == chat.lines == count
