"""What a model's answer says: a reply, or why it declines. Read tolerantly, because models decorate."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...model import tidy_text
from .client import Failed

LONGEST_REPLY = 4_000
"""The most letters that a reply in a chat may have; more is no reply."""
LONGEST_REASON = 300

_THOUGHTS = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """Exactly one of ``text`` and ``declined`` says something.

    Attributes:
        doubt: what the person who decides should know about the form of the answer; empty when nothing.
    """

    text: str = ""
    declined: str = ""
    doubt: str = ""


def read_reply(answer: str) -> Reply:
    """What the model says. The first JSON object with ``reply`` or ``decline`` counts, whatever stands around it; where
    there is nothing like an object, the words themselves are the reply. Declining outweighs a reply.

    Raises:
        Failed: it says nothing that could be sent.
    """
    text = _THOUGHTS.sub("", answer, count=1).strip()
    for found in _objects(text):
        if isinstance(found.get("decline"), str) and found["decline"].strip():
            return Reply(declined=_reason(found["decline"]))
        if isinstance(found.get("reply"), str):
            return Reply(text=_sendable(found["reply"]))
    if "{" in text or "}" in text:
        raise Failed("its answer is broken JSON", passing=True)
    return Reply(text=_sendable(text), doubt="not in the form that was asked for")


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder(strict=False)
    start = text.find("{")
    while start != -1:
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return
        if isinstance(found, dict):
            yield found
        start = text.find("{", end)


def _sendable(text: str) -> str:
    clean, _ = tidy_text(text.strip(), 4 * LONGEST_REPLY)
    if not clean:
        raise Failed("its answer is empty", passing=True)
    if len(clean) > LONGEST_REPLY:
        raise Failed(f"its answer has over {LONGEST_REPLY:,} letters")
    return clean


def _reason(text: str) -> str:
    """The reason on one line."""
    line = " ".join(tidy_text(text, 8 * LONGEST_REASON)[0].split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"
