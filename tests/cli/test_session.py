"""``signoff session``: how it stands, asking the backend, giving it up, and the QR code at a terminal only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff import StateManager
from signoff.clock import system_clock
from signoff.gateway.backend import serve
from signoff.gateway.simulator import Simulator

from .conftest import AtTerminal, Signoff

CODE = "2@a-secret-code,of,the,phone"
STATE = "whatsapp_state.json"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    """A backend that the state in the test's folder is set up for; the session was valid two hours ago."""
    world = Simulator()
    with serve(world, port=0) as endpoint:
        with StateManager(tmp_path / STATE, clock=lambda: system_clock() - 7_200_000_000) as state:
            state.set_config("api_endpoint", endpoint)
            state.update_session_status(True)
        yield world


def test_shows_how_it_stands_and_exits_with_1_when_it_cannot_be_used(world: Simulator, signoff: Signoff) -> None:
    result = signoff("session")
    assert result.returncode == 1
    assert "no QR scan is needed" in " ".join(result.stdout.split())
    told = json.loads(signoff("session", "--json").stdout)
    assert (told["valid"], told["qr_due"]) == (False, False)


def test_validate_asks_the_backend_and_notes_the_answer(world: Simulator, signoff: Signoff, tmp_path: Path) -> None:
    result = signoff("session", "validate")
    assert (result.returncode, result.stdout.splitlines()[0]) == (0, "valid")
    assert signoff("session").returncode == 0
    with StateManager(tmp_path / STATE) as state:
        assert state.is_session_valid()
        assert state.get_config("account_info")["number"] == world.account().number  # type: ignore[union-attr]


def test_validate_takes_no_message_away(world: Simulator, signoff: Signoff) -> None:
    world.contact_writes("15550100101@c.us", "Are you open?")
    world.change_session("connecting")
    signoff("session", "validate")
    world.change_session("ready")
    assert "Are you open?" in str(world.events(0))


def test_a_backend_that_does_not_answer_changes_nothing(tmp_path: Path, signoff: Signoff) -> None:
    with StateManager(tmp_path / STATE) as state:
        state.set_config("api_endpoint", "http://127.0.0.1:9/api/whatsapp")
        state.update_session_status(True)
    result = signoff("session", "validate")
    assert result.returncode == 1
    assert "says nothing about the session" in " ".join(result.stdout.split())
    assert signoff("session").returncode == 0
    assert signoff("session", "qr").returncode == 1


def test_a_backend_that_asks_for_a_scan_is_believed(world: Simulator, signoff: Signoff) -> None:
    world.change_session("qr", qr=CODE)
    result = signoff("session", "validate", "--json")
    assert result.returncode == 1
    told = json.loads(result.stdout)
    assert (told["qr_due"], told["said"]) == (True, "the backend asks for a QR scan: signoff session qr")


def test_invalidate_keeps_the_reason_and_who_it_was(world: Simulator, signoff: Signoff) -> None:
    assert signoff("session", "invalidate", "--reason", "the [phone] was sold", "--by", "Omar").returncode == 0
    assert "the [phone] was sold" in signoff("session").stdout
    events = json.loads(signoff("history", "--json").stdout)
    assert ("marked invalid", "Omar") in {(event["kind"], event["by"]) for event in events}


def test_the_code_is_drawn_at_a_terminal(world: Simulator, at_terminal: AtTerminal) -> None:
    world.change_session("qr", qr=CODE)
    terminal = at_terminal("session", "qr", size=(60, 80))
    assert terminal.wait() == 0
    assert "scan this code" in " ".join(terminal.text.split())
    assert terminal.text.count("█") + terminal.text.count("▀") + terminal.text.count("▄") > 100


def test_the_code_goes_through_no_pipe(world: Simulator, signoff: Signoff) -> None:
    world.change_session("qr", qr=CODE)
    for arguments in (("session", "qr"), ("session", "qr", "--json")):
        result = signoff(*arguments)
        assert result.returncode == 0
        assert not [sign for sign in (CODE, "█", "▀", "▄") if sign in result.stdout + result.stderr]
        assert "/status" in result.stderr


def test_no_code_is_needed_while_it_is_linked(world: Simulator, signoff: Signoff) -> None:
    result = signoff("session", "qr")
    assert result.returncode == 0
    assert "no scan is needed" in " ".join(result.stdout.split())


def test_a_reason_for_nothing_is_wrongly_asked(world: Simulator, signoff: Signoff) -> None:
    assert signoff("session", "--reason", "why not").returncode == 2
    assert signoff("session", "invalid").returncode == 2
