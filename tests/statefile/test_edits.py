"""What is taken up from the state file, and what is not: whose key is whose, and nobody's change is undone."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from signoff import settings
from signoff.clock import DAY, SECOND, local_iso
from signoff.store.files import KEPT
from state_manager import MessageStatus

from .conftest import Document, Face

S = MessageStatus
ANA = "15550100@c.us"


def status_of(face: Face, name: str) -> str:
    return face.manager.get_message(name).status


class TestSettings:
    def test_what_is_edited_is_taken_up_and_marked_so(self, face: Face) -> None:
        face.edit(lambda document: document.update(human_in_the_loop=True, mine={"a": 1}))
        assert face.manager.get_config("human_in_the_loop") is True
        assert face.manager.config_author("human_in_the_loop") == "file"
        assert face.manager.get_config("mine") == {"a": 1}

    def test_a_field_of_a_group_is_taken_up_alone(self, face: Face) -> None:
        document = face.read()
        face.manager.update_config({"watcher_config": {"max_messages_per_poll": 99}})
        document["watcher_config"]["poll_interval_seconds"] = 7
        face.put(document)
        face.file.take_up()
        group = face.manager.get_config("watcher_config")
        assert (group["poll_interval_seconds"], group["max_messages_per_poll"]) == (7, 99)

    def test_a_new_field_may_be_null(self, face: Face) -> None:
        face.manager.set_config("mine", {"a": 1})
        face.write()
        face.edit(lambda document: document["mine"].update(b=None))
        assert face.manager.get_config("mine") == {"a": 1, "b": None}

    def test_a_leaf_deep_in_ones_own_is_taken_up_alone(self, face: Face) -> None:
        face.manager.set_config("mine", {"deep": {"a": 1, "b": 1}})
        document = face.write()
        face.manager.set_config("mine", {"deep": {"a": 2, "b": 1}})
        document["mine"]["deep"]["b"] = 2
        face.put(document)
        face.file.take_up()
        assert face.manager.get_config("mine") == {"deep": {"a": 2, "b": 2}}

    def test_a_missing_field_changes_nothing(self, face: Face) -> None:
        face.manager.update_config({"mine": {"a": 1, "b": 2}, "human_in_the_loop": True})
        face.write()

        def drop(document: Document) -> None:
            del document["human_in_the_loop"], document["mine"]["a"], document["watcher_config"], document["messages"]

        face.edit(drop)
        assert face.manager.get_config("human_in_the_loop") is True
        assert face.manager.get_config("mine") == {"a": 1, "b": 2}
        assert face.write()["mine"] == {"a": 1, "b": 2}

    @pytest.mark.parametrize(
        "value", [None, False, 0, "", [], {}, [1, {"a": None}], {"a": {"b": []}}, "text 🌊", 1.5, 10**15]
    )
    def test_any_value_of_ones_own(self, face: Face, value: Any) -> None:
        face.edit(lambda document: document.update(mine=value))
        assert face.manager.get_config("mine") == value
        assert face.write()["mine"] == value

    @pytest.mark.parametrize(
        ("before", "after"), [({"a": 1}, 5), (5, {"a": 1}), ([1], {"a": 1}), ({"a": {"b": 1}}, {"a": 2})]
    )
    def test_a_value_may_become_one_of_another_kind(self, face: Face, before: Any, after: Any) -> None:
        face.manager.set_config("mine", before)
        face.write()
        face.edit(lambda document: document.update(mine=after))
        assert face.manager.get_config("mine") == after

    def test_true_is_not_one_but_five_is_five_nought(self, face: Face) -> None:
        face.manager.update_config({"flag": True, "watcher_config": {"poll_interval_seconds": 5.0}})
        document = face.write()
        face.manager.update_config({"watcher_config": {"poll_interval_seconds": 9}})
        document["flag"] = 1
        document["watcher_config"]["poll_interval_seconds"] = 5  # as a program writes it that knows one kind of number
        face.put(document)
        face.file.take_up()
        assert face.manager.get_config("flag") == 1
        assert face.manager.get_config("flag") is not True
        assert face.manager.get_config("watcher_config")["poll_interval_seconds"] == 9

    @pytest.mark.parametrize(
        ("says", "same"),
        [
            ([{"b": [1.0, 2], "a": 1}], True),
            ([{"a": True, "b": [1, 2]}], False),
            ([{"a": 1, "b": [1]}], False),
            ([{"a": 1, "b": [1, 3]}], False),
            ([{"a": 1}], False),
            ([{"a": 1, "b": [1, 2], "c": 1}], False),
            ([{"a": 1, "c": [1, 2]}], False),
            ([], False),
        ],
    )
    def test_a_list_is_edited_when_anything_in_it_is(self, face: Face, says: Any, same: bool) -> None:
        face.manager.set_config("mine", [{"a": 1, "b": [1, 2]}])
        document = face.write()
        face.manager.set_config("mine", "later")
        face.put(document | {"mine": says})
        face.file.take_up()
        assert face.manager.get_config("mine") == ("later" if same else says)

    def test_a_key_with_a_dot_is_no_path(self, face: Face) -> None:
        face.edit(lambda document: document.update({"retry_config.max_retries": 7}))
        assert face.manager.get_config("retry_config")["max_retries"] == 3
        assert face.manager.get_config("retry_config.max_retries") == 7

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"human_in_the_loop": "yes"}, "human_in_the_loop = 'yes': allowed is true or false"),
            ({"watcher_config": {"poll_interval_seconds": 0}}, "watcher_config.poll_interval_seconds = 0: allowed is"),
            ({"watcher_config": 5}, "watcher_config = 5"),
            ({"retry_config": None}, "retry_config = None"),
            ({"mine": float("inf")}, "mine cannot be written as JSON"),
            ({"mine": "a\0b"}, "mine holds a NUL"),
            ({"a\0b": 1}, "holds a NUL"),
            ({"x" * 600: 1}, "key"),
        ],
    )
    def test_a_bad_value_is_reported_and_nothing_else_suffers(
        self, face: Face, caplog: pytest.LogCaptureFixture, change: Document, said: str
    ) -> None:
        before = {key: face.manager.get_config(key) for key in settings.defaults()}
        good = {"retry_config": {**before["retry_config"], "max_retries": 9}, "good": 1}
        face.edit(lambda document: document.update(good | change))
        assert said in caplog.text
        assert face.manager.get_config("good") == 1
        for key in change:
            if key in before:
                assert face.manager.get_config(key) == before[key]
        assert change.keys().isdisjoint(["retry_config"]) is (
            face.manager.get_config("retry_config")["max_retries"] == 9
        )
        assert face.write()["good"] == 1

    @pytest.mark.parametrize(
        ("bad", "said"),
        [
            ({"poll_interval_seconds": -1}, "watcher_config.poll_interval_seconds = -1"),
            ({"mine": "a\0b"}, "watcher_config holds a NUL"),
            ({"a\0b": 1}, "watcher_config holds a NUL"),
        ],
    )
    def test_one_bad_field_of_a_group_leaves_the_others(
        self, face: Face, caplog: pytest.LogCaptureFixture, bad: Document, said: str
    ) -> None:
        before = face.manager.get_config("watcher_config")
        face.edit(lambda document: document["watcher_config"].update(bad, max_messages_per_poll=3))
        assert face.manager.get_config("watcher_config") == before | {"max_messages_per_poll": 3}
        assert said in caplog.text

    def test_a_file_that_says_something_wrong_is_put_right(self, face: Face) -> None:
        face.edit(lambda document: document.update(human_in_the_loop="yes"))
        assert face.write()["human_in_the_loop"] is False


class TestSession:
    def test_fields_are_taken_up(self, face: Face) -> None:
        def login(document: Document) -> None:
            document["session"] |= {"authenticated": True, "session_valid": True, "requires_qr": False}
            document["session"] |= {"session_path": "elsewhere", "mine": [1], "nothing": None}
            document["account_info"] |= {"name": "Ana", "more": {"a": 1}}

        face.edit(login)
        assert face.manager.is_session_valid()
        assert not face.manager.requires_qr_scan()
        info = face.manager.get_session_info()
        assert (info["session_path"], info["mine"], info["nothing"]) == ("elsewhere", [1], None)
        assert face.manager.get_config("account_info") == face.read()["account_info"]
        assert face.write()["session"]["mine"] == [1]
        face.edit(lambda document: document["session"].update(yours=2))
        assert face.write()["session"]["mine"] == [1]

    def test_a_stale_session_undoes_nothing(self, face: Face) -> None:
        document = face.read()
        face.manager.update_session_status(True, {"name": "Ana"})
        document["session"]["validation_interval_minutes"] = 5
        face.put(document)
        face.file.take_up()
        assert face.manager.is_session_valid()
        assert face.manager.get_config("account_info")["name"] == "Ana"
        assert face.manager.get_session_info()["validation_interval_minutes"] == 5

    def test_why_it_is_invalid_may_be_said_and_taken_back(self, face: Face) -> None:
        face.edit(lambda document: document["session"].update(invalidation_reason="logged out"))
        assert face.manager.get_session_info()["invalidation_reason"] == "logged out"
        face.write()
        face.edit(lambda document: document["session"].update(invalidation_reason=None))
        assert "invalidation_reason" not in face.manager.get_session_info()

    @pytest.mark.parametrize("minutes", [0.5, 1, 60 * 24 * 366])
    def test_it_may_be_validated_every_half_minute_or_once_in_a_year(self, face: Face, minutes: float) -> None:
        face.edit(lambda document: document["session"].update(validation_interval_minutes=minutes))
        assert face.manager.get_session_info()["validation_interval_minutes"] == minutes

    def test_nothing_was_validated_in_the_future(self, face: Face) -> None:
        later = local_iso(face.clock.now + DAY)
        face.edit(lambda document: document["session"].update(last_validation=later, last_authenticated=later))
        info = face.manager.get_session_info()
        assert (info["last_validation"], info["last_authenticated"]) == (local_iso(face.clock.now), later)

    def test_times_are_local_iso_strings_or_seconds(self, face: Face) -> None:
        at = face.clock.now - 60_000_000
        face.edit(lambda document: document["session"].update(last_validation=local_iso(at)))
        assert face.manager.get_session_info()["last_validation"] == local_iso(at)
        face.write()
        face.edit(lambda document: document["session"].update(last_validation=at // SECOND - 1))
        assert face.manager.get_session_info()["last_validation"] == local_iso(at - SECOND)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("authenticated", "yes"),
            ("requires_qr", 1),
            ("last_validation", "yesterday"),
            ("last_validation", 1e300),
            ("last_authenticated", [1]),
            ("validation_interval_minutes", 0),
            ("validation_interval_minutes", float("inf")),
            ("validation_interval_minutes", 60 * 24 * 366 + 1),
            ("validation_interval_minutes", "30"),
            ("session_path", None),
            ("session_path", "a\0b"),
            ("invalidation_reason", 5),
            ("mine", "a\0b"),
            ("account_info", None),
            ("account_info", 5),
            ("account_info", {"name": "Ana"}),
        ],
    )
    def test_a_bad_value_is_reported_and_left(
        self, face: Face, caplog: pytest.LogCaptureFixture, name: str, value: Any
    ) -> None:
        before = face.manager.get_session_info()
        account = face.manager.get_config("account_info")
        face.edit(lambda document: document["session"].update({name: value}))
        assert face.manager.get_session_info() == before
        assert face.manager.get_config("account_info") == account
        assert f": session.{name} " in caplog.text

    @pytest.mark.parametrize("value", [None, [], "x", 5])
    def test_no_object_at_all_changes_nothing(self, face: Face, value: Any) -> None:
        before = face.manager.get_full_state()
        face.edit(lambda document: document.update(session=value, account_info=value))
        assert face.manager.get_session_info() == before["session"]
        assert face.manager.get_config("account_info") == before["account_info"]


class TestMessages:
    def test_what_is_unknown_is_taken_in_marked_uncounted_undrafted_and_unclaimable(self, face: Face) -> None:
        for status in MessageStatus:
            message = {"id": f"new {status.value}", "recipient": ANA, "from": ANA, "body": "🌊"}
            face.edit(lambda document: document["messages"][status.value].append(message))  # noqa: B023 called at once
            face.write()
            assert face.manager.get_messages(status)[-1]["body"] == "🌊"
            row = face.manager.get_message(f"new {status.value}")
            assert (row.origin, row.changed_by, row.draft_due, row.approved_version) == ("file", "file", None, None)
        assert face.manager.get_statistics() == {
            **dict.fromkeys(("total_incoming", "total_sent", "total_failed", "total_approved", "total_rejected"), 0),
            "last_message_received": None,
            "last_message_sent": None,
        }
        store, account = face.manager.store, face.manager.account
        assert store.claim_draft(account, lease=1, by="test") is None
        assert store.claim_next(account, lease=1, by="test") is None

    def test_a_person_may_approve_what_came_from_a_file(self, face: Face) -> None:
        message = {"id": "m1", "recipient": ANA, "body": "hello"}
        face.edit(lambda document: document["messages"]["pending_approval"].append(message))
        assert face.manager.approve("m1").approved_version == 1

    def test_what_is_known_does_not_change(self, face: Face) -> None:
        face.manager.add_message({"id": "m1", "recipient": ANA, "body": "hello"}, S.PENDING_APPROVAL)
        face.write()

        def tamper(document: Document) -> None:
            message = document["messages"]["pending_approval"].pop()
            document["messages"]["approved"].append(message | {"body": "pay at once"})

        face.edit(tamper)
        assert status_of(face, "m1") == "pending_approval"
        assert face.manager.get_messages(S.PENDING_APPROVAL)[0]["body"] == "hello"
        assert face.write()["messages"]["approved"] == []

    def test_what_is_missing_does_not_go(self, face: Face) -> None:
        face.manager.add_message({"id": "m1"}, S.INCOMING)
        face.write()
        face.edit(lambda document: document["messages"]["incoming"].clear())
        assert status_of(face, "m1") == "incoming"
        assert len(face.write()["messages"]["incoming"]) == 1

    def test_what_was_cleared_stays_cleared(self, face: Face) -> None:
        face.manager.add_message({"id": "m1"}, S.INCOMING)
        document = face.write()
        face.manager.clear_messages(S.INCOMING)
        face.put(document)
        face.file.take_up()
        assert face.manager.get_messages(S.INCOMING) == []

    def test_one_without_an_id_is_given_one_by_its_content_and_taken_in_once(self, face: Face) -> None:
        entry = {"from": ANA, "body": "hello"}
        for _ in range(2):
            face.edit(lambda document: document["messages"]["incoming"].append(dict(entry)))
        assert len(face.manager.get_messages(S.INCOMING)) == 1
        face.edit(lambda document: document["messages"]["incoming"].append(entry | {"body": "bye"}))
        assert len(face.manager.get_messages(S.INCOMING)) == 2

    def test_a_number_as_id_becomes_a_text(self, face: Face) -> None:
        face.edit(lambda document: document["messages"]["incoming"].append({"id": 17, "body": "hello"}))
        assert face.manager.get_messages(S.INCOMING)[0]["id"] == "17"

    def test_in_two_lists_it_is_where_it_has_come_furthest(self, face: Face) -> None:
        def both(document: Document) -> None:
            document["messages"]["incoming"].append({"id": "m1"})
            document["messages"]["sent"].append({"id": "m1"})

        face.edit(both)
        assert status_of(face, "m1") == "sent"

    @pytest.mark.parametrize(
        "entry",
        [None, "text", 5, [], {"id": ["x"]}, {"id": "x" * 600}, {"id": "a\0b"}, {"id": "m1", "score": float("nan")}],
    )
    def test_one_that_cannot_be_stored_is_reported_and_the_others_are_taken_in(
        self, face: Face, caplog: pytest.LogCaptureFixture, entry: Any
    ) -> None:
        face.edit(lambda document: document["messages"]["failed"].extend([entry, {"id": "good"}]))
        assert [message["id"] for message in face.manager.get_messages(S.FAILED)] == ["good"]
        assert "messages.failed[0] was left out" in caplog.text

    def test_one_that_is_nested_too_deep_is_reported_and_no_more(
        self, face: Face, caplog: pytest.LogCaptureFixture
    ) -> None:
        deep: Any = "x"
        for _ in range(300):
            deep = [deep]

        def add(document: Document) -> None:
            document["messages"]["failed"] += [{"body": deep}, {"id": "deep", "body": deep}]
            document |= {"mine": deep, "message_log": [{"a": deep}], "good": 1}
            document["session"]["mine"] = deep

        face.edit(add)
        assert face.manager.get_messages(S.FAILED) == []
        assert face.manager.get_config("good") == 1
        assert caplog.text.count("nested deeper than 64") == 5

    @pytest.mark.parametrize("value", [None, 5, "x", {}])
    def test_what_is_no_list_is_reported(self, face: Face, caplog: pytest.LogCaptureFixture, value: Any) -> None:
        face.edit(lambda document: document["messages"].update(sent=value, archived=[{"id": "m1"}]))
        assert "messages.sent was left out: it is no list" in caplog.text
        assert "messages.archived was left out: there is no such list" in caplog.text


class TestTheListsOfTheComponents:
    @pytest.mark.parametrize("name", ["message_log", "incoming_messages", "pending_replies", "generated_replies"])
    def test_what_is_unknown_is_taken_in_once(self, face: Face, name: str) -> None:
        entries = [{"id": "r1", "status": "pending"}, {"timestamp": "t", "message": "🌊", "status": "success"}]
        for _ in range(2):
            face.edit(lambda document: document[name].extend(entries))
            face.write()
        assert face.manager.get_config(name) == entries
        face.edit(lambda document: document[name].clear())
        assert face.manager.get_config(name) == entries

    def test_what_a_component_noted_is_not_taken_in_again_by_a_stale_file(self, face: Face) -> None:
        store, account = face.manager.store, face.manager.account
        store.add_record(
            account, "message_log", {"timestamp": "t1", "message": "hello", "status": "success"}, by="sender"
        )
        stale = face.write()
        store.add_record(
            account, "message_log", {"timestamp": "t2", "message": "bye", "status": "success"}, by="sender"
        )
        face.put(stale | {"mine": 1})
        face.file.take_up()
        assert [entry["timestamp"] for entry in face.manager.get_config("message_log")] == ["t1", "t2"]

    def test_what_changed_since_stays_changed(self, face: Face) -> None:
        store, account = face.manager.store, face.manager.account
        store.add_record(account, "generated_replies", {"id": "r1", "status": "pending"}, by="assistant")
        stale = face.write()
        store.change_record(account, "generated_replies", "r1", {"status": "sent"}, by="assistant")
        face.put(stale | {"mine": 1})
        face.file.take_up()
        assert face.manager.get_config("generated_replies") == [{"id": "r1", "status": "sent"}]


class TestWhatIsShownOnly:
    def test_statistics_and_metadata_cannot_be_edited(self, face: Face) -> None:
        face.manager.add_message({"id": "m1"}, S.INCOMING)
        before = face.write()

        def tamper(document: Document) -> None:
            document["statistics"]["total_incoming"] = 99
            document["metadata"]["created_at"] = "2001-01-01T00:00:00"
            document["metadata"]["mine"] = 1

        face.edit(tamper)
        after = face.write()
        assert after["statistics"] == before["statistics"]
        assert after["metadata"] == before["metadata"]


class TestRevisions:
    def test_a_script_that_writes_the_whole_back_later_undoes_nobodys_change(self, face: Face) -> None:
        script = face.read()
        face.manager.add_message({"id": "m1", "recipient": ANA, "body": "hello"}, S.PENDING_APPROVAL)
        face.manager.approve("m1")
        face.manager.update_config({"human_in_the_loop": True, "mine": 1})
        face.manager.update_session_status(True, {"name": "Ana"})
        face.write()
        before = face.manager.get_full_state()
        script["retry_config"]["max_retries"] = 9
        face.put(script)
        face.file.take_up()
        after = face.manager.get_full_state()
        assert after.pop("retry_config") == before.pop("retry_config") | {"max_retries": 9}
        assert after | {"metadata": None} == before | {"metadata": None}
        assert face.manager.get_message("m1").approved_version == 1

    def test_whoever_switches_approval_off_and_on_again_from_one_copy_has_it_on(self, face: Face) -> None:
        """It might be an old copy of somebody else's as well: nothing leaves without sign-off then."""
        face.manager.set_config("human_in_the_loop", True)
        face.manager.set_config("mine", 1)
        script = face.write()
        for said, holds in ((False, False), (True, True), (False, True)):
            face.put(script | {"human_in_the_loop": said})
            assert face.file.take_up()
            assert face.manager.get_config("human_in_the_loop") is holds
            face.write()

    def test_whoever_switches_approval_off_otherwise_is_not_overruled_by_an_old_copy(self, face: Face) -> None:
        face.manager.set_config("human_in_the_loop", True)
        script = face.write()
        face.manager.set_config("human_in_the_loop", False)
        face.put(script | {"mine": 2})
        assert face.file.take_up()
        assert face.manager.get_config("mine") == 2
        assert face.manager.get_config("human_in_the_loop") is False

    def test_nor_does_one_that_goes_on_with_its_old_copy(self, face: Face) -> None:
        """The sender, the watcher and the assistant each hold a copy of the whole and write it back again and again."""
        script = face.read()
        script["human_in_the_loop"] = True
        for number in range(3):
            script["mine"] = number
            face.put(script)
            face.file.take_up()
            assert face.manager.get_config("mine") == number
            assert face.manager.get_config("human_in_the_loop") is (number == 0)
            face.manager.set_config("human_in_the_loop", False)
            face.write()

    def test_an_edit_that_was_taken_back_by_hand_stays_back(self, face: Face) -> None:
        face.edit(lambda document: document.update(human_in_the_loop=True))
        face.write()
        face.edit(lambda document: document.update(human_in_the_loop=False))
        assert face.manager.get_config("human_in_the_loop") is False
        assert face.manager.config_author("human_in_the_loop") == "file"

    @pytest.mark.parametrize(
        "metadata", [{}, None, {"revision": "3"}, {"revision": True}, {"revision": -1}, {"store": "x"}]
    )
    def test_without_a_known_revision_only_settings_count_against_what_was_last_written(
        self, face: Face, metadata: Any
    ) -> None:
        face.manager.update_config({"human_in_the_loop": True, "mine": 1})
        face.write()
        face.manager.set_config("mine", 2)
        document = face.read() | {"metadata": metadata, "mine": 1, "human_in_the_loop": False}
        document["session"]["authenticated"] = True
        face.put(document)
        face.file.take_up()
        assert face.manager.get_config("human_in_the_loop") is False
        assert face.manager.get_config("mine") == 2, "the last file said 1 as well: no edit"
        assert face.manager.get_session_info()["authenticated"] is False

    def test_without_a_known_revision_a_bad_value_is_reported_too(
        self, face: Face, caplog: pytest.LogCaptureFixture
    ) -> None:
        face.edit(lambda document: document.update(metadata={}, human_in_the_loop="yes", mine=1))
        assert "human_in_the_loop = 'yes'" in caplog.text
        assert face.manager.get_config("mine") == 1

    def test_a_revision_of_long_ago_is_an_unknown_one(self, face: Face) -> None:
        face.manager.update_config({"mine": 1, "yours": 1, "same": 1})
        old = face.write()
        for number in (2, 3):
            face.clock.advance(KEPT / SECOND)
            face.manager.update_config({"mine": number})
            face.write()
        face.manager.set_config("same", 2)
        face.put(old | {"yours": 5, "session": {**old["session"], "authenticated": True}})
        face.file.take_up()
        assert (face.manager.get_config("mine"), face.manager.get_config("yours")) == (1, 5), (
            "all it says, as it says it"
        )
        assert face.manager.get_config("same") == 2, "the last file said 1 as well: no edit"
        assert face.manager.get_session_info()["authenticated"] is False

    def test_a_script_that_holds_its_copy_for_weeks_undoes_nobodys_change(self, face: Face) -> None:
        face.manager.update_config({"mine": 1, "yours": 1})
        old = face.write()
        for number in range(2, 200):
            face.clock.advance((KEPT - DAY) / SECOND / 200)
            face.manager.update_config({"mine": number})
            face.write()
        face.put(old | {"yours": 5})
        face.file.take_up()
        assert (face.manager.get_config("mine"), face.manager.get_config("yours")) == (199, 5)

    def test_the_same_file_is_taken_up_once(self, face: Face) -> None:
        face.edit(lambda document: document.update(human_in_the_loop=True))
        face.manager.set_config("human_in_the_loop", False)
        face.file.take_up()
        assert face.manager.get_config("human_in_the_loop") is False

    def test_an_old_edit_that_was_read_before_is_not_applied_later(self, face: Face) -> None:
        """Another process read the edit, then slept; meanwhile it was taken up, and somebody decided otherwise."""
        store, account = face.manager.store, face.manager.account
        known = store.known_file(account)
        face.edit(lambda document: document.update(human_in_the_loop=True))
        text = face.path.read_bytes()
        face.manager.set_config("human_in_the_loop", False)
        face.write()
        with io.BytesIO(text) as file, face.file.exchange.read(file) as brought:
            assert face.file.exchange.take_up(brought, file, known) is False
        assert face.manager.get_config("human_in_the_loop") is False

    def test_what_a_file_is_about_to_say_is_noted_before_it_says_it(
        self, face: Face, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A writer that dies in between leaves the old file, whose revision is still known."""

        def die(*_: object) -> None:
            raise OSError(5, "died")

        old = face.read()
        face.manager.set_config("mine", 1)
        with monkeypatch.context() as patched:
            patched.setattr("signoff.statefile.file.rename", die)
            with pytest.raises(OSError, match="died"):
                face.file.write()
        assert face.read() == old
        noted = face.manager.store.file_revision(face.manager.account, None)
        assert noted is not None
        assert noted.settings["mine"] == 1
        face.edit(lambda document: document.update(human_in_the_loop=True))
        assert face.manager.get_config("human_in_the_loop") is True
        assert face.write()["mine"] == 1

    def test_formatting_is_no_edit(self, face: Face) -> None:
        store, account = face.manager.store, face.manager.account
        before = store.last_event()
        document = face.read()
        face.path.write_text(json.dumps(document, sort_keys=True))
        face.file.take_up()
        assert store.last_event() == before
        assert store.file_edits(account, document["metadata"]["revision"]) == []

    def test_bytes_that_are_no_text_cost_only_what_they_are(self, face: Face) -> None:
        text = json.dumps(face.read() | {"mine": "caf@", "good": 1}).encode().replace(b"@", b"\xe9")
        face.path.write_bytes(text)
        face.file.take_up()
        assert face.manager.get_config("mine") == "caf\ufffd"
        assert face.manager.get_config("good") == 1

    def test_a_file_with_a_byte_order_mark_is_read(self, face: Face) -> None:
        face.path.write_text(json.dumps(face.read() | {"mine": "🌊"}), "utf-8-sig")
        face.file.take_up()
        assert face.manager.get_config("mine") == "🌊"
