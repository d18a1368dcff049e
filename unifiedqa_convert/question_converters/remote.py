"""The question converter of a `uqa serve` elsewhere: its client.

It has the name, version and facts that the service reports, so an output and its manifest have the
bytes of a local run. It waits while the service is overloaded, restarting or unreachable. What it
is answered is read with a bound and checked: at the address may be another program, or a hostile
one.
"""

import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    ValidationError,
)
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from unifiedqa_convert.errors import QuestionConverterError, UnreachableError, UsageError
from unifiedqa_convert.proxies import check_header, check_proxy, without_unusable_proxies
from unifiedqa_convert.question_converters.base import PATIENCE, Ask, Sentence
from unifiedqa_convert.storage import read_small
from unifiedqa_convert.transfers import retry_after

KEY_FILE = "UQA_API_KEY_FILE"
_KEY_FILE_BYTES = 2**20

_FIRST_RETRY_SECONDS = 10.0
"""How long the first request is retried, when a wrong address is likelier than a restart."""
_FIRST_ANSWER_SECONDS = 30.0
"""Within these the first answer is complete; a later one has the service's own deadline."""
_LONGEST_DEADLINE = 86_400.0
_CONNECT_SECONDS = 10.0
_GRACE_SECONDS = 15.0
"""How much later an answer that still arrives, byte by byte, is given up."""
_LOOK_SECONDS = 1.0
_PARALLEL_REQUESTS = 4
_REQUEST_ITEMS = 64
_REQUEST_BYTES = 256 * 2**10
"""Maximum text of one request: well below the service's limit."""
_ANSWER_BYTES = 8 * 2**20
_STATEMENT_CHARACTERS = 100_000
"""Of one statement: five times what the service takes as a question."""
_TOLD_CHARACTERS = 300
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it has characters that can't be printed")
    return text


def _without_slash(text: str) -> str:
    if "/" in text:
        raise ValueError("it has a slash, which separates the parts of a count")
    return text


_Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]


class _Answer(BaseModel):
    """What the service answers; members that are not known are ignored, as newer ones may come."""

    model_config = ConfigDict(strict=True)


class _Known(_Answer):
    """The service's question converter; the further members are its facts."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Name | int | FiniteFloat | bool | None] = Field(init=False)
    name: _Name
    version: _Name


class _Limits(_Answer):
    items: Annotated[int, Field(ge=1)]
    deadline: Annotated[FiniteFloat, Field(gt=0)]


class _Models(_Answer):
    question_converter: _Known
    limits: _Limits


class _Problem(_Answer):
    title: str
    detail: str

    def __str__(self) -> str:
        return _told(f"{self.title}: {self.detail}")


class _Item(_Answer):
    statement: Annotated[str, Field(max_length=_STATEMENT_CHARACTERS)] | None = None
    via: Annotated[_Name, AfterValidator(_without_slash)] | None = None
    confidence: Annotated[FiniteFloat, Field(ge=0, le=1)] | None = None
    """Services of earlier versions tell none."""
    problem: _Problem | None = None


class _Declared(_Answer):
    question_converter: _Known | None = None
    items: list[_Item]


_Document = TypeVar("_Document", bound=_Answer)


class _RetryLater(Exception):
    """The service can't answer now; ``after`` is how many seconds it asks to wait, if it does."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class _TooManyItems(Exception):
    """The service did not finish the items of one request in time."""


class _Stopped(Exception):
    """The command ends, or another request has failed."""


