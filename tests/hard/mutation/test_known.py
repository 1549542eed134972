"""What `known.toml` says is about the code as it stands; the mutants themselves take hours."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TREE = HERE.parents[2]
TARGETS = tomllib.loads((HERE / "targets.toml").read_text())
KNOWN = tomllib.loads((HERE / "known.toml").read_text())


def words(path: Path) -> str:
    return " ".join(path.read_text().split())


@pytest.mark.parametrize("module", KNOWN)
def test_every_reason_is_for_a_line_that_is_still_there(module: str) -> None:
    text = words(TREE / f"src/signoff/{module}.py")
    gone = [line for entry in KNOWN[module] for line in [" ".join(entry["mutant"][1].split())] if line not in text]
    assert not gone, "take them out of known.toml"


@pytest.mark.parametrize("module", TARGETS)
def test_every_module_and_its_tests_are_there(module: str) -> None:
    assert (TREE / f"src/signoff/{module}.py").exists()
    assert [test for test in TARGETS[module]["tests"] if not (TREE / test.partition("::")[0]).exists()] == []
