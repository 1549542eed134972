"""The guide's Node backend (whatsapp-web.js behind Express) over HTTP.

Three of its habits decide what this gateway does. It answers 400 to any failure, also after the message went out, so a
400 says nothing unless it names something that comes before sending. It makes an address by keeping the digits and
adding ``@c.us``, so whoever is no plain phone number is not sent to at all. It keeps its newest 100 messages in memory,
so processed ones are deleted to make room. Fields and routes are those that the guide's components use.
"""

from __future__ import annotations

import json
import logging
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event as Signal
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..clock import SECOND, Clock, system_clock
from ..errors import GatewayError
from . import Accepted, Account, Event, Incoming, Outcome, Outgoing, Refused, SessionChange, Unknown

if TYPE_CHECKING:
    import httpx2

_log = logging.getLogger(__name__)

CLEAN_AFTER = 20
"""After how many processed messages the backend is told to drop them; well below the 100 that it keeps."""
LARGEST_ANSWER = 32 << 20
"""The most that is read of one answer, in bytes."""
LONGEST_ID = 128
"""The most signs that an id of a sent message may have; WhatsApp's own have about 60."""

_PHONE = re.compile(r"[0-9]{5,15}(@c\.us|@s\.whatsapp\.net)?")
_NOT_READY = re.compile(r"(the )?(whatsapp )?(web )?(client |session )?(is )?not ready( yet)?\b.{0,80}", re.I)
_MISSING = re.compile(
    r"missing (required )?(field|parameter)s?\b.{0,80}|.{0,20}\b(number|message)\b.{0,20} required\.?", re.I
)
_READ: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "from": str,
    "fromName": str,
    "body": str,
    "timestamp": (int, float),
    "isGroup": bool,
    "type": str,
    "hasMedia": bool,
    "processed": bool,
}


