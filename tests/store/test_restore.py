"""A backup in the place of a database: nothing that was sent can be sent again by it, and nothing is lost."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff.errors import Decision, StateFileError, StoreBusy, StoreCorrupt, StoreError, StoreTooNew
from signoff.store import migrate, open_store
from signoff.store.filelock import FileLock
from signoff.store.restore import Restored, restore_database
from signoff.store.statements import statements

from ..conftest import ManualClock, verify
from .outside import sql
from .scenes import ANA, ANA_LID, BEN, PENDING, SENT, Scene

HOLD = "outbox_hold"


class Machine:
    """A database in a folder, its backup, and what is done to them."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.path = folder / "state.db"
        self.backup_path = folder / "monday.db"
        self.kept = folder / "replaced.db"
        self.clock = clock
        self.scene = self.open()

    def open(self) -> Scene:
        self.scene = Scene(open_store(self.path, clock=self.clock, busy_timeout=1.0), self.clock)
        return self.scene

    def close(self) -> None:
        self.scene.store.close()

    def backup(self) -> None:
        self.scene.store.backup(self.backup_path)

    def restore(self, backup: Path | None = None, **more: str) -> Restored:
        """Restore with the store closed, as the command does, and open it again."""
        self.close()
        restored = restore_database(
            self.path, backup or self.backup_path, self.kept, hold=HOLD, clock=self.clock, busy_timeout=1.0, **more
        )
        self.open()
        return restored

    def held(self) -> object:
        return self.scene.store.setting(self.scene.account, HOLD)


@pytest.fixture
def machine(tmp_path: Path, clock: ManualClock) -> Iterator[Machine]:
    machine = Machine(tmp_path, clock)
    yield machine
    machine.close()
    verify(machine.path)


def is_out(scene: Scene, message_id: str) -> bool:
    """Whether nobody can approve a message any more, because it has left or may have."""
    try:
        scene.approve(message_id, despite=scene.row(message_id).stale)
    except Decision:
        return scene.row(message_id).delivery is not None or scene.row(message_id).status == "sent"
    return False


