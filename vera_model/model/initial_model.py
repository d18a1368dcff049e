"""What a run starts from: random weights, a pretrained T5, or an earlier checkpoint."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import PreTrainedTokenizerBase, T5Config, T5ForConditionalGeneration

from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.hub import no_progress_bars
from unifiedqa_convert.storage import INDEX, verify
from vera_model.config import TrainConfig
from vera_model.model.modeling_vera import VeraModel, from_scratch
from vera_model.model.saving import load_checkpoint, load_pickle, own
from vera_model.model.tokenizer import load_tokenizer, train_tokenizer
from vera_model.run_folder import model_folder, model_of_pickle

# The seq2seq T5 of ``--objective text``: from scratch, pretrained, or an earlier checkpoint.
# transformers 5 says that every T5's output layer is its embedding. v1.1's and Flan's are not;
# it keeps them apart because both are in the file and differ, and so they stay in ours.


def text_starting_point(
    config: TrainConfig, texts: Iterable[str]
) -> tuple[Any, PreTrainedTokenizerBase]:
    """The model and its tokenizer; ``texts`` make the vocabulary of a model from scratch.

    Raises ModelError for what can't be read.
    """
    if config.start_from is not None:
        return load_text_model(config.start_from)
    if config.model is not None:
        return _load(config.model, pickles=config.allow_pickle)
    assert config.encoder is not None  # the configuration has one of the three
    tokenizer = train_tokenizer([*texts, "yes", "no"], config.encoder.vocab_size)
    shape = config.encoder
    t5 = T5Config(
        vocab_size=-(-len(tokenizer) // 64) * 64,
        d_model=shape.d_model,
        d_kv=shape.d_kv,
        d_ff=shape.d_ff,
        num_layers=shape.num_layers,
        num_heads=shape.num_heads,
        dropout_rate=shape.dropout,
        feed_forward_proj="gated-gelu",
    )
    t5.decoder_start_token_id = tokenizer.pad_token_id
    return T5ForConditionalGeneration(t5), tokenizer


def load_text_model(path: Path) -> tuple[Any, PreTrainedTokenizerBase]:
    """Load a T5's folder, or a run's best checkpoint; pickles are never read."""
    folder = model_folder(path)
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} holds no config.json: name a run's model folder")
    if (folder / INDEX).is_file():
        verify(folder)
    return _load(str(folder), pickles=False)


def _load(source: str, *, pickles: bool) -> tuple[Any, PreTrainedTokenizerBase]:
    try:
        with no_progress_bars():
            safe = None if pickles else True
            model = T5ForConditionalGeneration.from_pretrained(source, use_safetensors=safe)
        return own(model), load_tokenizer(source, model.config)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{source} can't be loaded as a T5: {error}\nA local folder works offline (--model "
            "FOLDER); where it has no safetensors file but a pickle that you trust: --allow-pickle"
        ) from error


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
    if config.start_from is not None:
        if (name := model_of_pickle(config)) is not None:
            model, tokenizer = _pretrained(name, allow_pickle=config.allow_pickle)
            load_upstream(model, config.start_from, allow_pickle=config.allow_pickle)
            return model, tokenizer
        return load_checkpoint(config.start_from)
    if config.model is not None:
        return _pretrained(config.model, allow_pickle=config.allow_pickle)
    assert config.encoder is not None  # the configuration has one of the three
    tokenizer = train_tokenizer(texts, config.encoder.vocab_size)
    return from_scratch(config.encoder, len(tokenizer)), tokenizer


def load_upstream(model: VeraModel, path: Path, *, allow_pickle: bool) -> None:
    """Put the weights of upstream's ``.pth`` (``model`` and ``linear``) into ``model``."""
    saved = load_pickle(path, allow_pickle=allow_pickle)
    try:
        model.backbone.load_state_dict(_untied(saved["model"]), strict=False)
        model.head.load_state_dict(saved["linear"])
        lacking = set(model.backbone.state_dict()) - set(saved["model"])
    except (AttributeError, KeyError, RuntimeError, TypeError) as error:  # of another shape
        raise ModelError(f"{path} is not a checkpoint of upstream's run.py: {error}") from error
    if lacking - {"encoder.embed_tokens.weight"}:
        raise ModelError(f"{path} is of another model than --model: it lacks {sorted(lacking)[0]}")


def _untied(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The embedding is one tensor under two names."""
    return {name: value for name, value in weights.items() if name != "encoder.embed_tokens.weight"}


def _pretrained(source: str, *, allow_pickle: bool) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    try:
        with no_progress_bars():
            pickles = None if allow_pickle else True
            model = VeraModel.from_encoder(source, use_safetensors=pickles)
        return model, load_tokenizer(source, model.config.backbone)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{source} can't be loaded: {error}\nA local folder works offline (--model FOLDER); "
            "where it has no safetensors file but a pickle that you trust: --allow-pickle"
        ) from error
