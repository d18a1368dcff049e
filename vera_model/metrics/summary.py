"""Predictions → metrics of each dataset, of each of Vera's partitions, and of all.

Over several datasets, each has the same weight, whatever its size (as in Liu et al. 2023).
"""

from pathlib import Path
from typing import Any

import numpy as np

from unifiedqa_convert.storage import write_json
from unifiedqa_convert.vera_tasks import PARTITIONS
from vera_model.config import TrainConfig
from vera_model.metrics.bootstrap import Resampling, intervals, is_real_choice, task_weights
from vera_model.metrics.functions import (
    Detection,
    auroc,
    average_precision,
    choice_correct,
    detection,
    expected_calibration_error,
    probability,
    statement_accuracy,
    unweighted_calibration_error,
    width_bins,
)
from vera_model.metrics.predictions import Predictions, read_predictions
from vera_model.metrics.upstream import upstream_booleans
from vera_model.run_folder import PREDICTIONS


def summarise(
    predictions: Predictions, temperature: float = 1.0, resampling: Resampling | None = None
) -> dict[str, Any]:
    """``overall``, ``partitions`` and ``tasks``, each with the same metrics.

    ``resampling`` adds ``intervals``. Partitions without a dataset are left out.
    """

    def measure(part: Predictions) -> dict[str, Any]:
        return _measured(part, temperature, resampling)

    parts = [name for name in PARTITIONS if (predictions.partition == name).any()]
    return {
        "overall": measure(predictions),
        "partitions": {
            name: measure(predictions.take(predictions.partition == name)) for name in parts
        },
        "tasks": {
            name: measure(predictions.take(predictions.task == name))
            for name in sorted(predictions.tasks)
        },
    }


def _measured(
    predictions: Predictions, temperature: float, resampling: Resampling | None
) -> dict[str, Any]:
    weights = task_weights(predictions.task[predictions.problem])
    found = {**_counts(predictions), **_metrics(predictions, weights, temperature)}
    if resampling is not None:
        drawn = intervals(predictions, weights, temperature, resampling)
        found["intervals"] = {
            name: drawn[name] for name in sorted(drawn) if found.get(name) is not None
        }
    return found


def _counts(predictions: Predictions) -> dict[str, int]:
    return {
        "tasks": len(predictions.tasks),
        "problems": len(predictions.task),
        "choice_problems": int(is_real_choice(predictions).sum()),
        "statements": len(predictions.label),
        "true_statements": int(predictions.label.sum()),
    }


def _metrics(predictions: Predictions, weights: Any, temperature: float) -> dict[str, Any]:
    logits, labels = predictions.logit, predictions.label
    scores, area = probability(logits), auroc(logits, labels, weights)
    true = float(np.average(labels, weights=weights))
    calibrated = probability(logits / temperature)
    return {
        **_choices(predictions),
        "statement_accuracy": statement_accuracy(logits, labels, weights),
        "statement_accuracy_of_the_commoner_label": max(true, 1 - true),
        "auroc": area.value,
        "auroc_absent": area.reason,
        "average_precision_true": average_precision(logits, labels, weights),
        "average_precision_false": average_precision(-logits, ~labels, weights),
        **_named("true", detection(logits > 0, labels, weights)),
        **_named("false", detection(logits <= 0, ~labels, weights)),
        "ece": expected_calibration_error(scores, labels, weights=weights),
        "ece_calibrated": expected_calibration_error(calibrated, labels, weights=weights),
        "ece_equal_width": expected_calibration_error(scores, labels, width_bins(scores), weights),
        "ece_unweighted": unweighted_calibration_error(scores, labels),
    }


def _choices(predictions: Predictions) -> dict[str, float | None]:
    choices = predictions.take(is_real_choice(predictions))
    if not len(choices.task):
        return {"choice_accuracy": None, "choice_accuracy_by_chance": None}
    weights = task_weights(choices.task)
    correct = choice_correct(choices.logit, choices.bounds)
    return {
        "choice_accuracy": float(np.average(correct, weights=weights)),
        "choice_accuracy_by_chance": float(np.average(1 / choices.sizes, weights=weights)),
    }


def _named(label: str, found: Detection) -> dict[str, float]:
    return {f"{name}_{label}": value for name, value in found._asdict().items()}


BOOLEANS = "booleans.json"
"""Upstream's file of an evaluation, under recipe ``vera``."""


def with_intervals(
    config: TrainConfig, objective: Any, best: Path, metrics: dict[str, Any] | None
) -> dict[str, Any] | None:
    """A run's metrics with what :func:`write_results` adds, if there are predictions.

    The predictions are those of the best checkpoint, or without checkpoints the last ones.
    """
    predictions = measured_predictions(objective, best)
    if metrics is None or predictions is None:
        return metrics
    recipe = config.recipe if config.objective == "vera" else "clean"  # upstream has Vera only
    return write_results(config.out, predictions, metrics, recipe=recipe)


def measured_predictions(objective: Any, best: Path) -> Predictions | None:
    """Those of the best checkpoint, or without checkpoints the last ones; None of answers."""
    saved = best / PREDICTIONS
    last: Predictions | None = getattr(objective, "predictions", None)
    return read_predictions(saved) if saved.is_file() else last


def write_results(
    out: Path,
    predictions: Predictions,
    metrics: dict[str, Any],
    *,
    recipe: str,
    temperature: float = 1.0,
    resampling: Resampling | None = None,
) -> dict[str, Any]:
    """Write the predictions; return the metrics with intervals and calibrated by ``temperature``.

    Recipe ``vera`` also writes ``booleans.json``.
    """
    how = Resampling() if resampling is None else resampling
    predictions.write(out / PREDICTIONS, temperature)
    if recipe == "vera":
        write_json(out / BOOLEANS, upstream_booleans(predictions))
    return {
        **metrics,
        **summarise(predictions, temperature, how),
        "temperature": temperature,
        "bootstrap": {**how._asdict(), "clusters": "problems, within each dataset"},
    }
