"""Models in the layout of liujch1998/vera: the head is stored in T5's embedding.

A T5 encoder whose ``shared.weight`` holds, in the rows of three sentinel tokens, the head's weight
(row 32099, ``<extra_id_0>``), its bias (first number of 32098) and the temperature (first number of
32097). A text with one of these tokens gets such a row as its embedding, here as upstream.
"""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from huggingface_hub import save_torch_state_dict
from torch import Tensor
from transformers import AutoConfig, PreTrainedConfig, T5Config, T5Tokenizer

from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.pretrained import load_pretrained
from unifiedqa_convert.storage import publish_folder
from vera_model.model.configuration_vera import VeraConfig
from vera_model.model.model_card import model_card, published_card
from vera_model.model.modeling_vera import VeraModel
from vera_model.model.saving import read_weights
from vera_model.run_folder import check_absent

WEIGHT, BIAS, TEMPERATURE = 32099, 32098, 32097
"""Rows of the shared embedding."""

Dtype = Literal["stored", "float32", "bfloat16"]
"""Of the weights in a file; ``stored``: unchanged."""

_SHARED = "shared.weight"
_TWIN = "encoder.embed_tokens.weight"  # the same tensor under T5's other name for it


class Moved(NamedTuple):
    """The result of an import or an export."""

    source: str
    out: str
    parameters: int
    dtype: str
    """Of the weights on disk."""
    temperature: float
    bias: float
    tokenizer: bool
    """Whether the source has one."""

    def summary(self) -> str:
        """One line for people."""
        words = "its tokenizer" if self.tokenizer else "without a tokenizer, which scoring needs"
        return (
            f"{self.parameters:,} parameters in {self.dtype}, temperature {self.temperature:g}, "
            f"bias {self.bias:g}, {words}"
        )


def import_published(
    source: Path,
    out: Path,
    *,
    allow_pickle: bool = False,
    dtype: Dtype = "stored",
    overwrite: bool = False,
) -> Moved:
    """Convert the published layout in the folder ``source`` to a Vera model's folder ``out``.

    ``dtype`` is that of the file; a loaded model computes in float32, as for the published
    numbers. ``.bin`` files are pickles, see :func:`read_weights`. Raises ModelError for another
    layout, OutputError if ``out`` exists and ``overwrite`` is false.
    """
    check_absent(out, overwrite=overwrite)
    named, config = _from_layout(source, allow_pickle=allow_pickle)
    bias = float(named["head.bias"][0])
    named = _as(named, dtype)
    tokenizer = _tokenizer(source)

    def fill(folder: Path) -> None:
        save_torch_state_dict(named, folder, max_shard_size="5GB")
        config.save_pretrained(folder)
        (folder / "README.md").write_text(model_card(config), encoding="utf-8")
        if tokenizer is not None:
            tokenizer.model_max_length = config.max_tokens
            tokenizer.save_pretrained(folder)

    publish_folder(out, fill, replace=overwrite)
    return _moved(source, out, named, config.temperature, bias, tokenizer)


def export_published(
    source: Path, out: Path, *, dtype: Dtype = "stored", overwrite: bool = False
) -> Moved:
    """Convert a Vera model's folder with a T5 encoder to the published layout, in ``out``.

    It overwrites the rows of T5's ``<extra_id_0>``, ``_1`` and ``_2``. Raises ModelError for
    another backbone and for a smaller vocabulary, OutputError if ``out`` exists and ``overwrite``
    is false.
    """
    check_absent(out, overwrite=overwrite)
    config = _config(source)
    if not isinstance(config, VeraConfig) or not isinstance(config.text_config, T5Config):
        raise ModelError(f"{source} is not a Vera model with a T5 encoder, which the layout needs")
    stored = read_weights(source, allow_pickle=False)
    weights = _as(_to_layout(stored, config.temperature, source), dtype)
    backbone = config.text_config
    backbone.architectures = ["T5EncoderModel"]
    backbone.dtype = weights[_SHARED].dtype
    tokenizer = _tokenizer(source)

    def fill(folder: Path) -> None:
        save_torch_state_dict(weights, folder, max_shard_size="5GB")
        backbone.save_pretrained(folder)
        (folder / "README.md").write_text(published_card(), encoding="utf-8")
        if tokenizer is not None:
            tokenizer.save_pretrained(folder)

    publish_folder(out, fill, replace=overwrite)
    bias = float(stored["head.bias"][0])
    return _moved(source, out, weights, config.temperature, bias, tokenizer)


