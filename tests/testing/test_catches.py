"""The contracts catch what they are there for: whoever has a fault fails by the test that is named for it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from signoff.testing import AssistantContract, GatewayContract

from . import broken_assistants, broken_gateways

HERE = Path(__file__).parent
GATEWAYS = {kind.__name__: tests for kind, tests in broken_gateways.FAULTS.items()}
ASSISTANTS = {name: {test} for name, (_, test) in broken_assistants.FAULTS.items()}
Failures = dict[str, set[str]]

whether = pytest.fixture(
    scope="module", params=[pytest.param(True, id="named"), pytest.param(False, id="all", marks=pytest.mark.slow)]
)
"""Whether only the tests that are named for a fault are run on it, or all, so that no other fails."""


def failures_of(module: str, faults: Mapping[str, set[str]], only_named: bool) -> Failures:
    """The tests that fail in a module, by the names of their classes."""
    file = str(HERE / f"{module}.py")
    named = [f"{file}::Test{fault}::{test}" for fault, tests in faults.items() for test in sorted(tests)]
    what = [f"{file}::TestSound", *named] if only_named else [file]
    run = [sys.executable, "-m", "pytest", *what, "-q", "-rA", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=110, check=False)
    found: Failures = defaultdict(set)
    for outcome, name, test in re.findall(r"^(\w+) \S+::Test(\w+)::(\w+)", done.stdout, re.MULTILINE):
        found[name] |= {test} if outcome != "PASSED" else set()
    assert found.keys() == {"Sound", *faults}, done.stdout + done.stderr
    return found


@whether
def of_gateways(request: pytest.FixtureRequest) -> Failures:
    return failures_of("broken_gateways", GATEWAYS, request.param)


@whether
def of_assistants(request: pytest.FixtureRequest) -> Failures:
    return failures_of("broken_assistants", ASSISTANTS, request.param)


def test_a_sound_gateway_passes(of_gateways: Failures) -> None:
    assert of_gateways["Sound"] == set()


@pytest.mark.parametrize(("fault", "tests"), GATEWAYS.items(), ids=GATEWAYS)
def test_a_broken_gateway_fails_by_what_is_named_for_its_fault(
    of_gateways: Failures, fault: str, tests: set[str]
) -> None:
    assert of_gateways[fault] == tests


def test_a_sound_assistant_passes(of_assistants: Failures) -> None:
    assert of_assistants["Sound"] == set()


@pytest.mark.parametrize(("fault", "tests"), ASSISTANTS.items(), ids=ASSISTANTS)
def test_a_broken_assistant_fails_by_what_is_named_for_its_fault(
    of_assistants: Failures, fault: str, tests: set[str]
) -> None:
    assert of_assistants[fault] == tests


def test_each_test_of_a_contract_is_seen_to_fail() -> None:
    """One that no fault makes fail is not known to catch anything."""
    for contract, faults in ((GatewayContract, GATEWAYS), (AssistantContract, ASSISTANTS)):
        assert {name for name in vars(contract) if name.startswith("test_")} == set().union(*faults.values())
