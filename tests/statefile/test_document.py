"""What the state file says: the keys of the guide and of the other components, and a revision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from signoff.clock import local_iso
from state_manager import MessageStatus, StateManager

from .conftest import Face

S = MessageStatus
LISTS = ("message_log", "incoming_messages", "pending_replies", "generated_replies")


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [message["id"] for message in messages]


def test_all_keys_are_there_in_the_guides_order(face: Face) -> None:
    document = face.read()
    keys = list(document)
    assert keys[:4] == ["session", "account_info", "messages", "statistics"]
    assert {"api_endpoint", "human_in_the_loop", "watcher_config", "retry_config", "metadata", *LISTS} < set(keys)
    assert list(document["messages"]) == [status.value for status in MessageStatus]
    assert list(document["metadata"]) == ["version", "created_at", "last_updated", "revision", "store", "account"]


def test_it_says_what_the_manager_says(face: Face) -> None:
    face.manager.update_session_status(True, {"name": "Ana"})
    face.manager.add_message({"id": "m1", "body": "🌊 مرحبا"}, S.INCOMING)
    face.manager.set_config("mine", {"a": ["ü"]})
    document = face.write()
    assert document == face.manager.get_full_state()
    assert document == {key: face.manager.get_config(key) for key in document}


@pytest.mark.parametrize("status", list(MessageStatus))
def test_each_list_holds_the_newest_hundred_and_the_manager_all(face: Face, status: MessageStatus) -> None:
    for number in range(130):
        face.manager.add_message({"id": str(number)}, status)
    assert ids(face.write()["messages"][status.value]) == [str(number) for number in range(30, 130)]
    assert len(face.manager.get_messages(status)) == 130
    assert len(face.manager.get_full_state()["messages"][status.value]) == 130


@pytest.mark.parametrize("name", LISTS)
def test_the_lists_of_the_components_too(face: Face, name: str) -> None:
    for number in range(130):
        face.manager.store.add_record(face.manager.account, name, {"id": str(number)}, by="test")
    assert ids(face.write()[name]) == [str(number) for number in range(30, 130)]
    assert len(face.manager.get_full_state()[name]) == 130


def test_the_whole_is_parsed_by_pieces_so_that_other_threads_get_their_turn(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1000):
        face.manager.add_message({"id": str(number), "body": "x" * 100}, S.SENT)
        face.manager.store.add_record(face.manager.account, "message_log", {"id": str(number)}, by="test")
    face.manager.export_state(face.path.with_name("exported.json"))
    exported = json.loads(face.path.with_name("exported.json").read_bytes())
    lengths: list[int] = []
    parse = json.loads
    with monkeypatch.context() as patched:
        patched.setattr("json.loads", lambda text: [lengths.append(len(text)), parse(text)][1])
        state = face.manager.get_full_state()
    exported["metadata"] = {key: exported["metadata"][key] for key in state["metadata"]}
    assert list(state) == list(exported)
    assert state == exported
    assert max(lengths) < 20_000


def test_the_revision_grows_with_every_change(face: Face) -> None:
    before = face.read()["metadata"]
    assert before["created_at"] == local_iso(face.clock.now)
    face.clock.advance(5)
    face.manager.add_message({"id": "m1"}, S.INCOMING)
    after = face.write()["metadata"]
    assert after["revision"] > before["revision"]
    assert after["last_updated"] == local_iso(face.clock.now)
    assert after["created_at"] == before["created_at"]


def test_people_can_read_it(face: Face) -> None:
    face.manager.add_message({"id": "m1", "body": "کیا حال ہے؟ 🌊"}, S.INCOMING)
    face.manager.add_message({"id": "m2"}, S.INCOMING)
    face.write()
    text = face.path.read_text("utf-8")
    assert "کیا حال ہے؟ 🌊" in text, "as it was written, not as escapes"
    assert sum(line.strip().startswith('{"id":') for line in text.splitlines()) == 2, "a line for each message"
    assert '\n  "human_in_the_loop": false,\n' in text


def test_it_is_laid_out_two_spaces_deep_with_a_line_for_each_entry_of_a_list(face: Face) -> None:
    for status in (S.INCOMING, S.FAILED):
        for name in ("m1", "m2"):
            face.manager.add_message({"id": f"{name} {status.value}", "body": "🌊"}, status)
    face.manager.store.add_record(face.manager.account, LISTS[0], {"id": "r1", "text": "ü"}, by="test")
    face.manager.set_config("größe", {"a": [{"ü": []}]})
    document = face.write()
    lists = [*document["messages"].values(), *(document[name] for name in LISTS)]
    entries = {
        f'"entry {place} {number}"': entry for place, list_ in enumerate(lists) for number, entry in enumerate(list_)
    }
    for place, list_ in enumerate(lists):
        list_[:] = [f"entry {place} {number}" for number in range(len(list_))]
    expected = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    for mark, entry in entries.items():
        expected = expected.replace(mark, json.dumps(entry, separators=(",", ":"), ensure_ascii=False))
    assert face.path.read_text("utf-8") == expected


def test_counters_and_times_are_the_guides(face: Face) -> None:
    face.manager.add_message({"id": "m1"}, S.INCOMING)
    assert face.write()["statistics"] == {
        "total_incoming": 1,
        "total_sent": 0,
        "total_failed": 0,
        "total_approved": 0,
        "total_rejected": 0,
        "last_message_received": local_iso(face.clock.now),
        "last_message_sent": None,
    }


def test_an_export_is_marked_as_a_backup_and_holds_everything(face: Face) -> None:
    for number in range(1100):
        face.manager.add_message({"id": str(number)}, S.SENT)
    target = face.path.with_name("exported.json")
    face.manager.export_state(target)
    document = json.loads(target.read_bytes())
    assert document["metadata"].pop("kind") == "backup"
    assert document["metadata"].pop("human_in_the_loop_chosen") is False
    assert document == face.manager.get_full_state()
    assert ids(document["messages"]["sent"]) == [str(number) for number in range(1100)]


def test_a_backup_says_whether_somebody_has_chosen_about_sign_off(face: Face) -> None:
    for chosen in (False, True):
        if chosen:
            face.manager.set_config("human_in_the_loop", False)
        document = json.loads(Path(face.manager.backup_state()).read_bytes())
        assert document["human_in_the_loop"] is False
        assert document["metadata"]["human_in_the_loop_chosen"] is chosen


def test_another_account_is_not_shown(face: Face) -> None:
    with StateManager(face.path.with_suffix(".db"), account="second") as second:
        second.add_message({"id": "theirs"}, S.INCOMING)
        second.set_config("mine", 1)
    document = face.write()
    assert document["messages"]["incoming"] == []
    assert "mine" not in document
