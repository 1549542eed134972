"""``signoff inbox``: the approval desk in the terminal, over whatever ``signoff run`` brings."""

from __future__ import annotations

from typing import Any

from ..clock import local_iso
from ..state import StateManager
from ..store.rows import Row
from .case import Case, open_case, render_case
from .desk import Desk
from .feed import Feed
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, ByOption, JsonOption, StateOption, person
from .terminal import is_interactive, out, print_json
from .waiting import Waiting


def inbox(
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Decide what leaves: the conversation, the draft, and one key for each decision.

    Runs beside `signoff run`, in as many terminals as there are people; who is faster decides.
    Through a pipe, and with --json, it lists what waits.
    """
    with opened(state, account) as manager:
        if as_json:
            print_json([as_document(case, kind) for kind, case in _cases(manager)])
        elif is_interactive():
            out.print("Everything that needs a decision appears here. q quits.")
            Desk(manager, person(by), goes_on=_always, feed=Feed(manager)).run()
        else:
            _list(manager)


def as_document(case: Case, kind: str) -> dict[str, Any]:
    """A case for programs. ``kind``: ``draft``, ``unconfirmed`` or ``approved by script``."""
    row = case.row
    return {
        "id": row.id,
        "kind": kind,
        "version": row.draft_version,
        "chat": row.chat,
        "name": case.name,
        "text": row.text,
        "author": row.author,
        "note": row.note,
        "out_of_date": row.stale,
        "answers": case.answered,
        "asked_again": {"by": case.asked.by, "reason": case.asked.reason} if case.asked else None,
        "since": local_iso(row.moved_at or row.added_at),
        "conversation": list(case.conversation),
    }


def _cases(manager: StateManager) -> list[tuple[str, Case]]:
    waiting = Waiting(manager)
    waiting.refresh()
    kinds: list[tuple[str, list[Row]]] = [
        ("unconfirmed", waiting.unconfirmed),
        ("draft", waiting.drafts),
        ("approved by script", waiting.by_script),
    ]
    return [(kind, open_case(manager, row)) for kind, rows in kinds for row in rows]


def _list(manager: StateManager) -> None:
    cases = _cases(manager)
    for kind, case in cases:
        out.print(render_case(case, out, place=f"{kind} · {case.row.id} · version {case.row.draft_version}"))
    if not cases:
        out.print("Nothing waits for a decision.")
    if any(kind == "draft" for kind, _ in cases):
        out.print("Decide with: signoff approve ID, signoff reject ID, signoff edit ID TEXT", markup=False)
    if any(kind == "unconfirmed" for kind, _ in cases):
        out.print("Unconfirmed: signoff confirm-sent ID, signoff send-again ID, signoff give-up ID", markup=False)


def _always(waiting: bool) -> bool:  # noqa: ARG001  the shape of `GoesOn`
    return True
