"""A published model's files, from a local folder or from the hub."""

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
)

from unifiedqa_convert.errors import ModelError, UnreachableError
from vera_model.folders import is_hub_name

_LIGHT = ("*.json", "spiece.model", "*.safetensors")
_PICKLES = ("*.bin",)


def model_files(source: str, revision: str | None, *, allow_pickle: bool) -> Path:
    """The folder of ``source``: a folder of this machine, or else the hub's ``owner/name``.

    Pickles are downloaded only where there is nothing else and ``allow_pickle``. Raises ModelError
    for what is neither, UnreachableError where the hub doesn't give it.
    """
    if Path(source).is_dir():
        return Path(source)
    if not is_hub_name(source):
        raise ModelError(f"{source} is neither a folder nor owner/name on the hub")
    try:
        folder = Path(snapshot_download(source, revision=revision, allow_patterns=[*_LIGHT]))
        if allow_pickle and not list(folder.glob("*.safetensors")):
            patterns = [*_LIGHT, *_PICKLES]
            folder = Path(snapshot_download(source, revision=revision, allow_patterns=patterns))
    except HFValidationError as error:
        raise ModelError(f"{source} is no name of the hub: {error}") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise UnreachableError(
            f"there is no folder {source} here, and the hub does not give it; `uqa train` and `uqa "
            f"model import` make folders, or download it where there is a network: {error}"
        ) from error
    return folder
