"""What the inbox makes of the session: only one that is really gone asks for a scan."""

from __future__ import annotations

import json

import pytest

from signoff import MessageStatus
from signoff.gateway import Account, SessionChange
from signoff.gateway.simulator import Simulator

from ..conftest import ManualClock
from .conftest import Line, MakeLine

INCOMING = MessageStatus.INCOMING
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED


class TestSession:
    def ready(self, line: Line) -> None:
        line.world.change_session("ready")
        line.inbox.round()

    def test_ready_makes_the_session_valid_and_names_the_account(self, line: Line) -> None:
        self.ready(line)
        assert line.state.is_session_valid()
        assert not line.state.requires_qr_scan()
        assert line.state.get_config("account_info")["number"] == "15550100000"

    @pytest.mark.parametrize("gone", ["qr", "logged_out"])
    def test_only_a_session_that_is_gone_wants_a_scan(self, line: Line, gone: str) -> None:
        self.ready(line)
        line.world.change_session(gone, qr="2@secret" if gone == "qr" else None)
        line.inbox.round()
        assert line.state.requires_qr_scan()
        assert not line.state.is_session_valid()

    @pytest.mark.parametrize("answer", ["ready", "connecting", "qr", "logged_out"])
    def test_any_answer_shows_that_it_is_reachable(self, line: Line, answer: str) -> None:
        self.ready(line)
        line.world.change_session("unreachable")
        line.inbox.round()
        assert line.store.session(line.state.account).unreachable_since == line.clock()
        line.world.change_session(answer)
        line.inbox.round()
        assert line.store.session(line.state.account).unreachable_since is None

    @pytest.mark.parametrize("away", ["unreachable", "connecting"])
    def test_a_backend_that_does_not_answer_or_is_not_ready_wants_no_scan(self, line: Line, away: str) -> None:
        self.ready(line)
        line.world.change_session(away, "time-out")
        line.inbox.round()
        assert not line.state.requires_qr_scan()
        assert line.state.is_session_valid()

    def test_a_mark_set_while_it_did_not_answer_is_cleared_by_its_answer(self, line: Line) -> None:
        self.ready(line)
        line.world.change_session("unreachable")
        line.inbox.round()
        line.state.mark_session_invalid("Backend not responding")
        assert line.state.requires_qr_scan()
        self.ready(line)
        assert not line.state.requires_qr_scan()
        assert line.state.is_session_valid()

    def test_any_other_mark_stands(self, line: Line) -> None:
        self.ready(line)
        line.state.mark_session_invalid("I gave the phone away")
        self.ready(line)
        assert line.state.requires_qr_scan()

    def test_a_mark_set_once_it_answers_again_stands(self, line: Line) -> None:
        self.ready(line)
        for state in ("unreachable", "connecting"):
            line.world.change_session(state)
            line.inbox.round()
        line.state.mark_session_invalid("I gave the phone away")
        self.ready(line)
        assert line.state.requires_qr_scan()

    def test_the_code_to_scan_is_never_stored(self, line: Line) -> None:
        line.world.change_session("qr", qr="2@a-secret-code")
        line.inbox.round()
        assert "2@a-secret" not in json.dumps(line.state.get_full_state())
        rows = line.store.database.read(lambda tx: tx.connection.execute("SELECT * FROM events").fetchall())
        assert "2@a-secret" not in repr(rows)

    def test_hostile_words_of_the_backend_are_taken_in(self, make_line: MakeLine, clock: ManualClock) -> None:
        account = Account("1555\0", "Caf\ud800", "x" * 100_000)
        line = make_line(Simulator(clock=clock, account=account))
        line.take(SessionChange("unreachable", 0, "bad\0\ud800" * 1000))
        line.take(SessionChange("qr", 0, "bad\0\ud800"))
        self.ready(line)
        assert line.state.get_config("account_info")["name"] == "Caf\ufffd"
