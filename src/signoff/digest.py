"""SHA-256: what texts and files are compared by and known again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import IO

_PIECE = 1 << 18


def digest_of(recipient: str, text: str) -> str:
    """The 128-bit digest of exactly this text to exactly this chat, in hex. An approval is bound to it."""
    return digest_of_parts(recipient, text)[:32]


def digest_of_parts(*parts: str) -> str:
    """The digest of these texts in this order, in hex; lone surrogates count like any character."""
    return digest_of_bytes("\0".join(parts).encode("utf-8", "surrogatepass"))


def digest_of_bytes(raw: bytes) -> str:
    """The digest in hex."""
    return hashlib.sha256(raw).hexdigest()


def digest_of_file(path: str | os.PathLike[str]) -> str:
    """The digest of the file's content in hex, read piece by piece."""
    with open(path, "rb") as file:
        return digest_of_rest(file)


def digest_of_rest(file: IO[bytes]) -> str:
    """The digest in hex of all that is still to be read of an open file, read piece by piece."""
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def write_and_digest(file: IO[bytes], pieces: Iterable[str]) -> str:
    """Write ``pieces`` as UTF-8; the digest of what was written, in hex."""
    written = hashlib.sha256()
    for piece in pieces:
        raw = piece.encode()
        written.update(raw)
        file.write(raw)
    return written.hexdigest()
