"""``signoff doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import apsw
import typer
from rich.table import Table
from rich.text import Text

from .. import __version__
from ..errors import SignoffError
from ..state import StateManager
from ..statefile.exchange import HOLD, parse, where_broken
from ..statefile.file import COPY_TIME
from ..store.network import file_system
from .gateways import GATEWAY, REST, SIMULATOR, opening
from .opening import database_of, opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, JsonOption, StateOption
from .status import why_invalid
from .terminal import DONE, NO, busy, one_line, out, print_json, shown
from .waiting import Waiting

_FREE = 100 << 20
_OLDEST_SQLITE = (3, 51, 3)
"""SQLite before this version can corrupt a database in WAL mode (sqlite.org/wal.html, "the WAL-reset bug")."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        verdict: ``good``, ``note`` (worth knowing) or ``wrong``.
        advice: what to do; empty when nothing is to be done.
    """

    verdict: str
    what: str
    advice: str = ""


def doctor(
    release: Annotated[
        bool, typer.Option("--release", help="Confirm that a held outbox may send again, after saying why it was held.")
    ] = False,
    gateway: Annotated[str | None, GATEWAY] = None,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
) -> None:
    """Look at everything: the database, the files, the disk, the session, the gateway; and say what to do.

    The gateway that is asked is the one that answered last, unless --gateway names another. Exits with 1 if
    something is wrong.
    """
    if release:
        _release(state, account, as_json)
        return
    findings = list(examine(state, account, gateway))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            _print(finding)
    raise typer.Exit(NO if any(finding.verdict == "wrong" for finding in findings) else DONE)


def examine(file: Path, account: str, gateway: str | None) -> Iterator[Finding]:
    """Everything that is looked at, in order."""
    yield _versions()
    if file.is_dir() or not file.parent.is_dir():
        what = "is a folder, not a state" if file.is_dir() else "cannot be: there is no such folder"
        yield Finding("wrong", f"{file} {what}", "say where the state is: --state FILE")
        return
    yield from _files(file)
    yield from _state_file(file)
    try:
        with opened(file, account) as manager:
            yield from _database(manager)
            yield from _session(manager)
            yield from _outbox(manager)
            yield _gateway(manager, file, gateway)
    except SignoffError as error:
        yield Finding("wrong", f"the state cannot be opened: {error}")


def _versions() -> Finding:
    sqlite = apsw.sqlite_lib_version()
    what = f"signoff {__version__}, Python {platform.python_version()}, SQLite {sqlite}, {platform.platform()}"
    if tuple(map(int, sqlite.split(".")[:3])) < _OLDEST_SQLITE:
        return Finding("wrong", what, "this SQLite can corrupt a database: pip install --upgrade apsw")
    return Finding("good", what)


def _files(file: Path) -> Iterator[Finding]:
    database = database_of(file)
    free = shutil.disk_usage(database.parent).free
    size = database.stat().st_size if database.exists() else 0
    what = f"{free >> 20:,} MiB free where the database lies; it has {size >> 20:,} MiB"
    enough = free > max(_FREE, 2 * size)
    yield Finding("good", what) if enough else Finding("wrong", what, "free space: a full disk refuses every change")
    kind = file_system(database.parent)
    yield Finding("good", f"the file system is {kind or 'unknown'}")
    if os.name != "nt":
        yield from _permissions(file, database)


def _permissions(file: Path, database: Path) -> Iterator[Finding]:
    names = [database.with_name(database.name + ending) for ending in ("", "-wal", "-shm", ".lock")]
    existing = [path for path in dict.fromkeys([*names, file]) if path.exists()]
    open_to_others = [path for path in existing if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in open_to_others:
        yield Finding("wrong", f"others on this machine can read {path}", f"chmod 600 {path}")
    if not open_to_others:
        yield Finding("good", "only you can read the files")


def _state_file(file: Path) -> Iterator[Finding]:
    """Looked at before the state is opened, because opening sets a file aside that cannot be read."""
    if file == database_of(file) or not file.exists() or not database_of(file).exists():
        return
    try:
        text, changed = file.read_bytes(), file.stat().st_mtime
    except OSError as error:
        yield Finding("wrong", f"{file} cannot be read ({error.strerror})", "look at its permissions")
        return
    if parse(text) is not None:
        yield Finding("good", f"{file} can be read")
    elif time.time() - changed < COPY_TIME:
        yield Finding("note", f"{file} is being written at this moment", "look again in a few seconds")
    else:
        yield Finding(
            "wrong",
            f"{file} could not be read ({where_broken(text)})",
            "nothing is lost, the database holds all: it was kept under another name and written anew",
        )


def _database(manager: StateManager) -> Iterator[Finding]:
    with busy("Checking the whole …"):
        problems = manager.check()
    for problem in problems:
        yield Finding("wrong", f"the database: {problem}", "keep a copy of it as it is, then: signoff restore FILE")
    if not problems:
        yield Finding("good", f"{manager.store.database.path} is sound: integrity, counters and events agree")


def _session(manager: StateManager) -> Iterator[Finding]:
    why = why_invalid(manager)
    yield Finding("good", "the session is valid") if why is None else Finding("note", f"the session: {why}")


def _outbox(manager: StateManager) -> Iterator[Finding]:
    hold = manager.get_config(HOLD)
    if hold:
        yield Finding("wrong", f"nothing is sent: {hold}", "compare with the phone, then: signoff doctor --release")
    waiting = Waiting(manager)
    waiting.refresh()
    if waiting.unconfirmed:
        count = len(waiting.unconfirmed)
        yield Finding("note", f"{count} sent, and nobody knows whether it arrived", "signoff inbox asks about each")


def _gateway(manager: StateManager, file: Path, name: str | None) -> Finding:
    """Which gateway is used, only `signoff run` is told; what is known here is who answered last."""
    last = manager.get_config("account_info")["platform"]
    if name == SIMULATOR:
        return Finding("good", "the gateway is the simulator, on this machine")
    if name is None and last == SIMULATOR:
        return Finding("note", "the simulator answered last, on this machine", "to ask the backend: --gateway rest")
    who, advice = f"the backend at {manager.get_config('api_endpoint')}", "start it, or set api_endpoint"
    if name not in (None, REST):
        who, advice = f"the gateway {name}", "see what it says: signoff run"
    with closing(opening(name or REST)(manager, file)) as gateway:
        account = gateway.account()
    if account is not None:
        return Finding("good", f"{who} answers for {one_line(account.number, 30)}")
    what = f"{who} does not answer, or is not ready"
    if name is None and last is None:
        return Finding("note", f"{what}; it never has", f"{advice}; with the simulator: --gateway simulator")
    return Finding("wrong", what, advice)


def _release(file: Path, account: str, as_json: bool) -> None:
    with opened(file, account, by="signoff doctor") as manager:
        hold = manager.get_config(HOLD)
        if hold:
            manager.set_config(HOLD, None)
    if as_json:
        print_json({"released": bool(hold), "outbox_hold": hold or None})
    elif not hold:
        out.print("The outbox is not held.")
    else:
        out.print(f"It was held because: {shown(str(hold))}", markup=False)
        out.print("It sends again what is approved from now on, and what was approved before.")


def _print(finding: Finding) -> None:
    sign, style = {"good": ("✓", "green"), "note": ("•", "yellow"), "wrong": ("✗", "red")}[finding.verdict]
    lines = Table.grid(padding=(0, 1, 0, 0))
    lines.add_row(Text(sign, style=style), Text(shown(finding.what), overflow="fold"))
    if finding.advice:
        lines.add_row("", Text(f"→ {shown(finding.advice)}", style=style, overflow="fold"))
    out.print(lines)
