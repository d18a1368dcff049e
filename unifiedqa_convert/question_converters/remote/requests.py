"""Requests to a question converter at an address: several at a time, retried, bounded, checked.

The one place for the time-outs, retries and back-pressure of both kinds of program that are asked
(``Manner``). If one request is refused for now, all wait. What is answered is read with a bound: at
the address may be another program, or a hostile one. Redirects are not followed, so that a key is
sent to the given address only.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_random_exponential

from unifiedqa_convert.errors import QuestionConverterError, UnreachableError, UsageError
from unifiedqa_convert.proxies import check_header, check_proxy, without_unusable_proxies
from unifiedqa_convert.storage import read_small
from unifiedqa_convert.transfers import retry_after

_KEY_FILE_BYTES = 2**20
FIRST_RETRY_SECONDS = 10.0
"""How long the first request is retried, when a wrong address is likelier than a restart."""
CONNECT_SECONDS = 10.0
GRACE_SECONDS = 15.0
"""How much later an answer that still arrives, byte by byte, is given up."""
LOOK_SECONDS = 1.0
_ANSWER_BYTES = 8 * 2**20
_TOLD_CHARACTERS = 300
_LEAST_SECRET = 8
"""Characters of a key that is worth hiding: servers without keys are given a word such as EMPTY."""

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


class Document(BaseModel):
    """What is answered; members that are not known are ignored, as newer ones may come."""

    model_config = ConfigDict(strict=True)


_Document = TypeVar("_Document", bound=Document)


class Manner(NamedTuple):
    """How one kind of program is asked."""

    kind: str
    """For the errors: "a `uqa serve`"."""
    parallel: int
    """Requests at a time."""
    passing: frozenset[int]
    """The statuses after which the same request is sent again."""
    documents: int = 1
    """How often a request is sent whose answer has status 200 and is not a whole document."""


class Refused(Exception):
    """A status that no repetition changes, and the body that came with it."""

    def __init__(self, status: int, content: bytes) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.content = content


class _RetryLater(Exception):
    """No answer now; ``after`` is how many seconds the program asks to wait, if it does."""

    def __init__(self, reason: str, after: float | None = None, *, silent: bool = False) -> None:
        super().__init__(reason)
        self.after = after
        self.silent = silent
        """Nothing answered at the address."""


class _NoDocument(Exception):
    """An answer of status 200 that is not what was asked for."""


class _Stopped(Exception):
    """The command ends, or another request has failed."""


class Requests:
    """The requests to one address."""

    def __init__(self, address: str, manner: Manner, patience: float, key: str | None) -> None:
        """Sends nothing; UsageError if the patience is no number or the proxy can't be used.

        ``patience``: seconds for which one request is retried (``--patience``).
        """
        if not 0 <= patience < float("inf"):
            raise UsageError("--patience takes a number of seconds, from 0")
        self.address = address.rstrip("/")
        self.patience = patience
        self.seconds = FIRST_RETRY_SECONDS
        """Within these an answer is complete; the program's own deadline, where it has one."""
        self._manner = manner
        self._key = key if key and len(key) >= _LEAST_SECRET else None
        # Compressed, a few bytes would become as many as they like.
        headers = {"Accept-Encoding": "identity"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        check_proxy(self.address)
        with without_unusable_proxies():
            self._client = httpx2.Client(headers=headers)

    def in_parallel(
        self, work: Callable[["Turn", _Part], _Result], parts: Sequence[_Part]
    ) -> list[_Result]:
        """``work`` on each part, a few at a time, in order; ends at once at a signal or an error.

        Daemon threads: an executor's would be waited for at the end, however long they sleep, and
        the first thread, which gets the signals, only waits here.
        """
        todo = deque(enumerate(parts))
        done: SimpleQueue[tuple[int, _Result | BaseException]] = SimpleQueue()
        turn = Turn()

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

        for _ in range(min(self._manner.parallel, len(parts))):
            threading.Thread(target=run, daemon=True).start()
        results: dict[int, _Result] = {}
        try:
            while len(results) < len(parts):
                try:
                    number, result = done.get(timeout=LOOK_SECONDS)
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

    def _refuse_slow_answer(self, turn: "Turn") -> None:
        """UnreachableError if an answer arrives so slowly that httpx sees no time-out."""
        if turn.longest() > self.seconds + CONNECT_SECONDS + GRACE_SECONDS:
            raise UnreachableError(
                f"{self.address}: no complete answer within {turn.longest():.0f} s; check the "
                "address, or run the same command again later"
            )

    def document(
        self, turn: "Turn", kind: type[_Document], path: str, body: Any, seconds: float
    ) -> _Document:
        """The response's document; retried for ``patience``, or ``seconds`` if nothing answers.

        Raises Refused, UnreachableError, or QuestionConverterError if it is no such document.
        """
        for left in reversed(range(self._manner.documents)):
            content = self._request(turn, path, body, seconds)
            try:
                return _read(kind, content)
            except _NoDocument as error:
                if not left:
                    raise QuestionConverterError(
                        f"{self.address}{path}: not the answer of {self._manner.kind}: {error}; "
                        "check the address"
                    ) from None
            turn.pause_all(LOOK_SECONDS)
        raise AssertionError("Manner.documents is at least 1")

    def _request(self, turn: "Turn", path: str, body: Any, seconds: float) -> bytes:
        def wait(state: RetryCallState) -> float:
            return max(_backoff(state), _after(state) or 0.0)

        def stop(state: RetryCallState) -> bool:
            error, after = _error(state), _after(state)
            most = seconds if error is not None and error.silent else self.patience
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
            return retrying(self._once, turn, path, body)
        except _RetryLater as error:
            raise self._unreachable(error, time.monotonic() - began) from None

    def _unreachable(self, error: _RetryLater, waited: float) -> UnreachableError:
        again = "when the service is back, run the same command again"
        if error.after is None:
            return UnreachableError(f"{self.address}: {error}, for {waited:.0f} s; {again}")
        asked = f"the service asks for {error.after:.0f} s" + (
            f" after {waited:.0f} s of waiting" if error.after <= self.patience else ""
        )
        return UnreachableError(
            f"{self.address}: {error}: {asked}, more than --patience {self.patience:g}; {again}"
        )

    def _once(self, turn: "Turn", path: str, body: Any) -> bytes:
        turn.wait()
        method = "GET" if body is None else "POST"
        timeout = httpx2.Timeout(self.seconds, connect=CONNECT_SECONDS)
        try:
            with (
                turn.answering(),
                self._client.stream(
                    method, self.address + path, json=body, timeout=timeout
                ) as response,
            ):
                content = self._content(response)
        except httpx2.TransportError as error:
            why = f": {told(str(error))}" if str(error) else ""
            raise _RetryLater(f"no response ({type(error).__name__}{why})", silent=True) from None
        except httpx2.InvalidURL as error:
            raise UsageError(f"--question-converter {self.address}: {error}") from None
        status = response.status_code
        if status in self._manner.passing:
            raise _RetryLater(f"status {status}", retry_after(response) or None)
        if status != 200:
            raise Refused(status, content)
        return content

    def _content(self, response: httpx2.Response) -> bytes:
        """The body without the key; QuestionConverterError if it is compressed or too large."""
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise QuestionConverterError(
                f"{self.address}: the answer is compressed, although that was not asked for; "
                "check the address, or turn compression off in the proxy before it"
            )
        content = bytearray()
        for part in response.iter_raw():
            content += part
            if len(content) > _ANSWER_BYTES:
                raise QuestionConverterError(
                    f"{self.address}: the answer has more than {_ANSWER_BYTES:,} bytes, which "
                    f"{self._manner.kind} never sends; check the address"
                )
        if self._key is None:
            return bytes(content)
        # A server may quote the key that it refuses, and errors are shown. JSON may escape its "/".
        for shown in (self._key, self._key.replace("/", r"\/")):
            content = content.replace(shown.encode(), b"[the key]")
        return bytes(content)


class Turn:
    """Requests that are sent at a time: if one of them is refused for now, all wait."""

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


def _error(state: RetryCallState) -> _RetryLater | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, _RetryLater) else None


