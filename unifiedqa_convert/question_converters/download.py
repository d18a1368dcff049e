"""A model from the hub → safetensors on this machine: what it will cost, the download, the proof.

    uqa model fetch                     # the question converter that Vera's authors used
    uqa model fetch OWNER/NAME --plan   # say what it would cost, and fetch nothing

From the hub come weights, configuration and tokenizer of one commit, through huggingface_hub and
into its cache. Where a repository holds safetensors, or a preset names the branch that does, that
is what comes; else its pickle is converted once, in a process of its own (declare/unpickle.py).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.filesize import decimal

from unifiedqa_convert.errors import ModelError, OutputError, SourceError
from unifiedqa_convert.hub import HUB_PATIENCE, asking, is_commit
from unifiedqa_convert.question_converters import local_models
from unifiedqa_convert.question_converters import unpickle as unpickling
from unifiedqa_convert.question_converters.prompts import PRESETS, hub_id
from unifiedqa_convert.schema import ModelRepo
from unifiedqa_convert.storage import fsync, sha256_of, write_json

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

BESIDE = (
    *local_models.TOKENIZERS,
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
)


class File(NamedTuple):
    """A file of the repository."""

    name: str
    bytes: int
    sha256: str | None
    """Of large files, as the hub announces it."""


class DownloadPlan(NamedTuple):
    """What will be fetched, and what that takes."""

    hub: str
    requested: str
    """The branch or commit of the request; ``revision`` is its commit."""
    revision: str
    files: tuple[File, ...]
    pickle: bool

    @property
    def download(self) -> int:
        """Bytes."""
        return sum(file.bytes for file in self.files)

    @property
    def weights(self) -> int:
        """Bytes of the weights alone."""
        return sum(f.bytes for f in self.files if f.name.endswith((".safetensors", ".bin")))


def plan_download(name: str, revision: str | None) -> DownloadPlan:
    """Ask the hub what there is; SourceError where it holds no weights that we can use."""
    hub = hub_id(name)
    preset = PRESETS.get(hub)
    requested = revision or (preset.safetensors if preset else None) or "main"
    info = _describe(hub, requested)
    if not is_commit(info.sha):
        raise SourceError(f"hub {hub}: {info.sha!r} is no commit")
    there = {
        file.rfilename: File(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else None)
        for file in info.siblings or ()
    }
    weights, pickle = _weights(there), False
    if not weights:
        weights, pickle = _pickles(there), True
    if not weights:
        raise SourceError(
            f"hub {hub} at {requested} holds neither safetensors nor a PyTorch pickle"
        )
    beside = [there[one] for one in BESIDE if one in there]
    return DownloadPlan(hub, requested, str(info.sha), (*weights, *beside), pickle)


def fetch_model(planned: DownloadPlan) -> local_models.Checkpoint:
    """Bring it here, prove it, convert what is a pickle; returns what can now be used.

    OutputError where it does not fit on the disk; SourceError where the bytes are not those that
    the hub announced.
    """
    _refuse_full_disk(planned)
    snapshot = _download(planned)
    home = local_models.hub_folder(planned.hub) / planned.revision
    home.mkdir(parents=True, exist_ok=True)
    folder = _converted(snapshot, home) if planned.pickle else snapshot
    files = [
        {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.iterdir())
        if path.name in BESIDE or path.name.startswith("model")
    ]
    note = {"hub": planned.hub, "requested": planned.requested, "revision": planned.revision}
    made = "converted from a pickle" if planned.pickle else "safetensors"
    write_json(
        home / local_models.FETCHED,
        {**note, "weights": made, "folder": str(folder), "files": files},
    )
    return local_models.fetched_model(planned.hub, planned.revision)


def convert_folder(name: str) -> local_models.Checkpoint:
    """A folder with a pickle → safetensors beside it, made once in a process of its own."""
    folder = Path(name.removeprefix("path:")).expanduser().resolve()
    if not any((folder / one).is_file() for one in local_models.WEIGHTS):
        if not any((folder / one).is_file() for one in local_models.PICKLES):
            raise ModelError(f"{folder} holds no weights to convert")
        _unpickle(folder, folder)
    return local_models.at_path(name)


def costs(planned: DownloadPlan) -> dict[str, Any]:
    """The plan as plain data: sizes in bytes, this machine's disk and memory beside them."""
    from huggingface_hub import constants

    weights = planned.weights
    return {
        "hub": planned.hub,
        "requested": planned.requested,
        "revision": planned.revision,
        "weights": "pickle, to be converted once" if planned.pickle else "safetensors",
        "files": [file._asdict() for file in planned.files],
        "download": planned.download,
        "disk": {
            "needed": planned.download + (weights if planned.pickle else 0),
            "free": _free(Path(constants.HF_HUB_CACHE)),
            "folder": str(constants.HF_HUB_CACHE),
        },
        "memory": {"as stored": weights, "available": _available_memory()},
    }


