"""Whether what the scripts import is found, and is ours. Runs the import statements alone, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import SignoffError
from . import probe
from .look import MODULES, Script

HOME = Path(os.path.realpath(__file__)).parents[2]
"""Where signoff and the four modules are installed."""
_TIME = 60


class _Answer(NamedTuple):
    places: dict[str, str | None]
    errors: list[str | None]


def problems(scripts: Sequence[Script], folder: Path | None) -> list[str]:
    """What of the imports does not work, in words.

    Args:
        folder: where Python looks first; None to leave out what stands there, because it will be moved away.

    Raises:
        SignoffError: Python could not be run.
    """
    tried = [(script.name, each) for script in scripts for each in script.imports if not each.relative]
    relative = [(script.name, each) for script in scripts for each in script.imports if each.relative]
    answer = _ask(folder, [each.statement for _, each in tried])
    elsewhere = [
        f"{module} is taken from {place}, not from {HOME}: rename what stands there, or look at PYTHONPATH"
        for module, place in answer.places.items()
        if not _is_ours(module, place)
    ]
    failed = [
        f"{name} line {each.line}: {each.statement}: {error}"
        for (name, each), error in zip(tried, answer.errors, strict=True)
        if error is not None
    ]
    beside = [
        f"{name} line {each.line}: {each.statement}: it looks in its own package only; leave the dot out"
        for name, each in relative
    ]
    return elsewhere + failed + beside


def _is_ours(module: str, place: str | None) -> bool:
    return place is not None and Path(os.path.realpath(place)) in (HOME / f"{module}.py", HOME / module / "__init__.py")


def _ask(folder: Path | None, statements: Sequence[str]) -> _Answer:
    request = {"folder": str(folder) if folder else None, "modules": ["signoff", *MODULES], "statements": statements}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-B", probe.__file__],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=_TIME,
            check=True,
        )
        return _Answer(**json.loads(done.stdout))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise SignoffError(f"the imports could not be tried with {sys.executable}: {error}") from error
