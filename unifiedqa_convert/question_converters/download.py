"""A model of the Hugging Face hub → safetensors on this machine: plan, download, verification.

    uqa model fetch                     # the question converter that Vera's authors used
    uqa model fetch OWNER/NAME --plan   # print the sizes, fetch nothing

huggingface_hub downloads weights, configuration and tokenizer of one commit into its cache. If the
repository has safetensors, or a preset names a branch with them, they are used; otherwise the
pickle is converted once, in a separate process (unpickle.py).
"""

import os
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.filesize import decimal

from unifiedqa_convert.errors import ModelError, OutputError, SourceError
from unifiedqa_convert.hub import hub_answers, is_commit, model_home
from unifiedqa_convert.pretrained import check_model_folder
from unifiedqa_convert.question_converters import local_models, unpickle
from unifiedqa_convert.question_converters.prompts import PRESETS, hub_id
from unifiedqa_convert.storage import (
    free_bytes,
    fsync,
    publish_folder,
    sha256_of,
    temporary_folder,
    verify,
    write_json,
)
from unifiedqa_convert.transfers import HUB_PATIENCE, hub_requests

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

SETTINGS = (
    *local_models.TOKENIZERS,
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
)


class File(NamedTuple):
    """A file of the hub repository."""

    name: str
    bytes: int
    sha256: str | None
    """Of large files only, as the hub reports it."""


class DownloadPlan(NamedTuple):
    """The files to download."""

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
        """Bytes of the weights."""
        return sum(f.bytes for f in self.files if f.name.endswith((".safetensors", ".bin")))


def plan_download(name: str, revision: str | None) -> DownloadPlan:
    """Read the repository's files; raises SourceError if it has no weights that can be used."""
    hub = hub_id(name)
    preset = PRESETS.get(hub)
    requested = revision or (preset.safetensors if preset else None) or "main"
    info = _describe(hub, requested)
    if not is_commit(info.sha):
        raise SourceError(f"hub {hub}: {info.sha!r} is not a commit")
    files = {
        file.rfilename: File(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else None)
        for file in info.siblings or ()
    }
    weights, pickle = _weights(files, "model", ".safetensors"), False
    if not weights:
        weights, pickle = _weights(files, "pytorch_model", ".bin"), True
    if not weights:
        raise SourceError(f"hub {hub} at {requested} has neither safetensors nor a PyTorch pickle")
    settings = [files[name] for name in SETTINGS if name in files]
    return DownloadPlan(hub, requested, str(info.sha), (*weights, *settings), pickle)


def fetch_model(planned: DownloadPlan) -> local_models.Checkpoint:
    """Download and verify the files, convert a pickle; returns the checkpoint.

    Raises OutputError if the disk is too small, SourceError if the bytes are not those that the hub
    reports.
    """
    _refuse_full_disk(planned)
    snapshot = _download(planned)
    target = local_models.hub_folder(planned.hub) / planned.revision
    if not (planned.pickle and _is_whole(target)):
        publish_folder(target, partial(_fill, planned, snapshot, target), replace=True)
    return local_models.fetched_model(planned.hub, planned.revision)


def _fill(planned: DownloadPlan, snapshot: Path, target: Path, fresh: Path) -> None:
    """Write the note, and what is converted from a pickle."""
    folder, final = snapshot, snapshot
    if planned.pickle:
        folder, final = fresh, target
        for path in snapshot.iterdir():
            if path.name in SETTINGS:
                shutil.copyfile(path, fresh / path.name)
        _unpickle(snapshot, fresh)
    files = [
        {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.iterdir())
        if path.name in SETTINGS or path.name.startswith("model")
    ]
    note = {"hub": planned.hub, "requested": planned.requested, "revision": planned.revision}
    made = "converted from a pickle" if planned.pickle else "safetensors"
    write_json(
        fresh / local_models.FETCHED,
        {**note, "weights": made, "folder": str(final), "files": files},
    )


def _is_whole(target: Path) -> bool:
    try:
        verify(target)
    except ModelError:
        return False
    return True


