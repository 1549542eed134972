"""Exported chats as files: a text file, or the zip archive that phones put it in."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from ...errors import GatewayError
from .chat import Chat, parse

MAX_BYTES = 256 << 20
"""The most text that is read from one export; a chat of a million messages is about 100 MB."""

_IPHONE_NAME = "_chat.txt"
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, NotImplementedError, RuntimeError)


def read_export(path: str | Path) -> Chat:
    """Read a chat that was exported from a phone: ``_chat.txt``, ``WhatsApp Chat with ….txt``, or the ``.zip``.

    In an archive with several text files the chat is ``_chat.txt``, else the one with the most messages.

    Raises:
        GatewayError: the file is missing, too large, damaged, or holds no chat.
    """
    path = Path(path)
    try:
        chats = [parse(text) for text in _texts(path)]
    except OSError as error:
        raise GatewayError(f"{path}: cannot be read: {error.strerror or error}") from error
    chat = max(chats, key=lambda chat: len(chat.messages) + len(chat.system), default=None)
    if chat is None or not (chat.messages or chat.system):
        raise GatewayError(
            f"{path}: no exported chat: no line begins like '[31/12/23, 23:59:59] Name: ' or '31/12/23, 23:59 - Name: '"
        )
    return chat


def _texts(path: Path) -> Iterator[str]:
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield _decode(file.read(MAX_BYTES + 1), str(path))
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _members(archive, path)
    except _DAMAGED as error:
        raise GatewayError(f"{path}: a damaged or encrypted archive: {error}") from error


def _members(archive: zipfile.ZipFile, path: Path) -> Iterator[str]:
    texts = [name for name in archive.namelist() if name.endswith(".txt") and not name.startswith("__MACOSX/")]
    left = MAX_BYTES
    for name in [name for name in texts if name.rpartition("/")[2] == _IPHONE_NAME] or texts:
        with archive.open(name) as file:
            data = file.read(left + 1)
        yield _decode(data, f"{path}: {name}", left)
        left -= len(data)


def _decode(data: bytes, name: str, limit: int = MAX_BYTES) -> str:
    if len(data) > limit:
        raise GatewayError(f"{name}: more than {MAX_BYTES >> 20} MiB of text; split the chat")
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise GatewayError(f"{name}: no UTF-8 text (at byte {error.start})") from error
