"""Mutation testing: change the code in small ways, one at a time, and see that a test notices each.

``python -m tests.hard.mutation [module …]`` (``make mutants ARGS=…``) works on a copy of the tree, one module after the
other, and prints what survived: with its reason where ``known.toml`` has one. It fails when a mutant survived that
nobody has looked at, or when a reason stands there for a mutant that is killed by now.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
TREE = HERE.parents[2]
NARROWED = "from tests.hard.mutation.narrowed import main; main()"
SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = [{module}]
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-p", "no:cacheprovider", "-m", "not slow", "--ignore=tests/pipeline/test_hostile_input.py"]
do_not_mutate_patterns = ["^\\\\s*log\\\\."]
also_copy = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "Makefile"]
use_git_change_detection = false
timeout_multiplier = 5.0
timeout_constant = 10.0
"""
EXAMPLES = """
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "mutants",
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutants")
"""
"""The same tests run again and again in one process, and the same examples shall decide about every mutant: not how
quick the machine is. One that fails decides as it is, and need not be made smaller."""
UNNOTICED = {0, 5, 33, None}
"""What mutmut notes of a mutant that no test failed for, that none covers, or that was not tried. Anything else is a
test that failed, or one that never ended."""
UNEXPLAINED = "NOT EXPLAINED: kill it by a test, or say in known.toml why it may live"


class Mutant(NamedTuple):
    """One change that no test noticed: the line as it was and as it became."""

    function: str
    was: str
    became: str


def main() -> None:
    targets = tomllib.loads((HERE / "targets.toml").read_text())
    known = tomllib.loads((HERE / "known.toml").read_text())
    wanted = sys.argv[1:] or list(targets)
    unknown = [name for name in wanted if name not in targets]
    if unknown:
        raise SystemExit(f"no such module: {', '.join(unknown)}; there are {', '.join(targets)}")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        good = [judge(name, run(name, targets[name]["tests"], Path(folder) / name), known) for name in wanted]
    raise SystemExit(0 if all(good) else 1)


def run(name: str, tests: list[str], folder: Path) -> Path:
    """Mutate one module in a copy of the tree and test every mutant; the folder of the copy."""
    ours = shutil.ignore_patterns(".*", "build", "dist", "__pycache__", "node_modules")
    shutil.copytree(TREE, folder, ignore=ours)
    quoted = json.dumps(f"src/signoff/{name}.py")
    with (folder / "pyproject.toml").open("a") as settings:
        settings.write(SETTINGS.format(module=quoted, tests=json.dumps(tests)))
    with (folder / "tests/conftest.py").open("a") as conftest:
        conftest.write(EXAMPLES)
    command = [sys.executable, "-c", NARROWED, "run", "--max-children", "1"]
    with (folder / "mutmut.log").open("w") as log:
        code = subprocess.run(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT).returncode
    if code:
        raise SystemExit(f"{name}: mutmut failed with {code}:\n{(folder / 'mutmut.log').read_text()[-3000:]}")
    return folder


def judge(name: str, folder: Path, known: dict[str, Any]) -> bool:
    """Print what became of a module's mutants; whether every survivor is explained, and every explanation needed."""
    codes = json.loads((folder / f"mutants/src/signoff/{name}.py.meta").read_text())["exit_code_by_key"]
    survivors = list(survived(codes, folder))
    reasons = {Mutant(*entry["mutant"]): entry["why"] for entry in known.get(name, [])}
    open_ones = [mutant for mutant in survivors if mutant not in reasons]
    idle = Counter(reasons.keys()) - Counter(survivors)
    killed, explained = len(codes) - len(survivors), len(survivors) - len(open_ones)
    sys.stdout.write(
        f"{name}: {len(codes)} mutants, {killed} killed, {explained} explained, {len(open_ones)} not explained\n"
        + "".join(f"{told(mutant)}    = {reasons.get(mutant, UNEXPLAINED)}\n" for mutant in survivors)
        + "".join(f"{told(mutant)}    = it is killed by now, or gone: take it out of known.toml\n" for mutant in idle)
    )
    sys.stdout.flush()
    return not open_ones and not idle


def told(mutant: Mutant) -> str:
    """A mutant as the entry of ``known.toml`` that would explain it."""
    function, was, became = (json.dumps(text, ensure_ascii=False) for text in mutant)
    return f"  mutant = [{function},\n    {was},\n    {became}]\n"


def survived(codes: dict[str, int | None], folder: Path) -> Iterator[Mutant]:
    """The mutants that no test noticed."""
    for key, code in codes.items():
        if code in UNNOTICED:
            shown = subprocess.run(
                [sys.executable, "-c", NARROWED, "show", key], cwd=folder, capture_output=True, text=True, check=True
            ).stdout
            lines = [line for line in shown.splitlines() if not line.startswith(("---", "+++"))]
            was, became = ([line[1:].strip() for line in lines if line.startswith(sign)] for sign in "-+")
            yield Mutant(function_of(key), "\n".join(was), "\n".join(became))


def function_of(key: str) -> str:
    """The function's name in mutmut's key ``signoff.store.delivery.xǁDeliveryǁaccepted__mutmut_3``."""
    name = key.rpartition(".")[2].rpartition("__mutmut_")[0]
    return ".".join(name[2:].split("ǁ")) if name.startswith("xǁ") else name[2:]


main()
