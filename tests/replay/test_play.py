"""A chat as what a gateway brings, and the gateway that brings it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from signoff.clock import SECOND
from signoff.errors import GatewayError
from signoff.gateway import Accepted, Gateway, Incoming, Outgoing, Refused
from signoff.pipeline.replay import DOMAIN, Replay, incoming, parse

PRIVATE = (
    "31/12/23, 10:00 - Messages and calls are end-to-end encrypted.\n"
    "31/12/23, 10:00 - Ann: When do you open?\n"
    "31/12/23, 10:00 - Corner Café: At nine\n"
    "31/12/23, 10:01 - Ann: ok\n"
    "31/12/23, 10:01 - Ann: ok\n"
    "31/12/23, 10:02 - Ann: IMG-20231231-WA0002.jpg (file attached)\n"
)
GROUP = PRIVATE + "31/12/23, 10:03 - Bob: Me too\n"


def in_zone(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system's time zone cannot be set")
    monkeypatch.setenv("TZ", name)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def half_past_five(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from in_zone("Asia/Kolkata", monkeypatch)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from in_zone("Europe/Berlin", monkeypatch)


def replay_of(text: str, me: str = "Corner Café") -> Replay:
    return Replay(incoming(parse(text), me), me)


def outgoing(token: str) -> Outgoing:
    return Outgoing(token, f"replay-x@{DOMAIN}", "At nine", 0)


def test_the_other_side_comes_in_and_the_own_side_is_from_me() -> None:
    events = incoming(parse(PRIVATE), "Corner Café")
    assert [(event.name, event.text, event.from_me) for event in events] == [
        ("Ann", "When do you open?", False),
        ("Corner Café", "At nine", True),
        ("Ann", "ok", False),
        ("Ann", "ok", False),
        ("Ann", "", False),
    ]
    assert {event.chat for event in events} == {event.sender for event in events} == {events[0].chat}
    picture = events[-1]
    assert (picture.kind, picture.has_media, picture.fields) == ("image", True, {"file": "IMG-20231231-WA0002.jpg"})
    assert not any(event.is_group for event in events)


def test_times_are_those_of_the_local_clock() -> None:
    events = incoming(parse(PRIVATE), "Ann")
    assert events[0].at == int(datetime(2023, 12, 31, 10, 0).timestamp()) * SECOND


@pytest.mark.usefixtures("half_past_five")
def test_times_follow_the_time_zone() -> None:
    assert incoming(parse(PRIVATE), "Ann")[0].at == 1_703_997_000 * SECOND  # 04:30 UTC


@pytest.mark.usefixtures("berlin")
def test_the_hour_that_comes_twice_goes_forwards() -> None:
    text = "".join(f"[29/10/23, {at}] Ann: {at}\n" for at in ("01:59:00", "02:59:00", "02:01:00", "03:00:00"))
    first, second, third, fourth = (event.at for event in incoming(parse(text), "Ann"))
    assert first < second < third < fourth


def test_ids_are_the_same_each_time_and_never_twice() -> None:
    events = incoming(parse(PRIVATE), "Corner Café")
    assert events == incoming(parse(PRIVATE), "Corner Café")
    assert len({event.id for event in events}) == len(events)


def test_a_later_and_longer_export_of_the_same_chat_repeats_the_ids() -> None:
    later = PRIVATE + "1/1/24, 09:00 - Ann: Happy new year\n"
    known = {event.id for event in incoming(parse(PRIVATE), "Corner Café")}
    assert [event.text for event in incoming(parse(later), "Corner Café") if event.id not in known] == [
        "Happy new year"
    ]


def test_addresses_can_be_nobodys() -> None:
    events = [event for text in (PRIVATE, GROUP) for event in incoming(parse(text), "Corner Café")]
    for address in {event.chat for event in events} | {event.sender for event in events}:
        assert re.fullmatch(r"replay-[a-p]{24}@replay\.invalid", address)


def test_two_chats_have_two_addresses() -> None:
    other = PRIVATE.replace("Ann", "Lu")
    assert incoming(parse(PRIVATE), "Corner Café")[0].chat != incoming(parse(other), "Corner Café")[0].chat


def test_in_a_group_everyone_has_an_address() -> None:
    events = incoming(parse(GROUP), "Corner Café")
    assert all(event.is_group for event in events)
    assert len({event.chat for event in events}) == 1
    assert len({event.sender for event in events}) == 3


@pytest.mark.parametrize("me", ["corner café", " Corner  Café", "\u200eCorner Café"])
def test_ones_own_name_may_be_written_a_little_otherwise(me: str) -> None:
    assert [event.from_me for event in incoming(parse(PRIVATE), me)].count(True) == 1


def test_an_unknown_name_is_an_error_that_lists_the_names() -> None:
    with pytest.raises(
        GatewayError, match="nobody called 'Zoe' writes in this chat; those who do: 'Ann', 'Corner Café'"
    ):
        incoming(parse(PRIVATE), "Zoe")
    with pytest.raises(GatewayError, match="those who do: nobody"):
        incoming(parse(PRIVATE.splitlines()[0]), "Zoe")


def test_a_chat_plays_one_side() -> None:
    replay = Replay.of(parse(PRIVATE), "corner café")
    events = [event for event in replay.events(0) if isinstance(event, Incoming)]
    assert [event.name for event in events] == ["Ann"] * 4


def test_it_is_a_gateway() -> None:
    replay = replay_of(PRIVATE)
    assert isinstance(replay, Gateway)
    account = replay.account()
    assert account is not None
    assert (account.number, account.name) == ("", "Corner Café")
    replay.typing("x")
    replay.mark_read("x")


def test_events_come_in_order_and_again_until_they_are_acknowledged() -> None:
    replay = replay_of(PRIVATE)
    first = replay.events(0)
    assert first == replay.events(0) == incoming(parse(PRIVATE), "Corner Café")
    replay.acknowledge(first[:2])
    replay.acknowledge(first[:2])
    assert replay.events(0) == first[2:]
    assert replay.left == 3
    replay.acknowledge(first)
    assert (replay.left, replay.events(0)) == (0, [])


def test_long_chats_come_some_at_a_time() -> None:
    replay = replay_of("".join(f"31/12/23, 10:00 - Ann: {n}\n" for n in range(1_000)), "Ann")
    texts = []
    while events := replay.events(0):
        assert len(events) <= 100
        texts += [event.text for event in events if isinstance(event, Incoming)]
        replay.acknowledge(events)
    assert texts == [str(n) for n in range(1_000)]


def test_what_is_sent_is_kept_and_reaches_nobody() -> None:
    replay = replay_of(PRIVATE)
    assert replay.lookup(outgoing("a")) == Refused("a replay sends nothing", passing=True)
    assert replay.send(outgoing("a")) == replay.lookup(outgoing("a")) == Accepted("replay-a")
    assert replay.sent == [outgoing("a")]


def test_closing_ends_a_wait() -> None:
    replay = Replay([])
    waiting = threading.Thread(target=replay.events, args=(60,))
    waiting.start()
    replay.close()
    waiting.join(10)
    assert not waiting.is_alive()
