"""Saving and loading a model: weights, configuration, tokenizer."""

import json
import pickle
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from unifiedqa_convert.documents import join_names
from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.pretrained import check_vocabulary, load_pretrained, no_progress_bars
from unifiedqa_convert.storage import INDEX, verify
from vera_model.model.lora import merged
from vera_model.model.modeling_vera import VeraModel
from vera_model.run_folder import check_pickle, checked_model

_SAFE = ("model.safetensors", "model.safetensors.index.json")
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def read_weights(folder: Path, *, allow_pickle: bool) -> dict[str, Tensor]:
    """Map the weights of ``folder`` into memory, one file or several named by an index.

    Raises ModelError, naming the file, for what is missing, unsafe or broken; UsageError for
    pickles without ``allow_pickle``.
    """
    files, read = _files(folder, _SAFE), _load_safe
    if not files:
        files, read = _files(folder, _PICKLED), partial(load_pickle, allow_pickle=allow_pickle)
    if not files:
        raise ModelError(f"{folder} has neither {_SAFE[0]} nor {_PICKLED[0]}: give another folder")
    weights: dict[str, Tensor] = {}
    for file in files:
        part = read(file)
        if not isinstance(part, dict) or not all(isinstance(t, Tensor) for t in part.values()):
            raise ModelError(f"{file} has entries that are not tensors: give another folder")
        weights |= part
    return weights


def load_pickle(path: Path, *, allow_pickle: bool) -> Any:
    """What torch.save wrote, if it is tensors and plain containers; no code is run.

    Raises UsageError without ``allow_pickle``, ModelError for what is missing, unsafe or broken.
    """
    check_pickle(path, allow_pickle=allow_pickle)
    try:
        # Files of torch before 1.6 are no zip files, and can't be mapped.
        mapped = zipfile.is_zipfile(path)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:  # torch's message recommends to read it unsafely
        raise ModelError(
            f"{path} can't be read: it is broken, or has objects besides tensors, which could run "
            "code; give a .safetensors file"
        ) from error
    except Exception as error:  # torch.load raises whatever a broken pickle gives
        raise ModelError(f"{path} can't be read, copy it again: {error}") from error


def _load_safe(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"{path} can't be read, copy it again: {error}") from error


def _files(folder: Path, names: tuple[str, str]) -> list[Path]:
    single, index = (folder / name for name in names)
    if single.is_file():
        return [single]
    if not index.is_file():
        return []
    try:
        shards = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{index} is not an index of weights: {error}") from error
    outside = [name for name in shards if Path(name).name != name]
    absent = [name for name in shards if not (folder / name).is_file()]
    if outside or absent:
        raise ModelError(f"{index} names {(outside or absent)[0]}, which is not in {folder}")
    return [folder / name for name in shards]


M = TypeVar("M", bound=nn.Module)


def write_model(
    folder: Path,
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    weights: Mapping[str, Tensor] | None,
) -> None:
    """Write a model's files; ``weights`` replace its own, which FSDP may have sharded."""
    weights = merged(model, weights)
    with no_progress_bars():
        model.save_pretrained(folder, state_dict=weights)
    tokenizer.save_pretrained(folder)


def load_checkpoint(path: Path) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    """Load a Vera model, see :func:`model_folder`, in evaluation mode; pickles are never read.

    Raises ModelError for a file that is missing, broken, changed, or of another model.
    """
    while True:
        folder = checked_model(path).resolve()
        try:
            return _load(folder)
        except Exception:  # whatever a file that is gone raises
            if checked_model(path).resolve() == folder:
                raise  # else a training run has meanwhile pointed the link to a newer checkpoint


def _load(folder: Path) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    if (folder / INDEX).is_file():
        verify(folder)
    try:
        model, report = load_pretrained(
            VeraModel, folder, use_safetensors=True, local_files_only=True, output_loading_info=True
        )
        tokenizer = load_pretrained(AutoTokenizer, folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{folder} can't be read, copy it again or train it again: {error}"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelError(f"{folder} lacks the weights {', '.join(missing)}: copy it again")
    if unused := sorted(report["unexpected_keys"]):  # fewer layers than were trained
        raise ModelError(
            f"{folder}: its config.json has no place for the weights {join_names(unused, 3)}: "
            "copy it again"
        )
    check_vocabulary(folder, model, tokenizer)
    return in_own_memory(model).eval(), tokenizer


def in_own_memory(model: M) -> M:
    """Copy a loaded model's weights from the mapped file into memory of their own.

    It is aligned as a new model's: the last bit of a matrix product depends on it, and a resumed
    run must give the same bits.
    """
    for parameter in model.parameters():
        parameter.data = parameter.data.clone()
    return model
