"""The service end to end with the simulator: messages a second through it, and from an approval to the gateway's call.

    python benchmarks/service.py [--quick] [--waiting N ...]

Throughput: contacts write all at once, an assistant answers everything with one sentence, human_in_the_loop is off, and
the time runs from the first message that the gateway brings to the last answer that it is given. Every message is
stored, drafted, decided, claimed and settled durably, and its receipts come back. Reaction: a person approves drafts
one by one, at random moments, through a manager of their own; the time runs from the call of `approve` to that of
`Gateway.send`. Both with no drafts waiting for a decision beside them, and with many. The simulator's world is kept in
memory: what it writes is no cost of ours.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Condition

import report
from report import spread
from signoff.clock import MINUTE
from signoff.gateway import Outcome, Outgoing
from signoff.gateway.simulator import Simulator
from signoff.lifecycle import MessageStatus
from signoff.service import Service
from signoff.state import StateManager
from signoff.store.decisions import NewDraft
from signoff.store.intake import Arrival
from signoff.store.together import Together, together

ANSWER = "Thank you, we will be with you in a moment."
REACTION = 20.0
"""The aim: milliseconds from an approval to the gateway's call, median."""
AT_ONCE = 1000
SPARE = 900_000
"""Where the numbers of the chats begin that are answered, beside those that wait."""
LIMIT = 600.0
"""Seconds after which something must have gone wrong."""


class Watched(Simulator):
    """A simulator that knows when what was handed to it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[float] = []
        self.called = Condition()

    def send(self, message: Outgoing) -> Outcome:
        """Deliver the message, and note the moment of the call."""
        moment = time.perf_counter()
        outcome = super().send(message)
        with self.called:
            self.calls.append(moment)
            self.called.notify_all()
        return outcome

    def wait(self, count: int) -> None:
        """Wait until so many were handed over.

        Raises:
            TimeoutError: they were not.
        """
        with self.called:
            if not self.called.wait_for(lambda: len(self.calls) >= count, LIMIT):
                raise TimeoutError(f"{len(self.calls)} of {count} messages left in {LIMIT:g} s")


def prepare(folder: Path, waiting: int) -> Path:
    """A state with so many drafts that wait for a decision, to be copied."""
    folder.mkdir()
    with StateManager(folder / "state.json") as state:
        state.set_config("human_in_the_loop", True)
        for first in range(0, waiting, AT_ONCE):
            together(
                state.store, partial(_wait, account=state.account, first=first, last=min(first + AT_ONCE, waiting))
            )
    return folder


def throughput(prepared: Path, count: int) -> float:
    """Messages a second from gateway to gateway."""
    with _served(prepared, unattended=True) as (_, gateway, service):
        for number in range(count):
            gateway.contact_writes(f"1555010{number:06}@c.us", "Do you open on Sunday?", name="Customer")
        began = time.perf_counter()
        service.start()
        gateway.wait(count)
        return count / (max(gateway.calls) - began)


def reactions(prepared: Path, count: int) -> list[float]:
    """Milliseconds from each approval to the gateway's call."""
    chance, taken = random.Random("reactions"), []
    with _served(prepared, unattended=False) as (state, gateway, service):
        together(state.store, partial(_wait, account=state.account, first=SPARE, last=SPARE + count))
        service.start()
        drafts = state.get_messages(MessageStatus.PENDING_APPROVAL, limit=count)
        time.sleep(1.0)  # the service looks at what stands there from before
        for number, draft in enumerate(drafts):
            time.sleep(chance.uniform(0.02, 0.1))  # a person does not keep time with the service
            began = time.perf_counter()
            state.approve(draft["id"])
            gateway.wait(number + 1)
            taken.append((gateway.calls[number] - began) * 1e3)
    return taken


@contextmanager
def _served(prepared: Path, *, unattended: bool) -> Iterator[tuple[StateManager, Watched, Service]]:
    """A person's manager of a copy of what was prepared, and a service that is not started yet."""
    gateway = Watched()
    with tempfile.TemporaryDirectory(dir=prepared.parent) as folder:
        path = shutil.copytree(prepared, Path(folder, "state")) / "state.json"
        with StateManager(path, by="a person") as state, StateManager(path) as own:
            state.set_config("human_in_the_loop", not unattended)
            service = Service(own, gateway, (lambda _message, _conversation: ANSWER) if unattended else None)
            try:
                yield state, gateway, service
            finally:
                service.stop()
                gateway.close()
            problems = state.check()
            assert not problems, problems


def _wait(verbs: Together, account: int, first: int, last: int) -> None:
    """Take in messages, each with a draft that the rules have left to a person."""
    for number in range(first, last):
        chat = f"1555020{number:06}@c.us"
        message = {"id": f"false_{chat}_{number:020X}", "from": chat, "body": "Do you open on Sunday?"}
        verbs.receive(account, Arrival(message["id"], chat, message), by="simulator")
        row = verbs.claim_draft(account, lease=MINUTE, by="assistant")
        assert row is not None
        draft = verbs.add_draft(account, NewDraft(row.seq, row.draft_tries, chat, ANSWER, "assistant"))
        assert draft is not None
        verbs.set_asked(draft, why="no rule: for a person")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few messages, and 1,000 waiting")
    parser.add_argument("--waiting", type=int, nargs="+", metavar="N", help="drafts that wait for a decision beside")
    asked = parser.parse_args()
    rounds, messages, approvals = (2, 200, 50) if asked.quick else (5, 2000, 300)
    rows, aims = [], ["Aims", ""]
    with tempfile.TemporaryDirectory(prefix="signoff-benchmark-") as folder:
        for waiting in asked.waiting or ([0, 1000] if asked.quick else [0, 100_000]):
            report.progress(f"with {waiting:,} waiting")
            prepared = prepare(Path(folder, f"{waiting} waiting"), waiting)
            rates = [throughput(prepared, messages) for _ in range(rounds)]
            taken = reactions(prepared, approvals)
            late = statistics.quantiles(taken, n=100, method="inclusive")[98]
            rows.append((f"{waiting:,}", spread(rates), spread(taken), f"{late:.1f}", f"{max(taken):.1f}"))
            what = f"from approval to the gateway's call with {waiting:,} waiting: at most {REACTION:g} ms"
            aims.append(report.aim(what, taken, most=REACTION))
    columns = ("waiting", "messages a second", "approval to call, ms", "99 %, ms", "longest, ms")
    print(report.head(f"{rounds} rounds of {messages:,} messages; {approvals:,} approvals"), end="\n\n")
    print(report.table("The service with the simulator: median and quartiles", columns, rows), "", *aims, sep="\n")


if __name__ == "__main__":
    main()
