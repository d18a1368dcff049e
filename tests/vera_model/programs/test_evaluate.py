"""An evaluation's files; under recipe vera, upstream's recorded ones."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tiny_vera import save_model, save_tiny
from transformers import T5Tokenizer
from vera_shards import choice, write_split, yes_no

from unifiedqa_convert.errors import OutputError
from unifiedqa_convert.storage import verify
from vera_model.config import from_preset
from vera_model.metrics.bootstrap import Resampling
from vera_model.metrics.predictions import read_predictions
from vera_model.metrics.upstream import upstream_booleans
from vera_model.model.modeling_vera import VeraModel
from vera_model.programs.evaluate import evaluate

pytestmark = pytest.mark.numeric

TASKS = ("sciq", "copa", "csqa2")


@pytest.mark.shared
@pytest.mark.parametrize("step", [0, 20])
def test_upstreams_evaluation_is_retraced(shared: Path, tmp_path: Path, step: int) -> None:
    golden = shared / "golden" / "vera"
    model = VeraModel.from_encoder(str(golden / "tiny-t5"))
    head = load_file(golden / "tiny-t5" / "head.safetensors")
    if step:
        weights = load_file(golden / "train" / "weights_ctr4_after20.safetensors")
        head = {name: weights.pop(f"head.{name}") for name in ("weight", "bias")}
        model.backbone.load_state_dict(weights, strict=False)
    model.head.load_state_dict(head)
    save_model(tmp_path / "m", model, T5Tokenizer.from_pretrained(golden / "tiny-t5"))
    path = evaluate(
        from_preset(
            "upstream",
            recipe="vera",
            start_from=tmp_path / "m",
            valid=[golden / "train" / "data" / task / "dev.json" for task in TASKS],
            out=tmp_path / "out",
            **{"batch_size": 4, "device": "cpu"},
        ),
        resampling=Resampling(20),
    )
    recorded = json.loads((golden / "train" / f"eval_stats_ctr4_step{step}.json").read_text())
    found = json.loads(path.read_text())["metrics"]["upstream"]
    assert found.keys() == recorded.keys() - {"eval/step"}
    for name, value in found.items():
        assert value == pytest.approx(recorded[name], abs=1e-5), name
    booleans = json.loads((tmp_path / "out" / "booleans.json").read_text())
    theirs = json.loads((golden / "train" / f"booleans_ctr4_step{step}.json").read_text())
    for mine, one in zip(booleans, theirs, strict=True):
        assert mine == pytest.approx(one, abs=1e-5)


GROUPS = [
    *[choice(n, [f"Cause {n} has effect {n + k}." for k in range(3)], n % 3) for n in range(8)],
    *[yes_no(8 + n, f"Number {n} is even.", n % 2 == 0) for n in range(8)],
]


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [statement.sentence for group in GROUPS for statement in group.statements]
    return save_tiny(tmp_path_factory.mktemp("tiny") / "model", texts)


def evaluated(tmp_path: Path, model: Path, **given: Any) -> dict[str, Any]:
    write_split(tmp_path / "converted" / "planted", GROUPS, partition="unseen-2")
    train = [yes_no(0, "number 3, is EVEN", True), yes_no(1, "Number 2 is even.", True)]
    write_split(tmp_path / "trained" / "other", train, dataset="other")
    out = tmp_path / "out"
    values = {"start_from": model, "valid": [tmp_path / "converted"], "device": "cpu", **given}
    config = from_preset("upstream", out=out, **values)
    path = evaluate(config, trained_on=[tmp_path / "trained"], resampling=Resampling(20))
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_an_evaluation_says_how_sure_it_is_and_what_was_trained_on(
    tmp_path: Path, tiny_model: Path
) -> None:
    document = evaluated(tmp_path, tiny_model)
    metrics, data = document["metrics"], document["data"]
    overall = metrics["overall"]
    assert metrics["partitions"] == {"unseen-2": overall}
    low, high = overall["intervals"]["choice_accuracy"]
    assert 0 <= low <= overall["choice_accuracy"] <= high <= 1
    assert metrics["bootstrap"]["resamples"] == 20
    assert data["groups"] == {"read": 16, "dropped": {}, "not_drawn": 0, "evaluated_on": 16}
    shared_ones = {"statements": 32, "trained_on": 2, "with_another_label": 1}
    assert data["overlap"] == {**shared_ones, "tasks": {"planted": shared_ones}}
    assert "upstream" not in metrics
    predictions = read_predictions(tmp_path / "out" / "predictions.parquet")
    assert len(predictions.label) == overall["statements"] == 8 * 3 + 8
    # Ids are those of the declarative records: the gold of group n stands at n % 3.
    golds = predictions.number[predictions.bounds[:8]]
    assert golds.tolist() == [n % 3 for n in range(8)]


def test_recipe_vera_says_why_upstream_has_no_numbers(tmp_path: Path, tiny_model: Path) -> None:
    metrics = evaluated(tmp_path, tiny_model, recipe="vera")["metrics"]
    assert metrics["upstream"] is None
    assert "does not know planted" in metrics["upstream_absent"]
    predictions = read_predictions(tmp_path / "out" / "predictions.parquet")
    written = json.loads((tmp_path / "out" / "booleans.json").read_text())
    assert written == upstream_booleans(predictions)


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_evaluation_writes_over_no_model_and_no_file_of_the_users(
    tmp_path: Path, tiny_model: Path, overwrite: bool
) -> None:
    copy = shutil.copytree(tiny_model, tmp_path / "out")
    with pytest.raises(OutputError, match=r"config.json was not written by a run"):
        evaluated(tmp_path, copy, overwrite=overwrite)
    verify(copy)
    again = tmp_path / "again"
    predictions = again / "out" / "predictions.parquet"
    predictions.parent.mkdir(parents=True)
    predictions.write_text("mine")
    with pytest.raises(OutputError, match=r"predictions.parquet was not written by a run"):
        evaluated(again, tiny_model, overwrite=overwrite)
    assert predictions.read_text() == "mine"


def test_an_evaluation_into_a_run_that_is_not_finished(tmp_path: Path, tiny_model: Path) -> None:
    run = tmp_path / "out"
    run.mkdir()
    (run / "config.json").write_text('{"preset": "tiny"}')
    (run / "train_log.jsonl").write_text("")
    with pytest.raises(OutputError, match="holds a run: choose another --out"):
        evaluated(tmp_path, tiny_model)
    assert (run / "config.json").read_text() == '{"preset": "tiny"}'
