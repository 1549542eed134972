"""Files get their names in one step, and keep them. (What a power cut leaves is seen in `tests.hard.powercut`.)"""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from signoff.store import durable
from signoff.store.durable import EXCHANGE, NOREPLACE, rename

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no renameat2")


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "one"
    path.write_text("1")
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other"
    path.write_text("2")
    return path


@linux
class TestRename:
    def test_exchanges_two_files(self, one: Path, other: Path) -> None:
        assert rename(one, other, EXCHANGE)
        assert (one.read_text(), other.read_text()) == ("2", "1")

    def test_exchanges_nothing_with_a_file_that_is_not_there(self, one: Path, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="missing"):
            rename(one, tmp_path / "missing", EXCHANGE)
        assert one.read_text() == "1"

    def test_refuses_to_replace_a_file(self, one: Path, other: Path) -> None:
        with pytest.raises(FileExistsError):
            rename(one, other, NOREPLACE)
        assert (one.read_text(), other.read_text()) == ("1", "2")

    def test_gives_a_name_that_is_free(self, one: Path, tmp_path: Path) -> None:
        assert rename(one, tmp_path / "new", NOREPLACE)
        assert (tmp_path / "new").read_text() == "1"
        assert not one.exists()

    def test_where_files_have_run_out_the_next_time_finds_the_call(
        self, one: Path, other: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        durable._renameat2.cache_clear()
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, "ctypes", None)
            assert not rename(one, other, EXCHANGE)
        assert rename(one, other, EXCHANGE)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EPERM])
def test_a_system_that_cannot_says_so_and_nothing_is_done(
    one: Path, other: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(durable, "_renameat2", lambda: lambda *_: code)
    assert not rename(one, other, EXCHANGE)


def test_a_disk_that_fails_is_told(one: Path, other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "_renameat2", lambda: lambda *_: errno.ENOSPC)
    with pytest.raises(OSError, match=r"No space left on device.*other"):
        rename(one, other, EXCHANGE)
