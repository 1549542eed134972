"""What returned is on the disk: the power is cut at every moment of a story, and nothing acknowledged is lost."""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import pytest

from . import aftermath, stories, strace
from .aftermath import Found
from .disk import CERTAIN, CUTS, TORN, Cut, Disk, files_in
from .replay import Replay
from .strace import Call, pieces_of
from .told import Told, is_said

HARD = bool(os.environ.get("SIGNOFF_HARD"))
SEED = int(os.environ.get("SIGNOFF_SEED") or 20261122)
SAMPLE = 30
"""How many cuts of each story are tried in a quick run."""
TORN_TIMES = 2
"""How often each moment is torn by chance in a thorough run."""
SYNCS = ("fsync", "fdatasync")
ROOT = Path(__file__).parents[3]
MEMORY = Path("/dev/shm")
WHY_NOT = strace.why_not()

pytestmark = [
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
    pytest.mark.timeout(4 * 3600 if HARD else 120),
]


class Record(NamedTuple):
    """A story that was recorded: where, what was there before, every call, and what was told."""

    folder: Path
    before: dict[str, bytes]
    calls: list[Call]
    told: Told
    told_at: Path


def record(story: str, place: Path) -> Record:
    """Record a story."""
    folder, told_at = place / "state", place / "told"
    folder.mkdir(parents=True)
    if story in stories.BEGIN_WITH_A_FILE:
        (folder / stories.STATE_FILE).write_text(json.dumps(stories.OLD_FILE))
    before = files_in(folder)
    command = [sys.executable, "-m", stories.MODULE, story, str(folder), str(told_at)]
    calls = strace.record(command, place / "trace", ROOT)
    return Record(folder, before, calls, Told(calls, told_at), told_at)


class Moment(NamedTuple):
    """A moment after something was done to the disk, or told."""

    number: int
    disk: Disk
    told: int
    is_told: bool


def moments(record: Record, calls: Iterable[Call] | None = None) -> Iterator[Moment]:
    """Every moment of a story; the disk goes on from one to the next."""
    disk = Disk(record.folder, record.before)
    replay, told = Replay(disk, record.calls), 0
    for number, call in enumerate(record.calls if calls is None else calls):
        is_told = is_said(call, record.told_at)
        told += is_told
        if replay.do(call) or is_told:
            yield Moment(number, disk, told, is_told)


class Verdicts:
    """Judges what is found after cuts; the same files are opened once."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._found: dict[str, Found] = {}
        self.judged = 0
        self.problems: list[str] = []

    @property
    def opened(self) -> int:
        """How many different disks were opened."""
        return len(self._found)

    def judge(self, moment: Moment, cut: Cut, chance: random.Random) -> None:
        """Cut the power, and look."""
        files = cut.happen(moment.disk, chance)
        digest = digest_of(files)
        if digest not in self._found:
            self._found[digest] = _found(files)
        problems = aftermath.judge(self._found[digest], self._told, moment.told)
        self.problems += [f"{cut.name}, after call {moment.number}: {problem}" for problem in problems]
        self.judged += 1


def digest_of(files: dict[str, bytes]) -> str:
    """By what the same files are known again."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{len(name)} {len(content)} {name}".encode() + content)
    return digest.hexdigest()


def _found(files: dict[str, bytes]) -> Found:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return aftermath.find(Path(folder), files)


def cut_everywhere(record: Record, verdicts: Verdicts) -> None:
    """Every moment, every cut; those by chance several times."""
    for moment in moments(record):
        for cut in (*CERTAIN, *TORN * TORN_TIMES):
            verdicts.judge(moment, cut, random.Random(f"{SEED} {moment.number} {cut.name} {verdicts.judged}"))


def cut_here_and_there(record: Record, verdicts: Verdicts, times: int) -> None:
    """So many moments and cuts by chance, half of them just after something was told."""
    chance = random.Random(SEED)
    places = [(moment.number, moment.is_told) for moment in moments(record)]
    told = [number for number, is_told in places if is_told]
    chosen = [*chance.choices(told, k=times // 2), *chance.choices([number for number, _ in places], k=times // 2)]
    for moment in moments(record):
        for _ in range(chosen.count(moment.number)):
            verdicts.judge(moment, chance.choice(CUTS), chance)


def try_out(recorded: Record, times: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Cut the power so many times (None: everywhere), tell how often, and insist on the promises."""
    *_, last = moments(recorded)
    assert last.disk.contents() == files_in(recorded.folder), "what is played is not what happened"
    verdicts = Verdicts(recorded.told)
    if times is None:
        cut_everywhere(recorded, verdicts)
    else:
        cut_here_and_there(recorded, verdicts, times)
    with capsys.disabled():
        sys.stdout.write(f"\npower cut: {verdicts.judged} cuts, {verdicts.opened} different disks, seed {SEED}\n")
    assert verdicts.problems == []


@pytest.mark.parametrize("story", ["life", "copies", "migration", "company", "service"])
def test_whenever_the_power_is_cut_what_returned_is_there_and_nothing_that_left_leaves_again(
    tmp_path: Path, story: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with stories.later_version() if story == "migration" else nullcontext():
        try_out(record(story, tmp_path), None if HARD else SAMPLE, capsys)


@pytest.mark.slow
def test_whenever_the_power_is_cut_while_the_wal_is_begun_anew_nothing_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try_out(record("growth", tmp_path), 300 if HARD else SAMPLE, capsys)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The story of one process, recorded once."""
    return record("life", tmp_path_factory.mktemp("life"))


class TestTheTestItself:
    """What would have to be found is found."""

    @pytest.mark.parametrize(
        ("ignored", "found"),
        [
            (f"{stories.DATABASE}-wal", "('session', '')"),
            (f".{stories.STATE_FILE}.new", "('state file', '') is 'broken'"),
            ("/state", "('file', 'whatsapp_state_before_import_"),
        ],
        ids=["database", "state file", "folder"],
    )
    def test_where_a_disk_ignores_a_sync_something_is_found_to_be_lost(
        self, life: Record, ignored: str, found: str
    ) -> None:
        done = [call for call in life.calls if not (call.name in SYNCS and call.paths[0].endswith(ignored))]
        assert found in first_problems(life, done)

    def test_where_the_sync_of_a_claim_is_ignored_a_message_is_found_to_leave_twice(self, life: Record) -> None:
        handed = next(number for number, call in enumerate(life.calls) if is_handed(call, life))
        before = [number for number, call in enumerate(life.calls[:handed]) if call.name in SYNCS]
        done = [call for number, call in enumerate(life.calls) if number != before[-1]]
        assert "was approved 1 times and left 2 times" in first_problems(life, done)


def is_handed(call: Call, recorded: Record) -> bool:
    """Whether this says that a message was handed to the gateway."""
    return is_said(call, recorded.told_at) and b'"handed"' in pieces_of(call.arguments[1])


def first_problems(recorded: Record, calls: Iterable[Call]) -> str:
    """What is found where only these calls reached the disk."""
    verdicts = Verdicts(recorded.told)
    for moment in moments(recorded, calls):
        for cut in CERTAIN if moment.is_told else ():
            verdicts.judge(moment, cut, random.Random(SEED))
        if verdicts.problems:
            break
    return "\n".join(verdicts.problems)
