"""Where the time goes: processor time and waiting of each hot path, and the functions that take most of it.

    python benchmarks/profiles.py [--count N] [--lines N]

First without a profiler: microseconds of a call, and how much of it the thread was on a processor; the rest is the disk
and whoever else wanted the processor. Then the same under cProfile, which makes Python's functions look slower than
SQLite's: read what is big, not how big.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path

import report
import workload
from peer_signoff import Peer
from signoff.gateway.simulator import Simulator
from signoff.lifecycle import MessageStatus
from signoff.pipeline.approval import Approval
from signoff.pipeline.drafts import Drafts
from signoff.pipeline.inbox import Inbox
from signoff.pipeline.outbox import Outbox
from signoff.state import StateManager

DECIDED = 100
"""How many drafts a round of approval looks at."""
Path_ = tuple[str, Callable[[], object], int]
"""What is called, the call, and how often."""


@contextmanager
def paths(folder: Path, count: int) -> Iterator[list[Path_]]:
    """The hot paths, each to be run ``count`` times twice over, in this order."""
    peer = Peer(folder)
    manager = peer.manager
    messages = list(workload.messages(2 * count, "profiled"))
    manager.update_session_status(True)
    yield [
        ("add_message", _each(peer.add, messages), count),
        ("move_message", _each(lambda m: peer.move(m["id"], "incoming", "pending_approval"), messages), count),
        ("get_messages, 50", lambda: manager.get_messages(MessageStatus.PENDING_APPROVAL, 50), count),
        ("get_statistics", manager.get_statistics, count),
        ("is_session_valid", manager.is_session_valid, 10 * count),
        ("get_config", lambda: manager.get_config("human_in_the_loop"), 10 * count),
    ]
    peer.close()


@contextmanager
def stages(folder: Path, count: int) -> Iterator[list[Path_]]:
    """The rounds of the service's stages, each message through all of them; half of them in each measurement."""
    gateway = Simulator()
    with StateManager(folder / "state.json", by="a person") as manager:
        manager.set_config("human_in_the_loop", False)
        manager.set_config("watcher_config", {"max_messages_per_poll": 1})
        drafts = Drafts(manager, lambda _message, _conversation: "We open at nine.")
        inbox, approval, outbox = Inbox(manager, gateway, wait=0), Approval(manager), Outbox(manager, gateway)
        numbers = iter(range(1 << 40))

        def come() -> None:
            gateway.contact_writes(f"1555010{next(numbers):06}@c.us", "Do you open on Sunday?")
            inbox.round()

        yield [
            ("inbox, a message", come, count),
            ("drafts, a message", drafts.round, count),
            (f"approval, {DECIDED} messages", approval.round, count // DECIDED),
            ("outbox, a message", outbox.round, count),
        ]
    gateway.close()


def _each(call: Callable[[workload.Message], object], messages: Iterable[workload.Message]) -> Callable[[], object]:
    following = iter(messages)
    return lambda: call(next(following))


def measured(call: Callable[[], object], count: int) -> tuple[float, float]:
    """Microseconds of a call, and of processor time in this thread."""
    began, on_processor = time.perf_counter(), time.thread_time()
    for _ in repeat(None, count):
        call()
    return (time.perf_counter() - began) / count * 1e6, (time.thread_time() - on_processor) / count * 1e6


def profiled(call: Callable[[], object], count: int, lines: int) -> str:
    """The functions that took most of ``count`` calls themselves."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in repeat(None, count):
        call()
    profile.disable()
    functions = pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
    total = sum(numbers[2] for _, numbers in functions)
    most = sorted(functions, key=lambda item: -item[1][2])[:lines]
    rows = [
        (
            f"{Path(file).name}:{name}" if line else name,
            f"{own / total:.0%}",
            report.figure(own / count * 1e6),
            report.figure(calls / count),
        )
        for (file, line, name), (_, calls, own, _, _) in most
    ]
    return report.table("", ("function", "of all", "µs itself", "times a call"), rows).strip()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="100 of each")
    parser.add_argument("--count", type=int, metavar="N", help="calls of each, a multiple of 100 (2,000)")
    parser.add_argument("--lines", type=int, default=12, metavar="N", help="functions to show")
    asked = parser.parse_args()
    count = asked.count or (100 if asked.quick else 2000)
    print(report.head(f"{count:,} calls of each"), end="\n\n")
    rows, tables = [], []
    with tempfile.TemporaryDirectory(prefix="signoff-benchmark-") as folder:
        for group in (paths, stages):
            place = Path(folder, group.__name__)
            place.mkdir()
            with group(place, count) as found:
                report.progress(group.__name__)
                taken = [measured(call, times) for _, call, times in found]
                rows += [(name, *map(report.figure, each)) for (name, _, _), each in zip(found, taken, strict=True)]
                tables += [f"{name}\n\n{profiled(call, times, asked.lines)}" for name, call, times in found]
    print(report.table("Without a profiler, in µs", ("", "a call", "on a processor"), rows), *tables, sep="\n\n")


if __name__ == "__main__":
    main()
