"""``signoff doctor``: finds what is wrong, says what to do, and exits with 1."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from signoff import StateManager
from signoff.gateway.backend import serve
from signoff.gateway.simulator import Simulator

from ..store.outside import sql
from ..store.scenes import Scene
from .conftest import Signoff

ON_THIS_MACHINE = ("--gateway", "simulator")


def wrong(signoff: Signoff, *arguments: str) -> list[str]:
    """What the doctor finds wrong."""
    result = signoff("doctor", "--json", *(arguments or ON_THIS_MACHINE))
    findings = json.loads(result.stdout)
    found = [finding for finding in findings if finding["verdict"] == "wrong"]
    assert result.returncode == (1 if found else 0)
    assert all(finding["advice"] or "cannot be opened" in finding["what"] for finding in found)
    return [finding["what"] for finding in found]


def test_a_sound_state_is_good(desk: Scene, signoff: Signoff) -> None:
    desk.draft()
    result = signoff("doctor", *ON_THIS_MACHINE)
    assert result.returncode == 0
    for words in ("SQLite 3.", "MiB free", "only you can read", "is sound", "on this machine"):
        assert words in result.stdout
    assert "✗" not in result.stdout
    assert wrong(signoff) == []


def test_the_backend_is_asked(tmp_path: Path, signoff: Signoff) -> None:
    world = Simulator()
    with serve(world, port=0) as endpoint:
        with StateManager(tmp_path / "whatsapp_state.json") as state:
            state.set_config("api_endpoint", endpoint)
        assert wrong(signoff, "--gateway", "rest") == []
        world.change_session("logged_out")
        assert "does not answer, or is not ready" in wrong(signoff, "--gateway", "rest")[0]
    world.close()
    assert endpoint in wrong(signoff, "--gateway", "rest")[0]


def test_which_gateway_is_used_is_not_guessed(tmp_path: Path, signoff: Signoff) -> None:
    world = Simulator()
    with serve(world, port=0) as endpoint:
        with StateManager(tmp_path / "whatsapp_state.json") as state:
            state.set_config("api_endpoint", endpoint)
        told = signoff("doctor")
        assert (told.returncode, f"the backend at {endpoint} answers for" in told.stdout) == (0, True)
    world.close()
    told = signoff("doctor")
    assert told.returncode == 0
    assert "does not answer, or is not ready; it never has" in " ".join(told.stdout.split())
    assert "--gateway simulator" in told.stdout
    with StateManager(tmp_path / "whatsapp_state.json") as state:
        state.update_session_status(True, {"number": "15550100000", "name": "Café", "platform": "android"})
    assert signoff("doctor").returncode == 1
    with StateManager(tmp_path / "whatsapp_state.json") as state:
        state.update_session_status(True, {"number": "15550100000", "name": "Café", "platform": "simulator"})
    told = signoff("doctor")
    assert (told.returncode, "the simulator answered last" in told.stdout) == (0, True)
    assert "--gateway rest" in told.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_files_that_others_can_read(desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
    desk.draft()
    os.chmod(tmp_path / "whatsapp_state.db", 0o644)
    assert wrong(signoff) == [f"others on this machine can read {'whatsapp_state.db'}"]


def test_a_database_whose_parts_disagree(desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
    desk.draft()
    desk.store.close()
    sql(tmp_path / "whatsapp_state.db", "UPDATE counters SET total = total + 7 WHERE status = 'incoming'")
    (problem,) = wrong(signoff)
    assert "the counter of incoming says" in problem
    sql(tmp_path / "whatsapp_state.db", "UPDATE counters SET total = total - 7 WHERE status = 'incoming'")


def test_a_database_that_is_none(signoff: Signoff, tmp_path: Path) -> None:
    (tmp_path / "whatsapp_state.db").write_bytes(b"dear diary, " * 1000)
    os.chmod(tmp_path / "whatsapp_state.db", 0o600)
    (problem,) = wrong(signoff)
    assert "damaged or no database" in problem


def test_a_state_file_that_cannot_be_read(desk: Scene, signoff: Signoff, tmp_path: Path) -> None:
    desk.draft()
    file = tmp_path / "whatsapp_state.json"
    file.write_text('{"session": ')
    os.utime(file, (1_700_000_000, 1_700_000_000))
    os.chmod(file, 0o600)
    (problem,) = wrong(signoff)
    assert "could not be read (line 1" in problem
    assert wrong(signoff) == []  # it was kept under another name and written anew


def test_no_state_at_all(signoff: Signoff, tmp_path: Path) -> None:
    (problem,) = wrong(signoff)
    assert "there is no state whatsapp_state.json" in problem
    assert os.listdir(tmp_path) == []


def test_a_held_outbox_is_released_after_saying_why(desk: Scene, signoff: Signoff) -> None:
    desk.store.change_settings(desk.account, lambda _: {"outbox_hold": "it is an older copy"}, by="file")
    assert wrong(signoff) == ["nothing is sent: it is an older copy"]
    assert "It was held because: it is an older copy" in signoff("doctor", "--release").stdout
    assert wrong(signoff) == []
    assert "not held" in signoff("doctor", "--release").stdout


def test_what_is_unconfirmed_is_noted_and_not_wrong(desk: Scene, signoff: Signoff) -> None:
    desk.unconfirmed(desk.claimed())
    result = signoff("doctor", *ON_THIS_MACHINE)
    assert result.returncode == 0
    assert "1 sent, and nobody knows whether it arrived" in result.stdout
