"""The whole way: shards → training → metrics.json."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import started
from conftest import ROOT
from vera_shards import choice, write_split, yes_no

from unifiedqa_convert.errors import ModelError, OutputError, UsageError
from vera_model.config import TrainConfig, from_preset
from vera_model.model.saving import load_checkpoint
from vera_model.programs.train import run
from vera_model.run import main as run_py

GROUPS = [
    *[choice(n, [f"Cause {n} has effect {n + k}." for k in range(6)], n % 6) for n in range(30)],
    *[yes_no(30 + n, f"Number {n} is even.", n % 2 == 0) for n in range(30)],
    yes_no(60, "Nobody knows.", None),
    choice(61, ["Left.", "Right.", "Right."], 1, masked=frozenset({1, 2})),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_split(tmp_path / "converted" / "planted" / "train", GROUPS)


def config(data: Path, out: Path, **given: Any) -> TrainConfig:
    return from_preset(data=[data], out=out, **{"device": "cpu", "steps": 8, **given})


def document(path: Path) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    loaded: dict[str, Any] = json.loads(path.read_text(), parse_constant=refuse)
    return loaded


def test_a_run_says_what_it_did_and_its_counts_add_up(data: Path, tmp_path: Path) -> None:
    metrics = run(config(data, tmp_path / "run"))
    assert metrics == tmp_path / "run" / "metrics.json"
    found = document(metrics)["data"]
    groups, statements = found["groups"], found["statements"]
    assert groups["read"] == len(GROUPS) == 62
    assert groups["dropped"] == {"unlabelled": 1, "without a gold": 1}
    used = groups["trained_on"] + groups["evaluated_on"]
    assert groups["read"] == used + sum(groups["dropped"].values())
    used = statements["trained_on"] + statements["evaluated_on"]
    assert statements["read"] == used + sum(statements["left_out"].values()) == 30 * 6 + 30 + 4
    assert statements["left_out"]["over the limit per group"] > 0  # 6 choices, 4 trained on
    assert found["sample"] is False
    assert found["shards"][0]["dataset"] == "planted"
    overall = document(metrics)["metrics"]["overall"]
    assert overall["problems"] == groups["evaluated_on"]
    assert overall["statements"] == statements["evaluated_on"]
    assert document(metrics)["metrics"]["tasks"]["planted"] == overall
    assert document(metrics)["run"]["seed"] == 19260817


@pytest.mark.numeric
def test_the_run_folder_is_complete(data: Path, tmp_path: Path) -> None:
    out = run(config(data, tmp_path / "run")).parent
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    logs = {"train_log.jsonl", "eval_log.jsonl", "tensorboard"}
    assert names == {"config.json", "metrics.json", "predictions.parquet", "model", *logs}
    assert {path.name for path in (out / "model").iterdir()} == {"ckp_8", "best", "last"}
    assert TrainConfig.model_validate_json((out / "config.json").read_text()).steps == 8
    log = [json.loads(line) for line in (out / "train_log.jsonl").open()]
    assert [line["step"] for line in log] == list(range(1, 9))
    first = log[0]
    expected = first["loss_scoring"] + 0.1 * first["loss_contrastive"]
    assert first["loss"] == pytest.approx(expected, rel=1e-5)
    load_checkpoint(out / "model")


def test_epochs_follow_each_other_and_each_has_every_problem_once(
    data: Path, tmp_path: Path
) -> None:
    path = run(config(data, tmp_path / "run", save=False))
    log = [json.loads(line) for line in path.with_name("train_log.jsonl").open()]
    epochs = [line["epoch"] for line in log]
    assert epochs == sorted(epochs)
    assert set(epochs) >= {0, 1}
    trained_on = document(path)["data"]["groups"]["trained_on"]
    for epoch in range(max(epochs)):
        assert sum(line["problems"] for line in log if line["epoch"] == epoch) == trained_on


@pytest.mark.numeric
def test_the_same_seed_gives_the_same_bytes(data: Path, tmp_path: Path) -> None:
    names = ("train_log.jsonl", "metrics.json", "model/best/model.safetensors")
    one = run(config(data, tmp_path / "one")).parent
    two = run(config(data, tmp_path / "two")).parent
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    other = run(config(data, tmp_path / "three", seed=1)).parent
    assert (one / names[0]).read_bytes() != (other / names[0]).read_bytes()


def test_given_evaluation_data_is_used_and_kept_apart(data: Path, tmp_path: Path) -> None:
    valid = write_split(tmp_path / "valid", GROUPS[:20], split="validation")
    found = document(run(config(data, tmp_path / "run", valid=[valid])))["data"]
    assert found["evaluation_split"] == "the shards of --valid"
    assert found["groups"]["evaluated_on"] == 20
    assert found["groups"]["read"] == 62 + 20
    assert found["evaluation_problems_whose_texts_were_trained_on"] == 20
    with pytest.raises(UsageError, match=r"are in --data too"):
        run(config(data, tmp_path / "other", valid=[data]))
    assert not (tmp_path / "other").exists()


def test_an_earlier_run_is_kept_unasked(data: Path, tmp_path: Path) -> None:
    run(config(data, tmp_path / "run", steps=1))
    before = (tmp_path / "run" / "metrics.json").read_bytes()
    with pytest.raises(OutputError, match="--overwrite"):
        run(config(data, tmp_path / "run", steps=2))
    assert (tmp_path / "run" / "metrics.json").read_bytes() == before
    assert (
        document(run(config(data, tmp_path / "run", steps=2, overwrite=True)))["run"]["steps"] == 2
    )


def test_a_run_that_failed_before_its_first_update_is_not_in_the_way(
    data: Path, tmp_path: Path
) -> None:
    given = {"recipe": "vera", "batch_size": 1000}
    with pytest.raises(UsageError, match=r"fewer problems \(\d+\) than one batch"):
        run(config(data, tmp_path / "run", **given))
    assert (tmp_path / "run" / "config.json").exists()
    assert run(config(data, tmp_path / "run", steps=1)).is_file()


def test_samples_need_to_be_allowed_and_are_named(tmp_path: Path) -> None:
    sample = write_split(tmp_path / "train.sample", GROUPS, sample=True)
    with pytest.raises(UsageError, match="--allow-sample"):
        run(config(sample, tmp_path / "run"))
    metrics = run(config(sample, tmp_path / "run", allow_sample=True))
    assert document(metrics)["data"]["sample"] is True


def test_a_loss_that_runs_away_is_an_error_and_leaves_no_metrics(
    data: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="lower --lr"):
        run(config(data, tmp_path / "run", lr=1e30))
    assert not (tmp_path / "run" / "metrics.json").exists()


@pytest.mark.numeric
def test_upstreams_infinite_contrastive_loss_is_trained_through(tmp_path: Path) -> None:
    data = write_split(tmp_path / "lone", [GROUPS[0], *GROUPS[30:60]])
    given = {"contrastive_labels": "upstream", "batch_size": 1}
    out = run(config(data, tmp_path / "run", **given)).parent
    log = [json.loads(line) for line in (out / "train_log.jsonl").open()]
    assert log[0]["loss"] is None  # infinite, which JSON has not
    assert all(line["loss_scoring"] > 0 for line in log)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"preset": "huge"}, "unknown preset 'huge'; presets: smol, stage-a, "),
        ({"data": []}, "give either --data SHARDS or --train-tasks NAMES"),
        ({"steps": 0, "lr": -1}, "steps: .*; lr: "),
        ({"colour": "red"}, "colour: "),
    ],
)
def test_a_wrong_configuration_names_each_field(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        from_preset(**{"data": ["d"], "out": "o", **given})


def test_the_configuration_loads_no_torch() -> None:
    code = "import sys, vera_model.config; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.numeric
def test_recomputing_activations_changes_nothing(data: Path, tmp_path: Path) -> None:
    plain = run(config(data, tmp_path / "plain", steps=2))
    again = run(config(data, tmp_path / "again", steps=2, activation_checkpointing=True))
    logs = [path.with_name("train_log.jsonl").read_text() for path in (plain, again)]
    first, second = ([json.loads(line)["loss"] for line in log.splitlines()] for log in logs)
    assert first == pytest.approx(second, abs=1e-5)


@pytest.mark.numeric
def test_bf16_is_near_fp32_and_fp16_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for precision in ("fp32", "bf16"):
        path = run(config(data, tmp_path / precision, steps=3, precision=precision, lr=1e-3))
        log = path.with_name("train_log.jsonl").read_text().splitlines()
        found[precision] = [json.loads(line)["loss"] for line in log]
    assert found["fp32"] == pytest.approx(found["bf16"], rel=0.05)
    assert found["fp32"] != found["bf16"]
    with pytest.raises(UsageError, match=r"fp16 is refused: T5's activations exceed .* bf16"):
        config(data, tmp_path / "half", precision="fp16")
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    with pytest.raises(UsageError, match=r"accelerate is set to fp16: .* bf16"):
        run(config(data, tmp_path / "half"))


def test_the_rate_warms_up_and_decays_and_the_gradient_is_clipped(
    data: Path, tmp_path: Path
) -> None:
    given = {"warmup": 2, "decay": "linear", "lr": 0.1, "steps": 6, "clip": 1e-9, "seed": 1}
    path = run(config(data, tmp_path / "run", **given))
    log = [json.loads(line) for line in path.with_name("train_log.jsonl").open()]
    rates = [line["lr"] for line in log]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.075, 0.05, 0.025])


def test_tensorboard_has_the_curves(data: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out = run(config(data, tmp_path / "run", steps=3)).parent
    events = EventAccumulator(str(out / "tensorboard"))
    events.Reload()
    assert {"train/loss", "train/accuracy", "train/lr"} <= set(events.Tags()["scalars"])
    log = [json.loads(line)["loss"] for line in (out / "train_log.jsonl").open()]
    assert [event.value for event in events.Scalars("train/loss")] == pytest.approx(log)


def test_a_tracker_that_is_not_installed_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pip install wandb"):
        run(config(data, tmp_path / "run", track=["wandb"]))
    assert {path.name for path in (tmp_path / "run").iterdir()} == {".lock", "config.json"}


@pytest.mark.numeric
def test_the_best_checkpoint_is_kept_and_measured(data: Path, tmp_path: Path) -> None:
    path = run(config(data, tmp_path / "run", steps=6, save_every=2, eval_every=1))
    found = document(path)["checkpoint"]
    values = {one["step"]: one["value"] for one in found["chosen_by"]}
    assert list(values) == [1, 2, 3, 4, 5, 6]
    first = min(step for step, value in values.items() if value == max(values.values()))
    assert found["measured"] == f"ckp_{first}"
    model = path.parent / "model"
    assert (model / "best").resolve().name == f"ckp_{first}"
    assert (model / "last").resolve().name == "ckp_6"
    kept = {name.name for name in model.glob("ckp_*")}
    assert kept == {f"ckp_{first}", "ckp_6"}


@pytest.mark.slow
def test_the_program_says_what_to_do_next(tmp_path: Path) -> None:
    done = started.models.run(["--data", tmp_path / "no", "--out", tmp_path], program=run_py)
    assert done.returncode == 4
    assert done.stderr.startswith(
        f"uqa train: {tmp_path / 'no'} does not exist: convert a dataset first"
    )
    assert "Traceback" not in done.stderr
