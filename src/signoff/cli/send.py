"""``signoff send``: a message of your own, which leaves as every other does, through the outbox: after sign-off, or
without asking where human_in_the_loop was set off."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any

import typer

from ..clock import local_iso
from ..errors import InvalidMessage
from ..lifecycle import Delivery, MessageStatus
from ..model import content_of
from ..pipeline.approval import UNATTENDED, approve_by_rule, why_unattended
from ..processes import this_process
from ..state import StateManager
from ..statefile.exchange import HOLD
from ..store.rows import Row
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, ByOption, JsonOption, StateOption, person
from .terminal import DONE, NO, err, one_line, out, print_json, shown

GLANCE = 0.05
"""Seconds between two looks at what became of it."""


def send(
    recipient: Annotated[str, typer.Argument(metavar="RECIPIENT", help="A number, or an address as messages have it.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to send.")],
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            min=0,
            metavar="SECONDS",
            help="How long to wait until it is sent; as approval_config.wait_seconds says when not given.",
        ),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait: hand it in, and that is all.")] = False,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Send a message: it waits for sign-off, in signoff inbox or by signoff approve, and `signoff run` sends it.

    Where somebody has set human_in_the_loop off it leaves without asking, and that is said.

    Exits with 0 when it was sent (with --no-wait: handed in), and with 1 when it was rejected or failed, or
    when nobody decided in time: then it goes on waiting, and may still be sent.

    Example: signoff send 15550100101@c.us "Your order is ready." --wait 60
    """
    with opened(state, account, person(by)) as manager:
        row = _handed_in(manager, recipient, text)
        if no_wait:
            _tell(row, _standing(row), as_json)
            return
        seconds = manager.get_config("approval_config")["wait_seconds"] if wait is None else wait
        if not as_json:
            _say_what_for(manager, row)
        row = _settled(manager, row, time.monotonic() + seconds)
    _tell(row, _outcome(row, seconds), as_json)
    raise typer.Exit(DONE if _is_sent(row) else NO)


def _handed_in(manager: StateManager, recipient: str, text: str) -> Row:
    """The message, waiting for approval; approved already where nobody is to be asked.

    It is used from the start, so that no script's `send_message` takes it up.

    Raises:
        InvalidMessage: there is no recipient or no text, or they cannot be stored.
    """
    if not recipient.strip() or not text.strip():
        raise InvalidMessage("there is nothing to send: give a recipient and a text that are not empty")
    stamp = local_iso(manager.clock())
    content = content_of(
        {"id": f"send_{uuid.uuid4().hex[:16]}", "recipient": recipient, "body": text, "timestamp": stamp}
    )
    manager.store.add(manager.account, content, MessageStatus.PENDING_APPROVAL, by=manager.by, origin="sender")
    row = manager.get_message(content.id)
    if manager.store.reserve(row.seq, this_process(), None, by=manager.by):
        manager.store.end_reservation(row.seq, this_process(), used=True, by=manager.by)
    if why := why_unattended(manager):
        row = approve_by_rule(manager, row, UNATTENDED, why)
    manager.refresh()
    return row


def _say_what_for(manager: StateManager, row: Row) -> None:
    err.print(f"{row.id} {_standing(row)}", style="dim", markup=False)
    if hold := manager.get_config(HOLD):
        err.print(f"Nothing is sent at present: {shown(str(hold))}. See: signoff doctor", style="yellow", markup=False)


def _standing(row: Row) -> str:
    """What is to happen with a message that was just handed in."""
    if row.approved_by == UNATTENDED:
        return f"leaves {_approval(row)}; signoff run sends it"
    return f"waits for sign-off: signoff inbox, or signoff approve {row.id}"


def _approval(row: Row) -> str:
    if row.approved_by == UNATTENDED:
        return "without asking, as human_in_the_loop is off"
    return f"approved by {row.approved_by}"


def _settled(manager: StateManager, row: Row, until: float) -> Row:
    """The message when its outcome is there, or as it stands when the time is over."""
    while _is_open(row) and time.monotonic() < until:
        time.sleep(GLANCE)
        row = manager.get_message(row.id)
    return row


def _is_open(row: Row) -> bool:
    waiting = row.status in (MessageStatus.PENDING_APPROVAL.value, MessageStatus.APPROVED.value)
    return waiting and row.delivery not in (Delivery.ACCEPTED, Delivery.UNKNOWN)


def _is_sent(row: Row) -> bool:
    return row.status == MessageStatus.SENT.value or row.delivery == Delivery.ACCEPTED


def _outcome(row: Row, seconds: float) -> str:
    if _is_sent(row):
        return f"sent, {_approval(row)}" if row.approved_by else "sent"
    if row.delivery == Delivery.UNKNOWN:
        return f"nobody knows whether it arrived: look at the chat, then signoff confirm-sent {row.id} or send-again"
    if row.delivery == Delivery.OPEN:
        return f"is still being sent after {seconds:g} s: signoff history {row.id}"
    if row.status == MessageStatus.PENDING_APPROVAL.value:
        return f"nobody decided within {seconds:g} s; it goes on waiting: signoff approve {row.id}"
    if row.status == MessageStatus.APPROVED.value:
        return f"{_approval(row)}, and not sent within {seconds:g} s: is signoff run running?"
    why = f": {row.changed_why}" if row.changed_why else ""
    return f"{row.status}, by {row.changed_by}{why}"


def _tell(row: Row, outcome: str, as_json: bool) -> None:
    if as_json:
        document: dict[str, Any] = {
            "id": row.id,
            "recipient": row.chat,
            "status": row.status,
            "approved_by": row.approved_by,
            "outcome": outcome,
        }
        print_json(document)
    else:
        out.print(f"{row.id}, to {one_line(row.chat or '')}: {one_line(outcome)}.", markup=False, soft_wrap=True)
