"""Losses against closed forms here, and against what upstream's own code gave."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import T5EncoderModel

from vera_model.loss import (
    binary,
    column_classes,
    contrastive_loss,
    margin,
    multi_class,
    to_grid,
    vera_loss,
)
from vera_model.model import VeraConfig, VeraModel

SHARED = Path(os.environ.get("UQA_SHARED", Path(__file__).parents[2].parent / "shared"))
TRAIN = SHARED / "golden/vera/train"
TINY = SHARED / "golden/vera/tiny-t5"
EDGES = (
    "one_mc_problem",
    "one_mc_two_choices",
    "one_boolean_true",
    "one_boolean_false",
    "four_booleans",
    "three_booleans_one_copa",
    "five_distractors_cut_to_three",
    "mc_without_gold",
    "gold_only_mc",
    "distractor_equals_gold",
    "same_problem_twice",
)
recorded = pytest.mark.skipif(
    not TRAIN.is_dir(), reason=f"no recorded losses in {TRAIN}: set UQA_SHARED"
)


def tensors(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows, requires_grad=True)


def test_to_grid_spreads_in_row_order() -> None:
    mask = torch.tensor([[True, False], [True, True]])
    assert to_grid(torch.tensor([1.0, 2.0, 3.0]), mask).tolist() == [[1, 0], [2, 3]]


def test_multi_class_ignores_lone_statements_and_empty_cells() -> None:
    logits = tensors([[2.0, 0.0, 99.0], [-5.0, 99.0, 99.0]])
    mask = torch.tensor([[True, True, False], [True, False, False]])
    loss = multi_class(logits, mask, torch.tensor([True, False]))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2)))
    assert logits.grad is not None
    assert logits.grad[~mask].abs().max() == 0
    assert logits.grad[1].abs().max() == 0


def test_multi_class_without_choices_is_zero_and_trainable() -> None:
    logits = tensors([[1.0], [2.0]])
    loss = multi_class(logits, torch.ones(2, 1, dtype=torch.bool), torch.tensor([False, False]))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert logits.grad.tolist() == [[0], [0]]


def test_binary_weighs_the_first_column_as_much_as_the_others_together() -> None:
    logits = tensors([[0.0, 0.0, 0.0, 50.0]])
    mask = torch.tensor([[True, True, True, False]])
    labels = torch.tensor([[True, False, False, False]])
    assert binary(logits, labels, mask).item() == pytest.approx(2 * math.log(2))


def test_margin_counts_only_real_columns() -> None:
    logits = tensors([[0.5, 0.0, 9.0], [3.0, 0.0, 1.0]])
    mask = torch.tensor([[True, True, False], [True, True, True]])
    assert margin(logits, mask).item() == pytest.approx((0.5 + 0 + 0) / 2)


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_contrastive_matches_a_loop(kind: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(7, 5, generator=generator, dtype=torch.float64)
    classes = torch.tensor([True, False, False, True, True, False, True])
    unit = hidden / hidden.norm(dim=1, keepdim=True) if kind in (3, 4) else hidden
    values = []
    for i in range(7):
        near = [math.exp((unit[i] @ unit[j]).item() / 0.5) for j in range(7)]
        same = [j for j in range(7) if classes[j] == classes[i] and j != i]
        if kind in (1, 3):
            among = sum(near) - sum(near[j] for j in same)
            values.append(-math.log(near[i] / among))
        else:
            values.append(-math.log(sum(near[j] for j in same) / (sum(near) - near[i])))
    expected = sum(values) / 7
    assert contrastive_loss(hidden, classes, kind, 0.5).item() == pytest.approx(expected)


@pytest.mark.parametrize("infinite", [False, True])
def test_an_anchor_without_a_positive_has_no_gradient(infinite: bool) -> None:
    hidden = torch.randn(2, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = contrastive_loss(hidden, torch.tensor([True, False]), 4, 0.05, infinite=infinite)
    loss.backward()
    assert loss.item() == (math.inf if infinite else 0)
    assert hidden.grad is not None
    assert hidden.grad.tolist() == [[0] * 4] * 2


def test_a_false_lone_statement_is_a_negative_unless_upstream() -> None:
    mask = torch.tensor([[True, True], [True, False], [True, True]])
    labels = torch.tensor([[True, False], [False, False], [True, False]])
    logits, hidden = torch.zeros(3, 2), torch.zeros(3, 2, 2)
    hidden[..., 0] = torch.where(labels, 1.0, -1.0)  # the labels separate perfectly
    is_choice = torch.tensor([True, False, True])
    ours = vera_loss(logits, hidden, labels, mask, is_choice)
    theirs = vera_loss(logits, hidden, labels, mask, is_choice, contrastive_labels="upstream")
    assert ours.contrastive.item() == pytest.approx(0, abs=1e-5)
    assert theirs.contrastive.item() > 1
    assert ours.total.item() == pytest.approx(ours.scoring.item(), abs=1e-5)


def number(value: float | str) -> float:
    return float(value)  # the record writes infinity as a string


def check(case: dict[str, Any], logits: Tensor, hidden: Tensor, mask: Tensor) -> None:
    """Compare all twenty losses of one recorded batch."""
    first = torch.tensor([bool(p["first_is_correct"]) for p in case["problems"]])
    is_choice = torch.tensor([bool(p["is_mc"]) for p in case["problems"]])
    labels = column_classes(mask) & first[:, None]
    assert len(case["losses"]) == 20
    for expected in case["losses"]:
        loss = vera_loss(
            logits,
            hidden,
            labels,
            mask,
            is_choice,
            scoring=expected["loss_fn"],
            contrastive=expected["contrastive_loss_type"],
            contrastive_labels="upstream",
        )
        found = [part.item() for part in (loss.total, loss.scoring, loss.contrastive)]
        names = ("loss", "loss_scoring", "loss_contrastive")
        wanted = [number(expected[name]) for name in names]
        assert found == pytest.approx(wanted, rel=1e-5, abs=1e-5), expected["loss_fn"]


@pytest.mark.shared
@recorded
def test_losses_are_upstreams_on_recorded_hidden_states() -> None:
    case = json.loads((TRAIN / "loss_grid_train8.json").read_text())
    arrays = load_file(TRAIN / "loss_grid_train8.safetensors")
    check(case, arrays["logits"], arrays["hidden"], arrays["mask"].bool())


def tiny_model() -> VeraModel:
    """Upstream's starting weights in our model."""
    config = VeraConfig.from_pretrained(TINY)
    model = VeraModel(config)
    model.t5.load_state_dict(T5EncoderModel.from_pretrained(TINY).state_dict())
    model.head.load_state_dict(load_file(TINY / "head.safetensors"))
    return model.eval()