def convert_folder(name: str) -> local_models.Checkpoint:
    """Convert a folder's pickle to safetensors in the same folder, in a separate process."""
    folder = local_models.folder_of(name)
    check_model_folder(folder)
    if not any((folder / one).is_file() for one in local_models.WEIGHTS):
        if not any((folder / one).is_file() for one in local_models.PICKLES):
            raise ModelError(
                f"{folder} has no weights to convert, none of {', '.join(local_models.PICKLES)}"
            )
        with temporary_folder(folder / "safetensors") as temporary:
            _unpickle(folder, temporary)
            made = [path for path in temporary.iterdir() if path.name.startswith("model")]
            # The index names the parts, so it is moved last.
            for path in sorted(made, key=lambda one: (one.suffix == ".json", one.name)):
                fsync(path)
                path.replace(folder / path.name)
            fsync(folder)
    return local_models.at_path(name)


def costs(planned: DownloadPlan) -> dict[str, Any]:
    """The plan as plain data: sizes in bytes, with this machine's free disk and memory."""
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
            "free": free_bytes(Path(constants.HF_HUB_CACHE)),
            "folder": str(constants.HF_HUB_CACHE),
        },
        "memory": {"as stored": weights, "available": _available_memory()},
    }


def _describe(hub: str, revision: str) -> "ModelInfo":
    from huggingface_hub import HfApi

    with hub_answers(f"hub {hub} at {revision}", model_home(hub)):
        return HfApi().model_info(hub, revision=revision, files_metadata=True, timeout=HUB_PATIENCE)


def _weights(files: dict[str, File], stem: str, suffix: str) -> list[File]:
    """The weights of one model: a single file, or an index and its parts; else none."""
    if f"{stem}{suffix}" in files:
        return [files[f"{stem}{suffix}"]]
    here = sorted(name for name in files if "/" not in name)
    parts = [files[name] for name in here if fnmatchcase(name, f"{stem}-*{suffix}")]
    index = files.get(f"{stem}{suffix}.index.json")
    return [*parts, index] if index and parts else []


def _download(planned: DownloadPlan) -> Path:
    from huggingface_hub import hf_hub_download

    found: list[Path] = []
    for file in planned.files:
        with hub_requests(f"hub {planned.hub}@{planned.revision[:8]}", model_home(planned.hub)):
            downloaded = hf_hub_download(
                planned.hub, file.name, revision=planned.revision, etag_timeout=HUB_PATIENCE
            )
        found.append(Path(downloaded))
    for file, path in zip(planned.files, found, strict=True):
        _verify(file, path)
    return found[0].parent


def _verify(file: File, path: Path) -> None:
    """Compare size and hash, which the client does not do; a wrong file leaves its cache."""
    wrong = None
    if path.stat().st_size != file.bytes:
        wrong = f"{path.stat().st_size} bytes, but the hub reports {file.bytes}"
    elif file.sha256 is not None and (found := sha256_of(path)) != file.sha256:
        wrong = f"sha256 {found}, but the hub reports {file.sha256}"
    if wrong is not None:
        path.resolve().unlink()
        path.unlink(missing_ok=True)
        raise SourceError(f"{file.name}: {wrong}; the file was removed, run the command again")


def _unpickle(source: Path, target: Path) -> None:
    """Convert a pickle in a separate process: no token in its environment, tensors only."""
    done = subprocess.run(
        [sys.executable, "-I", unpickle.__file__, str(source), str(target)],
        env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1]
        raise ModelError(f"{source}: the pickle was not converted and is not used: {reason}")


def _refuse_full_disk(planned: DownloadPlan) -> None:
    disk = costs(planned)["disk"]
    if disk["needed"] > disk["free"]:
        raise OutputError(
            f"{planned.hub} needs {decimal(disk['needed'])} and {disk['folder']} has "
            f"{decimal(disk['free'])} free: free disk space, or set HF_HOME to another folder"
        )


def _available_memory() -> int | None:
    """Bytes available to a new process; None if the system does not report it."""
    table = Path("/proc/meminfo")
    if not table.is_file():
        return None
    lines = dict(line.split(":", 1) for line in table.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024
