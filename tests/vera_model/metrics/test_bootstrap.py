"""Intervals: each resampled metric equals the metric itself; clusters are what is resampled."""

import numpy as np
import pytest
from scipy import stats

from vera_model.data.problems import Problem
from vera_model.metrics.bootstrap import Resampling, _Measures, draw, intervals, task_weights
from vera_model.metrics.predictions import Predictions
from vera_model.metrics.summary import summarise

BINNED = {"ece", "ece_calibrated", "ece_unweighted"}


def made(problems: int, seed: int = 0, task: str = "t", ties: bool = True) -> Predictions:
    generator = np.random.default_rng(seed)
    rows, logits = [], []
    for number in range(problems):
        size = int(generator.integers(1, 5))
        first = size > 1 or bool(generator.random() < 0.5)
        labels = (first, *[False] * (size - 1))
        texts = tuple(f"{number} {place}" for place in range(size))
        rows.append(Problem(task, "dev", str(number), size > 1, texts, labels))
        drawn = generator.normal(0.7 * np.array(labels), 1)
        logits.append(np.round(drawn, 1) if ties else drawn)
    return Predictions.of(rows, logits)


def repeated(predictions: Predictions, counts: np.ndarray) -> Predictions:
    """The resample that ``counts`` means, written out."""
    places = np.repeat(np.arange(len(counts)), counts.astype(int))
    problems, logits = [], []
    for at, place in enumerate(places):
        start, end = predictions.bounds[place : place + 2]
        labels = tuple(predictions.label[start:end].tolist())
        name, choice = predictions.task[place], bool(predictions.is_choice[place])
        problems.append(Problem(name, "dev", str(at), choice, ("x",) * (end - start), labels))
        logits.append(predictions.logit[start:end])
    return Predictions.of(problems, logits)


def test_a_resample_as_weights_is_the_resample_written_out() -> None:
    predictions = made(60)
    weights = task_weights(predictions.task[predictions.problem])
    counts = draw(predictions.task, 5, np.random.default_rng(1))
    assert (counts.sum(axis=1) == 60).all()
    measured = _Measures(predictions, weights, 2.0)(counts)
    for at, row in enumerate(counts):
        expected = summarise(repeated(predictions, row))["overall"]
        for name in measured.keys() - BINNED:  # whose bins stay the sample's
            assert measured[name][at] == pytest.approx(expected[name]), name


def test_drawing_everything_once_gives_the_metrics_of_scikit_learn() -> None:
    predictions = made(80)
    weights = task_weights(predictions.task[predictions.problem])
    found = _Measures(predictions, weights, 1.5)(np.ones((1, 80)))
    expected = summarise(predictions, 1.5)["overall"]
    assert {name: values[0] for name, values in found.items()} == pytest.approx(
        {name: expected[name] for name in found}
    )


def test_intervals_are_those_of_scipy() -> None:
    predictions = made(200, ties=False)
    weights = task_weights(predictions.task[predictions.problem])
    mine = intervals(predictions, weights, 1.0, Resampling(4000, 1))
    asked = predictions.take(predictions.is_choice)
    right = [
        float(asked.logit[start] == asked.logit[start:end].max())
        for start, end in zip(asked.bounds, asked.bounds[1:], strict=False)
    ]
    theirs = stats.bootstrap(
        (right,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    # Scipy draws the choices alone, so their number is fixed there; the spread is nearly the same.
    assert mine["choice_accuracy"] == pytest.approx(tuple(theirs), abs=0.02)


def test_problems_are_drawn_whole() -> None:
    # Ten times the same statement in each problem: as single draws it would look well known.
    generator = np.random.default_rng(0)
    problems, logits = [], []
    for number in range(40):
        right = bool(generator.random() < 0.5)
        problems.append(Problem("t", "dev", str(number), False, ("x",) * 10, (True,) * 10))
        logits.append(np.full(10, 1.0 if right else -1.0))
    predictions = Predictions.of(problems, logits)
    low, high = intervals(predictions, np.ones(400), 1.0, Resampling(500))["statement_accuracy"]
    assert high - low > 0.2  # 40 draws: ± 0.155; 400 would give ± 0.05


def test_the_seed_decides() -> None:
    predictions = made(30)
    first = summarise(predictions, resampling=Resampling(50, 3))
    assert first == summarise(predictions, resampling=Resampling(50, 3))
    assert first != summarise(predictions, resampling=Resampling(50, 4))


def test_what_is_absent_has_no_interval() -> None:
    problems = [Problem("t", "dev", str(n), False, ("x",), (True,)) for n in range(4)]
    predictions = Predictions.of(problems, [np.array([1.0])] * 4)
    found = summarise(predictions, resampling=Resampling(20))["overall"]
    assert found["auroc"] is None
    assert found["auroc_absent"] == "every statement is true: AUROC needs both"
    assert not {"auroc", "choice_accuracy"} & found["intervals"].keys()
    assert found["intervals"]["statement_accuracy"] == (1.0, 1.0)
