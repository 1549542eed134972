"""Files run out (EMFILE): errors of signoff's own say so, and when there are enough again the process goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .. import life
from ..aftermath import insist
from ..strike import HARD, ROOT

pytestmark = [
    pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files are counted in /proc"),
    pytest.mark.timeout(600),
]


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"tests.hard.disk.{program}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


@pytest.mark.parametrize("spare", range(16) if HARD else [0, 5])
def test_each_step_of_a_life_with_too_few_files_says_so_and_goes_on_when_there_are_enough(
    tmp_path: Path, spare: int
) -> None:
    life.prepare(tmp_path)
    done = run("starved", str(tmp_path), str(spare))
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert not [line for line in said if "wrong" in line], (said, done.stderr)
    assert said[-1]["step"] == "end", done.stderr
    told = [line["text"] for line in said if "failed" in line]
    assert all(str(tmp_path) in text for text in told), told
    assert told or spare > 8
    insist(tmp_path, said)


def test_a_process_whose_first_manager_could_not_be_made_makes_it_when_there_are_enough(tmp_path: Path) -> None:
    done = run("first_use", str(tmp_path))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told) > 3
    assert all(str(tmp_path) in text for text in told), told
    state = json.loads((tmp_path / "whatsapp_state.json").read_text())
    assert [message["id"] for message in state["messages"]["incoming"]] == ["m1"]
    assert state["mine"] == 1
