"""The whole over real HTTP: the guide's backend, served by a simulated WhatsApp, with a person who decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from signoff import MessageStatus, StateManager
from signoff.clock import HOUR, SECOND
from signoff.gateway.backend import Weaknesses, serve
from signoff.gateway.rest import Rest
from signoff.gateway.simulator import Simulator
from signoff.service import Service
from signoff.store.rows import Row

from ..conftest import ManualClock
from ..waiting import eventually

ANA = "15550100171@c.us"
ANA_LID = "900000000000171@lid"

INCOMING = MessageStatus.INCOMING
PENDING = MessageStatus.PENDING_APPROVAL
REJECTED = MessageStatus.REJECTED
SENT = MessageStatus.SENT
FAILED = MessageStatus.FAILED


class Shop:
    """A service over HTTP, whose clock is moved by hand."""

    def __init__(self, folder: Path, clock: ManualClock, weaknesses: Weaknesses) -> None:
        self.clock = clock
        self.world = Simulator(folder / "world", clock=clock)
        self._server = serve(self.world, port=0, weaknesses=weaknesses)
        self.gateway = Rest(self._server.__enter__(), timeout=5, poll_seconds=0.02, clock=clock)
        self.state = StateManager(folder / "whatsapp_state.json", by="maria", clock=clock)
        self._service = Service(self.state, self.gateway, lambda message, _: f"Answer to: {message['body']}")
        self._service.start()

    def close(self) -> None:
        self._service.stop()
        self.gateway.close()
        self._server.__exit__(None, None, None)
        assert self.state.check() == []
        self.state.close()
        self.world.close()

    def draft(self, text: str = "Are you open?", chat: str = ANA) -> Row:
        """A contact has written and an answer waits."""
        reply = f"reply_{self.world.contact_writes(chat, text, name='Ana')}"
        eventually(lambda: reply in {message["id"] for message in self.state.get_messages(PENDING)})
        eventually(lambda: self.state.get_message(reply).asked)
        return self.state.get_message(reply)

    def becomes(self, row: Row, status: MessageStatus) -> Row:
        """Wait until a message has come there."""
        eventually(lambda: self.state.get_message(row.id).message_status is status)
        return self.state.get_message(row.id)

    def delivered(self) -> list[tuple[str, str]]:
        return [(delivery.chat, delivery.text) for delivery in self.world.deliveries()]


@pytest.fixture
def shop(tmp_path: Path, clock: ManualClock, request: pytest.FixtureRequest) -> Iterator[Shop]:
    shop = Shop(tmp_path, clock, getattr(request, "param", Weaknesses()))
    yield shop
    shop.close()


def test_a_message_comes_in_is_edited_approved_and_delivered(shop: Shop) -> None:
    row = shop.draft()
    edited = shop.state.edit(row.id, "Täglich bis sechs 🙂", row.draft_version)
    shop.state.approve(row.id, edited.draft_version)
    sent = shop.becomes(row, SENT)
    assert shop.delivered() == [(ANA, "Täglich bis sechs 🙂")]
    assert shop.state.store.attempts(sent.seq)[0].gateway_id == shop.world.deliveries()[0].id
    assert shop.state.is_session_valid()
    assert shop.state.get_config("account_info")["number"] == "15550100000"


def test_what_nobody_decides_expires(shop: Shop) -> None:
    shop.state.update_config({"approval_config": {"expire_hours": 1}})
    row = shop.draft()
    shop.clock.advance(HOUR / SECOND)
    assert shop.becomes(row, REJECTED).reason == "expired"
    assert shop.delivered() == []


def test_taken_back_in_time_it_does_not_go_and_approved_again_it_goes_once(shop: Shop) -> None:
    shop.state.update_config({"approval_config": {"undo_seconds": 30}})
    row = shop.draft()
    shop.state.approve(row.id)
    shop.clock.advance(29)
    shop.state.take_back(row.id)
    shop.clock.advance(3600)
    shop.state.approve(row.id)
    assert shop.delivered() == []
    shop.clock.advance(30)
    shop.becomes(row, SENT)
    assert shop.delivered() == [(ANA, "Answer to: Are you open?")]


@pytest.mark.parametrize("shop", [Weaknesses(denies=True)], indirect=True, ids=["denies"])
def test_a_backend_that_delivers_and_denies_it_is_not_asked_to_deliver_again(shop: Shop) -> None:
    row = shop.draft()
    shop.state.approve(row.id)
    assert shop.becomes(row, FAILED).reason == "unconfirmed"
    shop.clock.advance(86_400)
    second = shop.draft("Hello?")
    shop.state.reject(second.id)
    assert shop.delivered() == [(ANA, "Answer to: Are you open?")]
    shop.state.confirm_sent(row.id)
    assert shop.state.get_message(row.id).status == "sent"


@pytest.mark.parametrize("shop", [Weaknesses(cuts_digits=True)], indirect=True, ids=["cuts digits"])
def test_whoever_is_no_plain_phone_number_is_refused_and_no_stranger_is_written_to(shop: Shop) -> None:
    row = shop.draft(chat=ANA_LID)
    shop.state.approve(row.id)
    failed = shop.becomes(row, FAILED)
    assert failed.reason == "refused"
    assert "no plain phone number" in str(failed.changed_why)
    assert shop.delivered() == []


def test_a_backend_that_goes_away_and_comes_back_costs_neither_a_message_nor_a_scan(shop: Shop) -> None:
    row = shop.draft()
    shop.world.change_session("unreachable")
    session = shop.state.store.session
    eventually(lambda: session(shop.state.account).unreachable_since is not None)
    shop.state.approve(row.id)
    shop.world.contact_writes(ANA, "Are you there?")
    eventually(lambda: shop.state.store.attempts(row.seq))
    assert not shop.state.requires_qr_scan()
    shop.world.change_session("ready")
    eventually(lambda: session(shop.state.account).unreachable_since is None)
    eventually(lambda: len(shop.state.get_messages(INCOMING)) == 2)
    shop.clock.advance(60)
    shop.becomes(row, SENT)
    assert len(shop.delivered()) == 1
