"""JSON read piece by piece says what `json.loads` says, whatever it is, and refuses what that refuses."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path as PathOfFile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.statefile.stream import Broken, Path, pieces, pieces_of

KEYS = st.sampled_from(["a", "b", "messages", "ü\n", "\ud800", ""]) | st.text(max_size=3)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\\", '"', "\ud83d", "😀", "x" * 40, 10**40, -0.0, 1e300]),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=12,
)
TEXTS = st.builds(
    lambda value, ascii_, indent: json.dumps(value, ensure_ascii=ascii_, indent=indent),
    VALUES,
    st.booleans(),
    st.sampled_from([None, 0, 2, "\t"]),
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
RAW = st.builds(lambda text, encoding: text.encode(encoding, "surrogatepass"), TEXTS, ENCODINGS)
CHUNKS = st.integers(1, 70)
WRONG = [b",", b"}", b"]", b'"', b"\0", b"\xff", b"\xed\xa0\x80", b"\xe2\x82", b"-", b"1."]
MEMBERS = st.lists(st.tuples(KEYS, VALUES), max_size=5)


def whole(raw: bytes) -> Any:
    """What the parser of the standard library makes of it, with U+FFFD for what is no text; ... when it refuses it."""
    try:
        try:
            return json.loads(raw)
        except UnicodeDecodeError:
            return json.loads(raw.decode(errors="replace"))
    except (ValueError, RecursionError):
        return ...


def put_together(raw: bytes, depth: int, chunk: int) -> Any:
    """What its pieces make when each is put in its place; ... when it is refused."""
    root: dict[str | int, Any] = {}

    def place(path: Path, value: Any) -> None:
        below: Any = root
        *ways, last = ("", *path)
        for way in ways:
            below = below[way]
        if isinstance(below, list):
            assert last == len(below)
            below.append(value)
        else:
            below[last] = value

    read = bytearray()
    try:
        for path, value in pieces(io.BytesIO(raw), lambda path: len(path) < depth, read.extend, chunk):
            place(path, value)
    except Broken:
        return ...
    assert bytes(read) == raw
    return root[""]


def agree(raw: bytes, depth: int, chunk: int) -> None:
    """Their repr tells 1 from 1.0 and from true, one order of keys from another, and NaN from no NaN."""
    assert repr(put_together(raw, depth, chunk)) == repr(whole(raw))


@given(RAW, st.integers(0, 4), CHUNKS)
@settings(deadline=None)
def test_any_document_is_read_as_at_once(raw: bytes, depth: int, chunk: int) -> None:
    agree(raw, depth, chunk)


@given(VALUES, st.integers(0, 4))
@settings(deadline=None)
def test_what_is_in_memory_comes_in_the_pieces_in_which_its_text_comes(value: Any, depth: int) -> None:
    raw = json.dumps(value).encode()

    def opened(path: Path) -> bool:
        return len(path) < depth

    assert repr(list(pieces_of(json.loads(raw), opened))) == repr(list(pieces(io.BytesIO(raw), opened)))


@given(RAW, st.integers(0, 3), CHUNKS, st.data())
@settings(deadline=None)
def test_one_that_breaks_off_is_refused_wherever_it_does(
    raw: bytes, depth: int, chunk: int, data: st.DataObject
) -> None:
    agree(raw[: data.draw(st.integers(0, len(raw)))], depth, chunk)


@given(RAW, st.integers(0, 3), CHUNKS, st.data())
@settings(deadline=None, max_examples=300)
def test_hostile_bytes_are_read_or_refused_as_at_once(raw: bytes, depth: int, chunk: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(raw)))
    wrong = data.draw(st.sampled_from(WRONG))
    agree(raw[:at] + wrong + raw[at + data.draw(st.integers(0, 3)) :], depth, chunk)


@given(MEMBERS, MEMBERS, st.integers(0, 3), CHUNKS)
@settings(deadline=None)
def test_of_a_key_that_stands_twice_the_last_counts(
    outer: list[tuple[str, Any]], inner: list[tuple[str, Any]], depth: int, chunk: int
) -> None:
    def object_of(members: list[tuple[str, str]]) -> str:
        return "{" + ",".join(f"{json.dumps(key)}:{text}" for key, text in members) + "}"

    below = object_of([(key, json.dumps(value)) for key, value in inner])
    text = object_of([("a", below), *((key, json.dumps(value)) for key, value in outer), ("a", below)])
    agree(text.encode(), depth, chunk)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "[",
        '{"a"',
        '{"a":',
        '{"a":1,}',
        "[1,]",
        "[1 2]",
        '{"a" 1}',
        "{1:2}",
        "[-]",
        "[1.]",
        "[1.x" + "y" * 40 + "]",
        "[1e]",
        "[NaN, Infinity, -Infinity]",
        "[nul]",
        "[nullx]",
        "{} x",
        "\ufeff{}",
        '["a\nb"]',
        '["\\x"]',
        '["\\u12"]',
        "[" + "9" * 5000 + "]",
        "[" + "9" * 5000 + ".5]",
        "[1, -" + "9" * 5000 + ".5]",
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
    ids=lambda text: repr(text if len(text) < 50 else text[:9] + text[-9:]).replace("\\", "/"),
)
@pytest.mark.parametrize("chunk", [1, 7, 4500, 1 << 16])
@pytest.mark.parametrize("depth", [0, 2])
def test_what_is_made_to_hurt(text: str, chunk: int, depth: int) -> None:
    agree(text.encode() if text[0:1] != "\ufeff" else b"\xef\xbb\xbf{}\xff", depth, chunk)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("\nx" + "x" * 20, "line 2: Expecting value"),
        ("{\n\n x", "line 3: Expecting property name enclosed in double quotes"),
        ("{\n x\n\n\n", "line 2: Expecting property name enclosed in double quotes"),
        ('{"a"\n1}', "line 2: Expecting ':' delimiter"),
        ('{"a": 1\n"b": 2}', "line 2: Expecting ',' delimiter"),
        ("[1\n2]", "line 2: Expecting ',' delimiter"),
        ('{\n"a": [1,\n2,\nx]}', "line 4: Expecting value"),
        ("{}\n]", "line 2: Extra data"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 5, 100])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_it_says_in_which_line_it_is_broken_and_how(text: str, where: str, chunk: int, depth: int) -> None:
    with pytest.raises(Broken, match=f"^{where}$"):
        list(pieces(io.BytesIO(text.encode()), lambda path: len(path) < depth, chunk=chunk))


@pytest.mark.parametrize("depth", [0, 2])
def test_it_says_that_a_number_is_too_long(depth: int) -> None:
    with pytest.raises(Broken, match=r"limit .* digits"):
        list(pieces(io.BytesIO(b"[" + b"9" * 5000 + b"]"), lambda path: len(path) < depth))


def test_one_that_ends_within_a_character_is_told_as_broken_there() -> None:
    with pytest.raises(Broken, match=r"^line 2: Extra data$"):
        list(pieces(io.BytesIO(b"{}\n\xe2\x82"), lambda path: not path))


def test_a_file_that_becomes_no_text_while_it_is_read_is_refused() -> None:
    file = io.BytesIO(b'{"a": "' + b"x" * 100 + b'"}')

    def spoil(_: bytes) -> None:
        with file.getbuffer() as raw:
            raw[50] = 0xFF

    with pytest.raises(Broken, match=r"^it was changed while it was read: .*can't decode"):
        list(pieces(file, lambda path: not path, spoil, chunk=20))


def peak(path: PathOfFile) -> int:
    with path.open("rb") as file:
        tracemalloc.start()
        try:
            for _ in pieces(file, lambda path: len(path) < 2):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_memory_does_not_grow_with_the_file(tmp_path: PathOfFile) -> None:
    few, many = tmp_path / "few.json", tmp_path / "many.json"
    few.write_text(json.dumps({"a": [{"n": "x" * 200}] * 1_000}))
    many.write_text(json.dumps({"a": [{"n": "x" * 200}] * 20_000}))
    assert peak(many) < 1.2 * peak(few)


@pytest.mark.parametrize("broken", [b"tru", b"9" * 5000, b"[" * 100_000 + b"9"], ids=["tru", "long", "deep"])
def test_what_is_broken_is_not_read_to_its_end(broken: bytes) -> None:
    raw = b'{"a": [' + broken + b", " + b'"x", ' * 500_000
    assert peak_of_refusal(raw) < 1_000_000


def peak_of_refusal(raw: bytes) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(Broken):
            list(pieces(io.BytesIO(raw), lambda path: len(path) < 2))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
