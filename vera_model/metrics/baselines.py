"""What a model must beat on the same problems: chance, the length, the choices alone, and words.

Each is fitted on the model's own training problems; where these are not known, on the evaluated
ones, in five folds, so that no problem is scored by what was fitted on it.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from vera_model.data.problems import Problem, Problems
from vera_model.metrics.bootstrap import Resampling, interval_of, is_real_choice, resamples_of_means
from vera_model.metrics.functions import Bools, Floats, choice_correct
from vera_model.metrics.predictions import Predictions
from vera_model.metrics.summary import summarise

FOLDS = 5
_MOST = 20_000  # training problems of a dataset; of more, evenly spaced ones
_SHOWN = ("choice_accuracy", "statement_accuracy", "auroc")


class _Statements(NamedTuple):
    """Statements of several problems, in the problems' order."""

    text: Sequence[str]
    sizes: NDArray[np.integer]
    """(k,): statements of each problem."""
    label: Bools


def baselines(
    predictions: Predictions, trained: Sequence[Problem] | None, how: Resampling | None = None
) -> dict[str, Any]:
    """The baselines' numbers on the evaluated problems: overall and by dataset.

    ``trained``: the model's training problems; None: not known. A dataset of which none was
    trained on is scored by what was fitted on all of them.
    """
    known = _by_task(trained)
    scores = {name: np.zeros(len(predictions.label)) for name in _FITTED}
    fitted_on: dict[str, Any] = {}
    everything = _joined(list(known.values())) if known else None
    for task in predictions.tasks:
        chosen = predictions.task == task
        part, rows = predictions.take(chosen), chosen[predictions.problem]
        own = known.get(task, everything)
        fitted_on[task] = len(own.sizes) if own else f"{FOLDS} folds"
        for name, (features, model) in _FITTED.items():
            given = _of(part)
            if own is not None:
                scores[name][rows] = _scores(features, model, own, given)
            else:
                scores[name][rows] = _in_folds(features, model, given, part.id)
    measured = {
        name: summarise(predictions._replace(logit=logit)) for name, logit in scores.items()
    }
    chance = summarise(predictions._replace(logit=np.zeros(len(predictions.label))))
    tasks = {
        task: {
            "chance": _by_chance(chance["tasks"][task]),
            **{name: _numbers(measured[name]["tasks"][task]) for name in _FITTED},
        }
        for task in predictions.tasks
    }
    if how is not None:
        _add_intervals(tasks, predictions, scores, how)
    return {
        "fitted_on": fitted_on,
        "overall": {
            "chance": _by_chance(chance["overall"]),
            **{name: _numbers(measured[name]["overall"]) for name in _FITTED},
        },
        "tasks": tasks,
    }


def _numbers(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in _SHOWN}


def _by_chance(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "choice_accuracy": found["choice_accuracy_by_chance"],
        "statement_accuracy": found["statement_accuracy_of_the_commoner_label"],
        "auroc": None if found["auroc"] is None else 0.5,
    }


def _add_intervals(
    tasks: dict[str, Any], predictions: Predictions, scores: Mapping[str, Floats], how: Resampling
) -> None:
    """Add those of choice accuracy, of each dataset."""
    for task, name in ((task, name) for task in tasks for name in scores):
        chosen = (predictions.task == task) & is_real_choice(predictions)
        if chosen.any():
            part = predictions._replace(logit=scores[name]).take(chosen)
            right = choice_correct(part.logit, part.bounds)[:, None]
            means = resamples_of_means(right, np.ones_like(right), how, key=task)[:, 0]
            tasks[task][name]["intervals"] = {"choice_accuracy": interval_of(means, how.level)}


