"""A file that cannot be read may be being copied: it is left alone for two seconds, then kept under another name."""

from __future__ import annotations

import json
import os
import re
import stat
import time
import tracemalloc
from pathlib import Path
from typing import TypeVar

import pytest

from signoff.statefile.exchange import parse, where_broken
from signoff.statefile.file import NotReadable
from state_manager import MessageStatus, StateManager

from ..conftest import ManualClock
from ..waiting import eventually
from .conftest import Face

T = TypeVar("T")
S = MessageStatus
BROKEN = ["", "{", '{"session": {"authentic', "[]", "null", "5", "<html>", "\0\0\0", '{"a": 1} x', "[" * 100_000]


@pytest.mark.parametrize("text", BROKEN)
def test_one_changed_a_moment_ago_is_left_alone(face: Face, text: str) -> None:
    face.manager.set_config("mine", 1)
    face.path.write_text(text)
    for _ in range(3):
        with pytest.raises(NotReadable, match=r"^it is no state file$"):
            face.file.take_up()
        with pytest.raises(NotReadable):
            face.file.write()
    assert face.path.read_text() == text
    assert face.beside("*unreadable*") == []


@pytest.mark.parametrize("text", BROKEN)
def test_one_unchanged_for_two_seconds_is_kept_reported_and_rewritten(
    face: Face, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    face.manager.set_config("mine", 1)
    face.path.write_text(text)
    face.age(2.01)
    assert face.write()["mine"] == 1
    (aside,) = face.beside("whatsapp_state_unreadable_*.json")
    assert aside.read_text() == text
    assert "could not be read" in caplog.text
    assert aside.name in caplog.text


def test_the_line_where_it_breaks_is_named(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    face.path.write_text('{\n  "a": 1,\n  "b" 2\n}')
    face.age(3)
    face.write()
    assert "line 3" in caplog.text


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"", r"^line 1: Expecting value$"),
        (b'{\n "a": 1,\n "b" 2}', r"^line 3: Expecting ':' delimiter$"),
        (b"[]", r"^line 1: it is no JSON object$"),
        (b"[" * 100_000, "recursion"),
        (b'{"a": caf\xe9}', "can't decode byte 0xe9"),
    ],
)
def test_of_a_text_that_is_no_state_file_it_is_told_where_it_breaks(text: bytes, where: str) -> None:
    assert parse(text) is None
    assert re.search(where, where_broken(text))


def test_of_a_text_that_is_one_but_for_some_bytes_those_alone_are_lost() -> None:
    assert parse(b'{"a": "caf\xe9", "b": 1}') == {"a": "caf\ufffd", "b": 1}


def test_just_before_two_seconds_it_is_still_left_alone(face: Face) -> None:
    face.path.write_text("{")
    face.age(1.5)
    with pytest.raises(NotReadable):
        face.file.write()


def test_a_clock_that_ran_ahead_does_not_keep_it_for_ever(face: Face) -> None:
    face.path.write_text("{")
    face.age(-3600)
    assert face.write()["human_in_the_loop"] is False


def test_a_copy_that_takes_its_time_is_taken_up_when_it_is_complete(face: Face) -> None:
    text = json.dumps(face.read() | {"mine": "restored", "metadata": {"kind": "backup"}})
    face.manager.set_config("mine", "present")
    for length in range(0, len(text), len(text) // 7):
        face.path.write_text(text[:length])
        with pytest.raises(NotReadable):
            face.file.write()
    face.path.write_text(text)
    face.file.write()
    assert face.manager.get_config("mine") == "restored"


def test_a_running_manager_goes_on_and_recovers_by_itself(path: Path, clock: ManualClock) -> None:
    with StateManager(path, clock=clock) as manager:
        manager.set_config("mine", 1)
        eventually(lambda: b'"mine": 1' in path.read_bytes())
        path.write_text('{"half')
        manager.set_config("mine", 2)
        assert manager.get_config("mine") == 2
        assert manager.is_session_valid() is False
        os.utime(path, (1, 1))
        eventually(lambda: b'"mine": 2' in path.read_bytes())
    (aside,) = path.parent.glob("*unreadable*")
    assert aside.read_text() == '{"half'


def test_an_account_that_has_begun_does_not_wait_for_it(face: Face) -> None:
    face.path.write_text("{")
    began = time.monotonic()
    face.file.begin()
    assert time.monotonic() - began < 1


def test_one_that_is_gone_is_written_anew(face: Face) -> None:
    face.manager.add_message({"id": "m1"}, S.INCOMING)
    face.path.unlink()
    assert face.write()["messages"]["incoming"][0]["id"] == "m1"


def test_two_in_one_second_are_both_kept(face: Face) -> None:
    for text in ("{1", "{2"):
        face.path.write_text(text)
        face.age(3)
        face.write()
    kept = face.beside("*unreadable*")
    assert {entry.read_text() for entry in kept} == {"{1", "{2"}
    assert os.name == "nt" or {stat.S_IMODE(entry.stat().st_mode) for entry in kept} == {0o600}


def test_however_large_it_is_it_is_kept_in_little_memory(face: Face) -> None:
    face.path.write_bytes(b"x" * 20_000_000)
    with face.path.open("rb") as file:
        tracemalloc.start()
        try:
            face.file.exchange.set_aside(file, "line 1")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 5_000_000
    (aside,) = face.beside("whatsapp_state_unreadable_*.json")
    assert aside.stat().st_size == 20_000_000
