"""``signoff stats``: what was counted, in all, by day, and while it changes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from signoff.cli.stats import bar
from signoff.clock import DAY, local_iso, system_clock
from signoff.store import open_store

from ..conftest import ManualClock
from ..store.scenes import FAILED, Scene
from .conftest import STATE, AtTerminal, Signoff


@pytest.fixture
def three_days(tmp_path: Path, desk: Scene) -> list[str]:
    """Four messages two days ago, none yesterday, two today, one of them answered; the three days."""
    desk.clock.now -= 2 * DAY
    for number in range(4):
        desk.receive(f"old{number}", draft=False)
    desk.clock.now += 2 * DAY
    desk.receive("new1", draft=False)
    desk.accepted(desk.claimed("new2"))
    today = date.fromisoformat(local_iso(system_clock())[:10])
    return [(today - timedelta(days=back)).isoformat() for back in (2, 1, 0)]


def test_by_day_counts_each_day_by_itself(three_days: list[str], signoff: Signoff) -> None:
    told = json.loads(signoff("stats", "--by-day", "--days", "3", "--json").stdout)
    assert [(day["day"], day["incoming"], day["approved"], day["sent"]) for day in told] == [
        (three_days[0], 4, 0, 0),
        (three_days[1], 0, 0, 0),
        (three_days[2], 2, 1, 1),
    ]


def test_by_day_is_drawn_with_bars_that_compare(three_days: list[str], signoff: Signoff) -> None:
    lines = signoff("stats", "--by-day", "--days", "3").stdout.splitlines()
    drawn = {line.strip()[:10]: line.count("█") for line in lines if line.strip()[:10] in three_days}
    assert drawn == {three_days[0]: 16, three_days[1]: 0, three_days[2]: 8}
    assert max(map(len, lines)) <= 80


def test_resetting_the_statistics_leaves_the_days(three_days: list[str], desk: Scene, signoff: Signoff) -> None:
    desk.store.reset_totals(desk.account, by="maria")
    assert json.loads(signoff("stats", "--json").stdout)["total_incoming"] == 0
    assert json.loads(signoff("stats", "--by-day", "--days", "3", "--json").stdout)[0]["incoming"] == 4


def test_a_bar_shows_whatever_is_not_nothing() -> None:
    assert [bar(0, 1000), bar(1, 1000), bar(500, 1000), bar(1000, 1000)] == ["", "▏", "█" * 8, "█" * 16]
    assert bar(0, 0) == ""


def test_bars_are_drawn_where_the_terminal_knows_ascii_only(three_days: list[str], signoff: Signoff) -> None:
    env = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = signoff("stats", "--by-day", "--days", "3", env=env)
    assert result.returncode == 0
    assert "#" * 16 in result.stdout


def test_watching_shows_each_change_until_ctrl_c(desk: Scene, at_terminal: AtTerminal) -> None:
    terminal = at_terminal("stats", "--watch")
    terminal.expect("failed", " 0 ")
    for number in range(7):
        desk.add({"id": f"s{number}"}, FAILED)
    terminal.expect(" 7 ")
    terminal.interrupt()
    assert terminal.wait() == 130


def test_days_of_a_history_that_is_empty_are_nought(tmp_path: Path, signoff: Signoff) -> None:
    open_store(tmp_path / f"{STATE}.db", clock=ManualClock()).close()
    (day,) = json.loads(signoff("stats", "--by-day", "--days", "1", "--json").stdout)
    assert sum(count for name, count in day.items() if name != "day") == 0


def test_no_days_at_all_are_wrongly_asked(desk: Scene, signoff: Signoff) -> None:
    assert signoff("stats", "--by-day", "--days", "0").returncode == 2
