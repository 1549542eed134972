"""Files that are damaged, foreign, in the wrong place or gone: a clear error, and nothing is touched."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signoff.errors import SignoffError, StoreCorrupt, StoreReplaced, StoreTooNew, StoreUnavailable
from signoff.model import content_of
from signoff.store import Store, open_store
from signoff.store.connection import Transaction
from signoff.store.takeup import FileEdit

from ..conftest import ManualClock, verify
from ..waiting import eventually
from .outside import RAISED, Program, change, sql
from .scenes import BEN, INCOMING, Scene

unix = pytest.mark.skipif(os.name == "nt", reason="files have other rights here")


def fill(path: Path, messages: int = 60) -> Path:
    """Make a database with some messages, closed."""
    store = open_store(path)
    scene = Scene(store, ManualClock())
    for number in range(messages):
        scene.add({"id": f"m{number}", "body": "x" * 800})
    store.close()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return fill(tmp_path / "state.db")


def contents(path: Path) -> dict[str, str]:
    """What is in the database's files; nobody may have them open."""
    files = [path, path.with_name(path.name + "-wal")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.exists()}


def refused(path: Path, error: type[SignoffError], *words: str) -> None:
    """Insist that the database is refused with words, naming it, and left as it is."""
    before = contents(path)
    with pytest.raises(error) as told:
        open_store(path)
    for word in (str(path), *words):
        assert word in str(told.value)
    assert contents(path) == before


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("Dear diary,\n" * 500)
    refused(path, StoreCorrupt, "no database", "restore a backup")


@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.95])
def test_a_truncated_database_is_refused(path: Path, part: float) -> None:
    os.truncate(path, int(path.stat().st_size * part))
    refused(path, StoreCorrupt, "damaged", "restore a backup")


def test_a_database_whose_beginning_is_overwritten_is_refused(path: Path) -> None:
    overwrite(path, 0, b"\0" * 100)
    refused(path, StoreCorrupt, "restore a backup")


def test_damage_in_the_middle_is_found_by_check_and_told_in_words(path: Path) -> None:
    empty = path.with_name("empty.db")
    open_store(empty).close()
    for page in range(empty.stat().st_size // 4096, path.stat().st_size // 4096):
        overwrite(path, page * 4096, b"\xa5" * 4096)
    store = open_store(path)
    assert "malformed" in store.check()[0]
    with pytest.raises(StoreCorrupt, match="restore a backup"):
        store.newest(1, INCOMING, None)
    store.close()


def test_a_message_that_was_damaged_on_the_disk_is_told_as_such(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'{"id"', b'["id"'))
    store = open_store(path)
    with pytest.raises(StoreCorrupt, match=f"{re.escape(str(path))} is damaged.*restore a backup"):
        store.newest(1, INCOMING, None)
    store.close()


def take_up_what_is_known(store: Store) -> None:
    edit = FileEdit(messages=((INCOMING, content_of({"id": "m0"})),), again=True)
    store.take_up(1, edit, by="file")


def look_at_one_moment(store: Store) -> None:
    store.view(1, lambda view: view.counters)


@pytest.mark.parametrize("call", [take_up_what_is_known, look_at_one_moment], ids=lambda call: call.__name__)
def test_a_value_of_a_kind_that_was_never_written_is_told_as_damage(path: Path, call: Callable[[Store], None]) -> None:
    done = sql(
        path,
        "PRAGMA writable_schema = 1",
        "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name IN ('messages', 'counters')",
        "PRAGMA writable_schema = RESET",
        "UPDATE messages SET author = x'00', revision = revision + 1",
        "UPDATE counters SET last_at = x'00'",
    )
    assert done == [[]] * 5
    store = open_store(path)
    with pytest.raises(StoreCorrupt, match=f"{re.escape(str(path))} is damaged.*restore a backup"):
        call(store)
    store.close()


def test_a_session_that_was_damaged_on_the_disk_is_told_as_such(path: Path) -> None:
    store = open_store(path)
    store.change_session(1, lambda session: session._replace(authenticated=True), by="me", what="in")
    store.close()
    change(path, f"UPDATE sessions SET fields = replace(fields, 'session_path', 'what'), {RAISED}")
    store = open_store(path)
    with pytest.raises(StoreCorrupt, match=f"{re.escape(str(path))} is damaged.*'what'.*restore a backup"):
        store.session(1)
    store.close()


