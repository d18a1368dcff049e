"""Checkpoints on this machine: where they are, and which may be read.

    sentences.sqlite                    sentences that models have made (sentence_cache.py)
    models/OWNER--NAME/COMMIT/          fetched.json, and weights converted from a pickle
    ct2/NAME-DIGEST-DTYPE/              a checkpoint converted for CTranslate2

all in the cache folder (``storage.cache_folder``). Nothing here uses the network or reads a pickle:
a checkpoint without safetensors is refused.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from unifiedqa_convert.documents import read_as
from unifiedqa_convert.errors import ModelError, UsageError
from unifiedqa_convert.pretrained import check_model_folder
from unifiedqa_convert.storage import cache_folder, sha256_of

FETCHED = "fetched.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
TOKENIZERS = (
    *("tokenizer.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model"),
    "vocab.json",
)
_DIGESTED = (".safetensors", ".json", ".model", ".txt")


class _File(BaseModel):
    name: str
    bytes: int


class _Note(BaseModel):
    """``fetched.json``, as far as it is read."""

    folder: Path
    files: list[_File]


class Checkpoint(NamedTuple):
    """A model on this machine whose weights are safe to read."""

    name: str
    """OWNER/NAME, or the folder's name."""
    revision: str
    """The hub's commit, or a digest of the folder's files."""
    folder: Path
    hub: str | None
    config: dict[str, Any]

    @property
    def short(self) -> str:
        """The name in a sentence's ``via``: without a slash, which separates parts of a count."""
        return self.name.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """The configuration's model type, such as ``t5``."""
        return str(self.config.get("model_type"))


def sentences_file() -> Path:
    """The file of the sentence cache."""
    return cache_folder() / "sentences.sqlite"


def hub_folder(hub: str) -> Path:
    """The folder with the fetched commits of a hub repository."""
    return cache_folder() / "models" / hub.replace("/", "--")


def folder_of(name: str) -> Path:
    """The folder that a path of :func:`storage.is_path` names; UsageError for ~USER of no user."""
    try:
        return Path(name.removeprefix("path:")).expanduser().resolve()
    except RuntimeError:
        raise UsageError(f"{name}: there is no such user here: write the path out") from None


def at_path(name: str) -> Checkpoint:
    """The checkpoint in a folder; raises ModelError if it can't be used."""
    folder = folder_of(name)
    config = _config(folder)
    _refuse_unsafe(folder, f"uqa model fetch {name}")
    return Checkpoint(folder.name, _digest(folder), folder, None, config)


def fetched_model(hub: str, revision: str | None) -> Checkpoint:
    """The checkpoint that `uqa model fetch` downloaded; nothing is downloaded here."""
    if revision is not None and not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise UsageError(
            f"--revision {revision} is not a commit of 40 hex digits, and a branch may move; `uqa "
            f"model fetch {hub} --revision {revision}` prints the commit to give here"
        )
    commits = {path.parent.name: path for path in sorted(hub_folder(hub).glob(f"*/{FETCHED}"))}
    wanted = [revision] if revision else list(commits)
    if not wanted or wanted[0] not in commits:
        named = f"{hub} at {revision}" if revision else hub
        option = f" --revision {revision}" if revision else ""
        raise ModelError(f"{named} is not on this machine; fetch it: uqa model fetch {hub}{option}")
    if len(wanted) > 1:
        raise UsageError(
            f"{hub} was fetched at several commits; choose one: --revision {' or '.join(wanted)}"
        )
    try:
        note = read_as(_Note, commits[wanted[0]])
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{commits[wanted[0]]} can't be read, fetch it again: uqa model fetch {hub}: {error}"
        ) from error
    folder = note.folder
    for file in note.files:
        path = folder / file.name
        if not path.is_file() or path.stat().st_size != file.bytes:
            raise ModelError(f"{path} is missing or changed; fetch it again: uqa model fetch {hub}")
    config = _config(folder)
    _refuse_unsafe(folder, f"uqa model fetch {hub}")
    return Checkpoint(hub, wanted[0], folder, hub, config)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder} has no config.json: give the folder of a checkpoint")
    check_model_folder(folder)
    return dict(json.loads(path.read_bytes()))


def _refuse_unsafe(folder: Path, instead: str) -> None:
    """Raise ModelError if reading the checkpoint would run code or can't work."""
    if not any((folder / name).is_file() for name in WEIGHTS):
        if any((folder / name).is_file() for name in PICKLES):
            raise ModelError(
                f"{folder} has a pickle, and reading a pickle can run any code; convert it once, "
                f"in a separate process: {instead}"
            )
        raise ModelError(f"{folder} has no {' or '.join(WEIGHTS)}")
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise ModelError(f"{folder} has no tokenizer, none of {', '.join(TOKENIZERS)}")


def _digest(folder: Path) -> str:
    """One digest of all files that loading reads: a changed weight is another revision."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _DIGESTED and path.is_file():
            total.update(f"{path.name} {sha256_of(path)}\n".encode())
    return f"sha256:{total.hexdigest()}"
