"""Run as a program: tries import statements, and says where the modules behind them are found.

It reads ``{"folder": …, "modules": […], "statements": […]}`` and writes ``{"places": {…}, "errors": […]}``. The folder
is only looked in, so that nothing of it runs.
"""

from __future__ import annotations

import json
import sys
from importlib.machinery import PathFinder


def main() -> None:
    """Answer the request on the standard input."""
    request = json.load(sys.stdin)
    path = [request["folder"], *sys.path] if request["folder"] else sys.path
    found = {module: PathFinder.find_spec(module, path) for module in request["modules"]}
    places = {module: spec.origin if spec else None for module, spec in found.items()}
    errors = [_error(statement) for statement in request["statements"]]
    sys.stdout.write(json.dumps({"places": places, "errors": errors}))


def _error(statement: str) -> str | None:
    try:
        exec(compile(statement, "<import>", "exec"), {})
    except Exception as error:
        return f"{error}"
    return None


if __name__ == "__main__":
    main()
