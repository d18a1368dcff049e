"""The Hugging Face hub, for datasets and models: its files at a commit, verified before a download.

Of a dataset, only data files of a pinned commit are fetched: no loading script, no remote code, no
branch that may move.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.schema import PinnedFile

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo, HfFileMetadata
from unifiedqa_convert.transfers import (
    HUB_PATIENCE,
    Home,
    HubDown,
    documents,
    download,
    hub_requests,
    patiently,
    progress_bar,
    storage,
)


def endpoint() -> str:
    """The hub's address; HF_ENDPOINT names another."""
    from huggingface_hub import constants

    return constants.ENDPOINT


def model_home(hub: str) -> Home:
    """A repository of models."""
    instead = "copy the model's files to this machine and give their folder: ./FOLDER"
    return Home(f"{endpoint()}/{hub}", instead)


class Pin(NamedTuple):
    """One file of one commit of a dataset repository."""

    host: Literal["hub", "github"]
    repository: str
    commit: str
    file: PinnedFile

    def __str__(self) -> str:
        return f"{self.host} {self.repository}@{self.commit[:8]}"


def cached(pin: Pin) -> Path | None:
    """The file in huggingface_hub's cache, unverified; no network."""
    from huggingface_hub import try_to_load_from_cache

    try:
        found = try_to_load_from_cache(
            pin.repository, pin.file.path, revision=pin.commit, repo_type="dataset"
        )
    except OSError as error:
        raise storage(error) from error
    return Path(found) if isinstance(found, str) else None


def fetch_file(pin: Pin, home: Home) -> Path:
    """Download the file into huggingface_hub's cache, if the hub announces what is pinned."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.file_download import repo_folder_name
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # public

    url = hf_hub_url(pin.repository, pin.file.path, repo_type="dataset", revision=pin.commit)
    with hub_requests(str(pin), home):
        announced = patiently(
            lambda again: get_hf_file_metadata(url, timeout=HUB_PATIENCE, retry_on_errors=again)
        )
        _refuse_change(pin, announced)
        size = announced.size if pin.file.bytes is None else pin.file.bytes
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", announced.etag or ""):
            # hf_hub_download begins a killed download again (since 1.0); it takes what lies here.
            folder = repo_folder_name(repo_id=pin.repository, repo_type="dataset")
            blob = Path(constants.HF_HUB_CACHE, folder, "blobs", str(announced.etag))
            own_host = urlsplit(announced.location).netloc == urlsplit(url).netloc
            headers = build_hf_headers() if own_host else {}  # another host gets no token
            download(announced.location, blob, size, headers)
        path = hf_hub_download(
            pin.repository,
            pin.file.path,
            repo_type="dataset",
            revision=pin.commit,
            etag_timeout=HUB_PATIENCE,
            tqdm_class=progress_bar(size),
        )
    return Path(path)


def _refuse_change(pin: Pin, announced: "HfFileMetadata") -> None:
    """SourceError if the hub announces another file than the pinned one; before any download."""
    if announced.commit_hash is None:
        raise _not_a_hub(str(pin))
    found: tuple[Any, ...] = ()
    if announced.commit_hash != pin.commit:
        found = ("a changed revision: commit", announced.commit_hash, pin.commit)
    elif pin.file.bytes is not None and announced.size not in (None, pin.file.bytes):
        found = ("bytes", announced.size, pin.file.bytes)
    elif pin.file.sha256 and len(announced.etag or "") == 64 and announced.etag != pin.file.sha256:
        found = ("sha256", announced.etag, pin.file.sha256)
    if found:
        raise other_file(str(pin), pin.file.path, *found)


def other_file(what: str, path: str, value: str, now: object, then: object) -> SourceError:
    """The error for a file that is offered with another value than the expected one."""
    return SourceError(
        f"{what} {path}: {value} {now} is offered, but {then} is pinned; nothing was "
        "downloaded; report it to the repository's owner, and give the rows with --raw"
    )


def _not_a_hub(what: str) -> HubDown:
    return HubDown(
        f"{what}: the answer is not from a hub; if the network has a login page, log in; if "
        "HF_ENDPOINT is set, correct it"
    )


def describe(hub: str, revision: str | None, home: Home) -> "DatasetInfo":
    """The repository's files at a commit or branch; None: at its main branch."""
    from huggingface_hub import HfApi

    at = f"@{revision[:8] if is_commit(revision) else revision}" if revision else ""
    with hub_answers(f"hub {hub}{at}", home):
        return HfApi().dataset_info(
            hub, revision=revision, files_metadata=True, timeout=HUB_PATIENCE
        )


@contextmanager
def hub_answers(what: str, home: Home) -> Iterator[None]:
    """Around calls of the hub's API: as ``hub_requests``, and HubDown for another's answer."""
    from huggingface_hub.errors import HFValidationError

    with hub_requests(what, home), documents():
        try:
            yield
        except HFValidationError:  # a name that no repository can have: nothing was asked
            raise
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise _not_a_hub(what) from error


def is_commit(revision: str | None) -> bool:
    """True for a commit's full hash; a branch or tag may move."""
    return revision is not None and re.fullmatch(r"[0-9a-f]{40}", revision) is not None
