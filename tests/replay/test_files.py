"""Exports as files: text, zip, and everything that is neither."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signoff.errors import GatewayError, SignoffError
from signoff.pipeline.replay import files, read_export

CHAT = "[31/12/23, 10:00:00] Ann: hello\n"


def archive(members: Mapping[str, bytes | str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return data.getvalue()


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "export"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        CHAT.encode(),
        ("\ufeff" + CHAT).encode(),
        CHAT.encode("utf-16"),
        archive({"_chat.txt": CHAT}),
        archive({"WhatsApp Chat with Ann.txt": CHAT, "IMG-1.jpg": b"\xff\xd8"}),
        archive({"Chat/_chat.txt": CHAT, "__MACOSX/._chat.txt": b"\xff\xff"}),
        archive({"notes.txt": "nothing\n" * 9, "Chat de WhatsApp con Ann.txt": CHAT}),
        archive({"_chat.txt": CHAT, "a document.txt": CHAT * 9}),
    ],
    ids=["txt", "byte order mark", "utf-16", "iphone zip", "android zip", "folder", "several texts", "iphone's first"],
)
def test_a_text_file_and_a_zip_are_read_alike(tmp_path: Path, data: bytes) -> None:
    (only,) = read_export(write(tmp_path, data)).messages
    assert (only.sender, only.text) == ("Ann", "hello")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no exported chat: no line begins like"),
        (b"Dear diary,\nnothing.", "no exported chat: no line begins like"),
        (b"[31/12/23, 10:00:00] Ann: \xff", r"no UTF-8 text \(at byte 26\)"),
        (archive({"IMG-1.jpg": b""}), "no exported chat"),
        (archive({"_chat.txt": b"\xff"}), r"_chat\.txt: no UTF-8 text"),
        (archive({"_chat.txt": CHAT})[:-30] + b"\0" * 30, "no exported chat|no UTF-8 text|damaged"),
    ],
    ids=["empty", "another text", "another encoding", "a zip without text", "a zip of another encoding", "a torn zip"],
)
def test_what_is_no_export_says_so_and_names_the_file(tmp_path: Path, data: bytes, message: str) -> None:
    path = write(tmp_path, data)
    with pytest.raises(GatewayError, match=message) as error:
        read_export(path)
    assert str(path) in str(error.value)


def test_a_missing_file_and_a_folder_are_clear_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.txt", tmp_path):
        with pytest.raises(GatewayError, match="cannot be read"):
            read_export(path)


def test_an_encrypted_zip_is_a_clear_error(tmp_path: Path) -> None:
    data = bytearray(archive({"_chat.txt": CHAT}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(GatewayError, match=r"a damaged or encrypted archive: .*encrypted"):
        read_export(write(tmp_path, bytes(data)))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    for members in ({"_chat.txt": CHAT * 40_000}, {f"{n}.txt": CHAT * 10_000 for n in range(9)}):
        with pytest.raises(GatewayError, match="more than 1 MiB of text"):
            read_export(write(tmp_path, archive(members)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 150), st.integers(0, 255)), max_size=6)))
def test_no_bytes_raise_anything_but_our_own_errors(tmp_path: Path, data: bytes | list[tuple[int, int]]) -> None:
    if isinstance(data, list):
        broken = bytearray(archive({"_chat.txt": CHAT * 3}))
        for place, value in data:
            broken[place % len(broken)] = value
        data = bytes(broken)
    with contextlib.suppress(SignoffError):
        read_export(write(tmp_path, data))
