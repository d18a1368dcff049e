"""Files of the authors' own repositories on GitHub, at a commit, over https.

``UQA_GITHUB_RAW`` and ``UQA_GITHUB_API`` name mirrors of the two hosts.
"""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

from unifiedqa_convert.errors import SourceError, UqaError, UsageError
from unifiedqa_convert.hub import Pin, other_file
from unifiedqa_convert.schema import PinnedFile
from unifiedqa_convert.storage import cache_folder, sha256_of
from unifiedqa_convert.transfers import (
    HUB_PATIENCE,
    Home,
    HubDown,
    documents,
    download,
    hub_requests,
    patiently,
)

if TYPE_CHECKING:
    from httpx2 import Response

RAW = "UQA_GITHUB_RAW"
API = "UQA_GITHUB_API"
_HOSTS = {RAW: "https://raw.githubusercontent.com", API: "https://api.github.com"}
# Compressed on the way, a body has no length, and a part of it can't be resumed.
_PLAIN = {"Accept-Encoding": "identity"}


def address(pin: Pin) -> str:
    """The file's address."""
    return f"{_host(RAW)}/{pin.repository}/{pin.commit}/{quote(pin.file.path)}"


def cached(pin: Pin) -> Path | None:
    """The file in the cache, if it was fetched; no network."""
    place = _place(pin)
    return place if place.is_file() else None


def fetch_file(pin: Pin, home: Home) -> Path:
    """Download the file into the cache; what a killed download left there is resumed.

    SourceError if the host offers another size than the pinned one, or sends other bytes.
    """
    what = str(pin)
    with hub_requests(what, home):
        announced = _length(address(pin), what, home)
        if pin.file.bytes is not None and announced not in (None, pin.file.bytes):
            raise other_file(what, pin.file.path, "bytes", announced, pin.file.bytes)
        size = pin.file.bytes if announced is None else announced
        download(address(pin), _place(pin), size, {}, lambda path: difference(path, pin.file))
    return _place(pin)


def difference(path: Path, expected: PinnedFile) -> str | None:
    """How the file's bytes differ from what is known of them; None if they don't."""
    size = path.stat().st_size
    if expected.bytes is not None and size != expected.bytes:
        return f"{size} bytes, but {expected.bytes} are pinned"
    if expected.sha256 is not None and (found := sha256_of(path)) != expected.sha256:
        return f"sha256 {found}, but {expected.sha256} is pinned"
    if expected.git_blob is not None and (found := _git_blob(path, size)) != expected.git_blob:
        return f"git blob {found}, but {expected.git_blob} is pinned"
    return None


def _git_blob(path: Path, size: int) -> str:
    """The id under which git stores these bytes."""
    digest = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def files_at(name: str, commit: str, home: Home) -> list[PinnedFile]:
    """Every file of the repository at the commit, with its size and git blob id."""
    what = f"github {name}@{commit[:8]}"
    tree = _ask(f"repos/{name}/git/trees/{commit}?recursive=1", what, home)
    if tree.get("truncated"):
        raise SourceError(
            f"{what}: its list of files is cut off, as it has too many; {home.instead}"
        )
    try:
        # A link's blob holds the other file's name.
        return [
            PinnedFile(str(it["path"]), int(it["size"]), git_blob=str(it["sha"]))
            for it in tree["tree"]
            if it["type"] == "blob" and it.get("mode") != "120000"
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_its(what, home) from error


def newest_commit(name: str, home: Home) -> str:
    """The default branch's commit."""
    return str(_ask(f"repos/{name}/commits/HEAD", f"github {name}", home).get("sha"))


def _ask(path: str, what: str, home: Home) -> dict[str, Any]:
    """The JSON object that GitHub's API answers."""
    with hub_requests(what, home), documents():
        answer = patiently(lambda again: _request("GET", f"{_host(API)}/{path}", again))
        try:
            document = answer.json()
        except (ValueError, RecursionError):
            document = None
    if not isinstance(document, dict):
        raise _not_its(what, home)
    return document


def _not_its(what: str, home: Home) -> UqaError:
    return HubDown(
        f"{what}: the answer is not GitHub's; if the network has a login page, log in; if {RAW} or "
        f"{API} is set, correct it; see {home.page}"
    )


def _length(url: str, what: str, home: Home) -> int | None:
    """The number of bytes that the host announces. HubDown if it announces a page: GitHub sends
    all files as plain text or bytes."""
    headers = patiently(lambda again: _request("HEAD", url, again)).headers
    if headers.get("Content-Type", "").startswith("text/html"):
        raise _not_its(what, home)
    length = headers.get("Content-Length")
    return int(length) if length and length.isdecimal() and len(length) < 20 else None


def _request(method: Literal["GET", "HEAD"], url: str, again: bool) -> "Response":
    """One request; with ``again``, repeated while the host answers that the trouble will pass."""
    from huggingface_hub import get_session
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # public, not in __all__
        http_backoff,
    )

    asked: dict[str, Any] = {"headers": _PLAIN, "timeout": HUB_PATIENCE, "follow_redirects": True}
    if again:
        answer = http_backoff(method, url, **asked)
    else:
        answer = get_session().request(method, url, **asked)
    if not answer.is_success:  # hf_raise_for_status expects the hub's own JSON in the body
        raise HfHubHTTPError(f"HTTP {answer.status_code}", response=answer)
    return answer


def _place(pin: Pin) -> Path:
    return cache_folder() / "github" / pin.repository / pin.commit / pin.file.path


def _host(variable: str) -> str:
    """The host's address, or the mirror's that the variable names."""
    named = os.environ.get(variable) or _HOSTS[variable]
    try:
        parts = urlsplit(named)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{variable}={named} is not an address: write https://HOST/PATH")
    return named.rstrip("/")
