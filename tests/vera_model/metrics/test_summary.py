"""Metrics by dataset, partition and overall; predictions there and back."""

import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import ROOT

from unifiedqa_convert.errors import SourceError
from vera_model.data.problems import Problem
from vera_model.metrics.bootstrap import Resampling
from vera_model.metrics.predictions import Predictions, read_predictions
from vera_model.metrics.summary import summarise
from vera_model.report.page import _COLUMNS
from vera_model.report.run_files import Measured


def problem(task: str, partition: str, number: int, labels: tuple[bool, ...]) -> Problem:
    texts = tuple(f"{task} {number} {place}" for place in range(len(labels)))
    numbers = tuple(range(len(labels)))[::-1]
    choice = len(labels) > 1
    return Problem(task, "dev", f"dev-{number}", choice, texts, labels, numbers, partition)


def example() -> Predictions:
    """Dataset a, unseen-1: 3 choices, one tie. Dataset b, seen: one lone statement."""
    gold = (True, False)
    problems = [*[problem("a", "unseen-1", n, gold) for n in range(3)]]
    problems.append(problem("b", "seen", 0, (False,)))
    rows = [[2, 1], [0, 1], [1, 1], [3]]
    return Predictions.of(problems, [np.array(row, float) for row in rows])


def test_ties_count_half_and_every_dataset_counts_alike() -> None:
    found = summarise(example())
    assert found["tasks"]["a"]["choice_accuracy"] == 1.5 / 3
    assert found["tasks"]["a"]["statement_accuracy"] == pytest.approx(2 / 6)
    assert found["tasks"]["b"]["statement_accuracy"] == 0
    assert found["overall"]["statement_accuracy"] == pytest.approx((2 / 6 + 0) / 2)
    assert found["overall"]["tasks"] == 2
    assert list(found["partitions"]) == ["seen", "unseen-1"]
    assert found["partitions"]["unseen-1"] == found["tasks"]["a"]


def test_calibration_changes_the_calibrated_error_only() -> None:
    plain, hot = (summarise(example(), temperature)["overall"] for temperature in (1.0, 100.0))
    differ = {name for name in plain if plain[name] != hot[name]}
    assert differ == {"ece_calibrated"}
    assert plain["ece_calibrated"] == plain["ece"]


def test_every_metric_of_the_docs_is_in_summary_report_and_intervals() -> None:
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    section = page.partition("## The numbers")[2].partition("\n## ")[0]
    cells = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    told = {name for cell in cells for name in re.findall(r"`([a-z_0-9]+)`", cell[1])}
    facts = set(re.findall(r"`(\w+_by_chance|\w+_commoner_label)`", section))
    without = section.partition("No interval have")[2].partition(".")[0]
    found = summarise(example(), resampling=Resampling(20))["overall"]
    counts = {"tasks", "problems", "choice_problems", "statements", "true_statements"}
    numbers = found.keys() - counts - {"intervals", "auroc_absent"}
    assert told | facts == numbers
    assert numbers == found["intervals"].keys() | {*re.findall(r"`(\w+)`", without)}
    assert numbers <= _COLUMNS.keys(), "the report's table"
    assert numbers <= Measured.model_fields.keys(), "what the report reads"


def test_predictions_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = example()
    path = tmp_path / "predictions.parquet"
    made.write(path, temperature=2.0)
    again = read_predictions(path)
    for name, mine, theirs in zip(made._fields, made, again, strict=True):
        assert mine.tolist() == theirs.tolist(), name
    rows = pq.read_table(path).to_pylist()
    assert [row["id"] for row in rows[:2]] == ["dev-0#1", "dev-0#0"]
    assert rows[0]["calibrated"] == pytest.approx(1 / (1 + np.exp(-1)))


def test_predictions_of_an_earlier_version_set_no_context_apart(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    made = example()._replace(own_from=np.array([2, 3, 4, 0]))
    made.write(path)
    assert read_predictions(path).own_from.tolist() == [2, 3, 4, 0]
    pq.write_table(pq.read_table(path).drop_columns("own_from"), path)
    again = read_predictions(path)
    assert again.own_from.tolist() == [0, 0, 0, 0]
    assert again.text.tolist() == made.text.tolist()


def test_what_is_no_table_of_predictions_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(SourceError, match="evaluate again"):
        read_predictions(path)
