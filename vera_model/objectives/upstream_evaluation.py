"""Recipe ``vera``: evaluation as in upstream's run.py, batch by batch, with its statistics."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unifiedqa_convert.errors import ModelError, UsageError
from vera_model.config import TrainConfig
from vera_model.data.batching import Batch, collate
from vera_model.data.tokenized import TokenizedProblem
from vera_model.metrics.predictions import Predictions
from vera_model.metrics.scoring import predict
from vera_model.metrics.summary import summarise
from vera_model.metrics.upstream import upstream_statistics
from vera_model.objectives.base import BestMetric
from vera_model.objectives.loss import Loss, to_grid

VeraLoss = Callable[[Tensor, Tensor, Batch], Loss]
"""Logits (B, C), hidden states (B, C, D) and their batch → the loss."""


def evaluate_as_upstream(
    model: nn.Module,
    problems: Sequence[TokenizedProblem],
    config: TrainConfig,
    pad: int,
    vera_loss: VeraLoss,
) -> tuple[Predictions, dict[str, Any]]:
    """Our metrics and, under ``upstream``, its statistics; every process computes all of them.

    The loss is the mean over batches of ``batch_size`` problems in their order, since upstream's
    contrastive loss depends on the problems of a batch. (Upstream crashes at a smaller last batch;
    here it counts like the others.) If upstream has no statistics, ``upstream_absent`` is the
    reason. Raises ModelError for a logit that is not finite.
    """
    model.eval()
    device = next(model.parameters()).device
    rows: list[Any] = []
    losses = []
    for start in range(0, len(problems), config.batch_size):
        batch = collate(problems[start : start + config.batch_size], pad).to(device)
        with torch.no_grad():
            output = model(batch.input_ids, batch.attention_mask)
            logits = to_grid(output.raw_logits, batch.mask)
            loss = vera_loss(logits, to_grid(output.hidden, batch.mask), batch)
        grid, mask = logits.double().cpu().numpy(), batch.mask.cpu().numpy()
        rows += [row[real] for row, real in zip(grid, mask, strict=True)]
        losses.append([part.item() for part in loss])
    predictions = predict(problems, rows)
    if not np.isfinite(predictions.logit).all():
        raise ModelError("the model gives logits that are not finite: train with a lower --lr")
    names = {"total": "loss", "scoring": "loss_scoring", "contrastive": "loss_contrastive"}
    means = dict(zip(map(names.__getitem__, Loss._fields), np.mean(losses, axis=0), strict=True))
    return predictions, {**summarise(predictions), **_upstream(predictions, means)}


def choose_as_upstream(statistics: dict[str, float | None]) -> BestMetric:
    """The mean accuracy of the seen choices, else of all; NaN, never better, without a choice."""
    for part in ("seen", "all"):
        name = f"eval/mc/acc_unweighted_{part}"
        if name in statistics:
            value = statistics[name]
            return BestMetric(name, math.nan if value is None else value)
    return BestMetric("nothing", math.nan)


def _upstream(predictions: Predictions, losses: dict[str, float]) -> dict[str, Any]:
    try:
        found = upstream_statistics(predictions, losses)
    except UsageError as error:
        return {"upstream": None, "upstream_absent": str(error)}
    # Strict JSON has neither infinity nor NaN: null.
    return {
        "upstream": {
            name: float(value) if math.isfinite(value) else None for name, value in found.items()
        }
    }
