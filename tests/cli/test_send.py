"""``signoff send``: a message of one's own leaves after sign-off, and the exit code tells what became of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signoff.digest import digest_of

from ..store.scenes import ANA, APPROVED, PENDING, Scene
from ..waiting import eventually
from .conftest import AtTerminal, Signoff
from .terminal import PATIENCE, command, environment

Sending = Callable[..., "subprocess.Popen[str]"]
TEXT = "Your order is ready."


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Sending]:
    """Starts ``signoff send`` through pipes, without waiting for its end."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        words = command("send", ANA, TEXT, *arguments)
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(words, cwd=tmp_path, env=environment(), stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def handed_in(desk: Scene) -> str:
    """The id of the message, as soon as it waits and its sender is done with it."""
    eventually(lambda: [row for row in desk.store.page(desk.account, PENDING) if row.used])
    return desk.ids(PENDING)[0]


def test_is_sent_after_sign_off_and_then_exits_with_0(desk: Scene, sending: Sending) -> None:
    running = sending("--by", "Omar")
    message = handed_in(desk)
    desk.approve(message)
    claim = desk.claim()
    assert claim is not None
    assert (claim.chat, claim.text) == (ANA, TEXT)
    desk.accepted(claim)
    said, beside = running.communicate(timeout=PATIENCE)
    assert (running.returncode, said) == (0, f"{message}, to {ANA}: sent, approved by maria.\n")
    assert f"signoff approve {message}" in " ".join(beside.split())
    assert desk.store.history(desk.account, message)[0].by == "Omar"


def test_nothing_is_sent_before_somebody_approves(desk: Scene, sending: Sending) -> None:
    running = sending("--wait", "0.2")
    message = handed_in(desk)
    assert desk.claim() is None
    said, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert "nobody decided within 0.2 s; it goes on waiting" in said
    assert desk.ids(PENDING) == [message]


def test_rejected_exits_with_1_and_says_by_whom_and_why(desk: Scene, sending: Sending) -> None:
    running = sending()
    desk.reject(handed_in(desk), reason="she was here already")
    said, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert said.endswith("rejected, by omar: she was here already.\n")


@pytest.mark.parametrize(
    ("outcome", "told"),
    [("refused", "failed, by outbox: no such number"), ("unconfirmed", "nobody knows whether it arrived")],
)
def test_what_failed_exits_with_1_and_says_what_is_known(
    desk: Scene, sending: Sending, outcome: str, told: str
) -> None:
    running = sending()
    desk.approve(handed_in(desk))
    claim = desk.claim()
    assert claim is not None
    getattr(desk, outcome)(claim)
    said, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert told in said


def test_approved_and_not_sent_in_time_asks_whether_the_service_runs(desk: Scene, sending: Sending) -> None:
    running = sending("--wait", "2")
    message = handed_in(desk)
    desk.approve(message)
    said, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 1
    assert "approved by maria, and not sent within 2 s: is signoff run running?" in said
    assert desk.ids(APPROVED) == [message]


class TestWithHumanInTheLoopOff:
    @pytest.fixture(autouse=True)
    def off(self, desk: Scene) -> None:
        desk.store.change_settings(desk.account, lambda _: {"human_in_the_loop": False}, by="maria")

    def test_it_is_sent_without_asking_and_says_so(self, desk: Scene, sending: Sending) -> None:
        running = sending()
        eventually(lambda: desk.ids(APPROVED))
        desk.clock.advance(60)
        claim = desk.claim()
        assert claim is not None
        assert (claim.chat, claim.text) == (ANA, TEXT)
        desk.accepted(claim)
        said, beside = running.communicate(timeout=PATIENCE)
        outcome = f"{claim.id}, to {ANA}: sent, without asking, as human_in_the_loop is off.\n"
        assert (running.returncode, said) == (0, outcome)
        assert "leaves without asking" in beside
        approved = [event for event in desk.store.history(desk.account, claim.id) if event.kind == "approved"]
        assert [(event.by, event.why) for event in approved] == [
            ("human_in_the_loop off", "human_in_the_loop was set off by maria")
        ]

    def test_without_waiting_too(self, desk: Scene, signoff: Signoff) -> None:
        told = json.loads(signoff("send", ANA, TEXT, "--no-wait", "--json").stdout)
        assert (told["status"], told["approved_by"]) == ("approved", "human_in_the_loop off")
        assert "leaves without asking" in told["outcome"]

    def test_it_can_be_taken_back_as_long_as_the_setting_says(self, desk: Scene, signoff: Signoff) -> None:
        settings = {"approval_config": {"undo_seconds": 60}}
        desk.store.change_settings(desk.account, lambda _: settings, by="maria")
        message = json.loads(signoff("send", ANA, TEXT, "--no-wait", "--json").stdout)["id"]
        assert desk.claim() is None
        assert signoff("take-back", message).returncode == 0
        assert desk.ids(PENDING) == [message]

    def test_held_back_it_does_not_leave(self, desk: Scene, signoff: Signoff) -> None:
        desk.store.change_settings(desk.account, lambda _: {"outbox_hold": "an older copy"}, by="file")
        result = signoff("send", ANA, TEXT, "--wait", "0")
        assert "Nothing is sent at present: an older copy" in result.stderr
        assert "without asking, as human_in_the_loop is off, and not sent within 0 s" in result.stdout


def test_off_because_nobody_chose_is_no_choice(desk: Scene, signoff: Signoff) -> None:
    assert json.loads(signoff("send", ANA, TEXT, "--no-wait", "--json").stdout)["status"] == "pending_approval"


def test_without_waiting_it_is_handed_in_and_that_is_all(desk: Scene, signoff: Signoff) -> None:
    result = signoff("send", ANA, TEXT, "--no-wait", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert (told["recipient"], told["status"]) == (ANA, "pending_approval")
    assert desk.row(told["id"]).message["body"] == TEXT


def test_a_script_that_sends_the_same_later_is_not_taken_for_it(desk: Scene, signoff: Signoff) -> None:
    signoff("send", ANA, TEXT, "--no-wait")
    assert desk.store.script_rows(desk.account, digest_of(ANA, TEXT)) == []


def test_says_when_nothing_is_sent_at_present(desk: Scene, signoff: Signoff) -> None:
    desk.store.change_settings(desk.account, lambda _: {"outbox_hold": "it is an older copy"}, by="file")
    assert "Nothing is sent at present: it is an older copy" in signoff("send", ANA, TEXT, "--wait", "0").stderr


@pytest.mark.parametrize("words", [("", TEXT), (ANA, "  "), (ANA,)])
def test_nothing_to_send_is_wrongly_asked(desk: Scene, signoff: Signoff, words: tuple[str, ...]) -> None:
    assert signoff("send", *words).returncode == 2
    assert desk.ids(PENDING) == []


def test_ctrl_c_ends_the_waiting_and_not_the_message(desk: Scene, at_terminal: AtTerminal) -> None:
    terminal = at_terminal("send", ANA, TEXT)
    message = handed_in(desk)
    terminal.expect("waits for sign-off")
    terminal.interrupt()
    assert terminal.wait() == 130
    assert desk.ids(PENDING) == [message]
