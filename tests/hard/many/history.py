"""What must be true of a recorded history, whatever had happened between its calls."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from signoff import StateManager


class Call(NamedTuple):
    """One call of one thread; times are of one clock for all."""

    actor: str
    what: str
    about: str
    begun: float
    ended: float
    gave: Any


def read(folder: Path) -> list[Call]:
    """All calls, in the order in which they began."""
    calls = []
    for file in folder.glob("p*.jsonl"):
        for line in file.read_text().splitlines():
            number, *call = json.loads(line)
            calls.append(Call(f"{file.stem}-{number}", *call))
    return sorted(calls, key=lambda call: call.begun)


def of(calls: list[Call], what: str) -> list[Call]:
    """The calls of a kind that were not refused."""
    return [call for call in calls if call.what == what and not isinstance(call.gave, dict)]


def insist(folder: Path, calls: list[Call]) -> None:
    """No update is lost, nothing is done twice, and every read shows what was done before it began."""
    insist_on_one_winner_each(calls)
    insist_on_a_true_count(calls, [call for call in calls if call.what == "count_up"], "read_count")
    insist_on_claims_in_order(calls)
    with StateManager(folder / "whatsapp_state.json", by="afterwards") as state:
        assert state.check() == []
        insist_on_the_end(state, calls)


def insist_on_one_winner_each(calls: list[Call]) -> None:
    """Of all who add one message, move it, draft for it or decide about one version of it, one did."""
    for what in ("add_contended", "move_contended", "draft"):
        won = Counter(call.about for call in of(calls, what) if call.gave is True)
        assert set(won.values()) <= {1}, (what, won.most_common(3))
    tried = {call.about for call in of(calls, "add_contended")}
    assert tried == {call.about for call in of(calls, "add_contended") if call.gave}
    edited = Counter((call.about, call.gave[0]) for call in of(calls, "edit"))
    assert set(edited.values()) <= {1}, edited.most_common(3)
    decided = Counter((call.about, call.gave) for call in of(calls, "approve") + of(calls, "reject"))
    assert set(decided.values()) <= {1}, decided.most_common(3)


def insist_on_a_true_count(calls: list[Call], ups: list[Call], read: str) -> None:
    """A read gives at least what was counted before it began, and at most what had begun when it ended."""
    done = [call for call in ups if call.gave is True]
    ended, begun = sorted(call.ended for call in done), sorted(call.begun for call in ups)
    for call in of(calls, read):
        assert bisect_left(ended, call.begun) <= call.gave <= bisect_left(begun, call.ended), call


def insist_on_claims_in_order(calls: list[Call]) -> None:
    """Each attempt is given to one, and none begins before the one before it was settled."""
    claims: dict[str, list[Call]] = defaultdict(list)
    for call in of(calls, "claim"):
        if call.gave is not None:
            claims[call.about].append(call)
    settled = {(call.about, call.gave[0]): call for call in of(calls, "settle") if call.gave is not None}
    for about, made in claims.items():
        numbers = sorted(call.gave for call in made)
        assert numbers == list(range(1, len(numbers) + 1)), (about, numbers)
        for call in made:
            before = settled.get((about, call.gave - 1))
            assert call.gave == 1 or (before is not None and before.gave[1] and before.begun < call.ended), call
    assert all(call.gave[1] for call in settled.values())


def insist_on_the_end(state: StateManager, calls: list[Call]) -> None:
    """What stands there when all have ended is what they were told."""
    assert state.get_config("count") == len([call for call in of(calls, "count_up") if call.gave])
    added = [call.about for what in ("receive", "add_contended") for call in of(calls, what) if call.gave is True]
    assert all(state.store.find(state.account, message_id) is not None for message_id in added)
    assert state.get_statistics()["total_incoming"] == len(added)
    sent = [call.about for call in of(calls, "settle") if call.gave and call.gave[2] == "accepted"]
    assert state.get_statistics()["total_sent"] == len(sent) == len(set(sent))
    edits = [int(call.about) for call in of(calls, "edited")]
    assert edits == list(range(1, len(edits) + 1))
    assert state.get_config("edited_by_hand") == len(edits) + 1, "the last was written when all ended"


def longest(calls: list[Call]) -> float:
    """The longest call that changes something, in seconds."""
    return max(call.ended - call.begun for call in calls if not call.what.startswith("edited"))


def shares(calls: list[Call]) -> list[int]:
    """How many calls each thread made."""
    return sorted(Counter(call.actor for call in calls if not call.what.startswith("edited")).values())
