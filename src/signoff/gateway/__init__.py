"""Gateways: the way to WhatsApp and back.

A gateway brings events and takes messages. What it says about a message that it was given is one of three things,
and the difference is what keeps a customer from being answered twice:

* `Accepted`: it took the message.
* `Refused`: it is certain that the message did not leave.
* `Unknown`: the request left and no clear answer came back. A time-out, a lost connection, an unclear error are this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast, runtime_checkable

from ..errors import GatewayError
from ..named import check_callable, load_named


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message that arrived in a chat, or an own one that was written on the phone (``from_me``).

    Attributes:
        id: the message's own id as the gateway names it; the same message always has the same one.
        chat: the address of the conversation exactly as it came (``…@c.us``, ``…@lid``, ``…@g.us``); answers go there.
        sender: the address of the person who wrote; in a private chat the same as ``chat``.
        text: the text or caption; empty for media without one.
        at: when it was written, microseconds since 1970 UTC.
        name: the sender's display name, or None.
        kind: ``chat`` for text, else the gateway's type (``image``, ``ptt``, …).
        aliases: other addresses of the same person that the gateway named with this message.
        fields: further fields of the gateway's own, kept with the message (JSON values).
        cursor: what `Gateway.acknowledge` needs to know about this event; opaque to everyone else.
    """

    id: str
    chat: str
    sender: str
    text: str
    at: int
    name: str | None = None
    kind: str = "chat"
    is_group: bool = False
    has_media: bool = False
    from_me: bool = False
    aliases: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message that was sent.

    Attributes:
        ack: ``server`` (WhatsApp has it), ``device``, ``read``, ``played``, or ``error``.
        id: the gateway's id of the message, or None where only ``token`` is known.
        token: our own `Outgoing.token`, where the gateway gives it back.
        at: microseconds since 1970 UTC.
    """

    ack: str
    at: int
    id: str | None = None
    token: str | None = None
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class SessionChange:
    """The gateway's session changed.

    Attributes:
        state: ``ready``, ``connecting``, ``qr`` (a scan is needed: the device is not linked), ``logged_out`` (it was
            unlinked) or ``unreachable`` (the backend does not answer, which says nothing about the session).
        qr: the string to show as a QR code, with state ``qr``. It is a secret: never log or store it.
    """

    state: str
    at: int
    reason: str = ""
    qr: str | None = None
    cursor: str = ""


Event = Incoming | Receipt | SessionChange


def is_conversation(message: Incoming) -> bool:
    """Whether someone speaks to us here: no post to all (status, broadcast list, newsletter), no message of our own."""
    return not message.from_me and not message.chat.lower().endswith(("@broadcast", "@newsletter"))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One attempt to send one message.

    Attributes:
        token: our own id of the attempt, unique for ever; the gateway sends it along where it can.
        chat: the address, exactly as it is to be used.
        text: the text that was approved.
        started_at: when the attempt began, microseconds since 1970 UTC; `Gateway.lookup` need not look further back.
    """

    token: str
    chat: str
    text: str
    started_at: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway took the message. ``id`` is its own id of it, or None when it told none."""

    id: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The message certainly did not leave. ``passing``: trying again later may help (not ready, rate limit)."""

    reason: str
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the message left."""

    reason: str


Outcome = Accepted | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Account:
    """The linked WhatsApp account, as the guide's ``account_info``."""

    number: str
    name: str
    platform: str


@runtime_checkable
class Gateway(Protocol):
    """The way to WhatsApp and back. All methods may be called from several threads; none may wait without end.

    Attributes:
        name: a short name for people (``simulator``, ``rest``).
        can_lookup: whether `lookup` can ever give an answer other than `Unknown`.
    """

    name: str
    can_lookup: bool

    def account(self) -> Account | None:
        """The linked account, or None when the backend does not answer or is not ready."""

    def events(self, wait: float) -> Sequence[Event]:
        """What has happened and is not acknowledged yet, oldest first; waits up to ``wait`` seconds for the first.

        The same event comes again until it is acknowledged. A backend that does not answer is a `SessionChange`
        ``unreachable``, not an exception.
        """

    def acknowledge(self, events: Sequence[Event]) -> None:
        """Say that these events are stored. One whose acknowledgement was lost comes again."""

    def send(self, message: Outgoing) -> Outcome:
        """Hand the message over, once. Never raises for what the network or the backend does: that is an `Outcome`."""

    def lookup(self, message: Outgoing) -> Outcome:
        """Find out what became of an attempt: `Accepted` when it is found, `Refused` when it certainly never left."""

    def typing(self, chat: str) -> None:
        """Show the contact that someone is typing; does nothing where the gateway cannot."""

    def mark_read(self, chat: str) -> None:
        """Mark the chat as read; does nothing where the gateway cannot."""

    def close(self) -> None:
        """Let go of everything. A call under way in another thread may fail."""


GATEWAY_MEMBERS = (*Gateway.__annotations__, *(name for name in vars(Gateway) if not name.startswith("_")))
"""The names of all that a gateway has."""


def open_gateway(name: str, **options: Any) -> Gateway:
    """Open a gateway by its name: ``simulator``, ``rest``, or ``module:Class`` for the user's own.

    Options are those of its class; one of the user's own is given them all as its settings.

    Raises:
        GatewayError: there is no gateway of that name, or it cannot be used as it is set up.
    """
    if name == "simulator":
        from .simulator import Simulator

        return Simulator(**options)
    if name == "rest":
        from .rest import Rest

        return Rest(**options)
    return load_gateway(name)(options)


def load_gateway(spec: str) -> Callable[[Mapping[str, Any]], Gateway]:
    """Load a gateway of the user's own: ``module:Class``, or ``module:function`` for a function that makes one.

    The module stands in the current folder or is installed.

    Returns:
        What opens it, to be called with the settings of the account; raises `GatewayError` where it cannot be opened,
        or what is made is no gateway.

    Raises:
        GatewayError: there is none by that name, or it cannot be loaded; says what to do.
    """
    name, _, path = spec.partition(":")
    if not (name and path):
        raise GatewayError(f"there is no gateway {spec!r}: use 'simulator', 'rest' or 'module:Class'")
    make = load_named(spec, "gateway", GatewayError)
    check_callable(make, spec, "gateway", "settings", GatewayError)
    return partial(_made, cast(Callable[..., object], make), spec)


def _made(make: Callable[..., object], spec: str, settings: Mapping[str, Any]) -> Gateway:
    try:
        made = make(settings)
    except GatewayError:
        raise
    except Exception as error:  # it is the user's own code: whatever it raises is its failure
        raise GatewayError(f"gateway {spec!r} cannot be opened: {type(error).__name__}: {error}") from error
    missing = [member for member in GATEWAY_MEMBERS if not hasattr(made, member)]
    if missing:
        raise GatewayError(f"gateway {spec!r} gives {type(made).__name__}, which has no {', '.join(missing)}")
    return cast(Gateway, made)
