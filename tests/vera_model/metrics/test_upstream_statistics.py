"""Upstream's statistics, against the recordings of its own eval()."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.vera_tasks import BOOLEAN
from vera_model.data.problems import Problem
from vera_model.metrics.predictions import Predictions
from vera_model.metrics.upstream import upstream_booleans, upstream_statistics

NO_LOSSES = {"step": 0.0, "loss": 0.0, "loss_scoring": 0.0, "loss_contrastive": 0.0}


def predictions(problems: Sequence[dict[str, Any]]) -> Predictions:
    """Problems of task, first_is_correct and logits, as the recordings have them."""
    made, logits = [], []
    for number, one in enumerate(problems):
        row = [float(value) for value in one["logits"]]
        labels = (bool(one["first_is_correct"]), *[False] * (len(row) - 1))
        texts = tuple(f"Statement {place} of {number}." for place in range(len(row)))
        choice = one["task"] not in BOOLEAN
        made.append(Problem(one["task"], "dev", f"dev-{number:06d}", choice, texts, labels))
        logits.append(np.array(row))
    return Predictions.of(made, logits)


def assert_same(found: dict[str, float], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), abs=1e-5, nan_ok=True), name


def cases(shared: Path) -> dict[str, dict[str, Any]]:
    path = shared / "golden" / "vera" / "train" / "metrics_cases.json"
    recorded: dict[str, dict[str, Any]] = json.loads(path.read_text())
    assert recorded
    return recorded


@pytest.mark.shared
def test_every_recorded_case(shared: Path) -> None:
    compared = 0
    for name, case in cases(shared).items():
        if "stats" in case and case["stats"] is not None:
            found = upstream_statistics(predictions(case["problems"]), NO_LOSSES)
            assert_same(found, case["stats"])
            compared += 1
        else:
            assert name in ("mc_without_gold", "not_divisible_by_batch_size") or "error" in case
    assert compared >= 8


@pytest.mark.shared
@pytest.mark.parametrize("step", [0, 20])
def test_the_recorded_evaluations(shared: Path, step: int) -> None:
    golden = shared / "golden" / "vera" / "train"
    recorded = json.loads((golden / f"eval_stats_ctr4_step{step}.json").read_text())
    items = json.loads((golden / f"booleans_ctr4_step{step}.json").read_text())
    sizes = {"sciq": 4, "copa": 2, "csqa2": 1}
    problems: list[dict[str, Any]] = []
    while items:
        task, first = items[0]["task"], items[0]["label"]
        rows, items = items[: sizes[task]], items[sizes[task] :]
        logits = [row["logit"] for row in rows]
        problems.append({"task": task, "first_is_correct": first, "logits": logits})
    losses = {name: recorded[f"eval/{name}"] for name in NO_LOSSES}
    made = predictions(problems)
    assert_same(upstream_statistics(made, losses), recorded)
    again = json.loads((golden / f"booleans_ctr4_step{step}.json").read_text())
    for mine, theirs in zip(upstream_booleans(made), again, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-6)


def one(task: str, *logits: float, gold: bool = True) -> dict[str, Any]:
    return {"task": task, "first_is_correct": gold, "logits": logits}


def test_a_tie_and_a_constant_scorer_are_right_upstream() -> None:
    made = predictions([one("copa", 0.5, 0.5), one("copa", 0.5, 0.5)])
    assert upstream_statistics(made, NO_LOSSES)["eval/mc/acc/copa"] == 1


def test_its_search_for_a_threshold_fails_where_all_logits_are_positive() -> None:
    made = predictions([one("csqa2", 1.0), one("csqa2", 2.0, gold=False)])
    found = upstream_statistics(made, NO_LOSSES)
    assert (found["eval/bool/csqa2_t_p"], found["eval/bool/csqa2_t_r"]) == (1, 0)
    assert math.isnan(found["eval/mc/acc_unweighted_all"])


@pytest.mark.parametrize(
    ("problems", "reason"),
    [
        ([one("mine", 0.1, 0.2)], "does not know mine"),
        ([one("copa", 0.1, 0.2, gold=False)], "without a gold"),
        ([one("copa", math.nan, 0.2)], "not finite"),
    ],
)
def test_where_upstream_stops_the_reason_is_said(
    problems: list[dict[str, Any]], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        upstream_statistics(predictions(problems), NO_LOSSES)
