"""A model that fails is asked again where that helps, never for longer than allowed, and then others stand in."""

from __future__ import annotations

import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from signoff.assistant.llm.client import LARGEST_ANSWER
from signoff.errors import AssistantError

from .conftest import KEY, MakeLlm, Timer, ask, drafted
from .model_server import Answer, ModelServer, serving


def cut_off(file: BinaryIO) -> None:
    """A body that ends in the middle."""
    file.write(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"choices": [{"mess')


def cut_stream(file: BinaryIO) -> None:
    """A chunked stream that ends in the middle."""
    file.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{"choices": [{"messa\r\n')


def hangs_up(_: BinaryIO) -> None:
    """No answer at all."""


def no_http(file: BinaryIO) -> None:
    """Something that is no HTTP."""
    file.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


PASSING: dict[str, Any] = {
    "500": Answer({"error": {"type": "api_error"}}, 500),
    "503 in HTML": Answer(b"<html>busy</html>", 503),
    "529": Answer({"type": "error", "error": {"type": "overloaded_error"}}, 529),
    "429": Answer({"error": {"code": "rate_limit_exceeded"}}, 429),
    "a body cut off": cut_off,
    "a stream cut off": cut_stream,
    "hung up": hangs_up,
    "no HTTP": no_http,
    "no JSON": Answer(b"<html>Welcome to the hotel's Wi-Fi</html>"),
    "a list": Answer([1, 2]),
    "an empty object": Answer({}),
    "deep": Answer(b"[" * 100_000),
    "nothing chosen": Answer({"choices": [], "content": None}),
    "the wrong types": Answer({"choices": [{"message": "x"}], "content": "x"}),
    "no text": Answer({"choices": [{"message": {"content": 7}}], "content": [{"type": "text", "text": 7}]}),
}
FINAL: dict[str, Any] = {
    "400": Answer({"error": {"type": "invalid_request_error"}}, 400),
    "401": Answer({"error": {"code": "invalid_api_key"}}, 401),
    "404": Answer({"error": {"message": "model not found"}}, 404),
    "no credit": Answer({"error": {"type": "insufficient_quota"}}, 429),
    "huge": Answer(b" " * (LARGEST_ANSWER + 1)),
}


class TestTryingAgain:
    @pytest.mark.parametrize("failure", PASSING.values(), ids=PASSING)
    def test_what_may_pass_is_tried_again(
        self, model: ModelServer, make_llm: MakeLlm, timer: Timer, failure: Any
    ) -> None:
        model.answers = [failure, failure]
        model.replies("Yes.")
        assert drafted(ask(make_llm(), "Open?")).text == "Yes."
        assert timer.waits == [0.5, 1.0]

    @pytest.mark.parametrize("failure", FINAL.values(), ids=FINAL)
    def test_what_will_not_pass_is_not(self, model: ModelServer, make_llm: MakeLlm, failure: Any) -> None:
        model.answers = [failure]
        with pytest.raises(AssistantError, match=r"^small-model failed: "):
            ask(make_llm(), "Open?")
        assert len(model.asked) == 1

    def test_the_tries_end(self, model: ModelServer, make_llm: MakeLlm) -> None:
        model.answers = [PASSING["500"]]
        with pytest.raises(AssistantError, match="answered 500"):
            ask(make_llm(max_retries=3), "Open?")
        assert len(model.asked) == 4

    def test_an_answer_that_says_nothing_is_asked_for_again_and_its_tokens_count(
        self, model: ModelServer, make_llm: MakeLlm
    ) -> None:
        model.says('{"reply": "Yes')
        model.replies("Yes.")
        assert drafted(ask(make_llm(), "Open?")).note == "1624 + 128 tokens"

    def test_an_answer_cut_at_the_limit_says_which_setting(self, model: ModelServer, make_llm: MakeLlm) -> None:
        model.says('{"reply": "Yes', cut=True)
        with pytest.raises(AssistantError, match=r"cut short: raise llm_config\.max_tokens; 812 \+ 64 tokens"):
            ask(make_llm(), "Open?")

    def test_what_the_failed_tries_cost_stands_on_the_draft_in_its_place(
        self, model: ModelServer, make_llm: MakeLlm
    ) -> None:
        model.says("{", read=1_000_000, written=0)
        note = drafted(ask(make_llm(input_price=0.25), "Hello!")).note
        assert str(note).endswith("small-model failed: its answer is broken JSON; 3000000 + 0 tokens, 0.7500 USD")


class TestRetryAfter:
    def test_the_server_is_left_alone_for_as_long_as_it_says(
        self, model: ModelServer, make_llm: MakeLlm, timer: Timer
    ) -> None:
        model.answers = [Answer({}, 429, {"Retry-After": "7"})]
        model.replies("Yes.")
        assert drafted(ask(make_llm(), "Open?")).text == "Yes."
        assert timer.waits == [7.5]

    def test_it_may_say_so_by_a_date_measured_by_its_own_clock(
        self, model: ModelServer, make_llm: MakeLlm, timer: Timer
    ) -> None:
        now = datetime(2001, 1, 1, tzinfo=UTC)
        then = now + timedelta(seconds=9)
        stamps = f"Date: {format_datetime(now, usegmt=True)}\r\nRetry-After: {format_datetime(then, usegmt=True)}"
        head = f"HTTP/1.1 503 Busy\r\n{stamps}\r\nContent-Length: 0\r\n\r\n"
        model.answers = [lambda file: file.write(head.encode())]
        model.replies("Yes.")
        assert drafted(ask(make_llm(), "Open?")).text == "Yes."
        assert timer.waits == [9.5]

    @pytest.mark.parametrize(
        "told", ["soon", "-5", "9e9", "", "Thu, 99 Foo", "1" * 40, "Mon, 01 Jan 99999999999 00:00:00 GMT"]
    )
    def test_what_cannot_be_read_counts_as_not_said(
        self, model: ModelServer, make_llm: MakeLlm, timer: Timer, told: str
    ) -> None:
        model.answers = [Answer({}, 429, {"Retry-After": told})]
        model.replies("Yes.")
        ask(make_llm(), "Open?")
        assert timer.waits == [0.5]

    def test_longer_than_there_is_time_is_not_waited_for_and_nobody_else_asks_before(
        self, model: ModelServer, make_llm: MakeLlm, timer: Timer
    ) -> None:
        model.answers = [Answer({}, 429, {"Retry-After": "600"})]
        model.replies("Yes.")
        llm = make_llm()
        for _ in range(3):
            with pytest.raises(AssistantError):
                ask(llm, "Open?")
        assert (len(model.asked), timer.waits) == (1, [])
        timer.now += 600
        assert drafted(ask(llm, "Open?")).text == "Yes."


class TestTheTimeLimit:
    def test_a_server_that_says_nothing_is_left_in_time(self, model: ModelServer, make_llm: MakeLlm) -> None:
        model.answers = [lambda _: model.released.wait(30)]
        before = time.monotonic()
        with pytest.raises(AssistantError, match=r"no answer of 127\.0\.0\.1:[0-9]+ within 1 s"):
            ask(make_llm(timeout_seconds=1), "Open?")
        assert time.monotonic() - before < 10

    def test_a_server_that_drips_is_left_too(self, model: ModelServer, make_llm: MakeLlm, timer: Timer) -> None:
        def drip(file: BinaryIO) -> None:
            file.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(1000):
                if model.released.wait(0.01):
                    return
                file.write(b" ")
                file.flush()
                timer.now += 1

        model.answers = [drip]
        with pytest.raises(AssistantError, match="within 60 s"):
            ask(make_llm(), "Open?")


class TestTheRate:
    def test_more_than_allowed_in_a_minute_waits(self, model: ModelServer, make_llm: MakeLlm, timer: Timer) -> None:
        model.replies("Yes.")
        llm = make_llm(requests_per_minute=2, timeout_seconds=100)
        for _ in range(3):
            ask(llm, "Open?")
            timer.now += 10
        assert timer.waits == [40]

    def test_where_the_wait_is_too_long_it_fails_at_once(
        self, model: ModelServer, make_llm: MakeLlm, timer: Timer
    ) -> None:
        model.replies("Yes.")
        llm = make_llm(requests_per_minute=1, timeout_seconds=30)
        ask(llm, "Open?")
        with pytest.raises(AssistantError, match="asked often enough for now"):
            ask(llm, "Open?")
        assert (len(model.asked), timer.waits) == (1, [])

    def test_threads_share_it(self, model: ModelServer, make_llm: MakeLlm) -> None:
        model.replies("Yes.")
        llm = make_llm(requests_per_minute=4, timeout_seconds=10)
        answers: list[object] = []

        def one() -> None:
            try:
                answers.append(ask(llm, "Open?"))
            except AssistantError as error:
                answers.append(error)

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(model.asked) == 4
        assert sum(isinstance(answer, AssistantError) for answer in answers) == 4


@pytest.mark.parametrize("kind", [KEY, "You asked: Open?", "x" * 41, 7, None, {"a": 1}], ids=str)
def test_of_an_error_only_its_name_is_repeated(model: ModelServer, make_llm: MakeLlm, kind: object) -> None:
    model.answers = [Answer({"error": {"type": kind, "message": f"You asked with {KEY}: Open?"}}, 400)]
    with pytest.raises(AssistantError) as caught:
        ask(make_llm(), "Open?")
    assert str(caught.value).endswith("answered 400 (it refused the request)")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_key_goes_nowhere_else(
    model: ModelServer, make_llm: MakeLlm, status: int
) -> None:
    with serving(model.protocol) as elsewhere:
        elsewhere.replies("Yes.")
        model.answers = [Answer({}, status, {"Location": f"{elsewhere.endpoint}/v1/messages"})]
        with pytest.raises(AssistantError, match=f"redirects \\({status}\\), which is not followed"):
            ask(make_llm(), "Open?")
        assert (len(model.asked), elsewhere.asked) == (1, [])


def test_nobody_at_the_endpoint_is_told(make_llm: MakeLlm) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(AssistantError, match=f"127.0.0.1:{port} cannot be reached"):
        ask(make_llm(endpoint=f"http://127.0.0.1:{port}"), "Open?")


class TestInItsPlace:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> str:
        (tmp_path / "visit.md").write_text("## Are dogs allowed?\n\nThey are.", "utf-8")
        return str(tmp_path)

    def test_a_frequent_answer_stands_in_and_says_why(
        self, model: ModelServer, make_llm: MakeLlm, folder: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        model.answers = [PASSING["500"]]
        draft = drafted(ask(make_llm(knowledge_folder=folder), "Are dogs allowed?"))
        assert (draft.text, draft.author) == ("They are.", "faq")
        assert str(draft.note).startswith("visit.md: Are dogs allowed?; small-model failed: 127.0.0.1:")
        assert "message m0: small-model failed" in caplog.text
        assert "faq answers in its place" in caplog.text

    def test_without_knowledge_a_greeting_is_still_answered_and_nothing_invented(
        self, model: ModelServer, make_llm: MakeLlm
    ) -> None:
        model.answers = [FINAL["401"]]
        assert drafted(ask(make_llm(), "Hello!")).author == "keywords"
        with pytest.raises(AssistantError, match="does not accept the API key, invalid_api_key"):
            ask(make_llm(), "Are dogs allowed?")

    def test_where_that_knows_nothing_either_it_is_for_a_person(
        self, model: ModelServer, make_llm: MakeLlm, folder: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        model.answers = [FINAL["404"]]
        with pytest.raises(AssistantError, match=r"small-model failed: .* answered 404 \(it knows no such model"):
            ask(make_llm(knowledge_folder=folder), "My parcel is late")
