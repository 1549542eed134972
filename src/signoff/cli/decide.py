"""``signoff approve``, ``reject``, ``edit``, ``ask-again``, ``take-back``, ``reopen``: a decision about a message."""

from __future__ import annotations

from typing import Annotated

import typer

from ..lifecycle import MessageStatus
from ..state import StateManager
from ..statefile.exchange import HOLD
from ..store.rows import Row
from .editor import edited
from .feed import name_of
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, ByOption, JsonOption, StateOption, person
from .terminal import err, out, print_json, shown

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The message's id, as signoff inbox shows it.")]
VersionOption = Annotated[
    int | None,
    typer.Option(
        "--version",
        metavar="N",
        help="The version that you have seen waiting; refused if it was changed or decided about since.",
    ),
]
ReasonOption = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept in the history.")]


def approve(
    message: IdArgument,
    version: VersionOption = None,
    despite: Annotated[
        str | None,
        typer.Option("--despite", metavar="TEXT", help="What makes it out of date, to approve it all the same."),
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Approve a message: exactly its present text to exactly its chat. `signoff run` sends it.

    Example: signoff approve reply_3EB0A1 --version 2
    """
    with opened(state, account) as manager:
        row = manager.approve(message, version, by=person(by), despite=despite, seen=_seen(version))
        say(manager, row, f"approved version {row.draft_version}", as_json)
        say_when(manager, as_json)


def reject(
    message: IdArgument,
    reason: ReasonOption = None,
    version: VersionOption = None,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Reject a message; one that is approved and not sent yet is taken back first.

    Example: signoff reject reply_3EB0A1 --reason "I call her"
    """
    with opened(state, account) as manager:
        say(manager, manager.reject(message, reason, version, by=person(by), seen=_seen(version)), "rejected", as_json)


def edit(
    message: IdArgument,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="The new text.")] = None,
    editor: Annotated[bool, typer.Option("--editor", help="Change it in your editor ($VISUAL, $EDITOR).")] = False,
    version: VersionOption = None,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Change the text of a message: a new version, which wants an approval of its own.

    Example: signoff edit reply_3EB0A1 "We open at nine."
    """
    if (text is None) is not editor:
        raise typer.BadParameter("give the new text, or --editor to change it there", param_hint="TEXT")
    with opened(state, account) as manager:
        seen = _seen(version)
        if text is None:
            row = manager.get_message(message)
            text = edited(row.text)
            version, seen = (row.draft_version, row.message_status) if version is None else (version, seen)
            if text is None:
                say(manager, row, "left as it is", as_json)
                return
        row = manager.edit(message, text, version, by=person(by), seen=seen)
        say(manager, row, f"is now version {row.draft_version} and waits for approval", as_json)


def ask_again(
    message: IdArgument,
    reason: ReasonOption = None,
    version: VersionOption = None,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Ask the assistant for another draft; this one stays until that is there.

    The reason is told to the assistant: a model takes it as an instruction of the house.

    Example: signoff ask-again reply_3EB0A1 --reason "shorter"
    """
    with opened(state, account) as manager:
        draft = manager.get_message(message)
        manager.ask_again(message, reason, version, by=person(by), seen=_seen(version))
        say(manager, draft, "another draft is asked for", as_json)


def take_back(
    message: IdArgument,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Take an approval back, as long as the message is not being sent.

    Example: signoff take-back reply_3EB0A1
    """
    with opened(state, account) as manager:
        say(manager, manager.take_back(message, by=person(by)), "taken back; it waits for approval", as_json)


def reopen(
    message: IdArgument,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Put a rejected message before people again.

    Example: signoff reopen reply_3EB0A1
    """
    with opened(state, account) as manager:
        say(manager, manager.reopen(message, by=person(by)), "reopened; it waits for approval", as_json)


def _seen(version: int | None) -> MessageStatus | None:
    """What was on the screen of somebody who names a version: `signoff inbox` lists what waits."""
    return None if version is None else MessageStatus.PENDING_APPROVAL


def say(manager: StateManager, row: Row, what: str, as_json: bool) -> None:
    """Say what became of a message."""
    if as_json:
        print_json(
            {"id": row.id, "chat": row.chat, "status": row.status, "version": row.draft_version, "outcome": what}
        )
        return
    out.print(f"{shown(row.id)}, to {name_of(manager, row)}: {what}.", markup=False, soft_wrap=not out.is_terminal)


def say_when(manager: StateManager, as_json: bool) -> None:
    """Say when an approved message leaves, where that is not at once; beside the document where one is printed."""
    console = err if as_json else out
    hold = manager.get_config(HOLD)
    undo = manager.get_config("approval_config")["undo_seconds"]
    if hold:
        console.print(
            f"Nothing is sent at present: {shown(str(hold))}. See: signoff doctor", markup=False, style="yellow"
        )
    elif undo:
        console.print(f"For {undo:g} s it can be taken back: signoff take-back ID", markup=False)
