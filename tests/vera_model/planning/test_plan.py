"""Plans: sizes that are known, and what this machine can hold."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_vera import save_tiny
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, T5Config, T5ForConditionalGeneration
from typer.testing import CliRunner
from vera_shards import choice, write_split

from unifiedqa_convert.cli import app
from unifiedqa_convert.conversion.estimate import estimate_lines, plan_conversion
from unifiedqa_convert.errors import UsageError
from vera_model.config import from_preset
from vera_model.model.configuration_vera import VeraConfig
from vera_model.model.modeling_vera import VeraModel
from vera_model.model.packed_attention import pack
from vera_model.planning.costs import (
    SHAPES,
    Work,
    cost_of,
    machine,
    measured_rate,
    plan_training,
    published_shape,
)
from vera_model.planning.plan import render_plan

WORK = Work(7680, 100_000, counted=False)


def config(tmp_path: Path, **given: Any) -> Any:
    return from_preset(data=[tmp_path], out=tmp_path / "run", device="cpu", **given)


# Parameters of Vera's model and bytes of the published seq2seq model's float32 file.
PUBLISHED = {
    "google/t5-v1_1-small": (35_333_313, 307_844_608),
    "google/t5-v1_1-base": (109_629_313, 990_311_424),
    "google/t5-v1_1-large": (341_232_129, 3_132_600_320),
    "google/t5-v1_1-xl": (1_223_529_473, 11_399_028_736),
    "google/t5-v1_1-xxl": (4_762_314_753, 44_541_329_408),
}


@pytest.mark.parametrize("name", SHAPES)
def test_parameters_and_downloads_of_the_published_models(tmp_path: Path, name: str) -> None:
    cost = cost_of(published_shape(name), config(tmp_path), WORK, local=False)
    assert (cost.parameters, cost.download) == PUBLISHED[name]
    assert cost.training_memory > 16 * cost.parameters


def forward(shape: Any, tokens: int) -> tuple[int, int]:
    """FLOPs and bytes kept for the backward pass, of a real model that reads one text."""
    model = VeraModel(VeraConfig(text_config=shape)).train()
    weights = {weight.untyped_storage()._cdata for weight in model.parameters()}
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage
        return tensor

    packing = pack(torch.ones(1, tokens))
    ids = torch.zeros(1, tokens, dtype=torch.long)
    counter = FlopCounterMode(display=False)  # it does not know the CPU's fused attention
    with sdpa_kernel(SDPBackend.MATH), saved_tensors_hooks(keep, lambda one: one), counter:
        model.backbone(input_ids=ids, packing=packing)
    return counter.get_total_flops(), sum(storage.nbytes() for storage in kept.values())


SMALL = {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 100}
T5 = T5Config(d_model=64, d_kv=16, d_ff=96, num_layers=2, num_heads=4, vocab_size=100)
LLAMA = LlamaConfig(
    **{**SMALL, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2}
)


@pytest.mark.parametrize("shape", [T5, LLAMA], ids=["t5", "llama"])
def test_what_is_counted_without_memory_is_what_a_real_model_does(
    tmp_path: Path, shape: Any
) -> None:
    work = Work(240, 24, counted=True, tokens_per_statement=24)
    cost = cost_of(shape, config(tmp_path), work, local=True)
    flops, kept = forward(shape, 24)
    assert cost.evaluation_flops == flops
    assert cost.update_flops == 3 * 10 * flops
    assert cost.training_memory == 16 * cost.parameters + 10 * kept
    assert cost.parameters == VeraModel(VeraConfig(text_config=shape)).num_parameters()


def test_a_text_model_reads_and_writes(tmp_path: Path) -> None:
    work = Work(280, 28, counted=True, tokens_per_statement=24, tokens_per_answer=4)
    cost = cost_of(T5, config(tmp_path, objective="text"), work, local=True)
    model = T5ForConditionalGeneration(T5)
    with FlopCounterMode(display=False) as counter:
        model(
            input_ids=torch.zeros(1, 24, dtype=torch.long),
            decoder_input_ids=torch.zeros(1, 4, dtype=torch.long),
        )
    assert cost.evaluation_flops == pytest.approx(counter.get_total_flops())
    assert cost.parameters == model.num_parameters()


def test_an_update_is_three_forward_passes(tmp_path: Path) -> None:
    shape, work = published_shape(next(iter(SHAPES))), Work(1000, 500, counted=True)
    cost = cost_of(shape, config(tmp_path), work, local=True)
    assert cost.update_flops == 6 * cost.evaluation_flops
    again = cost_of(shape, config(tmp_path, activation_checkpointing=True), work, local=True)
    assert again.update_flops == pytest.approx(4 / 3 * cost.update_flops)
    assert again.training_memory < cost.training_memory


def test_the_plan_adds_up_and_measures(tmp_path: Path) -> None:
    plan = plan_training(config(tmp_path), WORK, measure=True)
    flops, tokens = plan["flops"], plan["tokens"]
    total = tokens["updates"] * flops["update"] + tokens["evaluations"] * flops["evaluation"]
    assert flops["run"] == total
    assert plan["seconds"] == total / plan["measured_flops_per_second"] > 0
    assert plan["download_bytes"] == 0
    assert machine(tmp_path / "not" / "there")["disk_bytes"] > 0


def test_a_wider_model_is_measured_without_being_built(tmp_path: Path) -> None:
    assert measured_rate(published_shape("google/t5-v1_1-base"), config(tmp_path), WORK) > 1e6


def planned(*flags: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["plan", "train", *flags, "--no-measure", "--json"])
    assert done.exit_code == 0, done.output
    plan: dict[str, Any] = json.loads(done.stdout)
    return plan


@pytest.fixture
def data(tmp_path: Path) -> Path:
    texts = [[f"A sentence of {n} words it is.", "No.", f"Not {n * n}."] for n in range(30)]
    groups = [choice(n, some, 0) for n, some in enumerate(texts)]
    write_split(tmp_path / "data" / "planted", groups)
    return tmp_path / "data"


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--batch-tokens", "90"],
        ["--recipe", "vera"],
        ["--recipe", "vera", "--eval-every", "3"],
        ["--eval-every", "3", "--save-every", "3"],
        ["--accumulate", "2"],
    ],
)
def test_the_plan_is_what_the_run_says_and_does(
    data: Path, tmp_path: Path, more: list[str]
) -> None:
    out = tmp_path / "run"
    flags = ["--data", str(data), "--batch_size", "7", "--steps", "8", "--out", str(out), *more]
    plan = planned(*flags)
    assert not out.exists()
    assert plan["seconds"] is None
    lines = [line for line in render_plan(plan) if line.split()[0] in ("model", "work", "FLOPs")]
    done = CliRunner().invoke(app, ["train", *flags, "--device", "cpu"])
    assert done.exit_code == 0, done.output
    for line in lines:
        assert line in done.stderr
    assert plan["parameters_are_exact"] is True
    found = json.loads((out / "metrics.json").read_text())["model"]
    assert plan["parameters"] == found["parameters"]
    log = [json.loads(line) for line in (out / "train_log.jsonl").open()]
    judged = (out / "eval_log.jsonl").read_text().splitlines()
    assert (plan["tokens"]["updates"], plan["tokens"]["evaluations"]) == (len(log), len(judged))
    tokens = [line["tokens"] for line in log]
    if not {"--batch-tokens", "--recipe"} & {*more}:  # whole epochs of four batches
        assert sum(tokens) / len(tokens) == pytest.approx(plan["tokens"]["tokens_per_update"])


def test_more_than_can_be_counted_at_once_is_estimated_and_says_so(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = planned("--data", str(data), "--batch_size", "8")["tokens"]
    monkeypatch.setattr("vera_model.planning.plan._COUNTED", 10)
    plan = planned("--data", str(data), "--batch_size", "8", "--out", str(tmp_path / "run"))
    assert (exact["counted"], exact["estimated"]) == (True, False)
    assert (plan["tokens"]["counted"], plan["tokens"]["estimated"]) == (False, True)
    lines = render_plan(plan)
    assert "from scratch, about " in lines[0]
    assert "(estimated from the texts' lengths)" in "\n".join(lines)


def test_a_stage_whose_start_is_not_there_yet_is_planned_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned("--preset", "stage-b")
    assert plan["start_from_absent"] == "runs/stage-a/model/best"
    assert render_plan(plan)[-1].startswith(
        "start from  runs/stage-a/model/best does not exist yet"
    )
    assert plan["tokens"]["counted"] is plan["tokens"]["estimated"] is False
    texts = ["A sentence.", "Another."]
    save_tiny(tmp_path / "runs" / "stage-a" / "model" / "best", texts)
    later = planned("--preset", "stage-b")
    assert later["start_from_absent"] is None
    assert later["download_bytes"] == 0
    assert plan["model"] == "runs/stage-a/model/best, a google/t5-v1_1-small"
    assert later["model"] == "runs/stage-a/model/best"
    assert later["parameters"] < plan["parameters"]


def test_plan_train_takes_the_flags_of_train(data: Path, tmp_path: Path) -> None:
    flags = ["--data", str(data), "--out", str(tmp_path / "run")]
    text = CliRunner().invoke(app, ["plan", "train", *flags, "--objective", "text"])
    assert isinstance(text.exception, UsageError)
    assert "prints the plan before its first update" in str(text.exception)


def test_plan_convert_names_downloads(tmp_path: Path) -> None:
    plan = plan_conversion("copa", "validation", "question_converter-3b", tmp_path)
    assert plan["rows"] == 100
    assert plan["question_converter"]["download"] == 11_400_000_000
    assert any("11.4 GB" in line for line in estimate_lines(plan))
    with pytest.raises(UsageError):
        plan_conversion("nothing", None, "rules", tmp_path)
    assert plan_conversion("copa", "dev", "rules", tmp_path)["rows"] == 100
    with pytest.raises(UsageError, match="did you mean validation"):
        plan_conversion("copa", "vaildation", "rules", tmp_path)
    with pytest.raises(UsageError, match="no dataset has a split 'nothing'"):
        plan_conversion("all", "nothing", "rules", tmp_path)
    with pytest.raises(UsageError, match="no model 'nothing'"):
        plan_conversion("copa", None, "nothing", tmp_path)
    other = plan_conversion("copa", None, "owner/name", tmp_path)["question_converter"]
    assert other["source"] == "uqa model fetch owner/name --plan prints it"
