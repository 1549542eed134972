"""Several exports played as one past: pieces of one chat are put together, other chats stand beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import accumulate
from pathlib import Path

from .chat import Chat, ChatMessage
from .files import read_export
from .play import same_name

_COPY = re.compile(r"(?:\s*\(\d+\)|\s+\d+)?(?:\.txt|\.zip)*$", re.IGNORECASE)
_NO_TITLE = frozenset({"_chat", "chat", ""})


@dataclass(frozen=True, slots=True)
class Export:
    """A file and the chat in it."""

    path: Path
    chat: Chat

    @classmethod
    def read(cls, path: Path) -> Export:
        """Read a file.

        Raises:
            GatewayError: the file is missing, too large, damaged, or holds no chat.
        """
        return cls(path, read_export(path))


def chats_of(exports: Iterable[Export], me: str) -> list[Chat]:
    """The chats that are in the exports, those of one chat put together without what two of them hold.

    Two exports are of one chat where they share a message, are both of a private chat with the same person, or bear
    the same title (``WhatsApp Chat with Tea club.txt``, ``… (1).txt``).

    A chat that is put together has the counts of lines of all its files: what is accounted for is seen in each export.
    """
    pieces: list[list[Export]] = []
    for export in exports:
        same = [piece for piece in pieces if any(_is_same(export, other, me) for other in piece)]
        pieces = [piece for piece in pieces if piece not in same]
        pieces.append([*(other for piece in same for other in piece), export])
    return [_joined([export.chat for export in piece]) for piece in pieces]


def _is_same(one: Export, other: Export, me: str) -> bool:
    if _others(one.chat, me) == _others(other.chat, me) and len(_others(one.chat, me)) <= 1:
        return True
    if (title := _title(one.path)) == _title(other.path) and title not in _NO_TITLE:
        return True
    return not set(map(_key, one.chat.messages)).isdisjoint(map(_key, other.chat.messages))


def _others(chat: Chat, me: str) -> set[str]:
    return {name for name in chat.names if not same_name(name, me)}


def _title(path: Path) -> str:
    return _COPY.sub("", path.name).casefold()


def _key(message: ChatMessage) -> tuple[object, ...]:
    return message.at, message.sender, message.kind, message.text, message.file


def _joined(chats: Sequence[Chat]) -> Chat:
    """One chat of several: in the order of time, each message as often as the chat has it that has it most often."""
    if len(chats) == 1:
        return chats[0]
    chats = sorted(_present_versions(chats), key=lambda chat: chat.messages[0].at if chat.messages else datetime.max)
    messages = merge(*(_timed(chat.messages, place) for place, chat in enumerate(chats)), key=lambda item: item[:2])
    return Chat(
        messages=tuple(_once((place, message) for _, place, message in messages)),
        system=tuple(line for chat in chats for line in chat.system),
        unreadable=tuple(line for chat in chats for line in chat.unreadable),
        lines=sum(chat.lines for chat in chats),
    )


def _present_versions(chats: Sequence[Chat]) -> Iterator[Chat]:
    """The chats without messages that one that goes on longer holds edited or deleted."""
    chats = sorted(chats, key=lambda chat: max((message.at for message in chat.messages), default=datetime.min))
    for place, chat in enumerate(chats):
        messages = chat.messages
        for later in chats[place + 1 :]:
            messages = tuple(_unchanged(messages, later.messages))
        yield replace(chat, messages=messages)


def _unchanged(messages: Sequence[ChatMessage], later: Sequence[ChatMessage]) -> Iterator[ChatMessage]:
    held, known = set(map(_key, messages)), set(map(_key, later))
    changed = Counter(
        (message.at, message.sender)
        for message in later
        if (message.edited or message.kind == "revoked") and _key(message) not in held
    )
    for message in messages:
        if _key(message) not in known and changed[message.at, message.sender]:
            changed[message.at, message.sender] -= 1
        else:
            yield message


def _timed(messages: Sequence[ChatMessage], place: int) -> Iterator[tuple[datetime, int, ChatMessage]]:
    """The messages with a time that never goes back, as that of a phone does in autumn."""
    times = accumulate((message.at for message in messages), max)
    return ((at, place, message) for at, message in zip(times, messages, strict=True))


def _once(messages: Iterable[tuple[int, ChatMessage]]) -> Iterator[ChatMessage]:
    """Of what several chats hold, what no chat before has held as often."""
    held: Counter[tuple[object, ...]] = Counter()
    told: Counter[tuple[object, ...]] = Counter()
    for place, message in messages:
        key = _key(message)
        held[place, *key] += 1
        if held[place, *key] > told[key]:
            told[key] += 1
            yield message
