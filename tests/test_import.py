"""``import state_manager`` stays light: scripts of a few lines use it, and are started again and again.

What it costs is counted in modules, which is the same on every machine. The weights that were found too heavy to carry
(`dataclasses` with `inspect`, `logging`, `importlib.resources`, `subprocess`, …) are named.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = "import json, sys; before = set(sys.modules); import {}; print(json.dumps(sorted(set(sys.modules) - before)))"


def brought_by(name: str) -> list[str]:
    """The modules that importing ``name`` brings into a bare interpreter."""
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(name)], capture_output=True, text=True, check=True)
    modules: list[str] = json.loads(done.stdout)
    return modules


@pytest.fixture(scope="module")
def modules() -> list[str]:
    return brought_by("state_manager")


def test_nothing_comes_along_that_is_not_pythons_own(modules: list[str]) -> None:
    tops = {name.partition(".")[0] for name in modules}
    assert tops - sys.stdlib_module_names == {"state_manager", "signoff"}


def test_no_web_framework_no_http_client_and_no_terminal_comes_along(modules: list[str]) -> None:
    unwanted = {"http", "urllib.request", "socket", "ssl", "asyncio", "email", "typer", "rich", "httpx2", "starlette"}
    assert unwanted.isdisjoint(modules)


def test_of_signoff_only_the_state_comes_along(modules: list[str]) -> None:
    parts = {name.split(".")[1] for name in modules if name.startswith("signoff.")}
    assert parts.isdisjoint({"pipeline", "service", "gateway", "assistant", "classic", "cli", "web"})


def test_the_store_is_left_to_the_first_manager_that_is_opened(modules: list[str]) -> None:
    assert {"signoff.store", "signoff.statefile.writer", "apsw"}.isdisjoint(modules)


def test_what_was_found_too_heavy_does_not_come_along(modules: list[str]) -> None:
    heavy = {"dataclasses", "inspect", "logging", "importlib.resources", "tempfile", "subprocess", "platform", "uuid"}
    assert heavy.isdisjoint(modules)


def test_it_is_about_sixty_modules(modules: list[str]) -> None:
    assert len(modules) <= 70, modules


def test_signoff_itself_brings_no_more() -> None:
    assert set(brought_by("signoff")) | {"state_manager"} == set(brought_by("state_manager"))
