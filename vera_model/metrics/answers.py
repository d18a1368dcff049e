r"""Metrics of a text model's answers, of a training run's records or of a file of predictions.

A run's are UnifiedQA's (Khashabi et al. 2020): a choice's answer is the option most similar to the
text; exact match and F1 over words are SQuAD's. Recipe ``vera`` does as UnifiedQA's evaluator:
options are cut out of the input at ``\([a-e]\)`` (``[a-h]`` for QASC), the first of equal options
wins, and a text with "no answer" anywhere is the empty answer.

Of predictions (`uqa score-answers`) each dataset's rule gives the scores; over several datasets
each has the same weight, whatever its size, as in UnifiedQA's tables. The intervals are of the
bootstrap: clusters of questions (``Question.cluster``) are resampled.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vera_model.data.text_records import TextRecord
from vera_model.metrics.bootstrap import Resampling, interval_of, resamples_of_means
from vera_model.metrics.functions import Floats
from vera_model.metrics.texts import squad
from vera_model.metrics.texts.choices import nearest, share_right, upstream_choice
from vera_model.metrics.texts.rules import Scores, ScoringRule

_FAULTS = ("unmatched", "upstream_fails")


def answer_correct(record: TextRecord, answer: str, *, upstream: bool) -> float:
    """Whether the option most similar to ``answer`` is right; of equal ones the expected value."""
    if upstream:
        return float(upstream_choice(record.task, record.input, answer) in record.golds)
    return share_right(nearest(record.options, answer)[1], record.golds)


def exact_match(record: TextRecord, answer: str, *, upstream: bool) -> float:
    """Whether the answer is a right one, up to case, articles and punctuation."""
    return squad.best(squad.exact, *_texts(record, answer, upstream))


def f1(record: TextRecord, answer: str, *, upstream: bool) -> float:
    """The best harmonic mean of precision and recall over words, among the right answers."""
    return squad.best(squad.f1_of_squad2, *_texts(record, answer, upstream))


def summarise_answers(
    records: Sequence[TextRecord], answers: Sequence[str], *, upstream: bool
) -> dict[str, Any]:
    """Metrics of each dataset, and ``overall`` over all records."""
    pairs = list(zip(records, answers, strict=True))
    tasks = sorted({record.task for record in records})
    return {
        "overall": _metrics(pairs, upstream),
        "tasks": {
            task: _metrics([pair for pair in pairs if pair[0].task == task], upstream)
            for task in tasks
        },
    }


def _metrics(pairs: Sequence[tuple[TextRecord, str]], upstream: bool) -> dict[str, Any]:
    choices = [pair for pair in pairs if pair[0].is_choice]
    return {
        "records": len(pairs),
        "choice_records": len(choices),
        "choice_accuracy": _mean([answer_correct(*pair, upstream=upstream) for pair in choices]),
        "choice_accuracy_by_chance": _mean([_chance(record) for record, _ in choices]),
        "exact_match": _mean([exact_match(*pair, upstream=upstream) for pair in pairs]),
        "f1": _mean([f1(*pair, upstream=upstream) for pair in pairs]),
    }


def _texts(record: TextRecord, answer: str, upstream: bool) -> tuple[list[str], str]:
    """The record's output with the other right answers, and the answer."""
    right = [record.output, *(record.options[place] for place in record.golds)]
    if not upstream:
        return right, answer
    none = ["" if "no answer" in text.lower() else text for text in (*right, answer)]
    return none[:-1], none[-1]


def _chance(record: TextRecord) -> float:
    return len(record.golds) / len(record.options) if record.options else 0.0


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


class DatasetScores(NamedTuple):
    """The scores of one dataset's questions of one kind, q of them."""

    name: str
    """``copa/validation``; with the kind, if the split has several."""
    rule: ScoringRule
    scores: Sequence[Scores]
    """(q,)"""
    clusters: Sequence[str]
    """(q,)"""


class _Measured(NamedTuple):
    document: dict[str, Any]
    headline: float
    resampled: Floats
    """(B,): the headline's."""