NEVER_WRITTEN: dict[str, tuple[str, str, Callable[[Scene], object]]] = {
    "a message that comes again": (
        f"UPDATE messages SET due = 'soon', {RAISED}",
        "row.due is of the type str",
        lambda scene: scene.receive("m1", BEN),
    ),
    "a contact's messages": (
        f"UPDATE messages SET due = 'soon', {RAISED}",
        "row.due is of the type str",
        lambda scene: scene.store.with_contact(scene.account, BEN, limit=1000),
    ),
    "a list": (
        f"UPDATE messages SET due = 'soon', {RAISED}",
        "row.due is of the type str",
        lambda scene: scene.ids(INCOMING),
    ),
    "a counter": (
        "UPDATE counters SET total = 'some'",
        "a counter is of the type str",
        Scene.totals,
    ),
    "an attempt": (
        (
            "INSERT INTO attempts (message, number, token, digest, started_at, started_by, process)"
            " VALUES (1, 1, 'mine', 'mine', 'soon', 'me', 'here:1')"
        ),
        "attempt.started_at is of the type str",
        lambda scene: scene.store.attempts(1),
    ),
    "a history": (
        "UPDATE events SET at = 'soon'",
        "event.at is of the type str",
        lambda scene: scene.kinds("m1"),
    ),
    "an event": (
        "UPDATE events SET at = 'soon'",
        "event.at is of the type str",
        lambda scene: scene.store.events(scene.account, limit=1000),
    ),
    "the message of an event": (
        f"UPDATE messages SET id = x'00', {RAISED} WHERE id = 'm1'",
        "event 1 happened to no message that there is",
        lambda scene: scene.store.events(scene.account, limit=1000),
    ),
}


@pytest.mark.parametrize("what", NEVER_WRITTEN)
def test_a_value_that_was_never_written_is_told_as_such(tmp_path: Path, what: str) -> None:
    path = tmp_path / "state.db"
    damage, words, look = NEVER_WRITTEN[what]
    store = open_store(path)
    Scene(store, ManualClock()).receive("m1", BEN)
    store.close()
    for answer in sql(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')')",
        "DELETE FROM sqlite_schema WHERE type = 'trigger'",
        "PRAGMA writable_schema = RESET",
        damage,
    ):
        assert not isinstance(answer, str), answer
    store = open_store(path)
    with pytest.raises(StoreCorrupt, match=f"{re.escape(str(path))} is damaged.*{words}.*restore a backup"):
        look(Scene(store, ManualClock()))
    store.close()


def test_a_foreign_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    sql(path, "CREATE TABLE theirs (x)", "INSERT INTO theirs VALUES (1)")
    refused(path, StoreCorrupt, "not one of signoff's", "nothing was changed")
    assert sql(path, "SELECT x FROM theirs") == [[[1]]]


def test_a_database_of_a_newer_version_is_refused(path: Path) -> None:
    change(path, "INSERT INTO schema_versions VALUES (9999, 'later', 1)")
    refused(path, StoreTooNew, "schema 9999", "install the newer version")


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "state.db").touch()
    open_store(tmp_path / "state.db").close()
    verify(tmp_path / "state.db")


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: os.truncate(path, 0)], ids=["removed", "emptied"])
def test_changes_whose_database_is_gone_are_not_thrown_away(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """After a crash the -wal file may hold the latest changes."""
    path = tmp_path / "state.db"
    with Program("stages", path, "p", 1) as program:
        assert program.process.stdout is not None
        for _ in range(20):
            program.process.stdout.readline()
    saved = path.read_bytes()
    harm(path)
    refused(path, StoreCorrupt, "state.db-wal", "put the database back")
    path.write_bytes(saved)
    store = open_store(path)
    assert store.find(store.account("default"), "p-0-0") is not None
    store.close()
    verify(path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"missing/state\.db cannot be opened.*No such file"):
        open_store(tmp_path / "missing" / "state.db")
    assert not (tmp_path / "missing").exists()


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()
    with pytest.raises(StoreUnavailable, match=r"state\.db"):
        open_store(tmp_path / "state.db")


def test_another_kind_of_url_is_refused_in_words() -> None:
    with pytest.raises(StoreUnavailable, match="mysql:// is not supported"):
        open_store("mysql://localhost/state")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, which may read and write everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everyone may enter and nobody but its owner change."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


@unix
def test_a_read_only_folder_is_named(public: Path) -> None:
    public.chmod(0o555)
    with as_nobody(), pytest.raises(StoreUnavailable, match=r"state\.db.*Permission denied"):
        open_store(public / "state.db")


@unix
def test_a_read_only_database_is_named_and_left_alone(public: Path) -> None:
    path = fill(public / "state.db")
    public.chmod(0o777)
    path.chmod(0o444)
    path.with_name("state.db.lock").chmod(0o666)
    before = contents(path)["state.db"]
    with as_nobody(), pytest.raises(StoreUnavailable, match=r"cannot be written.*permissions"):
        open_store(path)
    assert contents(path)["state.db"] == before


@unix
def test_everything_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store(tmp_path / "state.db")
        Scene(store, ManualClock()).add({"id": "m1"})
        store.backup(tmp_path / "folder" / "backup.db")
    finally:
        os.umask(before)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"state.db", "state.db-wal", "state.db-shm", "state.db.lock", "backup.db"}
    assert {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in files} == {f.name: "0o600" for f in files}
    store.close()