class TestWhatWasSentSinceTheBackup:
    def test_stays_sent(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.backup()
        machine.scene.approve(row.id)
        claim = machine.scene.claim()
        assert claim is not None
        machine.scene.accepted(claim)
        restored = machine.restore()
        assert restored.hold is None
        assert machine.scene.ids(SENT) == [row.id]
        assert machine.scene.claim() is None
        assert is_out(machine.scene, row.id)

    def test_keeps_the_text_that_was_sent_and_who_approved_it(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.backup()
        machine.scene.edit(row.id, "Until seven.")
        machine.scene.edit(row.id, "Until eight.")
        machine.scene.approve(row.id)
        claim = machine.scene.claim()
        assert claim is not None
        machine.scene.accepted(claim, "g7")
        before = machine.scene.kinds(row.id)
        machine.restore()
        sent = machine.scene.row(row.id)
        assert (sent.text, sent.approved_by, sent.delivery) == ("Until eight.", "maria", "accepted")
        assert [attempt.gateway_id for attempt in machine.scene.store.attempts(sent.seq)] == ["g7"]
        assert machine.scene.kinds(row.id) == [*before, "restored"]
        assert machine.scene.store.history(machine.scene.account, row.id)[-1].why == "from the replaced database"

    def test_is_not_drafted_again_when_the_backup_knew_only_the_question(self, machine: Machine) -> None:
        machine.scene.receive()
        machine.backup()
        reply = machine.scene.answer()
        machine.scene.approve(reply.id)
        claim = machine.scene.claim()
        assert claim is not None
        machine.scene.accepted(claim)
        machine.restore()
        assert machine.scene.store.claim_draft(machine.scene.account, lease=1, by="drafter") is None
        assert machine.scene.ids(SENT) == [reply.id]
        assert machine.scene.row(reply.id).answers == machine.scene.row("m1").seq
        last = machine.scene.store.history(machine.scene.account, "m1")[-1]
        assert (last.kind, last.why) == ("drafted", "since the backup")

    def test_makes_the_drafts_of_its_chat_out_of_date(self, machine: Machine) -> None:
        first = machine.scene.draft("m1")
        machine.backup()
        machine.scene.reject(first.id)
        machine.scene.receive("m2")
        second = machine.scene.answer("Until seven.")
        machine.scene.approve(second.id)
        claim = machine.scene.claim()
        assert claim is not None
        machine.scene.accepted(claim)
        machine.restore()
        assert machine.scene.row(first.id).status == "pending_approval"
        assert (machine.scene.row(first.id).stale or "").startswith("newer message")

    def test_by_a_script_is_not_used_again(self, machine: Machine) -> None:
        row = machine.scene.script()
        machine.backup()
        machine.scene.approve(row.id)
        claim = machine.scene.store.claim_row(machine.scene.row(row.id), lease=1, by="script")
        assert claim is not None
        machine.scene.accepted(claim, move=False)
        machine.scene.store.end_reservation(row.seq, "nobody", used=True, by="script")
        machine.restore()
        assert machine.scene.row(row.id).delivery == "accepted"
        assert is_out(machine.scene, row.id)

    def test_and_told_to_a_script_is_not_told_again(self, machine: Machine) -> None:
        row = machine.scene.script()
        machine.backup()
        machine.scene.reject(row.id)
        machine.scene.store.reserve(row.seq, "here:1", None, by="script")
        machine.scene.store.end_reservation(row.seq, "here:1", used=True, by="script")
        machine.restore()
        assert machine.scene.row(row.id).used == 1
        assert machine.scene.store.script_rows(machine.scene.account, str(row.digest)) == []

    def test_is_known_to_a_late_receipt(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.backup()
        machine.scene.approve(row.id)
        claim = machine.scene.claim()
        assert claim is not None
        machine.scene.unconfirmed(claim)
        machine.restore()
        assert machine.scene.row(row.id).delivery == "unknown"
        account = machine.scene.account
        assert machine.scene.store.receipt(account, ack="device", gateway_id=None, token=claim.token, by="gateway")
        assert machine.scene.row(row.id).status == "sent"

    def test_or_settled_by_hand_stays_settled(self, machine: Machine) -> None:
        claim = machine.scene.claimed()
        machine.scene.unconfirmed(claim)
        machine.backup()
        machine.scene.store.confirm_sent(machine.scene.row(claim.id), by="maria")
        machine.restore()
        assert machine.scene.row(claim.id).status == "sent"


class TestWhatWasInFlightAtTheBackup:
    @pytest.mark.parametrize(
        ("outcome", "status"), [("accepted", "sent"), ("refused", "failed"), ("unconfirmed", "failed")]
    )
    def test_turns_out_as_it_did(self, machine: Machine, outcome: str, status: str) -> None:
        claim = machine.scene.claimed()
        machine.backup()
        getattr(machine.scene, outcome)(claim)
        before = machine.scene.row(claim.id)
        machine.restore()
        after = machine.scene.row(claim.id)
        assert (after.status, after.delivery, after.reason) == (status, before.delivery, before.reason)
        (attempt,) = machine.scene.store.attempts(after.seq)
        assert attempt.outcome == before.delivery
        assert machine.scene.claim() is None

    def test_and_still_is_becomes_unconfirmed(self, machine: Machine) -> None:
        claim = machine.scene.claimed()
        machine.backup()
        machine.restore()
        row = machine.scene.row(claim.id)
        assert (row.status, row.delivery, row.reason) == ("failed", "unknown", "unconfirmed")
        assert machine.scene.kinds(claim.id)[-1] == "restored"
        assert is_out(machine.scene, claim.id)

    @pytest.mark.parametrize("seen", ["before the backup", "since"])
    def test_and_was_seen_to_arrive_is_sent(self, machine: Machine, seen: str) -> None:
        claim = machine.scene.claimed()
        if seen == "since":
            machine.backup()
        machine.scene.store.receipt(machine.scene.account, ack="device", gateway_id=None, token=claim.token, by="inbox")
        if seen == "before the backup":
            machine.backup()
        machine.restore()
        row = machine.scene.row(claim.id)
        assert (row.status, row.delivery, row.reason) == ("sent", "accepted", None)
        (attempt,) = machine.scene.store.attempts(row.seq)
        assert (attempt.outcome, attempt.reason, attempt.ack) == ("accepted", None, "device")

    def test_or_only_when_the_database_was_replaced_is_unconfirmed_as_well(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.backup()
        machine.scene.approve(row.id)
        assert machine.scene.claim() is not None
        machine.restore()
        present = machine.scene.row(row.id)
        assert (present.status, present.delivery, present.reason) == ("failed", "unknown", "unconfirmed")

    @pytest.mark.parametrize("asked", ["before the backup", "since"])
    def test_is_forgotten_where_that_was_asked_for(self, machine: Machine, asked: str) -> None:
        claim = machine.scene.claimed()
        if asked == "since":
            machine.backup()
        machine.scene.store.forget(machine.scene.account, ANA, by="maria")
        if asked == "before the backup":
            machine.backup()
        machine.restore()
        row = machine.scene.row(claim.id)
        assert (row.delivery, row.text, row.digest) == ("unknown", "", None)

    def test_is_settled_where_the_database_in_its_place_never_began_it(self, machine: Machine, tmp_path: Path) -> None:
        machine.scene.draft()
        machine.scene.store.backup(tmp_path / "sunday.db")
        machine.scene.approve("reply_m1")
        assert machine.scene.claim() is not None
        machine.backup()
        machine.close()
        for path in tmp_path.glob("state.db*"):
            path.unlink()
        shutil.copy(tmp_path / "sunday.db", machine.path)
        machine.open().reject("reply_m1")
        machine.restore()
        row = machine.scene.row("reply_m1")
        assert row.status == "rejected"
        assert [attempt.outcome for attempt in machine.scene.store.attempts(row.seq)] == ["unknown"]

    def test_is_unconfirmed_where_nobody_can_tell(self, machine: Machine, tmp_path: Path) -> None:
        claim = machine.scene.claimed()
        machine.backup()
        machine.close()
        for path in tmp_path.glob("state.db*"):
            path.unlink()
        restored = restore_database(machine.path, machine.backup_path, machine.kept, hold=HOLD, clock=machine.clock)
        machine.open()
        assert restored.kept is None
        assert restored.taken_over == 0
        events = [logged.event for logged in machine.scene.store.events(machine.scene.account, limit=10)]
        assert [event.why for event in events if event.kind == "restored" and event.to_status is None] == [
            restored.hold
        ]
        assert machine.scene.row(claim.id).delivery == "unknown"
        assert machine.scene.store.expired_claims(machine.scene.account, lease=1, by="outbox") == []
        assert machine.held() == restored.hold is not None

    def test_and_put_off_or_edited_since_is_not_sent_by_itself(self, machine: Machine) -> None:
        claim = machine.scene.claimed()
        machine.backup()
        machine.scene.store.postponed(claim, "busy", 0, by="outbox")
        machine.scene.edit(claim.id, "Until seven.")
        machine.restore()
        row = machine.scene.row(claim.id)
        assert (row.status, row.text, row.approved_version) == ("pending_approval", "Until seven.", None)


class TestApprovals:
    def test_that_were_not_sent_are_ended(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.scene.approve(row.id)
        machine.scene.approve(machine.scene.draft("m2", chat=BEN).id)
        machine.backup()
        restored = machine.restore()
        present = machine.scene.row(row.id)
        assert (present.status, present.reason, present.approved_version) == ("pending_approval", "restored", None)
        assert machine.scene.kinds(row.id)[-2:] == ["restored", "asked"]
        assert restored.ended == 2
        assert machine.scene.claim() is None
        machine.scene.approve(row.id)
        assert machine.scene.claim() is not None

    def test_given_since_are_ended_too(self, machine: Machine) -> None:
        machine.backup()
        row = machine.scene.draft()
        machine.scene.approve(row.id)
        restored = machine.restore()
        assert machine.scene.row(row.id).status == "pending_approval"
        assert (restored.taken_over, restored.ended) == (2, 1)

    def test_beside_a_message_of_a_script_are_ended(self, machine: Machine) -> None:
        row = machine.scene.script()
        machine.scene.store.approve_beside(row, by="maria", kind="script")
        machine.backup()
        machine.restore()
        assert machine.scene.row(row.id).approved_version is None

    def test_are_left_to_people_and_no_rule_sees_them(self, machine: Machine) -> None:
        machine.scene.approve(machine.scene.draft("m1").id)
        machine.scene.draft("m2", chat=BEN)
        machine.backup()
        machine.restore()
        assert machine.scene.store.undecided(machine.scene.account, asked=False) == []
        assert machine.scene.ids(PENDING) == ["reply_m2", "reply_m1"]
        last = machine.scene.store.history(machine.scene.account, "reply_m2")[-1]
        assert (last.kind, last.why) == ("asked", "for a person: the database was restored")


class TestWhatCameSinceTheBackup:
    def test_is_kept_and_its_ids_stay_known(self, machine: Machine) -> None:
        machine.backup()
        machine.scene.receive("m1")
        reply = machine.scene.answer()
        machine.scene.edit(reply.id, "Until seven.")
        machine.scene.receive("m2", chat=BEN)
        machine.restore()
        assert machine.scene.receive("m1") is None
        present = machine.scene.row(reply.id)
        assert (present.status, present.text, present.draft_version) == ("pending_approval", "Until seven.", 2)
        assert [version["text"] for version in machine.scene.store.versions(present.seq)] == ["Until six."]
        assert machine.scene.answer("Hello Ben.").id == "reply_m2"

    def test_keeps_why_something_was_decided(self, machine: Machine) -> None:
        machine.backup()
        machine.scene.reject(machine.scene.draft().id, reason="too early")
        machine.restore()
        history = machine.scene.store.history(machine.scene.account, "reply_m1")
        assert [event.why for event in history if event.kind == "rejected"] == ["too early"]

    @pytest.mark.parametrize("chat", [ANA, ANA_LID])
    def test_makes_older_drafts_out_of_date(self, machine: Machine, chat: str) -> None:
        machine.scene.receive("m0", ANA, aliases=(ANA_LID,), draft=False)
        row = machine.scene.draft()
        machine.backup()
        machine.scene.receive("m2", chat)
        machine.restore()
        assert machine.scene.row(row.id).stale == "newer message m2"

    def test_makes_them_out_of_date_when_a_script_has_sent_it(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.backup()
        machine.scene.script("s1", SENT)
        machine.restore()
        assert machine.scene.row(row.id).stale == "newer message s1"

    def test_leaves_them_as_they_are_while_it_only_waits_itself(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.backup()
        machine.scene.script("s1", PENDING)
        machine.restore()
        assert machine.scene.row(row.id).stale is None

    def test_and_was_put_off_is_for_a_person_again(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.backup()
        machine.scene.approve(row.id)
        claim = machine.scene.claim()
        assert claim is not None
        machine.scene.store.postponed(claim, "busy", 0, by="outbox")
        before = machine.scene.kinds(row.id)
        restored = machine.restore()
        assert (restored.taken_over, restored.ended) == (1, 1)
        assert machine.scene.row(row.id).status == "pending_approval"
        assert machine.scene.kinds(row.id) == [*before, "restored", "restored", "asked"]

    def test_replaces_an_older_draft_for_the_same_message(self, machine: Machine) -> None:
        first = machine.scene.draft()
        machine.scene.approve(first.id)
        machine.backup()
        machine.scene.store.ask_again(machine.scene.account, first.id, by="maria", why=None)
        second = machine.scene.answer("Until seven.")
        machine.restore()
        assert machine.scene.row(first.id).reason == "superseded"
        assert machine.scene.row(second.id).status == "pending_approval"

    def test_keeps_the_addresses_of_a_contact_together(self, machine: Machine) -> None:
        machine.scene.receive("m1", ANA)
        machine.scene.receive("m2", ANA_LID)
        machine.backup()
        machine.scene.receive("m3", ANA, aliases=(ANA_LID,))
        machine.scene.receive("m4", BEN, aliases=("900000000000102@lid",))
        machine.restore()
        store, account = machine.scene.store, machine.scene.account
        assert sorted(store.addresses(account, ANA)) == sorted([ANA, ANA_LID])
        assert sorted(store.addresses(account, BEN)) == sorted([BEN, "900000000000102@lid"])

    def test_is_not_counted(self, machine: Machine) -> None:
        machine.scene.draft("m1")
        machine.backup()
        before = machine.scene.totals()
        machine.scene.accepted(machine.scene.claimed("m2", BEN))
        machine.restore()
        assert machine.scene.totals() == before

    def test_another_account_is_kept_with_its_settings(self, machine: Machine) -> None:
        machine.backup()
        shop = Scene(machine.scene.store, machine.clock, "shop")
        shop.store.change_settings(shop.account, lambda _: {"colour": "blue"}, by="maria")
        shop.draft("s1")
        machine.restore()
        shop = Scene(machine.scene.store, machine.clock, "shop")
        assert shop.store.setting(shop.account, "colour") == "blue"
        assert shop.ids(PENDING) == ["reply_s1"]

    def test_entries_of_other_components_are_kept(self, machine: Machine) -> None:
        machine.backup()
        store, account = machine.scene.store, machine.scene.account
        store.add_record(account, "message_log", {"status": "success"}, by="sender")
        machine.restore()
        assert machine.scene.store.records(machine.scene.account, "message_log") == [{"status": "success"}]


class TestWhatTheBackupHolds:
    def test_comes_back(self, machine: Machine) -> None:
        scene = machine.scene
        row = scene.draft()
        scene.store.change_settings(scene.account, lambda _: {"colour": "blue"}, by="maria")
        machine.backup()
        scene.reject(row.id)
        scene.store.change_settings(scene.account, lambda _: {"colour": "red"}, by="maria")
        machine.restore()
        assert machine.scene.row(row.id).status == "pending_approval"
        assert machine.scene.store.setting(machine.scene.account, "colour") == "blue"

    def test_is_in_place_private_and_what_was_there_is_kept(self, machine: Machine) -> None:
        machine.scene.draft("m1")
        machine.backup()
        machine.scene.draft("m2", chat=BEN)
        restored = machine.restore()
        assert restored.kept == machine.kept
        kept = Scene(open_store(machine.kept, clock=machine.clock), machine.clock)
        assert kept.ids(PENDING) == ["reply_m1", "reply_m2"]
        kept.store.close()
        if os.name != "nt":
            assert {stat.S_IMODE(path.stat().st_mode) for path in (machine.path, machine.kept)} == {0o600}

    def test_comes_back_from_a_plain_copy_too_and_is_whole_in_one_file(self, machine: Machine) -> None:
        machine.scene.draft()
        machine.close()
        shutil.copy(machine.path, machine.backup_path)
        restore_database(machine.path, machine.backup_path, machine.kept, hold=HOLD, clock=machine.clock)
        assert machine.path.read_bytes()[18:20] == b"\x01\x01"  # no journal beside it is needed
        machine.open()
        assert machine.scene.ids(PENDING) == ["reply_m1"]

    def test_of_an_older_version_is_brought_up_to_date(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        machine.scene.draft()
        machine.backup()
        newer = (*migrate.migrations(), migrate.Migration(1000, "later", "CREATE TABLE more (x TEXT) STRICT"))
        with monkeypatch.context() as patch:
            patch.setattr(migrate, "migrations", lambda: newer)
            restored = machine.restore()
            assert restored.hold is None
            assert machine.scene.ids(PENDING) == ["reply_m1"]
            machine.close()
        for path in (machine.path, machine.kept):
            query = "SELECT applied_at FROM schema_versions WHERE version = 1000"
            assert sql(path, query) == [[[machine.clock()]]]
        sql(machine.path, "DELETE FROM schema_versions WHERE version = 1000")

    def test_begins_attempts_under_names_that_were_never_used(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.scene.approve(row.id)
        machine.backup()
        claim = machine.scene.claim()
        assert claim is not None
        machine.scene.store.postponed(claim, "busy", 0, by="outbox")
        machine.restore()
        machine.scene.approve(row.id)
        again = machine.scene.claim()
        assert again is not None
        assert again.token != claim.token
        tokens = [attempt.token for attempt in machine.scene.store.attempts(machine.scene.row(row.id).seq)]
        assert tokens == [claim.token, again.token]

    def test_does_so_also_where_nobody_knows_which_were_used(self, machine: Machine, tmp_path: Path) -> None:
        machine.backup()
        lost = machine.scene.claimed()
        machine.close()
        for path in tmp_path.glob("state.db*"):
            path.unlink()
        machine.restore()
        assert machine.scene.claimed().token != lost.token

    def test_does_not_take_the_state_file_of_before_for_an_edit(self, machine: Machine) -> None:
        machine.backup()
        machine.restore(shown="digest of the file")
        known = machine.scene.store.known_file(machine.scene.account)
        assert known is not None
        assert (known.digest, known.written) == ("digest of the file", None)


class TestWhenNobodyKnowsWhatWasSent:
    def test_because_there_is_another_database_in_its_place(self, machine: Machine, tmp_path: Path) -> None:
        machine.scene.draft()
        machine.backup()
        machine.close()
        machine.path = tmp_path / "another.db"
        machine.open().draft("m2", chat=BEN)
        restored = machine.restore()
        assert "restored, and the database in its place was another one: nobody knows" in str(restored.hold)
        assert machine.held() == restored.hold
        assert sorted(machine.scene.ids(PENDING)) == ["reply_m1", "reply_m2"]

    def test_because_the_database_in_its_place_is_older(self, machine: Machine, tmp_path: Path) -> None:
        machine.scene.draft()
        machine.scene.store.backup(tmp_path / "sunday.db")
        machine.scene.approve("reply_m1")
        machine.backup()
        machine.close()
        for path in tmp_path.glob("state.db*"):
            path.unlink()
        shutil.copy(tmp_path / "sunday.db", machine.path)
        restored = machine.restore()
        assert "restored, and the database in its place was older than the backup: nobody" in str(restored.hold)

    @pytest.mark.parametrize(
        ("damage", "why"),
        [
            ("no database", "is damaged (file is not a database)"),
            ("broken inside", "is damaged (database disk image is malformed)"),
            ("parts that disagree", "is damaged (account 1: the counter of sent says 7, the events say 0)"),
            ("a journal alone", "there was no database in its place"),
        ],
    )
    def test_because_it_is_damaged(self, machine: Machine, tmp_path: Path, damage: str, why: str) -> None:
        machine.scene.draft()
        machine.backup()
        machine.close()
        if damage == "no database":
            machine.path.write_bytes(b"dear diary, " * 1000)
            (tmp_path / "state.db-shm").write_bytes(b"left over")
        elif damage == "parts that disagree":
            sql(machine.path, "UPDATE counters SET total = 7 WHERE status = 'sent'")
        elif damage == "broken inside":
            content = bytearray(machine.path.read_bytes())
            content[4096 * 3 : 4096 * 30] = bytes(4096 * 27)
            machine.path.write_bytes(content)
        else:
            machine.path.unlink()
            (tmp_path / "state.db-wal").write_bytes(b"left over")
        before = machine.path.read_bytes() if machine.path.exists() else None
        restored = machine.restore()
        assert why in str(restored.hold)
        assert machine.held() == restored.hold
        assert machine.scene.ids(PENDING) == ["reply_m1"]
        if damage in ("no database", "broken inside"):
            assert machine.kept.read_bytes() == before
        if before is not None and os.name != "nt":
            assert stat.S_IMODE(machine.kept.stat().st_mode) == 0o600
        for name in {"no database": ["replaced.db-shm"], "a journal alone": ["replaced.db-wal"]}.get(damage, []):
            assert (tmp_path / name).read_bytes() == b"left over"

    def test_and_otherwise_the_outbox_is_not_held(self, machine: Machine) -> None:
        machine.scene.draft()
        machine.backup()
        machine.restore()
        assert machine.held() is None


class TestWhatChangesNothing:
    def refused(self, machine: Machine, backup: Path, error: type[Exception]) -> str:
        machine.scene.draft()
        machine.close()
        with pytest.raises(error) as caught:
            restore_database(machine.path, backup, machine.kept, hold=HOLD, clock=machine.clock, busy_timeout=0.2)
        machine.open()
        assert machine.scene.ids(PENDING) == ["reply_m1"]
        assert not machine.kept.exists()
        assert list(machine.path.parent.glob(".*restoring*")) == []
        return str(caught.value)

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "no such table: counters"),
            (b"dear diary", "file is not a database"),
            (b"SQLite format 3\x00" + bytes(5000), "file is not a database"),
        ],
    )
    def test_what_is_no_database(self, machine: Machine, tmp_path: Path, content: bytes, why: str) -> None:
        (tmp_path / "bad.db").write_bytes(content)
        said = self.refused(machine, tmp_path / "bad.db", StateFileError)
        assert "bad.db is no good backup" in said
        assert why in said

    def test_a_database_of_another_program(self, machine: Machine, tmp_path: Path) -> None:
        sql(tmp_path / "other.db", "CREATE TABLE diary (day)")
        assert "other.db is a database, but not one of" in self.refused(machine, tmp_path / "other.db", StoreCorrupt)

    def test_what_is_to_be_kept_where_nothing_can_be(self, machine: Machine, tmp_path: Path) -> None:
        machine.backup()
        machine.kept = tmp_path / "missing" / "replaced.db"
        said = self.refused(machine, machine.backup_path, StateFileError)
        assert f"{machine.path} could not be restored (No such file or directory); it is as it was" in said

    def test_while_another_process_writes(self, machine: Machine) -> None:
        machine.backup()
        lock = FileLock(machine.path.with_name("state.db.lock"))
        machine.close()
        assert lock.acquire(0)
        with pytest.raises(StoreBusy, match=r"has been held by process .* for 0\.05 s; nothing was changed"):
            restore_database(machine.path, machine.backup_path, machine.kept, hold=HOLD, busy_timeout=0.05)
        lock.close()

    def test_a_backup_of_a_newer_version(self, machine: Machine) -> None:
        machine.backup()
        sql(machine.backup_path, "INSERT INTO schema_versions VALUES (999, 'later', 1)")
        self.refused(machine, machine.backup_path, StoreTooNew)

    def test_a_backup_whose_parts_disagree(self, machine: Machine) -> None:
        machine.backup()
        sql(machine.backup_path, "UPDATE counters SET total = 7 WHERE status = 'sent'")
        assert "the counter of sent" in self.refused(machine, machine.backup_path, StateFileError)

    def test_the_database_itself(self, machine: Machine) -> None:
        assert "is the database itself" in self.refused(machine, machine.path, StateFileError)

    def test_while_another_process_has_it_open(self, machine: Machine) -> None:
        machine.backup()
        machine.scene.draft()
        machine.close()
        program = (
            "import sys; from signoff.store import open_store; store = open_store(sys.argv[1]); store.last_event();"
            "print('open', flush=True); sys.stdin.read(); store.account('later'); print('written', flush=True)"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(machine.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            assert other.stdin is not None
            assert other.stdout.readline() == "open\n"
            with pytest.raises(StoreBusy, match=r"stop signoff run .*, then try again$"):
                restore_database(machine.path, machine.backup_path, machine.kept, hold=HOLD, clock=machine.clock)
            other.stdin.close()
            assert other.stdout.readline() == "written\n"
        machine.open()
        assert machine.scene.ids(PENDING) == ["reply_m1"]
        assert "later" in machine.scene.store.account_names()

    def test_in_the_process_that_has_it_open(self, machine: Machine) -> None:
        machine.scene.draft()
        machine.backup()
        with pytest.raises(StoreBusy):
            restore_database(machine.path, machine.backup_path, machine.kept, hold=HOLD, busy_timeout=0.2)
        machine.scene.approve("reply_m1")

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind whoever runs this")
    def test_a_folder_that_cannot_be_written(self, machine: Machine, tmp_path: Path) -> None:
        machine.backup()
        machine.close()
        tmp_path.chmod(0o500)
        try:
            with pytest.raises((StateFileError, StoreError)):
                restore_database(machine.path, machine.backup_path, machine.kept, hold=HOLD)
        finally:
            tmp_path.chmod(0o700)


class TestWhatWasForgottenSinceTheBackup:
    """Forgetting is for good: an old backup brings no words and no name back."""

    def test_stays_forgotten(self, machine: Machine) -> None:
        scene = machine.scene
        row = scene.draft()
        scene.edit(row.id, "Until seven.")
        scene.reject(row.id, reason="Ana was here")
        scene.store.add_record(
            scene.account, "message_log", {"id": "log1", "recipient": ANA, "message": "Hello"}, by="s"
        )
        machine.backup()
        scene.store.forget(scene.account, ANA, by="maria")
        machine.restore()
        assert words(machine) == []

    def test_stays_forgotten_when_it_was_sent_first(self, machine: Machine) -> None:
        row = machine.scene.draft()
        machine.scene.edit(row.id, "Until seven.")
        machine.backup()
        machine.scene.approve(row.id)
        claim = machine.scene.claim()
        assert claim is not None
        machine.scene.accepted(claim)
        machine.scene.store.forget(machine.scene.account, ANA, by="maria")
        machine.restore()
        assert words(machine) == []
        assert is_out(machine.scene, row.id)

    def test_of_others_and_what_came_after_it_keeps_its_words(self, machine: Machine) -> None:
        machine.scene.receive("m1", ANA, "Before")
        machine.scene.receive("m2", BEN, "Of another")
        machine.backup()
        machine.scene.store.forget(machine.scene.account, ANA, by="maria")
        machine.scene.receive("m3", ANA, "After")
        machine.restore()
        assert [machine.scene.row(name).text for name in ("m1", "m2", "m3")] == ["", "Of another", "After"]


def words(machine: Machine) -> list[object]:
    """Whatever texts and names the database holds."""
    machine.close()
    queries = (
        "SELECT payload FROM messages WHERE payload <> json_object('id', id)",
        "SELECT payload FROM records WHERE payload <> json_object('id', id)",
        "SELECT text FROM drafts WHERE text IS NOT NULL",
        "SELECT text FROM reasons",
    )
    found = [row[0] for query in queries for row in sql(machine.path, query)[0]]
    machine.open()
    return found


@pytest.mark.parametrize(
    ("table", "statement", "own"),
    [
        ("messages", "take_new take", {"arrival", "revision", "changed_at", "changed_by", "changed_what", "seq"}),
        ("attempts", "take_attempts", set()),
        ("drafts", "take_versions", set()),
        ("events", "take_event take_reason", {"seq", "counted", "previous"}),
        ("reasons", "take_reason", set()),
        ("to_forget", "take_to_forget", set()),
        ("records", "take_records", {"seq"}),
        ("settings", "take_settings", {"revision", "changed_what", "changed_why"}),
        ("sessions", "take_session", {"revision", "changed_why"}),
    ],
)
def test_every_column_is_taken_over(machine: Machine, table: str, statement: str, own: set[str]) -> None:
    """A column that a later schema adds must be thought of here too."""
    texts = " ".join(statements()[name] for name in statement.split())
    machine.close()
    columns = {row[0] for row in sql(machine.path, f"SELECT name FROM pragma_table_info('{table}')")[0]}
    assert columns - own - set(re.findall(r"\w+", texts)) == set()


def test_the_guards_stand_again_afterwards(machine: Machine) -> None:
    machine.scene.draft()
    machine.backup()
    machine.scene.accepted(machine.scene.claimed("m2", BEN))
    machine.close()
    query = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    before = sql(machine.path, query)
    machine.open()
    machine.restore()
    machine.close()
    assert sql(machine.path, query) == before
