"""Clocks that are put forward and back, other zones and the year 2038: the same hour twice is not the same time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from signoff import MessageStatus, StateManager
from signoff.cli.stats import per_day
from signoff.clock import DAY, HOUR, MINUTE, SECOND, local_iso, parse_iso
from signoff.gateway.simulator import Simulator
from signoff.pipeline.rules import matching_rule

from ...conftest import ManualClock
from ...pipeline.conftest import ANA, Line
from ...statefile.conftest import Face
from .zones import STEADY, ZONES, repeated, skipped, zone

END_OF_32_BITS = (1 << 31) * SECOND
LATER = [END_OF_32_BITS - 1, END_OF_32_BITS, END_OF_32_BITS + SECOND, (1 << 32) * SECOND, 4_102_444_800 * SECOND]
TEN = 10 * MINUTE
EVERYWHERE = pytest.mark.parametrize("name", ZONES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "whatsapp_state.json"


@pytest.fixture
def make_face(path: Path, clock: ManualClock) -> Iterator[Callable[[int], Face]]:
    """Makes a state with its file at a time."""
    faces: list[Face] = []

    def make(now: int) -> Face:
        clock.now = now
        faces.append(Face(path, clock).begin())
        return faces[-1]

    yield make
    for face in faces:
        face.close()


def shown_in(name: str, at: int) -> datetime:
    """What the clocks of a zone show, by another source than the one under test."""
    return datetime.fromtimestamp(at // SECOND, ZoneInfo(name)).replace(tzinfo=None)


def valid_for(manager: StateManager, clock: ManualClock) -> int:
    """For how many minutes more the session is valid."""
    now = clock.now
    minutes = next(minute for minute in range(600) if not _is_valid_at(manager, clock, now + minute * MINUTE))
    clock.now = now
    return minutes


def _is_valid_at(manager: StateManager, clock: ManualClock, at: int) -> bool:
    clock.now = at
    return manager.is_session_valid()


class TestReadBack:
    @EVERYWHERE
    def test_a_moment_is_read_back_as_it_was_written(self, name: str) -> None:
        with zone(name):
            for change in (repeated(name), skipped(name)):
                for at in range(change.at - 3 * HOUR + 250_000, change.at + 3 * HOUR, 5 * MINUTE):
                    assert local_iso(at)[:19] == shown_in(name, at).isoformat()
                    assert parse_iso(local_iso(at), now=at) == at

    @EVERYWHERE
    def test_what_was_written_before_the_clocks_were_put_back_is_not_in_the_future(self, name: str) -> None:
        change = repeated(name)
        with zone(name):
            assert parse_iso(local_iso(change.at - TEN), now=change.at + TEN) == change.at - TEN

    @EVERYWHERE
    def test_a_time_that_does_not_come_is_read_all_the_same(self, name: str) -> None:
        change = skipped(name)
        with zone(name):
            missing = local_iso(change.at - SECOND)
            minute = datetime.fromisoformat(missing).minute
            between = f"{missing[:14]}{minute:02}:59.5"
            assert abs(parse_iso(between, change.at) - change.at) < HOUR

    @pytest.mark.parametrize("at", LATER)
    @pytest.mark.parametrize("name", [ZONES[0], STEADY])
    def test_years_after_2038(self, name: str, at: int) -> None:
        with zone(name):
            assert parse_iso(local_iso(at), now=at) == at

    def test_times_before_1970_to_the_microsecond(self) -> None:
        assert parse_iso("1969-12-31T23:59:59.999999+00:00", now=0) == -1

    @pytest.mark.parametrize("stamp", ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60", "2026-02-30T00:00:00", "25:00"])
    def test_a_leap_second_and_other_dates_that_are_none(self, stamp: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            parse_iso(stamp, now=0)


class TestSession:
    @EVERYWHERE
    def test_it_grows_neither_older_nor_younger_when_the_clocks_are_put_back(
        self, name: str, make_face: Callable[[int], Face], clock: ManualClock
    ) -> None:
        with zone(name):
            face = make_face(repeated(name).at - TEN)
            face.manager.update_session_status(True)
            face.write()
            clock.advance(15 * 60)
            face.edit(lambda document: document.update(mine=1))
            face.write()
            face.edit(lambda document: document["session"].update(validation_interval_minutes=31))
            face.manager.close()
            face.open()
            assert valid_for(face.manager, clock) == 16

    @EVERYWHERE
    def test_nor_when_they_are_put_forward(
        self, name: str, make_face: Callable[[int], Face], clock: ManualClock
    ) -> None:
        with zone(name):
            face = make_face(skipped(name).at - TEN)
            face.manager.update_session_status(True)
            face.write()
            clock.advance(15 * 60)
            face.edit(lambda document: document.update(mine=1))
            assert valid_for(face.manager, clock) == 15

    @EVERYWHERE
    @pytest.mark.parametrize("as_number", [False, True], ids=["text", "number"])
    @pytest.mark.parametrize("ago", [0, 15 * MINUTE], ids=["this time", "the first time"])
    def test_what_a_script_validated_in_the_hour_that_comes_twice(
        self, name: str, as_number: bool, ago: int, make_face: Callable[[int], Face], clock: ManualClock
    ) -> None:
        with zone(name):
            face = make_face(repeated(name).at - TEN)
            face.manager.update_session_status(True)
            clock.advance(-HOUR / SECOND)
            face.write()
            now = clock.now = repeated(name).at + TEN
            stamp = (now - ago) / SECOND if as_number else local_iso(now - ago)
            face.edit(lambda document: document["session"].update(last_validation=stamp))
            assert valid_for(face.manager, clock) == 30 - ago // MINUTE

    def test_what_a_script_in_another_zone_validated_is_not_valid_for_longer(
        self, make_face: Callable[[int], Face], clock: ManualClock
    ) -> None:
        with zone("America/New_York"):
            face = make_face(clock.now)
            face.manager.update_session_status(True)
            face.write()
            clock.advance(600)
            theirs = shown_in(STEADY, clock.now).isoformat()
            face.edit(lambda document: document["session"].update(last_validation=theirs))
            assert valid_for(face.manager, clock) == 30

    def test_another_zone_at_the_next_start_changes_nothing(
        self, make_face: Callable[[int], Face], clock: ManualClock
    ) -> None:
        with zone(STEADY):
            face = make_face(clock.now)
            face.manager.update_session_status(True)
            held = face.write()
            clock.advance(600)
        with zone("America/New_York"):
            face.manager.close()
            face.open()
            held["mine"] = 1
            face.put(held)
            face.file.take_up()
            assert face.manager.get_config("mine") == 1
            assert valid_for(face.manager, clock) == 20
            assert face.write()["session"]["last_validation"] == local_iso(clock.now - TEN)

    def test_a_file_written_anew_in_another_zone_holds_nothing_that_its_reader_changed(
        self, make_face: Callable[[int], Face], clock: ManualClock, path: Path
    ) -> None:
        with zone(STEADY):
            face = make_face(clock.now)
            face.manager.update_session_status(True)
            face.write()
        with zone("America/New_York"):
            path.unlink()
            face.manager.close()
            face.open()
            held = face.write()
            clock.advance(600)
            face.manager.update_session_status(True)
            held["mine"] = 1
            face.put(held)
            face.file.take_up()
            assert face.manager.get_config("mine") == 1
            assert valid_for(face.manager, clock) == 30

    def test_a_leap_second_is_reported_and_nothing_else_suffers(
        self, make_face: Callable[[int], Face], clock: ManualClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        face = make_face(clock.now)
        face.manager.update_session_status(True)
        face.write()

        def leap(document: dict[str, object]) -> None:
            document["mine"] = 1
            document["session"]["last_validation"] = "2016-12-31T23:59:60"  # type: ignore[index]
            document["messages"]["sent"] = [{"id": "s1", "timestamp": "2016-12-31T23:59:60Z"}]  # type: ignore[index]

        face.edit(leap)
        assert "session.last_validation has a value that cannot be used" in caplog.text
        assert (face.manager.get_config("mine"), face.manager.is_session_valid()) == (1, True)
        assert [message["id"] for message in face.manager.get_messages(MessageStatus.SENT)] == ["s1"]

    @pytest.mark.parametrize("at", LATER)
    def test_after_2038_as_ever(self, make_face: Callable[[int], Face], clock: ManualClock, at: int) -> None:
        face = make_face(at)
        face.manager.update_session_status(True)
        face.write()
        face.edit(lambda document: document["session"].update(last_authenticated=local_iso(at - DAY)))
        assert face.manager.get_session_info()["last_authenticated"] == local_iso(at - DAY)
        assert valid_for(face.manager, clock) == 30
        backup = json.loads(Path(face.manager.backup_state()).read_bytes())
        assert backup["session"]["last_validation"] == local_iso(at)


class TestStages:
    def lived(self, name: str, start: int, folder: Path, clock: ManualClock) -> list[tuple[object, ...]]:
        """What happens to two drafts while the clocks change: one in its undo window, one that expires."""
        clock.now, told = start, []
        with zone(name):
            line = Line(folder, clock, Simulator(clock=clock))
            line.state.update_config({"approval_config": {"undo_seconds": 40 * 60, "expire_hours": 1}})
            rows = [line.draft("At nine."), line.draft("At ten.", chat="15550100122@c.us")]
            line.state.approve(rows[0].id)
            rows.append(line.approved("At eleven.", chat="15550100124@c.us"))
            while clock.now < start + 3 * HOUR:
                for stage in (line.approval, line.outbox, line.keeper):
                    stage.round()
                clock.advance(300)
            for row in rows:
                history = line.store.history(line.state.account, row.id)
                told += [(row.text, event.kind, event.at - start, event.to_status) for event in history]
            line.state.close()
            line.world.close()
        return told

    @EVERYWHERE
    def test_undo_windows_leases_and_expiry_know_no_clocks(self, name: str, tmp_path: Path, clock: ManualClock) -> None:
        for number, change in enumerate((repeated(name), skipped(name))):
            folders = [tmp_path / f"{number}-{zone}" for zone in ("there", "utc")]
            for folder in folders:
                folder.mkdir()
            start = change.at - 30 * MINUTE
            there = self.lived(name, start, folders[0], clock)
            assert there == self.lived("UTC", start, folders[1], clock)
            assert {kind for _, kind, _, _ in there} >= {"approved", "expired", "sent"}

    @EVERYWHERE
    def test_quiet_hours_are_those_that_the_clocks_show(self, name: str, tmp_path: Path, clock: ManualClock) -> None:
        with zone(name):
            line = Line(tmp_path, clock, Simulator(clock=clock))
            row = line.draft("At nine.")
            for change in (repeated(name), skipped(name)):
                before = shown_in(name, change.at - 20 * MINUTE)
                begin, end = f"{before.hour:02}:{before.minute:02}", f"{(before.hour + 3) % 24:02}:15"
                rule = {"name": "by day", "chats": [ANA], "quiet_hours": [begin, end]}
                for at in range(change.at - 4 * HOUR, change.at + 5 * HOUR, 5 * MINUTE):
                    time = f"{shown_in(name, at):%H:%M}"
                    quiet = begin <= time < end if begin < end else time >= begin or time < end
                    assert (matching_rule([rule], row, at)[0] is None) == quiet, (time, begin, end)
            line.state.close()
            line.world.close()


class TestDays:
    @pytest.mark.parametrize("name", [*ZONES, STEADY])
    def test_each_message_counts_on_the_day_that_the_clocks_showed(
        self, name: str, tmp_path: Path, clock: ManualClock
    ) -> None:
        changes = [repeated(name), skipped(name)] if name != STEADY else [(clock.now, 0)]
        for number, (change, _) in enumerate(changes):
            days: Counter[str] = Counter()
            with zone(name), StateManager(tmp_path / f"{number}.db", clock=clock) as state:
                for turn, at in enumerate(range(change - DAY - HOUR, change + DAY + HOUR, 20 * MINUTE)):
                    clock.now = at
                    state.add_message({"id": f"m{turn}", "body": "Hello"}, MessageStatus.INCOMING)
                    days[shown_in(name, at).date().isoformat()] += 1
                counted = {day["day"]: day["incoming"] for day in per_day(state, 5) if day["incoming"]}
            assert counted == dict(days)


class TestBackups:
    @EVERYWHERE
    def test_two_at_the_same_time_of_the_clocks_are_two(self, name: str, path: Path, clock: ManualClock) -> None:
        change = repeated(name)
        clock.now = change.at - TEN
        with zone(name), StateManager(path, clock=clock) as state:
            state.set_config("mine", 1)
            backups = [Path(state.backup_state())]
            clock.now -= change.by
            state.set_config("mine", 2)
            backups.append(Path(state.backup_state()))
            assert backups[1].name == f"{backups[0].stem}_2.json"
            assert [json.loads(backup.read_bytes())["mine"] for backup in backups] == [1, 2]

    @EVERYWHERE
    def test_one_of_the_hour_that_comes_twice_is_restored_as_it_was(
        self, name: str, make_face: Callable[[int], Face], clock: ManualClock
    ) -> None:
        with zone(name):
            face = make_face(repeated(name).at + TEN)
            face.manager.update_session_status(True)
            backup = face.manager.backup_state()
            clock.advance(600)
            face.manager.mark_session_invalid("gone")
            face.manager.restore_state(backup)
            assert valid_for(face.manager, clock) == 20