class Rest:
    """The gateway to the guide's backend.

    It connects directly, whatever proxy the environment names: the backend stands on this machine or next to it.

    Args:
        api_endpoint: the address of its API, as the setting of that name.
        timeout: how long to wait for a connection, and for each piece of an answer, in seconds.
        poll_seconds: how often `events` asks while it waits.
        clock: gives the time of what the backend tells no time of.

    Raises:
        GatewayError: ``api_endpoint`` is no http(s) address.
    """

    name = "rest"
    can_lookup = False

    def __init__(
        self,
        api_endpoint: str = "http://localhost:3000/api/whatsapp",
        *,
        timeout: float = 30.0,
        poll_seconds: float = 1.0,
        clock: Clock = system_clock,
    ) -> None:
        self._closed = Signal()
        self._http = _Http(api_endpoint, timeout, self._closed)
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._lock = Lock()
        self._told: tuple[str, str | None] | None = None
        self._untold: SessionChange | None = None
        self._malformed: list[str] = []
        self._processed = CLEAN_AFTER

    def account(self) -> Account | None:
        """The linked account, or None when the backend does not answer or is not ready."""
        try:
            answer = self._http.ask("GET", "/info")
        except _NoAnswerError:
            return None
        info = answer.fields
        if answer.status != 200 or not _is_text(info.get("number")):
            return None
        return Account(*(_shown(_text(info.get(key))) for key in ("number", "name", "platform")))

    def events(self, wait: float) -> Sequence[Event]:
        """Changes of the session and unprocessed messages; asks again until something came or ``wait`` is over."""
        end = time.monotonic() + wait
        while True:
            events = self._poll()
            left = end - time.monotonic()
            if self._closed.is_set():
                return []
            if events or left <= 0:
                return events
            self._closed.wait(min(self._poll_seconds, left))

    def acknowledge(self, events: Sequence[Event]) -> None:
        """Mark messages as processed; from time to time have the backend drop the processed ones."""
        for event in events:
            if isinstance(event, SessionChange):
                with self._lock:
                    self._told = (event.state, event.qr)
        try:
            for event in events:
                if isinstance(event, Incoming):
                    self._mark_processed(event.id)
            self._make_room()
        except _NoAnswerError as error:
            _log.warning("messages could not be marked as processed and will come again: %s", error)

    def send(self, message: Outgoing) -> Outcome:
        """Hand the message over, once, and only after the backend said that it is ready."""
        if not _PHONE.fullmatch(message.chat):
            return Refused(
                f"{message.chat} is no plain phone number, and this backend can send to nothing else: "
                "it would keep the digits and write to a stranger"
            )
        if not message.text:
            return Refused("there is no text to send")
        session = self._session()
        if session.state != "ready":
            return Refused(session.reason or f"the backend is not ready ({session.state})", passing=True)
        try:
            answer = self._http.ask("POST", "/send", {"number": message.chat, "message": message.text})
        except _NotReachedError as error:
            return Refused(str(error), passing=True)
        except _NoAnswerError as error:
            return Unknown(str(error))
        return _outcome(answer, message.text)

    def lookup(self, message: Outgoing) -> Outcome:  # noqa: ARG002  the protocol's signature
        """Always `Unknown`: the backend has no route that could tell."""
        return Unknown("this backend cannot look a message up")

    def typing(self, chat: str) -> None:
        """Does nothing: the backend has no route for it."""

    def mark_read(self, chat: str) -> None:
        """Does nothing: the backend has no route for it."""

    def close(self) -> None:
        """End every wait; whatever is asked from now on is not sent. No connection is kept that would need closing."""
        self._closed.set()

    def _poll(self) -> list[Event]:
        session = self._session()
        events: list[Event] = list(self._changes(session))
        if session.state != "unreachable":
            events += self._messages()
        return events

    def _session(self) -> SessionChange:
        now = self._clock()
        try:
            answer = self._http.ask("GET", "/status")
        except _NoAnswerError as error:
            return SessionChange("unreachable", now, str(error))
        status = answer.fields
        if answer.status != 200 or not isinstance(status.get("isReady"), bool):
            return SessionChange("unreachable", now, f"GET /status answered {answer.status} without isReady")
        if status["isReady"]:
            return SessionChange("ready", now)
        if status.get("hasQR") is True:
            code = status.get("qrCode")
            return SessionChange("qr", now, qr=code if _is_text(code) else None)
        return SessionChange("connecting", now)

    def _changes(self, session: SessionChange) -> list[SessionChange]:
        """The session's state where it is not the one that was acknowledged last."""
        with self._lock:
            present = (session.state, session.qr)
            if present == self._told:
                self._untold = None
                return []
            if self._untold is None or (self._untold.state, self._untold.qr) != present:
                self._untold = session
            return [self._untold]

    def _messages(self) -> list[Incoming]:
        try:
            answer = self._http.ask("GET", "/messages?unprocessed=true")
        except _NoAnswerError as error:
            _log.warning("the backend's messages could not be read: %s", error)
            return []
        found = answer.fields.get("messages")
        if answer.status != 200 or not isinstance(found, list):
            _log.warning("the backend's messages could not be read: it answered %d without a list", answer.status)
            return []
        now = self._clock()
        read = [(raw, _incoming(raw, now)) for raw in found if not _is_processed(raw)]
        self._report([_name(raw) for raw, message in read if message is None])
        return [message for _, message in read if message is not None]

    def _report(self, malformed: list[str]) -> None:
        if malformed and malformed != self._malformed:
            _log.error(
                "%d messages of the backend have no id or no sender and stay there: %s", len(malformed), malformed[:20]
            )
        self._malformed = malformed

    def _mark_processed(self, message_id: str) -> None:
        name = quote(message_id, safe="", errors="surrogatepass").replace(".", "%2E")
        path = f"/messages/{name}/processed"
        answer = self._http.ask("POST", path)
        if answer.status == 200:
            self._processed += 1
        elif answer.status != 404:
            _log.warning("message %r was not marked as processed: the backend answered %d", message_id, answer.status)

    def _make_room(self) -> None:
        if self._processed >= CLEAN_AFTER and self._http.ask("DELETE", "/messages/processed").status == 200:
            self._processed = 0


class _NoAnswerError(Exception):
    """No whole answer came."""


