"""`uqa score-answers`: a model's answers to the questions of converted splits.

    uqa score-answers predictions.jsonl data/converted/squad2/validation

reads the questions, reads the answers, gives each question its answer, scores them, and takes means
with intervals.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.schema import MultipleChoice, YesNo
from vera_model.data.answers.predicted import (
    Foreign,
    Matched,
    Missing,
    Predicted,
    match,
    read_predicted,
)
from vera_model.data.answers.questions import Question, read_questions
from vera_model.metrics.answers import DatasetScores, summarise_scores
from vera_model.metrics.bootstrap import Resampling
from vera_model.metrics.texts.choices import marked_choices
from vera_model.metrics.texts.rules import Scores, choice_score, rule_of, score
from vera_model.metrics.texts.upstream_rules import (
    is_known_upstream,
    upstream_rule_of,
    upstream_score,
)
from vera_model.run_folder import PREDICTIONS

_ANSWERS = "predictions.jsonl"
"""What a text model answered, in the folder of its run or evaluation."""
Compat = Literal["none", "unifiedqa"]


class ScoredAnswers(NamedTuple):
    """The result."""

    document: dict[str, Any]
    """As ``--json`` prints it."""
    notes: list[str]
    """Lines about what the numbers do not say by themselves."""


def score_answers(
    predictions: Path,
    outputs: Sequence[Path],
    *,
    compat: Compat = "none",
    missing: Missing = "error",
    foreign: Foreign = "error",
    allow_sample: bool = False,
    resampling: Resampling | None = None,
) -> ScoredAnswers:
    """Score the answers in ``predictions`` on the questions in ``outputs``.

    Raises SourceError for what can't be read or does not fit, UsageError for options that do not.
    """
    read = read_questions(outputs, allow_sample=allow_sample)
    predicted = _answers_at(predictions)
    matched = match(read.questions, predicted, predictions, missing=missing, foreign=foreign)
    if not matched.pairs:
        raise SourceError(
            f"none of {len(read.questions):,} questions has a known answer: give a labelled split"
        )
    parts = _by_dataset(matched, compat)
    how = Resampling() if resampling is None else resampling
    document = {
        "predictions": str(predictions),
        "outputs": read.splits,
        "compat": compat,
        "counts": matched.counts,
        **summarise_scores(parts, how),
    }
    return ScoredAnswers(
        document, _splits_notes(read.splits) + _notes(matched, parts, compat, missing)
    )


def _answers_at(path: Path) -> list[Predicted]:
    """The answers of a file, or of the folder of an evaluation."""
    if path.is_dir():
        found = [path / name for name in (_ANSWERS, PREDICTIONS) if (path / name).is_file()]
        if not found:
            raise SourceError(
                f"{path} has neither {_ANSWERS} nor {PREDICTIONS}: give the file of the answers"
            )
        path = found[0]
    return _highest(path) if path.suffix == ".parquet" else read_predicted(path)


def _highest(path: Path) -> list[Predicted]:
    """The choices with the highest logit, of each example that `uqa evaluate` scored."""
    from vera_model.metrics.predictions import read_predictions

    table = read_predictions(path)
    found = []
    for place, start in enumerate(table.bounds[:-1].tolist()):
        rows = slice(start, int(table.bounds[place + 1]))
        logits, numbers = table.logit[rows], table.number[rows]
        if table.is_choice[place]:
            best: Any = numbers[logits == logits.max()]
        else:  # one statement, that the answer is yes
            best = np.flatnonzero([logits[0] >= 0, logits[0] <= 0])
        split = f"{table.task[place]}/{table.split[place]}"
        name, choices = str(table.id[place]), tuple(best.tolist())
        found.append(Predicted(name, split, (), f"example {name}", choices))
    return found


def _by_dataset(matched: Matched, compat: Compat) -> list[DatasetScores]:
    kinds: dict[str, dict[str, list[tuple[Question, Predicted]]]] = {}
    for pair in matched.pairs:
        kinds.setdefault(pair[0].split_name, {}).setdefault(pair[0].kind, []).append(pair)
    parts = []
    for name, by_kind in kinds.items():
        for kind, pairs in by_kind.items():
            dataset = pairs[0][0].dataset
            rule = (rule_of if compat == "none" else upstream_rule_of)(dataset, kind)
            scores = [_score(*pair, compat) for pair in pairs]
            clusters = [question.cluster for question, _ in pairs]
            own = f"{name} ({kind})" if len(by_kind) > 1 else name
            parts.append(DatasetScores(own, rule, scores, clusters))
    return parts


def _score(question: Question, answer: Predicted, compat: Compat) -> Scores:
    if answer.choices is not None:
        known = question.kind in (MultipleChoice.kind, YesNo.kind)
        if not known or max(answer.choices) >= len(question.choices):
            raise SourceError(
                f"{question.place}: {answer.place} has logits of statements, which are no choices "
                "of this question: give a model's texts"
            )
        return choice_score(question, answer.choices)
    if compat == "unifiedqa":
        return upstream_score(question, answer.texts)
    rule = rule_of(question.dataset, question.kind)
    if len(answer.texts) > 1 and rule.scoring != "drop" and not question.in_parts:
        raise SourceError(
            f"{question.place}: {answer.place} has {len(answer.texts)} texts, and the answer has "
            "one part: give one text"
        )
    return score(question, answer.texts, rule)


def _splits_notes(splits: Sequence[dict[str, Any]]) -> list[str]:
    facts = {
        "sample": "invented rows",
        "partial": "fewer rows than the split",
        "first_parts": "of some answers the first part only (--to jsonl writes all)",
    }
    lines = []
    for key, what in facts.items():
        folders = [one["folder"] for one in splits if one[key]]
        if len(folders) == 1:
            lines.append(f"{folders[0]} has {what}: its scores are not the dataset's")
        elif folders:
            lines.append(
                f"{len(folders):,} outputs, the first of them {folders[0]}, have {what}: their "
                "scores are not the datasets'"
            )
    return lines


def _notes(
    matched: Matched, parts: Sequence[DatasetScores], compat: Compat, missing: Missing
) -> list[str]:
    counts = matched.counts
    absent = "scored as empty answers" if missing == "empty" else "left out"
    told = {
        "unlabelled": "questions have no known answer and are left out",
        "missing": f"questions have no prediction and are {absent}",
        "foreign": "predictions have no question and are left out",
        "answered_differently": "questions have several lines with different predictions, of "
        "which the first one counts",
    }
    lines = [f"{counts[key]:,} {what}" for key, what in told.items() if counts.get(key)]
    for part in parts:
        unmatched = int(sum(one.get("unmatched", 0) for one in part.scores))
        if unmatched:
            what = "like no choice" if part.rule.scoring == "choices" else "neither yes nor no"
            lines.append(f"{part.name}: {unmatched:,} of {len(part.scores):,} answers are {what}")
    if compat == "unifiedqa":
        lines += _upstream_notes(matched, parts)
    return lines


def _upstream_notes(matched: Matched, parts: Sequence[DatasetScores]) -> list[str]:
    lines = []
    datasets = {question.dataset for question, _ in matched.pairs}
    if unknown := sorted(name for name in datasets if not is_known_upstream(name)):
        lines.append(
            f"UnifiedQA's evaluators do not know {', '.join(unknown)}: scored as the like of them"
        )
    if "social_iqa" in datasets:
        lines.append(
            "social_iqa: 0 in UnifiedQA's evaluation, which compares letters with the digits of "
            "the published meta file"
        )
    for part in parts:
        if failing := int(sum(one.get("upstream_fails", 0) for one in part.scores)):
            lines.append(
                f"{part.name}: UnifiedQA's evaluator would stop at {failing:,} questions, in whose "
                "input it finds no choice; they count as wrong"
            )
    cut = sum(
        len(marked_choices(question.dataset, question.input)) != len(question.choices)
        for question, _ in matched.pairs
        if question.kind == MultipleChoice.kind
    )
    if cut:
        lines.append(f"of {cut:,} questions UnifiedQA's evaluator finds more or fewer choices")
    return lines
