"""``signoff accounts``: the WhatsApp accounts that one state serves."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..lifecycle import MessageStatus
from ..store import Store
from .opening import opened
from .options import DEFAULT_STATE, JsonOption, StateOption
from .terminal import one_line, out, print_json


def accounts(as_json: JsonOption = False, state: StateOption = DEFAULT_STATE) -> None:
    """The accounts of a state: their numbers, and how many messages their lists hold.

    Every other command is about one of them, named with --account; a new one begins when it is run.

    Example: signoff run --account shop
    """
    with opened(state, "default") as manager:
        found = [_account(manager.store, name) for name in manager.store.account_names()]
    if as_json:
        print_json(found)
    else:
        out.print(_table(found))


def _account(store: Store, name: str) -> dict[str, Any]:
    account = store.account(name)
    counters = store.counters(account)
    return {
        "account": name,
        "number": (store.session(account).account_info or {}).get("number"),
        "lists": {status.value: counters[status].listed for status in MessageStatus},
    }


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("account", overflow="fold")
    table.add_column("number", overflow="fold")
    for status in MessageStatus:
        table.add_column(status.value.partition("_")[0], justify="right")
    for each in found:
        number = one_line(str(each["number"] or "not known"))
        table.add_row(one_line(each["account"]), number, *(str(count) for count in each["lists"].values()))
    return table