class _NotReachedError(_NoAnswerError):
    """No connection came about, so nothing left."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    fields: Mapping[str, Any]
    """The JSON object of the answer; empty when it was none."""


class _Http:
    """One request, one answer. Every request has a connection of its own: on one that was kept, a server that closes it
    at that moment leaves it open whether the request was taken."""

    def __init__(self, endpoint: str, timeout: float, closed: Signal) -> None:
        import httpx2

        self._closed = closed
        self._endpoint = endpoint.rstrip("/")
        try:
            url = httpx2.URL(self._endpoint)
        except (httpx2.InvalidURL, TypeError) as error:
            raise GatewayError(f"api_endpoint {endpoint!r} is no address: {error}") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise GatewayError(f"api_endpoint {endpoint!r} must begin with http:// or https:// and name a host")
        self._place = f"{url.scheme}://{url.netloc.decode()}{url.path}"
        self._timeout = timeout
        self._client = httpx2.Client(
            timeout=timeout, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0)
        )

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> _Answer:
        """Raises `_NotReachedError` where nothing left, else `_NoAnswerError` where it is open what happened."""
        import httpx2

        if self._closed.is_set():
            raise _NotReachedError("the gateway was closed")
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        content = None if body is None else json.dumps(body).encode()
        try:
            with self._client.stream(method, self._endpoint + path, content=content, headers=headers) as response:
                return _Answer(response.status_code, _fields(self._read(response)))
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise _NotReachedError(f"{self._place} does not answer ({type(error).__name__})") from error
        except Exception as error:  # whatever it was, the request may have left
            raise _NoAnswerError(f"{self._place} broke off ({type(error).__name__})") from error

    def _read(self, response: httpx2.Response) -> bytes:
        end = time.monotonic() + self._timeout
        data = bytearray()
        for piece in response.iter_raw():
            data += piece
            if len(data) > LARGEST_ANSWER or time.monotonic() > end:
                raise TimeoutError("the answer does not end")
        return bytes(data)


def _fields(data: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(data, parse_constant=lambda _: None, parse_float=_finite)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _outcome(answer: _Answer, text: str) -> Outcome:
    if 200 <= answer.status < 300 and answer.fields.get("success") is True:
        message_id = _text(answer.fields.get("messageId"))
        return Accepted(message_id if 0 < len(message_id) <= LONGEST_ID and message_id.isprintable() else None)
    error = _text(answer.fields.get("error"))
    if answer.status == 400 and _NOT_READY.fullmatch(error):
        return Refused("the backend is not ready", passing=True)
    if answer.status == 400 and _MISSING.fullmatch(error):
        return Refused("the backend misses a field")
    cause = "" if text[:20] in error else _shown(error[:120])
    return Unknown(f"the backend answered {answer.status}{': ' * bool(cause)}{cause}")


def _incoming(raw: object, now: int) -> Incoming | None:
    """The message, or None when it has no id or no sender. A field of the wrong type is kept beside, as it came."""
    if not isinstance(raw, dict) or not _is_text(raw.get("id")) or not _is_text(raw.get("from")):
        return None
    read = {key: raw[key] for key, kind in _READ.items() if isinstance(raw.get(key), kind)}
    chat = read["from"]
    return Incoming(
        id=read["id"],
        chat=chat,
        sender=chat,
        text=read.get("body", ""),
        at=_moment(read.get("timestamp"), now),
        name=read.get("fromName") or None,
        kind=read.get("type") or "chat",
        is_group=read.get("isGroup", False) or chat.endswith("@g.us"),
        has_media=read.get("hasMedia", False),
        fields={key: value for key, value in raw.items() if key not in read and value is not None},
    )


def _moment(seconds: float | None, now: int) -> int:
    if seconds is None or isinstance(seconds, bool) or not 0 < seconds < 1e11:
        return now
    return int(seconds * SECOND)


def _is_processed(raw: object) -> bool:
    return isinstance(raw, dict) and raw.get("processed") is True


def _name(raw: object) -> str:
    return repr(raw.get("id"))[:80] if isinstance(raw, dict) else type(raw).__name__


def _shown(text: str) -> str:
    """The text as one line that can be shown and stored anywhere."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
