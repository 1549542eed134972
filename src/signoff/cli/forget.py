"""``signoff forget``: removes what a person wrote and what was written to them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..errors import NotFound
from ..model import check_text
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, ByOption, JsonOption, StateOption, person
from .terminal import NO, err, out, print_json, shown


def forget(
    contact: Annotated[str, typer.Argument(metavar="ADDRESS", help="The contact, by any of their addresses.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Remove the name and all texts of a contact, for good; ids, times and decisions stay.

    Asks first. What was answered is not answered again. Backups that you made before still hold it all.

    Example: signoff forget 15550100101@c.us
    """
    with opened(state, account, person(by)) as manager:
        addresses = manager.store.addresses(manager.account, check_text(contact, "an address"))
        if not yes and not _is_sure(addresses):
            err.print("Nothing was changed.")
            raise typer.Exit(NO)
        emptied = manager.forget(contact)
    if not emptied and addresses == [contact]:
        raise NotFound(f"there is no message from or to {contact!r}: give an address such as 15550100101@c.us")
    if as_json:
        print_json({"addresses": addresses, "messages": emptied})
    else:
        out.print(f"{shown(', '.join(addresses))}: the texts of {emptied} messages are gone.", markup=False)


def _is_sure(addresses: list[str]) -> bool:
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is at a terminal to be asked: say --yes if you are sure", param_hint="--yes")
    who = shown(", ".join(addresses))
    return typer.confirm(f"Remove all texts from and to {who}, for good?", err=True)
