"""``signoff run``: says what it does, does it, and stops in order."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno

from signoff import StateManager
from signoff.gateway.backend import serve
from signoff.gateway.simulator import Simulator

from .conftest import AtTerminal, Signoff
from .terminal import PATIENCE, command, environment

ANA = "15550100111@c.us"
CAFE = ("--assistant", "faq")
SECRET = "2@scan-me-and-you-are-in"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    """A small WhatsApp behind the guide's backend, which the settings name."""
    world = Simulator()
    with serve(world, port=0) as endpoint:
        with StateManager(tmp_path / "whatsapp_state.json") as state:
            state.set_config("api_endpoint", endpoint)
        yield world
    world.close()


def wait_for_deliveries(world: Simulator, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while len(world.deliveries()) < count:
        assert time.monotonic() < end, world.deliveries()
        world.events(0.05)


class TestTheMainJob:
    def test_what_was_approved_is_delivered_and_nothing_else(
        self, world: Simulator, signoff: Signoff, at_terminal: AtTerminal
    ) -> None:
        first = world.contact_writes(ANA, "What are your opening hours?", name="Ana")
        second = world.contact_writes("15550100112@c.us", "Do you deliver?", name="Ben")
        terminal = at_terminal("run", *CAFE)
        terminal.expect(f"message {second} has a draft by faq")
        assert signoff("approve", f"reply_{first}").returncode == 0
        wait_for_deliveries(world, 1)
        assert [delivery.chat for delivery in world.deliveries()] == [ANA]
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == 0
        assert len(world.deliveries()) == 1

    def test_says_what_it_does_and_that_sign_off_was_set_on(self, world: Simulator, at_terminal: AtTerminal) -> None:
        terminal = at_terminal("run", *CAFE)
        terminal.expect(
            "account 'default' in whatsapp_state.db",
            "rest: http://",
            "assistant  faq",
            "sign-off   on",
            "human_in_the_loop was not chosen yet: it is on now",
        )
        assert world.session().state == "ready"

    def test_says_loudly_that_sign_off_is_off(self, world: Simulator, at_terminal: AtTerminal, tmp_path: Path) -> None:
        with StateManager(tmp_path / "whatsapp_state.json", by="Omar") as state:
            state.set_config("human_in_the_loop", False)
        at_terminal("run", *CAFE).expect("sign-off   OFF, set by Omar: drafts leave without a person")
        assert world.deliveries() == []

    def test_logs_ids_and_never_a_text(self, world: Simulator, at_terminal: AtTerminal, signoff: Signoff) -> None:
        message = world.contact_writes(ANA, "What are your opening hours?", name="Ana Secret")
        terminal = at_terminal("run", *CAFE)
        terminal.expect(f"message {message} has a draft")
        signoff("approve", f"reply_{message}")
        wait_for_deliveries(world, 1)
        terminal.interrupt()
        terminal.wait()
        for text in ("opening hours", "Secret", "7:30", ANA):
            assert text not in terminal.text

    def test_without_an_assistant_nothing_is_drafted(
        self, world: Simulator, at_terminal: AtTerminal, signoff: Signoff
    ) -> None:
        message = world.contact_writes(ANA, "What are your opening hours?")
        at_terminal("run", "--assistant", "none").expect(f"message {message} came in")
        assert json.loads(signoff("inbox", "--json").stdout) == []

    def test_contacts_of_the_simulator_write_by_themselves(self, at_terminal: AtTerminal, signoff: Signoff) -> None:
        at_terminal("run", "--gateway", "simulator", *CAFE).expect("contacts who do not exist", "has a draft by faq")
        assert len(json.loads(signoff("inbox", "--json").stdout)) >= 1


OWN = """
from signoff.gateway.simulator import Simulator


class Pigeons(Simulator):
    name = "pigeons"

    def __init__(self, settings):
        super().__init__(settings["pigeons"]["loft"])


def nothing(settings):
    return "no gateway"


def fails(settings):
    return settings["no such key"]
"""


class TestAGatewayOfOnesOwn:
    @pytest.fixture
    def loft(self, tmp_path: Path) -> Simulator:
        """Where the pigeons fly; the settings name it."""
        (tmp_path / "own_pigeons.py").write_text(OWN)
        with StateManager(tmp_path / "whatsapp_state.json") as state:
            state.set_config("pigeons", {"loft": str(tmp_path / "loft")})
        return Simulator(tmp_path / "loft")

    def test_brings_and_takes_the_messages(self, loft: Simulator, signoff: Signoff, at_terminal: AtTerminal) -> None:
        message = loft.contact_writes(ANA, "What are your opening hours?", name="Ana")
        terminal = at_terminal("run", "--gateway", "own_pigeons:Pigeons", *CAFE)
        terminal.expect("gateway    own_pigeons:Pigeons: your own", f"message {message} has a draft by faq")
        assert signoff("approve", f"reply_{message}").returncode == 0
        wait_for_deliveries(loft, 1)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == 0

    def test_is_asked_by_session_and_doctor_too(self, loft: Simulator, signoff: Signoff) -> None:
        own = ("--gateway", "own_pigeons:Pigeons")
        assert "it is linked" in signoff("session", "validate", *own).stdout
        assert "the gateway own_pigeons:Pigeons answers for 15550100000" in " ".join(
            signoff("doctor", *own).stdout.split()
        )

    @pytest.mark.parametrize(
        ("which", "code", "said"),
        [
            ("nobody_here:Pigeons", 2, "no module 'nobody_here': it is neither installed nor a file in"),
            ("own_pigeons:Doves", 2, "has no 'Doves'"),
            ("own_pigeons:nothing", 3, "gives str, which has no name, can_lookup, account"),
            ("own_pigeons:fails", 3, "cannot be opened: KeyError: 'no such key'"),
        ],
    )
    @pytest.mark.usefixtures("loft")
    def test_that_cannot_be_used_is_a_sentence(self, signoff: Signoff, which: str, code: int, said: str) -> None:
        result = signoff("run", "--gateway", which)
        assert result.returncode == code
        assert said in " ".join(result.stderr.replace("│", "").split())
        assert "Traceback" not in result.stderr


class TestStopping:
    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_is_in_order(self, world: Simulator, at_terminal: AtTerminal, tmp_path: Path, how: signal.Signals) -> None:
        message = world.contact_writes(ANA, "What are your opening hours?")
        terminal = at_terminal("run", *CAFE)
        terminal.expect(f"message {message} has a draft")
        terminal.process.send_signal(how)
        assert terminal.wait() == 0
        assert "Stopped in order." in terminal.text
        assert "Traceback" not in terminal.text
        shown = json.loads((tmp_path / "whatsapp_state.json").read_text("utf-8"))
        assert [entry["id"] for entry in shown["messages"]["pending_approval"]] == [f"reply_{message}"]


class TestTheQrCode:
    def test_is_drawn_at_the_terminal(self, world: Simulator, at_terminal: AtTerminal) -> None:
        world.change_session("qr", qr=SECRET)
        drawn = io.StringIO()
        segno.make(SECRET, micro=False).terminal(out=drawn, compact=True)
        terminal = at_terminal("run", *CAFE)
        terminal.expect("A QR scan is due", "Linked devices", *drawn.getvalue().splitlines())
        assert SECRET not in terminal.text

    def test_is_never_written_where_a_log_might_keep_it(self, world: Simulator, tmp_path: Path) -> None:
        world.change_session("qr", qr=SECRET)
        process = subprocess.Popen(
            command("run", *CAFE),
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        said = ""
        while "A QR scan is due" not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGTERM)
        said += process.communicate(timeout=PATIENCE)[1]
        assert process.returncode == 0
        assert SECRET not in said
        assert not set("█▀▄") & set(said)
        files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert not any(SECRET.encode() in content for content in files)


class TestWronglyAsked:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--assistant", "nobody:here"), "no module 'nobody'"),
            (("--assistant", "faq:nowhere"), "nowhere"),
            (("--gateway", "pigeon"), "pigeon"),
        ],
    )
    def test_is_a_sentence_and_code_2(self, signoff: Signoff, arguments: tuple[str, ...], said: str) -> None:
        result = signoff("run", *arguments)
        assert result.returncode == 2
        assert said in " ".join(result.stderr.replace("│", "").split())
        assert "Traceback" not in result.stderr

    def test_an_endpoint_that_is_none_is_said(self, signoff: Signoff, tmp_path: Path) -> None:
        with StateManager(tmp_path / "whatsapp_state.json") as state:
            state.set_config("api_endpoint", "pigeon post")
        result = signoff("run")
        assert result.returncode == 3
        assert "pigeon post" in result.stderr
        assert "Traceback" not in result.stderr
