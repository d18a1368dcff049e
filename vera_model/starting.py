"""What a run starts from: random weights, a pretrained T5, or an earlier checkpoint."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import PreTrainedTokenizerBase

from unifiedqa_convert.errors import ModelError
from vera_model.checkpoint import load_checkpoint, quiet
from vera_model.config import TrainConfig
from vera_model.model import VeraModel, from_scratch
from vera_model.refusals import PICKLES, check_pickle, model_of_pickle
from vera_model.tokenizer import load_tokenizer, train_tokenizer


def starting_point(
    config: TrainConfig, texts: Iterable[str]
) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    """The model and its tokenizer; ``texts`` make the vocabulary of a model from scratch.

    Raises ModelError for what can't be read, UsageError for a pickle without ``allow_pickle``.
    """
    model, tokenizer = _start(config, texts)
    # Whoever scores with the model later cuts as it was trained.
    model.config.max_tokens, model.config.cut = config.max_tokens, config.cut
    return model, tokenizer


def _start(config: TrainConfig, texts: Iterable[str]) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    if config.start_from is not None and config.start_from.suffix in PICKLES:
        name = model_of_pickle(config)
        model, tokenizer = _pretrained(name, allow_pickle=config.allow_pickle)
        load_upstream(model, config.start_from, allow_pickle=config.allow_pickle)
        return model, tokenizer
    if config.start_from is not None:
        return load_checkpoint(config.start_from)
    if config.model is not None:
        return _pretrained(config.model, allow_pickle=config.allow_pickle)
    assert config.encoder is not None  # the configuration has one of the three
    tokenizer = train_tokenizer(texts, config.encoder.vocab_size)
    return from_scratch(config.encoder, len(tokenizer)), tokenizer


def load_upstream(model: VeraModel, path: Path, *, allow_pickle: bool) -> None:
    """Put the weights of upstream's ``.pth`` (``model`` and ``linear``) into ``model``."""
    check_pickle(path, allow_pickle=allow_pickle)
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        model.backbone.load_state_dict(_untied(saved["model"]), strict=False)
        model.head.load_state_dict(saved["linear"])
        lacking = set(model.backbone.state_dict()) - set(saved["model"])
    except Exception as error:  # torch.load raises whatever a broken pickle gives
        raise ModelError(f"{path} is not a checkpoint of upstream's run.py: {error}") from error
    if lacking - {"encoder.embed_tokens.weight"}:
        raise ModelError(f"{path} is of another model than --model: it lacks {sorted(lacking)[0]}")


def _untied(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The embedding is one tensor under two names."""
    return {name: value for name, value in weights.items() if name != "encoder.embed_tokens.weight"}


def _pretrained(source: str, *, allow_pickle: bool) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    try:
        with quiet():
            pickles = None if allow_pickle else True
            model = VeraModel.from_encoder(source, use_safetensors=pickles)
        return model, load_tokenizer(source, model.config.backbone)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{source} can't be loaded: {error}\nA local folder works offline (--model FOLDER); "
            "where it has no safetensors file but a pickle that you trust: --allow-pickle"
        ) from error