def test_a_link_is_the_same_database(path: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link.db"
    link.symlink_to(path)
    store, other = open_store(path), open_store(link)
    assert other.database is store.database
    other.close()
    store.close()
    assert [file.name for file in (tmp_path / "folder").iterdir()] == ["link.db"]


def replace_it(path: Path) -> None:
    other = fill(path.with_name("other.db"), 1)
    os.replace(other, path)


def rename_it(path: Path) -> None:
    path.rename(path.with_name("renamed.db"))


def remove_wal(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def remove_both(path: Path) -> None:
    path.unlink()
    remove_wal(path)


def replace_its_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))
    shutil.copytree(path.parent.with_name("moved"), path.parent)


HARMS = [replace_it, rename_it, Path.unlink, remove_wal, remove_both, replace_its_folder]


@unix
@pytest.mark.parametrize("quiet", [False, True], ids=["a busy folder", "a quiet folder"])
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_database_that_is_replaced_or_removed_under_a_running_store_is_noticed(
    tmp_path: Path, harm: Callable[[Path], None], quiet: bool
) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "state.db"
    store = open_store(path)
    account = store.account("default")
    scene = Scene(store, ManualClock())
    if quiet:  # then the folder's time alone is looked at
        os.utime(path.parent, (1, 1))
    assert scene.add({"id": "before"})
    harm(path)
    for number in range(2):
        with pytest.raises(StoreReplaced, match="replaced or removed") as told:
            scene.add({"id": f"into nothing {number}"})
        assert str(path) in str(told.value)
    assert account == scene.account
    store.close()


@unix
@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_store_that_only_reads_notices_it_too(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "state.db"
    store = open_store(path)
    account = store.account("default")
    harm(path)
    eventually(lambda: refuses_to_read(store, account, path))
    store.close()


@unix
def test_a_store_that_only_reads_goes_on_when_the_files_are_back(path: Path) -> None:
    store = open_store(path)
    account = store.account("default")
    rename_it(path)
    eventually(lambda: refuses_to_read(store, account, path))
    path.with_name("renamed.db").rename(path)
    assert store.counters(account)[INCOMING].listed == 60
    store.close()


def refuses_to_read(store: Store, account: int, path: Path) -> bool:
    try:
        store.counters(account)
    except StoreReplaced as error:
        return str(path) in str(error)
    return False


@unix
def test_the_one_that_was_put_in_its_place_is_left_alone(path: Path) -> None:
    store = open_store(path)
    scene = Scene(store, ManualClock())
    replace_it(path)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(StoreReplaced):
        scene.add({"id": "mine"})
    store.close()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


@unix
def test_put_back_it_goes_on(path: Path) -> None:
    store = open_store(path)
    scene = Scene(store, ManualClock())
    rename_it(path)
    with pytest.raises(StoreReplaced):
        scene.add({"id": "m-lost"})
    path.with_name("renamed.db").rename(path)
    assert scene.add({"id": "m-kept"})
    store.close()
    verify(path)


def test_one_that_is_opened_again_after_everyone_closed_it_is_whole(path: Path) -> None:
    for number in range(3):
        store: Store = open_store(path)
        assert Scene(store, ManualClock()).add({"id": f"again-{number}"})
        store.close()
    assert [file.name for file in sorted(path.parent.iterdir())] == ["state.db", "state.db.lock"]
    verify(path)


@unix
def test_a_reader_that_was_interrupted_does_not_take_the_log_with_it(tmp_path: Path, clock: ManualClock) -> None:
    """After a fork it has the only connection; with the last one the -wal file goes, as if somebody had removed it."""
    store = open_store(fill(tmp_path / "state.db"), clock=clock)
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)

    def strike(tx: Transaction) -> None:
        assert tx.row("known_file", {"account": 1}) is None
        raise KeyboardInterrupt

    scene = Scene(store, clock)
    assert len(scene.ids(INCOMING)) == 60
    with pytest.raises(KeyboardInterrupt):
        store.database.snapshot(strike)
    store.database._readers._look_at = 0.0
    assert len(scene.ids(INCOMING)) == 60
    assert scene.add({"id": "another"})
    assert len(scene.ids(INCOMING)) == 61, "an old moment is shown"
    store.close()
