"""Every question, one after another, as Markdown.

    python benchmarks/everything.py [--quick] [--only NAME ...] [--states FOLDER] [--write]

In full it takes about two hours on two quiet processors, with ``--quick`` some ten minutes. ``--write`` puts what is
printed into ``docs/performance-tables.md``, in the place of what stands there.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from contender import COMPILER, ENVIRONMENT

_HERE = Path(__file__).parent
TABLES = _HERE.parent / "docs" / "performance-tables.md"
PLOT = TABLES.with_name("performance-lifecycle.svg")
_HEAD = """# The tables

What `benchmarks/everything.py` printed last, question by question; [How fast it is](performance.md) says what it means.

"""
QUESTIONS = {
    "start": ["start.py"],
    "lifecycle": ["lifecycle.py"],
    "lifecycle-large": ["lifecycle.py", "--large"],
    "lifecycle-slow-disk": ["lifecycle.py", "--slow-disk"],
    "processes": ["processes.py"],
    "processes-slow-disk": ["processes.py", "--slow-disk"],
    "state-file": ["state_file.py"],
    "reads": ["reads.py"],
    "service": ["service.py"],
    "profiles": ["profiles.py"],
    "whole": ["whole.py"],
}


def ask(name: str, quick: bool, draw: bool, states: Path | None) -> str:
    """The answer to a question, as Markdown; that to ``lifecycle`` is drawn, too."""
    script, *options = QUESTIONS[name]
    if states is not None and "--large" in options:
        options += ["--states", os.fspath(states)]
    if draw and name == "lifecycle":
        options += ["--plot", os.fspath(PLOT)]
    if "--slow-disk" in options and not COMPILER:
        return "Left out: it needs Linux and a C compiler.\n"
    command = [sys.executable, os.fspath(_HERE / script), *options, *(["--quick"] if quick else [])]
    began = time.monotonic()
    run = subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.PIPE, encoding="utf-8")
    return f"{run.stdout}\nTook {(time.monotonic() - began) / 60:.0f} minutes.\n"


def write(file: Path, name: str, answer: str) -> None:
    """Put an answer in the place of the one before it."""
    before = re.split(r"^## (.+)\n\n", file.read_text("utf-8"), flags=re.MULTILINE) if file.exists() else [_HEAD]
    answers = dict(zip(before[1::2], before[2::2], strict=True)) | {name: answer}
    sections = [f"## {each}\n\n{answers[each].rstrip()}\n" for each in QUESTIONS if each in answers]
    file.write_text("\n".join([before[0].rstrip() + "\n", *sections]), "utf-8")


def main() -> None:
    """Ask them."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="see that everything works")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=QUESTIONS, help=", ".join(QUESTIONS))
    parser.add_argument("--states", type=Path, metavar="FOLDER", help="keep the large states here for the next time")
    parser.add_argument("--write", action="store_true", help=f"keep the answers in {TABLES.relative_to(_HERE.parent)}")
    asked = parser.parse_args()
    for name in asked.only or QUESTIONS:
        print(f"## {name}\n", flush=True)
        answer = ask(name, asked.quick, asked.write, asked.states)
        print(answer, flush=True)
        if asked.write:
            write(TABLES, name, answer)


if __name__ == "__main__":
    main()
