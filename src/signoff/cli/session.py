"""``signoff session``: whether the link to the phone holds; asking the backend, giving it up, and the QR code."""

from __future__ import annotations

from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import session as rules
from ..gateway import Gateway, SessionChange
from ..pipeline.linked import note_answer
from ..state import StateManager
from .gateways import REST, GatewayOption, opening
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, ByOption, JsonOption, StateOption, person
from .qr import show_qr
from .status import session_report
from .terminal import DONE, NO, one_line, out, print_json


class Doing(StrEnum):
    """What can be done with a session."""

    show = "show"
    validate = "validate"
    invalidate = "invalidate"
    qr = "qr"


_READY = "the backend says that it is linked: no scan is needed"
_UNREACHABLE = "the backend does not answer, which says nothing about the session: start it, then ask again"


def session(
    doing: Annotated[
        Doing,
        typer.Argument(
            metavar="ACTION",
            help="show, validate, invalidate or qr.",
        ),
    ] = Doing.show,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="With invalidate: why; kept with the session.")
    ] = None,
    gateway: GatewayOption = REST,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """The session: whether the link to the phone holds, and what to do if not.

    show says how it stands, and exits with 1 when the session cannot be used. validate asks the backend now.
    invalidate has a QR scan asked for. qr shows the code to scan, at a terminal only: whoever reads it gets
    into the account. Examples:

    signoff session

    signoff session validate

    signoff session invalidate --reason "unlinked on the phone"
    """
    if reason is not None and doing is not Doing.invalidate:
        raise typer.BadParameter("only signoff session invalidate has a reason", param_hint="--reason")
    with opened(state, account, person(by)) as manager:
        said, good = _do(manager, doing, reason, gateway, state)
        document = session_report(manager)
    if as_json:
        print_json(document | {"said": said or None})
    else:
        _print(document, said)
    raise typer.Exit(DONE if good else NO)


def _do(manager: StateManager, doing: Doing, reason: str | None, gateway: str, file: Path) -> tuple[str, bool]:
    """Do it; what is to be said of that, and whether it went as was asked."""
    if doing is Doing.show:
        return "", manager.is_session_valid()
    if doing is Doing.invalidate:
        manager.mark_session_invalid(reason or f"marked by {manager.by}")
        return "", True
    with closing(opening(gateway)(manager, file)) as opened_gateway:
        return _validated(manager, opened_gateway) if doing is Doing.validate else _scanned(manager, opened_gateway)


def _validated(manager: StateManager, gateway: Gateway) -> tuple[str, bool]:
    """Ask the backend, and note what it answers."""
    account = gateway.account()
    if account is not None:
        note_answer(manager, account, "validated")
        return _READY, True
    change = _change(gateway)
    if change is not None and change.state in ("qr", "logged_out"):
        manager.update_session_status(False)
        return "the backend asks for a QR scan: signoff session qr", False
    if change is not None and change.state in ("ready", "connecting"):
        return "the backend is connecting: ask again in a moment", False
    now = manager.clock()
    manager.change_session(lambda present: rules.unreachable(present, now), "unreachable")
    return _UNREACHABLE, False


def _scanned(manager: StateManager, gateway: Gateway) -> tuple[str, bool]:
    """Show the code, where there is one."""
    change = _change(gateway)
    if change is None or change.state == "ready":
        return _READY, True
    if change.state == "qr":
        show_qr(change, manager)
        return "when it is scanned: signoff session validate", True
    why = _UNREACHABLE if change.state == "unreachable" else f"the backend has no code to show ({change.state})"
    return why, False


def _change(gateway: Gateway) -> SessionChange | None:
    """What the gateway says of the session. Messages that it gives with that come again: none is acknowledged."""
    changes = [event for event in gateway.events(0) if isinstance(event, SessionChange)]
    return changes[-1] if changes else None


def _print(document: dict[str, Any], said: str) -> None:
    if document["valid"]:
        out.print("valid", style="green")
    else:
        out.print(one_line(document["why_invalid"]), style="red", markup=False)
    for name, key in (("authenticated", "last_authenticated"), ("validated", "last_validation")):
        if document[key]:
            out.print(f"{name} {document[key][:19].replace('T', ' ')}", markup=False)
    if document["unreachable_since"]:
        since = document["unreachable_since"][:19].replace("T", " ")
        out.print(f"the backend has not answered since {since}", style="yellow", markup=False)
    if said:
        out.print(f"{said[0].upper()}{one_line(said)[1:]}.", markup=False)
