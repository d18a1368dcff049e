"""Requests to the hub and to other hosts: bounded in time, resumed, reported, raising a UqaError.

By huggingface_hub's HTTP client, which repeats what fails; what it does not bound is bounded here.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

from unifiedqa_convert.errors import OutputError, SourceError, UnreachableError, UqaError
from unifiedqa_convert.proxies import check_header, check_proxy, without_unusable_proxies
from unifiedqa_convert.storage import cache_folder

if TYPE_CHECKING:
    from httpx2 import Request, Response


HUB_PATIENCE = 10
"""Seconds to wait for a hub that does not answer."""
HUB_TROUBLE = 60
"""Maximum seconds without progress while the hub answers, but sends no more of the file."""
LARGEST = 2**31
"""Bytes of a file whose size nobody tells."""
DOCUMENT_BYTES = 64 * 2**20
"""Of an answer that is no file: the list of a repository's files, and the like."""
PASSING = (408, 429, 500, 502, 503, 504)
"""The statuses after which huggingface_hub tries again."""
_CLIENT_SETTINGS = {
    # hf_xet downloads in a runtime of its own, where nothing can bound it.
    "HF_HUB_DISABLE_XET": True,
    # Telemetry asks the hub for a user agent first: 3 s more if the hub does not answer.
    "HF_HUB_DISABLE_TELEMETRY": True,
    # If a transfer breaks off, a part smaller than this is discarded: it is no progress.
    "DOWNLOAD_CHUNK_SIZE": 2**20,
}
_CLIENT_LOG = logging.getLogger("huggingface_hub")
T = TypeVar("T")


class Home(NamedTuple):
    """Where something is fetched from, for the errors about it."""

    page: str
    """The address of its page."""
    instead: str
    """What to do without it, as the end of an error's sentence."""
    again: str = ""
    """What to do if the commit or file is gone, where more than a look at the page helps."""


class HubDown(UnreachableError):
    """The hub does not answer: requests for other files would fail too, after the same wait."""


class Gone(UnreachableError):
    """The hub has no such commit or file."""


def as_uqa_error(error: Exception, what: str, home: Home) -> UqaError:
    """The UqaError for an exception of huggingface_hub: what is wrong and what to do next."""
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return as_uqa_error(error.__cause__, what, home)
    if isinstance(error, errors.HfHubHTTPError):
        return _refused(error, what, home)
    if isinstance(error, errors.FileMetadataError):
        return HubDown(f"{what}: {_line(error)}")
    if not isinstance(error, OSError):
        host = urlsplit(home.page).hostname
        return HubDown(
            f"{what}: {host} does not answer or breaks off the transfer: {_line(error)}; try again "
            "later, or " + home.instead
        )
    if error.errno is not None:
        return storage(error)
    return SourceError(
        f"{what} sent other bytes than announced, which were discarded ({_line(error)}); "
        "try again, or run `uqa sources --check`"
    )


def _refused(error: Any, what: str, home: Home) -> UqaError:
    """The error for an HTTP status: no access, not found, or the host's own failure."""
    from huggingface_hub import errors

    status = error.response.status_code
    page, instead = home.page, home.instead
    if isinstance(error, errors.GatedRepoError):
        return UnreachableError(
            f"{what} is gated (HTTP {status}): accept its terms at {page}, then `hf auth login`, "
            f"or {instead}"
        )
    if isinstance(error, errors.RevisionNotFoundError | errors.RemoteEntryNotFoundError):
        lacks = "file" if isinstance(error, errors.RemoteEntryNotFoundError) else "commit"
        gone = f"{urlsplit(page).hostname} has no such {lacks} any more (HTTP {status})"
        return Gone(f"{what}: {gone}; {home.again or f'see {page}'}, or {instead}")
    if error.response.headers.get("X-RateLimit-Remaining") == "0":  # GitHub's
        return UnreachableError(
            f"{what}: HTTP {status}, too many requests within an hour; try again later, or "
            + instead
        )
    if status in (401, 403, 404):
        why = {401: "absent, or private", 403: "forbidden", 404: "absent"}[status]
        kind = Gone if status == 404 else UnreachableError
        login = "if you have access, `hf auth login`; " if what.startswith("hub ") else ""
        return kind(f"{what} is {why} (HTTP {status}): see {page}; {login}or {instead}")
    return UnreachableError(f"{what}: HTTP {status}; try again later, or {instead}")


def storage(error: OSError) -> OutputError:
    """The error for a cache folder that can't be read or written."""
    places = " and ".join(map(str, cache_places()))
    return OutputError(
        f"{error.filename or f'the cache ({places})'}: {error.strerror or error}; free disk space, "
        "or set HF_HOME and UQA_CACHE to other folders"
    )


