"""What a message is: checks, limits, the digest that an approval binds, and what makes any text storable."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.errors import InvalidMessage, InvalidType
from signoff.model import (
    MAX_ID_BYTES,
    MAX_MESSAGE_BYTES,
    MAX_NESTING,
    as_guide_dict,
    check_id,
    check_limit,
    check_path,
    check_status,
    check_text,
    content_of,
    digest_of,
    tidy_text,
    to_json,
)
from state_manager import MessageStatus

ANA = "15550100@c.us"


class TestContent:
    def test_an_outgoing_message_has_a_chat_and_a_digest(self) -> None:
        content = content_of({"id": "m1", "recipient": ANA, "body": "hello", "from": "x"})
        assert (content.id, content.chat, content.digest) == ("m1", ANA, digest_of(ANA, "hello"))

    def test_an_incoming_one_has_a_chat_and_none(self) -> None:
        content = content_of({"id": "m1", "from": ANA, "body": "hello"})
        assert (content.chat, content.digest) == (ANA, None)

    @pytest.mark.parametrize(
        "data",
        [
            {"recipient": ANA},
            {"recipient": ANA, "body": ""},
            {"recipient": ANA, "body": 5},
            {"recipient": "", "body": "x"},
            {"recipient": 15550100, "body": "x"},
            {},
        ],
    )
    def test_what_lacks_recipient_or_text_cannot_be_sent(self, data: dict[str, Any]) -> None:
        assert content_of({"id": "m1", **data}).digest is None

    def test_an_id_is_given_where_there_is_none(self) -> None:
        one: dict[str, Any] = {"id": None}
        other: dict[str, Any] = {}
        assert content_of(one).id == one["id"] != content_of(other).id == other["id"]

    def test_the_payload_is_the_dict(self) -> None:
        data: dict[str, Any] = {"id": "m1", "body": "🌊 کیا", "deep": [1, 2.5, None, True, {"a": []}]}
        assert json.loads(content_of(data).payload) == data


@given(st.text(), st.text(), st.text(), st.text())
def test_a_digest_binds_recipient_and_text(recipient: str, text: str, other_recipient: str, other_text: str) -> None:
    same = (recipient, text) == (other_recipient, other_text)
    encodable = all("\0" not in part for part in (recipient, text, other_recipient, other_text))
    if encodable:
        assert (digest_of(recipient, text) == digest_of(other_recipient, other_text)) is same
    assert len(digest_of(recipient, text)) == 32


class TestIds:
    @pytest.mark.parametrize(
        "value", ["m1", "true_15550100@c.us_3EB0", "م" * (MAX_ID_BYTES // 2), "x" * MAX_ID_BYTES, " "]
    )
    def test_what_may_be_one(self, value: str) -> None:
        assert check_id(value) is value

    @pytest.mark.parametrize("value", [None, 5, b"m1", ["m1"], True])
    def test_what_is_no_text(self, value: object) -> None:
        with pytest.raises(InvalidType, match="a message's id is a string"):
            check_id(value)

    @pytest.mark.parametrize("value", ["", "x" * (MAX_ID_BYTES + 1), "م" * (MAX_ID_BYTES // 2 + 1), "a\0", "\udfff"])
    def test_what_cannot_be_stored(self, value: str) -> None:
        with pytest.raises(InvalidMessage):
            check_id(value)


class TestNesting:
    @staticmethod
    def nested(levels: int) -> Any:
        value: Any = []
        for level in range(levels - 1):
            value = [value] if level % 2 else {"a": value}
        return value

    def test_sixty_four_levels_are_the_limit(self) -> None:
        assert to_json(self.nested(MAX_NESTING), "it")
        with pytest.raises(InvalidMessage, match="deeper than 64"):
            to_json(self.nested(MAX_NESTING + 1), "it")

    def test_a_circle_is_refused_at_once_however_it_branches(self) -> None:
        circle: list[Any] = []
        circle += [circle, circle, {"a": circle}]
        began = time.perf_counter()
        with pytest.raises(InvalidMessage):
            to_json(circle, "it")
        assert time.perf_counter() - began < 5

    def test_what_would_grow_without_end_as_text_is_refused(self) -> None:
        value: list[Any] = ["x"]
        for _ in range(40):
            value = [value, value]
        with pytest.raises(InvalidMessage, match="over the limit"):
            to_json(value, "it")

    def test_what_is_shared_may_be_shared(self) -> None:
        shared = ["x"]
        assert to_json([shared, shared], "it") == '[["x"],["x"]]'


class TestTexts:
    def test_the_limit_is_in_bytes(self) -> None:
        assert check_text("x" * MAX_MESSAGE_BYTES, "it")
        with pytest.raises(InvalidMessage, match="over the limit"):
            check_text("م" * (MAX_MESSAGE_BYTES // 2 + 1), "it")

    def test_the_place_of_a_lone_surrogate_is_named(self) -> None:
        with pytest.raises(InvalidMessage, match=r"U\+D83D at 3"):
            check_text("abc\ud83d", "it")

    @given(st.text(st.characters(), max_size=50), st.integers(0, 60))
    def test_any_text_can_be_made_storable(self, text: str, limit: int) -> None:
        tidy, note = tidy_text(text, limit)
        assert len(tidy.encode()) <= limit
        assert check_text(tidy, "it") == tidy
        assert (note is None) is (tidy == text)
        assert tidy_text(tidy, limit) == (tidy, None)

    def test_what_was_done_to_a_text_is_said(self) -> None:
        assert tidy_text("a\0b\ud83d", 100) == ("a\ufffdb\ufffd", "characters replaced")
        assert tidy_text("😀😀", 6) == ("😀", "cut from 8 to 6 bytes")

    def test_a_pair_of_surrogates_is_the_character_that_it_means(self) -> None:
        assert tidy_text("\ud83d\ude00", 10)[0] == "😀"


class TestSmallThings:
    def test_a_status_is_a_member_and_not_its_name(self) -> None:
        assert check_status(MessageStatus.SENT) is MessageStatus.SENT
        with pytest.raises(InvalidType, match="INCOMING, PENDING_APPROVAL"):
            check_status("sent")

    @pytest.mark.parametrize(("value", "limit"), [(0, 0), (5, 5), (10**40, 2**63 - 1)])
    def test_a_limit_fits_into_the_database(self, value: int, limit: int) -> None:
        assert check_limit(value) <= limit

    def test_a_path_is_a_text_or_a_path(self) -> None:
        assert check_path("a/b", "it") == check_path(Path("a/b"), "it") == Path("a/b")
        with pytest.raises(InvalidType, match="it is a path"):
            check_path(b"a", "it")

    def test_a_message_has_a_status_once_it_was_moved(self) -> None:
        assert as_guide_dict({"id": "m1"}, "sent", None) == {"id": "m1"}
        moved = as_guide_dict({"id": "m1"}, "sent", 0)
        assert moved["status"] == "sent"
        assert moved["status_updated_at"].startswith("19")
