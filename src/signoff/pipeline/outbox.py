"""The outbox: hands what was approved to the gateway, each approval at most once.

An attempt is on the disk before the gateway is called. What the gateway then says settles it; where it says nothing
clear the message is looked up, and what stays unknown is FAILED ``unconfirmed``: a person decides.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from ..clock import MINUTE, SECOND
from ..gateway import Accepted, Gateway, Outcome, Outgoing, Refused, Unknown
from ..lifecycle import retry_delay
from ..state import StateManager
from ..statefile.exchange import HOLD
from ..store.rows import Claim

log = logging.getLogger(__name__)

LEASE = 2 * MINUTE
LOOK_AGAIN = 10 * SECOND
LOOK_FOR = 5 * MINUTE
"""How long after its beginning an attempt is looked up before it is called unconfirmed."""


class Outbox:
    """Sends approved messages, in each chat in the order of their approval.

    Args:
        by: who is noted as the sender.
        jitter: gives random numbers from 0 to 1, for the time of retries.
    """

    def __init__(
        self, state: StateManager, gateway: Gateway, by: str = "outbox", jitter: Callable[[], float] = random.random
    ) -> None:
        self._state = state
        self._store = state.store
        self._gateway = gateway
        self._by = by
        self._jitter = jitter
        self._not_before = 0

    def round(self) -> int:
        """Find out what became of attempts whose sender is gone, and send one message; how many were handled."""
        return self.recover() + self._send_next()

    def recover(self) -> int:
        """Look up the attempts whose sender is gone; how many."""
        claims = self._store.expired_claims(self._state.account, lease=LOOK_AGAIN, by=self._by)
        for claim in claims:
            self._settle(claim, self._looked_up(claim, "its sender is gone"))
        return len(claims)

    def deliver(self, claim: Claim) -> Outcome:
        """Hand a claimed message to the gateway, once, and settle the attempt by what comes of it."""
        if self._state.clock() >= claim.lease:
            return Unknown("the claim ran out before the message was handed over")
        outcome = self._call(claim)
        if isinstance(outcome, Unknown):
            log.warning("nobody knows yet whether message %s left: %s", claim.id, outcome.reason)
            outcome = self._looked_up(claim, outcome.reason)
        self._settle(claim, outcome)
        return outcome

    def _send_next(self) -> int:
        now = self._state.clock()
        if now < self._not_before or self._state.get_config(HOLD):
            return 0
        claim = self._store.claim_next(self._state.account, lease=LEASE, by=self._by)
        if claim is None:
            return 0
        self._gateway.typing(claim.chat)
        self.deliver(claim)
        self._not_before = self._state.clock() + int(self._state.get_config("pacing_config")["min_seconds"] * SECOND)
        return 1

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
        move = not claim.script
        if isinstance(outcome, Accepted):
            settled = self._store.accepted(claim, outcome.id, by=self._by, move=move)
        elif isinstance(outcome, Refused):
            settled = self._settle_refused(claim, outcome, move)
        elif self._gateway.can_lookup and self._state.clock() - claim.started_at < LOOK_FOR:
            settled = self._store.look_again(claim, self._state.clock() + LOOK_AGAIN, by=self._by, why=outcome.reason)
        else:
            settled = self._store.unconfirmed(claim, outcome.reason, by=self._by, move=move)
        if not settled:
            log.warning("attempt %d of message %s was settled by someone else meanwhile", claim.number, claim.id)
        self._state.refresh()

    def _settle_refused(self, claim: Claim, outcome: Refused, move: bool) -> bool:
        retry = self._state.get_config("retry_config")
        if outcome.passing and claim.number <= retry["max_retries"]:
            wait = retry_delay(claim.number, retry["retry_delay_seconds"], retry["exponential_backoff"], self._jitter())
            due = self._state.clock() + int(wait * SECOND)
            return self._store.postponed(claim, outcome.reason, due, by=self._by)
        log.warning("message %s was refused: %s", claim.id, outcome.reason)
        return self._store.refused(claim, outcome.reason, by=self._by, move=move)


def _outgoing(claim: Claim) -> Outgoing:
    return Outgoing(claim.token, claim.chat, claim.text, claim.started_at)
