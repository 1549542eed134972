"""A server that answers what a test tells it to, and answers of the real backend."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any

PAYLOADS = Path(__file__).parent / "payloads"
READY = {"isReady": True, "hasQR": False, "qrCode": None}


def payload(name: str) -> Any:
    """The body of a real answer."""
    return json.loads((PAYLOADS / f"legacy_backend_{name}.json").read_text(encoding="utf-8"))["body"]


@dataclass
class Scripted:
    """A server that answers what a test tells it to, byte for byte, and keeps what it was asked.

    Attributes:
        answers: for each "METHOD /path" the status and the body: bytes as they are, anything else as JSON. None: it
            breaks the connection off. What is not named is answered as a healthy, empty backend would.
        asked: "METHOD /path?query" of every request, in order.
        bodies: the bodies that came with them.
        connections: how many were opened.
        held: set when the server ends, for answers that wait.
        stop: takes no connection from now on.
    """

    answers: dict[str, tuple[int, Any] | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    held: Signal = field(default_factory=Signal)
    stop: Callable[[], None] = lambda: None
    endpoint: str = ""

    def reply(self, method: str, path: str, body: bytes) -> tuple[int, Any] | None:
        self.asked.append(f"{method} {path}")
        self.bodies.append(body)
        healthy: dict[str, tuple[int, Any]] = {
            "GET /status": (200, READY),
            "GET /messages": (200, {"count": 0, "messages": []}),
        }
        key = f"{method} {path.partition('?')[0]}"
        return (healthy | self.answers).get(key, (404, {"error": "none"}))


@contextmanager
def scripted() -> Iterator[Scripted]:
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            script.connections += 1
            super().setup()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = script.reply(self.command, self.path.removeprefix("/api"), body)
            self.close_connection = reply is None or callable(reply[1])
            if reply is None:
                return
            status, content = reply
            if callable(content):
                content(self.wfile)
                return
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815  http.server's names

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.socket.close()

    script.stop = stop
    script.endpoint = f"http://127.0.0.1:{server.server_address[1]}/api"
    try:
        yield script
    finally:
        script.held.set()
        stop()
        thread.join()
