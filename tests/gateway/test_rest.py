"""The guide's backend over real HTTP: its weaknesses harm nobody; whatever it answers, nothing breaks or is lost."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.clock import SECOND
from signoff.errors import GatewayError
from signoff.gateway import (
    Accepted,
    Account,
    Incoming,
    Outgoing,
    Refused,
    SessionChange,
    Unknown,
    is_conversation,
    open_gateway,
)
from signoff.gateway.backend import Weaknesses
from signoff.gateway.rest import CLEAN_AFTER, Rest
from signoff.gateway.simulator import Simulator

from .conftest import HandClock, rest_stage
from .servers import READY, Scripted, payload, scripted

ANA = "15550100111@c.us"


def outgoing(chat: str = ANA, text: str = "We open at nine.") -> Outgoing:
    return Outgoing("attempt-1", chat, text, 0)


def messages(gateway: Rest) -> list[Incoming]:
    return [event for event in gateway.events(0.0) if isinstance(event, Incoming)]


def states(gateway: Rest) -> list[str]:
    return [event.state for event in gateway.events(0.0) if isinstance(event, SessionChange)]


@pytest.fixture
def backend() -> Iterator[Scripted]:
    with scripted() as script:
        yield script


@pytest.fixture
def gateway(backend: Scripted) -> Iterator[Rest]:
    gateway = Rest(backend.endpoint, timeout=5.0, poll_seconds=0.02)
    yield gateway
    gateway.close()


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/api/whatsapp"


class TestItsWeaknesses:
    def test_a_message_that_went_out_before_a_400_is_unknown_not_refused(self) -> None:
        with rest_stage(Simulator(), Weaknesses(denies=True)) as stage:
            outcome = stage.gateway.send(outgoing())
            assert isinstance(outcome, Unknown)
            assert "400" in outcome.reason
            assert len(stage.world.deliveries()) == 1

    @pytest.mark.parametrize(
        "chat",
        [
            "90000000000113@lid",
            "120363000000000115@g.us",
            "15550100111-1600000000@g.us",
            "status@broadcast",
            "120363000000000115@newsletter",
            "15550100111:12@s.whatsapp.net",
            "+15550100111",
            "+1 555 010 0111",
            "١٥٥٥٠١٠٠١١١",
            "15550100111@c.us ",
            "15550100111@c.us\n",
            "15550100111@c.us@lid",
            "1234",
            "120363000000000115",
            "",
        ],
    )
    def test_whoever_is_no_plain_phone_number_is_never_sent_to(self, chat: str) -> None:
        with rest_stage(Simulator(), Weaknesses(cuts_digits=True)) as stage:
            outcome = stage.gateway.send(outgoing(chat))
            assert isinstance(outcome, Refused)
            assert not outcome.passing
            assert "phone number" in outcome.reason
            assert stage.world.deliveries() == []

    @pytest.mark.parametrize("chat", ["15550100111", "15550100111@c.us", "15550100111@s.whatsapp.net"])
    def test_a_plain_phone_number_reaches_its_owner(self, chat: str) -> None:
        with rest_stage(Simulator(), Weaknesses(cuts_digits=True)) as stage:
            assert isinstance(stage.gateway.send(outgoing(chat)), Accepted)
            assert [delivery.chat for delivery in stage.world.deliveries()] == [ANA]

    def test_processed_messages_push_no_unread_ones_out(self) -> None:
        with rest_stage(Simulator(), Weaknesses(forgets=True)) as stage:
            unread = [stage.world.contact_writes(ANA, f"unread {number}") for number in range(10)]
            for _ in range(4):
                written = [stage.world.contact_writes(ANA, str(number)) for number in range(30)]
                found = [event for event in stage.gateway.events(0.0) if isinstance(event, Incoming)]
                assert [message.id for message in found] == unread + written
                stage.gateway.acknowledge(found[10:])

    def test_a_forgetful_backend_keeps_the_newest_hundred(self) -> None:
        with rest_stage(Simulator(), Weaknesses(forgets=True)) as stage:
            written = [stage.world.contact_writes(ANA, str(number)) for number in range(130)]
            found = [event for event in stage.gateway.events(0.0) if isinstance(event, Incoming)]
            assert [message.id for message in found] == written[30:]

    def test_over_a_hundred_messages_at_once_all_come_where_the_backend_keeps_them(self) -> None:
        with rest_stage(Simulator()) as stage:
            written = [stage.world.contact_writes(ANA, str(number)) for number in range(130)]
            assert [event.id for event in stage.gateway.events(0.0) if isinstance(event, Incoming)] == written

    def test_status_posts_are_told_as_such_and_are_no_conversation(self) -> None:
        with rest_stage(Simulator()) as stage:
            stage.world.contact_writes("status@broadcast", "Croissants 🥐", sender=ANA)
            (post,) = [event for event in stage.gateway.events(0.0) if isinstance(event, Incoming)]
            assert post.chat == "status@broadcast"
            assert not is_conversation(post)

    def test_a_backend_that_is_not_there_asks_for_no_scan(self, nowhere: str) -> None:
        gateway = Rest(nowhere)
        (change,) = gateway.events(0.0)
        assert isinstance(change, SessionChange)
        assert (change.state, change.qr) == ("unreachable", None)
        assert nowhere in change.reason
        assert gateway.account() is None

    @pytest.mark.parametrize("answer", [(500, {"error": "broken"}), (200, b"<html>"), (200, {}), (200, []), None])
    def test_a_backend_that_answers_nonsense_asks_for_no_scan(
        self, backend: Scripted, gateway: Rest, answer: tuple[int, Any] | None
    ) -> None:
        backend.answers["GET /status"] = answer
        assert states(gateway) == ["unreachable"]


class TestSending:
    def test_the_backend_is_sent_what_its_route_expects(self, backend: Scripted, gateway: Rest) -> None:
        backend.answers["POST /send"] = (200, payload("send_ok"))
        assert gateway.send(outgoing(text="Olá 👋🏽")) == Accepted("3EB000000000000000A3")
        assert backend.asked == ["GET /status", "POST /send"]
        assert json.loads(backend.bodies[1]) == {"number": ANA, "message": "Olá 👋🏽"}

    @pytest.mark.parametrize("told", [None, "", 7, {"_serialized": "x"}, "a\ud800", "a\x00b", "x" * 200])
    def test_an_id_that_is_none_is_accepted_without_one(self, backend: Scripted, gateway: Rest, told: object) -> None:
        backend.answers["POST /send"] = (200, {"success": True, "messageId": told})
        assert gateway.send(outgoing()) == Accepted(None)

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            (200, {"success": False}),
            (200, {"success": "true"}),
            (200, {}),
            (200, b"success"),
            (200, b'{"success": tru'),
            (302, {"success": True}),
            (400, {"error": "Evaluation failed: t"}),
            (400, {"error": "sent, but the phone is not ready to confirm"}),
            (400, {"error": None}),
            (400, b""),
            (403, {"error": "no"}),
            (404, {"error": "no"}),
            (429, {"error": "slow down"}),
            (500, {"error": "WhatsApp client is not ready"}),
            (502, b"<html>"),
        ],
    )
    def test_every_other_answer_is_unknown(
        self, backend: Scripted, gateway: Rest, answer: tuple[int, Any] | None
    ) -> None:
        backend.answers["POST /send"] = answer
        assert isinstance(gateway.send(outgoing()), Unknown)

    def test_no_answer_is_unknown_after_the_time_limit(self, backend: Scripted) -> None:
        backend.answers["POST /send"] = (200, lambda _: backend.held.wait(20))
        outcome = Rest(backend.endpoint, timeout=0.2).send(outgoing())
        assert isinstance(outcome, Unknown)

    def test_an_answer_that_trickles_for_ever_is_unknown_after_the_time_limit(self, backend: Scripted) -> None:
        def trickle(out: Any) -> None:
            out.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not backend.held.wait(0.02):
                out.write(b" ")

        backend.answers["POST /send"] = (200, trickle)
        outcome = Rest(backend.endpoint, timeout=0.3).send(outgoing())
        backend.held.set()
        assert isinstance(outcome, Unknown)

    @pytest.mark.parametrize(
        "error", ["WhatsApp client is not ready", "Client not ready", "not ready yet: scan the code"]
    )
    def test_a_backend_that_is_not_ready_refuses_for_now(self, backend: Scripted, gateway: Rest, error: str) -> None:
        backend.answers["POST /send"] = (400, {"error": error})
        outcome = gateway.send(outgoing())
        assert isinstance(outcome, Refused)
        assert outcome.passing

    @pytest.mark.parametrize("error", ["number and message are required", "Missing required fields: number, message"])
    def test_a_missing_field_refuses_for_good(self, backend: Scripted, gateway: Rest, error: str) -> None:
        backend.answers["POST /send"] = (400, {"error": error})
        outcome = gateway.send(outgoing())
        assert isinstance(outcome, Refused)
        assert not outcome.passing

    def test_an_empty_text_is_not_sent(self, backend: Scripted, gateway: Rest) -> None:
        assert isinstance(gateway.send(outgoing(text="")), Refused)
        assert backend.asked == []

    @pytest.mark.parametrize(
        "status",
        [(200, {"isReady": False, "hasQR": False, "qrCode": None}), (500, {}), (404, b"Cannot GET"), None],
    )
    def test_nothing_is_sent_unless_the_backend_says_that_it_is_ready(
        self, backend: Scripted, gateway: Rest, status: tuple[int, Any] | None
    ) -> None:
        backend.answers["GET /status"] = status
        outcome = gateway.send(outgoing())
        assert isinstance(outcome, Refused)
        assert outcome.passing
        assert backend.asked == ["GET /status"]

    def test_without_a_connection_it_is_refused_for_now(self, nowhere: str) -> None:
        outcome = Rest(nowhere).send(outgoing())
        assert isinstance(outcome, Refused)
        assert outcome.passing

    def test_a_connection_that_fails_after_the_first_question_is_refused_for_now(
        self, backend: Scripted, gateway: Rest
    ) -> None:
        def last_answer(out: Any) -> None:
            backend.stop()
            out.write(b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(READY).encode())

        backend.answers["GET /status"] = (200, last_answer)
        outcome = gateway.send(outgoing())
        assert isinstance(outcome, Refused)
        assert outcome.passing
        assert "does not answer" in outcome.reason

    def test_the_reason_never_repeats_the_text(self, backend: Scripted, gateway: Rest) -> None:
        text = "Your code is 1234"
        backend.answers["POST /send"] = (400, {"error": f"could not send {text!r} to {ANA}"})
        outcome = gateway.send(outgoing(text=text))
        assert isinstance(outcome, Unknown)
        assert "1234" not in outcome.reason

    def test_looking_up_never_asks_and_never_knows(self, backend: Scripted, gateway: Rest) -> None:
        assert not gateway.can_lookup
        assert isinstance(gateway.lookup(outgoing()), Unknown)
        assert backend.asked == []

    def test_each_request_has_a_connection_of_its_own(self, backend: Scripted, gateway: Rest) -> None:
        """On a kept one, a server that closes it at that moment leaves it open whether the message was taken."""
        backend.answers["POST /send"] = (200, payload("send_ok"))
        gateway.send(outgoing())
        gateway.send(outgoing())
        assert backend.connections == len(backend.asked) == 4


class TestReading:
    def test_a_real_answer_is_read_whole(self, backend: Scripted, gateway: Rest) -> None:
        backend.answers["GET /messages"] = (200, payload("messages"))
        first, group, lid = messages(gateway)
        assert first == Incoming(
            id="3A0000000000000000A1",
            chat=ANA,
            sender=ANA,
            text="Hola 👋🏽, ¿abren mañana?",
            at=1795166132 * SECOND,
            name="Ana Souza 🌻",
            fields={"chatName": "Ana Souza 🌻", "receivedAt": "2026-11-20T09:15:33.002Z"},
        )
        assert (group.chat, group.is_group, group.name) == ("120363000000000111@g.us", True, "Bob")
        assert (lid.chat, lid.text) == ("90000000000111@lid", "Is this still for sale?")
        assert "GET /messages?unprocessed=true" in backend.asked

    def test_the_account_is_read(self, backend: Scripted, gateway: Rest) -> None:
        backend.answers["GET /info"] = (200, payload("info"))
        assert gateway.account() == Account("15550100000", "Tienda Ejemplo", "android")

    @pytest.mark.parametrize(
        "answer", [(400, {"error": "not ready"}), (200, {}), (200, {"number": 7}), (500, b""), None]
    )
    def test_an_account_that_is_not_told_is_none(
        self, backend: Scripted, gateway: Rest, answer: tuple[int, Any] | None
    ) -> None:
        backend.answers["GET /info"] = answer
        assert gateway.account() is None

    def test_fields_of_the_wrong_type_are_kept_beside_and_the_message_comes(
        self, backend: Scripted, clock: HandClock
    ) -> None:
        odd: dict[str, Any] = {
            "id": "1",
            "from": ANA,
            "body": None,
            "timestamp": "soon",
            "fromName": 7,
            "isGroup": "no",
            "type": [],
        }
        backend.answers["GET /messages"] = (200, {"messages": [odd]})
        (message,) = messages(Rest(backend.endpoint, clock=clock))
        assert (message.id, message.chat, message.text, message.name, message.at) == ("1", ANA, "", None, clock.now)
        assert message.fields == {"timestamp": "soon", "fromName": 7, "isGroup": "no", "type": []}

    def test_a_group_is_one_by_its_address_too(self, backend: Scripted, gateway: Rest) -> None:
        backend.answers["GET /messages"] = (200, {"messages": [{"id": "1", "from": "120363000000000111@g.us"}]})
        assert [message.is_group for message in messages(gateway)] == [True]

    def test_a_backend_that_lists_processed_ones_too_brings_only_the_others(
        self, backend: Scripted, gateway: Rest
    ) -> None:
        both = [{"id": name, "from": ANA, "processed": name == "old"} for name in ("old", "new")]
        backend.answers["GET /messages"] = (200, {"messages": both})
        assert [message.id for message in messages(gateway)] == ["new"]

    def test_numbers_that_json_does_not_have_are_none(self, backend: Scripted, gateway: Rest) -> None:
        body = b'{"messages": [{"id": "1", "from": "a@c.us", "odd": [NaN, -Infinity, 1e999, 1.5], "timestamp": NaN}]}'
        backend.answers["GET /messages"] = (200, body)
        assert messages(gateway)[0].fields == {"odd": [None, None, None, 1.5]}

    @pytest.mark.parametrize("moment", [-5, 0, 1e300, 10**30, True])
    def test_a_time_that_is_none_counts_as_now(self, backend: Scripted, clock: HandClock, moment: float) -> None:
        backend.answers["GET /messages"] = (200, {"messages": [{"id": "1", "from": ANA, "timestamp": moment}]})
        (message,) = messages(Rest(backend.endpoint, clock=clock))
        assert message.at == clock.now

    def test_what_is_malformed_is_reported_once_by_id_without_its_text(
        self, backend: Scripted, gateway: Rest, caplog: pytest.LogCaptureFixture
    ) -> None:
        bad = [{"id": "no-sender", "body": "secret"}, {"from": ANA, "body": "secret"}, "secret", None]
        backend.answers["GET /messages"] = (200, {"messages": [*bad, {"id": "good", "from": ANA, "body": "secret"}]})
        with caplog.at_level(logging.DEBUG, "signoff"):
            assert [message.id for message in messages(gateway)] == ["good"]
            gateway.events(0.0)
        assert len(caplog.records) == 1
        assert "no-sender" in caplog.text
        assert "secret" not in caplog.text

    @pytest.mark.parametrize("answer", [(500, {}), (200, b"nonsense"), (200, {"messages": "none"}), None])
    def test_messages_that_cannot_be_read_now_are_not_lost(
        self, backend: Scripted, gateway: Rest, answer: tuple[int, Any] | None
    ) -> None:
        backend.answers["GET /messages"] = answer
        assert messages(gateway) == []
        backend.answers["GET /messages"] = (200, payload("messages"))
        assert len(messages(gateway)) == 3

    def test_an_acknowledgement_that_fails_brings_the_message_again(self, backend: Scripted, gateway: Rest) -> None:
        backend.answers["GET /messages"] = (200, payload("messages"))
        found = messages(gateway)
        backend.answers["POST /messages/3A0000000000000000A1/processed"] = (500, {})
        backend.answers[f"POST /messages/{found[1].id}/processed"] = None
        gateway.acknowledge(found)
        assert messages(gateway) == found

    def test_processed_messages_are_deleted_from_time_to_time(self, backend: Scripted, gateway: Rest) -> None:
        one = Incoming("one", ANA, ANA, "", 0)
        backend.answers["POST /messages/one/processed"] = (200, {"success": True, "messageId": "one"})
        backend.answers["DELETE /messages/processed"] = (200, {"success": True, "remainingMessages": 0})
        for _ in range(CLEAN_AFTER * 2):
            gateway.acknowledge([one])
        assert backend.asked.count("DELETE /messages/processed") == 2

    def test_a_message_that_the_backend_dropped_meanwhile_needs_no_mark(self, backend: Scripted, gateway: Rest) -> None:
        gateway.acknowledge([Incoming("gone", ANA, ANA, "", 0), Incoming("also-gone", ANA, ANA, "", 0)])
        assert [asked for asked in backend.asked if asked.startswith("POST")] == [
            "POST /messages/gone/processed",
            "POST /messages/also-gone/processed",
        ]

    def test_a_session_that_is_neither_ready_nor_waiting_for_a_scan_is_connecting(
        self, backend: Scripted, gateway: Rest
    ) -> None:
        backend.answers["GET /status"] = (200, {"isReady": False, "hasQR": False, "qrCode": None})
        assert states(gateway) == ["connecting"]

    def test_a_ready_session_needs_no_scan_whatever_old_code_is_there(self, backend: Scripted, gateway: Rest) -> None:
        backend.answers["GET /status"] = (200, {"isReady": True, "hasQR": True, "qrCode": "old"})
        assert states(gateway) == ["ready"]

    def test_a_short_outage_that_nobody_was_told_of_is_no_change(self, backend: Scripted, gateway: Rest) -> None:
        gateway.acknowledge(gateway.events(0.0))
        backend.answers["GET /status"] = None
        assert states(gateway) == ["unreachable"]
        del backend.answers["GET /status"]
        assert states(gateway) == []

    def test_after_closing_nothing_is_asked(self, backend: Scripted, gateway: Rest) -> None:
        gateway.close()
        assert list(gateway.events(5.0)) == []
        assert isinstance(gateway.send(outgoing()), Refused)
        assert gateway.account() is None
        assert backend.asked == []

    @pytest.mark.parametrize("endpoint", ["", "localhost:3000", "ftp://localhost", "http://", "http://a b:x"])
    def test_an_endpoint_that_is_no_address_is_refused_with_its_name(self, endpoint: str) -> None:
        with pytest.raises(GatewayError, match="api_endpoint"):
            open_gateway("rest", api_endpoint=endpoint)

    def test_a_password_in_the_endpoint_is_never_shown(self, nowhere: str) -> None:
        gateway = Rest(nowhere.replace("http://", "http://user:geheim@"))
        (change,) = gateway.events(0.0)
        assert isinstance(change, SessionChange)
        assert "geheim" not in change.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def some(*keys: str) -> st.SearchStrategy[Any]:
    """A hostile object that has some of these keys."""
    return st.fixed_dictionaries({}, optional={key: JSON | st.just(ANA) for key in keys}) | JSON


MESSAGE = some("id", "from", "fromName", "body", "timestamp", "isGroup", "type", "hasMedia", "processed")
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 301, 400, 404, 418, 500, 503])


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(STATUSES, some("isReady", "hasQR", "qrCode") | st.just(READY)),
    st.tuples(STATUSES, st.fixed_dictionaries({"messages": st.lists(MESSAGE, max_size=3)}) | JSON),
    st.tuples(STATUSES, some("number", "name", "platform")),
    st.tuples(STATUSES, some("success", "messageId", "error") | st.binary(max_size=20)),
)
def test_no_answer_whatever_breaks_it(shared: Scripted, status: Any, found: Any, info: Any, sent: Any) -> None:
    shared.answers = {"GET /status": status, "GET /messages": found, "GET /info": info, "POST /send": sent}
    gateway = Rest(shared.endpoint, timeout=5.0)
    events = gateway.events(0.0)
    for event in events:
        if isinstance(event, Incoming):
            json.dumps(event.fields, allow_nan=False)
    gateway.acknowledge(events)
    account = gateway.account()
    assert account is None or "".join((account.number, account.name, account.platform)).isprintable()
    outcome = gateway.send(outgoing())
    accepted = sent[0] in (200, 201) and isinstance(sent[1], dict) and sent[1].get("success") is True
    assert isinstance(outcome, Accepted) <= accepted
    if isinstance(outcome, Unknown):
        assert outcome.reason.isprintable()


@pytest.fixture(scope="module")
def shared() -> Iterator[Scripted]:
    with scripted() as script:
        yield script


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"messages": ' + b"[" * 100_000, b'{"a": ' + b"9" * 10_000 + b"}"])
def test_json_made_to_hurt_is_no_json(backend: Scripted, gateway: Rest, body: bytes) -> None:
    backend.answers |= dict.fromkeys(["GET /messages", "GET /info", "POST /send"], (200, body))
    assert messages(gateway) == []
    assert gateway.account() is None
    assert isinstance(gateway.send(outgoing()), Unknown)


def test_importing_the_gateways_brings_no_http_client() -> None:
    code = (
        "import signoff.gateway, signoff.gateway.rest, signoff.gateway.simulator, sys\n"
        "assert not {'httpx2', 'http.server', 'ssl'} & sys.modules.keys(), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