def _after(state: RetryCallState) -> float | None:
    error = _error(state)
    return error.after if error else None


def _read(kind: type[_Document], content: bytes) -> _Document:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        why = f"{where}: " * bool(where) + first["msg"].removeprefix("Value error, ")
        raise _NoDocument(told(why)) from None


def is_address(address: str) -> bool:
    """True for http(s)://HOST[:PORT][/PATH], without a name, a password, a query or a fragment."""
    try:
        parts = urlsplit(address)
        usable = parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number
        return False
    extra = parts.username or parts.password or parts.query or parts.fragment
    return bool(usable) and not extra


def key_in_file(variable: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The first key of the file named by an environment variable; UsageError if it has none."""
    named = environment.get(variable)
    if not named:
        return None
    try:
        content = read_small(Path(named), _KEY_FILE_BYTES).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{variable} {named}: {error}") from None
    lines = [line.strip() for line in content.split("\n")]
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise UsageError(f"{variable} {named} has no key: write one on a line of its own")
    check_header(f"{variable} {named}: the key", keys[0])
    return keys[0]


def told(text: str) -> str:
    """The text as it may stand in a message: one line, not too long, no control characters."""
    shown = "".join(it if it.isprintable() else repr(it)[1:-1] for it in text[:_TOLD_CHARACTERS])
    cut = shown[:_TOLD_CHARACTERS]
    return cut if len(cut) == len(shown) and len(text) <= _TOLD_CHARACTERS else f"{cut}…"
