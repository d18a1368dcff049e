"""A tiny random Vera model on disk, with a vocabulary of the texts given."""

from collections.abc import Sequence
from pathlib import Path

import torch

from vera_model.config import Encoder
from vera_model.model.modeling_vera import from_scratch
from vera_model.model.saving import save_checkpoint
from vera_model.model.tokenizer import train_tokenizer

SHAPE = Encoder(vocab_size=200, d_model=16, d_kv=4, d_ff=32, num_layers=1, num_heads=2, dropout=0.0)


def save_tiny(path: Path, texts: Sequence[str], temperature: float = 1.0) -> Path:
    """Write it; its logits are spread out, so that ranks mean something."""
    torch.manual_seed(0)
    tokenizer = train_tokenizer(texts, SHAPE.vocab_size)
    model = from_scratch(SHAPE, len(tokenizer))
    with torch.no_grad():
        model.head.weight.mul_(5)
    model.config.temperature = temperature
    save_checkpoint(path, model, tokenizer)
    return path
