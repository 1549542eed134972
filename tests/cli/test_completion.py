"""What the shell completes: commands, options and actions, in bash for real and as zsh asks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .terminal import environment

EXPLICIT = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
"""Typer asks which shell it runs in; the tests say it."""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``signoff`` is on the PATH."""
    program = tmp_path / "bin" / "signoff"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport sys\nfrom signoff.cli import main\nsys.exit(main())\n")
    program.chmod(0o755)
    return environment(EXPLICIT) | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def output(env: dict[str, str], *words: str) -> str:
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["st"], {"status", "stats"}),
        (["stats", "--by"], {"--by-day"}),
        (["session", ""], {"show", "validate", "invalidate", "qr"}),
        (["config", "e"], {"explain"}),
    ],
)
def test_bash_offers_what_fits(env: dict[str, str], typed: list[str], offered: set[str]) -> None:
    words = " ".join(f"'{word}'" for word in ["signoff", *typed])
    script = (
        'eval "$(signoff --show-completion bash)"\n'
        f"COMP_WORDS=({words}) COMP_CWORD={len(typed)}\n"
        "_signoff_completion signoff\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    assert set(output(env, "bash", "--norc", "-c", script).split()) == offered


def test_zsh_is_told_what_fits_and_what_it_does(env: dict[str, str]) -> None:
    assert "#compdef signoff" in output(env, "signoff", "--show-completion", "zsh")
    asked = env | {"_SIGNOFF_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "signoff st"}
    told = output(asked, "signoff")
    assert told.startswith("_arguments")
    assert '"status":"How it stands' in told
    assert '"stats":"What came in' in told
    assert "send" not in told


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
def test_zsh_takes_the_script(env: dict[str, str]) -> None:
    script = 'autoload -U compinit; compinit -u; eval "$(signoff --show-completion zsh)"; print $_comps[signoff]'
    assert "_signoff_completion" in output(env, "zsh", "-f", "-c", script)