def _from_layout(source: Path, *, allow_pickle: bool) -> tuple[dict[str, Tensor], VeraConfig]:
    """The stored weights under a Vera model's names, and its configuration."""
    backbone = _t5_config(source)
    weights = _encoder_weights(read_weights(source, allow_pickle=allow_pickle), source)
    shared = weights[_SHARED]
    if len(shared) <= WEIGHT:
        raise ModelError(
            f"{source} has a vocabulary of {len(shared)}, the published layout needs {WEIGHT + 1}: "
            "give a checkpoint like liujch1998/vera"
        )
    temperature = float(shared[TEMPERATURE, 0])
    try:
        config = VeraConfig(text_config=backbone, temperature=temperature)
    except ValueError as error:
        raise ModelError(
            f"{source} is not in the published layout: {error} (row {TEMPERATURE})"
        ) from None
    config.architectures = [VeraModel.__name__]
    config.dtype = torch.float32
    named = {f"backbone.{name}": tensor for name, tensor in weights.items()}
    named["head.weight"] = shared[WEIGHT : WEIGHT + 1].clone()
    named["head.bias"] = shared[BIAS, :1].clone()
    _check_shapes(named, config, source)
    return named, config


def _to_layout(stored: dict[str, Tensor], temperature: float, source: Path) -> dict[str, Tensor]:
    """The encoder's weights under T5's names, each once, with the head and the temperature."""
    weights = {
        name.removeprefix("backbone."): tensor
        for name, tensor in stored.items()
        if name.startswith("backbone.")
    }
    if _SHARED not in weights or len(weights[_SHARED]) <= WEIGHT:
        raise ModelError(
            f"{source} has a vocabulary of fewer than {WEIGHT + 1}, T5's has 32,128: the layout "
            "fits a model that started from a published T5 (`uqa train --model`)"
        )
    shared = weights[_SHARED].clone()
    shared[WEIGHT] = stored["head.weight"][0].to(shared.dtype)
    shared[BIAS, 0] = stored["head.bias"][0].to(shared.dtype)
    shared[TEMPERATURE, 0] = temperature
    weights.pop(_TWIN, None)
    return weights | {_SHARED: shared}


def _config(folder: Path) -> PreTrainedConfig:
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} has no config.json: give a model's folder")
    try:
        config: PreTrainedConfig = load_pretrained(AutoConfig, folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"{folder / 'config.json'} can't be read: {error}") from error
    return config


def _t5_config(folder: Path) -> T5Config:
    config = _config(folder)
    if not isinstance(config, T5Config):
        raise ModelError(
            f"{folder} has a {config.model_type!r} model, the published layout is a T5: give "
            "another model"
        )
    return config


def _encoder_weights(given: dict[str, Tensor], source: Path) -> dict[str, Tensor]:
    """The encoder's tensors, each once; those of a decoder are dropped."""
    weights = {
        name: tensor
        for name, tensor in given.items()
        if name.startswith(("shared.", "encoder.")) and name != _TWIN
    }
    if _SHARED not in weights and _TWIN in given:
        weights[_SHARED] = given[_TWIN]
    if _SHARED not in weights:
        raise ModelError(f"{source} has no {_SHARED}, it is not a T5 encoder: give another model")
    return weights


def _check_shapes(weights: dict[str, Tensor], config: VeraConfig, source: Path) -> None:
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in VeraModel(config).state_dict().items()}
    expected.pop(f"backbone.{_TWIN}")
    found = {name: tensor.shape for name, tensor in weights.items()}
    wrong = sorted(
        name.removeprefix("backbone.")
        for name in expected.keys() | found.keys()
        if expected.get(name) != found.get(name)
    )
    if wrong:
        shown = ", ".join(wrong[:3]) + (" …" if len(wrong) > 3 else "")
        raise ModelError(f"{source}: {len(wrong)} weights differ from its config.json: {shown}")


def _as(weights: dict[str, Tensor], dtype: Dtype) -> dict[str, Tensor]:
    if dtype == "stored":
        return weights
    return {name: tensor.to(getattr(torch, dtype)) for name, tensor in weights.items()}


def _tokenizer(folder: Path) -> Any:
    """T5's tokenizer; None if the folder has none. (AutoTokenizer can't read each of them.)"""
    if not any((folder / name).is_file() for name in ("spiece.model", "tokenizer.json")):
        return None
    try:
        return load_pretrained(T5Tokenizer, folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"{folder}: its tokenizer can't be read: {error}") from error


def _moved(
    source: Path,
    out: Path,
    weights: dict[str, Tensor],
    temperature: float,
    bias: float,
    tokenizer: object,
) -> Moved:
    parameters = sum(tensor.numel() for tensor in weights.values())
    dtypes = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in weights.values()})
    return Moved(
        source=str(source),
        out=str(out),
        parameters=parameters,
        dtype=", ".join(dtypes),
        temperature=temperature,
        bias=bias,
        tokenizer=tokenizer is not None,
    )
