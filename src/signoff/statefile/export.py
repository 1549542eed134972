"""Writing the whole state to a file: streamed, verified, in place only when it is good."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..clock import local_iso
from ..digest import digest_of_file, write_and_digest
from ..errors import StateFileError
from ..store.durable import make_folder, replace

CHUNK = 1 << 20


def write_verified(target: Path, pieces: Iterable[str]) -> None:
    """Write ``pieces`` to ``target``; an existing file is replaced only when every byte was read back.

    Raises:
        StateFileError: it could not be written; nothing was replaced.
    """
    with _verified(target, pieces) as partial:
        replace(partial, target)


def write_new(target: Path, pieces: Iterable[str]) -> Path:
    """Write ``pieces`` to ``target``, or if that exists to the same with ``_2``, ``_3`` …; which, is returned.

    Raises:
        StateFileError: it could not be written.
    """
    with _verified(target, pieces) as partial:
        placed = reserved(target)
        try:
            replace(partial, placed)
        except OSError:
            placed.unlink()
            raise
    return placed


def write_private(path: Path, text: bytes) -> None:
    """Write a file with mode 0600 and sync it."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def time_stamp(at: int) -> str:
    """A moment for the name of a file, local time: ``20260216_180950``."""
    return local_iso(at)[:19].replace("-", "").replace(":", "").replace("T", "_")


def reserved(path: Path) -> Path:
    """A new, empty file: ``path``, or if that exists the same with ``_2``, ``_3`` … before its suffix."""
    candidate, number = path, 1
    while True:
        try:
            os.close(os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return candidate
        except FileExistsError:
            number += 1
            candidate = path.with_name(f"{path.stem}_{number}{path.suffix}")


@contextmanager
def _verified(target: Path, pieces: Iterable[str]) -> Iterator[Path]:
    """A file beside ``target`` with all ``pieces``, read back; it is gone afterwards."""
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}-{threading.get_ident()}")
    try:
        make_folder(target.parent)
        if _write(partial, pieces) != digest_of_file(partial):
            raise StateFileError(f"{target} was not written: what was read back is not what was written")
        yield partial
    except OSError as error:
        raise StateFileError(f"{target} could not be written ({error.strerror}); nothing was replaced") from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _write(path: Path, pieces: Iterable[str]) -> str:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", CHUNK) as file:
        digest = write_and_digest(file, pieces)
        file.flush()
        os.fsync(file.fileno())
    return digest
