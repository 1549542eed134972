"""The guide's Node backend over a simulated world: its seven routes, and on demand its weaknesses.

``python -m signoff.gateway.backend --folder world`` serves a world on http://localhost:3000/api/whatsapp until Ctrl+C.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ..clock import SECOND, Clock, system_clock
from . import Accepted, Incoming, Outgoing
from .simulator import DEMO_SCRIPT, Simulator

_log = logging.getLogger(__name__)

PREFIX = "/api/whatsapp"
KEPT = 100
LARGEST = 1 << 20
Reply = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Weaknesses:
    """What the backend does wrong.

    Attributes:
        denies: it delivers a message and still answers 400.
        cuts_digits: it keeps the digits of an address and adds ``@c.us``, whatever it was.
        forgets: it keeps the newest 100 messages in memory only: the oldest falls out, and a restart loses all.
    """

    denies: bool = False
    cuts_digits: bool = False
    forgets: bool = False


class Backend:
    """The routes, each a method that gives the HTTP status and the answer.

    Without ``forgets`` a message stays in the simulated world until it is marked as processed.

    Args:
        simulator: the world that is served.
        weaknesses: what it does wrong.
        clock: names the attempts, which the routes know nothing of.
    """

    def __init__(self, simulator: Simulator, weaknesses: Weaknesses | None = None, clock: Clock = system_clock) -> None:
        self.simulator = simulator
        self.weaknesses = weaknesses or Weaknesses()
        self._clock = clock
        self._lock = Lock()
        self._sends = 0
        self._held: dict[str, tuple[Incoming, dict[str, Any]]] = {}

    def status(self) -> Reply:
        """GET /status"""
        session = self.simulator.session()
        waiting = session.state == "qr"
        return 200, {
            "isReady": session.state == "ready",
            "hasQR": waiting,
            "qrCode": session.qr if waiting else None,
        }

    def info(self) -> Reply:
        """GET /info"""
        account = self.simulator.account()
        if account is None:
            return 400, _NOT_READY
        return 200, {"number": account.number, "name": account.name, "platform": account.platform}

    def send(self, body: Mapping[str, Any]) -> Reply:
        """POST /send"""
        number, message = body.get("number"), body.get("message")
        if not (number and message and isinstance(number, str) and isinstance(message, str)):
            return 400, {"error": "number and message are required"}
        if self.simulator.account() is None:
            return 400, _NOT_READY
        now = self._clock()
        outcome = self.simulator.send(Outgoing(self._token(now), self._address(number), message, now))
        if not isinstance(outcome, Accepted):
            return 400, {"error": outcome.reason}
        if self.weaknesses.denies:
            return 400, {"error": "Cannot read properties of undefined (reading 'id')"}
        return 200, {"success": True, "messageId": outcome.id, "timestamp": now // SECOND}

    def messages(self, unprocessed: bool) -> Reply:
        """GET /messages"""
        with self._lock:
            self._take_in()
            found = [dict(message) for _, message in self._held.values() if not (unprocessed and message["processed"])]
        return 200, {"count": len(found), "messages": found}

    def processed(self, message_id: str) -> Reply:
        """POST /messages/{id}/processed"""
        with self._lock:
            found = [(event, message) for event, message in self._held.values() if event.id == message_id]
            for _, message in found:
                message["processed"] = True
            self.simulator.acknowledge([event for event, _ in found])
        return (200, {"success": True, "messageId": message_id}) if found else (404, {"error": "Message not found"})

    def forget_processed(self) -> Reply:
        """DELETE /messages/processed"""
        with self._lock:
            self._held = {cursor: held for cursor, held in self._held.items() if not held[1]["processed"]}
            return 200, {"success": True, "remainingMessages": len(self._held)}

    def contacts(self) -> Reply:
        """GET /contacts"""
        with self._lock:
            self._take_in()
            newest = {event.chat: message for event, message in self._held.values()}
        found = [_contact(message) for message in newest.values()]
        return 200, {"count": len(found), "contacts": found}

    def _token(self, now: int) -> str:
        with self._lock:
            self._sends += 1
            return f"backend-{now}-{self._sends}"

    def _address(self, number: str) -> str:
        if not self.weaknesses.cuts_digits:
            return number
        return "".join(filter(str.isdigit, number)) + "@c.us"

    def _take_in(self) -> None:
        events = self.simulator.events()
        now = self._clock()
        for event in events:
            if isinstance(event, Incoming) and event.cursor not in self._held:
                self._held[event.cursor] = (event, _as_json(event, now))
        if self.weaknesses.forgets:
            self._held = dict(list(self._held.items())[-KEPT:])
        stays = not self.weaknesses.forgets
        self.simulator.acknowledge([event for event in events if not (stays and isinstance(event, Incoming))])


_NOT_READY = {"error": "WhatsApp client is not ready"}


def _as_json(message: Incoming, now: int) -> dict[str, Any]:
    received = datetime.fromtimestamp(now / SECOND, UTC)
    return {
        "id": message.id,
        "from": message.chat,
        "fromName": message.name,
        "body": message.text,
        "timestamp": message.at // SECOND,
        "isGroup": message.is_group,
        "chatName": message.name,
        "type": message.kind,
        "hasMedia": message.has_media,
        "processed": False,
        "receivedAt": received.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _contact(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": message["from"],
        "name": message["fromName"],
        "number": message["from"].partition("@")[0],
        "isMyContact": True,
        "lastMessageTime": message["timestamp"],
    }


@contextmanager
def serve(
    simulator: Simulator,
    *,
    host: str = "127.0.0.1",
    port: int = 3000,
    weaknesses: Weaknesses | None = None,
    clock: Clock = system_clock,
) -> Iterator[str]:
    """Serve a world while the ``with`` block runs; gives the address, as ``api_endpoint`` has it. Port 0: any free one.

    Raises:
        OSError: the port is taken.
    """
    server = _server(Backend(simulator, weaknesses, clock), host, port)
    thread = Thread(target=server.serve_forever, args=(0.02,), name="simulated backend", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_address[1]}{PREFIX}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _server(backend: Backend, host: str, port: int) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"backend": backend})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    server.block_on_close = False
    return server


class _Handler(BaseHTTPRequestHandler):
    backend: Backend
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        if self.backend.simulator.session().state == "unreachable":
            self.close_connection = True
            return
        status, body = self._route(method, self._body())
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _body(self) -> Mapping[str, Any]:
        length = self.headers.get("Content-Length", "0")
        try:
            data = self.rfile.read(min(int(length), LARGEST)) if length.isdecimal() else b""
            body = json.loads(data or b"{}")
        except (ValueError, RecursionError):
            return {}
        return body if isinstance(body, dict) else {}

    def _route(self, method: str, body: Mapping[str, Any]) -> Reply:
        try:
            url = urlsplit(self.path)
        except ValueError:
            return 400, {"error": "the address is malformed"}
        match (method, *url.path.removeprefix(PREFIX).split("/")[1:]):
            case ("GET", "status"):
                return self.backend.status()
            case ("GET", "info"):
                return self.backend.info()
            case ("GET", "contacts"):
                return self.backend.contacts()
            case ("GET", "messages"):
                return self.backend.messages(parse_qs(url.query).get("unprocessed") == ["true"])
            case ("POST", "send"):
                return self.backend.send(body)
            case ("POST", "messages", message_id, "processed"):
                return self.backend.processed(unquote(message_id, errors="surrogatepass"))
            case ("DELETE", "messages", "processed"):
                return self.backend.forget_processed()
        return 404, {"error": f"Cannot {method} this route"}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's word
        _log.debug(format, *args)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve a world from the command line until Ctrl+C."""
    parser = argparse.ArgumentParser("signoff.gateway.backend", description="The guide's backend, simulated.")
    parser.add_argument("--folder", help="where the world is kept; without it, in memory")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3000, help="0 for any free port")
    parser.add_argument("--demo", action="store_true", help="let the contacts of the demo write")
    parser.add_argument("--denies", action="store_true", help="deliver and still answer 400")
    parser.add_argument("--cuts-digits", action="store_true", help="keep the digits of every address, add @c.us")
    parser.add_argument("--forgets", action="store_true", help="keep 100 messages, in memory only")
    options = parser.parse_args(arguments)
    simulator = Simulator(options.folder, script=DEMO_SCRIPT if options.demo else ())
    weaknesses = Weaknesses(options.denies, options.cuts_digits, options.forgets)
    server = _server(Backend(simulator, weaknesses), options.host, options.port)
    sys.stdout.write(f"http://{options.host}:{server.server_address[1]}{PREFIX}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
