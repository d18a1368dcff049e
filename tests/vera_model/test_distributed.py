"""Two processes compute what one does: gradients, losses, weights; sharded by FSDP or not."""

import json
from pathlib import Path
from typing import Any

import pytest
import started
import torch
import train_driver
import yaml
from conftest import ROOT
from safetensors.torch import load_file
from vera_shards import choice, write_split, yes_no

GROUPS = [
    *[choice(n, [f"Cause {n} has effect {n + k}." for k in range(6)], n % 6) for n in range(14)],
    *[yes_no(30 + n, f"Number {n} is even.", n % 2 == 0) for n in range(11)],
]
# Without dropout: two processes draw other numbers than one.
ENCODER = {
    **{"vocab_size": 200, "d_model": 16, "d_kv": 4, "d_ff": 32, "num_layers": 2, "num_heads": 2},
    "dropout": 0.0,
}
CONFIG = ROOT / "vera_model/training/fsdp.yaml"


def fsdp() -> dict[str, str]:
    """What `accelerate launch --config_file …/fsdp.yaml` puts into the environment."""
    settings = yaml.safe_load(CONFIG.read_text())["fsdp_config"]
    settings["fsdp_transformer_cls_to_wrap"] = settings.pop("fsdp_transformer_layer_cls_to_wrap")
    named = {name.upper(): str(value) for name, value in settings.items()}
    return {"ACCELERATE_USE_FSDP": "true", **named}


KINDS: dict[str, dict[str, Any]] = {
    "batches": {"batch_size": 5, "accumulate": 2},
    "upstream": {"batch_size": 5, "scoring": "bce", "contrastive_labels": "upstream"},
    "one-problem": {"batch_size": 1},  # one of the two has nothing of its own to do
    "mixed": {"objective": "text", "records": "declarative", "mix": "equal", "batch_size": 5},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("processes")
    write_split(folder / "data" / "planted" / "train", GROUPS)
    few = [yes_no(n, f"Number {n} is odd.", n % 2 == 1) for n in range(4)]
    write_split(folder / "mixed" / "few" / "train", few, dataset="few")
    jobs = [
        job(folder, name, processes, **given)
        for name, given in KINDS.items()
        for processes in (1, 2)
    ]
    sharded = job(folder, "sharded", 2, environment=fsdp(), save_every=1, **KINDS["batches"])
    del sharded["gradients"]  # each process has a piece of them
    killed = {**sharded, "kill_at_batch": 4}
    resumed = {**sharded, "config": {**sharded["config"], "resume": "auto"}}
    (folder / "jobs.json").write_text(json.dumps([*jobs, killed, resumed]))
    done = started.models.run([folder / "jobs.json"], program=train_driver.main)
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout.splitlines()[-1].removeprefix("DONE "))
    assert codes[: len(jobs)] == [[0], [0, 0]] * len(KINDS), done.stderr
    assert codes[len(jobs) :] == [[-9, -9], [0, 0]], done.stderr
    return folder


def job(
    folder: Path, name: str, processes: int, environment: dict[str, str] | None = None, **given: Any
) -> dict[str, Any]:
    out = folder / f"{name}-{processes}"
    data = [str(folder / "data"), *([str(folder / "mixed")] if "mix" in given else [])]
    config = {"data": data, "out": str(out), "steps": 3, "device": "cpu"}
    return {
        "config": {**config, "encoder": ENCODER, "lr": 1e-3, **given},
        "processes": processes,
        "gradients": str(out) + ".safetensors",
        "environment": environment or {},
    }


def log(folder: Path, name: str) -> list[dict[str, Any]]:
    """Without the accuracy: a model this small nearly ties, and a rounding decides."""
    lines = [json.loads(line) for line in (folder / name / "train_log.jsonl").open()]
    return [{key: value for key, value in line.items() if key != "accuracy"} for line in lines]


@pytest.mark.numeric
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_give_the_gradient_of_one(folder: Path, kind: str) -> None:
    one, two = (load_file(folder / f"{kind}-{number}.safetensors") for number in (1, 2))
    assert one.keys() == two.keys()
    assert max(float(gradient.abs().max()) for gradient in one.values()) > 1e-3
    for name, gradient in one.items():
        # float32 has seven digits: some millionths of the tensor's size, where that is above 1
        # (measured: 0.8 of one at the most, with AVX-512).
        size = max(1.0, float(gradient.abs().max()))
        torch.testing.assert_close(two[name], gradient, rtol=0, atol=3e-6 * size, msg=name)


@pytest.mark.numeric
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_log_and_measure_what_one_does(folder: Path, kind: str) -> None:
    one, two = (log(folder, f"{kind}-{number}") for number in (1, 2))
    assert len(one) == len(two) == 3
    for mine, theirs in zip(one, two, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)
    metrics = [json.loads((folder / f"{kind}-{n}" / "metrics.json").read_text()) for n in (1, 2)]
    ece = [document["metrics"]["overall"]["ece"] for document in metrics]
    assert ece[0] == pytest.approx(ece[1], abs=1e-4)
    assert [document["run"]["processes"] for document in metrics] == [1, 2]


def test_fsdp_yaml_says_what_was_asked_and_explains_every_line() -> None:
    settings = yaml.safe_load(CONFIG.read_text())
    asked = {
        "fsdp_sharding_strategy": "FULL_SHARD",
        "fsdp_auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "fsdp_transformer_layer_cls_to_wrap": "T5Block",
        "fsdp_backward_prefetch": "BACKWARD_PRE",
        "fsdp_state_dict_type": "FULL_STATE_DICT",
    }
    assert asked.items() <= settings["fsdp_config"].items()
    assert settings["mixed_precision"] == "bf16"
    lines = [line for line in CONFIG.read_text().splitlines() if line.startswith("  fsdp_")]
    assert len(lines) == len(settings["fsdp_config"])
    assert all(" # " in line for line in lines)


@pytest.mark.numeric
@pytest.mark.slow
def test_sharded_by_fsdp_killed_and_resumed_it_is_still_the_same(folder: Path) -> None:
    one, two = log(folder, "batches-1"), log(folder, "sharded-2")
    assert len(one) == len(two) == 3
    for mine, theirs in zip(one, two, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)
    names = ("batches-1", "sharded-2")
    whole, gathered = (load_file(folder / n / "model/last/model.safetensors") for n in names)
    assert whole.keys() == gathered.keys()
    for name, weight in whole.items():
        torch.testing.assert_close(gathered[name], weight, rtol=0, atol=2e-4, msg=name)
