"""A process whose name was made while files ran out is not taken for a dead one: others would send in its place."""

from __future__ import annotations

import subprocess
import sys

import pytest

from signoff.processes import is_gone

from ..strike import ROOT

PROGRAM = """
import resource, sys
from signoff.processes import this_process
from tests.hard.disk.limits import leave
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
leave(0)
name = this_process()
resource.setrlimit(resource.RLIMIT_NOFILE, limits)
print(name, this_process() == name, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a process is known by when it began, from /proc")
def test_a_living_process_that_could_not_find_out_when_it_began_is_not_gone() -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name, same = process.stdout.readline().split()
        assert same == "True"
        assert not is_gone(name)
    assert is_gone(name)
