"""Recipe ``vera`` retraces upstream's recorded run: every loss, every weight, every logit."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tiny_vera import save_model
from transformers import T5Tokenizer

from vera_model.config import from_preset
from vera_model.data.splits import read_inputs
from vera_model.model.modeling_vera import VeraModel
from vera_model.model.saving import load_checkpoint
from vera_model.objectives.vera import VeraObjective
from vera_model.programs.train import run

pytestmark = [pytest.mark.numeric, pytest.mark.shared, pytest.mark.slow]

TASKS = ("sciq", "copa", "csqa2")
KINDS = (0, 4)
EVERY = ("loss", "loss_scoring", "loss_contrastive")


@pytest.fixture(scope="module")
def golden() -> Path:
    from conftest import SHARED

    return SHARED / "golden" / "vera"


@pytest.fixture(scope="module")
def start(golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Upstream's model and head as a checkpoint of ours."""
    model = VeraModel.from_encoder(str(golden / "tiny-t5"))
    model.head.load_state_dict(load_file(golden / "tiny-t5" / "head.safetensors"))
    folder = tmp_path_factory.mktemp("start") / "model"
    save_model(folder, model, T5Tokenizer.from_pretrained(golden / "tiny-t5"))
    return folder


def trained(golden: Path, start: Path, out: Path, kind: int) -> Path:
    recorded = golden / "train" / f"trajectory_ctr{kind}.json"
    if not recorded.is_file():
        pytest.skip(f"{recorded.name} is kept aside")
    run(
        from_preset(
            "upstream",
            recipe="vera",
            start_from=start,
            data=[golden / "train" / "data" / task / "train.json" for task in TASKS],
            valid=[golden / "train" / "data" / task / "dev.json" for task in TASKS],
            out=out,
            **{"steps": 20, "batch_size": 4, "lr": 1e-3, "contrastive": kind, "device": "cpu"},
            **{"log_every": 1, "save_every": 20, "eval_every": 20},
        )
    )
    return recorded


def number(value: float | str | None) -> float:
    """Strict JSON: null (ours) and "inf" (the recording) are infinite."""
    return math.inf if value is None else float(value)


@pytest.mark.parametrize("kind", KINDS)
def test_twenty_one_updates_are_retraced(
    golden: Path, start: Path, tmp_path: Path, kind: int
) -> None:
    recorded = json.loads(trained(golden, start, tmp_path / "run", kind).read_text())
    log = [json.loads(line) for line in (tmp_path / "run" / "train_log.jsonl").open()]
    assert len(log) == len(recorded["steps"]) == 21
    for mine, theirs in zip(log, recorded["steps"], strict=True):
        assert mine["step"] == theirs["step"]
        assert mine["accuracy"] == pytest.approx(theirs["acc"])
        for name in EVERY:
            assert number(mine[name]) == pytest.approx(number(theirs[name]), abs=1e-5), mine["step"]
    model, _ = load_checkpoint(tmp_path / "run" / "model" / "last")
    assert (tmp_path / "run" / "model" / "last").resolve().name == "ckp_20"
    weights = dict(model.backbone.named_parameters())
    summaries = recorded["weights_after_20_updates"]
    for name, facts in summaries["model"].items():
        weight = weights[name.replace("encoder.embed_tokens", "shared")].detach().double()
        assert float(weight.sum()) == pytest.approx(facts["sum"], abs=1e-3)
        assert float(weight.norm()) == pytest.approx(facts["l2"], abs=1e-5)
        assert float(weight.abs().max()) == pytest.approx(facts["abs_max"], abs=2e-4)
    assert model.head.bias.item() == pytest.approx(summaries["linear"]["bias"]["sum"], abs=2e-4)
    single = load_file(golden / "train" / f"weights_ctr{kind}_after20.safetensors")
    for name, expected in single.items():
        found = getattr(model.head, name.removeprefix("head.")) if "head" in name else weights[name]
        torch.testing.assert_close(found.detach(), expected, rtol=0, atol=2e-4, msg=name)
    for step, folder in ((0, start), (20, tmp_path / "run" / "model" / "last")):
        assert_logits(golden, folder, f"booleans_ctr{kind}_step{step}.json")


def assert_logits(golden: Path, folder: Path, name: str) -> None:
    expected: list[dict[str, Any]] = json.loads((golden / "train" / name).read_text())
    model, tokenizer = load_checkpoint(folder)
    found = []
    for task in TASKS:
        texts = []
        for item in json.loads((golden / "train" / "data" / task / "dev.json").read_text()):
            texts += [*item["golds"], *item["distractors"]]
        ids = tokenizer(texts, padding=True, return_tensors="pt")
        with torch.no_grad():
            found += model(ids["input_ids"], ids["attention_mask"]).raw_logits.tolist()
    assert found == pytest.approx([item["logit"] for item in expected], abs=1e-5)


def test_the_order_of_the_problems_is_upstreams(golden: Path, tmp_path: Path) -> None:
    shutil.copytree(golden / "train" / "data", tmp_path / "data")
    config = from_preset(
        "upstream",
        recipe="vera",
        data=[tmp_path / "data" / task / "train.json" for task in TASKS],
        out=tmp_path / "run",
        **{"batch_size": 4, "device": "cpu"},
    )
    from accelerate import Accelerator

    from vera_model.data.splits import Paths
    from vera_model.distributed import Processes

    inputs = read_inputs(config, Paths(config.data, config.data[:0], ()))
    holdout = inputs.holdout._replace(train=inputs.data.problems)
    tokenizer = T5Tokenizer.from_pretrained(golden / "tiny-t5")
    objective = VeraObjective(config, tokenizer, holdout, Processes(Accelerator(cpu=True)))
    order = [
        [problem.problem.task, int(problem.problem.id.rsplit("-", 1)[1])]
        for batch in objective.batches(0)
        for problem in batch
    ]
    recorded = json.loads((golden / "train" / "train_order.json").read_text())["order"]
    assert order == recorded
    again = [problem.problem for batch in objective.batches(1) for problem in batch]
    assert again == [problem.problem for batch in objective.batches(0) for problem in batch]
