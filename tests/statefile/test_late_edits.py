"""Somebody changes the file while it is being replaced: just before, at that moment, or when it has lost its name."""

from __future__ import annotations

import importlib
import json
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from signoff.errors import StoreBusy
from signoff.statefile.file import StateFile
from signoff.store import Store, durable
from signoff.store.files import KnownFile, View

from ..conftest import ManualClock
from .conftest import Face

T = TypeVar("T")
Act = Callable[[], object]
Meanwhile = Callable[[Act], None]
no_windows = pytest.mark.skipif(os.name == "nt", reason="there an open file cannot be replaced")


def _during(monkeypatch: pytest.MonkeyPatch, name: str, act: Act) -> None:
    """Have somebody act, once, at the moment when the writer calls a function of this name."""
    module, _, function = name.rpartition(".")
    real, acts = getattr(importlib.import_module(module), function), iter([act])

    def call(*arguments: object) -> object:
        next(acts, lambda: None)()
        return real(*arguments)

    monkeypatch.setattr(name, call)


@pytest.fixture
def exchanging(tmp_path: Path) -> None:
    """Where two files can be exchanged in one step."""
    for name in ("one", "other"):
        (tmp_path / name).touch()
    if not durable.rename(tmp_path / "one", tmp_path / "other", durable.EXCHANGE):
        pytest.skip("files cannot be exchanged here")


@pytest.fixture
def replacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they cannot."""
    monkeypatch.setattr(durable, "_renameat2", lambda: None)


@pytest.fixture(params=["exchanging", "replacing"])
def at_the_last_moment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Have somebody act, once, when the new file is just about to get its name: by both ways of giving it that."""
    request.getfixturevalue(request.param)
    return partial(_during, monkeypatch, "signoff.statefile.file.rename")


