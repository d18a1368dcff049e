"""`uqa replicate vera-eval`: Vera's 32 evaluation tasks in one table, the missing ones named."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unifiedqa_convert.storage import atomic_file
from unifiedqa_convert.vera_tasks import BOOLEAN, EVALUATED, PARTITIONS, partition_of
from vera_model.metrics.bootstrap import Resampling
from vera_model.programs.evaluate import evaluate_model
from vera_model.report.terminal import overlap_warnings, size_words

PAPER = {
    "Vera-T5 (5B)": {"seen": 0.8551, "unseen-1": 0.8165, "unseen-2": 0.8337},
    "Vera-LLaMA (7B)": {"seen": 0.8299, "unseen-1": 0.7551, "unseen-2": 0.8256},
}
"""Mean accuracies of Liu et al. (2023), from secondary sources."""

TABLE = "table.md"
_COLUMNS = (
    "- part: seen: Vera's training had the task; unseen-1, unseen-2: it had not.",
    "- rows: those of the split that were read. problems: at most 2,000 of them, as upstream.",
    "- accuracy: of choices, the share with the highest score at the gold, of k tied statements "
    "1/k; of single statements, at logit 0. Its interval: bootstrap over problems.",
    "- upstream's: the accuracy by upstream's rule, by which a tie is right.",
    "- AUROC: how often a true statement scores above a false one. ECE: calibration error with the "
    "model's temperature (docs/evaluation.md).",
    "- mean: of the tasks that were evaluated, each with the same weight. The paper's means stand "
    "below ours where all tasks of a part have all rows; docs/replicate-vera.md has them all.",
)


class TaskResult(NamedTuple):
    """One task; if it is missing the numbers are None, and ``missing`` is the reason."""

    task: str
    part: str
    problems: int | None = None
    accuracy: float | None = None
    """Of choices, with ties at their expected value; of single statements, at logit 0."""
    interval: tuple[float, float] | None = None
    upstream: float | None = None
    """By upstream's rule, which counts a tie as correct."""
    auroc: float | None = None
    ece: float | None = None
    rows: str | None = None
    """The rows of the split that were read: all, some, invented ones, or unknown."""
    comparable: bool = False
    """True if these are all rows of the split; only then is the paper's number about the same."""
    missing: str | None = None


def replicate_evaluation(
    model: str,
    out: Path,
    data_root: Path,
    *,
    resampling: Resampling,
    allow_sample: bool = False,
    allow_pickle: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
) -> tuple[list[TaskResult], list[str]]:
    """Evaluate under recipe ``vera`` on every task with data; write ``table.md`` beside.

    Returns the table's lines, and warnings of statements that were trained on. Splits that are not
    in ``data_root`` are converted first. Raises SourceError if no task has data.
    """
    path = evaluate_model(
        model,
        out,
        resampling=resampling,
        recipe="vera",
        allow_pickle=allow_pickle,
        eval_tasks=EVALUATED,
        data_root=data_root,
        missing="skip",
        allow_sample=allow_sample,
        overwrite=overwrite,
        threads=threads,
    )
    document = json.loads(path.read_bytes())
    lines = table_lines(document)
    with atomic_file(out / TABLE) as file:
        file.write((replication_lines(lines) + "\n").encode())
    return lines, overlap_warnings(document)


def table_lines(document: dict[str, Any]) -> list[TaskResult]:
    """All 32 tasks in upstream's order."""
    metrics = document["metrics"]
    reasons = {one["task"]: one["reason"] for one in document["missing"]}
    upstream = metrics.get("upstream") or {}
    sizes = {one["dataset"]: one for one in document["data"]["splits"]}
    return [
        _line(task, metrics["tasks"].get(task), upstream, reasons.get(task), sizes.get(task))
        for task in EVALUATED
    ]


def _line(
    task: str,
    found: dict[str, Any] | None,
    upstream: dict[str, Any],
    reason: str | None,
    size: dict[str, Any] | None,
) -> TaskResult:
    part = partition_of(task)
    if found is None or size is None:
        return TaskResult(task, part, missing=reason or "not evaluated")
    key = "statement_accuracy" if task in BOOLEAN else "choice_accuracy"
    theirs = f"eval/bool/{task}_acc" if task in BOOLEAN else f"eval/mc/acc/{task}"
    interval = found["intervals"].get(key)
    return TaskResult(
        task=task,
        part=part,
        problems=found["problems"],
        accuracy=found[key],
        interval=(interval[0], interval[1]) if interval else None,
        upstream=upstream.get(theirs),
        auroc=found["auroc"],
        ece=found["ece_calibrated"],
        rows=_rows(size),
        comparable=size["read"] is not None and size["read"] == size["known"],
    )


def _rows(size: dict[str, Any]) -> str:
    if size["sample"]:
        return "invented"
    if size["partial"] is None:
        return "not known whether all"
    return "all" if size["read"] == size["known"] else size_words(size)


def replication_lines(lines: list[TaskResult]) -> str:
    """A Markdown table: tasks, means of each part, the paper's means; then the missing tasks."""
    head = "| task | part | rows | problems | accuracy | 95 % interval | upstream's | AUROC | ECE |"
    rows = [head, "|---|---|---|--:|--:|---|--:|--:|--:|"]
    rows += [_row(line) for line in lines if line.missing is None]
    for part in PARTITIONS:
        its = [line for line in lines if line.part == part]
        measured = [line for line in its if line.accuracy is not None]
        mean = f"{np.mean([line.accuracy for line in measured]):.4f}" if measured else "-"
        whole = sum(line.comparable for line in measured)
        extent = "all" if whole == len(its) else f"all in {whole} of {len(its)} tasks"
        name = f"mean of {len(measured)} of {len(its)}"
        rows.append(f"| {name} | {part} | {extent} | | {mean} | | | | |")
        if its and whole == len(its):  # only then is the paper's mean one of the same rows
            rows += [
                f"| {paper}, as reported | {part} | all | | {values[part]:.4f} | | | | |"
                for paper, values in PAPER.items()
            ]
    rows += ["", *_COLUMNS]
    if partly := [line for line in lines if line.missing is None and not line.comparable]:
        rows += ["", "Not the whole splits, or not known to be. NOT COMPARABLE with the reported:"]
        rows += ["", "- all means of a part that has less than all rows of all its tasks"]
        rows += [f"- {line.task} ({line.part}): {line.rows}" for line in partly]
    absent = [line for line in lines if line.missing is not None]
    if absent:
        rows += ["", f"Missing, {len(absent)} of {len(lines)} tasks:", ""]
        rows += [f"- {line.task} ({line.part}): {line.missing}" for line in absent]
    return "\n".join(rows)


def _row(line: TaskResult) -> str:
    spread = f"{line.interval[0]:.4f} to {line.interval[1]:.4f}" if line.interval else "-"
    numbers = [
        "-" if value is None else f"{value:.4f}" for value in (line.upstream, line.auroc, line.ece)
    ]
    accuracy = "-" if line.accuracy is None else f"{line.accuracy:.4f}"
    cells = [line.task, line.part, f"{line.rows}", f"{line.problems}", accuracy, spread, *numbers]
    return f"| {' | '.join(cells)} |"
