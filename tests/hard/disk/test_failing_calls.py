"""Any one call of the system fails: an error of signoff's own says where, nothing is half done, and it goes on."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from .. import life
from ..aftermath import insist
from ..conftest import Tell
from ..strike import HARD, Struck, count_calls, needs_strace, points, strike

pytestmark = [needs_strace, pytest.mark.timeout(3600)]

FAULTS = [
    ("openat", "EMFILE"),
    ("pwrite64", "ENOSPC"),
    ("fdatasync", "EIO"),
    ("write", "ENOSPC"),
    ("fsync", "EIO"),
    ("rename", "ENOSPC"),
    ("renameat2", "ENOSPC"),
    ("renameat2", "EINVAL"),  # a file system on which two files cannot be exchanged
    ("openat", "EIO"),
    ("openat", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("write", "EIO"),
    ("fsync", "ENOSPC"),
    ("ftruncate", "ENOSPC"),
    ("ftruncate", "EIO"),
    ("rename", "EIO"),
    ("renameat2", "EIO"),
    ("unlink", "EIO"),
    ("pread64", "EIO"),
    ("read", "EIO"),
    ("mmap", "ENOMEM"),
    ("flock", "ENOLCK"),
]
SAMPLE = 8
NOT_OURS = re.compile(r"/world[/>\"]|/edited\.json|<pipe:|/dev/null")
"""What a contact, another script and the test itself write."""


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    """Of each call, how often it was made when the life began, and when it had ended."""
    folder = tmp_path_factory.mktemp("counted")
    life.prepare(folder)
    calls = ",".join(dict.fromkeys(call for call, _ in FAULTS))
    return count_calls(["tests.hard.life", str(folder)], calls, folder / "trace", since=str(folder))


@pytest.mark.parametrize(("call", "error"), FAULTS if HARD else FAULTS[:SAMPLE])
def test_a_call_that_fails_is_told_and_undone_and_the_next_goes_on(
    tmp_path: Path, counted: dict[str, tuple[int, int]], tell: Tell, call: str, error: str
) -> None:
    before, after = counted[call]
    hit = told = 0
    for number in points(after - before, 1):
        folder = tmp_path / f"{call}-{number}"
        folder.mkdir()
        life.prepare(folder)
        inject = f"{call}:error={error}:when={before + number}"
        struck = strike(["tests.hard.life", str(folder), "--stubborn"], inject, tmp_path / "trace")
        if not NOT_OURS.search(struck.call + struck.errors):
            insist_on_clear_words(struck, folder)
        insist(folder, struck.said)
        hit += struck.hit
        told += any("failed" in line for line in struck.said)
        shutil.rmtree(folder)
    tell(f"{call} {error}: failed at {hit} points, {told} were told to the caller")
    assert hit


def insist_on_clear_words(struck: Struck, folder: Path) -> None:
    """Only signoff's own errors came, each names a path, and the life went on to its end."""
    assert not [line for line in struck.said if "wrong" in line], struck
    for line in struck.said:
        assert "failed" not in line or str(folder) in line["text"], (line, struck.call)
    assert struck.code == 0, struck
    assert struck.said[-1]["step"] == "end", struck
