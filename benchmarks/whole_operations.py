"""The operations that `whole` measures: signoff's, and what stands beside each."""

from __future__ import annotations

import importlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workload import Peer


@dataclass(frozen=True, slots=True)
class Operation:
    """Something done to the whole state of a peer, which is in a folder.

    Attributes:
        run: is given the open peer, or None where nobody may have the state open.
    """

    peer: str
    run: Callable[[Any, Path], None]
    beside_writer: bool = True

    def open(self, folder: Path) -> Peer:
        """The peer."""
        return open_peer(self.peer, folder)


def open_peer(peer: str, folder: Path) -> Peer:
    """The peer of ``peer_PEER`` with its state in a folder."""
    opened: Peer = importlib.import_module(f"peer_{peer}").Peer(folder)
    return opened


def _signoff_backup(peer: Any, folder: Path) -> None:
    peer.manager.store.backup(folder / "backup.db")


def _signoff_export(peer: Any, folder: Path) -> None:
    peer.manager.export_state(folder / "export.json")


def _signoff_full_state(peer: Any, folder: Path) -> None:
    assert peer.manager.get_full_state(), folder


def _signoff_check(peer: Any, folder: Path) -> None:
    assert not peer.manager.check(), folder


def _signoff_restore(peer: Any, folder: Path) -> None:
    peer.manager.restore_state(folder / "export.json")


def _signoff_restore_database(_: Any, folder: Path) -> None:
    from signoff.digest import digest_of_file
    from signoff.statefile.exchange import HOLD
    from signoff.store.restore import restore_database

    shown = digest_of_file(folder / "state.json")
    restore_database(folder / "state.db", folder / "backup.db", folder / "kept.db", hold=HOLD, shown=shown)


def _signoff_clear(peer: Any, folder: Path) -> None:
    from signoff.lifecycle import MessageStatus

    assert folder.exists()
    peer.manager.clear_messages(MessageStatus.SENT)


def _signoff_purge(peer: Any, folder: Path) -> None:
    _signoff_clear(peer, folder)
    while peer.manager.store.purge(peer.manager.account):
        pass


def _vacuum_into(_: Any, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(folder / "vacuumed.db"),))


def _backup_api(_: Any, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "state.db")) as connection, closing(_new(folder / "copy.db")) as copy:
        connection.backup(copy)


def _dump(_: Any, folder: Path) -> None:
    lists: dict[str, list[Any]] = {}
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        for status, payload in connection.execute("SELECT status, payload FROM messages ORDER BY arrival"):
            lists.setdefault(status, []).append(json.loads(payload))
    with (folder / "dump.json").open("w", encoding="utf-8") as file:
        json.dump({"messages": lists}, file, ensure_ascii=False, indent=2)


def _integrity(_: Any, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _delete(_: Any, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "state.db", 60)) as connection, connection:
        connection.execute("DELETE FROM messages WHERE status = 'sent'")


def _new(path: Path) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    return sqlite3.connect(path)


ALL = {
    "backup of the database, verified": Operation("signoff", _signoff_backup),
    "beside: VACUUM INTO": Operation("sqlite3", _vacuum_into),
    "beside: the backup API": Operation("sqlite3", _backup_api),
    "export_state, verified": Operation("signoff", _signoff_export),
    "beside: json.dump of all messages": Operation("sqlite3", _dump),
    "get_full_state": Operation("signoff", _signoff_full_state),
    "check()": Operation("signoff", _signoff_check),
    "beside: PRAGMA integrity_check": Operation("sqlite3", _integrity),
    "restore of the database (nobody writes)": Operation("signoff", _signoff_restore_database, beside_writer=False),
    "clear_messages": Operation("signoff", _signoff_clear),
    "restore_state, all of them cleared": Operation("signoff", _signoff_restore),
    "clear_messages, and its texts removed": Operation("signoff", _signoff_purge),
    "beside: DELETE": Operation("sqlite3", _delete),
}
"""By what it is called, in the order in which they are run: later ones use the files of earlier ones."""
