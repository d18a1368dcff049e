"""Metrics against values worked out by hand."""

import numpy as np
import pytest

from vera_model.metrics.functions import (
    auroc,
    calibration_bins,
    choice_correct,
    expected_calibration_error,
    probability,
    problem_correct,
    statement_accuracy,
    unweighted_calibration_error,
    width_bins,
)


def correct(rows: list[list[float]], width: int = 3) -> list[float]:
    logits = np.zeros((len(rows), width))
    mask = np.zeros((len(rows), width), bool)
    for at, row in enumerate(rows):
        logits[at, : len(row)] = row
        mask[at, : len(row)] = True
    labels = np.zeros_like(mask)
    labels[:, 0] = True
    return problem_correct(logits, labels, mask, np.ones(len(rows), bool)).tolist()


def test_ties_are_worth_their_expected_value() -> None:
    # A scorer that says the same of everything guesses: upstream would give it 100 %.
    assert correct([[1, 1, 1], [0, 0], [2, 1, 2], [1, 2, 2]]) == [1 / 3, 1 / 2, 1 / 2, 0]


def test_empty_columns_never_win() -> None:
    assert correct([[-3, -4]]) == [1]


@pytest.mark.filterwarnings("error")
def test_what_is_no_number_is_never_right_and_infinities_are_ranked() -> None:
    nan, inf = np.nan, np.inf
    rows = [[nan, 1], [1, nan], [nan, nan], [nan, nan, 0]]
    assert correct([[float(value) for value in row] for row in rows]) == [0, 0, 0, 0]
    assert correct([[inf, 1], [inf, inf], [-inf, -inf], [-inf, 0]]) == [1, 1 / 2, 1 / 2, 0]
    flat = np.array([nan, 1, 1, nan, inf, inf, -inf, -inf, -inf])
    found = choice_correct(flat, np.array([0, 2, 4, 6, 9]))
    assert found.tolist() == [0, 0, 1 / 2, 1 / 3]
    lone = (np.array([[nan], [nan]]), np.array([[True], [False]]), np.ones((2, 1), bool))
    assert problem_correct(*lone, np.zeros(2, bool)).tolist() == [0, 0]


def test_a_lone_statement_is_judged_by_its_sign() -> None:
    logits = np.array([[0.1], [-0.1], [0.1], [0.0]])
    labels = np.array([[True], [False], [False], [True]])
    ones, lone = np.ones((4, 1), bool), np.zeros(4, bool)
    assert problem_correct(logits, labels, ones, lone).tolist() == [1, 1, 0, 0]


def test_statement_accuracy_takes_zero_for_false() -> None:
    logits = np.array([0.0, 0.0, 1.0, -1.0])
    assert statement_accuracy(logits, np.array([True, False, True, True])) == 0.5


def test_auroc_counts_ties_half_and_says_why_there_is_none() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.1])
    assert auroc(scores, np.array([True, True, False, False])).value == pytest.approx(3.5 / 4)
    none = auroc(scores, np.ones(4, bool))
    assert none.value is None
    assert none.reason == "every statement is true: AUROC needs both"


def test_ece_is_weighted_by_mass() -> None:
    # Nine statements in one tied bin, off by 0.1; one alone, off by 0.4.
    scores = np.array([0.1] * 9 + [0.6])
    labels = np.array([False] * 9 + [True])
    assert expected_calibration_error(scores, labels) == pytest.approx(0.9 * 0.1 + 0.1 * 0.4)


def test_ece_does_not_depend_on_the_order_of_ties() -> None:
    scores = np.repeat([0.2, 0.8], 50)
    labels = np.tile([True, False], 50)
    expected = pytest.approx(0.3)
    assert expected_calibration_error(scores, labels) == expected
    assert expected_calibration_error(scores[::-1], np.sort(labels)[::-1]) != expected
    assert expected_calibration_error(scores[::-1], labels[::-1]) == expected


@pytest.mark.parametrize("top", [1.0, 0.95])
@pytest.mark.parametrize("below", [4, 9, 15])
def test_a_tied_block_is_not_cancelled_by_what_is_beside_it(top: float, below: int) -> None:
    # Of a sure block a tenth is wrong; below it a few underconfident ones, all true.
    sure = 100 - below
    scores = np.r_[np.linspace(0.05, 0.14, below), np.full(sure, top)]
    labels = np.r_[np.ones(below), np.zeros(9), np.ones(sure - 9)].astype(bool)
    place = calibration_bins(scores)
    assert (place == place[-1]).sum() == sure
    gaps = (1 - scores[:below]).sum(), abs(top * sure - (sure - 9))
    assert expected_calibration_error(scores, labels) == pytest.approx(sum(gaps) / 100)
    means = [np.mean(scores[place == one] - labels[place == one]) for one in set(place)]
    assert unweighted_calibration_error(scores, labels) == pytest.approx(np.mean(np.abs(means)))


def test_a_tied_block_between_others_is_a_bin_of_its_own() -> None:
    scores = np.r_[np.linspace(0.1, 0.4, 45), np.full(11, 0.5), np.linspace(0.6, 0.9, 44)]
    place = calibration_bins(scores)
    assert (place == place[50]).sum() == 11
    assert (np.diff(place) >= 0).all()


def test_bins_of_equal_width_hold_their_upper_end_in_the_last_one_only() -> None:
    scores = np.array([0.0, 0.0999, 0.1, 0.55, 0.999, 1.0])
    assert width_bins(scores).tolist() == [0, 0, 1, 5, 9, 9]
    assert width_bins(scores, 2).tolist() == [0, 0, 0, 1, 1, 1]
    labels = np.array([False, False, True, True, True, False])
    gaps = [0.0999, 0.9, 0.45, abs(1.999 - 1)]
    found = expected_calibration_error(scores, labels, width_bins(scores))
    assert found == pytest.approx(sum(gaps) / 6)


def test_ece_of_one_statement() -> None:
    assert expected_calibration_error(np.array([0.7]), np.array([True])) == pytest.approx(0.3)


def test_probability_survives_large_logits() -> None:
    with np.errstate(over="raise"):
        assert probability(np.array([-1e4, 0, 1e4])).tolist() == [0, 0.5, 1]
