"""Whatever the backend answers: an outcome that claims no more than is known, and a gateway that goes on."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from hypothesis import strategies as st

from signoff.clock import system_clock
from signoff.gateway import Accepted, Incoming, Outgoing, Refused, Unknown
from signoff.gateway.backend import serve
from signoff.gateway.rest import Rest
from signoff.gateway.simulator import Simulator
from signoff.model import to_json

from ...gateway.servers import READY, Scripted, payload, scripted
from .budget import SIZE, fuzz, long, quickly
from .hostile import PIECES, battered, files

pytestmark = long

MESSAGES, INFO, SENT = payload("messages"), payload("info"), payload("send_ok")
HI = Outgoing("signoff-1", "15550100101@c.us", "Until six.", 0)
STATUSES = st.sampled_from([200, 200, 200, 201, 299, 302, 400, 400, 404, 418, 500, 503, 999])


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with scripted() as script:
        yield script


def use(gateway: Rest, size: int) -> Any:
    """Everything that a gateway is asked; what became of a message that was sent."""
    with quickly(size):
        events = gateway.events(0.0)
        for event in events:
            if isinstance(event, Incoming):
                json.dumps(event.fields, allow_nan=False)
                assert 0 <= event.at < 1 << 62
        gateway.acknowledge(events)
        account = gateway.account()
        assert account is None or all(isinstance(part, str) for part in (account.number, account.name))
        return gateway.send(HI)


def test_answers_that_were_tampered_with(backend: Scripted) -> None:
    bodies = [files([original]) for original in (READY, MESSAGES, INFO, SENT)]

    def check(answers: tuple[tuple[int, bytes], ...]) -> None:
        keys = ("GET /status", "GET /messages", "GET /info", "POST /send")
        backend.answers = dict(zip(keys, answers, strict=True))
        outcome = use(Rest(backend.endpoint, timeout=5.0), sum(len(body) for _, body in answers))
        status, body = answers[3]
        if isinstance(outcome, Accepted):
            assert 200 <= status < 300
            assert json.loads(body)["success"] is True
        elif isinstance(outcome, Unknown):
            to_json(outcome.reason, "a reason")
        elif not outcome.passing:
            assert status == 400

    fuzz(st.tuples(*(st.tuples(STATUSES, body) for body in bodies)), check)


def test_anything_instead_of_http() -> None:
    """What is no answer leaves it open whether the message went out, unless the backend was not ready before."""
    body = json.dumps(READY | SENT).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    answer = [whole]
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=answering, args=(server, answer), daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}/api"

        def check(data: bytes) -> None:
            answer[0] = data
            assert isinstance(use(Rest(endpoint, timeout=5.0), len(data)), Accepted | Refused | Unknown)

        fuzz(battered([whole, chunked]), check)


def asked(connection: socket.socket, request: bytes) -> None:
    """Ask, and read to the end of the answer. The other side may hang up, but not say nothing for ever."""
    try:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass
    except TimeoutError:
        raise
    except OSError:
        return


def answering(server: socket.socket, answer: list[bytes]) -> None:
    """Answer every request with the same bytes, and hang up."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(65_536)
            connection.sendall(answer[0])
            connection.shutdown(socket.SHUT_WR)


MADE_TO_HURT = {
    "depth": b'{"messages":' * (SIZE // 12),
    "an open list": b'{"messages": [' * (SIZE // 14),
    "many messages": b'{"messages": [' + b",".join([b'{"id": "a", "from": "b"}'] * (SIZE // 25)) + b"]}",
    "messages that are none": b'{"messages": [' + b",".join([b"1"] * SIZE) + b"]}",
    "a long text": b'{"messages": [{"id": "a", "from": "b", "body": "' + b"x" * 10 * SIZE + b'"}]}',
    "a number": b'{"messages": [{"id": "a", "from": "b", "timestamp": ' + b"9" * 4_000 + b"}]}",
    "an error": b'{"error": "' + b"missing field number " * (SIZE // 20) + b'"}',
    "an error that nearly says it": b'{"error": "' + b"client is not ready" * (SIZE // 20) + b'\\n"}',
}


@pytest.mark.parametrize("body", MADE_TO_HURT.values(), ids=MADE_TO_HURT)
def test_answers_made_to_hurt(backend: Scripted, body: bytes) -> None:
    backend.answers = {"GET /messages": (200, body), "GET /info": (200, body), "POST /send": (400, body)}
    events = Rest(backend.endpoint, timeout=5.0).events(0.0)
    for event in [event for event in events if isinstance(event, Incoming)]:
        assert 0 <= event.at <= system_clock() + 60_000_000
    assert isinstance(Rest(backend.endpoint, timeout=5.0).send(HI), Unknown | Refused)


def test_the_simulated_backend_answers_any_request(capfd: pytest.CaptureFixture[str]) -> None:
    """What is no HTTP may be hung up on; nothing ends in a traceback, and the next one is answered."""
    body = json.dumps({"number": "15550100101@c.us", "message": "hi"}).encode()
    good = [
        b"POST /api/whatsapp/send HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body,
        b"GET /api/whatsapp/messages?unprocessed=true HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/whatsapp/messages/abc/processed HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"GET http://[::1]/api/whatsapp/status HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    hostile = [good[0].replace(body, piece) for piece in PIECES] + [good[1].replace(b"HTTP/1.1", b"")]
    hostile += [good[0].replace(b": %d" % len(body), b": " + b"9" * length) for length in (3, 5_000)]
    with serve(Simulator(), port=0) as endpoint:
        port = int(endpoint.split(":")[2].partition("/")[0])

        def check(request: bytes) -> None:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                asked(connection, request)
            assert "Traceback" not in capfd.readouterr().err

        for request in hostile:
            check(request)
        fuzz(battered(good), check)
        assert Rest(endpoint).account() is not None
