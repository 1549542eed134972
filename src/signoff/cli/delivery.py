"""``signoff confirm-sent``, ``send-again``, ``give-up``: for messages of which nobody knows whether they arrived."""

from __future__ import annotations

from .decide import IdArgument, say, say_when
from .opening import opened
from .options import DEFAULT_ACCOUNT, DEFAULT_STATE, AccountOption, ByOption, JsonOption, StateOption, person


def confirm_sent(
    message: IdArgument,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Say that an unconfirmed message did arrive: you have seen it in the chat.

    Example: signoff confirm-sent reply_3EB0A1
    """
    with opened(state, account) as manager:
        say(manager, manager.confirm_sent(message, by=person(by)), "it arrived", as_json)


def send_again(
    message: IdArgument,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Say that an unconfirmed message did not arrive: a new approval of the same text. `signoff run` sends it.

    Example: signoff send-again reply_3EB0A1
    """
    with opened(state, account) as manager:
        say(manager, manager.send_again(message, by=person(by)), "approved once more", as_json)
        say_when(manager, as_json)


def give_up(
    message: IdArgument,
    as_json: JsonOption = False,
    state: StateOption = DEFAULT_STATE,
    account: AccountOption = DEFAULT_ACCOUNT,
    by: ByOption = None,
) -> None:
    """Say that an unconfirmed message shall not be sent again; it stays failed.

    Example: signoff give-up reply_3EB0A1
    """
    with opened(state, account) as manager:
        say(manager, manager.give_up(message, by=person(by)), "given up", as_json)
