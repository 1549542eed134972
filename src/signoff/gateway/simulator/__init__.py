"""A whole small WhatsApp: contacts who write, deliveries that are counted, receipts, and faults on demand.

Its world is a journal of its own, so it outlives a service that is killed: what was not acknowledged comes again, and
`Simulator.deliveries` tells what contacts really received, whatever `Simulator.send` answered. Any number of processes
may open one world: one may send while another counts.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from threading import Condition

from ...clock import SECOND, Clock, system_clock
from ...errors import GatewayError
from .. import Accepted, Account, Event, Incoming, Outcome, Outgoing, Refused, SessionChange, Unknown
from .demo import DEMO_SCRIPT
from .faults import KINDS, Fault, check_rates, draw
from .journal import Journal, Record
from .script import Script, Turn, digest, due_turns, is_waiting
from .world import Delivery, World

__all__ = ["DEMO_SCRIPT", "KINDS", "Delivery", "Fault", "Script", "Simulator", "Turn"]

SESSION_STATES = ("ready", "connecting", "qr", "logged_out", "unreachable")
READ_SOON = (("server", 0.0), ("device", 0.0), ("read", 0.0))
_SENDING = tuple(kind for kind in KINDS if kind != "double")
_LOOK = 0.02


class Simulator:
    """A gateway to contacts that do not exist.

    Args:
        folder: where the world's journal is kept; it is made where it is missing. None: in memory, for this object.
        script: what contacts write by themselves. A world plays a script once, however often it is opened.
        acks: the receipts that follow a delivery, as (ack, seconds after it); none where nobody ever reads.
        rates: faults at random: for each kind of `KINDS` the share of messages that it meets.
        hang_limit: how long a call with the fault ``hang`` waits for `release`, in seconds.
        can_lookup: False makes `lookup` as blind as a gateway that takes no id of ours.
        account: the account that is linked.
        clock: gives the time of everything that happens in the world.
        random: decides by ``rates`` and names a new world.

    Raises:
        GatewayError: the folder cannot be used, the journal is damaged, or a rate is none.
    """

    name = "simulator"

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        script: Script = (),
        acks: Sequence[tuple[str, float]] = READ_SOON,
        rates: Mapping[str, float] | None = None,
        hang_limit: float = 30.0,
        can_lookup: bool = True,
        account: Account = Account("15550100000", "Café Lumen", "simulator"),  # noqa: B008  frozen
        clock: Clock = system_clock,
        random: Random | None = None,
    ) -> None:
        check_rates(rates or {})
        self.can_lookup = can_lookup
        self._script = tuple(script)
        self._script_name = digest(script)
        self._acks = [(ack, round(delay * SECOND)) for ack, delay in acks]
        self._rates = dict(rates or {})
        self._hang_limit = hang_limit
        self._account = account
        self._clock = clock
        self._random = random or Random()
        self._journal = Journal(None if folder is None else Path(folder))
        self._world = World()
        self._changed = Condition()
        self._closed = False
        self._change(self._begin)
        self._greeting: SessionChange | None = self._now_as("session")

    # The gateway

    def account(self) -> Account | None:
        """The linked account, or None while the session is anything but ready."""
        return self._account if self.session().state == "ready" else None

    def events(self, wait: float = 0.0) -> Sequence[Event]:
        """What is not acknowledged yet, oldest first; waits up to ``wait`` seconds for the first.

        The first event of a fresh object is the present state of the session. While the session is ``unreachable``
        nothing but its changes comes through.
        """
        end = time.monotonic() + wait
        self._go_on(new_round=True)
        while not (events := self._pending()) and not self._closed:
            left = end - time.monotonic()
            if left <= 0:
                break
            self._rest(left)
            self._go_on()
        return events

    def acknowledge(self, events: Sequence[Event]) -> None:
        """Take these events off; unknown ones and those of another gateway are passed over."""
        if self._greeting in events:
            self._greeting = None
        numbers = {int(event.cursor) for event in events if event.cursor.isdecimal()}

        def stored() -> list[Record]:
            known = sorted(numbers & self._world.pending.keys())
            return [{"do": "stored", "events": known}] if known else []

        self._change(stored)

    def send(self, message: Outgoing) -> Outcome:
        """Deliver the message, unless a fault is due."""
        try:
            return self._send(message)
        except OSError as error:
            return Unknown(f"the simulator could not write its journal ({error})")

    def lookup(self, message: Outgoing) -> Outcome:
        """The truth by the attempt's token; to be asked when no `send` of it is under way any more."""
        if not self.can_lookup:
            return Unknown("this simulator looks nothing up")
        with self._changed:
            self._catch_up()
            found = self._world.by_token.get(message.token)
            if found:
                return Accepted(found[0].id)
            if message.token in self._world.late:
                return Unknown("it is still on its way")
        return Refused("it never left", passing=True)

    def typing(self, chat: str) -> None:
        """Does nothing: nobody here looks at the screen."""

    def mark_read(self, chat: str) -> None:
        """Does nothing: nobody here looks at the ticks."""

    def close(self) -> None:
        """End every wait. The world stays as it is and can be opened again."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # The contacts and the phone

    def contact_writes(
        self,
        chat: str,
        text: str,
        *,
        name: str | None = None,
        sender: str | None = None,
        kind: str = "chat",
        has_media: bool = False,
        aliases: Sequence[str] = (),
        also_from: str | None = None,
        id: str | None = None,  # noqa: A002  the gateway's word
        at: int | None = None,
    ) -> str:
        """Let a contact write, now or at ``at`` (microseconds since 1970 UTC); gives the message's id.

        An ``id`` that was used before makes it the same message delivered again. For the rest see `Turn`.
        """
        turn = Turn(chat, text, name, 0, False, sender, kind, has_media, False, tuple(aliases), also_from)
        return self._write(turn, at, id)

    def phone_writes(self, chat: str, text: str) -> str:
        """Let the owner write from the phone; gives the message's id."""
        return self._write(Turn(chat, text, from_me=True), None, None)

    def give_receipt(self, ack: str, *, id: str | None = None, token: str | None = None) -> None:  # noqa: A002
        """Report what became of a message, beyond what ``acks`` say: ``error``, ``played``, a late ``device``."""
        self._record(do="receipt", key="", ack=ack, id=id, token=token, at=self._clock())

    def change_session(self, state: str, reason: str = "", qr: str | None = None) -> None:
        """Bring the session into another state: ``ready``, ``connecting``, ``qr``, ``logged_out``, ``unreachable``.

        Raises:
            GatewayError: there is no such state.
        """
        if state not in SESSION_STATES:
            raise GatewayError(f"there is no session state {state!r}: use one of {', '.join(SESSION_STATES)}")
        self._record(do="session", state=state, reason=reason, qr=qr, at=self._clock())

    def session(self) -> SessionChange:
        """The last change of the session, acknowledged or not."""
        with self._changed:
            self._catch_up()
            return self._world.session

    # Faults

    def fail_next(self, kind: str, *, delivered: bool = False, rounds: int | None = None, times: int = 1) -> None:
        """Put a fault in line; it stays in line in whichever process opens the world. See `KINDS` and `Fault`.

        Raises:
            GatewayError: there is no such fault.
        """
        Fault(kind, delivered, rounds)
        record = {"do": "fault", "kind": kind, "delivered": delivered, "rounds": rounds}
        self._change(lambda: [record] * times)

    def release(self) -> None:
        """Let every call that hangs come back, in whichever process."""
        self._record(do="release")

    def deliver_late(self) -> None:
        """Deliver now all that is late."""
        self._change(lambda: [self._arrived(token) for token in self._world.late])

    # What came of it

    def deliveries(self) -> list[Delivery]:
        """Everything that contacts received, oldest first."""
        with self._changed:
            self._catch_up()
            return list(self._world.deliveries)

    def delivered(self, token: str) -> int:
        """How often the attempt with this token reached its contact."""
        with self._changed:
            self._catch_up()
            return len(self._world.by_token.get(token, ()))

    def is_finished(self) -> bool:
        """Whether nothing more will happen unless somebody sends: no turn is due to come and all is acknowledged."""
        with self._changed:
            self._catch_up()
            world, progress = self._world, self._world.scripts[self._script_name]
            coming = is_waiting(self._script, progress.started_at, progress.played, world.replied_at)
            return not (world.pending or world.due_receipts or self._rounds() or coming)

    # Inside

    def _begin(self) -> list[Record]:
        now = self._clock()
        records: list[Record] = []
        if not self._world.size:
            records.append({"do": "world", "name": f"{self._random.getrandbits(32):08X}", "at": now})
        if self._script_name not in self._world.scripts:
            records.append({"do": "script", "digest": self._script_name, "at": now})
        return records

    def _now_as(self, cursor: str) -> SessionChange:
        session = self._world.session
        return SessionChange(session.state, self._clock(), session.reason, session.qr, cursor)

    def _pending(self) -> list[Event]:
        with self._changed:
            events = list(self._world.pending.values())
            changes: list[Event] = [event for event in events if isinstance(event, SessionChange)]
            if changes:
                self._greeting = None
            if self._world.session.state == "unreachable":
                events = changes
            return [self._greeting, *events] if self._greeting else events

    def _rest(self, seconds: float) -> None:
        with self._changed:
            if not self._closed:
                self._changed.wait(min(seconds, _LOOK))

    def _go_on(self, new_round: bool = False) -> None:
        """Let everything happen whose time has come."""
        with self._changed:
            self._catch_up()
            if (new_round and self._rounds()) or self._due_receipts() or self._due_turns():
                self._change(lambda: self._due(new_round))

    def _due(self, new_round: bool) -> list[Record]:
        records: list[Record] = []
        if new_round and (rounds := self._rounds()):
            records.append({"do": "round"})
            records += [self._arrived(token) for token, left in rounds.items() if left <= 1]
        records += self._due_receipts()
        doubles = iter(self._world.faults_of(["double"]))
        for place, at in self._due_turns():
            message_id = self._world.new_id("3A", len(records))
            records += self._wrote(self._script[place], message_id, at, next(doubles, None), [self._script_name, place])
        return records

    def _rounds(self) -> dict[str, int]:
        return {token: late.rounds for token, late in self._world.late.items() if late.rounds is not None}

    def _due_receipts(self) -> list[Record]:
        now = self._clock()
        due = [(key, receipt) for key, receipt in self._world.due_receipts.items() if receipt.at <= now]
        return [{"do": "receipt", "key": key, "ack": r.ack, "id": r.id, "token": r.token, "at": r.at} for key, r in due]

    def _due_turns(self) -> list[tuple[int, int]]:
        progress = self._world.scripts[self._script_name]
        return due_turns(self._script, progress.started_at, progress.played, self._world.replied_at, self._clock())

    def _arrived(self, token: str) -> Record:
        return {"do": "arrived", "token": token, "at": self._clock()}

    def _write(self, turn: Turn, at: int | None, message_id: str | None) -> str:
        written = message_id or ""

        def wrote() -> list[Record]:
            nonlocal written
            written = message_id or self._world.new_id("3A")
            double = next(iter(self._world.faults_of(["double"])), None)
            return self._wrote(turn, written, self._clock() if at is None else at, double, None)

        self._change(wrote)
        return written

    def _wrote(
        self, turn: Turn, message_id: str, at: int, fault: int | None, place: list[object] | None
    ) -> list[Record]:
        double = fault is not None or draw(["double"], self._rates, self._random) is not None
        addresses = [turn.chat] if turn.also_from is None else [turn.chat, turn.also_from]
        return [
            {"do": "wrote", "message": _incoming(turn, chat, message_id, at), "turn": place, "fault": fault}
            for chat in addresses * (2 if double else 1)
        ]

    def _send(self, message: Outgoing) -> Outcome:
        taken: list[tuple[Fault | None, str, int]] = []
        refused: list[Refused] = []

        def sent() -> list[Record]:
            if self._world.session.state != "ready":
                refused.append(Refused(f"not ready: the session is {self._world.session.state}", passing=True))
                return []
            number = next(iter(self._world.faults_of(_SENDING)), None)
            fault = draw(_SENDING, self._rates, self._random) if number is None else self._world.faults[number]
            taken.append((fault, self._world.new_id("3EB0"), self._world.releases))
            return [self._sent(message, fault, number)]

        self._change(sent)
        return refused[0] if refused else self._answer(*taken[0])

    def _sent(self, message: Outgoing, fault: Fault | None, number: int | None) -> Record:
        return {
            "do": "send",
            "token": message.token,
            "chat": message.chat,
            "text": message.text,
            "at": self._clock(),
            "id": self._world.new_id("3EB0"),
            "delivered": fault is None or fault.delivers,
            "late": fault is not None and fault.kind == "late",
            "rounds": fault.rounds if fault else None,
            "acks": self._acks,
            "fault": number,
        }

    def _answer(self, fault: Fault | None, message_id: str, releases: int) -> Outcome:
        if fault is None:
            return Accepted(message_id)
        if fault.kind in ("refuse", "refuse-passing"):
            return Refused("refused on demand", passing=fault.kind == "refuse-passing")
        if fault.kind == "die":
            _die()
        if fault.kind == "hang":
            self._hang(releases)
        return Unknown(f"no answer came ({KINDS[fault.kind]})")

    def _hang(self, releases: int) -> None:
        end = time.monotonic() + self._hang_limit
        with self._changed:
            while self._world.releases == releases and not self._closed and (left := end - time.monotonic()) > 0:
                self._changed.wait(min(left, _LOOK))
                self._catch_up()

    def _record(self, **record: object) -> None:
        self._change(lambda: [record])

    def _change(self, decide: Callable[[], list[Record]]) -> None:
        """Decide on the newest state of the world and write down what was decided, as the only one at that moment."""
        with self._changed, self._journal.locked():
            self._catch_up()
            records = decide()
            if records:
                self._journal.append(records)
                self._catch_up()
                self._changed.notify_all()

    def _catch_up(self) -> None:
        for record in self._journal.read():
            self._world.apply(record)


def _incoming(turn: Turn, chat: str, message_id: str, at: int) -> Record:
    message = Incoming(
        id=message_id,
        chat=chat,
        sender=turn.sender or chat,
        text=turn.text,
        at=at,
        name=turn.name,
        kind=turn.kind,
        is_group=chat.endswith("@g.us"),
        has_media=turn.has_media,
        from_me=turn.from_me,
        aliases=turn.aliases,
    )
    return asdict(message)


def _die() -> None:
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)
