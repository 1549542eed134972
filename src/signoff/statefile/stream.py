"""Reading JSON of any length piece by piece, so that no more than a piece is in memory.

What is opened (an object or a list of which the caller says so) comes as an empty one, and then its values, each under
its path; anything else comes whole. Whoever puts every value in its place has what `json.loads` gives, of a key that
stands twice the last. Python's own parser does the work, value by value, so that other threads get their turn between
them. What it would refuse is refused, and by then some pieces have been given.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

Path = tuple[str | int, ...]
Piece = tuple[Path, Any]

CHUNK = 1 << 16
"""Bytes that are read at once."""

_SPACE = re.compile(r"[ \t\n\r]*")
_BROKEN_OFF = 16
"""Characters before the end of what was read in which the parser ends, or fails, if only the rest is missing."""

_decode = json.JSONDecoder().raw_decode


class Broken(ValueError):
    """It is no JSON; the text says where, for people."""


class Encoding:
    """How the bytes of a file are to be read: as `json.loads` does, and where it would fail as UTF-8 with U+FFFD."""

    def __init__(self, file: BinaryIO, chunk: int = CHUNK) -> None:
        file.seek(0)
        self._name, self._errors = json.detect_encoding(file.read(4)), "surrogatepass"
        try:
            _read_through(file, self.decoder(), chunk)
        except UnicodeDecodeError:
            self._name, self._errors = "utf-8", "replace"

    def decoder(self) -> codecs.IncrementalDecoder:
        """A new decoder."""
        return codecs.getincrementaldecoder(self._name)(self._errors)


def pieces(
    file: BinaryIO,
    opened: Callable[[Path], bool],
    read: Callable[[bytes], object] = len,
    chunk: int = CHUNK,
) -> Iterator[Piece]:
    """The values of the JSON text in a file, each with its path; () is the path of the whole.

    Args:
        opened: whether the object or list at a path is to come value by value.
        read: is given all bytes of the file, in order.

    Raises:
        Broken: it is no JSON.
    """
    decoder = Encoding(file, chunk).decoder()
    file.seek(0)
    text = _Text(file, decoder, read, chunk)
    yield from _value(text, (), opened)
    if text.next():
        raise text.broken("Extra data")


def pieces_of(value: Any, opened: Callable[[Path], bool], path: Path = ()) -> Iterator[Piece]:
    """The same of a value that is in memory."""
    if not (isinstance(value, (dict, list)) and opened(path)):
        yield path, value
        return
    yield path, type(value)()
    for name, below in value.items() if isinstance(value, dict) else enumerate(value):
        yield from pieces_of(below, opened, (*path, name))


def _read_through(file: BinaryIO, decoder: codecs.IncrementalDecoder, chunk: int) -> None:
    file.seek(0)
    while raw := file.read(chunk):
        decoder.decode(raw)
    decoder.decode(b"", final=True)


class _Text:
    """The text of a file, of which only what is just being parsed is in memory."""

    def __init__(
        self, file: BinaryIO, decoder: codecs.IncrementalDecoder, read: Callable[[bytes], object], chunk: int
    ) -> None:
        self._file = file
        self._decoder = decoder
        self._read = read
        self._chunk = chunk
        self._text = ""
        self._at = 0
        self._lines = 1
        self._ended = False

    def next(self) -> str:
        """The next character that is no space, which is not passed; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            assert space is not None
            self._at = space.end()
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def skip(self) -> None:
        """Pass the next character that is no space."""
        self.next()
        self._at += 1

    def skip_mark(self, mark: str) -> None:
        """Pass the next character that is no space, which must be ``mark``."""
        if self.next() != mark:
            raise self.broken(f"Expecting '{mark}' delimiter")
        self._at += 1

    def value(self) -> Any:
        """Pass the next value."""
        self.next()
        while True:
            try:
                value, end = _decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if not (self._may_go_on(error) and self._more()):
                    raise self._refusal(error) from None
            else:
                if len(self._text) - end > _BROKEN_OFF or not self._more():  # a number may go on
                    self._at = end
                    return value

    def broken(self, why: str) -> Broken:
        """The error that says it is broken where the text stands."""
        return self._broken_at(self._at, why)

    def _more(self) -> bool:
        """Read on; False at the end. It reads as much again as is there, so that a long value costs no more by it."""
        if self._ended:
            return False
        self._lines += self._text.count("\n", 0, self._at)
        rest = self._text[self._at :]
        try:
            raw = self._file.read(max(self._chunk, len(rest)))
            self._read(raw)
            self._ended = not raw
            self._text, self._at = rest + self._decoder.decode(raw, final=not raw), 0
        except UnicodeDecodeError as error:
            raise Broken(f"it was changed while it was read: {error}") from None
        return True

    def _may_go_on(self, error: Exception) -> bool:
        """Whether a value that cannot be parsed may be good when the rest of it has been read."""
        if isinstance(error, json.JSONDecodeError):
            near_end = len(self._text.rstrip()) - error.pos <= _BROKEN_OFF
            return near_end or error.msg.startswith("Unterminated string")
        return isinstance(error, ValueError) and self._text[-1:].isdigit()  # too long a number, if it has no fraction

    def _refusal(self, error: Exception) -> Broken:
        if isinstance(error, json.JSONDecodeError):
            return self._broken_at(error.pos, error.msg)
        return Broken(str(error))

    def _broken_at(self, at: int, why: str) -> Broken:
        return Broken(f"line {self._lines + self._text.count(chr(10), 0, at)}: {why}")


def _value(text: _Text, path: Path, opened: Callable[[Path], bool]) -> Iterator[Piece]:
    first = text.next()
    if first == "{" and opened(path):
        yield path, {}
        yield from _members(text, path, opened)
    elif first == "[" and opened(path):
        yield path, []
        yield from _elements(text, path, opened)
    else:
        yield path, text.value()


def _members(text: _Text, path: Path, opened: Callable[[Path], bool]) -> Iterator[Piece]:
    text.skip()
    if text.next() != "}":
        while True:
            if text.next() != '"':
                raise text.broken("Expecting property name enclosed in double quotes")
            name = text.value()
            text.skip_mark(":")
            yield from _value(text, (*path, name), opened)
            if text.next() == "}":
                break
            text.skip_mark(",")
    text.skip()


def _elements(text: _Text, path: Path, opened: Callable[[Path], bool]) -> Iterator[Piece]:
    text.skip()
    number = 0
    if text.next() != "]":
        while True:
            yield from _value(text, (*path, number), opened)
            number += 1
            if text.next() == "]":
                break
            text.skip_mark(",")
    text.skip()
