"""Assistants: a message and its conversation in, a draft or nothing out.

An assistant is any callable of this shape. It only ever drafts; it is given nothing with which it could approve.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..errors import AssistantError
from ..named import check_callable, load_named


@dataclass(frozen=True, slots=True)
class Draft:
    """What an assistant proposes to answer.

    Attributes:
        text: the answer.
        author: who wrote it (``faq``, a model's name); shown to whoever decides.
        note: what the person who decides should know (the source of the answer, a doubt), or None.
    """

    text: str
    author: str = "assistant"
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    """That an assistant leaves a message to a person, and why.

    Attributes:
        why: for whoever answers instead; shown in the message's history, never logged.
        author: who declined.
    """

    why: str
    author: str = "assistant"


Message = Mapping[str, Any]
"""A message as the guide writes it: ``id``, ``from`` or ``recipient``, ``fromName``, ``body``, ``timestamp`` …"""

ASKED_AGAIN = "asked_again"
"""The field of a message for which a person wants another draft: a dict with ``reason``, what they typed (it comes from
the house, not from the contact; None when they said nothing), and ``draft``, the text that they did not take. An
assistant may pass it over."""

Assistant = Callable[[Message, Sequence[Message]], Draft | Decline | str | None]
"""Takes the message to answer and the conversation so far (oldest first, that message last).

Returns a draft, its bare text, a reason to leave it to a person, or None for "say nothing, this is for a person"."""


def load_assistant(
    spec: str, llm_config: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None
) -> Assistant:
    """Load an assistant by what a setting or a command line says.

    ``faq`` answers from the demo's invented café, ``faq:FOLDER`` from a folder of Markdown files, ``keywords`` only
    greetings and the like; ``multilingual:FOLDER`` answers as ``faq`` does, and also from what a question means, in any
    language; ``llm`` asks a language model, ``llm:FOLDER`` one that knows a folder of Markdown files;
    ``module:function`` is the user's own, the module in the current folder or installed.

    Args:
        spec: the name.
        llm_config: its settings, for ``llm``, or a function that gives them as they are at any moment: then the
            assistant follows them. The defaults when not given. Keys come from the environment.

    Raises:
        AssistantError: there is none by that name, or it cannot be loaded; says what to do.
    """
    kind, _, rest = spec.partition(":")
    if kind in ("faq", "multilingual"):
        from .faq import Faq
        from .meaning import Meaning

        return Faq(rest or Path(__file__).with_name("demo"), meaning=Meaning() if kind == "multilingual" else None)
    if spec == "keywords":
        from .keywords import assistant

        return assistant
    if kind == "llm":
        from .llm import load

        return load(llm_config, os.environ, rest or None)
    return _load_function(spec)


def _load_function(spec: str) -> Assistant:
    name, _, path = spec.partition(":")
    if not (name and path):
        raise AssistantError(
            f"no assistant {spec!r}: use 'faq', 'faq:FOLDER', 'multilingual:FOLDER', 'keywords', 'llm' "
            "or 'module:function'"
        )
    function = load_named(spec, "assistant", AssistantError)
    if isinstance(function, type):
        raise AssistantError(f"assistant {spec!r} is no function: name one that takes (message, conversation)")
    check_callable(function, spec, "assistant", "message, conversation", AssistantError)
    return cast(Assistant, function)
