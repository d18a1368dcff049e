"""A model's folder as a run writes it, and a tiny random model with a vocabulary of the texts."""

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from unifiedqa_convert.storage import publish_folder
from vera_model.model.modeling_vera import VeraModel, from_scratch
from vera_model.model.saving import write_model
from vera_model.model.tokenizer import train_tokenizer
from vera_model.shapes import Encoder

SHAPE = Encoder(vocab_size=200, d_model=16, d_kv=4, d_ff=32, num_layers=1, num_heads=2, dropout=0.0)


def save_model(path: Path, model: VeraModel, tokenizer: PreTrainedTokenizerBase) -> None:
    publish_folder(path, lambda fresh: write_model(fresh, model, tokenizer, None), replace=True)


def save_tiny(path: Path, texts: Sequence[str], temperature: float = 1.0) -> Path:
    """Write it; its logits are spread out, so that ranks mean something."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer(texts, SHAPE.vocab_size)
    model = from_scratch(SHAPE, len(tokenizer))
    with torch.no_grad():
        model.head.weight.mul_(5)
    model.config.temperature = temperature
    save_model(path, model, tokenizer)
    return path
