"""The schema and its versions, and copies of the database."""

from __future__ import annotations

import os
from pathlib import Path

import apsw
import pytest

from signoff.errors import InvalidMessage, StateFileError, StoreError
from signoff.store import Store, migrate, open_store
from signoff.store.migrate import Migration
from signoff.store.upkeep import verify_copy

from ..conftest import ManualClock, StoreFactory, verify
from .outside import Program, change, sql
from .scenes import ANA_LID, INCOMING, Scene

SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"


def later(script: str) -> tuple[Migration, ...]:
    """The migrations of a later version."""
    last = migrate.migrations()[-1].version
    return (*migrate.migrations(), Migration(last + 1, "later", script))


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = [migration.version for migration in migrate.migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_new_schema_is_all_migrations_applied(tmp_path: Path, clock: ManualClock) -> None:
    open_store(tmp_path / "state.db", clock=clock).close()
    by_hand = apsw.Connection(":memory:")
    for migration in migrate.migrations():
        by_hand.execute(migration.script)
    made, versions = sql(tmp_path / "state.db", SCHEMA, "SELECT version, name, applied_at FROM schema_versions")
    expected = [list(row) for row in by_hand.execute(SCHEMA)]
    assert [row for row in made if row[1] != "schema_versions"] == [
        row for row in expected if row[1] != "schema_versions"
    ]
    assert versions == [[m.version, m.name, clock()] for m in migrate.migrations()]


def test_an_older_database_is_brought_up_to_date_and_backed_up_before(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    store = open_store(path, clock=clock)
    Scene(store, clock).add({"id": "m1"})
    store.close()
    newer = later("CREATE TABLE more (x TEXT) STRICT; INSERT INTO more VALUES ('made')")
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda: newer)
        store = open_store(path, clock=clock)
        assert Scene(store, clock).ids(INCOMING) == ["m1"]
        assert store.check() == []
        store.close()
    assert sql(path, "SELECT x FROM more", "SELECT max(version) FROM schema_versions") == [
        [["made"]],
        [[newer[-1].version]],
    ]
    (backup,) = tmp_path.glob("state.db.before-migration-*")
    assert verify_copy(backup) == []
    assert "no such table" in sql(backup, "SELECT x FROM more")[0]
    assert sql(backup, "SELECT id FROM messages") == [[["m1"]]]


def test_of_several_migrations_all_are_applied_or_none(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    known = migrate.migrations()
    more = Migration(known[-1].version + 1, "more", "CREATE TABLE more (x)")
    failing = Migration(more.version + 1, "failing", "DROP TABLE nothing_like_it")
    open_store(path, clock=clock).close()
    for file, wanted in ((path, known[-1].version), (tmp_path / "new.db", None)):
        with monkeypatch.context() as patch:
            patch.setattr(migrate, "migrations", lambda: (*known, more, failing))
            with pytest.raises(StoreError, match="no such table"):
                open_store(file, clock=clock)
        (tables,) = sql(file, "SELECT name FROM sqlite_master WHERE name IN ('more', 'schema_versions')")
        assert tables == ([] if wanted is None else [["schema_versions"]])
        open_store(file, clock=clock).close()
        assert sql(file, "SELECT max(version) FROM schema_versions") == [[[known[-1].version]]]
    assert not list(tmp_path.glob("new.db.before-migration-*"))


def test_the_name_beside_an_address_leaves_a_database_that_has_it(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    with monkeypatch.context() as patch:
        first = migrate.migrations()[:1]
        patch.setattr(migrate, "migrations", lambda: first)
        store = open_store(path, clock=clock)
        Scene(store, clock).receive("m1", aliases=(ANA_LID,))
        store.close()
    change(path, "UPDATE contacts SET name = 'Ana Example'")
    store = open_store(path, clock=clock)
    scene = Scene(store, clock)
    assert scene.ids(INCOMING) == ["m1"]
    assert scene.receive("m2", ANA_LID)
    assert store.check() == []
    store.close()
    assert sql(path, "SELECT name FROM pragma_table_info('contacts')") == [[["contact"], ["account"]]]
    assert b"Ana Example" not in path.read_bytes()
    verify(path)


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    store = open_store(path, clock=clock)
    Scene(store, clock).add({"id": "m1"})
    store.close()
    failing = later("CREATE TABLE more (x); DROP TABLE nothing_like_it")
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda: failing)
        with pytest.raises(StoreError, match=r"state\.db: no such table"):
            open_store(path, clock=clock)
    if Path("/proc/self/fd").exists():
        assert not [file for file in Path("/proc/self/fd").iterdir() if os.path.realpath(file).startswith(f"{path}")]
    assert sql(path, "SELECT name FROM sqlite_master WHERE name = 'more'") == [[]]
    store = open_store(path, clock=clock)
    assert Scene(store, clock).ids(INCOMING) == ["m1"]
    store.close()
    verify(path)


def test_a_backup_is_a_whole_database_of_one_moment(
    make_store: StoreFactory, tmp_path: Path, clock: ManualClock
) -> None:
    scene = Scene(make_store(), clock)
    with Program("writer", scene.store.database.path, "p", 2, heard="writing") as writer:
        for number in range(3):
            scene.store.backup(tmp_path / "backups" / f"{number}.db")
        assert writer.result()["faults"] == []
    for number in range(3):
        assert verify_copy(tmp_path / "backups" / f"{number}.db") == []
    assert sorted(file.name for file in (tmp_path / "backups").iterdir()) == ["0.db", "1.db", "2.db"]


def test_a_backup_can_be_opened_and_holds_everything(
    make_store: StoreFactory, tmp_path: Path, clock: ManualClock
) -> None:
    scene = Scene(make_store(), clock)
    row = scene.approve(scene.draft().id)
    assert scene.store.backup(tmp_path / "backup.db") == tmp_path / "backup.db"
    scene.reject(row.id)
    copy = Scene(make_store("backup.db"), clock)
    assert copy.row(row.id)._replace(file=row.file) == row
    assert copy.store.store_id() == scene.store.store_id()


def test_a_backup_replaces_an_older_one_only_when_it_is_good(tmp_path: Path, clock: ManualClock) -> None:
    store = open_store(tmp_path / "state.db", clock=clock)
    Scene(store, clock).add({"id": "m1"})
    target = tmp_path / "backup.db"
    store.backup(target)
    good = target.read_bytes()
    change(tmp_path / "state.db", "UPDATE counters SET listed = 7 WHERE status = 'incoming'")
    with pytest.raises(StateFileError, match=r"backup\.db was not made.*it shows 7 messages"):
        store.backup(target)
    store.close()
    assert target.read_bytes() == good
    assert not list(tmp_path.glob(".backup*"))


def test_a_backup_onto_the_database_itself_is_refused(make_store: StoreFactory, clock: ManualClock) -> None:
    scene = Scene(make_store(), clock)
    scene.add({"id": "m1"})
    with pytest.raises(StateFileError, match="is the database itself"):
        scene.store.backup(scene.store.database.path)
    assert scene.add({"id": "m2"})


@pytest.mark.parametrize("end", ["-wal", "-shm", ".lock"])
def test_a_backup_onto_the_database_of_another_state_is_refused(
    make_store: StoreFactory, tmp_path: Path, clock: ManualClock, end: str
) -> None:
    """What stands beside it would be played onto the backup, and the other state would be gone."""
    other = tmp_path / "other.db"
    other.write_text("another state")
    other.with_name(f"other.db{end}").write_text("changes")
    with pytest.raises(StateFileError, match=rf"other\.db{end} stands beside it; nothing was replaced"):
        make_store().backup(other)
    assert other.read_text() == "another state"


def test_a_backup_to_what_can_be_no_path_is_refused_in_words(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InvalidMessage, match=r"^target "):
        store.backup(tmp_path / "back\0up.db")


def test_a_copy_that_cannot_be_opened_is_no_good_one(tmp_path: Path) -> None:
    assert verify_copy(tmp_path / "missing.db") == ["the database cannot be read: unable to open database file"]


def test_a_backup_that_cannot_be_written_names_its_target(make_store: StoreFactory, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateFileError, match=r"file/backup\.db could not be written"):
        make_store().backup(tmp_path / "file" / "backup.db")
