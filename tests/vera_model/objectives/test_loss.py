"""Losses against closed forms here, and against what upstream's own code gave."""

import json
import math
from typing import Any

import pytest
import torch
from conftest import SHARED
from safetensors.torch import load_file
from torch import Tensor

from vera_model.model.modeling_vera import VeraModel
from vera_model.objectives.loss import (
    Loss,
    binary,
    column_classes,
    contrastive_loss,
    margin,
    multi_class,
    to_grid,
    vera_loss,
)

pytestmark = pytest.mark.numeric

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
    # float32 near 2, from which 2 is taken: the last digit is 2.4e-7, the error measured 0.8e-7.
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)
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


def test_half_precision_is_widened_before_the_loss() -> None:
    """The cosine's 1/T = 20 would leave bfloat16 one digit."""
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(4, 2, 64, generator=generator).bfloat16()
    logits = torch.randn(4, 2, generator=generator).bfloat16()
    rest = (torch.tensor([[True, False]] * 4), torch.ones(4, 2, dtype=torch.bool))
    choices = torch.ones(4, dtype=torch.bool)
    expected = vera_loss(logits.float(), hidden.float(), *rest, choices).total
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = vera_loss(logits, hidden, *rest, choices).total
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


def number(value: float | str) -> float:
    return float(value)  # the record writes infinity as a string


def losses(case: dict[str, Any], logits: Tensor, hidden: Tensor, mask: Tensor) -> list[Loss]:
    """All twenty losses of one recorded batch, as upstream's recipe has them."""
    first = torch.tensor([bool(p["first_is_correct"]) for p in case["problems"]])
    is_choice = torch.tensor([bool(p["is_mc"]) for p in case["problems"]])
    labels = column_classes(mask) & first[:, None]
    return [
        vera_loss(
            logits,
            hidden,
            labels,
            mask,
            is_choice,
            scoring=recorded["loss_fn"],
            contrastive=recorded["contrastive_loss_type"],
            contrastive_labels="upstream",
        )
        for recorded in case["losses"]
    ]


def check(case: dict[str, Any], found: list[Loss]) -> None:
    """Compare them."""
    assert len(found) == 20
    for loss, recorded in zip(found, case["losses"], strict=True):
        names = ("loss", "loss_scoring", "loss_contrastive")
        wanted = [number(recorded[name]) for name in names]
        values = [part.item() for part in loss]
        assert values == pytest.approx(wanted, rel=1e-5, abs=1e-5), recorded["loss_fn"]


@pytest.mark.shared
def test_losses_are_upstreams_on_recorded_hidden_states() -> None:
    case = json.loads((TRAIN / "loss_grid_train8.json").read_text())
    arrays = load_file(TRAIN / "loss_grid_train8.safetensors")
    check(case, losses(case, arrays["logits"], arrays["hidden"], arrays["mask"].bool()))


@pytest.fixture(scope="module")
def upstream() -> VeraModel:
    """Upstream's starting weights in our model."""
    model = VeraModel.from_encoder(str(TINY))
    model.head.load_state_dict(load_file(TINY / "head.safetensors"))
    return model


def forward(model: VeraModel, case: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, hidden states and mask of a recorded batch, from its token ids."""
    rows = [ids for problem in case["problems"] for ids in problem["token_ids"]]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.zeros(len(case["problems"]), case_columns(case), dtype=torch.bool)
    for at, problem in enumerate(case["problems"]):
        mask[at, : len(problem["token_ids"])] = True
    real = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    scores = model(ids, real)
    return to_grid(scores.raw_logits, mask), to_grid(scores.hidden, mask), mask


def case_columns(case: dict[str, Any]) -> int:
    return int(case["columns"])


@pytest.mark.shared
@pytest.mark.parametrize("name", ["train8", *EDGES])
def test_losses_and_gradients_are_upstreams(name: str, upstream: VeraModel) -> None:
    """From token ids on; the gradient is finite where the loss is not."""
    if name == "train8":
        case = json.loads((TRAIN / "loss_grid_train8.json").read_text())
    else:
        case = json.loads((TRAIN / "loss_grid_edges.json").read_text())[name]
    logits, hidden, mask = forward(upstream, case)
    expected = torch.tensor([[number(value) for value in row] for row in case["logits"]])
    torch.testing.assert_close(logits[mask], expected[mask], rtol=1e-5, atol=1e-5)
    found = losses(case, logits, hidden, mask)
    check(case, found)
    for recorded, loss in zip(case["losses"], found, strict=True):
        upstream.zero_grad()
        loss.total.backward(retain_graph=True)
        norms = {
            key.removeprefix("backbone."): grad.double().norm().item()
            for key, parameter in upstream.named_parameters()
            if (grad := parameter.grad) is not None
        }
        wanted = recorded["grad_l2"] or 0.0  # null: upstream's loss had no graph
        named = f"{recorded['loss_fn']} {recorded['contrastive_loss_type']}"
        # Two float32 sums, upstream's and ours, which the temperature 0.05 magnifies: at the
        # worst of all cases 2e-5 apart (MKL_CBWR=COMPATIBLE), 1e-5 without.
        assert math.hypot(*norms.values()) == pytest.approx(wanted, rel=1e-4, abs=1e-5), named
        for tensor, norm in recorded.get("grad_l2_by_tensor", {}).items():
            assert norms[tensor] == pytest.approx(norm, rel=1e-5, abs=1e-5), (named, tensor)
