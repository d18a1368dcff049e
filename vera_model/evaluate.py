"""Scores → metrics, per dataset and overall."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from unifiedqa_convert.errors import ModelError
from vera_model.batches import Encoded, pad_right
from vera_model.metrics import (
    Floats,
    auroc,
    expected_calibration_error,
    probability,
    problem_correct,
    statement_accuracy,
)
from vera_model.processes import Processes


def score(
    model: nn.Module,
    problems: Sequence[Encoded],
    *,
    batch_size: int,
    pad: int,
    processes: Processes | None = None,
) -> list[Floats]:
    """Return the float64 logits of each problem's statements, in the problems' order.

    Statements are scored ``batch_size`` at a time, sorted by length, so that little is padding;
    ``processes`` share the batches, and each gets all logits. Raises ModelError for a logit that
    is not finite. The model is left in evaluation mode.
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
    """This process's batches: as many for each, since FSDP needs all to call the model alike."""
    number, index = (1, 0) if processes is None else (processes.number, processes.index)
    for start in range(0, batches, number):
        mine = start + index
        yield (mine, True) if mine < batches else (start, False)


def summarise(problems: Sequence[Encoded], logits: Sequence[Floats]) -> dict[str, Any]:
    """Metrics of each dataset and, over all problems together, of ``overall``."""
    tasks = sorted({problem.problem.task for problem in problems})
    pairs = list(zip(problems, logits, strict=True))
    return {
        "overall": _metrics(pairs),
        "tasks": {
            name: _metrics([p for p in pairs if p[0].problem.task == name]) for name in tasks
        },
    }


def _metrics(pairs: Sequence[tuple[Encoded, Floats]]) -> dict[str, Any]:
    logits = np.concatenate([row for _, row in pairs])
    labels = np.concatenate([np.array(problem.labels, bool) for problem, _ in pairs])
    scores = probability(logits)
    area = auroc(logits, labels)
    choices = [pair for pair in pairs if pair[0].problem.is_choice and len(pair[1]) > 1]
    true = float(labels.mean())
    return {
        "problems": len(pairs),
        "choice_problems": len(choices),
        "statements": len(labels),
        "true_statements": int(labels.sum()),
        "choice_accuracy": _choice_accuracy(choices),
        "choice_accuracy_by_chance": _mean([1 / len(row) for _, row in choices]),
        "statement_accuracy": statement_accuracy(logits, labels),
        "statement_accuracy_of_the_commoner_label": max(true, 1 - true),
        "auroc": area.value,
        "auroc_absent": area.reason,
        "ece": expected_calibration_error(scores, labels),
    }


def _choice_accuracy(choices: Sequence[tuple[Encoded, Floats]]) -> float | None:
    if not choices:
        return None
    shape = (len(choices), max(len(row) for _, row in choices))
    logits, labels, mask = np.zeros(shape), np.zeros(shape, bool), np.zeros(shape, bool)
    for at, (problem, row) in enumerate(choices):
        logits[at, : len(row)] = row
        labels[at, : len(row)] = problem.labels
        mask[at, : len(row)] = True
    return float(problem_correct(logits, labels, mask, np.ones(len(choices), bool)).mean())


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
