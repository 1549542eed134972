"""The rules of a session: pure functions over one record."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import session as sessions
from signoff.clock import DAY, MINUTE, local_iso
from signoff.session import Session

NOW = 1_790_000_000_000_000
VALID = sessions.authenticated(Session(), NOW)

TIMES = st.none() | st.integers(0, 1 << 51)
SESSIONS = st.builds(
    Session,
    authenticated=st.booleans(),
    last_authenticated=TIMES,
    session_valid=st.booleans(),
    requires_qr=st.booleans(),
    last_validation=TIMES,
    validation_interval_minutes=st.floats(0.1, 10_000) | st.integers(1, 10_000),
    invalidation_reason=st.none() | st.text(),
    invalidated_at=TIMES,
    account_info=st.dictionaries(st.text(), st.text()),
    seen_on=st.lists(st.sampled_from(["here", "there"]), unique=True).map(tuple),
    unreachable_since=TIMES,
    marked_while_unreachable=st.booleans(),
    session_path=st.just(".wwebjs_auth"),
    extra=st.dictionaries(st.text(), st.integers()),
)


class TestValidity:
    def test_it_wants_authenticated_marked_valid_validated_recently_and_the_folder(self) -> None:
        assert sessions.is_valid(VALID, NOW, gone=False)
        assert not sessions.is_valid(VALID._replace(authenticated=False), NOW, gone=False)
        assert not sessions.is_valid(VALID._replace(session_valid=False), NOW, gone=False)
        assert not sessions.is_valid(VALID, NOW + 30 * MINUTE, gone=False)
        assert not sessions.is_valid(VALID, NOW, gone=True)

    @pytest.mark.parametrize(("minutes", "valid"), [(29.999, True), (30, False), (10_000, False), (-10_000, True)])
    def test_the_interval_is_half_an_hour_and_the_future_counts_as_now(self, minutes: float, valid: bool) -> None:
        assert sessions.is_valid(VALID, NOW + round(minutes * MINUTE), gone=False) is valid

    def test_the_interval_can_be_another(self) -> None:
        quick = VALID._replace(validation_interval_minutes=0.5)
        assert sessions.is_valid(quick, NOW + MINUTE // 2 - 1, gone=False)
        assert not sessions.is_valid(quick, NOW + MINUTE // 2, gone=False)

    def test_never_validated_counts_as_validated(self) -> None:
        assert sessions.is_valid(VALID._replace(last_validation=None), NOW + 99 * DAY, gone=False)

    @given(session=SESSIONS, now=st.integers(0, 1 << 51))
    def test_being_out_of_date_never_asks_for_a_scan(self, session: Session, now: int) -> None:
        assert sessions.needs_qr(session, gone=False) is session.requires_qr
        assert sessions.needs_qr(session._replace(last_validation=now), gone=False) is session.requires_qr


class TestTheFolder:
    @pytest.mark.parametrize(
        ("seen_on", "there", "gone"),
        [(("here",), True, False), (("here",), False, True), (("elsewhere",), False, False), ((), False, False)],
    )
    def test_its_absence_counts_only_on_a_host_that_has_seen_it(
        self, seen_on: tuple[str, ...], there: bool, gone: bool
    ) -> None:
        assert sessions.folder_gone(VALID._replace(seen_on=seen_on), "here", there) is gone

    @given(session=SESSIONS)
    def test_what_a_host_sees_changes_nothing_of_what_others_saw(self, session: Session) -> None:
        others = [host for host in session.seen_on if host != "here"]
        assert [host for host in sessions.with_folder(session, "here", True).seen_on if host != "here"] == others
        assert list(sessions.with_folder(session, "here", False).seen_on) == others


class TestChanges:
    @given(session=SESSIONS)
    def test_after_authenticating_it_is_valid_and_wants_no_scan(self, session: Session) -> None:
        after = sessions.authenticated(session, NOW)
        assert sessions.is_valid(after, NOW, gone=False)
        assert not sessions.needs_qr(after, gone=False)
        assert after.account_info == session.account_info

    def test_authenticating_leaves_no_trace_of_what_was_wrong_before(self) -> None:
        marked = sessions.invalidated(sessions.unreachable(Session(), NOW - 2), "why", NOW - 1)
        assert sessions.authenticated(marked, NOW, {"name": "Ana"}) == Session(
            authenticated=True,
            last_authenticated=NOW,
            session_valid=True,
            requires_qr=False,
            last_validation=NOW,
            account_info={"name": "Ana", "last_updated": local_iso(NOW)},
        )

    def test_unlinking_ends_authentication_and_what_was_seen_of_the_folder_and_keeps_the_rest(self) -> None:
        after = sessions.unauthenticated(VALID._replace(seen_on=("here",)))
        assert after == VALID._replace(authenticated=False, session_valid=False, requires_qr=True)

    @given(session=SESSIONS)
    def test_after_marking_it_invalid_it_wants_a_scan_and_stays_authenticated_or_not(self, session: Session) -> None:
        after = sessions.invalidated(session, "why", NOW)
        assert not sessions.is_valid(after, NOW, gone=False)
        assert sessions.needs_qr(after, gone=False)
        assert (after.authenticated, after.session_valid) == (session.authenticated, False)
        assert (after.invalidation_reason, after.invalidated_at) == ("why", NOW)

    @given(session=SESSIONS)
    def test_a_backend_that_does_not_answer_changes_nothing_that_counts(self, session: Session) -> None:
        after = sessions.unreachable(session, NOW)
        assert after.unreachable_since is not None
        assert after._replace(unreachable_since=session.unreachable_since) == session
        assert sessions.unreachable(after, NOW + 1) == after, "since when, it says, not how often"

    @given(session=SESSIONS)
    def test_its_next_answer_clears_only_what_was_marked_meanwhile(self, session: Session) -> None:
        before = session._replace(authenticated=True, unreachable_since=None, marked_while_unreachable=False)
        marked = sessions.invalidated(before, "a script", NOW)
        stands = sessions.answered(sessions.unreachable(marked, NOW), NOW)
        assert not stands.session_valid
        assert stands.requires_qr
        assert stands.unreachable_since is None
        marked = sessions.invalidated(sessions.unreachable(before, NOW), "Backend not responding", NOW)
        cleared = sessions.answered(marked, NOW)
        assert sessions.is_valid(cleared, NOW, gone=False)
        assert not sessions.needs_qr(cleared, gone=False)
        assert cleared.invalidation_reason is None

    @given(session=SESSIONS)
    def test_the_first_answer_to_a_session_that_was_not_authenticated_authenticates_it(self, session: Session) -> None:
        after = sessions.answered(session._replace(authenticated=False), NOW, {"name": "Ana"})
        assert sessions.is_valid(after, NOW, gone=False)
        assert after.last_authenticated == NOW
        assert after.account_info["name"] == "Ana"

    @given(session=SESSIONS)
    def test_an_answer_validates_and_is_no_new_authentication(self, session: Session) -> None:
        before = session._replace(authenticated=True, session_valid=True, last_authenticated=5)
        after = sessions.answered(before, NOW)
        assert (after.last_validation, after.last_authenticated) == (NOW, 5)

    @given(session=SESSIONS)
    def test_a_record_is_the_session_again(self, session: Session) -> None:
        assert sessions.from_record(json.loads(json.dumps(sessions.to_record(session)))) == session

    def test_a_record_of_nothing_is_a_new_session(self) -> None:
        assert sessions.from_record({}) == Session()


class TestThePhone:
    @pytest.mark.parametrize(("days", "said"), [(0, None), (9.99, None), (10, "10 days"), (13.5, "13 days")])
    def test_from_ten_days_on_a_warning_says_that_the_link_ends_after_fourteen(
        self, days: float, said: str | None
    ) -> None:
        warning = sessions.phone_warning(VALID, NOW + round(days * DAY))
        assert warning is said or (warning is not None and said is not None and said in warning and "14" in warning)

    def test_a_session_that_is_gone_needs_no_warning(self) -> None:
        assert sessions.phone_warning(sessions.unauthenticated(VALID), NOW + 12 * DAY) is None
        assert sessions.phone_warning(VALID._replace(last_validation=None), NOW) is None
