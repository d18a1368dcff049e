"""How good the scores are, on numpy arrays.

Upstream counts a tie for the gold and averages its ECE over bins; here a tie is worth its
expected value and ECE is weighted by mass, so figures differ from upstream's where those matter.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]


class Auroc(NamedTuple):
    """The area under the ROC curve, or why there is none."""

    value: float | None
    reason: str | None


def problem_correct(logits: Floats, labels: Bools, mask: Bools, is_choice: Bools) -> Floats:
    """Expected correctness of each problem, 0 to 1: (B, C), (B, C), (B, C), (B,) → (B,).

    A choice is right when column 0, its gold, scores highest; k statements tied at the top give
    1/k, as a fair draw would. Any other problem is right when the sign of its logit agrees.
    """
    rows = np.where(mask, logits, -np.inf)
    top = rows == rows.max(axis=1, keepdims=True)
    chosen = top[:, 0] / top.sum(axis=1)
    signed = (logits[:, 0] > 0) == labels[:, 0]
    correct: Floats = np.where(is_choice, chosen, signed.astype(float))
    return correct


def statement_accuracy(logits: Floats, labels: Bools) -> float:
    """Share of statements, (n,), whose label is true exactly where the logit is above 0."""
    return float(((logits > 0) == labels).mean())


def auroc(scores: Floats, labels: Bools) -> Auroc:
    """How likely a true statement, (n,), scores above a false one; ties count half."""
    if labels.all() or not labels.any():
        only = "true" if labels.all() else "false"
        return Auroc(None, f"every statement is {only}: AUROC needs both")
    return Auroc(float(roc_auc_score(labels, scores)), None)


def expected_calibration_error(scores: Floats, labels: Bools, bins: int = 10) -> float:
    """Mass-weighted ECE of probabilities, (n,), over ``bins`` bins of equal mass.

    The sum over bins of (share of statements) * |mean score - share true|. Bin edges are the
    scores' quantiles (linear interpolation); equal scores always share a bin, so with many ties
    there are fewer bins.
    """
    edges = np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1])
    gaps = np.bincount(np.searchsorted(edges, scores), scores - labels, minlength=bins)
    return float(np.abs(gaps).sum() / len(scores))


def probability(logits: Floats) -> Floats:
    """The logistic function, without overflow: logits → probabilities of truth."""
    scores: Floats = np.exp(-np.logaddexp(0, -logits))
    return scores
