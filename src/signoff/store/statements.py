"""SQL under names: the ``.sql`` files of this folder, each statement after a line ``-- name: …``."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def statements() -> dict[str, str]:
    """Every named statement of ``sql/``."""
    result: dict[str, str] = {}
    for file in sorted(Path(__file__).with_name("sql").iterdir()):
        for part in file.read_text("utf-8").split("-- name: ")[1:]:
            name, _, text = part.partition("\n")
            if name.strip() in result:
                raise ValueError(f"{file.name}: there are two statements named {name.strip()}")
            result[name.strip()] = text.strip()
    return result
