"""Rules under which a draft is approved without a person: data that a person set, read without benefit of the doubt.

A rule is a dict:

    {"name": "opening hours",            required; stands in the history of what it approved
     "chats": ["15550100111@c.us"],      required; addresses, or ["*"] for all
     "authors": ["faq"],                 only drafts of these assistants
     "max_length": 300,                  only texts up to so many characters
     "quiet_hours": ["22:00", "07:00"]}  not between these local times
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from ..clock import SECOND
from ..store.rows import Row

_KEYS = {"name", "chats", "authors", "max_length", "quiet_hours"}


def matching_rule(rules: Any, row: Row, now: int) -> tuple[str | None, str]:
    """The name of the first rule that approves this draft, or None; and why.

    A malformed rule approves nothing; a draft that is out of date is never approved by a rule.
    """
    if row.stale is not None:
        return None, f"out of date: {row.stale}"
    if not isinstance(rules, list) or not rules:
        return None, "no rule: for a person"
    doubts = []
    for number, rule in enumerate(rules):
        problem = malformed(rule)
        if problem is not None:
            doubts.append(f"rule {number + 1} is malformed ({problem})")
        elif _applies(rule, row, now):
            return rule["name"], f"rule {rule['name']!r}"
    return None, "; ".join([*doubts, "no rule applies: for a person"])


def malformed(rule: Any) -> str | None:
    """What is wrong with a rule, or None."""
    if not isinstance(rule, Mapping):
        return "it is no dict"
    unknown = rule.keys() - _KEYS
    if unknown:
        return f"unknown key {sorted(map(str, unknown))[0]!r}"
    if not isinstance(rule.get("name"), str) or not rule["name"]:
        return "it has no name"
    if not _strings(rule.get("chats")):
        return "'chats' is no list of addresses"
    if "authors" in rule and not _strings(rule["authors"]):
        return "'authors' is no list of names"
    length = rule.get("max_length", 1)
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        return "'max_length' is no whole number from 1"
    if "quiet_hours" in rule and _hours(rule["quiet_hours"]) is None:
        return "'quiet_hours' is no pair of times such as ['22:00', '07:00']"
    return None


def _applies(rule: Mapping[str, Any], row: Row, now: int) -> bool:
    hours = _hours(rule["quiet_hours"]) if "quiet_hours" in rule else None
    return (
        (rule["chats"] == ["*"] or row.chat in rule["chats"])
        and ("authors" not in rule or row.author in rule["authors"])
        and len(row.text) <= rule.get("max_length", len(row.text))
        and not (hours and _within(hours, now))
    )


def _within(hours: tuple[time, time], now: int) -> bool:
    moment = datetime.fromtimestamp(now // SECOND).time()  # local time
    begin, end = hours
    return begin <= moment < end if begin <= end else moment >= begin or moment < end


def _hours(value: Any) -> tuple[time, time] | None:
    """Two local times. Times of another zone are refused, and two equal ones: they mean never as well as always."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    try:
        begin, end = time.fromisoformat(value[0]), time.fromisoformat(value[1])
    except (TypeError, ValueError):
        return None
    return (begin, end) if begin.tzinfo is None is end.tzinfo and begin != end else None


def _strings(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, str) for entry in value)
