"""The contract of lists, conversations, counters, clearing and purging."""

from __future__ import annotations

import pytest

from signoff.lifecycle import MessageStatus

from ..scenes import ANA, ANA_LID, APPROVED, BEN, FAILED, INCOMING, PENDING, SENT, Scene
from .base import Contract


def said_last(scene: Scene) -> tuple[str, str, str | None]:
    """What happened last in the account, by whom and why."""
    event = scene.store.events(scene.account, limit=1)[0].event
    return event.kind, event.by, event.why


class ListsContract(Contract):
    def test_a_list_is_in_the_order_in_which_messages_came_into_it(self, scene: Scene) -> None:
        for name in ("a", "b", "c"):
            scene.add({"id": name})
        for name in ("c", "a", "b"):
            scene.move(name, INCOMING, PENDING)
        assert scene.ids(PENDING) == ["c", "a", "b"]
        assert [message["id"] for message in scene.store.newest(scene.account, PENDING, None)] == ["c", "a", "b"]

    def test_a_limit_gives_the_newest_oldest_first(self, scene: Scene) -> None:
        for number in range(5):
            scene.add({"id": f"m{number}"})
        newest = [[m["id"] for m in scene.store.newest(scene.account, INCOMING, limit)] for limit in (0, 1, 3, 9)]
        assert newest == [[], ["m4"], ["m2", "m3", "m4"], ["m0", "m1", "m2", "m3", "m4"]]

    def test_pages_give_everything_once(self, scene: Scene) -> None:
        for number in range(7):
            scene.add({"id": f"m{number}"})
        found, after = [], 0
        while page := scene.store.page(scene.account, INCOMING, after, 3):
            found += [row.id for row in page]
            after = page[-1].arrival
        assert found == [f"m{number}" for number in range(7)]

    def test_what_moves_while_pages_are_read_is_neither_doubled_nor_in_the_way(self, scene: Scene) -> None:
        for number in range(6):
            scene.add({"id": f"m{number}"})
        first = scene.store.page(scene.account, INCOMING, 0, 3)
        scene.move("m4", INCOMING, SENT)
        scene.move("m0", INCOMING, PENDING)
        rest = scene.store.page(scene.account, INCOMING, first[-1].arrival, 10)
        assert [row.id for row in rest] == ["m3", "m5"]

    def test_nothing_is_dropped_after_a_hundred(self, scene: Scene) -> None:
        for number in range(120):
            scene.add({"id": f"m{number}"})
        assert len(scene.store.newest(scene.account, INCOMING, None)) == 120

    def test_a_conversation_is_what_came_in_and_what_was_sent(self, scene: Scene) -> None:
        scene.accepted(scene.claimed("m1"))
        scene.reject(scene.draft("m2").id)
        scene.receive("m3", BEN)
        assert [m["id"] for m in scene.store.conversation(scene.account, ANA, 10)] == ["m1", "reply_m1", "m2"]

    def test_a_conversation_spans_all_addresses_of_the_contact(self, scene: Scene) -> None:
        scene.receive("m1", ANA)
        scene.receive("m2", ANA_LID, aliases=(ANA,))
        for address in (ANA, ANA_LID):
            assert [m["id"] for m in scene.store.conversation(scene.account, address, 10)] == ["m1", "m2"]

    def test_a_conversation_gives_the_last_messages_oldest_first(self, scene: Scene) -> None:
        for number in range(6):
            scene.receive(f"m{number}", ANA if number % 2 else ANA_LID, aliases=(ANA,) if number == 0 else ())
        assert [m["id"] for m in scene.store.conversation(scene.account, ANA, 3)] == ["m3", "m4", "m5"]


