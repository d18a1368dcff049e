"""A question converter that runs elsewhere: the client of `uqa serve`.

It is known by the name, version and facts that the service tells, so an output's manifest, and all
of its bytes, are those of a local run. It waits while the service is full, restarts or is away.
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
from unifiedqa_convert.question_converters.base import Ask, Sentence

KEY_FILE = "UQA_API_KEY_FILE"

_PATIENCE = 600.0
"""Seconds that one request is tried for: a large model's service may need that long to restart."""
_FIRST_PATIENCE = 10.0
"""The same for the very first request, where a wrong address is likelier than a restart."""
_AT_ONCE = 4
_ITEMS = 64
_BYTES = 256 * 2**10
"""Of one request's texts: well below what a service takes."""


class _Again(Exception):
    """The service can't answer now; ``after`` is what its Retry-After said, in seconds."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class _TooMuch(Exception):
    """The service had no time for so many items together."""


class _Wait(wait_base):
    """As long as the service said, or else longer each time."""

    _otherwise = wait_random_exponential(multiplier=0.2, max=15)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        after = error.after if isinstance(error, _Again) else None
        return float(self._otherwise(retry_state)) if after is None else after


class Remote:
    """The question converter of the service at an address."""

    def __init__(self, address: str, patience: float = _PATIENCE) -> None:
        """Ask the service who it is; UnreachableError or UsageError where there is none."""
        parts = urlsplit(address)
        if parts.username or parts.password or parts.query or not parts.hostname:
            raise UsageError(
                f"--question-converter takes a plain address, http://HOST:PORT; a key goes into a "
                f"file that {KEY_FILE} names"
            )
        self._address = address.rstrip("/")
        self._patience = patience
        self._pause = _Pause()
        self._client = httpx2.Client(headers=_key(), timeout=httpx2.Timeout(60, connect=10))
        found = self._ask("GET", "/v1/models", None, _FIRST_PATIENCE)
        try:
            self._known, limits = dict(found["question_converter"]), found["limits"]
            self.facts: dict[str, str | int | float | bool | None] = dict(self._known)
            self.name = str(self.facts.pop("name"))
            self.version = str(self.facts.pop("version"))
            self._items = min(_ITEMS, int(limits["items"]))
            self._client.timeout = httpx2.Timeout(float(limits["deadline"]) + 30, connect=10)
        except (KeyError, TypeError, ValueError):
            raise UsageError(f"{self._address} is no `uqa serve`: check the address") from None

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order, a few requests at a time."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answered = pool.map(self._declare, list(_requests(asks, self._items)))
            return [sentence for sentences in answered for sentence in sentences]

    def _declare(self, asks: Sequence[Ask]) -> list[Sentence]:
        items = [ask._asdict() for ask in asks]
        try:
            found = self._ask("POST", "/v1/declare", {"items": items}, self._patience)
        except _TooMuch:
            if len(asks) == 1:
                raise QuestionConverterError(
                    f"{self._address} has no time for {asks[0]!r}; raise its --deadline"
                ) from None
            middle = len(asks) // 2
            return [*self._declare(asks[:middle]), *self._declare(asks[middle:])]
        if found.get("question_converter") != self._known:
            raise QuestionConverterError(
                f"{self._address} no longer runs {self._known} but "
                f"{found.get('question_converter')}; one output can't hold both"
            )
        return [_sentence(self._address, *pair) for pair in _pairs(self._address, asks, found)]

    def _ask(self, method: str, path: str, body: Any, patience: float) -> Any:
        """The answer's document, tried until it comes, ``patience`` is over or it is refused."""
        retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            wait=_Wait(),
            stop=stop_after_delay(patience),
            sleep=self._pause.until,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, body)
        except _Again as error:
            raise UnreachableError(
                f"{self._address}: {error}, for {patience:.0f} s; when it is back, the same "
                "command goes on where this one stopped"
            ) from None

    def _once(self, method: str, path: str, body: Any) -> Any:
        self._pause.keep()
        try:
            answer = self._client.request(method, self._address + path, json=body)
        except httpx2.TransportError as error:
            raise _Again(f"no answer ({type(error).__name__})") from None
        status = answer.status_code
        if status in (408, 429, 502, 503):
            raise _Again(f"it answers {status}", _retry_after(answer))
        if status == 504:
            raise _TooMuch
        if status == 401:
            raise UsageError(f"{self._address} wants a key: name its file in {KEY_FILE}")
        if status != 200:
            raise QuestionConverterError(f"{self._address}: {_detail(answer)}")
        try:
            return answer.json()
        except ValueError:
            raise QuestionConverterError(f"{self._address}: its answer is not JSON") from None


class _Pause:
    """Until when all requests hold back: a refusal of one is meant for all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0

    def until(self, seconds: float) -> None:
        """Hold back for so many seconds from now."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)
        self.keep()

    def keep(self) -> None:
        """Wait until nobody need hold back."""
        while (left := self._until - time.monotonic()) > 0:
            time.sleep(left)


def _key() -> dict[str, str]:
    """The header with the first key of the file that the environment names."""
    named = os.environ.get(KEY_FILE)
    if not named:
        return {}
    try:
        lines = [line.strip() for line in Path(named).read_text("ascii").split("\n")]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{KEY_FILE} {named}: {error}") from None
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise UsageError(f"{KEY_FILE} {named} holds no key")
    return {"Authorization": f"Bearer {keys[0]}"}


def _requests(asks: Sequence[Ask], most: int) -> Iterator[list[Ask]]:
    """The asks in order, cut into what one request may hold."""
    part: list[Ask] = []
    size = 0
    for ask in asks:
        longer = len(ask.question.encode()) + len(ask.answer.encode())
        if part and (len(part) == most or size + longer > _BYTES):
            yield part
            part, size = [], 0
        part.append(ask)
        size += longer
    if part:
        yield part


def _pairs(address: str, asks: Sequence[Ask], found: Any) -> list[tuple[Ask, Any]]:
    items = found.get("items")
    if not isinstance(items, list) or len(items) != len(asks):
        raise QuestionConverterError(f"{address}: not one answer for each of {len(asks)} asks")
    return list(zip(asks, items, strict=True))


def _sentence(address: str, ask: Ask, item: Any) -> Sentence:
    """The item's sentence; QuestionConverterError with the service's words where it has none."""
    if isinstance(item, dict) and isinstance(item.get("statement"), str) and item["statement"]:
        return Sentence(item["statement"], str(item.get("via")))
    problem = item.get("problem", {}) if isinstance(item, dict) else {}
    detail = f"{problem.get('title', 'no statement')}: {problem.get('detail', '')}"
    raise QuestionConverterError(f"{address}, for {ask!r}: {detail}")


def _retry_after(answer: httpx2.Response) -> float | None:
    """Seconds; the other form, a date, is not one that our service sends."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def _detail(answer: httpx2.Response) -> str:
    try:
        document = answer.json()
        return f"{answer.status_code} {document['title']}: {document['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"it answers {answer.status_code}"
