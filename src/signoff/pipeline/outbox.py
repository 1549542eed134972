"""The outbox: hands what was approved to the gateway, each approval at most once.

An attempt is on the disk before the gateway is called. What the gateway then says settles it; where it says nothing
clear the message is looked up, and what stays unknown is FAILED ``unconfirmed``: a person decides.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from ..clock import MINUTE, SECOND
from ..errors import StoreError
from ..gateway import Accepted, Gateway, Outcome, Outgoing, Refused, Unknown
from ..lifecycle import retry_delay
from ..model import tidy_id, tidy_text
from ..processes import is_gone
from ..state import StateManager
from ..statefile.exchange import HOLD
from ..store.rows import Claim

log = logging.getLogger(__name__)

LEASE = 2 * MINUTE
LOOK_AGAIN = 10 * SECOND
LOOK_FOR = 5 * MINUTE
"""How long after its beginning an attempt is looked up before it is called unconfirmed."""
REASON_BYTES = 1000
APPROVALS = ("approved", "tried again", "send again")
"""The events that let a message go."""


class Outbox:
    """Sends approved messages, in each chat in the order of their approval.

    Args:
        by: who is noted as the sender.
        jitter: gives random numbers from 0 to 1, for the time of retries.
        lease: how long an attempt is left to the process that makes it, in microseconds; longer than a call of the
            gateway can take. After that whoever comes first finds out what became of it.
    """

    def __init__(
        self,
        state: StateManager,
        gateway: Gateway,
        by: str = "outbox",
        jitter: Callable[[], float] = random.random,
        *,
        lease: int = LEASE,
    ) -> None:
        self._state = state
        self._store = state.store
        self._gateway = gateway
        self._by = by
        self._jitter = jitter
        self._lease = lease
        self._sent_at: int | None = None
        self._unsettled: list[tuple[Claim, Outcome]] = []

    def round(self) -> int:
        """Find out what became of attempts whose sender is gone, and send one message; how many were handled."""
        return self._settle_rest() + self.recover() + self._send_next()

    def recover(self) -> int:
        """Look up the attempts whose sender is gone; how many."""
        claims = self._store.expired_claims(self._state.account, lease=min(self._lease, LOOK_AGAIN), by=self._by)
        for claim in claims:
            self._settle(claim, self._recovered(claim))
        return len(claims)

    def deliver(self, claim: Claim) -> Outcome:
        """Hand a claimed message to the gateway, once, and settle the attempt by what comes of it."""
        if self._state.clock() < claim.lease:
            outcome = self._call(claim)
        else:  # another process may be finding out what became of it
            outcome = Refused("the claim ran out before the message was handed over", passing=True)
        if isinstance(outcome, Unknown):
            log.warning("nobody knows yet whether message %s left: %s", claim.id, outcome.reason)
            outcome = self._looked_up(claim, outcome.reason)
        self._settle(claim, outcome)
        return outcome

    def _recovered(self, claim: Claim) -> Outcome:
        """What became of an attempt that ran out. While its process lives, that it did not leave yet says nothing."""
        found = self._looked_up(claim, "its sender is gone")
        if isinstance(found, Refused) and not is_gone(claim.process):
            return Unknown("it has not left, but its sender may still be at it")
        return found

    def _send_next(self) -> int:
        if self._is_too_soon() or self._state.get_config(HOLD):
            return 0
        claim = self._store.claim_next(self._state.account, lease=self._lease, by=self._by)
        if claim is None:
            return 0
        self._show_typing(claim)
        self.deliver(claim)
        self._sent_at = self._state.clock()
        return 1

    def _is_too_soon(self) -> bool:
        """Whether the last message was sent a moment ago. One that lies in the future, of a clock set back, was not."""
        pause = int(self._state.get_config("pacing_config")["min_seconds"] * SECOND)
        return self._sent_at is not None and 0 <= self._state.clock() - self._sent_at < pause

    def _show_typing(self, claim: Claim) -> None:
        try:
            self._gateway.typing(claim.chat)
        except Exception:  # a courtesy: the message goes all the same
            log.exception("the gateway %s could not show typing before message %s", self._gateway.name, claim.id)

    def _call(self, claim: Claim) -> Outcome:
        try:
            return self._gateway.send(_outgoing(claim))
        except Exception as error:  # the request may have left before it
            log.exception("the gateway %s failed while sending message %s", self._gateway.name, claim.id)
            return Unknown(f"{type(error).__name__} in the gateway")

    def _looked_up(self, claim: Claim, why: str) -> Outcome:
        try:
            found = self._gateway.lookup(_outgoing(claim)) if self._gateway.can_lookup else Unknown(why)
        except Exception as error:  # finding out is not worth a crash
            log.exception("the gateway %s failed while looking message %s up", self._gateway.name, claim.id)
            found = Unknown(f"{type(error).__name__} in the gateway")
        return Refused(f"{why}; it never left", passing=True) if isinstance(found, Refused) else found

    def _settle(self, claim: Claim, outcome: Outcome) -> None:
        """Write down what became of an attempt. What the store cannot take now is kept for the next round."""
        try:
            self._write(claim, outcome)
        except StoreError:
            self._unsettled.append((claim, outcome))
            raise

    def _settle_rest(self) -> int:
        settled = 0
        while self._unsettled:
            self._write(*self._unsettled[0])
            del self._unsettled[0]
            settled += 1
        return settled

    def _write(self, claim: Claim, outcome: Outcome) -> None:
        move = not claim.script
        if isinstance(outcome, Accepted):
            gateway_id = None if outcome.id is None else tidy_id(outcome.id)
            settled = self._store.accepted(claim, gateway_id, by=self._by, move=move)
        elif isinstance(outcome, Refused):
            settled = self._write_refused(claim, outcome, move)
        elif self._gateway.can_lookup and 0 <= self._state.clock() - claim.started_at < LOOK_FOR:
            again = self._state.clock() + LOOK_AGAIN
            settled = self._store.look_again(claim, again, by=self._by, why=_reason(outcome))
        else:
            settled = self._store.unconfirmed(claim, _reason(outcome), by=self._by, move=move)
        if not settled:
            log.warning("attempt %d of message %s was settled by someone else meanwhile", claim.number, claim.id)
        self._state.refresh()

    def _write_refused(self, claim: Claim, outcome: Refused, move: bool) -> bool:
        retry, tries, why = self._state.get_config("retry_config"), self._tries(claim), _reason(outcome)
        if outcome.passing and tries <= retry["max_retries"]:
            wait = retry_delay(tries, retry["retry_delay_seconds"], retry["exponential_backoff"], self._jitter())
            return self._store.postponed(claim, why, self._state.clock() + int(wait * SECOND), by=self._by)
        log.warning("message %s was refused: %s", claim.id, why)
        return self._store.refused(claim, why, by=self._by, move=move)

    def _tries(self, claim: Claim) -> int:
        """How many attempts the present approval has had, this one among them."""
        kinds = [event.kind for event in self._store.history(self._state.account, claim.id)]
        approved = max(number for number, kind in enumerate(kinds) if kind in APPROVALS)
        return kinds[approved:].count("claimed")


def _reason(outcome: Refused | Unknown) -> str:
    return tidy_text(outcome.reason, REASON_BYTES)[0]


def _outgoing(claim: Claim) -> Outgoing:
    return Outgoing(claim.token, claim.chat, claim.text, claim.started_at)
