"""``signoff confirm-sent``, ``send-again``, ``give-up``: for messages of which nobody knows whether they arrived."""

from __future__ import annotations

from .decide import IdArgument, say, say_when
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, ByOption, StateOption, person


def confirm_sent(
    message: IdArgument,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Say that an unconfirmed message did arrive: you have seen it in the chat."""
    with opened(state, account) as manager:
        say(manager, manager.confirm_sent(message, by=person(by)), "it arrived")


def send_again(
    message: IdArgument,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Say that an unconfirmed message did not arrive: a new approval of the same text. `signoff run` sends it."""
    with opened(state, account) as manager:
        say(manager, manager.send_again(message, by=person(by)), "approved once more")
        say_when(manager)


def give_up(
    message: IdArgument,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Say that an unconfirmed message shall not be sent again; it stays failed."""
    with opened(state, account) as manager:
        say(manager, manager.give_up(message, by=person(by)), "given up")
