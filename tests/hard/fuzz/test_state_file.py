"""Whatever a state file holds: only our own errors, and what the store has acknowledged stays as it is."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from signoff import MessageStatus as S
from signoff.errors import SignoffError
from signoff.statefile.file import NotReadable

from ...conftest import ManualClock
from ...statefile.conftest import Face
from ...statefile.test_begin import OLD
from .budget import fuzz, long, quickly
from .hostile import files

pytestmark = long
ANA = "15550100101@c.us"
NAMES = [*OLD, "outbox_hold", "kind", "revision", "store", "account", "id", "timestamp", "approval_config", "rules"]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Every value that cannot be used is reported; here that is nearly all of them."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def face(tmp_path: Path, clock: ManualClock) -> Iterator[Face]:
    """A message in each status, one of them approved and sent, and the file written."""
    face = Face(tmp_path / "whatsapp_state.json", clock)
    for status in S:
        message = {"id": f"known {status.value}", "recipient": ANA, "body": f"Until six. {status.value}"}
        face.manager.add_message(message, status)
    yield face.begin()
    face.close()


def known(face: Face) -> list[Any]:
    """What no file may change: the messages as they stand, and the counters."""
    rows = [face.manager.get_message(f"known {status.value}") for status in S]
    counted = face.manager.get_statistics()
    return [[(row.status, row.text, row.digest, row.approved_version) for row in rows], counted]


def insist_nothing_is_sendable(face: Face) -> None:
    assert face.manager.store.claim_next(face.manager.account, lease=1_000_000, by="outbox") is None
    assert face.manager.store.claim_draft(face.manager.account, lease=1_000_000, by="drafts") is None


def insist_it_can_be_read(face: Face) -> None:
    """Every reading method answers, and so does the file when it is written anew."""
    manager = face.manager
    assert isinstance(manager.is_session_valid() or manager.requires_qr_scan(), bool)
    json.dumps([manager.get_session_info(), manager.get_config("watcher_config")], allow_nan=False)
    assert isinstance(manager.get_config("human_in_the_loop"), bool)
    face.file.write()
    assert isinstance(json.loads(face.path.read_bytes(), parse_constant=pytest.fail), dict)


def test_an_edit(face: Face) -> None:
    before = known(face)
    written = face.read()

    def check(text: bytes) -> None:
        face.clock.advance(2)
        face.path.write_bytes(text)
        face.age(5)
        with quickly(len(text)):
            try:
                face.file.take_up()
            except NotReadable:
                assert not_an_object(text)
        insist_nothing_is_sendable(face)
        assert known(face) == before
        insist_it_can_be_read(face)

    fuzz(files([written, OLD], NAMES), check)


def test_a_restored_backup(face: Face, tmp_path: Path) -> None:
    before = known(face)
    face.manager.export_state(tmp_path / "backup.json")
    backup = json.loads((tmp_path / "backup.json").read_bytes())
    source = tmp_path / "to restore.json"

    def check(text: bytes) -> None:
        face.clock.advance(2)
        source.write_bytes(text)
        with quickly(len(text)):
            try:
                Path(face.manager.restore_state(source)).unlink()
            except SignoffError:
                assert not_an_object(text) or b'"account"' in text
        insist_nothing_is_sendable(face)
        assert known(face) == before
        insist_it_can_be_read(face)

    fuzz(files([backup, OLD], NAMES), check)


def test_a_file_to_begin_with(tmp_path: Path, clock: ManualClock) -> None:
    numbers = count()

    def check(text: bytes) -> None:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        face = Face(folder / "whatsapp_state.json", clock)
        face.path.write_bytes(text)
        face.age(5)
        try:
            with quickly(len(text)):
                face.begin()
            insist_nothing_is_sendable(face)
            insist_it_can_be_read(face)
            full = face.manager.get_full_state()
            assert face.manager.get_config("human_in_the_loop") is full["human_in_the_loop"]
        finally:
            face.close()
        shutil.rmtree(folder)

    fuzz(files([OLD], NAMES), check)


def not_an_object(text: bytes) -> bool:
    """Whether even a tolerant reader finds no JSON object."""
    try:
        return not isinstance(json.loads(text.decode(errors="replace")), dict)
    except (ValueError, RecursionError):
        return True


MADE_TO_HURT = {
    "depth 10,000": b'{"mine": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "depth 10,000 of messages": b'{"messages": ' + b'{"incoming":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    "never closed": b'{"a":' * 200_000,
    "10 MB in a text": b'{"mine": "' + b"x" * 10_000_000 + b'"}',
    "10 MB in a message": b'{"messages": {"sent": [{"id": "big", "body": "' + b"x" * 10_000_000 + b'"}]}}',
    "many keys": b"{" + b",".join(b'"k%d": %d' % (n, n) for n in range(5_000)) + b"}",
    "one key often": b"{" + b",".join(b'"mine": %d' % n for n in range(100_000)) + b"}",
    "one id often": b'{"messages": {"sent": [' + b",".join(b'{"id": "m", "n": %d}' % n for n in range(10_000)) + b"]}}",
    "no ids": b'{"messages": {"sent": [' + b",".join(b'{"n": %d}' % n for n in range(10_000)) + b"]}}",
    "a number without end": b'{"mine": ' + b"9" * 1_000_000 + b"}",
    "numbers that are none": b'{"mine": [NaN, Infinity, -Infinity, 1e999], "retry_config": {"max_retries": 1e999}}',
    "wrong types": b'{"session": [], "account_info": 1, "messages": "x", "statistics": null, "metadata": []}',
}


@pytest.mark.parametrize("text", MADE_TO_HURT.values(), ids=MADE_TO_HURT)
@pytest.mark.parametrize("way", ["edit", "restore", "begin"])
def test_files_made_to_hurt(tmp_path: Path, clock: ManualClock, face: Face, text: bytes, way: str) -> None:
    before = known(face)
    if way == "begin":
        (tmp_path / "other").mkdir()
        other = Face(tmp_path / "other" / "whatsapp_state.json", clock)
        other.path.write_bytes(text)
        other.age(5)
        with quickly(len(text)):
            other.begin()
        insist_it_can_be_read(other)
        other.close()
    elif way == "restore":
        (tmp_path / "source.json").write_bytes(text)
        with quickly(len(text)):
            try:
                face.manager.restore_state(tmp_path / "source.json")
            except SignoffError:
                assert not_an_object(text)
    else:
        face.path.write_bytes(text)
        face.age(5)
        with quickly(len(text)):
            try:
                face.file.take_up()
            except NotReadable:
                assert not_an_object(text)
    insist_nothing_is_sendable(face)
    assert known(face) == before
    insist_it_can_be_read(face)
