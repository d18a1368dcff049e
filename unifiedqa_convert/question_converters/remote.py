"""The question converter of a `uqa serve` elsewhere: its client.

It has the name, version and facts that the service reports, so an output and its manifest have the
bytes of a local run. It waits while the service is overloaded, restarting or unreachable.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay
from tenacity.wait import wait_base, wait_random_exponential

from unifiedqa_convert.errors import QuestionConverterError, UnreachableError, UsageError
from unifiedqa_convert.proxies import check_header, check_proxy, without_unusable_proxies
from unifiedqa_convert.question_converters.base import Ask, Sentence

KEY_FILE = "UQA_API_KEY_FILE"

_RETRY_SECONDS = 600.0
"""How long one request is retried: a service with a large model may take that long to restart."""
_FIRST_RETRY_SECONDS = 10.0
"""The same for the first request, when a wrong address is likelier than a restart."""
_PARALLEL_REQUESTS = 4
_REQUEST_ITEMS = 64
_REQUEST_BYTES = 256 * 2**10
"""Maximum text of one request: well below the service's limit."""


class _RetryLater(Exception):
    """The service can't answer now; ``after`` is its Retry-After header, in seconds."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class _TooManyItems(Exception):
    """The service did not finish the items of one request in time."""


class _Wait(wait_base):
    """Wait for the Retry-After time, or a time that grows with each retry."""

    _backoff = wait_random_exponential(multiplier=0.2, max=15)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        after = error.after if isinstance(error, _RetryLater) else None
        return float(self._backoff(retry_state)) if after is None else after


class Remote:
    """The question converter of the service at an address."""

    def __init__(self, address: str, retry_seconds: float = _RETRY_SECONDS) -> None:
        """Read the service's name and limits; raises UnreachableError or UsageError."""
        parts = urlsplit(address)
        if parts.username or parts.password or parts.query or not parts.hostname:
            raise UsageError(
                "--question-converter takes an address http://HOST:PORT; put an API key into a "
                f"file and its path into {KEY_FILE}"
            )
        self._address = address.rstrip("/")
        self._retry_seconds = retry_seconds
        self._pause = _Pause()
        check_proxy(self._address)
        with without_unusable_proxies():
            self._client = httpx2.Client(headers=_key(), timeout=httpx2.Timeout(60, connect=10))
        found = self._request("GET", "/v1/models", None, _FIRST_RETRY_SECONDS)
        try:
            self._known, limits = dict(found["question_converter"]), found["limits"]
            self.facts: dict[str, str | int | float | bool | None] = dict(self._known)
            self.name = str(self.facts.pop("name"))
            self.version = str(self.facts.pop("version"))
            self._items = min(_REQUEST_ITEMS, int(limits["items"]))
            self._client.timeout = httpx2.Timeout(float(limits["deadline"]) + 30, connect=10)
        except (KeyError, TypeError, ValueError):
            raise UsageError(f"{self._address} is not a `uqa serve`: check the address") from None

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order; sends a few requests at a time."""
        with ThreadPoolExecutor(_PARALLEL_REQUESTS) as pool:
            results = pool.map(self._declare, list(_requests(asks, self._items)))
            return [sentence for sentences in results for sentence in sentences]

    def _declare(self, asks: Sequence[Ask]) -> list[Sentence]:
        items = [ask._asdict() for ask in asks]
        try:
            found = self._request("POST", "/v1/declare", {"items": items}, self._retry_seconds)
        except _TooManyItems:
            if len(asks) == 1:
                raise QuestionConverterError(
                    f"{self._address} did not convert {asks[0]!r} in time; raise its --deadline"
                ) from None
            middle = len(asks) // 2
            return [*self._declare(asks[:middle]), *self._declare(asks[middle:])]
        if found.get("question_converter") != self._known:
            raise QuestionConverterError(
                f"{self._address} no longer runs {self._known} but "
                f"{found.get('question_converter')}; an output can't mix both, start it again"
            )
        return [_sentence(self._address, *pair) for pair in _pairs(self._address, asks, found)]

    def _request(self, method: str, path: str, body: Any, retry_seconds: float) -> Any:
        """The response's document; retried for ``retry_seconds`` unless it is refused."""
        retrying = Retrying(
            retry=retry_if_exception_type(_RetryLater),
            wait=_Wait(),
            stop=stop_after_delay(retry_seconds),
            sleep=self._pause.pause_all,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, body)
        except _RetryLater as error:
            raise UnreachableError(
                f"{self._address}: {error}, for {retry_seconds:.0f} s; when the service is back, "
                "run the same command again"
            ) from None

    def _once(self, method: str, path: str, body: Any) -> Any:
        self._pause.wait()
        try:
            response = self._client.request(method, self._address + path, json=body)
        except httpx2.TransportError as error:
            raise _RetryLater(f"no response ({type(error).__name__})") from None
        status = response.status_code
        if status in (408, 429, 502, 503):
            raise _RetryLater(f"status {status}", _retry_after(response))
        if status == 504:
            raise _TooManyItems
        if status == 401:
            raise UsageError(
                f"{self._address} needs an API key: put its file's path into {KEY_FILE}"
            )
        if status != 200:
            raise QuestionConverterError(f"{self._address}: {_detail(response)}")
        try:
            return response.json()
        except ValueError:
            raise QuestionConverterError(f"{self._address}: the response is not JSON") from None


