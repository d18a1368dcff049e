"""Upstream's statistics, defects included: what ``eval()`` of its run.py computes of the logits.

To compare with its numbers (recipe ``vera``). The first maximum is the answer, so a tie with the
gold is right, and a NaN in it too; each task has the same weight; precision, recall and F1 are
those of the first interval of thresholds around 0, or of the curve's end (1 and 0) if there is
none; ECE is the plain mean over bins.
"""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sklearn.calibration import calibration_curve
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.vera_tasks import BOOLEAN, SEEN, VERA_TASKS
from vera_model.metrics.functions import Bools, Floats
from vera_model.metrics.predictions import Predictions

_PARTS = {"seen": SEEN, "unseen": frozenset(VERA_TASKS) - SEEN}


def upstream_statistics(predictions: Predictions, logged: Mapping[str, float]) -> dict[str, float]:
    """The dictionary that upstream logs, under its keys; ``logged`` (step, loss, …) is added.

    Raises UsageError for what upstream stops at: a task it does not know, a choice without a
    gold, a logit that is not finite.
    """
    _check(predictions)
    found = {f"eval/{name}": value for name, value in logged.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.filterwarnings("ignore", message="No positive class found")  # a task of one label
        found |= _choices(predictions)
        for name, chosen in _groups(predictions).items():
            statistics = _statements(predictions, chosen[predictions.problem])
            found |= {f"eval/bool/{name}_{key}": value for key, value in statistics.items()}
    return found


def upstream_booleans(predictions: Predictions) -> list[dict[str, Any]]:
    """Upstream's ``booleans_ckp{step}.json``: one item per statement, in float32."""
    logits, scores = predictions.logit.astype(np.float32), _scores(predictions.logit)
    columns = (predictions.task[predictions.problem], logits, scores, predictions.label)
    return [
        {"task": task, "logit": float(logit), "score": float(score), "label": float(label)}
        for task, logit, score, label in zip(*columns, strict=True)
    ]


def _check(predictions: Predictions) -> None:
    unknown = [task for task in predictions.tasks if task not in VERA_TASKS]
    if unknown:
        raise UsageError(
            f"upstream's evaluation does not know {', '.join(unknown)}: leave out --recipe vera"
        )
    choices = ~np.isin(predictions.task.astype(str), sorted(BOOLEAN))
    first = predictions.label[predictions.bounds[:-1]]
    if bad := int((choices & ~first).sum()):
        raise UsageError(
            f"upstream's evaluation stops at {bad} choices without a gold: leave out --recipe vera"
        )
    if not np.isfinite(predictions.logit).all():
        raise UsageError("upstream's evaluation stops at logits that are not finite numbers")


def _choices(predictions: Predictions) -> dict[str, float]:
    """Accuracy by argmax, the first of equals."""
    highest = np.maximum.reduceat(predictions.logit, predictions.bounds[:-1])
    right = predictions.logit[predictions.bounds[:-1]] == highest
    by_task = {
        task: float(right[predictions.task == task].mean())
        for task in predictions.tasks
        if task not in BOOLEAN
    }
    found = {"all": list(by_task.values())}
    for part, tasks in _PARTS.items():
        found[part] = [value for task, value in by_task.items() if task in tasks]
    return {
        **{
            f"eval/mc/acc_unweighted_{part}": float(np.mean(values)) if values else math.nan
            for part, values in found.items()
            if values or part == "all"
        },
        **{f"eval/mc/acc/{task}": value for task, value in by_task.items()},
    }


def _groups(predictions: Predictions) -> dict[str, Bools]:
    names = predictions.task.astype(str)
    groups = {"all": np.ones(len(names), bool)}
    groups |= {part: np.isin(names, sorted(tasks)) for part, tasks in _PARTS.items()}
    groups |= {task: names == task for task in predictions.tasks}
    return {name: chosen for name, chosen in groups.items() if chosen.any()}


def _statements(predictions: Predictions, chosen: Bools) -> dict[str, float]:
    task = predictions.task[predictions.problem].astype(str)
    _, place, counts = np.unique(task, return_inverse=True, return_counts=True)
    weights = (1 / counts[place])[chosen]
    labels, logits = predictions.label[chosen].astype(int), predictions.logit[chosen]
    rates = roc_curve(labels, logits, sample_weight=weights)[:2]
    curve = calibration_curve(labels, _scores(logits), n_bins=10, strategy="quantile")
    return {
        "acc": float(np.average((logits > 0) == labels, weights=weights)),
        "auroc": float(auc(*rates)),
        **_side("t", labels, logits, weights),
        **_side("f", 1 - labels, -logits, weights),
        "ece": float(np.abs(curve[0] - curve[1]).mean()),
    }


def _scores(logits: Floats) -> Floats:
    """In float32, as upstream: extreme scores are equal and share a bin."""
    scores: Floats = torch.from_numpy(logits.astype(np.float32)).sigmoid().double().numpy()
    return scores


def _side(name: str, labels: Any, logits: Floats, weights: Floats) -> dict[str, float]:
    precision, recall, thresholds = precision_recall_curve(labels, logits, sample_weight=weights)
    around = (thresholds[:-1] <= 0) & (thresholds[1:] > 0)
    place = int(around.argmax()) if around.any() else len(around)
    p, r = float(precision[place + 1]), float(recall[place + 1])
    return {
        f"{name}_ap": float(average_precision_score(labels, logits, sample_weight=weights)),
        f"{name}_f1": 2 * p * r / (p + r) if p + r else math.nan,
        f"{name}_p": p,
        f"{name}_r": r,
    }
