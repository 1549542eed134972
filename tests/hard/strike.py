"""A program is run under strace(1), which kills it at its n-th call of the system, or has that call fail."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
HARD = bool(os.environ.get("SIGNOFF_HARD"))
FEW = 3
"""So few calls are each struck also in a sample: which thread makes the last of them is a matter of moments."""
"""Whether every point is struck, and not a sample."""


@cache
def _why_not() -> str | None:
    if not sys.platform.startswith("linux"):
        return "strace is of Linux"
    if shutil.which("strace") is None:
        return "strace is not installed (Debian, Ubuntu: apt-get install strace)"
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may trace nothing here ({done.stderr.strip()[:100]})" if done.returncode else None


needs_strace = pytest.mark.skipif(_why_not() is not None, reason=str(_why_not()))


class Struck(NamedTuple):
    """What came of a run.

    Attributes:
        hit: whether anything was struck.
        call: the call that was, as strace writes it.
        code: how the program ended; -9 when it was killed.
        said: the lines that it printed, each a JSON document.
        errors: the end of what it said on standard error.
    """

    hit: bool
    call: str
    code: int
    said: list[dict[str, Any]]
    errors: str


def strike(program: Sequence[str], inject: str, log: Path, paths: Sequence[Path] = ()) -> Struck:
    """Run ``python -m`` program until it ends.

    Args:
        inject: as strace's ``-e inject=``, such as ``fsync:signal=SIGKILL:when=3``. Each thread's calls are counted
            apart.
        paths: only calls about these files are counted.
    """
    only = [word for path in paths for word in ("-P", str(path))]
    calls = inject.partition(":")[0]
    faster = [] if "signal" in inject else ["--seccomp-bpf"]  # with it strace 6.1 delivers no signal
    options = ["-f", "-qq", "-y", *faster, "-o", str(log), *only, "-e", f"trace={calls}", "-e", f"inject={inject}"]
    done = subprocess.run(
        ["strace", *options, "--", sys.executable, "-m", *program],
        capture_output=True, text=True, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=100, check=False,
    )  # fmt: skip
    traced = log.read_text(errors="replace").splitlines()
    hits = [at for at, line in enumerate(traced) if line.endswith("(INJECTED)") or "killed by SIGKILL" in line]
    said = [json.loads(line) for line in done.stdout.splitlines() if line.endswith("}")]
    call = _whole(traced, hits[0]) if hits else ""
    return Struck(bool(hits), call, done.returncode, said, done.stderr[-3000:])


def _whole(traced: list[str], at: int) -> str:
    """A traced call with its beginning, which names the file; strace parts them where another thread comes between."""
    thread, _, rest = traced[at].partition(" ")
    if "resumed>" not in rest:
        return traced[at]
    begun = (line for line in reversed(traced[:at]) if line.startswith(f"{thread} ") and "<unfinished ...>" in line)
    return f"{next(begun, '')} {rest.strip()}"


def count_calls(program: Sequence[str], calls: str, log: Path, since: str = "") -> dict[str, tuple[int, int]]:
    """Of each of these calls, how many the main thread had made when it first named ``since``, and at its end.

    Nothing strikes this run.
    """
    subprocess.run(
        ["strace", "-f", "-qq", "-y", "--seccomp-bpf", "-o", str(log), "-e", f"trace={calls}", "--", sys.executable,
         "-m", *program],
        capture_output=True, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=100, check=True,
    )  # fmt: skip
    made = re.findall(r"^(\d+) +(\w+)\((.*)", log.read_text(errors="replace"), re.MULTILINE)
    mine = [(call, arguments) for thread, call, arguments in made if thread == made[0][0]]
    begun = next(number for number, (_, arguments) in enumerate(mine) if since in arguments)
    counts = Counter(call for call, _ in mine)
    return {call: (Counter(call for call, _ in mine[:begun])[call], counts[call]) for call in counts}


def points(count: int, sample: int) -> list[int]:
    """Which calls to strike: each, where there are many some that are spread over all."""
    if HARD or count <= max(sample, FEW):
        return list(range(1, count + 1))
    return [1 + (2 * number + 1) * count // (2 * sample) for number in range(sample)]