def forward(model: VeraModel, case: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, hidden states and mask of a recorded batch, from its token ids."""
    rows = [ids for problem in case["problems"] for ids in problem["token_ids"]]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.zeros(len(case["problems"]), case_columns(case), dtype=torch.bool)
    for at, problem in enumerate(case["problems"]):
        mask[at, : len(problem["token_ids"])] = True
    scores = model(ids, (ids != 0).long())
    return to_grid(scores.logits, mask), to_grid(scores.hidden, mask), mask


def case_columns(case: dict[str, Any]) -> int:
    return int(case["columns"])


@pytest.mark.shared
@recorded
@pytest.mark.parametrize("name", EDGES)
def test_losses_are_upstreams_on_edge_batches(name: str) -> None:
    case = json.loads((TRAIN / "loss_grid_edges.json").read_text())[name]
    logits, hidden, mask = forward(tiny_model(), case)
    expected = torch.tensor([[number(value) for value in row] for row in case["logits"]])
    torch.testing.assert_close(logits[mask], expected[mask], rtol=1e-5, atol=1e-5)
    check(case, logits, hidden, mask)


@pytest.mark.shared
@recorded
@pytest.mark.parametrize("name", ["train8", *EDGES])
def test_gradients_are_upstreams_and_finite_where_the_loss_is_not(name: str) -> None:
    if name == "train8":
        case = json.loads((TRAIN / "loss_grid_train8.json").read_text())
    else:
        case = json.loads((TRAIN / "loss_grid_edges.json").read_text())[name]
    model = tiny_model()
    first = torch.tensor([bool(p["first_is_correct"]) for p in case["problems"]])
    is_choice = torch.tensor([bool(p["is_mc"]) for p in case["problems"]])
    for expected in case["losses"]:
        model.zero_grad()
        logits, hidden, mask = forward(model, case)
        vera_loss(
            logits,
            hidden,
            column_classes(mask) & first[:, None],
            mask,
            is_choice,
            scoring=expected["loss_fn"],
            contrastive=expected["contrastive_loss_type"],
            contrastive_labels="upstream",
        ).total.backward()
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        norm = torch.stack([grad.double().norm() for grad in grads]).norm().item()
        wanted = expected["grad_l2"] or 0.0  # null: upstream's loss had no graph
        assert norm == pytest.approx(wanted, rel=1e-5, abs=1e-5), expected["loss_fn"]
