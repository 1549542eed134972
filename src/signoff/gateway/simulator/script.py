"""What contacts write, and when: a script is a list of turns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...clock import SECOND
from ...digest import digest_of_parts


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a script.

    Attributes:
        chat: the address of the conversation (``…@c.us``, ``…@lid``, ``…@g.us``, ``status@broadcast``).
        text: what is written.
        name: the writer's display name.
        after: seconds after the turn before it, whoever wrote that; with ``after_reply`` seconds after our reply.
        after_reply: written only once something was delivered to this chat since its turn before. Such a turn keeps
            nobody else waiting, and never comes when nothing is delivered.
        sender: the address of the writer, in a group or a broadcast; None where it is the chat.
        kind: ``chat`` for text, else ``image``, ``ptt``, …
        has_media: whether a file hangs on it.
        from_me: written by the owner on the phone.
        aliases: other addresses of the writer that come along.
        also_from: the same message comes a second time, under this address.
    """

    chat: str
    text: str
    name: str | None = None
    after: float = 0.0
    after_reply: bool = False
    sender: str | None = None
    kind: str = "chat"
    has_media: bool = False
    from_me: bool = False
    aliases: tuple[str, ...] = ()
    also_from: str | None = None


Script = Sequence[Turn]


def digest(script: Script) -> str:
    """A short name for exactly this script, under which a world remembers how far it was played."""
    return digest_of_parts(repr(list(script)))[:16]


def due_turns(
    script: Script, started_at: int, played: Collection[int], replied_at: Mapping[str, int], now: int
) -> list[tuple[int, int]]:
    """The turns to write now, as (place in the script, moment it is written at).

    Args:
        script: all turns.
        started_at: when the script began, microseconds since 1970 UTC.
        played: the places of the turns that were written already.
        replied_at: for each chat that was answered since its last message, when.
        now: the present, microseconds since 1970 UTC.
    """
    return [(place, at) for place, at in _open_turns(script, started_at, played, replied_at) if at <= now]


def is_waiting(script: Script, started_at: int, played: Collection[int], replied_at: Mapping[str, int]) -> bool:
    """Whether a turn will still come by the passing of time alone."""
    return any(True for _ in _open_turns(script, started_at, played, replied_at))


def _open_turns(
    script: Script, started_at: int, played: Collection[int], replied_at: Mapping[str, int]
) -> Iterator[tuple[int, int]]:
    at = started_at
    held: set[str] = set()
    for place, turn in enumerate(script):
        if not turn.after_reply:
            at += round(turn.after * SECOND)
        if place in played:
            continue
        if not turn.after_reply:
            yield place, at
        elif turn.chat in replied_at and turn.chat not in held:
            yield place, replied_at[turn.chat] + round(turn.after * SECOND)
        held.add(turn.chat)
