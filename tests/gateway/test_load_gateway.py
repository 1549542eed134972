"""A gateway of the user's own is found by its name, or it is said what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from signoff.errors import GatewayError
from signoff.gateway import load_gateway, open_gateway

OWN = """
from signoff.errors import GatewayError
from signoff.gateway.simulator import Simulator

LIMIT = 3


class Pigeons(Simulator):
    def __init__(self, settings):
        super().__init__(settings.get("loft"))


def by_function(settings):
    return Pigeons(settings)


class Half:
    name = "half"

    def __init__(self, settings):
        pass

    def send(self, message):
        pass


class Locked:
    def __init__(self, settings):
        raise GatewayError("the loft is locked: open it")


async def later(settings):
    pass


def without():
    pass
"""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_loft.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "own_loft", raising=False)


@pytest.mark.usefixtures("own_module")
@pytest.mark.parametrize("name", ["Pigeons", "by_function"])
def test_a_class_or_a_function_in_the_current_folder_is_given_the_settings(tmp_path: Path, name: str) -> None:
    load_gateway(f"own_loft:{name}")({"loft": str(tmp_path / name), "human_in_the_loop": True}).close()
    open_gateway(f"own_loft:{name}", loft=str(tmp_path / name)).close()
    assert (tmp_path / name).exists()


@pytest.mark.usefixtures("own_module")
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("pigeon", "there is no gateway 'pigeon': use 'simulator', 'rest' or 'module:Class'"),
        ("own_loft:", "use 'simulator', 'rest' or 'module:Class'"),
        ("no_loft:Pigeons", "no module 'no_loft': it is neither installed nor a file in"),
        ("own_loft:Doves", r"own_loft\.py has no 'Doves'"),
        ("own_loft:LIMIT", r"is no function: name one that takes \(settings\)"),
        ("own_loft:without", r"must take \(settings\): too many positional"),
        ("own_loft:later", "write it with 'def' instead of 'async def'"),
        ("own_loft:Half", "gives Half, which has no can_lookup, account, events, acknowledge, lookup, typing"),
        ("own_loft:Locked", "the loft is locked: open it"),
    ],
)
def test_what_cannot_be_used_says_what_to_do(spec: str, message: str) -> None:
    with pytest.raises(GatewayError, match=message):
        open_gateway(spec)
