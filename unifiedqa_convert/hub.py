"""The Hugging Face hub, for datasets and models: pinned, bounded in time, raising a UqaError.

Of a dataset, only data files (Parquet or JSON) of a pinned commit are fetched, by huggingface_hub:
no loading script, no remote code, no branch that may move.
"""

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import urlsplit

from unifiedqa_convert.errors import OutputError, SourceError, UnreachableError, UqaError
from unifiedqa_convert.schema import ModelRepo, Source, Split

if TYPE_CHECKING:
    from httpx2 import Request, Response
    from huggingface_hub import DatasetInfo, HfFileMetadata
HUB_PATIENCE = 10
"""Seconds to wait for a hub that does not answer."""
HUB_TROUBLE = 60
"""Maximum seconds without progress while the hub answers, but sends no more of the file."""
PASSING = (408, 429, 500, 502, 503, 504)
"""The statuses after which huggingface_hub tries again."""
DATA = (".parquet", ".json", ".jsonl", ".json.gz", ".jsonl.gz")
_CLIENT_SETTINGS = {
    # hf_xet downloads in a runtime of its own, where nothing can bound it.
    "HF_HUB_DISABLE_XET": True,
    # Telemetry asks the hub for a user agent first: 3 s more if the hub does not answer.
    "HF_HUB_DISABLE_TELEMETRY": True,
    # If a transfer breaks off, a part smaller than this is discarded: it is no progress.
    "DOWNLOAD_CHUNK_SIZE": 2**20,
}
_CLIENT_LOG = logging.getLogger("huggingface_hub")
_ONE_THREAD = threading.RLock()


class HubDown(UnreachableError):
    """The hub does not answer: requests for other files would fail too, after the same wait."""


class Gone(UnreachableError):
    """The hub has no such commit or file."""


