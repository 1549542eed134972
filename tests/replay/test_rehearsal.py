"""A rehearsal: what the assistant is shown, what is stored, and what the report makes of it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import MessageStatus, StateManager
from signoff.assistant import Draft, Message
from signoff.clock import MINUTE
from signoff.errors import NotFound
from signoff.pipeline.replay import Rehearsal, Report, Script, conversations, parse, report_of, similarity
from signoff.pipeline.replay.report import spread
from signoff.pipeline.replay.rhythm import Rhythm
from signoff.store.intake import Arrival
from signoff.store.together import Together, together

CHAT = """\
31/12/23, 10:00 - Ann: When do you open?
31/12/23, 10:01 - Ann: Tomorrow I mean
31/12/23, 10:05 - Café: At nine
31/12/23, 10:06 - Café: as ever
31/12/23, 11:00 - Ann: IMG-20231231-WA0002.jpg (file attached)
31/12/23, 11:01 - Ann: break it
31/12/23, 12:00 - Ann: silence
"""
ME = "Café"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateManager]:
    with StateManager(tmp_path / "state.json", by="replay") as manager:
        yield manager
        assert manager.check() == []


class Witness:
    """An assistant that keeps what it is shown."""

    def __init__(self) -> None:
        self.shown: list[list[str]] = []

    def __call__(self, message: Message, conversation: Sequence[Message]) -> Draft | None:
        self.shown.append([str(entry["body"]) for entry in conversation])
        if message["body"] == "break it":
            raise RuntimeError("broken")
        return None if message["body"] == "silence" else Draft("At nine, as ever!", "witness", "a note")


def script(text: str = CHAT) -> Script:
    return Script(conversations([parse(text)], ME))


def played(state: StateManager, text: str = CHAT) -> tuple[Rehearsal, Report, Witness]:
    past, witness = script(text), Witness()
    rehearsal = Rehearsal(state, past, witness, "witness")
    rehearsal.play_all(lambda count: None)
    return rehearsal, report_of(rehearsal, past), witness


def test_the_assistant_is_shown_the_conversation_as_it_went(state: StateManager) -> None:
    _, _, witness = played(state)
    assert witness.shown == [
        ["When do you open?"],
        ["When do you open?", "Tomorrow I mean"],
        ["When do you open?", "Tomorrow I mean", "At nine", "as ever", "", "break it"],
        ["When do you open?", "Tomorrow I mean", "At nine", "as ever", "", "break it", "silence"],
    ]


def test_everything_is_stored_and_every_draft_counts_as_signed_off(state: StateManager) -> None:
    rehearsal, _, _ = played(state)
    assert rehearsal.left == 0
    lists = {status: [message["body"] for message in state.get_messages(status)] for status in MessageStatus}
    assert lists[MessageStatus.INCOMING] == ["When do you open?", "Tomorrow I mean", "", "break it", "silence"]
    assert lists[MessageStatus.APPROVED] == ["At nine, as ever!"] * 2
    assert not lists[MessageStatus.PENDING_APPROVAL]
    assert not lists[MessageStatus.SENT]
    assert state.store.to_be_drafted(state.account) == []


def test_what_was_replayed_before_is_not_drafted_for_again(state: StateManager) -> None:
    played(state)
    rehearsal, _, witness = played(state, CHAT + "31/12/23, 13:00 - Ann: one more\n")
    assert [shown[-1] for shown in witness.shown] == ["one more"]
    assert len(rehearsal.drafts) == 1
    assert state.get_statistics()["total_incoming"] == 6


def test_stopped_at_any_time_what_was_played_is_whole(state: StateManager) -> None:
    text = "".join(f"31/12/23, 10:{n // 60:02}:{n % 60:02} - Ann: hello {n}\n" for n in range(500))
    text += "31/12/23, 12:00:00 - Café: hi\n"
    past = script(text)
    rehearsal = Rehearsal(state, past, Witness(), "witness")

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rehearsal.play_all(stop)
    assert 0 < len(rehearsal.played) < 500
    assert report_of(rehearsal, past).total.drafted == len(rehearsal.played)
    assert state.get_statistics()["total_incoming"] == len(rehearsal.played)
    rehearsal.play_all(lambda count: None)
    assert state.get_statistics()["total_incoming"] == 500


def test_asked_about_many_at_once_everything_is_as_one_after_the_other(tmp_path: Path) -> None:
    text = "".join(
        f"31/12/23, 10:{n // 60:02}:{n % 60:02} - Ann: {'break it' if n % 7 == 3 else f'hello {n}'}\n"
        for n in range(60)
    )
    text += "31/12/23, 12:00:00 - Café: hi\n"
    found = []
    for at_once in (1, 8):
        with StateManager(tmp_path / f"state{at_once}.db", by="replay") as state:
            past = script(text)
            rehearsal = Rehearsal(state, past, echo, "witness")
            rehearsal.play_all(lambda count: None, at_once)
            assert state.check() == []
            drafts = [message["body"] for message in state.get_messages(MessageStatus.APPROVED)]
            found.append(
                (list(rehearsal.drafts), list(rehearsal.failures), drafts, report_of(rehearsal, past).as_dict())
            )
    assert found[0] == found[1]
    assert found[0][2][:3] == ["hello 0", "hello 1", "hello 2"]


def echo(message: Message, conversation: Sequence[Message]) -> str:
    """Says what it was told."""
    if message["body"] == "break it":
        raise RuntimeError("broken")
    assert conversation[-1] == message
    return str(message["body"])


def test_so_many_are_asked_about_at_once_also_of_one_chat(state: StateManager) -> None:
    together_now = threading.Barrier(3)

    def assistant(message: Message, conversation: Sequence[Message]) -> str:
        together_now.wait(10)
        return "yes"

    past = script("".join(f"31/12/23, 10:0{n} - Ann: hello {n}\n" for n in range(6)) + "31/12/23, 11:00 - Café: hi\n")
    rehearsal = Rehearsal(state, past, assistant, "witness")
    rehearsal.play_all(lambda count: None, 3)
    assert len(rehearsal.drafts) == 6


def test_what_a_slow_assistant_has_drafted_is_stored_soon(state: StateManager) -> None:
    now = 0.0
    told: list[int] = []

    def assistant(message: Message, conversation: Sequence[Message]) -> str:
        nonlocal now
        now += 0.6
        return "yes"

    past = script("".join(f"31/12/23, 10:0{n} - Ann: hello {n}\n" for n in range(5)) + "31/12/23, 11:00 - Café: hi\n")
    Rehearsal(state, past, assistant, "witness", lambda: now).play_all(told.append)
    assert told == [2, 2, 1]


def test_the_report_counts_drafts_waits_and_reasons(state: StateManager) -> None:
    rehearsal, report, _ = played(state)
    assert report.total.outcomes == {"drafted": 2, "nothing to say": 1, "assistant failed": 1, "no words": 1}
    assert (report.total.incoming, report.total.waiting, report.total.unanswered, report.ours) == (5, 3, 3, 2)
    assert report.total.waits == [300, 240]
    assert [tally.incoming for tally in report.hours][10:13] == [2, 2, 1]
    assert {name: tally.drafted for name, tally in report.contacts.items()} == {"Ann": 2}
    first = report.drafts[0]
    assert (first.draft, first.answer, first.author, first.note) == (
        "At nine, as ever!",
        "At nine\nas ever",
        "witness",
        "a note",
    )
    assert first.score == 1.0
    assert [exchange.outcome for exchange in report.open] == ["no words", "assistant failed", "nothing to say"]
    (why,) = rehearsal.failures.values()
    assert why.startswith("RuntimeError in __call__")
    assert report.as_dict()["seconds_until_answered_then"] == {"median": 270.0, "ninth": 300, "most": 300}


def test_of_nothing_there_is_a_report_too() -> None:
    report = Report([], 0)
    assert report.total.as_dict()["similarity"] is None
    assert spread([]) is None


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("Yes!", "yes", 1.0),
        ("at nine", "at ten", 0.5),
        ("at nine", "nothing alike", 0.0),
        ("はい、開いています", "はい開いています。", 1.0),
        ("नमस्ते दोस्त", "नमस्ते", 2 / 3),
        ("", "", 0.0),
        ("?", "!", 0.0),
        ("word " * 5000, "word " * 300, 1.0),
    ],
)
def test_similarity_is_the_share_of_words_in_common(one: str, other: str, score: float) -> None:
    assert math.isclose(similarity(one, other), score)


@given(st.text(max_size=60), st.text(max_size=60))
def test_similarity_lies_between_nought_and_one(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, one) in (0, 1)


def test_the_rhythm_is_that_of_then_made_faster() -> None:
    now = 1_000 * MINUTE
    rhythm = Rhythm([5 * MINUTE, 6 * MINUTE, 65 * MINUTE], 60, lambda: now)
    due: list[list[bool]] = []
    for passed in (0, MINUTE // 60 - 1, MINUTE // 60, MINUTE - 1, MINUTE):
        now = 1_000 * MINUTE + passed
        due.append([rhythm.is_due(number) for number in range(3)])
    assert due == [[True, False, False]] * 2 + [[True, True, False]] * 2 + [[True, True, True]]


def test_verbs_together_are_all_done_or_none(state: StateManager) -> None:
    message = {"id": "m1", "from": "x@replay.invalid", "body": "hi"}

    def half(store: Together) -> Any:
        assert store.receive(state.account, Arrival("m1", "x@replay.invalid", dict(message)), by="test")
        return store.approve(state.account, "unknown", None, by="test")

    with pytest.raises(NotFound):
        together(state.store, half)
    assert state.store.find(state.account, "m1") is None