class CountersContract(Contract):
    def test_a_reset_starts_at_nought_and_counting_goes_on(self, scene: Scene) -> None:
        scene.add({"id": "m1"})
        scene.store.reset_totals(scene.account, by="script")
        counter = scene.store.counters(scene.account)[INCOMING]
        assert (counter.total, counter.last_at, counter.listed) == (0, None, 1)
        assert said_last(scene) == ("baseline", "script", '{"why": "reset", "totals": {}}')
        scene.add({"id": "m2"})
        assert scene.totals() == {"incoming": 1}

    def test_a_baseline_is_where_counting_goes_on(self, scene: Scene) -> None:
        scene.add({"id": "m1"})
        scene.store.set_totals(scene.account, {INCOMING: (40, 7), SENT: (3, None)}, by="import", why="imported")
        kept = '{"why": "imported", "totals": {"incoming": [40, 7], "sent": [3, null]}}'
        assert said_last(scene) == ("baseline", "import", kept)
        scene.add({"id": "m2"}, SENT)
        assert scene.totals() == {"incoming": 40, "sent": 4}
        assert scene.store.counters(scene.account)[INCOMING].last_at == 7
        assert scene.store.check() == []

    def test_clearing_empties_one_list_and_changes_no_statistics(self, scene: Scene) -> None:
        scene.add({"id": "m1"})
        scene.add({"id": "m2"}, SENT)
        before = scene.totals()
        scene.store.clear(scene.account, INCOMING, by="script")
        assert said_last(scene) == ("cleared", "script", "incoming")
        assert (scene.ids(INCOMING), scene.ids(SENT), scene.totals()) == ([], ["m2"], before)
        assert scene.store.newest(scene.account, INCOMING, None) == []
        assert scene.store.counters(scene.account)[INCOMING].listed == 0

    def test_what_comes_after_clearing_is_listed(self, scene: Scene) -> None:
        scene.store.clear(scene.account, INCOMING, by="script")
        scene.add({"id": "m1"})
        scene.store.clear(scene.account, INCOMING, by="script")
        scene.add({"id": "m2"})
        assert scene.ids(INCOMING) == ["m2"]

    def test_a_list_that_others_clear_does_not_touch_what_came_from_it(self, scene: Scene) -> None:
        scene.add({"id": "m1"})
        scene.move("m1", INCOMING, PENDING)
        scene.store.clear(scene.account, INCOMING, by="script")
        assert scene.ids(PENDING) == ["m1"]

    def test_what_is_older_than_a_time_is_cleared_where_it_is_finished(self, scene: Scene) -> None:
        for status in MessageStatus:
            scene.add({"id": f"old {status.value}"}, status)
        limit = scene.clock.advance(3600)
        scene.add({"id": "new"}, SENT)
        scene.add({"id": "moved"}, PENDING)
        scene.move("moved", PENDING, SENT)
        before = scene.totals()
        assert scene.store.clear_before(scene.account, limit) == 4
        assert scene.store.clear_before(scene.account, limit) == 0
        left = {status.value: scene.ids(status) for status in MessageStatus if scene.ids(status)}
        assert left == {
            "pending_approval": ["old pending_approval"],
            "approved": ["old approved"],
            "sent": ["new", "moved"],
        }
        assert scene.totals() == before
        assert scene.store.check() == []

    def test_clearing_what_is_old_goes_in_small_batches_and_is_logged(self, scene: Scene) -> None:
        for number in range(5):
            scene.add({"id": f"m{number}"})
        limit = scene.clock.advance(1)
        before = scene.store.last_event()
        assert [scene.store.clear_before(scene.account, limit, 2) for _ in range(4)] == [2, 2, 1, 0]
        assert scene.store.last_event() == before + 3
        assert said_last(scene) == ("cleared", "keeper", "incoming")

    @pytest.mark.parametrize("status", MessageStatus)
    def test_purging_removes_the_texts_of_what_was_cleared_and_nothing_else(
        self, scene: Scene, status: MessageStatus
    ) -> None:
        scene.add({"id": "old", "body": "secret"}, status)
        scene.store.clear(scene.account, status, by="script")
        scene.add({"id": "new", "body": "kept"}, status)
        assert scene.store.purge(scene.account) == 1
        assert scene.store.purge(scene.account) == 0
        assert "secret" not in scene.row("old").payload
        assert scene.row("new").text == "kept"

    def test_purging_goes_in_small_batches(self, scene: Scene) -> None:
        for number in range(5):
            scene.add({"id": f"m{number}"})
        scene.store.clear(scene.account, INCOMING, by="script")
        assert [scene.store.purge(scene.account, 2) for _ in range(4)] == [2, 2, 1, 0]

    def test_purging_removes_earlier_versions_too(self, scene: Scene) -> None:
        row = scene.draft(text="secret")
        scene.edit(row.id, "other")
        scene.store.clear(scene.account, PENDING, by="script")
        scene.store.purge(scene.account)
        assert [version["text"] for version in scene.store.versions(row.seq)] == [None]

    def test_purging_leaves_what_is_in_flight_to_its_sender(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.clear(scene.account, APPROVED, by="script")
        scene.store.purge(scene.account)
        assert scene.row(claim.id).text == "Until six."
        assert scene.accepted(claim)
        assert scene.ids(SENT) == [claim.id]

    def test_a_failure_that_turns_out_sent_counts_as_both(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.unconfirmed(claim)
        scene.store.confirm_sent(scene.row(claim.id), by="maria")
        totals = scene.totals()
        assert (totals["failed"], totals["sent"]) == (1, 1)
        assert scene.ids(FAILED) == []
