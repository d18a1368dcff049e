"""Where models and what is made of them lie on this machine, and which weights may be read.

    sentences.sqlite                    what models have said already (cache.py)
    models/OWNER--NAME/COMMIT/          fetched.json, and weights where they had to be converted
    ct2/NAME-DIGEST-DTYPE/              a checkpoint as CTranslate2 wants it

all in the cache folder (``storage.cache_folder``). Nothing here uses the network, and nothing here
unpickles: a checkpoint is safetensors or it is refused.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.errors import ModelError, UsageError
from unifiedqa_convert.storage import cache_folder, sha256_of

PATHS = ("./", "../", "/", "path:")
FETCHED = "fetched.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
TOKENIZERS = ("tokenizer.json", "spiece.model", "sentencepiece.bpe.model", "vocab.json")
_READ = (".safetensors", ".json", ".model", ".txt")


class Checkpoint(NamedTuple):
    """A model on this machine whose weights are safe to read."""

    name: str
    """OWNER/NAME, or the folder's own name."""
    revision: str
    """The hub's commit, or a digest of the folder's files."""
    folder: Path
    hub: str | None
    config: dict[str, Any]

    @property
    def short(self) -> str:
        """What a sentence's ``via`` says: no slash, as counts are paths."""
        return self.name.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """The configuration's model type: ``t5`` …"""
        return str(self.config.get("model_type"))


def sentences_file() -> Path:
    """The file of sentences."""
    return cache_folder() / "sentences.sqlite"


def hub_folder(hub: str) -> Path:
    """The folder of a hub repository's commits."""
    return cache_folder() / "models" / hub.replace("/", "--")


def is_path(name: str) -> bool:
    """Whether a name is written as a path: a bare name is never a folder."""
    return name.startswith(PATHS)


def at_path(name: str) -> Checkpoint:
    """The checkpoint in a folder; ModelError says what is wrong with it."""
    folder = Path(name.removeprefix("path:")).expanduser().resolve()
    config = _config(folder)
    _refuse(folder, config, f"uqa model fetch {name}")
    return Checkpoint(folder.name, _digest(folder), folder, None, config)


def fetched_model(hub: str, revision: str | None) -> Checkpoint:
    """The commit of a hub repository that `uqa model fetch` brought; nothing is downloaded here."""
    if revision is not None and not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise UsageError(
            f"--revision {revision}: a branch may move; `uqa model fetch {hub} --revision "
            f"{revision}` tells its commit, 40 hex digits, which goes here"
        )
    here = {path.parent.name: path for path in sorted(hub_folder(hub).glob(f"*/{FETCHED}"))}
    wanted = [revision] if revision else list(here)
    if not wanted or wanted[0] not in here:
        named = f"{hub} at {revision}" if revision else hub
        option = f" --revision {revision}" if revision else ""
        raise ModelError(f"{named} is not on this machine: uqa model fetch {hub}{option}")
    if len(wanted) > 1:
        raise UsageError(f"{hub} is here at several commits; --revision {' or '.join(wanted)}")
    note = json.loads(here[wanted[0]].read_bytes())
    folder = Path(note["folder"])
    for file in note["files"]:
        path = folder / file["name"]
        if not path.is_file() or path.stat().st_size != file["bytes"]:
            raise ModelError(f"{path} is gone or changed: uqa model fetch {hub}")
    config = _config(folder)
    _refuse(folder, config, f"uqa model fetch {hub}")
    return Checkpoint(hub, wanted[0], folder, hub, config)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder} holds no config.json: name a checkpoint's folder")
    try:
        return dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path} is not a model's configuration: {error}") from error


def _refuse(folder: Path, config: dict[str, Any], instead: str) -> None:
    """Raise ModelError where reading the checkpoint would run code, or can't work."""
    settings = folder / "tokenizer_config.json"
    tokenizer = json.loads(settings.read_bytes()) if settings.is_file() else {}
    if "auto_map" in config or "auto_map" in tokenizer:
        raise ModelError(f"{folder} wants to run code of its own (auto_map), which is refused")
    if not any((folder / name).is_file() for name in WEIGHTS):
        if any((folder / name).is_file() for name in PICKLES):
            raise ModelError(
                f"{folder} holds a pickle, and reading a pickle can run any code; convert it once, "
                f"in a process of its own: {instead}"
            )
        raise ModelError(f"{folder} holds no {' or '.join(WEIGHTS)}")
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise ModelError(f"{folder} holds no tokenizer: {', '.join(TOKENIZERS)}")


def _digest(folder: Path) -> str:
    """One digest of every file that loading reads; a changed weight is another revision."""
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in _READ and path.is_file():
            total.update(f"{path.name} {sha256_of(path)}\n".encode())
    return f"sha256:{total.hexdigest()}"