def _describe(hub: str, revision: str) -> "ModelInfo":
    from huggingface_hub import HfApi

    with asking(f"hub {hub} at {revision}", ModelRepo(hub)):
        return HfApi().model_info(hub, revision=revision, files_metadata=True, timeout=HUB_PATIENCE)


def _weights(there: dict[str, File]) -> list[File]:
    """The safetensors of one model: a single file, or an index and its parts."""
    if "model.safetensors" in there:
        return [there["model.safetensors"]]
    parts = [f for name, f in sorted(there.items()) if _is_part(name, "model-", ".safetensors")]
    index = there.get("model.safetensors.index.json")
    return [*parts, index] if index and parts else []


def _pickles(there: dict[str, File]) -> list[File]:
    if "pytorch_model.bin" in there:
        return [there["pytorch_model.bin"]]
    parts = [f for name, f in sorted(there.items()) if _is_part(name, "pytorch_model-", ".bin")]
    index = there.get("pytorch_model.bin.index.json")
    return [*parts, index] if index and parts else []


def _is_part(name: str, start: str, end: str) -> bool:
    return name.startswith(start) and name.endswith(end) and "/" not in name


def _download(planned: DownloadPlan) -> Path:
    from huggingface_hub import hf_hub_download

    found: list[Path] = []
    with asking(f"hub {planned.hub}@{planned.revision[:8]}", ModelRepo(planned.hub)):
        for file in planned.files:
            brought = hf_hub_download(
                planned.hub, file.name, revision=planned.revision, etag_timeout=HUB_PATIENCE
            )
            found.append(Path(brought))
    for file, path in zip(planned.files, found, strict=True):
        _verify(file, path)
    return found[0].parent


def _verify(file: File, path: Path) -> None:
    """The client compares no hashes; what is wrong is taken out of its cache, blob and link."""
    wrong = None
    if path.stat().st_size != file.bytes:
        wrong = f"{path.stat().st_size} bytes, but the hub announced {file.bytes}"
    elif file.sha256 is not None and (found := sha256_of(path)) != file.sha256:
        wrong = f"sha256 {found}, but the hub announced {file.sha256}"
    if wrong is not None:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise SourceError(f"{file.name}: {wrong}; it was removed, try again")


def _converted(snapshot: Path, home: Path) -> Path:
    """``home`` with safetensors made of the snapshot's pickle, and the files beside it."""
    for path in snapshot.iterdir():
        if path.name in BESIDE:
            shutil.copyfile(path, home / path.name)
    if not any((home / name).is_file() for name in local_models.WEIGHTS):
        _unpickle(snapshot, home)
    return home


def _unpickle(source: Path, target: Path) -> None:
    """In a process of its own: no code of ours, no token in its environment, tensors only."""
    growing = target / ".growing"
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir()
    done = subprocess.run(
        [sys.executable, "-I", unpickling.__file__, str(source), str(growing)],
        env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shutil.rmtree(growing)
        said = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1]
        raise ModelError(f"{source}: its pickle was not converted, and nothing of it used: {said}")
    for path in sorted(growing.iterdir()):
        fsync(path)
    # The index names the parts: it goes last.
    for path in sorted(growing.iterdir(), key=lambda one: (one.suffix == ".json", one.name)):
        path.replace(target / path.name)
    growing.rmdir()
    fsync(target)


def _refuse_full_disk(planned: DownloadPlan) -> None:
    disk = costs(planned)["disk"]
    if disk["needed"] > disk["free"]:
        raise OutputError(
            f"{planned.hub} needs {decimal(disk['needed'])} and {disk['folder']} has "
            f"{decimal(disk['free'])} free: make room, or set HF_HOME to another folder"
        )


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _available_memory() -> int | None:
    """Bytes that a new process can have; None where the system does not say."""
    table = Path("/proc/meminfo")
    if not table.is_file():
        return None
    lines = dict(line.split(":", 1) for line in table.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024
