"""A folder's weights as named tensors: safetensors, or, if allowed, torch's pickles."""

import json
import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from unifiedqa_convert.errors import ModelError

_SAFE = ("model.safetensors", "model.safetensors.index.json")
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def read_weights(folder: Path, *, allow_pickle: bool) -> dict[str, Tensor]:
    """Map the weights of ``folder`` into memory, one file or sharded.

    Pickles can run code when they are read: without ``allow_pickle`` they are refused, with it
    torch's ``weights_only`` loader reads them, which builds tensors and nothing else. Raises
    ModelError, naming the file, for what is missing, unsafe or broken.
    """
    safe, pickled = (_files(folder, names) for names in (_SAFE, _PICKLED))
    if safe:
        return _all(safe, load_file)
    if not pickled:
        raise ModelError(
            f"{folder} holds neither {_SAFE[0]} nor {_PICKLED[0]}: name another folder"
        )
    if not allow_pickle:
        raise ModelError(
            f"{folder} holds its weights as pickles only, which can run code: if you trust their "
            "source, say --allow-pickle (tensors only are read)"
        )
    return _all(pickled, _unpickle)


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


def _all(files: list[Path], read: Any) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for file in files:
        try:
            part = read(file)
        except (OSError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise ModelError(f"{file} can't be read, copy it anew: {error}") from error
        except SafetensorError as error:
            raise ModelError(f"{file} is broken, copy it anew: {error}") from error
        if not isinstance(part, dict) or not all(isinstance(t, Tensor) for t in part.values()):
            raise ModelError(f"{file} holds something else than named tensors")
        weights |= part
    return weights


def _unpickle(file: Path) -> Any:
    return torch.load(file, map_location="cpu", weights_only=True, mmap=True)
