"""Stage A → stage B → evaluation, and upstream's four commands, on the embedded samples.

By the script `vera_model/run.py` and by the module `vera_model.run`, each command in a process of
its own; tests/test_wheel.py starts the module from an installed wheel.
"""

import json
import os
import runpy
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import started
import torch
from conftest import ROOT
from transformers import T5Config, T5EncoderModel

from unifiedqa_convert.vera_tasks import EVALUATED, KNOWLEDGE_BASES, STAGE_B
from vera_model.model.tokenizer import train_tokenizer

pytestmark = pytest.mark.slow

Run = Callable[..., dict[str, Any]]

STARTS: dict[str, Callable[[], object]] = {
    "script": partial(runpy.run_path, str(ROOT / "vera_model" / "run.py"), run_name="__main__"),
    "module": partial(runpy.run_module, "vera_model.run", run_name="__main__", alter_sys=True),
}
FEW = "--total_steps 2 --save_interval 1 --eval_interval 1 --batch_size 2".split()


@pytest.fixture(params=STARTS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """A command on invented rows, in an empty folder; its metrics.json."""
    texts = [path.read_text() for path in (ROOT / "data/samples").glob("*/*/validation.jsonl")]
    tokenizer = train_tokenizer(texts, 300)
    shape = {"d_model": 16, "d_kv": 4, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    torch.manual_seed(0)
    config = T5Config(vocab_size=len(tokenizer), feed_forward_proj="gated-gelu", **shape)
    T5EncoderModel(config).save_pretrained(tmp_path / "t5")
    tokenizer.save_pretrained(tmp_path / "t5")
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "UQA_CACHE": str(tmp_path / "cache")}
    env |= {"OMP_NUM_THREADS": "1"}

    def start(out: str, *flags: str) -> dict[str, Any]:
        words = [*flags, "--allow-sample", "--device", "cpu"]
        done: subprocess.CompletedProcess[str] = started.models.run(
            words, cwd=tmp_path, env=env, program=STARTS[request.param]
        )
        assert done.returncode == 0, f"{words}\n{done.stderr}"
        found: dict[str, Any] = json.loads((tmp_path / "runs" / out / "metrics.json").read_text())
        return found

    return start


def names(document: dict[str, Any]) -> set[str]:
    return {shard["dataset"] for shard in document["data"]["shards"]}


def test_stage_a_then_stage_b_then_the_evaluation(run: Run) -> None:
    skip = ("--missing", "skip")
    first = run("stage-a", "--preset", "stage-a", "--model", "./t5", *FEW, *skip)
    assert names(first) == {*KNOWLEDGE_BASES}
    second = run("stage-b", "--preset", "stage-b", *FEW, *skip)  # from runs/stage-a/model/best
    assert names(second) <= {*STAGE_B}
    assert len(names(second)) >= 16
    assert first["model"]["parameters"] == second["model"]["parameters"]
    from_b = ("--load_from_ckpt", "runs/stage-b/model/best", "--run_name", "eval")
    last = run("eval", "--mode", "eval", *from_b, *skip)
    assert last["checkpoint"]["measured"] == "runs/stage-b/model/best"
    measured = {*last["metrics"]["tasks"]}
    assert measured <= {*EVALUATED}
    assert len(measured) >= 28
    seen = second["metrics"]["tasks"].keys() & measured
    assert len(seen) >= 16
    for task in seen:  # the same checkpoint on the same rows
        same = [one["metrics"]["tasks"][task]["auroc"] for one in (second, last)]
        assert same[0] == pytest.approx(same[1]), task


def test_the_four_commands_of_upstreams_readme(run: Run) -> None:
    few = ("--model_type", "./t5", *FEW)
    one = run(
        "train", "--train_tasks", "sciq", "--valid_tasks", "sciq", "--run_name", "train", *few
    )
    assert [*one["metrics"]["tasks"]] == ["sciq"]
    run("train_stage_a", "--run_name", "train_stage_a", *few)
    best = ("--load_from_ckpt", "runs/train_stage_a/model/best")
    second = run("train_stage_b", *best, "--run_name", "train_stage_b", *FEW)
    best = ("--load_from_ckpt", "runs/train_stage_b/model/best")
    last = run("eval_stage_b", "--mode", "eval", *best, "--run_name", "eval_stage_b")
    assert second["metrics"]["tasks"].keys() & last["metrics"]["tasks"].keys()
    assert len(last["metrics"]["tasks"]) >= 28
