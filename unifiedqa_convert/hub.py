"""Files of pinned commits from the Hugging Face hub, through its own client, bounded in time.

From the hub come only data files (parquet or JSON) of a pinned commit, through huggingface_hub.
No loading script, no remote code, no branch name: what nobody has pinned is refused.
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


# What the hub's client raises, as one of our errors: what it means, and what to do next.


class HubDown(UnreachableError):
    """Nobody answers there: asking for the next file would only wait again."""


class Gone(UnreachableError):
    """The hub has no such commit or file."""


def ours(error: Exception, what: str, source: Source | ModelRepo) -> UqaError:
    """The error for what the client raised while it asked for ``what``."""
    from huggingface_hub import constants, errors

    if isinstance(error, errors.LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return ours(error.__cause__, what, source)
    if isinstance(error, errors.HfHubHTTPError):
        return _refused(error, what, source)
    if isinstance(error, errors.FileMetadataError):
        return HubDown(f"{what}: {_line(error)}")
    if not isinstance(error, OSError):
        host = urlsplit(constants.ENDPOINT).hostname
        return HubDown(
            f"{what}: {host} does not answer, or breaks off: {_line(error)}; try again later, or "
            + by_hand(source)
        )
    if error.errno is not None:
        return storage(error)
    return SourceError(
        f"{what} sent other bytes than it announced, and they were thrown away ({_line(error)}); "
        "try again, or see `uqa sources --check`"
    )


def _refused(error: Any, what: str, source: Source | ModelRepo) -> UqaError:
    """An HTTP status: who may not have it, what is not there, or trouble at the hub."""
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
        again = "see `uqa sources --check`, pin it anew with `uqa sources --pin`"
        look = again if isinstance(source, Source) else f"look at {page}"
        gone = f"the hub has no such {lacks} any more (HTTP {status})"
        return Gone(f"{what}: {gone}; {look}, or {instead}")
    if status in (401, 403, 404):
        why = {401: "absent, or private", 403: "forbidden", 404: "absent"}[status]
        return UnreachableError(
            f"{what} is {why} (HTTP {status}): look at {page}; if you may have it, `hf auth "
            f"login`; or {instead}"
        )
    return UnreachableError(f"{what}: HTTP {status}; try again later, or {instead}")


def storage(error: OSError) -> OutputError:
    """The cache, not the hub, is the trouble."""
    from huggingface_hub import constants

    return OutputError(
        f"the hub's cache {constants.HF_HUB_CACHE}: {error.strerror or error}; make room, or set "
        "HF_HOME to another folder"
    )


def by_hand(source: Source | ModelRepo) -> str:
    """What can be done without the hub."""
    if isinstance(source, ModelRepo):
        return "bring the model's files here some other way and name their folder: ./FOLDER"
    return source.ask or f"download the rows from {source.homepage} and give them with --raw"


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


HUB_PATIENCE = 10
"""Seconds to wait for a hub that does not answer."""
HUB_TROUBLE = 60
"""Seconds to go on with a hub that answers, but not with the file."""
PASSING = (408, 429, 500, 502, 503, 504)
"""The statuses after which the client tries again."""
DATA = (".parquet", ".json", ".jsonl", ".json.gz", ".jsonl.gz")
_ALONE = threading.RLock()
_CLIENT_LOG = logging.getLogger("huggingface_hub")


class Pin(NamedTuple):
    """One file of one commit of a dataset repository."""

    hub: str
    file: str
    revision: str

    def __str__(self) -> str:
        return f"hub {self.hub}@{self.revision[:8]}"


def cached(pin: Pin) -> Path | None:
    """The file in the client's cache, unverified; no network."""
    from huggingface_hub import try_to_load_from_cache

    try:
        found = try_to_load_from_cache(
            pin.hub, pin.file, revision=pin.revision, repo_type="dataset"
        )
    except OSError as error:
        raise storage(error) from error
    return Path(found) if isinstance(found, str) else None


