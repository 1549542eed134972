"""The simulated backend, asked as a script of the guide asks it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from signoff.clock import SECOND
from signoff.gateway import Gateway, Incoming, Outgoing, Unknown
from signoff.gateway.backend import Weaknesses
from signoff.gateway.rest import Rest
from signoff.gateway.simulator import Simulator

from .conftest import Stage, rest_stage
from .servers import payload

ANA = "15550100111@c.us"
Ask = Callable[..., tuple[int, Any]]


def outgoing(text: str = "We open at nine.") -> Outgoing:
    return Outgoing("attempt-1", ANA, text, 0)


def messages(gateway: Gateway) -> list[Incoming]:
    return [event for event in gateway.events(0.0) if isinstance(event, Incoming)]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with rest_stage(Simulator()) as stage:
        yield stage


@pytest.fixture
def ask(stage: Stage) -> Iterator[Ask]:
    with httpx2.Client(base_url=stage.endpoint) as client:

        def ask(method: str, path: str, body: object = None) -> tuple[int, Any]:
            answer = client.request(method, path, json=body)
            return answer.status_code, answer.json()

        yield ask


def test_its_answers_have_the_fields_of_the_real_ones(stage: Stage, ask: Ask) -> None:
    stage.world.contact_writes(ANA, "Hola", name="Ana")
    answers: dict[str, Sequence[Any]] = {
        "status": ask("GET", "/status"),
        "info": ask("GET", "/info"),
        "messages": ask("GET", "/messages?unprocessed=true"),
        "send_ok": ask("POST", "/send", {"number": ANA, "message": "Hello"}),
    }
    for name, (status, body) in answers.items():
        assert status == 200
        assert shape(body) == shape(payload(name)), name


def test_messages_are_marked_filtered_and_deleted(stage: Stage, ask: Ask) -> None:
    one, two = stage.world.contact_writes(ANA, "one"), stage.world.contact_writes(ANA, "two")
    assert ask("GET", "/messages")[1]["count"] == 2
    assert ask("POST", f"/messages/{one}/processed") == (200, {"success": True, "messageId": one})
    assert [message["id"] for message in ask("GET", "/messages?unprocessed=true")[1]["messages"]] == [two]
    assert ask("GET", "/messages")[1]["count"] == 2
    assert ask("DELETE", "/messages/processed") == (200, {"success": True, "remainingMessages": 1})
    assert ask("POST", f"/messages/{one}/processed")[0] == 404


def test_a_missing_field_is_a_400(stage: Stage, ask: Ask) -> None:
    bodies: list[Any] = [{}, {"number": ANA}, {"message": "Hello"}, {"number": ANA, "message": ""}, [], None]
    for body in bodies:
        status, answer = ask("POST", "/send", body)
        assert (status, list(answer)) == (400, ["error"])
    assert stage.world.deliveries() == []


def test_not_ready_is_a_400(stage: Stage, ask: Ask) -> None:
    stage.world.change_session("qr", qr="code")
    assert ask("GET", "/status") == (200, {"isReady": False, "hasQR": True, "qrCode": "code"})
    assert ask("GET", "/info")[0] == 400
    assert ask("POST", "/send", {"number": ANA, "message": "Hello"})[0] == 400


def test_contacts_are_those_who_wrote(stage: Stage, ask: Ask) -> None:
    stage.world.contact_writes(ANA, "Hola", name="Ana", at=1_795_166_132 * SECOND)
    contact = {
        "id": ANA,
        "name": "Ana",
        "number": "15550100111",
        "isMyContact": True,
        "lastMessageTime": 1_795_166_132,
    }
    assert ask("GET", "/contacts") == (200, {"count": 1, "contacts": [contact]})


def test_another_route_is_a_404(ask: Ask) -> None:
    assert ask("GET", "/nothing")[0] == 404


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("GET http://[/status HTTP/1.1", b""),
        ("POST /api/whatsapp/send HTTP/1.1\r\nContent-Length: " + "9" * 5_000, b"{}"),
        ("POST /api/whatsapp/send HTTP/1.1\r\nContent-Length: 100000", b"[" * 100_000),
    ],
    ids=["an address that is none", "a length of too many digits", "a body nested too deeply"],
)
def test_a_request_that_makes_no_sense_is_answered_all_the_same(stage: Stage, head: str, body: bytes) -> None:
    host, _, port = urlsplit(stage.endpoint).netloc.partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(f"{head}\r\nHost: x\r\nConnection: close\r\n\r\n".encode() + body)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_restart_loses_all_that_a_forgetful_one_kept_and_nothing_else(tmp_path: Path) -> None:
    for forgets, left in ((False, 1), (True, 1), (True, 0)):
        world = Simulator(tmp_path / "world")
        if (forgets, left) == (False, 1):
            world.contact_writes(ANA, "Hello?")
        with rest_stage(world, Weaknesses(forgets=forgets)) as stage:
            assert len(messages(stage.gateway)) == left


def test_it_runs_as_a_process_over_a_world_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "signoff.gateway.backend", "--port", "0", "--folder", str(tmp_path)]
    process = subprocess.Popen([*command, "--denies", "--cuts-digits"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        gateway = Rest(process.stdout.readline().strip())
        world = Simulator(tmp_path)
        world.contact_writes(ANA, "Hello?")
        assert [message.text for message in messages(gateway)] == ["Hello?"]
        assert isinstance(gateway.send(outgoing()), Unknown)
        assert [delivery.chat for delivery in world.deliveries()] == [ANA]
        world.fail_next("die", delivered=True)
        assert isinstance(gateway.send(outgoing(text="Goodbye")), Unknown)
        assert process.wait(10) != 0
        assert [delivery.text for delivery in world.deliveries()][1:] == ["Goodbye"]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def shape(value: Any) -> Any:
    """The keys and types of a JSON value; of a list, of its first element."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    return type(value).__name__