class Remote:
    """The question converter of the service at an address."""

    def __init__(self, address: str, retry_seconds: float = PATIENCE) -> None:
        """Read the service's name and limits; raises UnreachableError, UsageError, or
        QuestionConverterError if it is another program that answers.

        ``retry_seconds``: how long one request is retried (``--patience``).
        """
        try:
            parts = urlsplit(address)
            usable = parts.hostname and parts.port != 0
        except ValueError:  # a port that is no number
            usable = False
        if not usable or parts.username or parts.password or parts.query:
            raise UsageError(
                "--question-converter takes an address http://HOST:PORT; put an API key into a "
                f"file and its path into {KEY_FILE}"
            )
        if not 0 <= retry_seconds < float("inf"):
            raise UsageError("--patience takes a number of seconds, from 0")
        self._address = address.rstrip("/")
        self._patience = retry_seconds
        self._seconds = _FIRST_ANSWER_SECONDS
        # Compressed, a few bytes would become as many as they like.
        headers = {**_key(), "Accept-Encoding": "identity"}
        check_proxy(self._address)
        with without_unusable_proxies():
            self._client = httpx2.Client(headers=headers)
        [found] = self._in_parallel(self._ask_models, [_FIRST_RETRY_SECONDS])
        self._known = found.question_converter
        self.facts: dict[str, str | int | float | bool | None] = dict(self._known.model_extra or {})
        self.name = self._known.name
        self.version = self._known.version
        self._items = min(_REQUEST_ITEMS, found.limits.items)
        self._seconds = min(found.limits.deadline, _LONGEST_DEADLINE) + 30

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """One sentence per ask, in order; sends a few requests at a time."""
        results = self._in_parallel(self._declare, list(_requests(asks, self._items)))
        return [sentence for sentences in results for sentence in sentences]

    def _in_parallel(
        self, work: Callable[["_Turn", _Part], _Result], parts: Sequence[_Part]
    ) -> list[_Result]:
        """``work`` on each part, a few at a time, in order; ends at once at a signal or an error.

        Daemon threads: an executor's would be waited for at the end, however long they sleep, and
        the first thread, which gets the signals, only waits here.
        """
        todo = deque(enumerate(parts))
        done: SimpleQueue[tuple[int, _Result | BaseException]] = SimpleQueue()
        turn = _Turn()

        def run() -> None:
            while todo:
                try:
                    number, part = todo.popleft()
                except IndexError:  # another thread was faster
                    return
                try:
                    done.put((number, work(turn, part)))
                except BaseException as error:  # noqa: BLE001  # raised below
                    done.put((number, error))

        for _ in range(min(_PARALLEL_REQUESTS, len(parts))):
            threading.Thread(target=run, daemon=True).start()
        results: dict[int, _Result] = {}
        try:
            while len(results) < len(parts):
                try:
                    number, result = done.get(timeout=_LOOK_SECONDS)
                except Empty:
                    self._refuse_slow_answer(turn)
                    continue
                if isinstance(result, BaseException):
                    raise result
                results[number] = result
        finally:
            todo.clear()
            turn.stop()
        return [results[number] for number in range(len(parts))]

    def _refuse_slow_answer(self, turn: "_Turn") -> None:
        """UnreachableError if an answer arrives so slowly that httpx sees no time-out."""
        if turn.longest() > self._seconds + _CONNECT_SECONDS + _GRACE_SECONDS:
            raise UnreachableError(
                f"{self._address}: no complete answer within {turn.longest():.0f} s; check the "
                "address, or run the same command again later"
            )

    def _ask_models(self, turn: "_Turn", seconds: float) -> _Models:
        return self._request(turn, _Models, "/v1/models", None, seconds)

    def _declare(self, turn: "_Turn", asks: Sequence[Ask]) -> list[Sentence]:
        body = {"items": [ask._asdict() for ask in asks]}
        try:
            found = self._request(turn, _Declared, "/v1/declare", body, self._patience)
        except _TooManyItems:
            if len(asks) == 1:
                raise QuestionConverterError(
                    f"{self._address} did not convert {_told(repr(asks[0]))} in time; raise its "
                    "--deadline"
                ) from None
            middle = len(asks) // 2
            return [*self._declare(turn, asks[:middle]), *self._declare(turn, asks[middle:])]
        if found.question_converter != self._known:
            raise QuestionConverterError(
                f"{self._address} no longer runs {_facts(self._known)} but "
                f"{_facts(found.question_converter)}; an output can't mix both, start it again"
            )
        if len(found.items) != len(asks):
            raise QuestionConverterError(
                f"{self._address}: the response does not have {len(asks)} items"
            )
        return [self._sentence(*pair) for pair in zip(asks, found.items, strict=True)]

    def _sentence(self, ask: Ask, item: _Item) -> Sentence:
        """The item's sentence; raises QuestionConverterError with the service's message if none."""
        where = f"{self._address}, for {_told(repr(ask))}"
        if not item.statement or item.via is None:
            raise QuestionConverterError(f"{where}: {item.problem or 'no statement'}")
        # A question may have such characters itself, and a local run keeps them.
        strange = set(_CONTROLS.findall(item.statement)) - set("".join(ask))
        if strange:
            codes = ", ".join(f"U+{ord(it):04X}" for it in sorted(strange))
            raise QuestionConverterError(f"{where}: the statement has control characters: {codes}")
        return Sentence(item.statement, item.via, item.confidence)

    def _request(
        self, turn: "_Turn", kind: type[_Document], path: str, body: Any, seconds: float
    ) -> _Document:
        """The response's document; retried for ``seconds``, or as the service asks."""

        def wait(state: RetryCallState) -> float:
            return max(_backoff(state), _after(state) or 0.0)

        def stop(state: RetryCallState) -> bool:
            after = _after(state)
            most = seconds if after is None else self._patience
            return (state.seconds_since_start or 0.0) + (after or 0.0) >= most

        retrying = Retrying(
            retry=retry_if_exception_type(_RetryLater),
            wait=wait,
            stop=stop,
            sleep=turn.pause_all,
            reraise=True,
        )
        began = time.monotonic()
        try:
            content = retrying(self._once, turn, path, body)
        except _RetryLater as error:
            raise self._unreachable(error, time.monotonic() - began) from None
        try:
            return kind.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            why = f"{where}: " * bool(where) + first["msg"].removeprefix("Value error, ")
            raise QuestionConverterError(
                f"{self._address}{path}: not the answer of a `uqa serve`: {_told(why)}; check the "
                "address"
            ) from None

    def _unreachable(self, error: _RetryLater, waited: float) -> UnreachableError:
        again = "when the service is back, run the same command again"
        if error.after is None:
            return UnreachableError(f"{self._address}: {error}, for {waited:.0f} s; {again}")
        asked = f"the service asks for {error.after:.0f} s" + (
            f" after {waited:.0f} s of waiting" if error.after <= self._patience else ""
        )
        return UnreachableError(
            f"{self._address}: {error}: {asked}, more than --patience {self._patience:g}; {again}"
        )

    def _once(self, turn: "_Turn", path: str, body: Any) -> bytes:
        turn.wait()
        method = "GET" if body is None else "POST"
        timeout = httpx2.Timeout(self._seconds, connect=_CONNECT_SECONDS)
        try:
            with (
                turn.answering(),
                self._client.stream(
                    method, self._address + path, json=body, timeout=timeout
                ) as response,
            ):
                content = self._content(response)
        except httpx2.TransportError as error:
            raise _RetryLater(f"no response ({type(error).__name__})") from None
        except httpx2.InvalidURL as error:
            raise UsageError(f"--question-converter {self._address}: {error}") from None
        status = response.status_code
        if status in (408, 429, 502, 503):
            raise _RetryLater(f"status {status}", retry_after(response) or None)
        if status == 504:
            raise _TooManyItems
        if status == 401:
            raise UsageError(
                f"{self._address} needs an API key: put its file's path into {KEY_FILE}"
            )
        if status != 200:
            raise QuestionConverterError(f"{self._address}: {_refusal(status, content)}")
        return content

    def _content(self, response: httpx2.Response) -> bytes:
        """The body; QuestionConverterError if it is compressed, or over ``_ANSWER_BYTES``."""
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise QuestionConverterError(
                f"{self._address}: the answer is compressed, although that was not asked for; "
                "check the address, or turn compression off in the proxy before it"
            )
        content = bytearray()
        for part in response.iter_raw():
            content += part
            if len(content) > _ANSWER_BYTES:
                raise QuestionConverterError(
                    f"{self._address}: the answer has more than {_ANSWER_BYTES:,} bytes, which no "
                    "`uqa serve` sends; check the address"
                )
        return bytes(content)