def cache_places() -> tuple[Path, ...]:
    """The folders into which downloads go."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE), cache_folder()


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def download(
    url: str,
    place: Path,
    size: int | None,
    headers: dict[str, Any],
    differs: Callable[[Path], str | None] = lambda _path: None,
) -> None:
    """Download to ``place``, within ``hub_requests``; what a stopped run left is resumed.

    ``size`` is the announced number of bytes; without it, nothing is resumed. A file of which
    ``differs`` says what is wrong is discarded: SourceError.
    """
    from filelock import FileLock
    from huggingface_hub.file_download import http_get

    part = place.with_name(f"{place.name}.incomplete")
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(place.with_name(f".{place.name}.lock")):
        if place.is_file():
            return
        try:
            with part.open("ab") as file:
                begun = file.tell() if size and file.tell() <= size else 0
                file.truncate(begun)
                http_get(
                    url,
                    file,
                    resume_size=begun,
                    expected_size=size,
                    # Compressed on the way, a part of a body can't be resumed.
                    headers={**headers, "Accept-Encoding": "identity"},
                    tqdm_class=progress_bar(size),
                )
                file.flush()
                os.fsync(file.fileno())
        except BaseException as error:
            if _is_other_body(error) or not part.stat().st_size:
                part.unlink()
            raise
        if found := differs(part):
            part.unlink()
            raise SourceError(f"{url}: {found}; the file was discarded")
        part.replace(place)


def _is_other_body(error: BaseException) -> bool:
    """True if the host has another body than announced: a part of it is of no use."""
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError):
        return error.response.status_code == 416  # it ends before the part does
    return isinstance(error, OSError) and error.errno is None


def patiently(ask: Callable[[bool], T]) -> T:
    """``ask(False)``; only if the host answers that the trouble will pass, ``ask(True)``.

    First without repetition: a host that does not answer is given up at once.
    """
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return ask(False)
    except HfHubHTTPError as error:
        if error.response.status_code not in PASSING:
            raise
        time.sleep(retry_after(error.response))
        return ask(True)


Report = Callable[[int], None]
Begun = Callable[[int | None, int], None]
_REPORT: ContextVar[tuple[Report, Begun] | None] = ContextVar("report", default=None)


@contextmanager
def reported(report: Report, begun: Begun | None = None) -> Iterator[None]:
    """Call ``report`` with each number of bytes that this thread downloads; a negative number:
    so many were discarded.

    ``begun`` is called with the size of each file and the bytes that an earlier run left of it;
    without it, these count as downloaded.
    """
    token = _REPORT.set((report, begun or (lambda _size, there: report(there))))
    try:
        yield
    finally:
        _REPORT.reset(token)


def progress_bar(size: int | None) -> Any:
    """A class that huggingface_hub takes for tqdm's: it draws nothing, reports, and raises OSError
    for a body that does not end at ``size``, which huggingface_hub would store to its end."""
    report, begun = _REPORT.get() or ((lambda _number: None), (lambda _size, _there: None))
    most = LARGEST if size is None else size

    class Bar:
        def __init__(self, *, total: int | None = None, initial: int = 0, **_: object) -> None:
            self.arrived = initial
            begun(total, initial)

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *_: object) -> None: ...

        def update(self, number: int) -> None:
            self.arrived += number
            if self.arrived > most:
                raise OSError(f"more than {most:,} bytes")
            report(number)

    return Bar


@contextmanager
def hub_requests(what: str, home: Home) -> Iterator[None]:
    """Around calls of huggingface_hub: bounded in time, and what they raise becomes a UqaError."""
    from huggingface_hub import is_offline_mode
    from huggingface_hub.errors import HfHubHTTPError

    if is_offline_mode():
        raise HubDown(f"{what}: HF_HUB_OFFLINE is set; unset it, or {home.instead}")
    token = _DEADLINE.set(_Deadline(what, home))
    try:
        with hub_client():
            yield
    # Its bases: what the client's HTTP library raises (httpx2 today), and OSError.
    except cast(tuple[type[Exception], ...], HfHubHTTPError.__bases__) as error:
        raise as_uqa_error(error, what, home) from error
    finally:
        _DEADLINE.reset(token)


@contextmanager
def hub_client() -> Iterator[None]:
    """Around calls of huggingface_hub's client: UsageError if its token or proxy can't be used."""
    from huggingface_hub import get_token

    if (token := get_token()) is not None:
        check_header("the hub's token (HF_TOKEN, or what `hf auth login` stored)", token)
    with _CLIENT.adjusted():
        yield


class _Client:
    """huggingface_hub's one HTTP session and its constants, adjusted while any thread uses them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0

    @contextmanager
    def adjusted(self) -> Iterator[None]:
        with self.lock:
            self.users += 1
            if self.users == 1:
                self._adjust()
        try:
            yield
        finally:
            with self.lock:
                self.users -= 1
                if not self.users:
                    self._restore()

    def _adjust(self) -> None:
        from huggingface_hub import constants, get_session

        with without_unusable_proxies():
            self.session = get_session()
        self.hooks, self.level = self.session.event_hooks, _CLIENT_LOG.level
        self.settings = {name: getattr(constants, name) for name in _CLIENT_SETTINGS}
        self.session.event_hooks = {
            "request": [*self.hooks["request"], _check],
            "response": [*self.hooks["response"], _check_wait],
        }
        vars(constants).update(_CLIENT_SETTINGS)
        # It logs a warning for each repetition (118 lines in a minute); our one error is enough.
        if self.level == logging.WARNING:
            _CLIENT_LOG.setLevel(logging.ERROR)

    def _restore(self) -> None:
        from huggingface_hub import constants

        self.session.event_hooks = self.hooks
        vars(constants).update(self.settings)
        _CLIENT_LOG.setLevel(self.level)


