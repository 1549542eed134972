"""Of a file that breaks off, everything before the break is read, and nothing is made up."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signoff.adopt.salvage import read
from signoff.adopt.states import mended

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
documents = st.dictionaries(st.text(), values, min_size=1, max_size=5)


def is_beginning(part: Any, whole: Any) -> bool:
    """Whether a document is another one that breaks off somewhere."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and is_beginning(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) <= len(whole) and all(map(is_beginning, part, whole))
    return bool(part == whole) and type(part) is type(whole)


@given(documents, st.floats(0, 1), st.booleans(), st.booleans())
def test_what_is_read_is_a_beginning_of_what_was_written(
    document: dict[str, Any], where: float, ascii_only: bool, indented: bool
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=2 if indented else None).encode(errors="surrogatepass")
    whole = json.loads(text.decode(errors="replace"))
    found, broken = read(text[: int(len(text) * where)])
    if broken is not None and found is not None:
        assert is_beginning(found, whole)


@given(documents)
def test_a_whole_file_is_left_as_it_is(document: dict[str, Any]) -> None:
    text = json.dumps(document).encode()
    assert read(text) == (json.loads(text), None)
    assert mended(text) == text


@given(documents, st.binary(min_size=1).filter(lambda end: end.strip(b" \t\r\n") != b""))
def test_what_stands_behind_the_end_is_left_out(document: dict[str, Any], end: bytes) -> None:
    text = json.dumps(document).encode()
    assert read(text + end)[0] == json.loads(text)


@given(st.binary())
def test_no_bytes_are_too_odd_to_be_looked_at(text: bytes) -> None:
    found, broken = read(text)
    assert found is None or isinstance(found, dict)
    assert (found is not None) or (broken is not None)


@given(documents, st.floats(0, 1))
def test_what_was_mended_is_whole(document: dict[str, Any], where: float) -> None:
    text = json.dumps(document).encode()
    better = mended(text[: int(len(text) * where)])
    if better is not None:
        assert read(better)[1] is None


def test_every_message_before_the_break_is_read() -> None:
    messages = [{"id": str(number), "body": 'ہیلو, [🎉] {"x": 1}\\'} for number in range(50)]
    text = json.dumps({"messages": {"sent": messages}}, ensure_ascii=False)
    for cut in range(text.index('{"id": "9"'), len(text), 7):
        found, _ = read(text[:cut].encode())
        assert found is not None
        complete = text[:cut].count('\\"}') or text[:cut].count('\\\\"}')
        assert len([each for each in found["messages"]["sent"] if "body" in each]) >= complete - 1


def test_a_document_that_is_nested_without_end_is_given_up() -> None:
    assert read(b'{"a":' * 100_000)[0] is None
