"""The four commands people know, from upstream's README, flags unchanged, end to end."""

import json
import os
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import started
import torch
from conftest import ROOT
from transformers import T5Config, T5EncoderModel

from unifiedqa_convert.errors import SourceError
from vera_model.config import from_preset
from vera_model.model.tokenizer import train_tokenizer
from vera_model.programs.train import run

pytestmark = [pytest.mark.shared, pytest.mark.slow]

BIN = Path(sys.executable).parent


class Place(NamedTuple):
    """A copy of the repository root as far as the commands see it."""

    root: Path
    model: Path

    def environment(self) -> dict[str, str]:
        offline = {"HF_HUB_OFFLINE": "1", "UQA_CACHE": str(self.root / "cache")}
        return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **offline}

    def run(self, *command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def upstreams(self, *flags: object) -> str:
        """A command with few steps and a model from a local folder; what it said to people.

        As `accelerate launch` starts it, but for the fresh start of torch and accelerate: that one
        is in docs/training.md, whose commands test_docs.py runs as they stand.
        """
        few = ["--total_steps", 2, "--save_interval", 1, "--eval_interval", 1, "--batch_size", 2]
        few = [] if "eval" in flags else [*few, "--model_type", self.model]
        program = partial(runpy.run_path, "vera_model/run.py", run_name="__main__")
        env = self.environment()
        done = started.models.run([*flags, *few], cwd=self.root, env=env, program=program)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def metrics(self, name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(
            (self.root / "runs" / name / "metrics.json").read_text()
        )
        return loaded


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    from conftest import SHARED

    root = tmp_path_factory.mktemp("root")
    (root / "vera_model").symlink_to(ROOT / "vera_model")
    place = Place(root, root / "t5")
    real = SHARED / "real" / "sciq" / "authors" / "valid.json"
    for split in ("train", "validation"):  # dev rows serve for both
        flags = ("--split", split, "--raw", real, "--limit", 24, "-q")
        done = place.run(BIN / "uqa", "convert", "sciq", *flags)
        assert done.returncode == 0, done.stderr
    rows = json.loads(real.read_text())[:24]
    tokenizer = train_tokenizer([row["question"] for row in rows], 300)
    shape = {"d_model": 16, "d_kv": 4, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    torch.manual_seed(0)
    config = T5Config(vocab_size=len(tokenizer), feed_forward_proj="gated-gelu", **shape)
    T5EncoderModel(config).save_pretrained(place.model)
    tokenizer.save_pretrained(place.model)
    return place


def test_the_four_commands(place: Place) -> None:
    named = ("--train_tasks", "sciq", "--valid_tasks", "sciq", "--run_name", "train")
    said = place.upstreams(*named)
    assert "NO TASK LIST" not in said
    assert place.metrics("train")["missing"] == []
    assert list(place.metrics("train")["metrics"]["tasks"]) == ["sciq"]

    said = place.upstreams("--run_name", "train_stage_a")
    assert "NO TASK LIST: train_stage_a trains on upstream's default, the 19 tasks" in said
    assert "--preset stage-a" in said
    assert "Skipped, data not found (training): openbookqa, " in said
    missing = {(one["task"], one["part"]) for one in place.metrics("train_stage_a")["missing"]}
    assert {("symkd_anno", "train"), ("symkd_anno", "dev")} <= missing
    assert ("sciq", "train") not in missing
    best = place.root / "runs" / "train_stage_a" / "model" / "best"
    state = json.loads((best / "training" / "state.json").read_text())
    assert "symkd_anno" in state["missing"]  # the checkpoint says so too

    best = best.resolve().relative_to(place.root.resolve())
    assert best.name in ("ckp_1", "ckp_2")
    place.upstreams("--load_from_ckpt", best, "--run_name", "train_stage_b")
    begun = json.loads((place.root / "runs" / "train_stage_b" / "config.json").read_text())
    assert begun["start_from"] == str(best)

    best = Path("runs/train_stage_b/model/best")
    place.upstreams("--mode", "eval", "--load_from_ckpt", best, "--run_name", "eval_stage_b")
    metrics = place.metrics("eval_stage_b")
    assert metrics["data"]["groups"]["evaluated_on"] == 24
    trained = place.metrics("train_stage_b")["metrics"]["overall"]
    assert metrics["metrics"]["overall"]["auroc"] == pytest.approx(trained["auroc"])
    assert {"copa", "creak", "rainier_anno"} <= {one["task"] for one in metrics["missing"]}


def test_a_named_task_that_cannot_be_had_stops_the_run(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.root)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    given = {"model": str(place.model), "out": "runs/named", "device": "cpu"}
    config = from_preset("upstream", train_tasks=["sciq", "symkd_anno"], **given)
    with pytest.raises(SourceError, match=r"symkd_anno \(train\): .*ask its authors") as said:
        run(config)
    assert "--missing skip" in str(said.value)
    assert not (place.root / "runs" / "named").exists()
