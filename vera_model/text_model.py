"""The seq2seq T5 of ``--objective text``: from scratch, pretrained, or an earlier checkpoint.

transformers 5 says that every T5's output layer is its embedding. v1.1's and Flan's are not; it
keeps them apart because both are in the file and differ, and so they stay in ours.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import PreTrainedTokenizerBase, T5Config, T5ForConditionalGeneration

from unifiedqa_convert.errors import ModelError
from vera_model.checkpoint import own, quiet
from vera_model.config import TrainConfig
from vera_model.folders import model_folder
from vera_model.publish import INDEX, verify
from vera_model.tokenizer import load_tokenizer, train_tokenizer


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
        with quiet():
            safe = None if pickles else True
            model = T5ForConditionalGeneration.from_pretrained(source, use_safetensors=safe)
        return own(model), load_tokenizer(source, model.config)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{source} can't be loaded as a T5: {error}\nA local folder works offline (--model "
            "FOLDER); where it has no safetensors file but a pickle that you trust: --allow-pickle"
        ) from error
