"""What a state file holds, however much: read once from beginning to end, and then given back bit by bit.

Settings, session and statistics are in memory, messages and records in a temporary database that SQLite keeps in
memory while it is small, and else in a file without a name in the folder for temporary files. So nothing is taken up
of a file that breaks off in the middle, what is taken up is what was read, whatever becomes of the file meanwhile, and
memory does not grow with the file.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, BinaryIO, Self

import apsw

from ..clock import local_iso, parse_iso
from ..errors import InvalidMessage, StateFileError
from ..lifecycle import MessageStatus
from ..model import MAX_RECORD_BYTES, Content, check_nesting, content_of, to_json
from ..settings import RECORD_LISTS
from ..store.files import derived_id, record_id
from . import stream

Document = dict[str, Any]
Report = Callable[[str], None]
Broken = stream.Broken

_S = MessageStatus
_FURTHEST_FIRST = (_S.SENT, _S.FAILED, _S.REJECTED, _S.APPROVED, _S.PENDING_APPROVAL, _S.INCOMING)
"""A message that stands in two lists of a file is where it has come furthest."""

_STATUSES = {status.value: status for status in MessageStatus}

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -8000;
CREATE TABLE message (list INT, number INT, rank INT, at INT, id TEXT, payload TEXT, chat TEXT, digest TEXT);
CREATE TABLE record (list INT, rank INT, id TEXT, payload TEXT);
CREATE TABLE problem (list INT, text BLOB);
BEGIN
"""
_INDEXES = """
COMMIT;
CREATE INDEX message_by_id ON message (id, rank, number);
CREATE INDEX message_by_time ON message (at, rank, number)
"""
_FIRST = "NOT EXISTS (SELECT 1 FROM message f WHERE f.id = m.id AND (f.rank, f.number) < (m.rank, m.number))"
_MESSAGES = f"SELECT rank, id, payload, chat, digest FROM message m WHERE {_FIRST} ORDER BY at, rank, number"
_SAME_ID = f"""
SELECT rank, number, id FROM message m
 WHERE NOT {_FIRST}
   AND payload <> (SELECT f.payload FROM message f WHERE f.id = m.id ORDER BY f.rank, f.number LIMIT 1)
 ORDER BY rank, number
"""


