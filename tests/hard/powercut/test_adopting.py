"""The power is cut at every moment of an adoption, and of bringing it back: it goes on, or all is as it was."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from . import adopting, strace
from .disk import CERTAIN, CUTS, TORN, Cut, files_in
from .strace import Call
from .test_power_cut import HARD, MEMORY, ROOT, SAMPLE, SEED, SYNCS, TORN_TIMES, Moment, Record, digest_of, moments
from .told import Told

WHY_NOT = strace.why_not()

pytestmark = [
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
    pytest.mark.timeout(3600 if HARD else 120),
]


class Adoption:
    """A story that was recorded, and what was found after cuts; the same files are looked at once."""

    def __init__(self, story: str, place: Path) -> None:
        self.story = story
        folder, told_at = place / "bot", place / "told"
        adopting.build(folder, adopting.STORIES[story])
        self.before = files_in(folder)
        adopting.prepare(story, folder)
        begun = files_in(folder)
        command = [sys.executable, "-m", adopting.MODULE, story, str(folder), str(told_at)]
        calls = strace.record(command, place / "trace", ROOT)
        self.record = Record(folder, begun, calls, Told(calls, told_at), told_at)
        self.judged = 0
        self.problems: list[str] = []
        self._seen: dict[tuple[str, bool], list[str]] = {}

    def cut(self, moment: Moment, cut: Cut, chance: random.Random) -> None:
        """Cut the power, and look."""
        files, ended = cut.happen(moment.disk, chance), moment.told > 0
        seen = digest_of(files), ended
        if seen not in self._seen:
            with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
                self._seen[seen] = adopting.judge(self.story, Path(place), files, self.before, ended)
        self.problems += [f"{cut.name}, after call {moment.number}: {problem}" for problem in self._seen[seen]]
        self.judged += 1

    def told(self) -> str:
        return f"\npower cut, {self.story}: {self.judged} cuts, {len(self._seen)} different disks, seed {SEED}\n"


@pytest.mark.parametrize("story", adopting.STORIES)
def test_whenever_the_power_is_cut_adopting_goes_on_and_all_can_be_brought_back(
    tmp_path: Path, story: str, capsys: pytest.CaptureFixture[str]
) -> None:
    adoption, chance = Adoption(story, tmp_path), random.Random(SEED)
    *_, last = moments(adoption.record)
    assert last.disk.contents() == files_in(adoption.record.folder), "what is played is not what happened"
    numbers = [moment.number for moment in moments(adoption.record)]
    chosen = chance.choices(numbers, k=SAMPLE)
    for moment in moments(adoption.record):
        times = chosen.count(moment.number)
        for cut in (*CERTAIN, *TORN * TORN_TIMES) if HARD else chance.choices(CUTS, k=times):
            adoption.cut(moment, cut, chance)
    for cut in CUTS:
        adoption.cut(last, cut, chance)
    with capsys.disabled():
        sys.stdout.write(adoption.told())
    assert adoption.problems == []


def test_where_a_disk_ignores_the_syncs_of_folders_something_is_found_to_be_lost(tmp_path: Path) -> None:
    adoption = Adoption("adopt", tmp_path)
    done = [call for call in adoption.record.calls if not (call.name in SYNCS and _is_folder(call, adoption.record))]
    adoption.cut(_last(adoption.record, done), CERTAIN[1], random.Random(SEED))
    assert "it was adopted, and the old modules are there again" in "\n".join(adoption.problems)


def _is_folder(call: Call, record: Record) -> bool:
    return call.paths[0] == str(record.folder)


def _last(record: Record, calls: Iterable[Call]) -> Moment:
    *_, last = moments(record, calls)
    return last
