"""``signoff status``: how it stands, for people and for programs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from signoff import StateManager
from signoff import session as sessions
from signoff.clock import system_clock

from ..store.scenes import ANA, BEN, Scene
from .conftest import Signoff


def test_names_what_waits_for_whom(desk: Scene, signoff: Signoff) -> None:
    desk.unconfirmed(desk.claimed("m1", chat=BEN))
    desk.draft("m2")
    desk.receive("m3", text="Sing at your place?", chat="15550100103@c.us")
    silent = desk.store.claim_draft(desk.account, lease=1, by="drafter")
    assert silent is not None
    desk.store.postpone_draft(silent, None, by="drafter", why="nothing to say")
    desk.receive("m4", chat="15550100104@c.us")
    told = signoff("status").stdout
    for line in (
        "1 to be decided by you: signoff inbox",
        "1 sent, and nobody knows whether it arrived",
        "1 without an answer of an assistant in the last 10,000 events",
        "1 to be drafted by an assistant",
    ):
        assert line in told
    waiting = json.loads(signoff("status", "--json").stdout)["waiting"]
    ids = {key: [row["id"] for row in rows] for key, rows in waiting.items() if rows}
    assert ids == {
        "for_you": ["reply_m2"],
        "unconfirmed": ["reply_m1"],
        "unanswered": ["m3"],
        "for_an_assistant": ["m4"],
    }
    assert waiting["for_you"][0]["chat"] == ANA


def test_fits_into_80_columns_and_through_a_pipe(desk: Scene, signoff: Signoff) -> None:
    desk.draft()
    told = signoff("status").stdout
    assert max(map(len, told.splitlines())) <= 80
    assert "\x1b" not in told


def test_a_session_that_is_out_of_date_needs_no_scan(tmp_path: Path, signoff: Signoff) -> None:
    with StateManager(tmp_path / "whatsapp_state.json", clock=lambda: system_clock() - 3_600_000_000) as state:
        state.update_session_status(True, {"number": "15550100000", "name": "Café", "platform": "android"})
    session = json.loads(signoff("status", "--json").stdout)["session"]
    assert (session["valid"], session["qr_due"]) == (False, False)
    assert "no QR scan is needed" in session["why_invalid"]
    assert "15550100000 Café android" in signoff("status").stdout


def test_a_session_that_is_gone_says_why_and_how_to_scan(tmp_path: Path, signoff: Signoff) -> None:
    with StateManager(tmp_path / "whatsapp_state.json") as state:
        state.update_session_status(True)
        state.mark_session_invalid("unlinked on the phone")
    session = json.loads(signoff("status", "--json").stdout)["session"]
    assert (session["valid"], session["qr_due"]) == (False, True)
    assert "unlinked on the phone" in session["why_invalid"]
    assert "Linked devices" in signoff("status").stdout


def test_a_backend_that_does_not_answer_says_nothing_about_the_session(tmp_path: Path, signoff: Signoff) -> None:
    with StateManager(tmp_path / "whatsapp_state.json") as state:
        state.update_session_status(True)
        state.change_session(lambda session: sessions.unreachable(session, state.clock()), "unreachable")
    told = signoff("status").stdout
    assert "valid" in told
    assert "has not answered since" in told


def test_a_held_outbox_says_why_and_what_to_do(desk: Scene, signoff: Signoff) -> None:
    desk.store.change_settings(desk.account, lambda _: {"outbox_hold": "it is an older copy"}, by="file")
    told = signoff("status").stdout
    assert "nothing is sent: it is an older copy" in told
    assert "signoff doctor --release" in told
    assert json.loads(signoff("status", "--json").stdout)["outbox_hold"] == "it is an older copy"


def test_a_person_who_is_passed_over_is_said(tmp_path: Path, signoff: Signoff) -> None:
    with StateManager(tmp_path / "whatsapp_state.json", by="Omar") as state:
        state.set_config("human_in_the_loop", False)
    assert "set off by Omar: drafts leave without a person" in " ".join(signoff("status").stdout.split())


def test_another_account_is_asked_for_by_name(tmp_path: Path, signoff: Signoff) -> None:
    with StateManager(tmp_path / "whatsapp_state.json", account="shop"):
        pass
    assert json.loads(signoff("status", "--json", "--account", "shop").stdout)["account"] == "shop"
    wrong = signoff("status", "--account", "shob")
    assert wrong.returncode == 1
    assert "there is: " in wrong.stderr
    assert "shop" in wrong.stderr
    with StateManager(tmp_path / "whatsapp_state.json") as state:
        assert "shob" not in state.store.account_names()


def test_a_state_that_is_not_there_is_not_begun(tmp_path: Path, signoff: Signoff) -> None:
    result = signoff("status", "--state", "whatsap_state.json")
    assert result.returncode == 3
    assert result.stderr == (
        "there is no state whatsap_state.json: say where it is with --state FILE, or begin one: signoff run\n"
    )
    assert os.listdir(tmp_path) == []
