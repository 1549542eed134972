"""The other side of a gateway under test: the backend, WhatsApp behind it, and the contacts."""

# ruff: noqa: ARG002  what is not overridden uses nothing that it is given

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NoReturn

import pytest

from ..gateway import Gateway


class OtherSide(ABC):
    """Plays everything that stands behind a gateway. Write one for yours: a small server, a folder, a fake client.

    The abstract methods are what every gateway can be tried with. Override of the others what your backend can do;
    what is left as it is skips the tests that need it.

    Attributes:
        chat: the address of a contact, as your backend writes it.
        other_chat: the address of somebody else.
        longest_call: how long any call may take, in seconds; far below the two minutes after which signoff looks
            for what became of a message. Set your gateway's own time limits lower than this for the tests.
        secret: a key or password that your gateway is opened with, which must never be shown; None where it has none.
    """

    chat = "15550100111@c.us"
    other_chat = "15550100112@c.us"
    longest_call = 10.0
    secret: str | None = None

    @abstractmethod
    def open(self) -> Gateway:
        """A new gateway to this side: the first one, or one after a restart, while earlier ones may still be open."""

    @abstractmethod
    def contact_writes(self, chat: str, text: str) -> str:
        """A message arrives, written now; gives the id under which the gateway is to bring it.

        Skip the test (``pytest.skip``) for a text that your backend can certainly never bring.
        """

    @abstractmethod
    def delivered(self) -> Sequence[tuple[str, str]]:
        """Chat and text of all that really went to contacts, whatever the gateway was answered; oldest first."""

    def contact_is_doubled(self, message_id: str) -> None:
        """The backend brings a message once more, as after a lost connection."""
        _cannot("bring a message twice")

    def phone_writes(self, chat: str, text: str) -> str:
        """The owner writes in a chat from the phone; gives the message's id."""
        _cannot("write from the phone")

    def gives_receipt(self, message_id: str, ack: str) -> None:
        """What became of an accepted message: ``device``, ``read`` or ``error``; by the id that `send` gave."""
        _cannot("give receipts")

    def refuses_next(self) -> None:
        """The next message that is sent is refused before anything leaves: as malformed, or as too many."""
        _cannot("refuse a message")

    def loses_next_answer(self) -> None:
        """The next message that is sent goes out, and then the connection breaks without an answer."""
        _cannot("lose an answer")

    def loses_next_message(self) -> None:
        """The next message that is sent is taken, and then the connection breaks; nothing goes out."""
        _cannot("lose a message")

    def hangs_next(self) -> None:
        """The next message that is sent is taken, and no answer comes, for longer than `longest_call`."""
        _cannot("hang")

    def session_becomes(self, state: str) -> None:
        """The session changes: ``ready``, ``connecting``, ``qr``, ``logged_out``, or ``unreachable``, where the
        backend answers nothing at all. Call this method for a state that your backend does not have."""
        _cannot(f"make the session {state}")


def _cannot(what: str) -> NoReturn:
    pytest.skip(f"this other side cannot {what}")