class _Pause:
    """A pause of all requests: if the service refuses one of them, all wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0

    def pause_all(self, seconds: float) -> None:
        """Pause all requests for this many seconds from now."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)
        self.wait()

    def wait(self) -> None:
        """Return when the pause is over."""
        while (left := self._until - time.monotonic()) > 0:
            time.sleep(left)


def _key() -> dict[str, str]:
    """The header with the first key of the file named by UQA_API_KEY_FILE."""
    named = os.environ.get(KEY_FILE)
    if not named:
        return {}
    try:
        lines = [line.strip() for line in Path(named).read_text("ascii").split("\n")]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{KEY_FILE} {named}: {error}") from None
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise UsageError(f"{KEY_FILE} {named} has no key: write one on a line of its own")
    check_header(f"{KEY_FILE} {named}: the key", keys[0])
    return {"Authorization": f"Bearer {keys[0]}"}


def _requests(asks: Sequence[Ask], most: int) -> Iterator[list[Ask]]:
    """The asks in order, split by the limits of one request."""
    part: list[Ask] = []
    size = 0
    for ask in asks:
        longer = len(ask.question.encode()) + len(ask.answer.encode())
        if part and (len(part) == most or size + longer > _REQUEST_BYTES):
            yield part
            part, size = [], 0
        part.append(ask)
        size += longer
    if part:
        yield part


def _pairs(address: str, asks: Sequence[Ask], found: Any) -> list[tuple[Ask, Any]]:
    items = found.get("items")
    if not isinstance(items, list) or len(items) != len(asks):
        raise QuestionConverterError(f"{address}: the response does not have {len(asks)} items")
    return list(zip(asks, items, strict=True))


def _sentence(address: str, ask: Ask, item: Any) -> Sentence:
    """The item's sentence; raises QuestionConverterError with the service's message if none."""
    if isinstance(item, dict) and isinstance(item.get("statement"), str) and item["statement"]:
        return Sentence(item["statement"], str(item.get("via")))
    problem = item.get("problem", {}) if isinstance(item, dict) else {}
    detail = f"{problem.get('title', 'no statement')}: {problem.get('detail', '')}"
    raise QuestionConverterError(f"{address}, for {ask!r}: {detail}")


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds; the header's other form, a date, is not sent by `uqa serve`."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def _detail(response: httpx2.Response) -> str:
    try:
        document = response.json()
        return f"{response.status_code} {document['title']}: {document['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
