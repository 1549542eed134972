"""The database guards itself: what no program may do to it, whatever library it uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.store import Store, open_store

from ..conftest import ManualClock
from .outside import RAISED, change, sql
from .scenes import Scene


@pytest.fixture
def scene(store: Store, clock: ManualClock) -> Scene:
    """A draft that waits, one that is approved, one in flight, one sent; each in a chat of its own."""
    scene = Scene(store, clock)
    names = ("pending", "approved", "flying", "sent")
    drafts = {name: scene.draft(name, chat=f"1555010020{number}@c.us") for number, name in enumerate(names)}
    scene.approve(drafts["sent"].id)
    claim = scene.claim()
    assert claim is not None
    scene.accepted(claim)
    scene.approve(drafts["flying"].id)
    assert scene.claim() is not None
    scene.approve(drafts["approved"].id)
    return scene


def attempt_by(scene: Scene, message_id: str, number: int, digest: str) -> str:
    seq = scene.row(message_id).seq
    return (
        "INSERT INTO attempts (message, number, token, digest, started_at, started_by, process)"
        f" VALUES ({seq}, {number}, 'mine', '{digest}', 1, 'me', 'here:1')"
    )


WHERE = {name: f"WHERE id = 'reply_{name}'" for name in ("pending", "approved", "flying", "sent")}

APPROVAL = (
    "UPDATE messages SET approved_version = {version}, approved_digest = {digest}, approved_by = 'me',"
    f" approved_kind = 'person', {RAISED} {WHERE['pending']}"
)
NO_APPROVAL = (
    "UPDATE messages SET approved_version = NULL, approved_digest = NULL, approved_by = NULL, approved_kind = NULL,"
    f" {RAISED} {WHERE['flying']}"
)
COLUMNS = "account, id, status, arrival, added_at, origin, payload, changed_at, changed_by, changed_what"
SECOND_DRAFT = (
    f"INSERT INTO messages ({COLUMNS}, answers)"
    " SELECT account, 'second', status, 9999, 1, 'draft', '{}', 1, 'me', 'added', answers"
    f" FROM messages {WHERE['pending']}"
)

REFUSED = {
    "an update that does not raise the revision": (
        f"UPDATE messages SET note = 'x' {WHERE['pending']}",
        "raises its revision by one",
    ),
    "an update that raises it by two": (
        f"UPDATE messages SET note = 'x', revision = revision + 2 {WHERE['pending']}",
        "raises its revision by one",
    ),
    "a message that is deleted": (f"DELETE FROM messages {WHERE['pending']}", "never deleted"),
    "another id": (f"UPDATE messages SET id = 'other', {RAISED} {WHERE['pending']}", "never changes"),
    "another account": (f"UPDATE messages SET account = 99, {RAISED} {WHERE['pending']}", "never changes"),
    "another question": (f"UPDATE messages SET answers = 1, {RAISED} {WHERE['approved']}", "never changes"),
    "a seventh status": (f"UPDATE messages SET status = 'done', {RAISED} {WHERE['pending']}", "CHECK"),
    "an event that is changed": ("UPDATE events SET by = 'nobody'", "never changed"),
    "an event that is deleted": ("DELETE FROM events WHERE seq = 1", "never deleted"),
    "an event that is replaced": (
        "INSERT OR REPLACE INTO events (seq, account, at, kind, by) VALUES (1, 1, 1, 'x', 'y')",
        "never replaced",
    ),
    "another text under an approval": (
        f"UPDATE messages SET digest = 'mine', {RAISED} {WHERE['approved']}",
        "CHECK|new version",
    ),
    "another text under the same digest": (
        f"UPDATE messages SET payload = json_set(payload, '$.body', 'mine'), {RAISED} {WHERE['pending']}",
        "another digest",
    ),
    "no text under an approval": (f"UPDATE messages SET payload = '{{}}', {RAISED} {WHERE['approved']}", "has a text"),
    "another text without a new version": (
        f"UPDATE messages SET digest = 'mine', {RAISED} {WHERE['pending']}",
        "new version",
    ),
    "an approval of another version": (
        APPROVAL.format(version=2, digest="digest"),
        "CHECK",
    ),
    "an approval of another text": (
        APPROVAL.format(version=1, digest="'mine'"),
        "CHECK",
    ),
    "an approval by nobody": (
        f"UPDATE messages SET approved_version = 1, approved_digest = digest, {RAISED} {WHERE['pending']}",
        "CHECK",
    ),
    "being in flight without an approval": (
        f"UPDATE messages SET delivery = 'open', lease = 1, tries = 1, {RAISED} {WHERE['pending']}",
        "CHECK",
    ),
    "being in flight without a lease": (f"UPDATE messages SET lease = NULL, {RAISED} {WHERE['flying']}", "CHECK"),
    "moving what is in flight": (
        f"UPDATE messages SET status = 'pending_approval', arrival = arrival + 1000, {RAISED} {WHERE['flying']}",
        "in flight",
    ),
    "a second attempt beside one in flight": (
        f"UPDATE messages SET tries = tries + 1, {RAISED} {WHERE['flying']}",
        "in flight",
    ),
    "ending the approval of what is in flight": (
        NO_APPROVAL,
        "in flight|CHECK",
    ),
    "a second open draft for one message": (
        SECOND_DRAFT,
        "UNIQUE",
    ),
    "a session that does not raise its revision": ("UPDATE sessions SET fields = '{}'", "raises its revision by one"),
    "a setting that does not raise its revision": ("UPDATE settings SET value = '1'", "raises its revision by one"),
    "an attempt that becomes another's": ("UPDATE attempts SET token = 'mine'", "never changes"),
    "an attempt for another text": ("UPDATE attempts SET digest = 'mine'", "never changes"),
    "an attempt that was never settled and has an outcome": (
        "UPDATE attempts SET outcome = 'accepted' WHERE outcome IS NULL",
        "CHECK",
    ),
    "a counter below nought": ("UPDATE counters SET listed = -1", "CHECK"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_database_refuses(scene: Scene, what: str) -> None:
    scene.store.change_session(scene.account, lambda session: session._replace(authenticated=True), by="a", what="x")
    scene.store.change_settings(scene.account, lambda _: {"mine": 2}, by="maria")
    statement, words = REFUSED[what]
    (answer,) = sql(scene.store.database.path, statement)
    assert isinstance(answer, str), f"it did {what}"
    assert any(word in answer for word in words.split("|")), answer


@pytest.mark.parametrize("message_id", ["reply_pending", "reply_approved", "reply_sent"])
def test_an_attempt_needs_a_claim_and_an_approval_of_exactly_this_text(scene: Scene, message_id: str) -> None:
    row = scene.row(message_id)
    (answer,) = sql(scene.store.database.path, attempt_by(scene, message_id, row.tries + 1, row.digest or ""))
    assert "needs an approval of exactly this text" in answer


def test_an_attempt_of_what_is_in_flight_is_of_its_text_and_number(scene: Scene) -> None:
    row = scene.row("reply_flying")
    assert row.digest is not None
    answers = sql(
        scene.store.database.path,
        attempt_by(scene, "reply_flying", row.tries, "another text"),
        attempt_by(scene, "reply_flying", row.tries + 1, row.digest),
    )
    assert all("needs an approval of exactly this text" in answer for answer in answers)


def test_a_message_is_not_replaced_and_its_id_not_taken(scene: Scene) -> None:
    before = scene.row("reply_pending")
    values = "SELECT account, id, 'sent', 9999, 1, 'script', '{}', 1, 'me', 'added' FROM messages " + WHERE["pending"]
    answers = sql(
        scene.store.database.path,
        f"INSERT OR REPLACE INTO messages ({COLUMNS}) {values}",
        f"INSERT OR REPLACE INTO messages (seq, {COLUMNS}) SELECT {before.seq}, * FROM ("
        + values.replace("id,", "'other',", 1)
        + ")",
    )
    assert answers == [[], []]
    assert scene.row("reply_pending") == before
    assert scene.store.find(scene.account, "other") is None


def test_a_change_from_outside_is_seen_in_history_and_counters(scene: Scene) -> None:
    change(
        scene.store.database.path,
        f"UPDATE messages SET status = 'rejected', arrival = (SELECT max(seq) + 1 FROM events), {RAISED} "
        + WHERE["pending"],
    )
    event = scene.store.history(scene.account, "reply_pending")[-1]
    assert (event.kind, event.by, event.to_status) == ("mine", "me", "rejected")
    assert scene.totals()["rejected"] == 1
    assert scene.store.check() == []


ATTEMPT = (
    "INSERT INTO attempts ({}, number, token, digest, started_at, started_by, process, {})"
    " SELECT {}, 1, 'mine', digest, 1, 'me', 'here:1', {} FROM messages WHERE id = 'reply_pending'"
)
BROKEN = {
    "the counter of sent says 2, the events say 1": ["UPDATE counters SET total = total + 1 WHERE status = 'sent'"],
    "the list sent says it shows 7 messages, and has 1": ["UPDATE counters SET listed = 7 WHERE status = 'sent'"],
    "the list sent says it shows 0": ["UPDATE counters SET cleared = 0, listed = 0 WHERE status = 'sent'"],
    "in flight, and attempt 1 is not": [
        "UPDATE attempts SET outcome = 'refused', settled_at = 1 WHERE outcome IS NULL",
    ],
    "1 events are missing": ["DROP TRIGGER events_remain", "DELETE FROM events WHERE seq = 3"],
    "is no event that brought it to sent": [
        "DROP TRIGGER messages_guard",
        "DROP TRIGGER messages_changed",
        f"UPDATE messages SET status = 'sent', {RAISED} WHERE id = 'reply_pending'",
    ],
    "its last event says sent, its status is pending_approval": [
        (
            "INSERT INTO events (account, at, message, kind, to_status, by)"
            " SELECT account, 1, seq, 'mine', 'sent', 'me' FROM messages WHERE id = 'reply_pending'"
        ),
    ],
    "it is an arrival of a message that does not lead back to it": [
        (
            "INSERT INTO events (account, at, message, kind, to_status, by, previous)"
            " SELECT account, 1, seq, 'mine', 'sent', 'me', arrival FROM messages WHERE id = 'reply_pending'"
        ),
    ],
    "the arrival 1 before it is none of the same message in the list pending_approval": [
        (
            "INSERT INTO events (account, at, message, kind, from_status, to_status, by, previous)"
            " SELECT account, 1, seq, 'mine', 'pending_approval', 'sent', 'me', 1 FROM messages"
            " WHERE id = 'reply_pending'"
        ),
    ],
    "attempt 1 has no approval of its text before it": [
        "DROP TRIGGER attempts_guard",
        ATTEMPT.format("message", "outcome, settled_at", "seq", "'accepted', 1"),
    ],
    "its text is not the one of its digest": [
        "DROP TRIGGER messages_text_guard",
        f"UPDATE messages SET payload = replace(payload, 'six', 'ten'), {RAISED} WHERE id = 'reply_pending'",
    ],
    "message reply_flying: its text is not the one of its digest": [
        "DROP TRIGGER messages_text_guard",
        f"UPDATE messages SET payload = json_remove(payload, '$.body'), {RAISED} WHERE id = 'reply_flying'",
    ],
    "CHECK constraint failed in counters": [
        "PRAGMA ignore_check_constraints = ON",
        "UPDATE counters SET total = -1 WHERE status = 'sent'",
    ],
    "the database cannot be read: 'utf-8' codec can't decode": [
        "DROP TRIGGER messages_guard",
        "UPDATE attempts SET outcome = 'refused', settled_at = 1 WHERE outcome IS NULL",
        f"UPDATE messages SET id = CAST(x'ff' AS TEXT), {RAISED} WHERE id = 'reply_flying'",
    ],
    "the database cannot be read: 'totals'": [
        "INSERT INTO events (account, at, kind, by, why) VALUES (1, 1, 'baseline', 'me', '{}')",
    ],
    "a row of aliases refers to nothing in contacts": ["PRAGMA foreign_keys = OFF", "UPDATE aliases SET contact = 99"],
}


@pytest.mark.parametrize("words", BROKEN)
def test_check_finds_what_was_broken_from_outside(tmp_path: Path, clock: ManualClock, words: str) -> None:
    path = tmp_path / "state.db"
    store = open_store(path, clock=clock)
    scene = Scene(store, clock)
    scene.accepted(scene.claimed("sent", chat="15550100201@c.us"))
    scene.claimed("flying", chat="15550100202@c.us")
    scene.draft("pending")
    assert store.check() == []
    for answer in sql(path, *BROKEN[words]):
        assert not isinstance(answer, str), answer
    problems = store.check()
    store.close()
    assert any(words in problem for problem in problems), problems
