"""The model that a run starts from: random weights, a pretrained one, or a checkpoint."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import PreTrainedTokenizerBase, T5ForConditionalGeneration

from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.pretrained import check_vocabulary, load_pretrained
from unifiedqa_convert.storage import INDEX, verify
from vera_model.config import TrainConfig
from vera_model.embedded import ZERO_SHOT, ZERO_SHOT_TEMPERATURE, check_fetched, is_language_model
from vera_model.model.lora import add_lora
from vera_model.model.modeling_vera import VeraModel, from_scratch, t5_config
from vera_model.model.saving import in_own_memory, load_checkpoint, load_pickle
from vera_model.model.tokenizer import load_tokenizer, train_tokenizer
from vera_model.run_folder import model_folder, model_of_pickle


def text_starting_point(
    config: TrainConfig, texts: Iterable[str]
) -> tuple[Any, PreTrainedTokenizerBase]:
    """The seq2seq T5 of ``--objective text``, and its tokenizer; see :func:`starting_point`."""
    if config.start_from is not None:
        return load_text_model(config.start_from, allow_pickle=config.allow_pickle)
    if config.model is not None:
        return _load_t5(config.model, allow_pickle=config.allow_pickle)
    assert config.encoder is not None  # the configuration has one of the three
    tokenizer = train_tokenizer([*texts, "yes", "no"], config.encoder.vocab_size)
    t5 = t5_config(config.encoder, len(tokenizer))
    t5.decoder_start_token_id = tokenizer.pad_token_id
    return T5ForConditionalGeneration(t5), tokenizer


def load_text_model(
    path: Path, *, allow_pickle: bool = False
) -> tuple[Any, PreTrainedTokenizerBase]:
    """A T5's folder, or a run's best checkpoint."""
    folder = model_folder(path)
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} has no config.json: give a run's or a model's folder")
    if (folder / INDEX).is_file():
        verify(folder)
    return _load_t5(str(folder), allow_pickle=allow_pickle)


def _load_t5(source: str, *, allow_pickle: bool) -> tuple[Any, PreTrainedTokenizerBase]:
    # transformers 5 says that each T5's output layer is its embedding. Those of v1.1 and Flan are
    # not: it keeps the two apart because the file has both and they differ, and so do our files.
    with _loading(source, "a T5"):
        safe = None if allow_pickle else True
        model = load_pretrained(T5ForConditionalGeneration, source, use_safetensors=safe)
        tokenizer = load_tokenizer(source, model.config)
    check_vocabulary(source, model, tokenizer)
    return in_own_memory(model), tokenizer


@contextmanager
def _loading(source: str, kind: str) -> Iterator[None]:
    """What transformers raises becomes a ModelError."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        said = str(error).partition(" Model type should be one of ")[0]  # and 400 names
        raise ModelError(
            f"{source} can't be loaded as {kind}: {said.rstrip('. ')}; without a network, give "
            "--model FOLDER; if that has a pickle and no safetensors, convert it once: `uqa model "
            "fetch ./FOLDER`"
        ) from error


def starting_point(
    config: TrainConfig, texts: Iterable[str]
) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    """The Vera model and its tokenizer; a model from scratch gets a vocabulary of ``texts``.

    Raises ModelError for what can't be read, UsageError for a pickle without ``allow_pickle``.
    """
    model, tokenizer = _start(config, texts)
    # Texts to score are later cut as in training.
    model.config.max_tokens, model.config.cut = config.max_tokens, config.cut
    if config.lora is not None:
        add_lora(model, config.lora)
    return model, tokenizer


ZERO_SHOT_LIMITS: dict[str, Any] = {"max_tokens": 256, "cut": "start"}
"""Of a text that a language model scores: fields of VeraConfig."""


def load_scorer(path: Path) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    """A Vera model, see :func:`load_checkpoint`, or a language model that scores by likelihood.

    Raises ModelError for a file that is missing, broken, changed, or of another model.
    """
    if not is_language_model(path):
        return load_checkpoint(path)
    if (path / INDEX).is_file():
        verify(path)
    with _loading(str(path), "a language model"):
        model = VeraModel.from_encoder(str(path), likelihood=ZERO_SHOT)
        tokenizer = load_tokenizer(str(path), model.config.backbone)
    check_vocabulary(path, model, tokenizer)
    model.config.update({**ZERO_SHOT_LIMITS, "temperature": ZERO_SHOT_TEMPERATURE})
    return model, tokenizer


def _start(config: TrainConfig, texts: Iterable[str]) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    if config.start_from is not None:
        if (name := model_of_pickle(config)) is not None:
            model, tokenizer = _pretrained(name, allow_pickle=config.allow_pickle)
            load_upstream(model, config.start_from, allow_pickle=config.allow_pickle)
            return model, tokenizer
        return load_scorer(config.start_from)
    if config.model is not None:
        check_fetched(Path(config.model))
        return _pretrained(
            config.model, allow_pickle=config.allow_pickle, likelihood=config.likelihood
        )
    assert config.encoder is not None  # the configuration has one of the three
    tokenizer = train_tokenizer(texts, config.encoder.vocab_size)
    return from_scratch(config.encoder, len(tokenizer)), tokenizer


def load_upstream(model: VeraModel, path: Path, *, allow_pickle: bool) -> None:
    """Load the weights of upstream's ``.pth`` (``model`` and ``linear``) into ``model``."""
    saved = load_pickle(path, allow_pickle=allow_pickle)
    try:
        model.backbone.load_state_dict(_untied(saved["model"]), strict=False)
        model.head.load_state_dict(saved["linear"])
        missing = set(model.backbone.state_dict()) - set(saved["model"])
    except (AttributeError, KeyError, RuntimeError, TypeError) as error:  # of another shape
        raise ModelError(f"{path} is not a checkpoint of upstream's run.py: {error}") from error
    if missing := missing - {"encoder.embed_tokens.weight"}:
        raise ModelError(f"{path} is of another model than --model: it lacks {min(missing)}")


def _untied(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Without the second name of the embedding."""
    return {name: value for name, value in weights.items() if name != "encoder.embed_tokens.weight"}


def _pretrained(
    source: str, *, allow_pickle: bool, likelihood: tuple[float, float] | None = None
) -> tuple[VeraModel, PreTrainedTokenizerBase]:
    with _loading(source, "a T5 or a decoder"):
        safe = None if allow_pickle else True
        model = VeraModel.from_encoder(source, likelihood=likelihood, use_safetensors=safe)
        tokenizer = load_tokenizer(source, model.config.backbone)
    check_vocabulary(source, model, tokenizer)
    return model, tokenizer
