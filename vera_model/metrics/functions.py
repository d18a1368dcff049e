"""Metrics of scores, on numpy arrays.

A tie counts with its expected value, and ECE weights its bins by their mass; upstream counts a tie
as right and averages over bins, see :mod:`vera_model.metrics.upstream`. Weights are (n,), not
negative.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]
Bins = NDArray[np.int64]


class Auroc(NamedTuple):
    """The area under the ROC curve, or the reason why there is none."""

    value: float | None
    reason: str | None


class Detection(NamedTuple):
    """Of the statements of one label, at logit 0; 0 if none is found."""

    precision: float
    recall: float
    f1: float


def problem_correct(logits: Floats, labels: Bools, mask: Bools, is_choice: Bools) -> Floats:
    """Expected correctness of each problem, 0 to 1: (B, C), (B, C), (B, C), (B,) → (B,).

    A choice is right if column 0, its gold, has the highest logit; if k statements have it, the
    gold among them, the value is 1/k. Another problem is right if the sign of its logit is that of
    its label. A problem with a NaN is wrong.
    """
    rows = np.where(mask, logits, -np.inf)
    top = (rows == rows.max(axis=1, keepdims=True)) & mask
    chosen = top[:, 0] / np.maximum(top.sum(axis=1), 1)
    signed = (logits[:, 0] > 0) == labels[:, 0]
    finite = ~np.isnan(rows).any(axis=1)
    correct: Floats = np.where(is_choice, chosen, signed.astype(float)) * finite
    return correct


def choice_correct(logits: Floats, bounds: NDArray[np.integer]) -> Floats:
    """The same for k choices whose statements, (n,), are consecutive: bounds (k + 1,) → (k,)."""
    if len(bounds) < 2:
        return np.zeros(0)
    first = bounds[:-1]
    highest = np.maximum.reduceat(logits, first)
    top = logits == np.repeat(highest, np.diff(bounds))  # false beside a NaN
    correct: Floats = top[first] / np.maximum(np.add.reduceat(top, first, dtype=int), 1)
    return correct


def statement_accuracy(logits: Floats, labels: Bools, weights: Floats | None = None) -> float:
    """Share of the statements, (n,), whose label is that of the logit's sign; 0 is false."""
    return float(np.average((logits > 0) == labels, weights=weights))


def auroc(scores: Floats, labels: Bools, weights: Floats | None = None) -> Auroc:
    """The probability that a true statement, (n,), scores above a false one; ties count half."""
    if labels.all() or not labels.any():
        only = "true" if labels.all() else "false"
        return Auroc(None, f"every statement is {only}: AUROC needs both")
    return Auroc(float(roc_auc_score(labels, scores, sample_weight=weights)), None)


def average_precision(scores: Floats, labels: Bools, weights: Floats | None = None) -> float | None:
    """Average precision of the true statements, (n,); None if there is none.

    For the false ones, give ``-scores`` and ``~labels``.
    """
    if not labels.any():
        return None
    return float(average_precision_score(labels, scores, sample_weight=weights))


def detection(found: Bools, labels: Bools, weights: Floats | None = None) -> Detection:
    """Precision, recall and F1 of the statements ``found``, (n,), to have the label."""
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, found, average="binary", pos_label=True, sample_weight=weights, zero_division=0.0
    )
    return Detection(float(precision), float(recall), float(f1))


def calibration_bins(scores: Floats, bins: int = 10) -> Bins:
    """The bin of each probability, (n,): ``bins`` of equal mass, as far as no scores are equal.

    Edges are half-way between distinct scores, at the quantiles (linear interpolation). Scores
    that are equal and have more than a bin's mass are a bin of their own: joined with others, an
    overconfident block would be cancelled by an underconfident neighbour.
    """
    values, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    quantiles = np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1])
    cuts = np.zeros(len(values) + 1, bool)  # whether a bin begins at this value
    cuts[np.searchsorted(values, quantiles, side="right")] = True
    own = counts * bins > len(scores)
    cuts[:-1] |= own
    cuts[1:] |= own
    cuts[0] = False
    found: Bins = np.cumsum(cuts[:-1])[place]
    return found


def width_bins(scores: Floats, bins: int = 10) -> Bins:
    """The bin, of ``bins`` with equal width from 0 to 1, of each probability, (n,)."""
    found: Bins = np.minimum(np.floor(scores * bins), bins - 1).astype(np.int64)
    return found


def expected_calibration_error(
    scores: Floats, labels: Bools, place: Bins | None = None, weights: Floats | None = None
) -> float:
    """Mass-weighted ECE of probabilities, (n,), in the bins ``place``, (n,).

    The sum over bins of (share of statements) * |mean score - share true|. None:
    :func:`calibration_bins`.
    """
    place = calibration_bins(scores) if place is None else place
    mass = np.ones(len(scores)) if weights is None else weights
    gaps = np.bincount(place, mass * (scores - labels))
    return float(np.abs(gaps).sum() / mass.sum())


def unweighted_calibration_error(scores: Floats, labels: Bools) -> float:
    """The same gaps, with the same weight for each bin, as upstream averages."""
    place = calibration_bins(scores)
    gaps = np.bincount(place, scores - labels) / np.bincount(place)
    return float(np.abs(gaps).mean())


def probability(logits: Floats) -> Floats:
    """The logistic function, without overflow: logits → probabilities of being true."""
    scores: Floats = np.exp(-np.logaddexp(0, -logits))
    return scores