class _Turn:
    """Requests that are sent at a time: if the service refuses one of them, all wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._stopped = threading.Event()
        self._began: dict[int, float] = {}

    def pause_all(self, seconds: float) -> None:
        """Pause all requests for this many seconds from now."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)
        self.wait()

    def wait(self) -> None:
        """Return when the pause is over; raises _Stopped if no more requests are to be sent."""
        while not self._stopped.wait(min(threading.TIMEOUT_MAX, self._left())):
            if self._left() <= 0:
                return
        raise _Stopped

    def _left(self) -> float:
        return max(0.0, self._until - time.monotonic())

    def stop(self) -> None:
        """Send no more requests."""
        self._stopped.set()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While this thread waits for an answer; see ``longest``."""
        self._began[threading.get_ident()] = time.monotonic()
        try:
            yield
        finally:
            del self._began[threading.get_ident()]

    def longest(self) -> float:
        """For how many seconds a request has been waiting for its answer."""
        return max((time.monotonic() - began for began in [*self._began.values()]), default=0.0)


_backoff = wait_random_exponential(multiplier=0.2, max=15)


def _after(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    return error.after if isinstance(error, _RetryLater) else None


def _key() -> dict[str, str]:
    """The header with the first key of the file named by UQA_API_KEY_FILE."""
    named = os.environ.get(KEY_FILE)
    if not named:
        return {}
    try:
        content = read_small(Path(named), _KEY_FILE_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{KEY_FILE} {named}: {error}") from None
    lines = [line.strip() for line in content.split("\n")]
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


def _refusal(status: int, content: bytes) -> str:
    try:
        return f"{status} {_Problem.model_validate_json(content)}"
    except ValidationError:
        return f"status {status}"


def _facts(known: _Known | None) -> str:
    return _told(str(known and known.model_dump()))


def _told(text: str) -> str:
    """The text as it may stand in a message: one line, not too long, no control characters."""
    shown = "".join(it if it.isprintable() else repr(it)[1:-1] for it in text[:_TOLD_CHARACTERS])
    cut = shown[:_TOLD_CHARACTERS]
    return cut if len(cut) == len(shown) and len(text) <= _TOLD_CHARACTERS else f"{cut}…"
