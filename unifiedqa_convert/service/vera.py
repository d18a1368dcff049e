"""A Vera model from a folder, for the worker that scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unifiedqa_convert.files import sha256_of
from unifiedqa_convert.service.worker import Answers, Model


def load(folder: Path) -> Model:
    """The model in the folder: text → [logit, score, calibrated]; ModelError where it is unfit."""
    import torch

    from vera_model.checkpoint import load_checkpoint

    model, tokenizer = load_checkpoint(folder)

    def answer(texts: Sequence[Any]) -> Answers:
        batch = tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            logits = model(batch["input_ids"], batch["attention_mask"]).logits.float()
        return [
            [logit, score, None]
            for logit, score in zip(logits.tolist(), logits.sigmoid().tolist(), strict=True)
        ]

    return Model("vera", sha256_of(folder / "model.safetensors")[:12], answer)
