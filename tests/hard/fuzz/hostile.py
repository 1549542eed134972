"""Hostile texts, values, documents and bytes: anything at all, and good ones that were tampered with."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

BIDI = "\u202e\u2066abc\u2069\u200f\u200e"
EVIL_TEXTS = [
    "", "\0", "a\0b", "\ud800", "x\udfffy", BIDI, "\u2028\u2029\x85", "\x1b[31m\x07", "A" * 5_000, "字" * 400,
    "../../x", "%s%n{0}", "'; DROP TABLE messages; --", "NaN", "null", "1e999", "१२३", "İ", "\ufeff", "[bold]", "[/]",
    "2038-01-19T03:14:08", "9999-12-31T23:59:59.999999", "0001-01-01T00:00:00", "status@broadcast", "1555010@lid",
]  # fmt: skip
EVIL_NUMBERS = [
    0, -0.0, -1, 1, 1.5, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400, 1e308, 5e-324,
    float("nan"), float("inf"), float("-inf"), True, False,
]  # fmt: skip
PIECES = [
    b"NaN", b"-Infinity", b"1e999", b"9" * 5_000, b"null", b"[" * 2_000, b'{"a":' * 2_000, b'"\\ud800"', b"\\u0000",
    b"\0", b": ", b"\xff\xfe", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xef\xbb\xbf", b'"', b"\\", b"}", b"]", b",",
    b"\r\n",
]  # fmt: skip

texts = st.sampled_from(EVIL_TEXTS) | st.text(st.characters(), max_size=30)
numbers = st.sampled_from(EVIL_NUMBERS) | st.integers() | st.floats()
leaves = st.none() | texts | numbers
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)


def deep(levels: int) -> Any:
    """Lists in lists."""
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


anything = values | st.sampled_from([b"bytes", {1, 2}, object(), range(3), {1: 2}, deep(10_000), 1j])
"""Also what JSON knows nothing of."""


@st.composite
def tampered(draw: st.DrawFn, originals: Sequence[Any], names: Sequence[str] = ()) -> Any:
    """A good JSON document with some of its values replaced, removed, doubled, or new ones beside them."""
    document = copy.deepcopy(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 5))):
        places = list(_places(document))
        inside, key = draw(st.sampled_from(places)) if places else ([document], 0)
        match draw(st.sampled_from(["value", "value", "gone", "doubled", "beside"])):
            case "value":
                inside[key] = draw(values)
            case "gone":
                del inside[key]
            case "doubled" if isinstance(inside, list):
                inside.append(copy.deepcopy(inside[key]))
            case _ if isinstance(inside, dict):
                inside[draw(st.sampled_from(names) if names else texts)] = draw(values)
    return document


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    keys: Any = document.keys() if isinstance(document, dict) else range(len(document))
    if isinstance(document, (dict, list)):
        for key in keys:
            yield document, key
            if isinstance(document[key], (dict, list)):
                yield from _places(document[key])


@st.composite
def battered(draw: st.DrawFn, originals: Sequence[bytes]) -> bytes:
    """A good file with bytes changed, cut out, doubled, put elsewhere, or hostile ones put in."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([1, 2, 5, 20, 100, 1_000])))
        match draw(st.sampled_from(["flip", "put", "out", "double", "move", "end"])):
            case "flip" if start < len(data):
                data[start] ^= 1 << draw(st.integers(0, 7))
            case "put":
                data[start:start] = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
            case "out":
                del data[start:end]
            case "double":
                data[start:start] = data[start:end]
            case "move":
                piece = bytes(data[start:end])
                del data[start:end]
                place = draw(st.integers(0, len(data)))
                data[place:place] = piece
            case _:
                del data[start:]
    return bytes(data)


def as_bytes(document: Any) -> bytes:
    """A document as a careless program would write it: with NaN, and with surrogates."""
    return json.dumps(document, ensure_ascii=False, default=repr).encode(errors="surrogatepass")


def files(originals: Sequence[Any], names: Sequence[str] = ()) -> st.SearchStrategy[bytes]:
    """JSON files: tampered with, battered, or anything at all."""
    good = [json.dumps(original, indent=2, ensure_ascii=False).encode() for original in originals]
    return tampered(originals, names).map(as_bytes) | battered(good) | values.map(as_bytes)
