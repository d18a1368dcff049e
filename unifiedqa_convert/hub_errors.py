"""What the hub's client raises, as one of our errors: what it means, and what to do next."""

from typing import Any
from urllib.parse import urlsplit

from unifiedqa_convert.errors import OutputError, SourceError, UnreachableError, UqaError
from unifiedqa_convert.schema import ModelRepo, Source


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
