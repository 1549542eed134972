"""Reading what a model says: its form is forgiven, what cannot be sent is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.assistant.llm.answers import LONGEST_REASON, LONGEST_REPLY, Reply, read_reply
from signoff.assistant.llm.client import Failed
from signoff.model import tidy_text


@pytest.mark.parametrize(
    "answer",
    [
        '{"reply": "Yes."}',
        '  \n{"reply": " Yes. "}\n',
        '```json\n{"reply": "Yes."}\n```',
        'Here is the draft:\n{"reply": "Yes."}\nI hope that it helps!',
        '<think>They ask {"reply": "No."}</think>{"reply": "Yes."}',
        '{"thought": "easy"} {"reply": "Yes."}',
        '{"reply": "Yes.", "decline": null}',
        '{"reply": "Yes.", "decline": "", "confidence": 0.9}',
    ],
)
def test_a_reply_is_found_whatever_stands_around_it(answer: str) -> None:
    assert read_reply(answer) == Reply(text="Yes.")


def test_line_breaks_in_a_reply_stay_also_where_they_are_not_escaped() -> None:
    assert read_reply('{"reply": "One\nTwo\\nThree"}').text == "One\nTwo\nThree"


def test_bare_words_are_a_reply_and_that_is_said() -> None:
    assert read_reply("Yes, until 19:00.") == Reply("Yes, until 19:00.", doubt="not in the form that was asked for")


@pytest.mark.parametrize("answer", ['{"decline": "A complaint."}', '{"reply": "Sorry!", "decline": "A complaint."}'])
def test_declining_outweighs_a_reply(answer: str) -> None:
    assert read_reply(answer) == Reply(declined="A complaint.")


def test_a_long_reason_is_cut_and_stands_on_one_line() -> None:
    reason = read_reply('{"decline": "' + "why\\n" * 500 + '"}').declined
    assert (len(reason), reason[-1], "\n" in reason) == (LONGEST_REASON, "…", False)


LONG = "x" * (LONGEST_REPLY + 1)
USELESS = ["", "  ", "{", '{"reply": "Yes', '{"reply": ""}', '{"reply": null}', '{"answer": "Yes."}', "{}", "[{}]"]
USELESS += ["a } b", "<think>so</think>", "{" * 100_000, f'{{"reply": "{LONG}"}}', LONG]


@pytest.mark.parametrize("answer", USELESS, ids=lambda answer: answer[:20])
def test_what_cannot_be_sent_is_a_failure(answer: str) -> None:
    with pytest.raises(Failed):
        read_reply(answer)


@given(st.text())
def test_whatever_it_says_it_is_a_reply_a_reason_or_a_failure(answer: str) -> None:
    try:
        reply = read_reply(answer)
    except Failed:
        return
    assert bool(reply.text) != bool(reply.declined)
    assert tidy_text(reply.text, 4 * LONGEST_REPLY) == (reply.text, None)


def test_characters_that_cannot_be_stored_are_replaced() -> None:
    assert read_reply('{"reply": "a\\u0000b\\ud83dc"}').text == "a\ufffdb\ufffdc"
