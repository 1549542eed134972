"""Assistants: a message and its conversation in, a draft or nothing out.

An assistant is any callable of this shape. It only ever drafts; it is given nothing with which it could approve.
"""

from __future__ import annotations

import importlib
import inspect
import operator
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from ..errors import AssistantError


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

Assistant = Callable[[Message, Sequence[Message]], Draft | Decline | str | None]
"""Takes the message to answer and the conversation so far (oldest first, that message last).

Returns a draft, its bare text, a reason to leave it to a person, or None for "say nothing, this is for a person"."""


def load_assistant(spec: str, llm_config: Mapping[str, Any] | None = None) -> Assistant:
    """Load an assistant by what a setting or a command line says.

    ``faq`` answers from the demo's invented café, ``faq:FOLDER`` from a folder of Markdown files, ``keywords`` only
    greetings and the like; ``llm`` asks a language model, ``llm:FOLDER`` one that knows a folder of Markdown files;
    ``module:function`` is the user's own, the module in the current folder or installed.

    Args:
        spec: the name.
        llm_config: its settings, for ``llm``; the defaults when not given. Keys come from the environment.

    Raises:
        AssistantError: there is none by that name, or it cannot be loaded; says what to do.
    """
    kind, _, rest = spec.partition(":")
    if kind == "faq":
        from .faq import Faq

        return Faq(rest or Path(__file__).with_name("demo"))
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
        raise AssistantError(f"no assistant {spec!r}: use 'faq', 'faq:FOLDER', 'keywords', 'llm' or 'module:function'")
    module = _load_module(name, spec)
    try:
        function = operator.attrgetter(path)(module)
    except AttributeError as error:
        raise AssistantError(f"assistant {spec!r}: {module.__file__ or name} has no {path!r}") from error
    _check_callable(function, spec)
    return cast(Assistant, function)


def _load_module(name: str, spec: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise AssistantError(f"assistant {spec!r}: the module {name!r} needs {error.name!r}: install it") from error
        raise AssistantError(
            f"assistant {spec!r}: no module {name!r}: it is neither installed nor a file in {folder}"
        ) from error
    except (Exception, SystemExit) as error:
        raise AssistantError(
            f"assistant {spec!r}: the module {name!r} failed while it was imported: {type(error).__name__}: {error}"
        ) from error


def _check_callable(function: object, spec: str) -> None:
    if isinstance(function, type) or not callable(function):
        raise AssistantError(f"assistant {spec!r} is no function: name one that takes (message, conversation)")
    if inspect.iscoroutinefunction(function):
        raise AssistantError(f"assistant {spec!r} is asynchronous: write it with 'def' instead of 'async def'")
    try:
        inspect.signature(function).bind({}, [])
    except TypeError as error:
        raise AssistantError(f"assistant {spec!r} must take (message, conversation): {error}") from error
    except ValueError:  # a built-in that does not tell its parameters
        return
