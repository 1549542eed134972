"""Whatever a model, or what stands in its place, answers: a reply, a reason, or a failure that others stand in for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import strategies as st

from signoff.assistant import Draft
from signoff.assistant.llm.answers import LONGEST_REPLY, read_reply
from signoff.assistant.llm.client import Failed
from signoff.assistant.llm.protocols import PROTOCOLS, Completion
from signoff.errors import AssistantError

from ...assistant.conftest import MakeLlm, ask, make_llm, timer
from ...assistant.model_server import Answer, ModelServer, serving
from .budget import SIZE, fuzz, long, quickly
from .hostile import as_bytes, battered, tampered, texts, values

__all__ = ["make_llm", "timer"]
pytestmark = long

REPLY = {"reply": "Until six."}
OPENAI = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "small-model",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": json.dumps(REPLY)}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 120, "completion_tokens": 9, "total_tokens": 129},
}
ANTHROPIC = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "content": [{"type": "text", "text": json.dumps(REPLY)}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 120, "output_tokens": 9, "cache_read_input_tokens": 0},
}
SAID = [
    b'{"reply": "Until six."}',
    b'```json\n{"reply": "Until six.", "decline": ""}\n```',
    b'<think>Hm. {"reply": "no"}</think>\n{"decline": "nobody knows"}',
    b"Until six.",
]
HEADERS = ["Retry-After", "Date", "Content-Type", "Content-Encoding", "Location", "Transfer-Encoding"]
DATES = ["7", "-1", "1e9", "9" * 400, "Mon, 01 Jan 99999999999 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:00 +9999", "soon"]


@pytest.fixture(params=["openai", "anthropic"])
def model(request: pytest.FixtureRequest) -> Iterator[ModelServer]:
    with serving(request.param) as server:
        yield server


def insist_it_is_a_sentence(error: Exception) -> None:
    assert str(error).isprintable()


def insist_it_is_one(said: str) -> None:
    try:
        with quickly(len(said)):
            reply = read_reply(said)
    except Failed as failed:
        insist_it_is_a_sentence(failed)
        return
    assert bool(reply.text) != bool(reply.declined)
    (reply.text + reply.declined).encode()
    assert "\0" not in reply.text + reply.declined
    assert len(reply.text) <= LONGEST_REPLY


def test_what_a_model_says() -> None:
    fuzz(battered(SAID).map(lambda said: said.decode(errors="surrogateescape")) | texts, insist_it_is_one)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_an_answer_of_the_protocol(name: str) -> None:
    def check(answer: Any) -> None:
        try:
            with quickly(len(repr(answer))):
                completion = PROTOCOLS[name].read(answer)
        except Failed:
            return
        assert isinstance(completion, Completion)
        insist_it_is_one(completion.text)

    good: Any = [OPENAI if name == "openai" else ANTHROPIC]
    fuzz(tampered(good).filter(lambda answer: isinstance(answer, dict)), check)


def test_bytes_over_http(model: ModelServer, make_llm: MakeLlm) -> None:
    """Status, headers and body as they come; with nothing to stand in, the failure is an AssistantError."""
    good = json.dumps(OPENAI if model.protocol == "openai" else ANTHROPIC).encode()
    bodies = battered([good]) | tampered([OPENAI, ANTHROPIC]).map(as_bytes) | values.map(as_bytes)
    statuses = st.sampled_from([200, 200, 200, 204, 302, 400, 401, 408, 429, 500, 529, 599, 999])
    headers = st.dictionaries(st.sampled_from(HEADERS[:2]), st.sampled_from(DATES), max_size=2)

    def check(answer: Answer) -> None:
        model.answers = [answer]
        try:
            found = ask(make_llm(), "Are you open?")
        except AssistantError as error:
            insist_it_is_a_sentence(error)
            return
        if isinstance(found, Draft):
            found.text.encode()

    fuzz(st.builds(Answer, bodies, statuses, headers), check)


def test_anything_instead_of_http(model: ModelServer, make_llm: MakeLlm) -> None:
    good = json.dumps(OPENAI if model.protocol == "openai" else ANTHROPIC).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(good)
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(good), good)

    def check(data: bytes) -> None:
        model.answers = [lambda file: file.write(data)]
        try:
            ask(make_llm(max_retries=0), "Are you open?")
        except AssistantError as error:
            insist_it_is_a_sentence(error)

    fuzz(battered([head + good, chunks]), check)


MADE_TO_HURT = {
    "open braces": "{" * SIZE,
    "empty objects": "{}" * (SIZE // 2),
    "lists": "[" * SIZE,
    "objects in objects": '{"a":' * (SIZE // 5),
    "thoughts": "<think>" * (SIZE // 7),
    "spaces": " " * SIZE,
    "a number": '{"reply": ' + "9" * SIZE + "}",
    "a reply of 10 MB": '{"reply": "' + "x" * 10_000_000 + '"}',
    "a reason of 10 MB": '{"decline": "' + "x " * 5_000_000 + '"}',
    "marks": "\u202e" * SIZE,
}


@pytest.mark.parametrize("said", MADE_TO_HURT.values(), ids=MADE_TO_HURT)
def test_answers_made_to_hurt(said: str) -> None:
    insist_it_is_one(said)