class Brought:
    """What a file holds; to be closed.

    Attributes:
        document: the whole but for messages and records.

    Args:
        pieces: what it holds, as `stream.pieces` gives it when `is_opened` is asked.
        now: when it is read, in microseconds since 1970 UTC.

    Raises:
        Broken: it is no JSON object.
        StateFileError: the temporary database cannot be written.
    """

    def __init__(self, pieces: Iterable[stream.Piece], now: int) -> None:
        self.document: Document = {}
        self.now = now
        self._lists: dict[stream.Path, int] = {}
        self._numbers = itertools.count()
        with _translated():
            self._kept = apsw.Connection("")
        try:
            with _translated():
                self._read(pieces)
        except BaseException:
            self._kept.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.close()

    def messages(self) -> Iterator[tuple[MessageStatus, Content]]:
        """Every message that can be stored, each once, in the order in which they were written."""
        with _translated():
            for rank, *content in self._kept.execute(_MESSAGES):
                yield _FURTHEST_FIRST[rank], Content(*content)

    def records(self) -> Iterator[tuple[str, str, str]]:
        """Every entry of the lists that other components keep: list, id and JSON text."""
        with _translated():
            for rank, *entry in self._kept.execute("SELECT rank, id, payload FROM record ORDER BY rank, rowid"):
                yield RECORD_LISTS[rank], entry[0], entry[1]

    def tell(self, report: Report) -> None:
        """Report every message and entry that cannot be used."""
        with _translated():
            for (text,) in self._kept.execute("SELECT text FROM problem ORDER BY list, rowid"):
                report(text.decode("utf-8", "surrogatepass"))
            for rank, number, message_id in self._kept.execute(_SAME_ID):
                name = f"messages.{_FURTHEST_FIRST[rank].value}[{number}]"
                report(f"{name} was left out: another message has the id {message_id!r} too")

    def _read(self, pieces: Iterable[stream.Piece]) -> None:
        self._kept.execute(_TABLES).fetchall()
        for path, value in pieces:
            self._take(path, value)
        self._drop_superseded()
        self._kept.execute(_INDEXES).fetchall()

    def _take(self, path: stream.Path, value: Any) -> None:
        if not path:
            if not isinstance(value, dict):
                raise Broken("line 1: it is no JSON object")
        elif path == ("messages",):
            self._forget_below(path)
        elif path[0] == "messages":
            self._take_of_messages(path, value)
        elif path[0] in RECORD_LISTS:
            self._take_of_records(path, value)
        else:
            self.document[str(path[0])] = value

    def _take_of_messages(self, path: stream.Path, value: Any) -> None:
        name, number = path[1], path[2] if len(path) > 2 else None
        if not isinstance(name, str):
            return  # "messages" is a list
        if name not in _STATUSES:
            if number is None:
                self._begin(path, f"messages.{name} was left out: there is no such list")
        elif number is None:
            self._begin(path, None if isinstance(value, list) else f"messages.{name} was left out: it is no list")
        elif isinstance(number, int):
            self._add_message(self._lists[path[:2]], _STATUSES[name], number, value)

    def _take_of_records(self, path: stream.Path, value: Any) -> None:
        if len(path) == 1:
            self._begin(path, None if isinstance(value, list) else f"{path[0]} was left out: it is no list")
        elif isinstance(path[1], int):
            self._add_record(self._lists[path[:1]], str(path[0]), path[1], value)

    def _begin(self, path: stream.Path, problem: str | None) -> None:
        """Begin a list anew, as one whose key stands twice counts as it stands last."""
        number = self._lists[path] = next(self._numbers)
        self._latest = 0
        if problem is not None:
            self._report(number, problem)

    def _forget_below(self, path: stream.Path) -> None:
        for known in [known for known in self._lists if known[: len(path)] == path]:
            del self._lists[known]

    def _drop_superseded(self) -> None:
        counting = ",".join(map(str, self._lists.values()))
        for table in ("message", "record", "problem"):
            self._kept.execute(f"DELETE FROM {table} WHERE list NOT IN ({counting})")

    def _add_message(self, in_list: int, status: MessageStatus, number: int, entry: Any) -> None:
        try:
            content = content_of(_with_id(entry))
        except InvalidMessage as error:
            self._report(in_list, f"messages.{status.value}[{number}] was left out: {error}")
            return
        self._latest = max(self._latest, time_of(entry.get("timestamp"), self.now) or 0)
        values = (in_list, number, _FURTHEST_FIRST.index(status), self._latest, *content)
        self._kept.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def _add_record(self, in_list: int, name: str, number: int, entry: Any) -> None:
        if not isinstance(entry, dict):
            self._report(in_list, f"{name}[{number}] was left out: it is no object")
            return
        try:
            payload = to_json(entry, f"{name}[{number}]", MAX_RECORD_BYTES)
        except InvalidMessage as error:
            self._report(in_list, f"{error}; it was left out")
            return
        values = (in_list, RECORD_LISTS.index(name), record_id(name, entry), payload)
        self._kept.execute("INSERT INTO record VALUES (?, ?, ?, ?)", values)

    def _report(self, in_list: int, problem: str) -> None:
        self._kept.execute("INSERT INTO problem VALUES (?, ?)", (in_list, problem.encode("utf-8", "surrogatepass")))


class BroughtByFile(Brought):
    """What an open file holds, read from its beginning.

    Attributes:
        digest: of the bytes that were read.

    Raises:
        OSError: it cannot be read.
    """

    def __init__(self, file: BinaryIO, now: int) -> None:
        digest = hashlib.sha256()
        super().__init__(stream.pieces(file, is_opened, digest.update), now)
        self.digest = digest.hexdigest()


def brought_by(document: Document, now: int) -> Brought:
    """What a document holds that was parsed at once."""
    return Brought(stream.pieces_of(document, is_opened), now)


def time_of(value: Any, now: int) -> int | None:
    """A time as files say it, in microseconds since 1970 UTC; None when it is none that can be shown again."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            moment = int(value * 1_000_000)
        elif isinstance(value, str):
            moment = parse_iso(value, now)
        else:
            return None
        return moment if parse_iso(local_iso(moment), moment) == moment else None
    except (ValueError, OverflowError, OSError):
        return None


@contextmanager
def _translated() -> Iterator[None]:
    """Say what an error of the temporary database means."""
    try:
        yield
    except apsw.Error as error:
        raise StateFileError(
            f"what the file holds cannot be kept in the folder for temporary files ({error}); nothing was changed: "
            "free space there, or name another folder in the environment variable SQLITE_TMPDIR, and try again"
        ) from error


def is_opened(path: stream.Path) -> bool:
    """Whether a part of a state file is read value by value: the whole, and all lists of messages and entries."""
    if path[:1] == ("messages",):
        return len(path) == 1 or (len(path) == 2 and isinstance(path[1], str))
    return not path or (len(path) == 1 and path[0] in RECORD_LISTS)


def _with_id(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    own = entry.get("id")
    if own is None or own == "":
        check_nesting(entry, "it")
        return {**entry, "id": derived_id("message", entry)}
    return {**entry, "id": str(own)} if isinstance(own, int) and not isinstance(own, bool) else dict(entry)
