"""`uqa score`: how plausible sentences are, by a trained model."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from unifiedqa_convert.errors import ModelError
from vera_model.data.batching import pad_right
from vera_model.data.tokenized import TextLimits, token_ids
from vera_model.model.modeling_vera import VeraModel
from vera_model.model.saving import load_checkpoint

_MOST_TOKENS = 16_384  # per batch: little memory in comparison with a model's


class Scored(NamedTuple):
    """The scores of one text."""

    text: str
    logit: float
    """The head's output; above 0: more likely true than false."""
    score: float
    """sigmoid(logit)."""
    calibrated: float
    """sigmoid(logit / temperature): the probability to report."""
    cut: bool
    """Whether the text was longer than the model's limit and was cut."""


class Scorer:
    """A loaded model that scores texts."""

    def __init__(self, path: Path) -> None:
        """Load the model (or the run's best model) at ``path``; ModelError if it can't be read."""
        self._path = path
        self._model, self._tokenizer = load_checkpoint(path)
        self._model.to("cuda" if torch.cuda.is_available() else "cpu")  # type: ignore[arg-type]

    def score(self, texts: Sequence[str]) -> list[Scored]:
        """Score the texts, in their order; ModelError if a logit is not finite."""
        config = self._model.config
        ids, cut = token_ids(self._tokenizer, texts, TextLimits(config.max_tokens, config.cut))
        logits = torch.empty(len(texts), dtype=torch.float64)
        for places in _batches([len(row) for row in ids]):
            logits[places] = _logits(self._model, [ids[place] for place in places])
        if not logits.isfinite().all():
            raise ModelError(
                f"{self._path} gives logits that are not finite: use another checkpoint"
            )
        scores, calibrated = logits.sigmoid(), (logits / config.temperature).sigmoid()
        columns = (logits.tolist(), scores.tolist(), calibrated.tolist())
        return [Scored(*row) for row in zip(texts, *columns, cut, strict=True)]


def score_texts(path: Path, texts: Sequence[str]) -> list[Scored]:
    """Score texts with the model (or the run's best model) at ``path``, in their order.

    Raises ModelError for a model that can't be read or whose logits are not finite.
    """
    return Scorer(path).score(texts)


def score_lines(scored: Sequence[Scored]) -> str:
    """A table with one text per line, its numbers first."""
    lines = ["calibrated   score    logit  text"]
    lines += [
        f"{one.calibrated:10.4f} {one.score:7.4f} {one.logit:8.3f}  {one.text}" for one in scored
    ]
    return "\n".join(lines)


def _logits(model: VeraModel, rows: Sequence[Sequence[int]]) -> torch.Tensor:
    input_ids, mask = pad_right(rows, pad=0)  # the model ignores padding
    with torch.inference_mode():
        output = model(input_ids.to(model.device), mask.to(model.device))
    logits: torch.Tensor = output.raw_logits.double().cpu()
    return logits


def _batches(sizes: Sequence[int]) -> Iterable[list[int]]:
    """Indices sorted by size, in batches that stay within the limit when padded."""
    batch: list[int] = []
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        if batch and (len(batch) + 1) * sizes[place] > _MOST_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
