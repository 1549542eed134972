"""A small server that speaks both protocols over real HTTP and answers what a test tells it to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, BinaryIO

Headers = dict[str, str]
Play = Callable[[BinaryIO], object]
"""Writes an answer byte for byte, status line and all; then the connection is closed."""


@dataclass(frozen=True)
class Answer:
    """One answer: anything that is no bytes goes as JSON."""

    body: Any
    status: int = 200
    headers: Headers = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: Headers
    body: dict[str, Any]

    @property
    def system(self) -> str:
        """What the house says."""
        return str(self.body.get("system") or self.body["messages"][0]["content"])

    @property
    def user(self) -> str:
        """What stands in the user's part; the one message there."""
        (content,) = [entry["content"] for entry in self.body["messages"] if entry["role"] == "user"]
        return str(content)


@dataclass
class ModelServer:
    """Answers in order; the last answer again and again.

    Attributes:
        asked: every request, in order.
        released: set when the server ends, for answers that wait.
    """

    protocol: str
    endpoint: str = ""
    answers: list[Answer | Play] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    released: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def says(self, text: str, **more: Any) -> None:
        """The model's next answer, as the protocol writes it."""
        self.answers.append(Answer(self.completion(text, **more)))

    def replies(self, text: str) -> None:
        """The model's next answer, in the form that it was asked for."""
        self.says(json.dumps({"reply": text}))

    def completion(self, text: str, read: int = 812, written: int = 64, cut: bool = False) -> dict[str, Any]:
        """A whole answer of the protocol."""
        if self.protocol == "anthropic":
            return {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "text", "text": text}],
                "stop_reason": "max_tokens" if cut else "end_turn",
                "usage": {"input_tokens": read, "output_tokens": written},
            }
        message = {"role": "assistant", "content": text}
        return {
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "length" if cut else "stop"}],
            "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
        }

    def take(self, asked: Asked) -> Answer | Play:
        with self._lock:
            self.asked.append(asked)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(protocol: str) -> Iterator[ModelServer]:
    """A server, for the time of a ``with`` statement."""
    model = ModelServer(protocol)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = model.take(Asked(self.path, headers, json.loads(data)))
            if not isinstance(answer, Answer):
                answer(self.wfile)
                return
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    route = "" if protocol == "anthropic" else "/v1"
    model.endpoint = f"http://127.0.0.1:{server.server_address[1]}{route}"
    try:
        yield model
    finally:
        model.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
