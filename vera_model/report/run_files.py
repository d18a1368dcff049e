"""The files of a run or an evaluation, read for its report: checked, since anyone may edit them.

A killed run leaves half a line at the end of a log, which is left out; whatever else is damaged is
an error that names the file and what is wrong in it.
"""

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from unifiedqa_convert.documents import parsed, read_json, validated
from unifiedqa_convert.errors import SourceError
from vera_model.metrics.calibration import Criterion

Count = Annotated[int, Field(ge=0, le=2**63)]
Share = Annotated[FiniteFloat, Field(ge=-1e-9, le=1 + 1e-9)]  # sums of floats may miss 1


class _Checked(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class Measured(_Checked):
    """The metrics of all data, of a partition or of a dataset, as far as a report shows them."""

    problems: Count | None = None
    records: Count | None = None
    exact_match: Share | None = None
    f1: Share | None = None
    statements: Count | None = None
    choice_accuracy: Share | None = None
    choice_accuracy_by_chance: Share | None = None
    statement_accuracy: Share | None = None
    statement_accuracy_of_the_commoner_label: Share | None = None
    auroc: Share | None = None
    average_precision_true: Share | None = None
    average_precision_false: Share | None = None
    precision_true: Share | None = None
    precision_false: Share | None = None
    recall_true: Share | None = None
    recall_false: Share | None = None
    f1_true: Share | None = None
    f1_false: Share | None = None
    ece: Share | None = None
    ece_calibrated: Share | None = None
    ece_equal_width: Share | None = None
    ece_unweighted: Share | None = None
    intervals: dict[str, Annotated[list[FiniteFloat], Field(min_length=2, max_length=2)]] = {}


class EvaluationMetrics(_Checked):
    """``metrics``; None of a run without an evaluation."""

    overall: Measured | None = None
    partitions: dict[str, Measured] = {}
    tasks: dict[str, Measured] = {}
    temperature: Annotated[FiniteFloat, Field(gt=0)] = 1.0


class _Missing(_Checked):
    task: str
    part: str
    reason: str


class _Shard(_Checked):
    dataset: str
    split: str
    groups: Count
    sha256: str


class _Split(_Checked):
    dataset: str
    split: str
    read: Count | None
    known: Count | None
    partial: bool | None


class _Overlap(_Checked):
    statements: Count
    trained_on: Count
    with_another_label: Count


class _Unseen(_Checked):
    texts: Count
    tokens: Count
    cut: Count
    own_cut: Count
    longest: Count
    answer_cut: Count
    unknown_tokens: Count
    with_unknown_tokens: Count
    same_tokens: Count


class _UnseenParts(_Checked):
    max_tokens: Count
    trained_on: dict[str, _Unseen] | None = None
    evaluated_on: dict[str, _Unseen] | None = None


class _Groups(_Checked):
    evaluated_on: Count
    trained_on: Count = 0


class _Data(_Checked):
    sample: bool
    groups: _Groups
    shards: list[_Shard] = []
    valid_shards: list[_Shard] = []
    splits: list[_Split] = []
    unseen: _UnseenParts | None = None
    overlap: _Overlap | None = None


class _Mixed(_Checked):
    records: Count
    rate: Share
    seen: Count


class _Mixture(_Checked):
    mix: str
    limit: Count | None
    records_per_epoch: Count
    datasets: dict[str, _Mixed]


class _Model(_Checked):
    recipe: str
    parameters: Count


class _Baselines(_Checked):
    overall: dict[str, Measured]
    tasks: dict[str, dict[str, Measured]]


class MetricsFile(_Checked):
    """``metrics.json``, as far as a report shows it."""

    metrics: EvaluationMetrics | None
    baselines: _Baselines | None = None
    missing: list[_Missing]
    data: _Data
    mixture: _Mixture | None = None
    model: _Model
    run: dict[str, Any]


class _Calibration(_Checked):
    criterion: Criterion


class _Line(_Checked):
    step: Count


M = TypeVar("M", bound=BaseModel)


def read_metrics(path: Path) -> dict[str, Any]:
    """``metrics.json`` as plain data, found to hold what :class:`MetricsFile` says."""
    return _read(MetricsFile, path, "evaluate or train again")


def read_criterion(path: Path) -> Criterion:
    """The criterion of an earlier `uqa calibrate`."""
    found: Criterion = _read(_Calibration, path, "run `uqa calibrate` again")["criterion"]
    return found


def read_configuration(path: Path) -> dict[str, Any]:
    """The run's ``config.json``: any settings, since it may be of another version."""
    return _read(_Checked, path, "name the folder of a finished run or evaluation")


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log, each with its ``step``; none if there is no log.

    A last line without an end is left out: the run was killed while it wrote it.
    """
    if not path.is_file():
        return []
    try:
        *lines, _rest = path.read_bytes().split(b"\n")
    except OSError as error:
        raise SourceError(f"{path} can't be read: {error}") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            document = parsed(line)
            validated(_Line, document)
        except ValueError as error:
            raise SourceError(
                f"{path} line {number}: {error}; delete the line to go without it"
            ) from error
        found.append(document)
    return found


def _read(kind: type[BaseModel], path: Path, instead: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = read_json(path)
        validated(kind, document)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} can't be read, {instead}: {error}") from error
    return document
