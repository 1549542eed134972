"""Rules: data that a person set; whatever is malformed or in doubt approves nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.clock import SECOND
from signoff.pipeline.rules import malformed, matching_rule
from signoff.store.rows import Row

from .conftest import ANA, BEN, Line

RULE: dict[str, Any] = {"name": "opening hours", "chats": [ANA]}


@pytest.fixture
def row(line: Line) -> Row:
    return line.draft("Until six.")


def at(clock_time: str) -> int:
    """A moment at this local time."""
    return int(datetime.fromisoformat(f"2026-11-20T{clock_time}").timestamp()) * SECOND


NOON = at("12:00")


class TestMatching:
    def test_a_rule_approves_what_it_names(self, row: Row) -> None:
        assert matching_rule([RULE], row, NOON) == ("opening hours", "rule 'opening hours'")

    def test_a_chat_that_is_not_on_the_list_is_for_a_person(self, row: Row) -> None:
        assert matching_rule([{**RULE, "chats": [BEN]}], row, NOON) == (None, "no rule applies: for a person")

    def test_a_star_is_all_chats(self, row: Row) -> None:
        assert matching_rule([{**RULE, "chats": ["*"]}], row, NOON)[0] == "opening hours"

    def test_a_star_among_others_is_no_address(self, row: Row) -> None:
        assert matching_rule([{**RULE, "chats": ["*", BEN]}], row, NOON)[0] is None

    @pytest.mark.parametrize(("authors", "applies"), [(["faq"], True), (["llm"], False)])
    def test_only_drafts_of_these_assistants(self, row: Row, authors: list[str], applies: bool) -> None:
        assert (matching_rule([{**RULE, "authors": authors}], row, NOON)[0] is not None) == applies

    @pytest.mark.parametrize(("length", "applies"), [(10, True), (9, False)])
    def test_only_texts_up_to_a_length(self, row: Row, length: int, applies: bool) -> None:
        assert (matching_rule([{**RULE, "max_length": length}], row, NOON)[0] is not None) == applies

    def test_the_first_that_applies_is_the_one(self, row: Row) -> None:
        rules = [{**RULE, "chats": [BEN]}, {**RULE, "name": "second"}, {**RULE, "name": "third"}]
        assert matching_rule(rules, row, NOON)[0] == "second"

    def test_without_rules_all_is_for_a_person(self, row: Row) -> None:
        assert matching_rule([], row, NOON) == (None, "no rule: for a person")

    def test_what_is_out_of_date_is_for_a_person(self, row: Row) -> None:
        stale = row._replace(stale="newer message m2")
        assert matching_rule([RULE], stale, NOON) == (None, "out of date: newer message m2")


class TestQuietHours:
    @pytest.mark.parametrize(
        ("hours", "now", "applies"),
        [
            (["22:00", "07:00"], "21:59", True),
            (["22:00", "07:00"], "22:00", False),
            (["22:00", "07:00"], "23:59", False),
            (["22:00", "07:00"], "00:00", False),
            (["22:00", "07:00"], "06:59", False),
            (["22:00", "07:00"], "07:00", True),
            (["12:30", "14:00"], "12:29", True),
            (["12:30", "14:00"], "12:30", False),
            (["12:30", "14:00"], "13:59", False),
            (["12:30", "14:00"], "14:00", True),
        ],
    )
    def test_a_rule_rests_between_these_times_also_over_midnight(
        self, row: Row, hours: list[str], now: str, applies: bool
    ) -> None:
        assert (matching_rule([{**RULE, "quiet_hours": hours}], row, at(now))[0] is not None) == applies


MALFORMED: list[tuple[Any, str]] = [
    (None, "no dict"),
    ("everything", "no dict"),
    ([RULE], "no dict"),
    ({}, "no name"),
    ({"chats": [ANA]}, "no name"),
    ({**RULE, "name": ""}, "no name"),
    ({**RULE, "name": 7}, "no name"),
    ({"name": "x"}, "'chats'"),
    ({**RULE, "chats": ANA}, "'chats'"),
    ({**RULE, "chats": []}, "'chats'"),
    ({**RULE, "chats": [ANA, 7]}, "'chats'"),
    ({**RULE, "chat": [ANA]}, "unknown key 'chat'"),
    ({**RULE, 7: 7}, "unknown key '7'"),
    ({**RULE, "authors": "faq"}, "'authors'"),
    ({**RULE, "authors": []}, "'authors'"),
    ({**RULE, "max_length": 0}, "'max_length'"),
    ({**RULE, "max_length": True}, "'max_length'"),
    ({**RULE, "max_length": "300"}, "'max_length'"),
    ({**RULE, "max_length": 1.5}, "'max_length'"),
    ({**RULE, "quiet_hours": "22-7"}, "'quiet_hours'"),
    ({**RULE, "quiet_hours": None}, "'quiet_hours'"),
    ({**RULE, "quiet_hours": ["22:00"]}, "'quiet_hours'"),
    ({**RULE, "quiet_hours": ["22:00", "25:00"]}, "'quiet_hours'"),
    ({**RULE, "quiet_hours": [22, 7]}, "'quiet_hours'"),
    ({**RULE, "quiet_hours": ["22:00Z", "07:00Z"]}, "'quiet_hours'"),
    ({**RULE, "quiet_hours": ["22:00", "07:00+02:00"]}, "'quiet_hours'"),
    ({**RULE, "quiet_hours": ["00:00", "00:00"]}, "'quiet_hours'"),
]


class TestMalformedRules:
    @pytest.mark.parametrize(("rule", "problem"), MALFORMED, ids=[str(rule) for rule, _ in MALFORMED])
    def test_one_approves_nothing_and_says_what_is_wrong(self, row: Row, rule: Any, problem: str) -> None:
        found, why = matching_rule([rule], row, NOON)
        assert found is None
        assert "rule 1 is malformed" in why
        assert problem in why

    def test_a_good_one_beside_it_still_counts(self, row: Row) -> None:
        assert matching_rule([{"name": "x"}, RULE], row, NOON)[0] == "opening hours"

    @pytest.mark.parametrize("rules", [None, {}, {"name": "x"}, "rules", 7, True])
    def test_rules_that_are_no_list_are_none(self, row: Row, rules: Any) -> None:
        assert matching_rule(rules, row, NOON) == (None, "no rule: for a person")

    anything = st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.just("22:00Z"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    )

    @settings(deadline=None)
    @given(st.dictionaries(st.sampled_from(["name", "chats", "authors", "max_length", "quiet_hours"]), anything))
    def test_whatever_stands_in_a_rule_is_understood_or_malformed(self, rule: dict[str, Any]) -> None:
        row = Row(*[None] * len(Row._fields))._replace(chat=ANA, author="faq", payload='{"body": "Until six."}')  # type: ignore[arg-type]
        found, _ = matching_rule([rule], row, NOON)
        assert found is None or malformed(rule) is None