def fetch_file(pin: Pin, source: Source, pinned: Split) -> Path:
    """Bring the file into the client's cache; what the hub announces must be what is pinned."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    url = hf_hub_url(pin.hub, pin.file, repo_type="dataset", revision=pin.revision)
    with asking(str(pin), source):
        try:
            announced = get_hf_file_metadata(url, timeout=HUB_PATIENCE)
        except HfHubHTTPError as error:
            if error.response.status_code not in PASSING:
                raise
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
    """Before a byte is fetched, so that nothing wrong gets into the cache."""
    if announced.commit_hash is None:
        raise HubDown(f"{pin}: who answers is no hub (a login page? a wrong HF_ENDPOINT?)")
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
            "fetched; ask who runs that hub, and give the rows with --raw until then"
        )


def describe(source: Source, revision: str | None) -> "DatasetInfo":
    """What the hub says of a repository at a commit, or at its main branch."""
    from huggingface_hub import HfApi

    hub = str(source.hub)
    with asking(f"hub {hub}", source):
        return HfApi().dataset_info(
            hub, revision=revision, files_metadata=True, timeout=HUB_PATIENCE
        )


@contextmanager
def asking(what: str, source: Source | ModelRepo) -> Iterator[None]:
    """The client's own way of asking, bounded in time; what it raises comes out as one of ours.

    One thread at a time: the client is shared by the process.
    """
    from huggingface_hub import constants, get_session, is_offline_mode
    from huggingface_hub.errors import HfHubHTTPError

    if is_offline_mode():
        raise HubDown(f"{what}: HF_HUB_OFFLINE is set; unset it, or {by_hand(source)}")
    with _ALONE:
        patience = _Patience(what, source)
        session = get_session()
        kept = session.event_hooks
        settings = constants.HF_HUB_DISABLE_XET, constants.HF_HUB_DISABLE_TELEMETRY
        session.event_hooks = {
            "request": [*kept["request"], patience.before],
            "response": [*kept["response"], patience.after],
        }
        # hf_xet fetches in a runtime of its own, where nothing can bound it; and before its first
        # request the client asks the hub how to name who is using it: 3 s more of silence.
        constants.HF_HUB_DISABLE_XET = constants.HF_HUB_DISABLE_TELEMETRY = True
        # It warns of each repetition, 118 lines in one minute; what matters is in our one line.
        level = _CLIENT_LOG.level
        if level == logging.WARNING:
            _CLIENT_LOG.setLevel(logging.ERROR)
        try:
            yield
        # Its bases: what the client's HTTP library raises (httpx2 today), and OSError.
        except cast(tuple[type[Exception], ...], HfHubHTTPError.__bases__) as error:
            raise ours(error, what, source) from error
        finally:
            session.event_hooks = kept
            constants.HF_HUB_DISABLE_XET, constants.HF_HUB_DISABLE_TELEMETRY = settings
            _CLIENT_LOG.setLevel(level)


class _Patience:
    """Hooks around the client's requests: they bound its retries and add none.

    What huggingface_hub 2.4 does by itself: it asks again up to five times after PASSING and after
    silence; sleeps through any Retry-After in seconds, whatever its length, but not before the
    first repetition; and goes on with a body that breaks off as long as some of it comes, which
    is for ever where a server ignores Range.
    """

    def __init__(self, what: str, source: Source | ModelRepo) -> None:
        self.what = what
        self.source = source
        self.since = time.monotonic()
        self.not_before = 0.0
        self.furthest = 0
        self.bodies = 0
        self.status = 0

    def before(self, request: "Request") -> None:
        """Wait as long as the hub asked for; refuse to go on without progress."""
        start = re.match(r"bytes=(\d+)-", request.headers.get("Range", ""))
        place, now = int(start[1]) if start else 0, time.monotonic()
        if place > self.furthest:
            self.furthest, self.since, self.bodies = place, now, 0
        wait = max(0.0, self.not_before - now)
        late = now + wait - self.since > HUB_TROUBLE
        body = request.method == "GET" and self.status not in PASSING
        self.bodies += body
        # A body may come slowly: it gets a second try, redirects included, however late it is.
        if late and not (body and self.bodies <= 4):
            last = f"HTTP {self.status}" if self.status in PASSING else "no whole answer"
            raise UnreachableError(
                f"{self.what}: {last} for {now - self.since:.0f} s; try again later, or "
                + by_hand(self.source)
            )
        time.sleep(wait)

    def after(self, response: "Response") -> None:
        """Note what the hub asks for; give up at once if that is too much."""
        self.status = response.status_code
        if self.status not in PASSING:
            return
        wait = _asked_to_wait(response)
        if wait > HUB_TROUBLE:
            raise UnreachableError(
                f"{self.what}: HTTP {self.status}, to be asked again in {wait:.0f} s; run it again "
                f"then, or {by_hand(self.source)}"
            )
        self.not_before = time.monotonic() + wait


def _asked_to_wait(response: "Response") -> float:
    """Seconds, by Retry-After (a number or a date) or by the hub's own RateLimit."""
    reset = re.search(r";\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d+)", response.headers.get("RateLimit", ""))
    wait = float(reset[1]) if reset else 0.0
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return max(wait, float(asked))
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return wait
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(wait, (until - datetime.now(UTC)).total_seconds())


def is_commit(revision: str | None) -> bool:
    """Whether it is a commit's full name; a branch or tag may move."""
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
