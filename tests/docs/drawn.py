"""The parts of docs/concepts.md that are drawn from the code. ``python -m tests.docs.drawn`` draws them anew."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from signoff import errors, lifecycle, settings

from .markdown import ROOT

FILE = ROOT / "docs" / "concepts.md"


def _lifecycle() -> str:
    return f"```mermaid\n{lifecycle.mermaid()}\n```"


def _settings() -> str:
    rows = [
        f"| `{setting.path}` | `{json.dumps(setting.default)}` | {setting.allowed} | {setting.explain} |"
        for setting in settings.KNOWN
    ]
    return "\n".join(["| setting | default | allowed | what it says |", "|---|---|---|---|", *rows])


def _owned_keys() -> str:
    rows = [f"| `{key}` | {means} |" for key, means in settings.OWNED_KEYS.items()]
    return "\n".join(["| key | changed by |", "|---|---|", *rows])


def _errors() -> str:
    assert errors.__doc__
    return f"```text\n{errors.__doc__.partition(chr(10) * 2)[2].strip()}\n```"


PARTS: dict[str, Callable[[], str]] = {
    "lifecycle": _lifecycle,
    "settings": _settings,
    "owned keys": _owned_keys,
    "errors": _errors,
}


def draw(document: str) -> str:
    """The document with every part drawn from the code as it is now.

    Raises:
        ValueError: a part has no place in it, or more than one.
    """
    for name, part in PARTS.items():
        place = re.compile(rf"(<!-- drawn: {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
        text = f"\n{part()}\n"
        document, count = place.subn(lambda found, text=text: found[1] + text + found[2], document)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"{FILE.name} has {count} places for '<!-- drawn: {name} -->', not one")
    return document


if __name__ == "__main__":
    FILE.write_text(draw(FILE.read_text("utf-8")), "utf-8")
