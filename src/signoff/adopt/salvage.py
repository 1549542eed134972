"""Reading what can be read of a JSON file that breaks off, or goes on after its end."""

from __future__ import annotations

import json
import re
from typing import Any

from ..statefile.exchange import parse, where_broken

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[{}\[\],]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}


def read(text: bytes) -> tuple[dict[str, Any] | None, str | None]:
    """The document of a state file, and what is wrong with the file.

    Returns:
        The document, None where nothing can be read; and where the file is broken, None when it is whole.
    """
    document = parse(text)
    if document is not None:
        return document, None
    return _beginning(text.decode(errors="replace")), where_broken(text)


def _beginning(text: str) -> dict[str, Any] | None:
    """The object that a text begins with; one that breaks off, or is damaged further on, as far as it can be read."""
    text = text.lstrip("\ufeff \t\r\n")
    try:
        document, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except json.JSONDecodeError as error:
        return _loaded(_closed(text[: error.pos]))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _closed(text: str) -> str:
    """The longest beginning of a JSON text that becomes whole when what is open is closed.

    It ends behind a complete value: before a comma, or behind a bracket. A number or word at the very end may go on.
    """
    open_brackets: list[str] = []
    end, closing = 0, ""
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark == ",":
            end = token.start()
        elif mark in _CLOSING:
            open_brackets.append(_CLOSING[mark])
            end = token.end()
        elif mark in ("}", "]") and open_brackets:
            open_brackets.pop()
            end = token.end()
        else:
            continue
        closing = "".join(reversed(open_brackets))
    return text[:end] + closing
