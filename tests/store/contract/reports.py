"""The contract of looking back: pages of events and of a contact's messages, and what a time held."""

from __future__ import annotations

from signoff.clock import DAY, HOUR
from signoff.lifecycle import MessageStatus

from ..scenes import ANA, ANA_LID, APPROVED, BEN, FAILED, INCOMING, PENDING, REJECTED, SENT, Scene
from .base import Contract


class ReportsContract(Contract):
    def test_pages_of_events_join_without_gap_or_overlap(self, scene: Scene) -> None:
        for number in range(7):
            scene.reject(scene.draft(f"m{number}").id)
        scene.store.change_settings(scene.account, lambda _: {"mine": 1}, by="maria")
        whole = scene.store.events(scene.account, limit=1000)
        pages, before = [], whole[-1].event.seq + 1
        while page := scene.store.events(scene.account, before=before, limit=4):
            pages.append(page)
            before = page[0].event.seq
        assert [event for page in reversed(pages) for event in page] == whole
        assert [logged.event.seq for logged in whole] == sorted({logged.event.seq for logged in whole})

    def test_an_event_names_its_message_who_and_why(self, scene: Scene) -> None:
        scene.reject(scene.draft().id, reason="I call her")
        scene.store.change_settings(scene.account, lambda _: {"mine": 1}, by="maria")
        rejected, setting = scene.store.events(scene.account, limit=2)
        assert (rejected.message, rejected.event.by, rejected.event.why) == ("reply_m1", "omar", "I call her")
        assert (setting.message, setting.event.kind, setting.event.why) == (None, "setting", "mine")

    def test_a_contact_has_all_messages_under_all_addresses(self, scene: Scene) -> None:
        scene.receive("m0", ANA, aliases=(ANA_LID,))
        scene.reject(scene.answer().id)
        scene.receive("m2", ANA_LID)
        scene.receive("m3", BEN)
        rows = scene.store.with_contact(scene.account, ANA_LID, limit=10)
        assert [row.id for row in rows] == ["m0", "reply_m0", "m2"]
        last = scene.store.with_contact(scene.account, ANA, limit=1)
        earlier = scene.store.with_contact(scene.account, ANA, before=last[0].seq, limit=10)
        assert [row.id for row in (*earlier, *last)] == ["m0", "reply_m0", "m2"]

    def test_a_tally_counts_each_message_in_the_time_in_which_it_came(self, scene: Scene) -> None:
        start = scene.clock()
        scene.reject(scene.draft("m1").id)
        scene.clock.advance(24 * 3600)
        claim = scene.claimed("m2")
        scene.accepted(claim)
        scene.add({"id": "s1"}, FAILED)
        first, second, third = scene.store.tally(scene.account, [start, start + DAY, start + 2 * DAY, start + 3 * DAY])
        assert first == tally(incoming=1, pending=1, rejected=1)
        assert second == tally(incoming=1, pending=1, approved=1, sent=1, failed=1)
        assert third == tally()

    def test_a_tally_agrees_with_the_statistics(self, scene: Scene, other: Scene) -> None:
        start = scene.clock()
        for number in range(20):
            scene.clock.advance(HOUR / 1_000_000)
            scene.reject(scene.draft(f"m{number}").id)
            other.receive(f"m{number}")
        times = [start + number * 3 * HOUR for number in range(9)]
        counted = scene.store.tally(scene.account, times)
        summed = {status.value: sum(each[status] for each in counted) for status in MessageStatus}
        assert {name: count for name, count in summed.items() if count} == scene.totals()
        assert [each[INCOMING] for each in counted] == [2, 3, 3, 3, 3, 3, 3, 0]

    def test_looking_back_does_not_leak(self, scene: Scene, other: Scene) -> None:
        start = scene.clock()
        scene.receive("m1", ANA)
        other.receive("m2", ANA)
        assert [logged.message for logged in other.store.events(other.account, limit=10)] == ["m2"]
        assert [row.id for row in other.store.with_contact(other.account, ANA, limit=10)] == ["m2"]
        assert other.store.tally(other.account, [start, start + DAY]) == [tally(incoming=1)]


def tally(
    incoming: int = 0, pending: int = 0, approved: int = 0, rejected: int = 0, sent: int = 0, failed: int = 0
) -> dict[MessageStatus, int]:
    return {INCOMING: incoming, PENDING: pending, APPROVED: approved, REJECTED: rejected, SENT: sent, FAILED: failed}