def summarise_scores(parts: Sequence[DatasetScores], how: Resampling) -> dict[str, Any]:
    """``overall``, ``formats`` and ``datasets``; see docs/evaluation.md for their fields."""
    measured = {part.name: _measured(part, how) for part in parts}
    formats: dict[str, list[str]] = {}
    for part in sorted(parts):
        formats.setdefault(part.rule.format, []).append(part.name)
    return {
        "overall": _mean_of([*measured.values()], how),
        "formats": {
            name: {**_mean_of([measured[one] for one in own], how), "of": own}
            for name, own in sorted(formats.items())
        },
        "datasets": {name: one.document for name, one in sorted(measured.items())},
        "bootstrap": {**how._asdict(), "clusters": "questions with the same input or source row"},
    }


def _measured(part: DatasetScores, how: Resampling) -> _Measured:
    names = sorted({name for one in part.scores for name in one})
    sums, sizes = _clustered(part, names)
    means = dict(zip(names, (sums.sum(axis=0) / sizes.sum(axis=0)).tolist(), strict=True))
    document: dict[str, Any] = {
        "format": part.rule.format,
        "rule": part.rule.scoring,
        "questions": len(part.scores),
        "clusters": len(sums),
        "score": means[part.rule.headline],
        "score_is": part.rule.headline,
        "metrics": means,
    }
    resampled = resamples_of_means(sums, sizes, how, key=part.name)
    columns = zip(names, resampled.T, strict=True)
    document["intervals"] = {name: interval_of(one, how.level) for name, one in columns}
    document["interval"] = document["intervals"][part.rule.headline]
    return _Measured(
        document, means[part.rule.headline], resampled[:, names.index(part.rule.headline)]
    )


def _clustered(part: DatasetScores, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Sums of scores and numbers of questions that have them, by cluster, (k, m) each."""
    places: dict[str, int] = {}
    rows = np.array([places.setdefault(one, len(places)) for one in part.clusters])
    values = np.array([[one.get(name, np.nan) for name in names] for one in part.scores])
    sums, sizes = np.zeros((2, len(places), len(names)))
    np.add.at(sums, rows, np.nan_to_num(values))
    np.add.at(sizes, rows, np.isfinite(values).astype(float))
    return sums, sizes


def _mean_of(parts: Sequence[_Measured], how: Resampling) -> dict[str, Any]:
    resampled = np.mean([part.resampled for part in parts], axis=0)
    return {
        "datasets": len(parts),
        "questions": sum(part.document["questions"] for part in parts),
        "score": float(np.mean([part.headline for part in parts])),
        "interval": interval_of(resampled, how.level),
    }


def told(scored: Mapping[str, Any]) -> list[Sequence[str]]:
    """The cells of a table: a line for each dataset, then each format, then all."""
    lines: list[Sequence[str]] = [("", "format", "questions", "score", "", "95 %", "other scores")]
    for name, one in scored["datasets"].items():
        others = [
            f"{key} {value:.3f}"
            for key, value in one["metrics"].items()
            if key != one["score_is"] and (value or key not in _FAULTS)
        ]
        about = (one["format"], f"{one['questions']:,}", f"{one['score']:.3f}", one["score_is"])
        lines.append((name, *about, _spread(one), ", ".join(others)))
    if len(scored["datasets"]) > 1:
        for name, one in scored["formats"].items():
            lines.append(_mean_line(f"mean of {one['datasets']}", name, one))
        everything = scored["overall"]
        lines.append(_mean_line(f"mean of all {everything['datasets']}", "", everything))
    return lines


def _mean_line(name: str, form: str, one: Mapping[str, Any]) -> Sequence[str]:
    return (name, form, f"{one['questions']:,}", f"{one['score']:.3f}", "", _spread(one), "")


def _spread(one: Mapping[str, Any]) -> str:
    interval = one.get("interval")
    return f"{interval[0]:.3f}-{interval[1]:.3f}" if interval else ""
