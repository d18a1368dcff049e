"""Problems → logits → predictions."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from unifiedqa_convert.errors import ModelError
from vera_model.data.batching import pad_right
from vera_model.data.tokenized import TokenizedProblem
from vera_model.distributed import Processes
from vera_model.metrics.functions import Floats
from vera_model.metrics.predictions import Predictions


def score_problems(
    model: nn.Module,
    problems: Sequence[TokenizedProblem],
    *,
    batch_size: int,
    pad: int,
    processes: Processes | None = None,
) -> list[Floats]:
    """The float64 logits of each problem's statements, in the problems' order.

    Statements are scored ``batch_size`` at a time, sorted by length to have little padding.
    ``processes`` share the batches, and each gets all logits. Raises ModelError for a logit that
    is not finite. The model stays in evaluation mode.
    """
    model.eval()
    rows = [tokens for problem in problems for tokens in problem.tokens]
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    batches = [order[at : at + batch_size] for at in range(0, len(order), batch_size)]
    device = next(model.parameters()).device
    logits: Floats = np.zeros(len(rows))
    for number, counted in shared(len(batches), processes):
        input_ids, attention_mask = pad_right([rows[index] for index in batches[number]], pad)
        with torch.no_grad():
            scores = model(input_ids.to(device), attention_mask.to(device))
        if counted:
            logits[batches[number]] = scores.raw_logits.float().cpu().numpy()
    if processes is not None:
        logits = processes.sum(logits)
    if not np.isfinite(logits).all():
        raise ModelError("the model gives logits that are not finite: train with a lower --lr")
    bounds = np.cumsum([len(problem.tokens) for problem in problems])[:-1]
    return np.split(logits, bounds)


def shared(batches: int, processes: Processes | None) -> Iterator[tuple[int, bool]]:
    """The numbers of this process's batches, the same count for each process (FSDP needs that).

    With False the batch is another process's, computed only to fill the count: ignore its values.
    """
    number, index = (1, 0) if processes is None else (processes.number, processes.index)
    for start in range(0, batches, number):
        mine = start + index
        yield (mine, True) if mine < batches else (start, False)


def predict(problems: Sequence[TokenizedProblem], logits: Sequence[Floats]) -> Predictions:
    """The scored statements with their logits."""
    return Predictions.of([one.problem for one in problems], logits)
