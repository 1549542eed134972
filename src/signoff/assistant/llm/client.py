"""One question to a model over HTTP: within a time limit, at a measured pace, tried again where that may help."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

if TYPE_CHECKING:
    from .config import Config

T = TypeVar("T")

LARGEST_ANSWER = 1 << 20
"""The most that is read of one answer, in bytes."""
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0
_PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 529}  # 529: Anthropic is overloaded
_NO_CREDIT = {"insufficient_quota", "credit_balance_exhausted", "enforced_spend_limit_reached"}  # comes as a 429
_MEANINGS = {
    400: "it refused the request",
    401: "it does not accept the API key",
    402: "the account has no credit",
    403: "it does not allow this to the API key",
    404: "it knows no such model or route",
    413: "the prompt is too long for it",
    429: "it is asked too often",
    529: "it is overloaded",
}
_KIND = re.compile(r"[a-z_]{3,40}")


class Failed(Exception):
    """The model gave nothing that can be used. Says why; never holds a text of a message or a key.

    Args:
        why: for people.
        passing: whether asking again may help.
        after: how many seconds to wait before, where the server said so.
    """

    def __init__(self, why: str, *, passing: bool = False, after: float | None = None) -> None:
        super().__init__(why)
        self.passing = passing
        self.after = after


class Client:
    """Asks one endpoint. May be used by several threads.

    Redirects are not followed: what is asked, and the key, goes to the endpoint that was set and nowhere else.

    Args:
        config: the endpoint and the limits.
        headers: go with every request; they hold the key.
        monotonic, wait, chance: see `signoff.assistant.llm.Llm`.
    """

    def __init__(
        self,
        config: Config,
        headers: Mapping[str, str],
        *,
        monotonic: Callable[[], float],
        wait: Callable[[float], object],
        chance: Callable[[], float],
    ) -> None:
        self._config = config
        self._monotonic = monotonic
        self._wait = wait
        self._chance = chance
        self._pace = _Pace(config.requests_per_minute)
        self._http = httpx2.Client(
            headers={**headers, "Accept": "application/json", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=not config.is_local,
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def ask(self, route: str, body: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]) -> T:
        """What ``read`` makes of the answer.

        Raises:
            Failed: there is none, after all tries and within the time limit; the last failure.
        """
        content = json.dumps(body, ensure_ascii=False).encode()
        end = self._monotonic() + self._config.timeout_seconds
        tries = 0
        while True:
            try:
                self._keep_pace(end)
                return read(self._post(route, content, end))
            except Failed as failed:
                if not failed.passing or tries == self._config.max_retries:
                    raise
                self._rest(failed, tries, end)
            tries += 1

    def _keep_pace(self, end: float) -> None:
        now = self._monotonic()
        due = self._pace.reserve(now, end)
        if due is None:
            raise Failed(f"{self._config.host} is asked often enough for now")
        if due > now:
            self._wait(due - now)

    def _rest(self, failed: Failed, tries: int, end: float) -> None:
        """Wait before the next try; gives up where that would take longer than there is time."""
        seconds = min(_FIRST_WAIT * 2**tries, _LONGEST_WAIT) * (0.5 + self._chance() / 2)
        if failed.after is not None:
            seconds += failed.after
        if self._monotonic() + seconds >= end:
            raise failed
        self._wait(seconds)

    def _post(self, route: str, content: bytes, end: float) -> Mapping[str, Any]:
        left = end - self._monotonic()
        if left <= 0:
            raise self._too_slow()
        where = self._config.endpoint + route
        headers = {"Content-Type": "application/json"}
        try:
            with self._http.stream("POST", where, content=content, headers=headers, timeout=left) as response:
                if response.status_code != 200:
                    raise self._refusal(response, end)
                return _object(self._read(response, end))
        except httpx2.TimeoutException:
            raise self._too_slow() from None
        except httpx2.ConnectError:
            raise Failed(f"{self._config.host} cannot be reached", passing=True) from None
        except httpx2.HTTPError as error:
            raise Failed(f"{self._config.host} broke off ({type(error).__name__})", passing=True) from None

    def _read(self, response: httpx2.Response, end: float) -> bytes:
        data = bytearray()
        for piece in response.iter_raw():
            data += piece
            if len(data) > LARGEST_ANSWER:
                raise Failed(f"the answer of {self._config.host} is over {LARGEST_ANSWER:,} bytes")
            if self._monotonic() > end:
                raise self._too_slow()
        return bytes(data)

    def _refusal(self, response: httpx2.Response, end: float) -> Failed:
        status, host = response.status_code, self._config.host
        if 300 <= status < 400:
            return Failed(
                f"{host} redirects ({status}), which is not followed: set llm_config.endpoint to where it leads"
            )
        kind = _kind(self._read(response, end))
        told = ", ".join(filter(None, (_MEANINGS.get(status, "it failed"), kind)))
        after = _retry_after(response.headers)
        if after is not None:
            self._pace.hold(self._monotonic() + after)
        passing = status in _PASSING and kind not in _NO_CREDIT
        return Failed(f"{host} answered {status} ({told})", passing=passing, after=after)

    def _too_slow(self) -> Failed:
        return Failed(f"no answer of {self._config.host} within {self._config.timeout_seconds:g} s")


class _Pace:
    """At most so many requests in any minute, and none before a moment that the server has named."""

    def __init__(self, per_minute: int) -> None:
        self._starts: deque[float] = deque(maxlen=per_minute)
        self._held_until = 0.0
        self._lock = threading.Lock()

    def reserve(self, now: float, end: float) -> float | None:
        """When the next request may start; None when that is not before ``end``."""
        with self._lock:
            full = len(self._starts) == self._starts.maxlen
            due = max(now, self._held_until, self._starts[0] + 60 if full else now)
            if due >= end:
                return None
            self._starts.append(due)
            return due

    def hold(self, until: float) -> None:
        """Start none before."""
        with self._lock:
            self._held_until = max(self._held_until, until)


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Failed("the answer is no JSON object: is this the right endpoint?", passing=True)
    return found


def _kind(data: bytes) -> str | None:
    """The provider's own name for an error, where it is a name; its sentences may quote what was asked."""
    try:
        error = json.loads(data)["error"]
        kind = error.get("code") or error.get("type")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    return kind if isinstance(kind, str) and _KIND.fullmatch(kind) else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server wants to be left alone: a number, or a date that is measured by the server's own clock
    (RFC 9110, 10.2.3)."""
    told = headers.get("retry-after", "")
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", told):
        return float(told)
    try:
        gap = parsedate_to_datetime(told) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, gap.total_seconds())