_CLIENT = _Client()


class _Deadline:
    """Hooks that end a download after ``HUB_TROUBLE`` seconds in which nothing more arrived.

    huggingface_hub's own timeouts bound a single request. These hooks bound what they don't
    (huggingface_hub 2.4): it sleeps through any Retry-After, whatever its length, and it resumes a
    body that breaks off as long as some of it comes, which never ends where a server ignores Range.
    """

    def __init__(self, what: str, home: Home) -> None:
        self.what = what
        self.home = home
        self.since = time.monotonic()
        self.furthest = 0
        self.status = 0

    def check(self, request: "Request") -> None:
        """Before a request: UnreachableError if it is too late, unless it resumes further on."""
        start = re.match(r"bytes=(\d+)-", request.headers.get("Range", ""))
        place, now = int(start[1]) if start else 0, time.monotonic()
        if place > self.furthest:
            self.furthest, self.since = place, now
        if now - self.since > HUB_TROUBLE:
            last = f"HTTP {self.status}" if self.status in PASSING else "no complete answer"
            raise UnreachableError(
                f"{self.what}: {last} for {now - self.since:.0f} s; try again later, or "
                + self.home.instead
            )

    def check_wait(self, response: "Response") -> None:
        """After a response: UnreachableError if the hub wants a longer wait than the deadline."""
        self.status = response.status_code
        if self.status in PASSING and (wait := retry_after(response)) > HUB_TROUBLE:
            raise UnreachableError(
                f"{self.what}: HTTP {self.status}, retry after {wait:.0f} s; run the command again "
                f"then, or {self.home.instead}"
            )


_DEADLINE: ContextVar[_Deadline | None] = ContextVar("deadline", default=None)


_DOCUMENTS: ContextVar[bool] = ContextVar("documents", default=False)


@contextmanager
def documents() -> Iterator[None]:
    """Within ``hub_requests``: what is asked for is no file, so HubDown if it is over
    ``DOCUMENT_BYTES``, is compressed (a few bytes would become many) or takes ``HUB_TROUBLE``."""
    token = _DOCUMENTS.set(True)
    try:
        yield
    finally:
        _DOCUMENTS.reset(token)


def _check(request: "Request") -> None:
    check_proxy(str(request.url))
    if deadline := _DEADLINE.get():
        deadline.check(request)
    if _DOCUMENTS.get():
        request.headers["Accept-Encoding"] = "identity"


def _check_wait(response: "Response") -> None:
    if deadline := _DEADLINE.get():
        deadline.check_wait(response)
        if _DOCUMENTS.get():
            response.stream = _bounded(response, deadline)


def _bounded(response: "Response", deadline: _Deadline) -> Any:
    """The response's body, which raises HubDown where it is no document; see ``documents``."""
    from httpx2 import SyncByteStream

    body, until = response.stream, time.monotonic() + HUB_TROUBLE
    encoding = response.headers.get("Content-Encoding", "identity")

    def wrong(why: str) -> HubDown:
        return HubDown(
            f"{deadline.what}: the answer {why}; try again later, or " + deadline.home.instead
        )

    class Document(SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            arrived = 0
            if encoding != "identity":
                raise wrong("is compressed, although that was not asked for")
            for part in cast(SyncByteStream, body):
                arrived += len(part)
                if arrived > DOCUMENT_BYTES:
                    raise wrong(f"has more than {DOCUMENT_BYTES:,} bytes")
                if time.monotonic() > until:
                    raise wrong(f"was not complete after {HUB_TROUBLE} s")
                yield part

        def close(self) -> None:
            cast(SyncByteStream, body).close()

    return Document()


def retry_after(response: "Response") -> float:
    """Seconds to wait, by Retry-After (a number or a date; the longest if there are several) or by
    the hub's own RateLimit; 0 if nothing of that can be understood."""
    reset = re.search(r";\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)", response.headers.get("RateLimit", ""))
    waits = [float(reset[1]) if reset else 0.0]
    for value in map(str.strip, response.headers.get_list("Retry-After")):
        if value.isdecimal():
            waits.append(float(value))
            continue
        with suppress(ValueError, OverflowError):
            until = parsedate_to_datetime(value)
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            waits.append((until - datetime.now(UTC)).total_seconds())
    return max(waits)
