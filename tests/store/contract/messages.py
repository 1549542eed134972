"""The contract of adding and moving messages, and of what is known of each."""

from __future__ import annotations

import pytest

from signoff.clock import local_iso
from signoff.errors import NotFound, StoreError
from signoff.lifecycle import MessageStatus, is_regular
from signoff.model import MAX_ID_BYTES, Content

from ..scenes import ANA, INCOMING, PENDING, SENT, Scene
from .base import Contract, OpenStore

HARD_TEXT = "سلام 👋🏽 ‏“q\\uote” \t\n\x01 — 日本"


class MessagesContract(Contract):
    def test_a_message_comes_back_as_it_went_in(self, scene: Scene) -> None:
        message = {"id": "m1", "from": ANA, "body": HARD_TEXT, "own": {"deep": [1, None, 2.5, {"x": "ü"}]}, "no": None}
        assert scene.add(dict(message))
        assert scene.store.newest(scene.account, INCOMING, None) == [message]

    @pytest.mark.parametrize("status", MessageStatus)
    def test_adding_puts_a_message_into_its_list_and_counts_it(self, scene: Scene, status: MessageStatus) -> None:
        assert scene.add({"id": "m1"}, status)
        assert scene.ids(status) == ["m1"]
        assert scene.totals() == {status.value: 1}

    def test_the_same_id_again_changes_nothing(self, scene: Scene) -> None:
        scene.add({"id": "m1", "body": "one"})
        before = scene.row("m1")
        assert not scene.add({"id": "m1", "body": "two"}, PENDING)
        assert scene.row("m1") == before
        assert scene.totals() == {"incoming": 1}

    def test_other_content_under_a_known_id_is_logged(self, scene: Scene) -> None:
        scene.add({"id": "m1", "body": "one"})
        scene.add({"id": "m1", "body": "two"})
        scene.add({"id": "m1", "body": "one", "more": 1})
        scene.add({"id": "m1"})
        assert scene.kinds("m1") == ["added", "differs", "differs", "differs"]
        last = scene.store.history(scene.account, "m1")[-1]
        assert (last.by, last.why) == ("script", None)

    def test_another_time_or_status_is_no_other_content(self, scene: Scene) -> None:
        scene.add({"id": "m1", "body": "one", "timestamp": 1})
        scene.add({"id": "m1", "body": "one", "timestamp": 2, "status": "sent", "status_updated_at": "now"})
        assert scene.kinds("m1") == ["added"]

    def test_an_edited_text_still_knows_its_first_version(self, scene: Scene) -> None:
        row = scene.script("s1", text="one")
        at = scene.clock.advance(1)
        scene.edit("s1", "two")
        version = {"version": 1, "recipient": ANA, "text": "one", "author": None, "until": at}
        assert scene.store.versions(row.seq) == [version]
        scene.script("s1", text="one")
        assert "differs" not in scene.kinds("s1")

    def test_ids_stay_known_after_clearing_and_purging(self, scene: Scene) -> None:
        scene.add({"id": "m1", "body": "one"})
        scene.store.clear(scene.account, INCOMING, by="script")
        assert not scene.add({"id": "m1", "body": "one"})
        scene.store.purge(scene.account)
        assert not scene.add({"id": "m1", "body": "one"})
        assert scene.ids(INCOMING) == []
        assert "differs" not in scene.kinds("m1")

    def test_ids_stay_known_after_forgetting(self, scene: Scene) -> None:
        scene.add({"id": "m1", "from": ANA, "body": "one"})
        scene.store.forget(scene.account, ANA, by="maria")
        assert not scene.add({"id": "m1", "from": ANA, "body": "one"})
        assert "differs" not in scene.kinds("m1")

    @pytest.mark.parametrize("message_id", ["", "x" * (MAX_ID_BYTES + 1)])
    def test_an_id_over_the_limits_is_refused_by_the_database_itself(self, scene: Scene, message_id: str) -> None:
        content = Content(message_id, "{}", None, None)
        with pytest.raises(StoreError):
            scene.store.add(scene.account, content, INCOMING, by="script")
        assert scene.totals() == {}

    @pytest.mark.parametrize("message_id", ["'; DROP TABLE messages; --", ":id", "%_*?", "\u202eevil", "a\nb"])
    def test_a_hostile_id_is_only_an_id(self, scene: Scene, message_id: str) -> None:
        assert scene.add({"id": message_id})
        assert scene.move(message_id, INCOMING, SENT)
        assert scene.ids(SENT) == [message_id]

    @pytest.mark.parametrize("target", MessageStatus)
    @pytest.mark.parametrize("source", MessageStatus)
    def test_a_script_may_move_between_any_two_lists(
        self, scene: Scene, source: MessageStatus, target: MessageStatus
    ) -> None:
        scene.add({"id": "m1", "body": "one"}, source)
        scene.clock.advance(5)
        assert scene.move("m1", source, target)
        assert scene.ids(target) == ["m1"]
        assert source is target or scene.ids(source) == []
        assert scene.kinds("m1")[-1] == ("moved" if is_regular(source, target) else "irregular")
        message = scene.store.newest(scene.account, target, None)[0]
        assert (message["status"], message["status_updated_at"]) == (target.value, local_iso(scene.clock()))

    def test_moving_counts_and_says_when(self, scene: Scene) -> None:
        scene.add({"id": "m1"}, PENDING)
        at = scene.clock.advance(60)
        scene.move("m1", PENDING, SENT)
        counters = scene.store.counters(scene.account)
        assert (counters[SENT].total, counters[SENT].listed, counters[SENT].last_at) == (1, 1, at)
        assert (counters[PENDING].total, counters[PENDING].listed) == (1, 0)

    def test_what_is_not_in_the_first_list_is_not_moved(self, scene: Scene) -> None:
        scene.add({"id": "m1"})
        assert not scene.move("m1", PENDING, SENT)
        assert not scene.move("m2", INCOMING, SENT)
        assert scene.kinds("m1") == ["added"]
        assert scene.totals() == {"incoming": 1}

    def test_what_was_cleared_is_not_moved(self, scene: Scene) -> None:
        scene.add({"id": "m1"})
        scene.store.clear(scene.account, INCOMING, by="script")
        assert not scene.move("m1", INCOMING, PENDING)

    def test_history_tells_when_from_where_to_where_who_and_why(self, scene: Scene) -> None:
        scene.add({"id": "m1"}, PENDING)
        at = scene.clock.advance(1)
        scene.store.reject(scene.account, "m1", 1, by="omar", reason="closed")
        event = scene.store.history(scene.account, "m1")[-1]
        assert (event.at, event.from_status, event.to_status) == (at, "pending_approval", "rejected")
        assert (event.by, event.why) == ("omar", "closed")

    def test_history_holds_no_text(self, scene: Scene) -> None:
        row = scene.draft(text="a very private text")
        scene.edit(row.id, "another private text")
        scene.approve(row.id)
        assert "private" not in repr(scene.store.history(scene.account, row.id))

    def test_the_history_of_an_unknown_message_is_an_error(self, scene: Scene) -> None:
        with pytest.raises(NotFound, match="'m9'"):
            scene.store.history(scene.account, "m9")
        assert scene.store.find(scene.account, "m9") is None

    def test_a_message_is_found_by_its_number_too(self, scene: Scene) -> None:
        row = scene.script()
        assert scene.store.by_seq(row.seq) == row
        assert scene.store.by_seq(row.seq + 1) is None

    def test_all_of_it_is_there_in_another_store_of_the_same_database(
        self, scene: Scene, open_store: OpenStore
    ) -> None:
        row = scene.draft()
        again = Scene(open_store(), scene.clock)
        assert again.row(row.id) == row
        again.approve(row.id)
        assert scene.row(row.id).status == "approved"

    def test_closing_twice_closes_only_its_own(self, open_store: OpenStore, scene: Scene) -> None:
        other = open_store()
        other.close()
        other.close()
        assert open_store().database is scene.store.database