def _by_task(problems: Sequence[Problem] | None) -> dict[str, _Statements]:
    """Only the problems that are kept are read: there may be millions."""
    given = problems or ()
    tasks = given.tasks() if isinstance(given, Problems) else [one.task for one in given]
    places: dict[str, list[int]] = {}
    for place, task in enumerate(tasks):
        places.setdefault(task, []).append(place)
    found = {}
    for task, own in places.items():
        kept = [given[place] for place in own[:: -(-len(own) // _MOST)]]
        found[task] = _Statements(
            [text for problem in kept for text in problem.texts],
            np.array([len(problem.texts) for problem in kept]),
            np.array([label for problem in kept for label in problem.labels], bool),
        )
    return found


def _joined(parts: Sequence[_Statements]) -> _Statements:
    return _Statements(
        [text for part in parts for text in part.text],
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.label for part in parts]),
    )


def _of(predictions: Predictions) -> _Statements:
    return _Statements(predictions.text.tolist(), predictions.sizes, predictions.label)


Features = Callable[[_Statements], Any]


def _scores(features: Features, model: Any, given: _Statements, asked: _Statements) -> Floats:
    """Log-odds of being true; 0, a tie, where there is nothing to learn from."""
    if given.label.all() or not given.label.any():
        return np.zeros(len(asked.label))
    try:
        fitted = model().fit(features(given), given.label)
    except ValueError:  # scikit-learn's for texts without a word: they are all alike
        return np.zeros(len(asked.label))
    found: Floats = fitted.decision_function(features(asked))
    return found


def _in_folds(features: Features, model: Any, given: _Statements, ids: Iterable[str]) -> Floats:
    """Each problem scored by what was fitted on the other folds; folds go by a hash of the id."""
    fold = np.array([hashlib.sha256(str(one).encode()).digest()[0] % FOLDS for one in ids])
    scores = np.zeros(len(given.label))
    of = np.repeat(np.arange(len(given.sizes)), given.sizes)
    for number in range(FOLDS):
        asked = fold == number
        if asked.any() and not asked.all():
            parts = [_subset(given, chosen, of) for chosen in (~asked, asked)]
            scores[asked[of]] = _scores(features, model, *parts)
    return scores


def _subset(given: _Statements, chosen: Bools, of: NDArray[np.integer]) -> _Statements:
    rows = np.flatnonzero(chosen[of])
    texts = [given.text[int(row)] for row in rows]
    return _Statements(texts, given.sizes[chosen], given.label[rows])


def _texts(given: _Statements) -> Sequence[str]:
    return given.text


def _differing(given: _Statements) -> list[str]:
    """Of each statement the words in which it differs from the others of its problem."""
    return [text for group in _groups(given) for text in _without_common(group)]


def _groups(given: _Statements) -> Iterator[Sequence[str]]:
    ends = np.cumsum(given.sizes)
    for start, end in zip(ends - given.sizes, ends, strict=True):
        yield given.text[start:end]


def _without_common(group: Sequence[str]) -> Iterator[str]:
    rows = [text.split() for text in group]
    if len(rows) > 1:
        first = _common(rows)
        rows = [row[first:] for row in rows]
        last = _common([row[::-1] for row in rows])
        rows = [row[: len(row) - last] for row in rows]
    yield from map(" ".join, rows)


def _common(rows: Sequence[Sequence[str]]) -> int:
    """How many words they all begin with."""
    columns = zip(*rows, strict=False)  # as many as the shortest row has
    return sum(1 for _ in takewhile(lambda words: len({*words}) == 1, columns))


def _lengths(given: _Statements) -> Floats:
    """Characters and words of each statement, and by how much more than its problem's mean."""
    own = np.array([[len(text), len(text.split())] for text in given.text], float)
    of = np.repeat(np.arange(len(given.sizes)), given.sizes)
    means = np.stack([np.bincount(of, column) for column in own.T], axis=1) / given.sizes[:, None]
    found: Floats = np.hstack([own, own - means[of]])
    return found


def _words() -> Any:
    return make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))


def _numbers_of() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


_FITTED: dict[str, tuple[Features, Callable[[], Any]]] = {
    "length_only": (_lengths, _numbers_of),
    "choice_only": (_differing, _words),
    "bag_of_words": (_texts, _words),
}
