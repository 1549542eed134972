"""What the class offers beyond the guide: decisions, history, conversations, paging, restoring, forgetting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signoff.clock import local_iso
from signoff.errors import IllegalMove, InvalidType, NotFound, NotSendable, StaleVersion, StateFileError
from signoff.store.rows import Row
from state_manager import MessageStatus, StateManager

from ..conftest import ManualClock
from ..store.scenes import Scene
from .conftest import Open

S = MessageStatus
ANA, BEN = "15550100@c.us", "15550101@c.us"


def pending(manager: StateManager, name: str = "m1", text: str = "hello", chat: str = ANA) -> str:
    manager.add_message({"id": name, "recipient": chat, "body": text}, S.PENDING_APPROVAL)
    return name


class TestAdding:
    def test_the_same_id_again_changes_nothing_and_is_false(self, manager: StateManager) -> None:
        assert manager.add_message({"id": "m1", "body": "hello"}, S.INCOMING) is True
        before = manager.get_full_state()
        assert manager.add_message({"id": "m1", "body": "hello"}, S.INCOMING) is False
        assert manager.add_message({"id": "m1", "body": "hello"}, S.SENT) is False
        assert manager.get_full_state() == before

    def test_other_content_under_the_same_id_is_noted(self, manager: StateManager, clock: ManualClock) -> None:
        manager.add_message({"id": "m1", "body": "hello", "timestamp": 1}, S.INCOMING)
        clock.advance(1)
        manager.add_message({"id": "m1", "body": "hello", "timestamp": 2, "status": "x"}, S.INCOMING)
        assert [event["kind"] for event in manager.history("m1")] == ["added"]
        manager.add_message({"id": "m1", "body": "bye"}, S.INCOMING)
        assert [event["kind"] for event in manager.history("m1")] == ["added", "differs"]
        assert manager.get_messages(S.INCOMING)[0]["body"] == "hello"

    def test_a_message_without_an_id_is_given_one(self, manager: StateManager) -> None:
        one: dict[str, object] = {"body": "hello"}
        other: dict[str, object] = {"body": "hello", "id": None}
        assert manager.add_message(one, S.INCOMING)
        assert manager.add_message(other, S.INCOMING)
        assert one["id"] != other["id"]
        assert manager.get_messages(S.INCOMING) == [one, other]

    def test_ids_stay_known_after_clearing(self, manager: StateManager) -> None:
        manager.add_message({"id": "m1", "body": "hello"}, S.INCOMING)
        manager.clear_messages(S.INCOMING)
        assert manager.add_message({"id": "m1", "body": "hello"}, S.INCOMING) is False
        assert manager.get_messages(S.INCOMING) == []
        assert manager.move_message("m1", S.INCOMING, S.SENT) is False


class TestDecisions:
    def test_approving_binds_exactly_this_text_to_this_chat(self, manager: StateManager, clock: ManualClock) -> None:
        row = manager.approve(pending(manager), by="Zoë")
        assert (row.status, row.approved_by, row.approved_version) == ("approved", "Zoë", 1)
        claim = manager.store.claim_next(manager.account, lease=1, by="test")
        assert claim is not None
        assert (claim.chat, claim.text) == (ANA, "hello")
        manager.store.accepted(claim, None, by="test", move=True)

    def test_a_version_that_was_not_shown_cannot_be_approved(self, manager: StateManager) -> None:
        pending(manager)
        assert manager.edit("m1", "good day").draft_version == 2
        with pytest.raises(StaleVersion, match="version 2, not 1"):
            manager.approve("m1", version=1)
        assert manager.approve("m1", version=2).text == "good day"

    def test_an_argument_that_is_no_text_is_named(self, manager: StateManager) -> None:
        pending(manager)
        with pytest.raises(TypeError, match=r"^who decides is a string; got int"):
            manager.approve("m1", by=5)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"^what makes it out of date is a string; got int"):
            manager.approve("m1", despite=5)  # type: ignore[arg-type]

    def test_an_edit_takes_an_approval_back(self, manager: StateManager) -> None:
        manager.approve(pending(manager))
        row = manager.edit("m1", "good day", by="Ben")
        assert (row.status, row.approved_version) == ("pending_approval", None)
        assert [version["text"] for version in manager.store.versions(row.seq)] == ["hello"]
        assert manager.get_messages(S.PENDING_APPROVAL)[0]["body"] == "good day"

    def test_a_long_text_makes_room_for_another(self, manager: StateManager) -> None:
        pending(manager, text="x" * 600_000)
        assert manager.edit("m1", "y" * 600_000).text == "y" * 600_000

    def test_rejecting_notes_the_reason(self, manager: StateManager) -> None:
        pending(manager)
        assert manager.reject("m1", reason="too curt").status == "rejected"
        assert manager.history("m1")[-1]["why"] == "too curt"
        assert manager.reopen("m1").status == "pending_approval"

    @pytest.mark.parametrize("by", [None, "Zoë"])
    def test_taking_back_and_reopening_are_of_whoever_is_named_or_else_of_the_manager(
        self, manager: StateManager, by: str | None
    ) -> None:
        manager.approve(pending(manager))
        assert manager.take_back("m1", by=by).changed_by == (by or "a script")
        manager.reject("m1")
        assert manager.reopen("m1", by=by).changed_by == (by or "a script")

    def test_taking_back_stops_what_was_approved(self, manager: StateManager, clock: ManualClock) -> None:
        manager.approve(pending(manager))
        assert manager.take_back("m1").status == "pending_approval"
        assert manager.store.claim_next(manager.account, lease=1, by="test") is None
        with pytest.raises(IllegalMove, match="nothing to take back"):
            manager.take_back("m1")

    def test_what_has_no_recipient_cannot_be_approved(self, manager: StateManager) -> None:
        manager.add_message({"id": "m1", "from": ANA, "body": "hello"}, S.INCOMING)
        manager.move_message("m1", S.INCOMING, S.PENDING_APPROVAL)
        with pytest.raises(NotSendable, match="no recipient"):
            manager.approve("m1")

    def test_moving_is_bookkeeping_and_makes_nothing_sendable(self, manager: StateManager) -> None:
        pending(manager)
        manager.move_message("m1", S.PENDING_APPROVAL, S.APPROVED)
        manager.add_message({"id": "m2", "recipient": ANA, "body": "hello"}, S.APPROVED)
        assert manager.store.claim_next(manager.account, lease=1, by="test") is None
        assert manager.get_statistics()["total_approved"] == 2

    def test_moving_ends_an_approval(self, manager: StateManager) -> None:
        manager.approve(pending(manager))
        manager.move_message("m1", S.APPROVED, S.FAILED)
        manager.move_message("m1", S.FAILED, S.APPROVED)
        assert manager.store.claim_next(manager.account, lease=1, by="test") is None

    def test_an_undo_window_is_a_due_time(self, manager: StateManager, clock: ManualClock) -> None:
        manager.set_config("approval_config", {"undo_seconds": 30})
        manager.approve(pending(manager))
        assert manager.store.claim_next(manager.account, lease=1, by="test") is None
        clock.advance(30)
        claim = manager.store.claim_next(manager.account, lease=1, by="test")
        assert claim is not None
        manager.store.refused(claim, "test", by="test", move=True)

    @pytest.mark.parametrize(
        "name", ["approve", "reject", "take_back", "reopen", "ask_again", "confirm_sent", "history"]
    )
    def test_what_is_not_there_is_not_found(self, manager: StateManager, name: str) -> None:
        with pytest.raises(NotFound, match="'unheard of'"):
            getattr(manager, name)("unheard of")
        with pytest.raises(NotFound):
            manager.edit("unheard of", "text")


DECISIONS: dict[str, Callable[..., Row]] = {
    "approve": lambda manager, name, version, **more: manager.approve(name, version, **more),
    "reject": lambda manager, name, version, **more: manager.reject(name, "too curt", version, **more),
    "edit": lambda manager, name, version, **more: manager.edit(name, "good day", version, **more),
    "ask_again": lambda manager, name, version, **more: manager.ask_again(name, "too curt", version, **more),
}


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=list(DECISIONS))
class TestEveryDecision:
    def test_is_of_whoever_is_named_or_else_of_the_manager(
        self, manager: StateManager, clock: ManualClock, decide: Callable[..., Row]
    ) -> None:
        first, second = (
            Scene(manager.store, clock).draft(name, chat=chat) for name, chat in (("i1", ANA), ("i2", BEN))
        )
        assert decide(manager, first.id, 1, by="Zoë").changed_by == "Zoë"
        assert decide(manager, second.id, 1).changed_by == "a script"

    def test_is_about_the_version_that_was_shown(
        self, manager: StateManager, clock: ManualClock, decide: Callable[..., Row]
    ) -> None:
        row = Scene(manager.store, clock).draft()
        with pytest.raises(StaleVersion, match="version 1, not 2"):
            decide(manager, row.id, 2)

    def test_is_about_the_status_that_was_shown(
        self, manager: StateManager, clock: ManualClock, decide: Callable[..., Row]
    ) -> None:
        row = Scene(manager.store, clock).draft()
        manager.reject(row.id, by="Ben")
        with pytest.raises(StaleVersion, match="rejected now, not pending_approval: it was rejected by Ben"):
            decide(manager, row.id, 1, seen=S.PENDING_APPROVAL)


class TestOfADraft:
    def test_one_that_is_out_of_date_is_approved_by_who_says_that_it_is(
        self, manager: StateManager, clock: ManualClock
    ) -> None:
        scene = Scene(manager.store, clock)
        row = scene.draft("i1")
        scene.receive("i2")
        with pytest.raises(StaleVersion, match="newer message i2"):
            manager.approve(row.id)
        assert manager.approve(row.id, despite="newer message i2").status == "approved"

    def test_another_is_asked_for_with_a_reason(self, manager: StateManager, clock: ManualClock) -> None:
        row = Scene(manager.store, clock).draft("i1")
        assert manager.ask_again(row.id, "too curt").id == "i1"
        assert manager.history("i1")[-1]["why"] == "too curt"

    @pytest.mark.parametrize("reason", [5, b"x"])
    def test_a_reason_is_a_text(self, manager: StateManager, clock: ManualClock, reason: Any) -> None:
        row = Scene(manager.store, clock).draft()
        for decide in (manager.reject, manager.ask_again):
            with pytest.raises(InvalidType, match=r"^the reason is a string"):
                decide(row.id, reason)
        assert manager.get_message(row.id) == row


class TestTheUnconfirmed:
    @pytest.fixture
    def unconfirmed(self, manager: StateManager) -> StateManager:
        manager.approve(pending(manager))
        claim = manager.store.claim_next(manager.account, lease=1, by="test")
        assert claim is not None
        manager.store.unconfirmed(claim, "no answer", by="test", move=True)
        return manager

    def test_it_is_failed_and_never_sent_again_by_itself(self, unconfirmed: StateManager) -> None:
        row = unconfirmed.get_message("m1")
        assert (row.status, row.reason) == ("failed", "unconfirmed")
        assert unconfirmed.store.claim_next(unconfirmed.account, lease=1, by="test") is None
        with pytest.raises(IllegalMove, match="nobody knows"):
            unconfirmed.approve("m1")

    def test_a_person_says_that_it_arrived(self, unconfirmed: StateManager) -> None:
        assert unconfirmed.confirm_sent("m1").status == "sent"
        stats = unconfirmed.get_statistics()
        assert (stats["total_failed"], stats["total_sent"]) == (1, 1)

    def test_a_person_has_it_sent_again(self, unconfirmed: StateManager) -> None:
        assert unconfirmed.send_again("m1").status == "approved"
        claim = unconfirmed.store.claim_next(unconfirmed.account, lease=1, by="test")
        assert claim is not None
        assert claim.number == 2
        unconfirmed.store.accepted(claim, None, by="test", move=True)

    @pytest.mark.parametrize("name", ["confirm_sent", "send_again", "give_up"])
    @pytest.mark.parametrize("by", [None, "Zoë"])
    def test_it_is_settled_by_whoever_is_named_or_else_by_the_manager(
        self, unconfirmed: StateManager, name: str, by: str | None
    ) -> None:
        assert getattr(unconfirmed, name)("m1", by=by).changed_by == (by or "a script")

    def test_a_person_gives_up(self, unconfirmed: StateManager) -> None:
        assert unconfirmed.give_up("m1").status == "failed"
        with pytest.raises(IllegalMove, match="not unconfirmed"):
            unconfirmed.confirm_sent("m1")


class TestReading:
    def test_history_says_when_what_from_where_to_where_who_and_why(
        self, manager: StateManager, clock: ManualClock
    ) -> None:
        pending(manager)
        clock.advance(1)
        manager.reject("m1", reason="too curt", by="Ben")
        added, rejected = manager.history("m1")
        assert added["at"] == local_iso(clock.now - 1_000_000)
        assert rejected | {"digest": None} == {
            "at": local_iso(clock.now),
            "kind": "rejected",
            "from": "pending_approval",
            "to": "rejected",
            "by": "Ben",
            "why": "too curt",
            "version": 1,
            "digest": None,
        }

    def test_history_holds_no_text(self, manager: StateManager) -> None:
        pending(manager, text="a private matter")
        manager.edit("m1", "another private matter")
        assert "private" not in repr(manager.history("m1"))

    def test_an_irregular_move_is_logged_as_such(self, manager: StateManager) -> None:
        manager.add_message({"id": "m1"}, S.SENT)
        manager.move_message("m1", S.SENT, S.INCOMING)
        assert manager.history("m1")[-1]["kind"] == "irregular"

    def test_a_conversation_is_what_came_in_and_what_was_sent(self, manager: StateManager) -> None:
        manager.add_message({"id": "in", "from": ANA, "body": "hello?"}, S.INCOMING)
        manager.add_message({"id": "other", "from": BEN, "body": "hi"}, S.INCOMING)
        pending(manager, "out", "hello!")
        assert [message["id"] for message in manager.conversation(ANA)] == ["in"]
        manager.move_message("out", S.PENDING_APPROVAL, S.SENT)
        assert [message["id"] for message in manager.conversation(ANA)] == ["in", "out"]
        assert [message["id"] for message in manager.conversation(ANA, limit=1)] == ["out"]

    def test_of_a_conversation_the_last_fifty_are_given_where_nobody_says_how_many(self, manager: StateManager) -> None:
        for number in range(51):
            manager.add_message({"id": str(number), "from": ANA, "body": "hello?"}, S.INCOMING)
        assert [message["id"] for message in manager.conversation(ANA)] == [str(number) for number in range(1, 51)]

    def test_rows_are_all_messages_of_a_list_with_what_stands_beside_them(self, open_manager: Open, path: Path) -> None:
        manager = open_manager(path.with_suffix(".db"))
        for number in range(3):
            pending(manager, str(number))
        manager.add_message({"id": "sent"}, S.SENT)
        rows = list(manager.rows(S.PENDING_APPROVAL))
        assert rows == [manager.get_message(str(number)) for number in range(3)]
        assert rows[0].arrival == 1
        assert list(manager.iter_messages(S.PENDING_APPROVAL)) == [row.message for row in rows]

    def test_iterating_reads_page_by_page_and_can_go_on_after_an_id(self, manager: StateManager) -> None:
        for number in range(1200):
            manager.add_message({"id": str(number)}, S.SENT)
        assert [message["id"] for message in manager.iter_messages(S.SENT)] == [str(n) for n in range(1200)]
        assert next(manager.iter_messages(S.SENT, after="1000"))["id"] == "1001"
        manager.move_message("1000", S.SENT, S.FAILED)
        assert next(manager.iter_messages(S.SENT, after="1000"))["id"] == "1001", "it has left the list"
        with pytest.raises(NotFound, match="never was in the list sent"):
            manager.iter_messages(S.SENT, after="unheard of")

    def test_iterating_after_an_edited_message_skips_none(self, manager: StateManager) -> None:
        for message_id in ("edited", "next"):
            pending(manager, message_id, "hello")
        manager.edit("edited", "good day")
        assert [message["id"] for message in manager.iter_messages(S.PENDING_APPROVAL, after="edited")] == ["next"]

    def test_iterating_while_the_list_changes_misses_nothing_that_stays(self, manager: StateManager) -> None:
        for number in range(700):
            manager.add_message({"id": str(number)}, S.SENT)
        seen: Iterator[str] = (message["id"] for message in manager.iter_messages(S.SENT))
        first = next(seen)
        for number in range(300):
            manager.move_message(str(number), S.SENT, S.FAILED)
        manager.add_message({"id": "new"}, S.SENT)
        rest = list(seen)
        assert first == "0"
        assert set(rest) >= {str(number) for number in range(300, 700)} | {"new"}


class TestForgetting:
    def test_texts_and_names_go_and_ids_stay(self, manager: StateManager, path: Path) -> None:
        manager.add_message({"id": "in", "from": ANA, "fromName": "Ana", "body": "a secret"}, S.INCOMING)
        manager.add_message({"id": "keep", "from": BEN, "body": "other"}, S.INCOMING)
        pending(manager, "out", "about a secret")
        manager.edit("out", "about the secret")
        assert manager.forget(ANA) == 2
        manager.close()
        assert "secret" not in path.read_text()
        with StateManager(path) as again:
            assert [message["id"] for message in again.get_messages(S.INCOMING)] == ["in", "keep"]
            assert "secret" not in repr(again.get_full_state())
            assert again.store.versions(again.get_message("out").seq)[0]["text"] is None
            assert again.add_message({"id": "in", "from": ANA, "body": "a secret"}, S.INCOMING) is False

    def test_a_backup_does_not_bring_them_back(self, manager: StateManager) -> None:
        manager.add_message({"id": "in", "from": ANA, "body": "a secret"}, S.INCOMING)
        saved = manager.backup_state()
        manager.clear_messages(S.INCOMING)
        manager.forget(ANA)
        manager.restore_state(saved)
        assert "secret" not in repr(manager.get_full_state())

    def test_not_even_what_was_cleared_and_removed_before(self, manager: StateManager) -> None:
        manager.add_message({"id": "in", "from": ANA, "body": "a secret"}, S.INCOMING)
        saved = manager.backup_state()
        manager.clear_messages(S.INCOMING)
        while manager.store.purge(manager.account):
            pass
        manager.forget(ANA)
        manager.restore_state(saved)
        assert "secret" not in repr(manager.get_full_state())


class TestRestoring:
    def test_what_was_lost_comes_back_and_the_present_is_saved_before(
        self, manager: StateManager, open_manager: Open, clock: ManualClock
    ) -> None:
        manager.add_message({"id": "m1", "body": "hello"}, S.INCOMING)
        manager.set_config("watcher_config", {"poll_interval_seconds": 10})
        saved = manager.backup_state()
        clock.advance(60)
        manager.clear_messages(S.INCOMING)
        manager.set_config("watcher_config", {"poll_interval_seconds": 20})
        manager.add_message({"id": "m2"}, S.INCOMING)
        before = manager.restore_state(saved)
        assert [message["id"] for message in manager.get_messages(S.INCOMING)] == ["m2", "m1"]
        assert manager.get_config("watcher_config")["poll_interval_seconds"] == 10
        assert manager.config_author("watcher_config") == "restore"
        manager.restore_state(before)
        assert manager.get_config("watcher_config")["poll_interval_seconds"] == 20

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a": '])
    def test_what_is_no_backup_changes_nothing(self, manager: StateManager, tmp_path: Path, text: str) -> None:
        manager.add_message({"id": "m1"}, S.INCOMING)
        bad = tmp_path / "bad.json"
        bad.write_text(text)
        there, before = set(tmp_path.glob("[!.]*")), manager.get_full_state()
        with pytest.raises(StateFileError, match="line 1"):
            manager.restore_state(bad)
        with pytest.raises(StateFileError, match="cannot be read"):
            manager.restore_state(tmp_path / "missing.json")
        assert manager.get_full_state() == before
        assert set(tmp_path.glob("[!.]*")) == there


def test_check_finds_nothing_wrong_and_says_what_is(manager: StateManager) -> None:
    manager.add_message({"id": "m1"}, S.INCOMING)
    assert manager.check() == []
    manager.store.database.write(
        lambda tx: tx.connection.execute("UPDATE counters SET total = 7 WHERE status = 'sent'")
    )
    assert any("sent says 7" in problem for problem in manager.check())
    manager.store.database.write(
        lambda tx: tx.connection.execute("UPDATE counters SET total = 0 WHERE status = 'sent'")
    )
