"""Whatever a chat export holds: every line is accounted for, or our own error says why the file cannot be read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import strategies as st

from signoff.errors import GatewayError
from signoff.pipeline.replay.chat import Chat
from signoff.pipeline.replay.export import Export, chats_of

from ...replay.exports import FORMS, SAMPLES, Line
from .budget import SIZE, fuzz, long, quickly
from .hostile import BIDI, battered, texts

pytestmark = long

SAID = [
    Line(datetime(2023, 12, 31, 23, 58, 1), "Ann", "Are you open?"),
    Line(datetime(2023, 12, 31, 23, 59, 2), "Bob: the builder", "Until six.\nAnd tomorrow: all day\n\n12/31/23 or so"),
    Line(datetime(2024, 1, 2, 0, 0, 3), "Ann", "\u200eimage omitted"),
    Line(datetime(2024, 1, 2, 0, 1, 4), "Ann", "\u200e<attached: 00000012-PHOTO-2024-01-02-00-01-04.jpg>"),
    Line(datetime(2024, 1, 13, 9, 1, 5), "علی", "كم السعر؟ \u200e<This message was edited>"),
    Line(datetime(2024, 1, 14, 9, 1, 5), "Bob: the builder", "You deleted this message."),
]
TEXTS = [form.render(SAID).encode() for form in FORMS]
TEXTS += ["".join(f"{sample.year_end}{sample.new_year}" for _ in range(2)).encode() for sample in SAMPLES]
TEXTS += [TEXTS[0].decode().encode("utf-16"), "\ufeff".encode() + TEXTS[1].replace(b"\n", b"\r\n")]


def archive(name: str, text: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, text)
        file.writestr("IMG-20240102-WA0001.jpg", b"\xff\xd8")
    return packed.getvalue()


ZIPS = [archive(name, TEXTS[0]) for name in ("_chat.txt", "WhatsApp Chat with Ann.txt")]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Chat | None]:
    """Read a file of these bytes, with another piece of the same chat; None where our own error says why not."""
    (tmp_path / "whole.txt").write_bytes(TEXTS[0])
    whole = Export.read(tmp_path / "whole.txt")
    numbers = count()

    def read(data: bytes) -> Chat | None:
        path = tmp_path / f"{next(numbers)}.txt"
        path.write_bytes(data)
        try:
            with quickly(len(data)):
                export = Export.read(path)
                insist_nothing_is_lost(export.chat)
                together = chats_of([whole, export], "Ann")
        except GatewayError as error:
            if str(path) not in str(error):
                raise
            return None
        finally:
            path.unlink()
        assert sum(chat.lines for chat in together) == whole.chat.lines + export.chat.lines
        return export.chat

    return read


def insist_nothing_is_lost(chat: Chat) -> None:
    """Every line of the file is of one message, one line of the app's, or unreadable."""
    spans = [(message.line, message.lines) for message in chat.messages]
    spans += [(line.line, line.lines) for line in chat.system]
    lines = [number for start, length in spans for number in range(start, start + length)]
    lines += [line.line for line in chat.unreadable]
    assert sorted(lines) == list(range(1, chat.lines + 1))
    assert chat.continued >= 0


def test_files_that_were_tampered_with(read: Callable[[bytes], Chat | None]) -> None:
    fuzz(battered(TEXTS), read)


def test_archives_that_were_tampered_with(read: Callable[[bytes], Chat | None]) -> None:
    fuzz(battered(ZIPS), read)


def test_hostile_names_and_texts_in_every_form(read: Callable[[bytes], Chat | None]) -> None:
    lines = st.builds(Line, st.datetimes(datetime(1970, 1, 1)), texts, texts)

    def check(drawn: tuple[int, list[Line]]) -> None:
        number, said = drawn
        read(FORMS[number].render([*SAID, *said]).encode(errors="replace"))

    fuzz(st.tuples(st.integers(0, len(FORMS) - 1), st.lists(lines, max_size=6)), check)


LINE = b"[31/12/23, 23:58:01] Ann: "
MADE_TO_HURT = {
    "one message of many lines": LINE + b"x\n" * (SIZE // 2),
    "one line": LINE + b"x" * 10_000_000,
    "colons": LINE + b": " * (SIZE // 2),
    "stamps in one line": LINE * (SIZE // 27),
    "as many names as messages": b"".join(LINE[:22] + b"Ann %d: x\n" % number for number in range(SIZE // 50)),
    "names that begin alike": b"".join(LINE[:-2] + b": a" * (number % 30) + b": x\n" for number in range(SIZE // 50)),
    "marks": LINE + (BIDI * (SIZE // 20)).encode(),
    "marks before every line": ("\u200e" * 60 + LINE.decode() + "x\n").encode() * (SIZE // 50),
    "spaces": LINE + b" " * SIZE + b"\n" + LINE + b"\t" * SIZE,
    "brackets": b"[" * SIZE,
    "digits": b"1" * SIZE + b"\n" + b"1/" * (SIZE // 2),
    "digits of another script": "१२/१२/२३, १२:१२ - अ: य\n".encode() * (SIZE // 50),
    "dates that do not exist": b"[99/99/99, 99:99:99] Ann: x\n" * (SIZE // 28),
    "years far away": b"[1/1/9999, 1:01:01] Ann: x\n[1/1/1, 1:01:01] Ann: x\n" * (SIZE // 50),
    "attachments": (LINE.decode() + "\u200e<attached: " * (SIZE // 15)).encode(),
    "files that are none": LINE + b"a.b (" * (SIZE // 5) + b"file attached)",
    "edited again and again": LINE + "\u200e<This message was edited>".encode() * (SIZE // 27),
    "nothing": b"",
    "zeros": b"\0" * 1_000_000,
    "an archive that unpacks to a great deal": archive("_chat.txt", b"x" * 300 * SIZE),
}


@pytest.mark.parametrize("data", MADE_TO_HURT.values(), ids=MADE_TO_HURT)
def test_files_made_to_hurt(read: Callable[[bytes], Chat | None], data: bytes) -> None:
    read(data)
