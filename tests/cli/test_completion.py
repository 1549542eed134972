"""What the shell completes: commands, options, actions and settings, in bash, zsh and fish for real."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .terminal import PATIENCE, STEERING, environment

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
        (["config", "unset", "retry_config.m"], {"retry_config.max_retries"}),
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
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("signoff config un", "unset"),
        ("signoff config unset retry_config.m", "retry_config.max_retries"),
        ("signoff config get llm_config.e", "llm_config.endpoint"),
        ("signoff stats --by", "--by-day"),
    ],
)
def test_zsh_completes_once_it_is_installed(env: dict[str, str], tmp_path: Path, typed: str, offered: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    env = {name: value for name, value in env.items() if name != "ZDOTDIR"} | {"HOME": str(home)}
    output(env, "signoff", "--install-completion", "zsh")
    with zsh(env) as press:
        press("PS1='ready> '\n", "ready> ")
        for start in ("", "\x15"):  # from the very first time on; Ctrl+U empties the line
            press(f"{start}{typed}\t", f"{offered} ")


@contextmanager
def zsh(env: dict[str, str]) -> Iterator[Callable[[str, str], None]]:
    """A zsh at a terminal of its own; gives what presses keys and waits for a text."""
    master, slave = pty.openpty()
    shell = subprocess.Popen(["zsh", "-i"], env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    shown = ""

    def press(keys: str, text: str) -> None:
        nonlocal shown
        os.write(master, keys.encode())
        end = time.monotonic() + PATIENCE
        shown = ""
        while text not in STEERING.sub("", shown):
            assert select.select([master], [], [], max(0, end - time.monotonic()))[0], f"{text!r} was not in {shown!r}"
            shown += os.read(master, 65536).decode(errors="replace")

    try:
        yield press
    finally:
        shell.kill()
        shell.wait()
        os.close(master)
        os.close(slave)


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("signoff st", {"status", "stats"}),
        ("signoff config un", {"unset"}),
        ("signoff config unset retry_config.m", {"retry_config.max_retries"}),
    ],
)
def test_fish_completes_once_it_is_installed(
    env: dict[str, str], tmp_path: Path, typed: str, offered: set[str]
) -> None:
    env = {name: value for name, value in env.items() if not name.startswith("XDG_")} | {"HOME": str(tmp_path)}
    output(env, "signoff", "--install-completion", "fish")
    lines = output(env, "fish", "-c", f"complete --do-complete '{typed}'").splitlines()
    assert {line.partition("\t")[0] for line in lines} == offered


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
def test_zsh_takes_the_script(env: dict[str, str]) -> None:
    script = 'autoload -U compinit; compinit -u; eval "$(signoff --show-completion zsh)"; print $_comps[signoff]'
    assert "_signoff_completion" in output(env, "zsh", "-f", "-c", script)
