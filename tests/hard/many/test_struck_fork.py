"""Ctrl+C that strikes while a fork is being prepared: neither process has what the other holds, and neither hangs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..strike import ROOT


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process with a time limit, as Linux can")
def test_a_fork_that_is_struck_by_a_signal_is_prepared_all_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.hard.many.struck_fork", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert set(told["codes"]) == {0}
    assert told["put_back"]
    assert told["heard"] > 0.5 * len(told["codes"])
    assert told["faults"] == told["problems"] == []
