"""95 % intervals by the bootstrap: problems are resampled, within each dataset.

Statements of one problem share a question and are not independent, so the problems (the clusters)
are resampled. A resample is a weight for each problem; all go through each metric at once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vera_model.metrics.functions import (
    Bins,
    Bools,
    Floats,
    calibration_bins,
    choice_correct,
    probability,
    width_bins,
)
from vera_model.metrics.predictions import Predictions

_AT_ONCE = 4_000_000  # numbers per array: 32 MB


class Resampling(NamedTuple):
    """The number of resamples, the seed, and the level of the interval."""

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95


def intervals(
    predictions: Predictions, weights: Floats, temperature: float, how: Resampling
) -> dict[str, tuple[float, float] | None]:
    """Percentile intervals by metric; None for a metric that no resample has.

    ``weights``, (n,), are the statements'. ECE's bins are those of the whole sample.
    """
    measures = _Measures(predictions, weights, temperature)
    generator = np.random.default_rng(how.seed)
    size = max(1, _AT_ONCE // max(len(predictions.logit), 1))
    drawn: dict[str, list[Floats]] = {}
    for start in range(0, how.resamples, size):
        counts = draw(predictions.task, min(size, how.resamples - start), generator)
        for name, values in measures(counts).items():
            drawn.setdefault(name, []).append(values)
    return {name: interval_of(np.concatenate(parts), how.level) for name, parts in drawn.items()}


def draw(
    task: NDArray[np.object_], resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """How often each cluster is in each resample, (B, k); each dataset keeps its size.

    ``task``, (k,), are the clusters' datasets.
    """
    counts = np.zeros((resamples, len(task)))
    for name in dict.fromkeys(task.tolist()):
        places = np.flatnonzero(task == name)
        chosen = generator.integers(len(places), size=(resamples, len(places)))
        chosen += np.arange(resamples)[:, None] * len(places)
        times = np.bincount(chosen.ravel(), minlength=resamples * len(places))
        counts[:, places] = times.reshape(resamples, len(places))
    return counts


def resamples_of_means(sums: Floats, sizes: Floats, how: Resampling, *, key: str) -> Floats:
    """Means in each resample, (B, m): clusters' sums over their sizes, both (k, m).

    NaN where a resample has none. ``key`` names what is drawn, so that draws of two datasets are
    independent, and those of one the same whatever is beside it.
    """
    generator = np.random.default_rng([how.seed, *key.encode()])
    clusters = np.full(len(sums), key, object)
    size = max(1, _AT_ONCE // max(len(sums), 1))
    parts = []
    for start in range(0, how.resamples, size):
        counts = draw(clusters, min(size, how.resamples - start), generator)
        whole = counts @ sizes
        missing = np.full_like(whole, np.nan)
        parts.append(np.divide(counts @ sums, whole, out=missing, where=whole > 0))
    return np.concatenate(parts)


def interval_of(values: Floats, level: float) -> tuple[float, float] | None:
    """The percentile interval of resampled values, (B,), without NaN; None if no other is left."""
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class _Measures:
    """Metrics of B resamples at once: counts of problems, (B, k) → values, (B,) each."""

    def __init__(self, predictions: Predictions, weights: Floats, temperature: float) -> None:
        self._of = predictions.problem
        self._label, self._weights = predictions.label, weights
        self._order = np.argsort(-predictions.logit, kind="stable")
        logits = predictions.logit[self._order]
        # The last statement of each run of equal logits: no threshold is between them.
        self._ends = np.flatnonzero(np.append(logits[1:] != logits[:-1], True))
        self._found = predictions.logit > 0
        self._scores = probability(predictions.logit), probability(predictions.logit / temperature)
        choices = is_real_choice(predictions)
        self._choices = np.flatnonzero(choices)
        picked = predictions.take(choices)
        self._correct = choice_correct(picked.logit, picked.bounds)
        self._share = task_weights(picked.task)

    def __call__(self, counts: Floats) -> dict[str, Floats]:
        mass = counts[:, self._of] * self._weights
        right = mass @ (self._found == self._label).astype(float)
        values = {"statement_accuracy": right / mass.sum(axis=1)}
        if len(self._choices):
            drawn = counts[:, self._choices] * self._share
            with np.errstate(invalid="ignore"):  # a resample may lack choices
                values["choice_accuracy"] = drawn @ self._correct / drawn.sum(axis=1)
        values |= self._ranked(mass)
        for name, wanted in (("true", True), ("false", False)):
            values |= self._detected(mass, name, wanted)
        each = counts[:, self._of]  # without the datasets' weights, as upstream
        return values | self._calibrated(mass, each)

    def _ranked(self, mass: Floats) -> dict[str, Floats]:
        """AUROC and average precision of both labels, from the sums above each threshold."""
        ordered, true = mass[:, self._order], self._label[self._order]
        hits = np.cumsum(np.where(true, ordered, 0), axis=1)[:, self._ends]
        misses = np.cumsum(np.where(true, 0, ordered), axis=1)[:, self._ends]
        steps = np.diff(misses, axis=1, prepend=0)
        rises = np.diff(hits, axis=1, prepend=0)
        all_true, all_false = hits[:, -1], misses[:, -1]
        with np.errstate(invalid="ignore", divide="ignore"):
            area = (steps * (hits - rises / 2)).sum(axis=1) / (all_true * all_false)
            precision = np.nan_to_num(hits / (hits + misses))
            below = all_false[:, None] - misses + steps, all_true[:, None] - hits + rises
            negative = np.nan_to_num(below[0] / (below[0] + below[1]))
            return {
                "auroc": area,
                "average_precision_true": (rises * precision).sum(axis=1) / all_true,
                "average_precision_false": (steps * negative).sum(axis=1) / all_false,
            }

    def _detected(self, mass: Floats, name: str, wanted: bool) -> dict[str, Floats]:
        found, labels = self._found == wanted, self._label == wanted
        hits = mass @ (found & labels).astype(float)
        positive, relevant = mass @ found.astype(float), mass @ labels.astype(float)
        return {
            f"precision_{name}": _ratio(hits, positive),
            f"recall_{name}": _ratio(hits, relevant),
            f"f1_{name}": _ratio(2 * hits, positive + relevant),
        }

    def _calibrated(self, mass: Floats, each: Floats) -> dict[str, Floats]:
        scores, calibrated = self._scores
        bins = calibration_bins(scores)
        gaps = np.abs(self._in_bins(each, bins, scores - self._label))
        sizes = self._in_bins(each, bins, np.ones(len(bins)))
        return {
            "ece": self._error(mass, bins, scores),
            "ece_calibrated": self._error(mass, calibration_bins(calibrated), calibrated),
            "ece_equal_width": self._error(mass, width_bins(scores), scores),
            "ece_unweighted": _ratio(gaps, sizes).sum(axis=1) / (sizes > 0).sum(axis=1),
        }

    def _error(self, mass: Floats, bins: Bins, scores: Floats) -> Floats:
        gaps = np.abs(self._in_bins(mass, bins, scores - self._label))
        error: Floats = gaps.sum(axis=1) / mass.sum(axis=1)
        return error

    def _in_bins(self, mass: Floats, bins: Bins, values: Floats) -> Floats:
        """The sums of each bin, (B, bins)."""
        sums: Floats = mass @ ((bins[:, None] == np.arange(bins.max() + 1)) * values[:, None])
        return sums


def is_real_choice(predictions: Predictions) -> Bools:
    """(k,): the choices with a gold and at least one distractor."""
    first = predictions.label[predictions.bounds[:-1]]
    real: Bools = predictions.is_choice & (predictions.sizes > 1) & first
    return real


def task_weights(task: NDArray[np.object_]) -> Floats:
    """Weights, (n,), with the same sum, 1, for each dataset."""
    _, place, counts = np.unique(task.astype(str), return_inverse=True, return_counts=True)
    weights: Floats = 1 / counts[place]
    return weights


def _ratio(part: Floats, whole: Floats) -> Floats:
    """0 for a division by 0, as the metrics have it."""
    shares: Floats = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return shares