def test_a_file_changed_after_it_was_read_is_not_replaced_before_that_is_taken_up(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = face.read() | {"edited": "in place"}
    _during(monkeypatch, "os.fsync", lambda: face.put(edited))
    face.manager.set_config("mine", 1)
    document = face.write()
    assert (document["edited"], document["mine"]) == ("in place", 1)


def test_a_file_that_somebody_put_in_its_place_meanwhile_is_taken_up(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = face.path.with_name("other.json")
    other.write_text(json.dumps(face.read() | {"edited": "another file"}))
    _during(monkeypatch, "os.fsync", lambda: os.rename(other, face.path))
    face.manager.set_config("mine", 1)
    document = face.write()
    assert (document["edited"], document["mine"]) == ("another file", 1)


@no_windows
def test_what_was_written_into_the_old_file_until_the_end_is_taken_up(
    face: Face, at_the_last_moment: Meanwhile
) -> None:
    edited = json.dumps(face.read() | {"edited": "late"})
    face.manager.set_config("mine", 1)
    with face.path.open("r+") as script:

        def write() -> None:
            script.truncate()
            script.write(edited)
            script.flush()

        at_the_last_moment(write)
        document = face.write()
    assert (document["edited"], document["mine"]) == ("late", 1)


@no_windows
def test_and_if_that_is_only_half_written_it_is_waited_for(face: Face, at_the_last_moment: Meanwhile) -> None:
    edited = json.dumps(face.read() | {"edited": "slowly"})
    face.manager.set_config("mine", 1)
    with face.path.open("r+") as script:

        def end() -> None:
            script.write(edited[20:])
            script.flush()

        rest = threading.Timer(0.1, end)

        def begin() -> None:
            script.truncate()
            script.write(edited[:20])
            script.flush()
            rest.start()

        at_the_last_moment(begin)
        document = face.write()
        rest.join()
    assert (document["edited"], document["mine"]) == ("slowly", 1)


@no_windows
def test_and_if_that_stays_half_written_it_is_kept(
    face: Face, at_the_last_moment: Meanwhile, caplog: pytest.LogCaptureFixture
) -> None:
    face.manager.set_config("mine", 1)
    with face.path.open("r+") as script:

        def write() -> None:
            script.truncate()
            script.write('{"half')
            script.flush()
            os.utime(script.fileno(), (1, 1))

        at_the_last_moment(write)
        assert face.write()["mine"] == 1
    (aside,) = face.beside("*unreadable*")
    assert aside.read_text() == '{"half'
    assert "could not be read (line 1: Unterminated string" in caplog.text


def test_another_file_that_is_put_there_at_that_moment_is_taken_up(
    face: Face, monkeypatch: pytest.MonkeyPatch, exchanging: None
) -> None:
    other = face.path.with_name("other.json")
    other.write_text(json.dumps(face.read() | {"edited": "at the last moment"}))
    face.manager.set_config("mine", 1)
    _during(monkeypatch, "signoff.statefile.file.rename", lambda: os.rename(other, face.path))
    document = face.write()
    assert (document["edited"], document["mine"]) == ("at the last moment", 1)
    assert face.beside(".*.new") == []


def test_and_if_that_is_no_state_file_it_is_kept(
    face: Face, monkeypatch: pytest.MonkeyPatch, exchanging: None, caplog: pytest.LogCaptureFixture
) -> None:
    other = face.path.with_name("other.json")
    other.write_text('{"half')
    os.utime(other, (1, 1))
    face.manager.set_config("mine", 1)
    _during(monkeypatch, "signoff.statefile.file.rename", lambda: os.rename(other, face.path))
    assert face.write()["mine"] == 1
    (aside,) = face.beside("*unreadable*")
    assert aside.read_text() == '{"half'


def test_the_same_text_in_another_file_is_none(face: Face, monkeypatch: pytest.MonkeyPatch, exchanging: None) -> None:
    other = face.path.with_name("other.json")
    other.write_bytes(face.path.read_bytes())
    face.manager.set_config("mine", 1)
    before = face.manager.store.last_event()
    _during(monkeypatch, "signoff.statefile.file.rename", lambda: os.rename(other, face.path))
    assert face.write()["mine"] == 1
    assert face.manager.store.last_event() == before


@pytest.mark.parametrize("there", [True, False], ids=["removed", "put there"])
def test_one_that_goes_or_comes_at_that_moment_is_looked_at_again(
    face: Face, monkeypatch: pytest.MonkeyPatch, exchanging: None, there: bool
) -> None:
    document = face.read()
    face.manager.set_config("mine", 1)
    if not there:
        face.path.unlink()
    act = face.path.unlink if there else lambda: face.put(document | {"edited": "at the last moment"})
    _during(monkeypatch, "signoff.statefile.file.rename", act)
    written = face.write()
    assert (written["mine"], written.get("edited")) == (1, None if there else "at the last moment")


def test_what_somebody_who_was_killed_left_behind_is_not_written_into(face: Face) -> None:
    """It may be an old state file that has a name elsewhere too."""
    kept = face.path.with_name("kept.json")
    kept.write_text("precious")
    os.link(kept, face.path.with_name(f".{face.path.name}.new"))
    face.manager.set_config("mine", 1)
    assert face.write()["mine"] == 1
    assert kept.read_text() == "precious"


def test_a_change_that_leaves_size_and_time_as_they_were_is_noticed(face: Face) -> None:
    """Within one tick of the file system's clock, two changes bear the same time."""
    face.manager.set_config("mine", 1)
    face.write()
    for number in (2, 3):
        text, entry = face.path.read_bytes(), face.path.stat()
        face.path.write_bytes(text.replace(b'"mine": %d' % (number - 1), b'"mine": %d' % number))
        os.utime(face.path, ns=(entry.st_atime_ns, entry.st_mtime_ns))
        assert face.file.changed()
        assert face.file.take_up()
        assert face.manager.get_config("mine") == number


def test_what_another_process_takes_up_meanwhile_is_not_taken_up_again(face: Face) -> None:
    """An edit without a revision, taken up while this one renders; and then somebody decided otherwise."""

    class Slow(Store):
        then = staticmethod(lambda: None)

        def view(self, account: int, read: Callable[[View], T]) -> T:
            result = super().view(account, read)
            self.then()
            return result

    def meanwhile() -> None:
        slow.then = lambda: None
        face.put({"mine": "edited"})
        assert face.file.take_up()
        face.manager.set_config("mine", "decided")

    slow = Slow(face.manager.store._use, face.clock)
    slow.then = meanwhile
    face.manager.set_config("mine", "before")
    StateFile(face.path, slow, face.manager.account, face.clock).write()
    assert face.manager.get_config("mine") == "decided"
    assert face.read()["mine"] == "decided"


def test_whoever_is_overtaken_while_taking_an_edit_up_writes_the_file_all_the_same(face: Face) -> None:
    class Slow(Store):
        then = staticmethod(lambda: None)

        def known_file(self, account: int) -> KnownFile | None:
            known = super().known_file(account)
            self.then()
            return known

    def meanwhile() -> None:
        slow.then = lambda: None
        assert face.file.take_up()

    slow = Slow(face.manager.store._use, face.clock)
    slow.then = meanwhile
    face.put({"mine": "edited"})
    assert StateFile(face.path, slow, face.manager.account, face.clock).write()
    assert face.read() == face.manager.get_full_state()


class Stopped(BaseException):
    """Ctrl+C, or a kill."""


def stop_after_the_exchange(monkeypatch: pytest.MonkeyPatch, act: Act) -> None:
    """Have somebody act at the last moment, and whoever exchanges the files be stopped right after it."""

    def rename(*arguments: Any) -> bool:
        act()
        durable.rename(*arguments)
        raise Stopped

    monkeypatch.setattr("signoff.statefile.file.rename", rename)


class TestStopped:
    """Whoever replaces the file is stopped right after it: what came at the last moment is left, and taken up later."""

    @pytest.mark.parametrize("who", ["the same", "another process"])
    @pytest.mark.parametrize("how", ["another file", "in place"])
    def test_the_next_takes_it_up(
        self, face: Face, monkeypatch: pytest.MonkeyPatch, exchanging: None, who: str, how: str
    ) -> None:
        text = json.dumps(face.read() | {"edited": "late"})
        other = face.path.with_name("other.json")
        other.write_text(text)
        face.manager.set_config("mine", 1)
        with monkeypatch.context() as patched:
            act = partial(os.rename, other, face.path) if how == "another file" else partial(face.path.write_text, text)
            stop_after_the_exchange(patched, act)
            with pytest.raises(Stopped):
                face.file.write()
        if who == "another process":
            face.file = StateFile(face.path, face.manager.store, face.manager.account, face.clock)
        face.manager.set_config("mine", 2)
        document = face.write()
        assert (document["edited"], document["mine"]) == ("late", 2)
        assert face.beside(".*.old") == []

    def test_what_was_taken_up_before_is_not_taken_up_again(
        self, face: Face, monkeypatch: pytest.MonkeyPatch, exchanging: None
    ) -> None:
        """A file without a revision, and then somebody decided otherwise."""
        face.path.write_text(json.dumps({"mine": "edited"}))
        assert face.file.take_up()
        face.manager.set_config("mine", "decided")
        with monkeypatch.context() as patched:
            stop_after_the_exchange(patched, lambda: None)
            with pytest.raises(Stopped):
                face.file.write()
        assert len(face.beside(".*.old")) == 1
        another = StateFile(face.path, face.manager.store, face.manager.account, face.clock)
        face.manager.set_config("yours", 1)
        assert another.write()
        assert face.read()["mine"] == face.manager.get_config("mine") == "decided"
        assert face.beside(".*.old") == []

    def test_a_file_may_have_any_name(self, tmp_path: Path, clock: ManualClock) -> None:
        face = Face(tmp_path / "state*[a].json", clock).begin()
        left = face.path.with_name(f".{face.path.name}.0123456789abcdef.old")
        left.write_text(json.dumps(face.read() | {"edited": "late"}))
        face.file = StateFile(face.path, face.manager.store, face.manager.account, face.clock)
        face.manager.set_config("mine", 1)
        assert face.write()["edited"] == "late"
        assert not left.exists()
        face.close()

    def test_a_busy_database_is_tried_again(
        self, face: Face, monkeypatch: pytest.MonkeyPatch, exchanging: None
    ) -> None:
        other = face.path.with_name("other.json")
        other.write_text(json.dumps(face.read() | {"edited": "late"}))
        face.manager.set_config("mine", 1)

        def busy(*_: object, **__: object) -> bool:
            raise StoreBusy("another process holds it")

        with monkeypatch.context() as patched:
            patched.setattr(face.manager.store, "take_up_once", busy)
            _during(patched, "signoff.statefile.file.rename", lambda: os.rename(other, face.path))
            with pytest.raises(StoreBusy):
                face.file.write()
        assert face.write()["edited"] == "late"


def test_an_edit_is_taken_up_once_though_the_file_cannot_be_written(
    face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    face.path.write_text(json.dumps({"mine": "edited"}))
    assert face.file.take_up()
    with monkeypatch.context() as patched:
        patched.setattr("signoff.statefile.file.write_private", full)
        for decided in ("decided", "decided otherwise"):
            with pytest.raises(OSError, match="No space left"):
                face.file.write()
            face.manager.set_config("mine", decided)
            with pytest.raises(OSError, match="No space left"):
                face.file.write()
            assert face.manager.get_config("mine") == decided
    assert face.write()["mine"] == "decided otherwise"


@pytest.mark.parametrize("fails", ["rename", "write_private"])
def test_a_new_file_that_does_not_get_the_name_is_removed(
    face: Face, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def full(path: Path, *_: object) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    face.manager.set_config("mine", 1)
    with monkeypatch.context() as patched:
        patched.setattr(f"signoff.statefile.file.{fails}", full)
        with pytest.raises(OSError, match="No space left"):
            face.file.write()
    assert face.beside(".*.new") == face.beside(".*.old") == []
