"""``signoff history`` of a contact and of all, page by page."""

from __future__ import annotations

import json
from typing import Any

from ..store.scenes import ANA, ANA_LID, BEN, Scene
from .conftest import Signoff


def pages(signoff: Signoff, *arguments: str) -> list[Any]:
    """All entries, read page by page backwards as the number below each page says."""
    found: list[Any] = []
    more: tuple[str, ...] = ()
    while page := json.loads(signoff("history", "--json", "--limit", "4", *arguments, *more).stdout):
        found = page + found
        more = ("--before", str(page[0]["number"]))
    return found


def test_of_all_names_each_message_and_pages_join(desk: Scene, signoff: Signoff) -> None:
    for number in range(4):
        desk.reject(desk.draft(f"m{number}").id)
    whole = json.loads(signoff("history", "--json", "--limit", "1000").stdout)
    assert pages(signoff) == whole
    assert [entry["kind"] for entry in whole if entry["message"] == "reply_m2"] == desk.kinds("reply_m2")


def test_of_a_message_has_pages_too(desk: Scene, signoff: Signoff) -> None:
    desk.reject(desk.edit(desk.draft().id, "Until seven.").id)
    assert [entry["kind"] for entry in pages(signoff, "reply_m1")] == desk.kinds("reply_m1")


def test_of_a_contact_tells_what_was_said_and_what_became_of_it(desk: Scene, signoff: Signoff) -> None:
    desk.receive("m1", ANA, aliases=(ANA_LID,))
    desk.reject(desk.answer("Until [six].").id)
    desk.receive("m2", BEN)
    lines = signoff("history", "--contact", ANA_LID).stdout.splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [
        "← incoming  m1  Are you open?",
        "→ rejected  reply_m1  Until [six].",
    ]


def test_of_a_contact_pages_join(desk: Scene, signoff: Signoff) -> None:
    for number in range(9):
        desk.receive(f"m{number}", ANA)
    assert [entry["id"] for entry in pages(signoff, "--contact", ANA)] == [f"m{number}" for number in range(9)]


def test_says_below_how_to_see_what_is_earlier(desk: Scene, signoff: Signoff) -> None:
    desk.draft()
    result = signoff("history", "--limit", "2")
    first = json.loads(signoff("history", "--limit", "2", "--json").stdout)[0]
    assert result.stderr == f"Earlier: --before {first['number']}\n"
    assert signoff("history", "--limit", "1000").stderr == ""


def test_of_nobody_and_of_two_things_at_once_says_what_to_do(desk: Scene, signoff: Signoff) -> None:
    nobody = signoff("history", "--contact", "15550100199@c.us")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "give an address such as" in nobody.stderr
    assert signoff("history", "m1", "--contact", ANA).returncode == 2
    assert signoff("history", "--limit", "0").returncode == 2


def test_of_nothing_says_so(desk: Scene, signoff: Signoff) -> None:
    assert signoff("history", "--before", "1").stdout == "Nothing happened.\n"
