"""The contract of the state file's side: revisions, what is taken up from a file, and other components' lists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from signoff.clock import DAY, SECOND
from signoff.errors import InvalidMessage, StoreError, StoreFull
from signoff.lifecycle import MessageStatus
from signoff.model import Content, content_of
from signoff.session import Session, authenticated
from signoff.store.files import KEPT, View, record_id
from signoff.store.messages import PAGE
from signoff.store.takeup import AT_ONCE, BYTES_AT_ONCE, MOST_EDITS, FileEdit, FileRevision, KnownFile

from ..scenes import ANA, APPROVED, INCOMING, LEASE, PENDING, SENT, Scene
from .base import Contract


def message(
    message_id: str = "f1", status: MessageStatus = PENDING, text: str = "From a file"
) -> tuple[MessageStatus, Content]:
    return status, content_of({"id": message_id, "recipient": ANA, "body": text})


def take_up(scene: Scene, settings: Mapping[str, Any] = MappingProxyType({}), **edit: Any) -> None:
    scene.store.take_up(scene.account, FileEdit(settings, **edit), by="file")


def take_up_of(
    scene: Scene, revision: int, settings: dict[str, Any] | None = None, session: dict[str, Any] | None = None
) -> None:
    """An edit of a file of this revision is taken up."""
    known = scene.store.known_file(scene.account)
    taken = FileRevision(revision, settings or {"mine": 1}, session or {})
    assert scene.store.take_up_once(scene.account, FileEdit(), f"e{revision}", known, by="file", taken=taken)


def count(scene: Scene, table: str) -> int:
    """How many rows a table has."""
    (found,) = scene.store.database.read(lambda tx: tx.connection.execute(f"SELECT count(*) FROM {table}").fetchall())
    return int(found[0])


class FilesContract(Contract):
    def test_a_revision_is_found_by_its_number_or_the_next_lower(self, scene: Scene) -> None:
        known = None
        for number in (3, 8):
            scene.store.note_file(scene.account, FileRevision(number, {"n": number}, {"s": number}), "d", known)
            known = scene.store.known_file(scene.account)
        held = {
            asked: found.settings["n"] if (found := scene.store.file_revision(scene.account, asked)) else None
            for asked in (2, 3, 7, 8, 99, None)
        }
        assert held == {2: None, 3: 3, 7: 3, 8: 8, 99: 8, None: 8}

    def note(self, scene: Scene, **settings: Any) -> int:
        """A state file is written that says these settings; its revision."""
        scene.add({"id": f"n{scene.store.last_event()}"})
        revision = scene.store.last_event()
        known = scene.store.known_file(scene.account)
        assert scene.store.note_file(scene.account, FileRevision(revision, settings, {}), f"d{revision}", known)
        return revision

    def test_what_a_file_said_that_was_replaced_long_ago_is_dropped_and_unknown(self, scene: Scene) -> None:
        first, second = self.note(scene, n=1), self.note(scene, n=2)
        take_up_of(scene, second)
        scene.clock.advance(KEPT / SECOND)
        third = self.note(scene, n=3)
        assert scene.store.file_revision(scene.account, first) is None
        assert scene.store.file_revision(scene.account, second) == FileRevision(second, {"n": 2}, {})
        assert scene.store.file_edits(scene.account, second) != []
        scene.clock.advance(KEPT / SECOND)
        self.note(scene, n=4)
        for old in (first, second):
            assert scene.store.file_revision(scene.account, old) is None
            assert scene.store.file_edits(scene.account, old) == []
        assert scene.store.file_revision(scene.account, third) == FileRevision(third, {"n": 3}, {})

    def test_of_one_that_is_young_everything_is_kept(self, scene: Scene) -> None:
        revisions = []
        for number in range(300):
            scene.clock.advance((KEPT - DAY) / SECOND / 300)
            revisions.append(self.note(scene, n=number))
        kept = [scene.store.file_revision(scene.account, revision) for revision in revisions]
        assert [found.settings["n"] for found in kept if found] == list(range(300))

    def test_however_many_were_written_in_a_short_time_they_go_in_the_end(self, scene: Scene) -> None:
        for number in range(250):
            self.note(scene, n=number)
        scene.clock.advance(KEPT / SECOND)
        for number in range(3):
            self.note(scene, n=f"later {number}")
        assert count(scene, "file_revisions") == 4

    def test_edits_of_one_old_copy_do_not_pile_up_and_are_still_known(self, scene: Scene) -> None:
        revision = self.note(scene, n=0)
        for number in range(3 * MOST_EDITS):
            said = {"n": number, f"only{number}": {"a": 1}}
            take_up_of(scene, revision, said, said)
        edits = scene.store.file_edits(scene.account, revision)
        assert len(edits) <= MOST_EDITS
        for fields in ([edit.settings for edit in edits], [edit.session for edit in edits]):
            assert fields[-1]["n"] == 3 * MOST_EDITS - 1
            assert {key for each in fields for key in each} == {"n", *(f"only{n}" for n in range(3 * MOST_EDITS))}

    def test_a_file_that_was_written_is_known(self, scene: Scene) -> None:
        assert scene.store.known_file(scene.account) is None
        assert scene.store.note_file(scene.account, FileRevision(3, {}, {}), "d3", None)
        assert scene.store.known_file(scene.account) == KnownFile("d3", 3)

    def test_of_two_who_write_the_file_the_second_is_told(self, scene: Scene) -> None:
        assert scene.store.note_file(scene.account, FileRevision(3, {"a": 1}, {}), "d3", None)
        assert not scene.store.note_file(scene.account, FileRevision(4, {"a": 2}, {}), "d4", None)
        assert scene.store.known_file(scene.account) == KnownFile("d3", 3)
        assert scene.store.file_revision(scene.account, None) == FileRevision(3, {"a": 1}, {})

    def test_writing_the_same_settings_again_takes_no_space(self, scene: Scene) -> None:
        for number in range(1, 50):
            known = scene.store.known_file(scene.account)
            assert scene.store.note_file(scene.account, FileRevision(number, {"a": 1}, {}), f"d{number}", known)
        newest = scene.store.file_revision(scene.account, None)
        assert newest is not None
        assert newest.revision == 1
        assert scene.store.known_file(scene.account) == KnownFile("d49", 49)

    def test_what_two_files_of_one_moment_say_is_known_of_both(self, scene: Scene) -> None:
        """The second was written in another time zone."""
        first, second = FileRevision(3, {}, {"at": "07:00"}), FileRevision(3, {}, {"at": "09:00"})
        for digest in ("d1", "d2"):
            assert scene.store.note_file(scene.account, first, digest, scene.store.known_file(scene.account))
        assert scene.store.file_edits(scene.account, 3) == []
        assert scene.store.note_file(scene.account, second, "d3", scene.store.known_file(scene.account))
        assert scene.store.file_revision(scene.account, 3) == first
        assert scene.store.file_edits(scene.account, 3) == [second]

    def test_a_file_is_taken_up_once(self, scene: Scene) -> None:
        edit = FileEdit(settings={"mine": 1})
        assert scene.store.take_up_once(scene.account, edit, "d1", None, by="file")
        assert scene.store.known_file(scene.account) == KnownFile("d1", None)
        scene.store.change_settings(scene.account, lambda _: {"mine": 2}, by="maria")
        assert not scene.store.take_up_once(scene.account, edit, "d1", None, by="file")
        assert scene.store.setting(scene.account, "mine") == 2

    def test_settings_of_a_file_are_laid_over_what_is_set(self, scene: Scene) -> None:
        scene.store.change_settings(scene.account, lambda _: {"mine": {"a": 1, "b": 2}}, by="maria")
        take_up(scene, settings={"mine": {"b": 3}}, session=lambda session: authenticated(session, 5))
        assert scene.store.setting(scene.account, "mine") == {"a": 1, "b": 3}
        assert scene.store.session(scene.account).authenticated

    def test_the_history_says_that_the_session_is_from_a_file(self, scene: Scene) -> None:
        take_up(scene, session=lambda session: authenticated(session, 5))
        (logged,) = scene.store.events(scene.account, limit=10)
        assert (logged.event.kind, logged.event.by, logged.event.why) == ("session", "file", "from a file")

    def test_unknown_messages_are_taken_in_and_not_counted(self, scene: Scene) -> None:
        scene.add({"id": "f1", "body": "known"})
        take_up(scene, messages=(message("f1"), message("f2")))
        assert (scene.ids(INCOMING), scene.ids(PENDING)) == (["f1"], ["f2"])
        assert scene.totals() == {"incoming": 1}
        assert scene.row("f2").origin == "file"

    @pytest.mark.parametrize("status", MessageStatus)
    def test_what_comes_from_a_file_is_neither_drafted_for_nor_sent(self, scene: Scene, status: MessageStatus) -> None:
        take_up(scene, messages=(message("f1", status),))
        row = scene.row("f1")
        assert scene.claim() is None
        assert scene.store.claim_draft(scene.account, lease=LEASE, by="drafter") is None
        assert scene.store.claim_row(row, lease=LEASE, by="script") is None
        assert row.digest is not None
        assert scene.store.script_rows(scene.account, row.digest) == []
        assert scene.store.undecided(scene.account, asked=False) == []

    def test_a_person_can_approve_what_came_from_a_file(self, scene: Scene) -> None:
        take_up(scene, messages=(message("f1"),))
        scene.approve("f1")
        claim = scene.claim()
        assert claim is not None
        assert claim.text == "From a file"

    @pytest.mark.parametrize("purged", [False, True])
    def test_what_was_cleared_is_shown_again_and_nothing_becomes_sendable(self, scene: Scene, purged: bool) -> None:
        scene.accepted(scene.claimed("m2"))
        row = scene.approve(scene.draft().id)
        before = scene.totals()
        for status in (APPROVED, SENT, INCOMING):
            scene.store.clear(scene.account, status, by="script")
        if purged:
            scene.store.purge(scene.account)
        take_up(
            scene,
            again=True,
            messages=tuple(
                (SENT, content_of({"id": name, "recipient": ANA, "body": "Until six."}))
                for name in (row.id, "reply_m2", "m1")
            ),
        )
        assert (scene.ids(APPROVED), scene.ids(SENT), scene.ids(INCOMING)) == ([row.id], ["reply_m2"], ["m1"])
        assert scene.totals() == before
        assert scene.claim() is None
        assert scene.store.claim_row(scene.row(row.id), lease=LEASE, by="script") is None
        assert scene.store.claim_draft(scene.account, lease=LEASE, by="drafter") is None
        assert scene.row(row.id).text == "Until six."

    def test_what_is_shown_again_with_another_text_is_approved_and_sent_as_that_text(self, scene: Scene) -> None:
        row = scene.draft()
        scene.store.clear(scene.account, PENDING, by="script")
        scene.store.purge(scene.account)
        edited = content_of({"id": row.id, "recipient": ANA, "body": "Edited in the backup"})
        take_up(scene, again=True, messages=((PENDING, edited),))
        approved = scene.approve(row.id)
        claim = scene.claim()
        assert claim is not None
        assert claim.text == "Edited in the backup"
        assert (
            scene.store.attempts(row.seq)[0].digest
            == content_of({"id": row.id, "recipient": claim.chat, "body": claim.text}).digest
        )
        assert approved.approved_version == scene.row(row.id).draft_version

    def test_what_is_visible_or_in_flight_is_left_as_it_is(self, scene: Scene) -> None:
        claim = scene.claimed()
        scene.store.clear(scene.account, APPROVED, by="script")
        scene.script("s1")
        before = scene.row("s1")
        take_up(scene, again=True, messages=(message(claim.id), message("s1")))
        assert scene.row("s1") == before
        assert scene.ids(APPROVED) == []
        assert scene.accepted(claim)

    def test_what_was_forgotten_stays_forgotten(self, scene: Scene) -> None:
        scene.receive("m1", text="secret")
        scene.store.forget(scene.account, ANA, by="maria")
        scene.store.clear(scene.account, INCOMING, by="script")
        take_up(scene, again=True, messages=((INCOMING, content_of({"id": "m1", "from": ANA, "body": "secret"})),))
        assert "secret" not in scene.row("m1").payload
        scene.store.clear(scene.account, INCOMING, by="script")
        scene.store.purge(scene.account)
        take_up(scene, again=True, messages=((INCOMING, content_of({"id": "m1", "from": ANA, "body": "secret"})),))
        assert "secret" not in scene.row("m1").payload

    def test_a_new_store_begins_with_a_file_once(self, scene: Scene) -> None:
        edit = FileEdit(messages=(message("f1", SENT),), totals={SENT: (7, 5)})
        assert not scene.store.has_begun(scene.account)
        assert scene.store.begin(scene.account, edit, "d1", by="import")
        assert not scene.store.begin(scene.account, edit, "d1", by="import")
        assert scene.store.has_begun(scene.account)
        assert (scene.ids(SENT), scene.totals()) == (["f1"], {"sent": 7})
        assert scene.store.counters(scene.account)[SENT].last_at == 5
        scene.add({"id": "m1"}, SENT)
        assert scene.totals() == {"sent": 8}

    def test_without_a_file_a_new_store_begins_once_too(self, scene: Scene) -> None:
        assert scene.store.begin(scene.account, None, None, by="signoff")
        assert scene.store.has_begun(scene.account)
        assert not scene.store.begin(scene.account, None, None, by="signoff")
        (logged,) = scene.store.events(scene.account, limit=10)
        assert (logged.event.kind, logged.event.by, logged.event.why) == ("begun", "signoff", None)

    def test_the_history_says_what_was_imported(self, scene: Scene) -> None:
        everything = [message(f"f{number}", SENT) for number in range(3 * AT_ONCE)]
        edit = FileEdit(messages=everything, totals={SENT: (7, 5)})
        assert scene.store.begin(scene.account, edit, "d1", by="import")
        events = [logged.event for logged in scene.store.events(scene.account, limit=1000) if logged.message is None]
        assert [(event.kind, event.by) for event in events] == [
            ("importing", "import"),
            ("begun", "import"),
            ("baseline", "import"),
        ]
        assert events[1].why == "imported"
        assert json.loads(events[2].why or "") == {"why": "import", "totals": {"sent": [7, 5]}}

    def test_a_large_file_comes_in_by_batches_between_which_others_write(self, scene: Scene) -> None:
        """Counted in messages: between two of a writer's changes never more than one batch comes in."""
        longest = before = 0

        def read() -> Iterator[tuple[MessageStatus, Content]]:
            nonlocal longest, before
            for number in range(4 * AT_ONCE):
                yield message(f"f{number}", SENT)
                scene.add({"id": f"m{number}"})
                present = len(scene.ids(SENT))
                longest, before = max(longest, present - before), present

        take_up(scene, messages=read())
        assert len(scene.ids(SENT)) == 4 * AT_ONCE
        assert longest == AT_ONCE
        assert scene.totals() == {"incoming": 4 * AT_ONCE}

    @pytest.mark.parametrize("fit", [1, 10])
    def test_large_messages_come_in_by_smaller_batches(self, scene: Scene, fit: int) -> None:
        large = content_of({"id": "x", "body": "x" * (BYTES_AT_ONCE // fit)})

        def read() -> Iterator[tuple[MessageStatus, Content]]:
            for number in range(6 * fit):
                assert len(scene.ids(SENT)) >= number - 2 * fit
                yield SENT, large._replace(id=f"f{number}")

        take_up(scene, messages=read())

    def test_what_says_that_a_file_was_taken_up_comes_with_its_last_message(self, scene: Scene) -> None:
        scene.store.change_settings(scene.account, lambda _: {"mine": 1}, by="maria")

        def read() -> Iterator[tuple[MessageStatus, Content]]:
            for number in range(4 * AT_ONCE):
                assert scene.store.setting(scene.account, "mine") == 1
                assert scene.store.known_file(scene.account) is None
                assert not scene.store.session(scene.account).authenticated
                yield message(f"f{number}", SENT)

        edit = FileEdit({"mine": 2}, lambda session: authenticated(session, 5), read())
        assert scene.store.take_up_once(scene.account, edit, "d1", None, by="file")
        assert scene.store.setting(scene.account, "mine") == 2
        assert scene.store.session(scene.account).authenticated
        assert scene.store.known_file(scene.account) == KnownFile("d1", None)

    def test_one_that_was_taken_up_by_another_meanwhile_is_given_up(self, scene: Scene) -> None:
        def read() -> Iterator[tuple[MessageStatus, Content]]:
            for number in range(9 * AT_ONCE):
                if number == 3 * AT_ONCE:
                    assert scene.store.take_up_once(scene.account, FileEdit(), "d1", None, by="another")
                yield message(f"f{number}", SENT)

        edit = FileEdit({"mine": 2}, messages=read())
        assert not scene.store.take_up_once(scene.account, edit, "d1", None, by="file")
        assert scene.store.setting(scene.account, "mine") is None
        assert len(scene.ids(SENT)) < 4 * AT_ONCE

    def test_one_that_fails_in_the_middle_says_so_and_goes_on_when_it_is_taken_up_again(self, scene: Scene) -> None:
        everything = [message(f"f{number}", SENT) for number in range(4 * AT_ONCE)]
        entries = tuple(("message_log", f"r{number}", "{}") for number in range(AT_ONCE))

        def read() -> Iterator[tuple[MessageStatus, Content]]:
            yield from everything[: 3 * AT_ONCE + 1]
            raise StoreFull("the disk is full; nothing was changed: free space, try again")

        with pytest.raises(StoreFull) as told:
            take_up(scene, {"mine": 2}, messages=read(), records=entries)
        assert str(told.value) == (
            f"{2 * AT_ONCE} messages or entries were taken in before this, and the same again goes on with the rest: "
            "the disk is full; nothing more was changed: free space, try again"
        )
        assert scene.store.setting(scene.account, "mine") is None
        assert scene.store.check() == []
        take_up(scene, {"mine": 2}, messages=everything, records=entries)
        assert scene.ids(SENT) == [content.id for _, content in everything]
        assert len(scene.store.records(scene.account, "message_log")) == AT_ONCE
        assert scene.store.setting(scene.account, "mine") == 2

    def test_one_that_fails_at_once_says_that_nothing_was_changed(self, scene: Scene) -> None:
        def read() -> Iterator[tuple[MessageStatus, Content]]:
            yield message("f1")
            raise StoreFull("the disk is full; nothing was changed: free space, try again")

        with pytest.raises(StoreFull, match=r"^the disk is full; nothing was changed"):
            take_up(scene, messages=read())
        assert scene.ids(PENDING) == []

    def test_an_import_that_was_stopped_has_not_begun_and_goes_on(self, scene: Scene) -> None:
        everything = [message(f"f{number}", SENT) for number in range(4 * AT_ONCE)]

        def read() -> Iterator[tuple[MessageStatus, Content]]:
            yield from everything[: 3 * AT_ONCE + 1]
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            scene.store.begin(scene.account, FileEdit(messages=read(), totals={SENT: (7, 5)}), "d1", by="import")
        assert len(scene.ids(SENT)) == 2 * AT_ONCE
        assert not scene.store.has_begun(scene.account)
        edit = FileEdit({"mine": 1}, messages=everything, totals={SENT: (7, 5)})
        scene.clock.advance(1)
        scene.add({"id": "m1"}, SENT)
        added_at = scene.row("m1").added_at
        scene.clock.advance(1)
        assert scene.store.begin(scene.account, edit, "d1", by="import")
        assert not scene.store.begin(scene.account, edit, "d1", by="import")
        assert scene.store.has_begun(scene.account)
        assert len(scene.ids(SENT)) == 4 * AT_ONCE + 1
        assert scene.totals() == {"sent": 8}, "what was counted meanwhile counts"
        assert scene.store.counters(scene.account)[SENT].last_at == added_at

    def test_a_view_is_one_moment(self, scene: Scene) -> None:
        scene.add({"id": "m1", "body": "one"})

        def read(view: View) -> tuple[int, list[str], int]:
            first = view.counters[INCOMING].listed
            scene.add({"id": "m2"})
            return first, list(view.messages(INCOMING, None)), view.revision

        listed, messages, revision = scene.store.view(scene.account, read)
        assert (listed, messages) == (1, ['{"id":"m1","body":"one"}'])
        assert revision < scene.store.last_event()
        assert scene.store.view(scene.account, lambda view: view.session) == Session()

    def test_before_anything_happened_no_time_is_told(self, scene: Scene) -> None:
        assert scene.store.view(scene.account, lambda view: (view.revision, view.time_of(view.revision))) == (0, None)

    def test_a_store_and_its_accounts_are_named_and_a_view_says_the_same(self, scene: Scene, other: Scene) -> None:
        for each, name in ((scene, "default"), (other, "shop")):
            assert each.store.account_name(each.account) == name
            shown = each.store.view(each.account, lambda view: (view.store_id, view.account_name))
            assert shown == (each.store.store_id(), name)

    def test_a_view_shows_a_moved_message_as_scripts_see_it(self, scene: Scene) -> None:
        scene.add({"id": "m1", "body": "🌊"})
        scene.clock.advance(1)
        scene.move("m1", INCOMING, APPROVED)
        (text,) = scene.store.view(scene.account, lambda view: list(view.messages(APPROVED, None)))
        assert json.loads(text) == scene.row("m1").message
        assert json.loads(text)["status"] == "approved"
        assert "🌊" in text

    def test_a_view_gives_all_entries_of_a_list_however_many(self, scene: Scene) -> None:
        entries = [("message_log", f"r{number}", str(number)) for number in range(PAGE + 1)]
        take_up(scene, records=entries)
        shown = scene.store.view(scene.account, lambda view: list(view.records("message_log", None)))
        assert shown == [payload for _, _, payload in entries]


class RecordsContract(Contract):
    def add(self, scene: Scene, name: str = "message_log", **entry: Any) -> bool:
        return scene.store.add_record(scene.account, name, entry, by="sender")

    def test_entries_come_back_in_order_the_newest_when_limited(self, scene: Scene) -> None:
        for number in range(4):
            assert self.add(scene, n=number)
        assert [entry["n"] for entry in scene.store.records(scene.account, "message_log")] == [0, 1, 2, 3]
        assert [entry["n"] for entry in scene.store.records(scene.account, "message_log", 2)] == [2, 3]
        assert scene.store.records(scene.account, "pending_replies") == []

    def test_an_id_is_taken_once_and_its_fields_can_change(self, scene: Scene) -> None:
        self.add(scene, "generated_replies", id="r1", status="pending", x=1)
        assert not self.add(scene, "generated_replies", id="r1", x=2)
        change = {"status": "approved"}
        assert scene.store.change_record(scene.account, "generated_replies", "r1", change, by="script")
        assert not scene.store.change_record(scene.account, "generated_replies", "r2", change, by="script")
        assert scene.store.records(scene.account, "generated_replies") == [{"id": "r1", "status": "approved", "x": 1}]

    def test_an_entry_without_an_id_is_known_by_what_it_said_at_the_beginning(self, scene: Scene) -> None:
        assert self.add(scene, recipient=ANA, message="Hello", status="pending")
        assert not self.add(scene, recipient=ANA, message="Hello", status="success", error=None)
        assert self.add(scene, recipient=ANA, message="Hello again", status="pending")

    @pytest.mark.parametrize("value", [5, True, ["r1"], ""])
    def test_an_id_that_is_no_text_is_none(self, scene: Scene, value: Any) -> None:
        assert self.add(scene, id=value, n=1)
        assert not self.add(scene, n=1, id=value)
        assert self.add(scene, id=value, n=2)

    def test_an_entry_that_an_earlier_version_wrote_is_known_by_the_same_id(self) -> None:
        entry = {"recipient": ANA, "message": "Grüße 🌊", "status": "pending"}
        assert record_id("message_log", entry) == "file-03dc03994f00f7b378850657"

    def test_one_that_cannot_be_stored_is_refused_and_its_list_named(self, scene: Scene) -> None:
        self.add(scene, id="r1", n=1)
        with pytest.raises(InvalidMessage, match="an entry of message_log holds a NUL"):
            self.add(scene, id="r2", text="a\0b")
        with pytest.raises(InvalidMessage, match="an entry of message_log holds a NUL"):
            scene.store.change_record(scene.account, "message_log", "r1", {"text": "a\0b"}, by="script")
        with pytest.raises(InvalidMessage, match="the id of an entry of message_log holds a NUL"):
            scene.store.change_record(scene.account, "message_log", "r\0", {}, by="script")
        assert scene.store.records(scene.account, "message_log") == [{"id": "r1", "n": 1}]

    def test_the_history_names_what_was_added_and_changed_by_whom(self, scene: Scene) -> None:
        self.add(scene, "generated_replies", id="r1")
        scene.store.change_record(scene.account, "generated_replies", "r1", {"x": 1}, by="script")
        events = [logged.event for logged in scene.store.events(scene.account, limit=10)]
        assert [(event.kind, event.by, event.why) for event in events] == [
            ("added to generated_replies", "sender", "r1"),
            ("changed in generated_replies", "script", "r1"),
        ]

    def test_there_are_four_lists_and_no_more(self, scene: Scene) -> None:
        with pytest.raises(StoreError):
            self.add(scene, "messages", id="r1")

    def test_entries_of_another_account_are_its_own(self, scene: Scene, other: Scene) -> None:
        self.add(scene, id="r1", n=1)
        assert other.store.records(other.account, "message_log") == []
        assert self.add(other, id="r1", n=2)
