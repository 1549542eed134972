"""An assistant of your own: it answers questions about orders and leaves everything else to a person.

    cd examples
    signoff run --assistant order_assistant:answer

An assistant only drafts. What it returns waits for sign-off like every other draft.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from signoff.assistant import Draft, Message

ORDERS = {"1042": "is on its way and arrives tomorrow", "1043": "is packed and leaves today"}
_NUMBER = re.compile(r"\b(\d{4})\b")


def answer(message: Message, conversation: Sequence[Message]) -> Draft | None:
    """Draft an answer to ``message``, or None where a person is to write one.

    Args:
        message: ``id``, ``from``, ``fromName``, ``body`` and the other keys of an incoming message.
        conversation: what was said in this chat, oldest first; ``message`` is the last of it.
    """
    numbers = [found[1] for said in conversation if (found := _NUMBER.search(str(said.get("body"))))]
    if not numbers or "order" not in str(message.get("body")).lower():
        return None
    number = numbers[-1]
    state = ORDERS.get(number)
    if state is None:
        return Draft(f"Could you check the number? I cannot find order {number}.", note=f"there is no order {number}")
    return Draft(f"Your order {number} {state}.", author="orders", note=f"order {number}: {state}")