def as_uqa_error(error: Exception, what: str, source: Source | ModelRepo) -> UqaError:
    """The UqaError for an exception of huggingface_hub: what is wrong and what to do next."""
    from huggingface_hub import constants, errors

    if isinstance(error, errors.LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return as_uqa_error(error.__cause__, what, source)
    if isinstance(error, errors.HfHubHTTPError):
        return _refused(error, what, source)
    if isinstance(error, errors.FileMetadataError):
        return HubDown(f"{what}: {_line(error)}")
    if not isinstance(error, OSError):
        host = urlsplit(constants.ENDPOINT).hostname
        return HubDown(
            f"{what}: {host} does not answer or breaks off the transfer: {_line(error)}; try again "
            "later, or " + by_hand(source)
        )
    if error.errno is not None:
        return storage(error)
    return SourceError(
        f"{what} sent other bytes than announced, which were discarded ({_line(error)}); "
        "try again, or run `uqa sources --check`"
    )


def _refused(error: Any, what: str, source: Source | ModelRepo) -> UqaError:
    """The error for an HTTP status: no access, not found, or the hub's own failure."""
    from huggingface_hub import constants, errors

    status = error.response.status_code
    kind = "datasets/" if isinstance(source, Source) else ""
    page = f"{constants.ENDPOINT}/{kind}{source.hub}"
    instead = by_hand(source)
    if isinstance(error, errors.GatedRepoError):
        return UnreachableError(
            f"{what} is gated (HTTP {status}): accept its terms at {page}, then `hf auth login`, "
            f"or {instead}"
        )
    if isinstance(error, errors.RevisionNotFoundError | errors.RemoteEntryNotFoundError):
        lacks = "file" if isinstance(error, errors.RemoteEntryNotFoundError) else "commit"
        again = "run `uqa sources --check`, pin another with `uqa sources --pin`"
        step = again if isinstance(source, Source) else f"see {page}"
        gone = f"the hub has no such {lacks} any more (HTTP {status})"
        return Gone(f"{what}: {gone}; {step}, or {instead}")
    if status in (401, 403, 404):
        why = {401: "absent, or private", 403: "forbidden", 404: "absent"}[status]
        return UnreachableError(
            f"{what} is {why} (HTTP {status}): see {page}; if you have access, `hf auth "
            f"login`; or {instead}"
        )
    return UnreachableError(f"{what}: HTTP {status}; try again later, or {instead}")


def storage(error: OSError) -> OutputError:
    """The error for a cache folder that can't be read or written."""
    from huggingface_hub import constants

    return OutputError(
        f"the hub's cache {constants.HF_HUB_CACHE}: {error.strerror or error}; free disk space, or "
        "set HF_HOME to another folder"
    )


def by_hand(source: Source | ModelRepo) -> str:
    """What to do without the hub, as the end of an error's sentence."""
    if isinstance(source, ModelRepo):
        return "copy the model's files to this machine and give their folder: ./FOLDER"
    return source.ask or f"download the rows from {source.homepage} and give them with --raw"


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class Pin(NamedTuple):
    """One file of one commit of a dataset repository."""

    hub: str
    file: str
    revision: str

    def __str__(self) -> str:
        return f"hub {self.hub}@{self.revision[:8]}"


def cached(pin: Pin) -> Path | None:
    """The file in huggingface_hub's cache, unverified; no network."""
    from huggingface_hub import try_to_load_from_cache

    try:
        found = try_to_load_from_cache(
            pin.hub, pin.file, revision=pin.revision, repo_type="dataset"
        )
    except OSError as error:
        raise storage(error) from error
    return Path(found) if isinstance(found, str) else None


def fetch_file(pin: Pin, source: Source, pinned: Split) -> Path:
    """Download the file into huggingface_hub's cache, if the hub announces what is pinned."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    url = hf_hub_url(pin.hub, pin.file, repo_type="dataset", revision=pin.revision)
    with hub_requests(str(pin), source):
        # First without repetition: a hub that does not answer is given up at once.
        try:
            announced = get_hf_file_metadata(url, timeout=HUB_PATIENCE)
        except HfHubHTTPError as error:
            if error.response.status_code not in PASSING:
                raise
            time.sleep(_retry_after(error.response))
            announced = get_hf_file_metadata(url, timeout=HUB_PATIENCE, retry_on_errors=True)
        _refuse_change(pin, pinned, announced)
        path = hf_hub_download(
            pin.hub,
            pin.file,
            repo_type="dataset",
            revision=pin.revision,
            etag_timeout=HUB_PATIENCE,
        )
    return Path(path)


def _refuse_change(pin: Pin, pinned: Split, announced: "HfFileMetadata") -> None:
    """SourceError if the hub announces another file than the pinned one; before any download."""
    if announced.commit_hash is None:
        raise HubDown(
            f"{pin}: the answer is not from a hub; if the network has a login page, log in; if "
            "HF_ENDPOINT is set, correct it"
        )
    found: tuple[Any, ...] = ()
    if announced.commit_hash != pin.revision:
        found = ("a changed revision: commit", announced.commit_hash, pin.revision)
    elif pinned.bytes is not None and announced.size not in (None, pinned.bytes):
        found = ("bytes", announced.size, pinned.bytes)
    elif pinned.sha256 and len(announced.etag or "") == 64 and announced.etag != pinned.sha256:
        found = ("sha256", announced.etag, pinned.sha256)
    if found:
        what, now, then = found
        raise SourceError(
            f"{pin} {pin.file}: {what} {now} is offered, but {then} is pinned; nothing was "
            "downloaded; report it to the repository's owner, and give the rows with --raw"
        )


def describe(source: Source, revision: str | None) -> "DatasetInfo":
    """The repository's files at a commit, or at its main branch."""
    from huggingface_hub import HfApi

    hub = str(source.hub)
    with hub_requests(f"hub {hub}", source):
        return HfApi().dataset_info(
            hub, revision=revision, files_metadata=True, timeout=HUB_PATIENCE
        )


@contextmanager
def hub_requests(what: str, source: Source | ModelRepo) -> Iterator[None]:
    """Around calls of huggingface_hub: bounded in time, and what they raise becomes a UqaError.

    One thread at a time, since huggingface_hub has one HTTP session and one set of constants.
    """
    from huggingface_hub import constants, get_session, is_offline_mode
    from huggingface_hub.errors import HfHubHTTPError

    if is_offline_mode():
        raise HubDown(f"{what}: HF_HUB_OFFLINE is set; unset it, or {by_hand(source)}")
    with _ONE_THREAD:
        deadline = _Deadline(what, source)
        session = get_session()
        hooks, level = session.event_hooks, _CLIENT_LOG.level
        settings = {name: getattr(constants, name) for name in _CLIENT_SETTINGS}
        session.event_hooks = {
            "request": [*hooks["request"], deadline.check],
            "response": [*hooks["response"], deadline.check_wait],
        }
        vars(constants).update(_CLIENT_SETTINGS)
        # It logs a warning for each repetition (118 lines in a minute); our one error is enough.
        if level == logging.WARNING:
            _CLIENT_LOG.setLevel(logging.ERROR)
        try:
            yield
        # Its bases: what the client's HTTP library raises (httpx2 today), and OSError.
        except cast(tuple[type[Exception], ...], HfHubHTTPError.__bases__) as error:
            raise as_uqa_error(error, what, source) from error
        finally:
            session.event_hooks = hooks
            vars(constants).update(settings)
            _CLIENT_LOG.setLevel(level)


class _Deadline:
    """Hooks that end a download after ``HUB_TROUBLE`` seconds in which nothing more arrived.

    huggingface_hub's own timeouts bound a single request. These hooks bound what they don't
    (huggingface_hub 2.4): it sleeps through any Retry-After, whatever its length, and it resumes a
    body that breaks off as long as some of it comes, which never ends where a server ignores Range.
    """

    def __init__(self, what: str, source: Source | ModelRepo) -> None:
        self.what = what
        self.source = source
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
                + by_hand(self.source)
            )

    def check_wait(self, response: "Response") -> None:
        """After a response: UnreachableError if the hub wants a longer wait than the deadline."""
        self.status = response.status_code
        if self.status in PASSING and (wait := _retry_after(response)) > HUB_TROUBLE:
            raise UnreachableError(
                f"{self.what}: HTTP {self.status}, retry after {wait:.0f} s; run the command again "
                f"then, or {by_hand(self.source)}"
            )


def _retry_after(response: "Response") -> float:
    """Seconds to wait, by Retry-After (a number or a date) or by the hub's own RateLimit."""
    reset = re.search(r";\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)", response.headers.get("RateLimit", ""))
    wait = float(reset[1]) if reset else 0.0
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return max(wait, float(value))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return wait
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(wait, (until - datetime.now(UTC)).total_seconds())


def is_commit(revision: str | None) -> bool:
    """True for a commit's full hash; a branch or tag may move."""
    return revision is not None and re.fullmatch(r"[0-9a-f]{40}", revision) is not None


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Hide transformers' progress bars, one for each file of weights that it reads."""
    from transformers.utils import logging as transformers_logging

    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]  # as above
