"""Metrics against their definitions as loops, with ties, weights, and few statements."""

import itertools
import math

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from vera_model.metrics.functions import (
    auroc,
    average_precision,
    choice_correct,
    detection,
    expected_calibration_error,
    probability,
    problem_correct,
    statement_accuracy,
    unweighted_calibration_error,
)

SAMPLES = [(1, 0), (2, 1), (3, 2), (7, 3), (25, 4), (60, 5), (60, 6)]


def sample(size: int, seed: int, *, ties: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, size)
    labels = generator.random(size) < 0.4
    weights = generator.integers(1, 5, size) / 7
    return (logits.round() if ties else logits), labels, weights


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("size", "seed"), SAMPLES)
def test_auroc_is_the_share_of_pairs_in_order(size: int, seed: int, ties: bool) -> None:
    logits, labels, weights = sample(size, seed, ties=ties)
    won = total = 0.0
    for one, other in itertools.product(np.flatnonzero(labels), np.flatnonzero(~labels)):
        weight = weights[one] * weights[other]
        total += weight
        won += weight * ((logits[one] > logits[other]) + (logits[one] == logits[other]) / 2)
    found = auroc(logits, labels, weights)
    if total == 0:
        assert found.value is None
        assert found.reason is not None
    else:
        assert found.value == pytest.approx(won / total)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("size", "seed"), SAMPLES)
def test_average_precision_is_precision_where_recall_grows(
    size: int, seed: int, ties: bool
) -> None:
    logits, labels, weights = sample(size, seed, ties=ties)
    for scores, wanted in ((logits, labels), (-logits, ~labels)):
        found = average_precision(scores, wanted, weights)
        if not wanted.any():
            assert found is None
            continue
        value, before = 0.0, 0.0
        for threshold in sorted(set(scores), reverse=True):
            taken = scores >= threshold
            right = weights[taken & wanted].sum()
            recall = right / weights[wanted].sum()
            value += (recall - before) * right / weights[taken].sum()
            before = recall
        assert found == pytest.approx(value)


@pytest.mark.parametrize(("size", "seed"), SAMPLES)
def test_accuracy_and_detection_are_counts(size: int, seed: int) -> None:
    logits, labels, weights = sample(size, seed, ties=True)
    right = sum(w for z, label, w in zip(logits, labels, weights, strict=True) if (z > 0) == label)
    assert statement_accuracy(logits, labels, weights) == pytest.approx(right / weights.sum())
    found = detection(logits > 0, labels, weights)
    both = weights[(logits > 0) & labels].sum()
    said, are = weights[logits > 0].sum(), weights[labels].sum()
    precision, recall = (both / total if total else 0.0 for total in (said, are))
    f1 = 2 * precision * recall / (precision + recall) if both else 0.0
    assert found == pytest.approx((precision, recall, f1))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("size", "seed"), SAMPLES)
def test_ece_is_the_gap_of_each_bin_by_its_mass(size: int, seed: int, ties: bool) -> None:
    logits, labels, weights = sample(size, seed, ties=ties)
    scores = probability(logits)
    ordered = np.sort(scores)

    def quantile(share: float) -> float:
        place = share * (size - 1)
        low = math.floor(place)
        high = min(low + 1, size - 1)
        return float(ordered[low] + (place - low) * (ordered[high] - ordered[low]))

    edges = [quantile(k / 10) for k in range(1, 10)]
    blocks = {s for s in scores if 10 * sum(scores == s) > size}  # each a bin of its own
    edges += [edge for s in blocks for edge in (s - 1e-12, s)]
    below = [sum(e < s - 1e-15 for e in edges) for s in scores]
    bins = [[at for at, k in enumerate(below) if k == one] for one in set(below)]
    gaps = [abs(sum(weights[at] * (scores[at] - labels[at]) for at in one)) for one in bins]
    found = expected_calibration_error(scores, labels, weights=weights)
    assert found == pytest.approx(sum(gaps) / weights.sum())
    found = unweighted_calibration_error(scores, labels)
    alike = [abs(np.mean([scores[at] - labels[at] for at in one])) for one in bins]
    assert found == pytest.approx(np.mean(alike))
    if not ties:
        theirs = calibration_curve(labels, scores, n_bins=10, strategy="quantile")
        assert found == pytest.approx(np.abs(theirs[0] - theirs[1]).mean())


def test_choices_side_by_side_are_those_of_the_grid() -> None:
    generator = np.random.default_rng(0)
    sizes = generator.integers(1, 6, 200)
    bounds = np.cumsum([0, *sizes])
    logits = generator.integers(-2, 3, bounds[-1]).astype(float)
    mask = np.arange(5) < sizes[:, None]
    grid = np.zeros(mask.shape)
    grid[mask] = logits
    labels = np.zeros(mask.shape, bool)
    labels[:, 0] = True
    found = choice_correct(logits, bounds)
    assert found.tolist() == problem_correct(grid, labels, mask, np.ones(200, bool)).tolist()
    for row, start, end in zip(found, bounds, bounds[1:], strict=False):
        own = logits[start:end]
        best = own == own.max()
        assert row == (1 / best.sum() if best[0] else 0)
    assert choice_correct(np.zeros(0), np.array([0])).tolist() == []
