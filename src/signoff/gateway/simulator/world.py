"""What a journal tells, added up: who wrote what, what was delivered, what waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ...errors import GatewayError
from .. import Event, Incoming, Receipt, SessionChange
from .faults import Fault
from .journal import Record


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that reached a contact.

    Attributes:
        chat: the address it was sent to.
        text: what the contact reads.
        token: the attempt's own id (`Outgoing.token`).
        id: the simulator's id of the message.
        at: when it arrived, microseconds since 1970 UTC.
    """

    chat: str
    text: str
    token: str
    id: str
    at: int


@dataclass(slots=True)
class Progress:
    """How far a script was played: when it began and the places of the turns that were written."""

    started_at: int
    played: set[int]


@dataclass(frozen=True, slots=True)
class _Late:
    record: Record
    rounds: int | None


class World:
    """The state of a simulated WhatsApp. It changes through `apply` alone: all readers of a journal see the same."""

    def __init__(self) -> None:
        self.name = ""
        self.size = 0
        self.session = SessionChange("ready", 0)
        self.pending: dict[int, Event] = {}
        self.deliveries: list[Delivery] = []
        self.by_token: dict[str, list[Delivery]] = {}
        self.late: dict[str, _Late] = {}
        self.due_receipts: dict[str, Receipt] = {}
        self.faults: dict[int, Fault] = {}
        self.scripts: dict[str, Progress] = {}
        self.replied_at: dict[str, int] = {}
        self.releases = 0
        self._apply: dict[str, Callable[[Record], None]] = {
            "world": self._world,
            "script": self._script,
            "wrote": self._wrote,
            "session": self._session,
            "receipt": self._receipt,
            "stored": self._stored,
            "send": self._send,
            "arrived": self._arrived,
            "round": self._round,
            "fault": self._fault,
            "release": self._release,
        }

    def apply(self, record: Record) -> None:
        """Take in the next record of the journal.

        Raises:
            GatewayError: it is no record that this version writes.
        """
        try:
            self._apply[record["do"]](record)
        except (KeyError, TypeError, ValueError) as error:
            raise GatewayError(f"record {self.size} of the simulator's journal is none of this version's") from error
        self.size += 1

    def faults_of(self, kinds: Sequence[str]) -> list[int]:
        """The numbers of the faults of these kinds that are still to come, oldest first."""
        return [number for number, fault in self.faults.items() if fault.kind in kinds]

    def new_id(self, prefix: str, ahead: int = 0) -> str:
        """An id for the message that the record ``ahead`` places from now brings; unique over all worlds."""
        return f"{prefix}{self.name}{self.size + ahead:08X}"

    def _world(self, record: Record) -> None:
        self.name = record["name"]
        self.session = SessionChange("ready", record["at"])

    def _script(self, record: Record) -> None:
        self.scripts[record["digest"]] = Progress(record["at"], set())

    def _wrote(self, record: Record) -> None:
        message = Incoming(
            **{**record["message"], "aliases": tuple(record["message"]["aliases"]), "cursor": str(self.size)}
        )
        self.pending[self.size] = message
        self.faults.pop(record["fault"], None)
        if not message.from_me:
            self.replied_at.pop(message.chat, None)
        if record["turn"]:
            script, place = record["turn"]
            self.scripts[script].played.add(place)

    def _session(self, record: Record) -> None:
        change = SessionChange(record["state"], record["at"], record["reason"], record["qr"], str(self.size))
        self.session = change
        self.pending[self.size] = change

    def _receipt(self, record: Record) -> None:
        self.due_receipts.pop(record["key"], None)
        receipt = Receipt(record["ack"], record["at"], record["id"], record["token"], str(self.size))
        self.pending[self.size] = receipt

    def _stored(self, record: Record) -> None:
        for number in record["events"]:
            self.pending.pop(number, None)

    def _send(self, record: Record) -> None:
        self.faults.pop(record["fault"], None)
        if record["delivered"]:
            self._deliver(record, record["at"])
        elif record["late"]:
            self.late[record["token"]] = _Late(record, record["rounds"])

    def _arrived(self, record: Record) -> None:
        late = self.late.pop(record["token"], None)
        if late:
            self._deliver(late.record, record["at"])

    def _round(self, _: Record) -> None:
        for token, late in self.late.items():
            if late.rounds is not None:
                self.late[token] = replace(late, rounds=late.rounds - 1)

    def _deliver(self, record: Record, at: int) -> None:
        delivery = Delivery(record["chat"], record["text"], record["token"], record["id"], at)
        self.deliveries.append(delivery)
        self.by_token.setdefault(delivery.token, []).append(delivery)
        self.replied_at[delivery.chat] = at
        for ack, delay in record["acks"]:
            self.due_receipts[f"{delivery.id} {ack}"] = Receipt(ack, at + delay, delivery.id, delivery.token)

    def _fault(self, record: Record) -> None:
        self.faults[self.size] = Fault(record["kind"], record["delivered"], record["rounds"])

    def _release(self, _: Record) -> None:
        self.releases += 1
