"""All twenty losses against plain loops over cells, on batches of every odd shape.

The loops are written from ../shared/reference/vera.md and the goldens' README, cell by cell, in
Python floats; nothing of ours is called. Gradients are compared with differences of the loops.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from vera_model.config import ContrastiveLabels
from vera_model.objectives.loss import vera_loss

pytestmark = pytest.mark.numeric

SCORING = ("margin", "bce", "mce", "mce+bce")
T, WEIGHT = 0.05, 0.1


class Row(NamedTuple):
    """A problem: how many statements, whether the first is true, whether it is a choice."""

    size: int
    first: bool = True
    choice: bool = True


TRUE, FALSE = Row(1, True, False), Row(1, False, False)
BATCHES: dict[str, list[Row]] = {
    "one choice": [Row(4)],
    "one choice of two": [Row(2)],
    "one true statement": [TRUE],
    "one false statement": [FALSE],
    "all true": [TRUE] * 4,
    "all false": [FALSE] * 4,
    "both labels": [TRUE, FALSE, TRUE, FALSE],
    "a gold alone": [Row(1), Row(3)],
    "golds alone": [Row(1), Row(1)],
    "no gold": [Row(3, False), Row(2)],
    "no gold at all": [Row(3, False)],
    "mixed": [Row(4), TRUE, Row(2), FALSE, Row(3)],
    "eleven columns": [Row(11), Row(4), FALSE, Row(5), TRUE, Row(11), Row(2), Row(10)],
}


def bce(logit: float, label: bool) -> float:
    return math.log1p(math.exp(-abs(logit))) + max(logit, 0) - (logit if label else 0)


def scoring(kind: str, rows: Sequence[Row], logits: Sequence[Sequence[float]]) -> float:
    if kind == "margin":
        hinges = [max(0.0, 1 - (z[0] - other)) for z in logits for other in z[1:]]
        return sum(hinges) / len(rows)
    binary = 0.0
    for row, z in zip(rows, logits, strict=True):
        binary += bce(z[0], row.first)
        if row.size > 1:
            binary += sum(bce(other, False) for other in z[1:]) / (row.size - 1)
    entropies = [
        math.log(sum(math.exp(one - z[0]) for one in z))
        for row, z in zip(rows, logits, strict=True)
        if row.choice
    ]
    multi = sum(entropies) / len(entropies) if entropies else 0.0
    return {"bce": binary / len(rows), "mce": multi, "mce+bce": multi + binary / len(rows)}[kind]


def contrastive(
    kind: int, hidden: Sequence[Sequence[float]], classes: Sequence[bool], *, infinite: bool
) -> float:
    if kind == 0:
        return 0.0
    if kind in (3, 4):
        hidden = [[x / math.hypot(*row) for x in row] for row in hidden]
    values = []
    for i, anchor in enumerate(hidden):
        near = [sum(x * y for x, y in zip(anchor, row, strict=True)) / T for row in hidden]
        alike = [j for j in range(len(hidden)) if classes[j] == classes[i] and j != i]
        others = [j for j in range(len(hidden)) if classes[j] != classes[i]]
        if kind in (1, 3):
            values.append(summed([near[i], *(near[j] for j in others)]) - near[i])
        elif alike:
            among = summed([near[j] for j in (*alike, *others)])
            values.append(among - summed([near[j] for j in alike]))
        else:
            values.append(math.inf if infinite else 0.0)
    return sum(values) / len(values)


def summed(exponents: Sequence[float]) -> float:
    """log of the sum of exponentials."""
    top = max(exponents)
    return top + math.log(sum(math.exp(one - top) for one in exponents))


class Case(NamedTuple):
    """A batch as our tensors, float64."""

    rows: list[Row]
    logits: Tensor
    hidden: Tensor
    labels: Tensor
    mask: Tensor
    choice: Tensor

    def ours(self, kind: str, contrast: int, by: ContrastiveLabels) -> Any:
        parts = (self.logits, self.hidden, self.labels, self.mask, self.choice)
        chosen: Any = {"scoring": kind, "contrastive": contrast, "contrastive_labels": by}
        return vera_loss(*parts, **chosen)

    def loops(self, kind: str, contrast: int, by: ContrastiveLabels) -> tuple[float, float, float]:
        sizes = [row.size for row in self.rows]
        logits = [z[:size].tolist() for z, size in zip(self.logits, sizes, strict=True)]
        cells = [(at, column) for at, size in enumerate(sizes) for column in range(size)]
        hidden = [self.hidden[cell].tolist() for cell in cells]
        first = by == "upstream"
        classes = [column == 0 and (first or self.rows[at].first) for at, column in cells]
        score = scoring(kind, self.rows, logits)
        contrast_ = contrastive(contrast, hidden, classes, infinite=first)
        return score + WEIGHT * contrast_ if contrast_ else score, score, contrast_


def case(name: str, *, ties: bool = False) -> Case:
    rows = BATCHES[name]
    generator = torch.Generator().manual_seed(len(name))
    shape = (len(rows), max(row.size for row in rows))
    mask = torch.arange(shape[1]) < torch.tensor([[row.size] for row in rows])
    labels = torch.zeros(shape, dtype=torch.bool)
    labels[:, 0] = torch.tensor([row.first for row in rows])
    logits = torch.randn(shape, generator=generator, dtype=torch.float64) * 3
    hidden = torch.randn((*shape, 6), generator=generator, dtype=torch.float64)
    if ties:
        logits, hidden = logits.sign(), hidden[:1, :1].expand(*shape, 6).clone()
    # What stands in empty cells must not matter.
    logits = logits.masked_fill(~mask, 1e9)
    hidden = hidden.masked_fill(~mask[..., None], 1e9)
    return Case(rows, logits, hidden, labels, mask, torch.tensor([row.choice for row in rows]))


@pytest.mark.parametrize("by", ["label", "upstream"])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", BATCHES)
def test_every_loss_is_that_of_the_loops(name: str, ties: bool, by: ContrastiveLabels) -> None:
    batch = case(name, ties=ties)
    for kind in SCORING:
        for contrast in range(5):
            found = [part.item() for part in batch.ours(kind, contrast, by)]
            wanted = batch.loops(kind, contrast, by)
            assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9), (kind, contrast)


@pytest.mark.parametrize("by", ["label", "upstream"])
@pytest.mark.parametrize("name", BATCHES)
def test_every_gradient_is_finite_and_that_of_the_loops(name: str, by: ContrastiveLabels) -> None:
    batch = case(name)
    for contrast in range(5):
        logits = batch.logits.clone().requires_grad_()
        hidden = batch.hidden.clone().requires_grad_()
        loss = batch._replace(logits=logits, hidden=hidden).ours("mce+bce", contrast, by)
        loss.total.backward()
        assert logits.grad is not None
        assert logits.grad.isfinite().all()
        assert logits.grad[~batch.mask].abs().sum() == 0
        slope = difference(batch, "logits", (0, 0), contrast, by, part=1)
        assert logits.grad[0, 0].item() == pytest.approx(slope, abs=1e-5)
        if contrast == 0:
            assert hidden.grad is None
            continue
        assert hidden.grad is not None
        assert hidden.grad.isfinite().all()
        assert hidden.grad[~batch.mask].abs().sum() == 0
        if math.isfinite(loss.total.item()):
            slope = difference(batch, "hidden", (0, 0, 2), contrast, by, part=2)
            assert hidden.grad[0, 0, 2].item() == pytest.approx(WEIGHT * slope, abs=1e-5)


def difference(
    batch: Case, name: str, place: tuple[int, ...], contrast: int, by: ContrastiveLabels, part: int
) -> float:
    """How the loops' value changes with one number."""
    ends = []
    for step in (1e-6, -1e-6):
        moved = getattr(batch, name).clone()
        moved[place] += step
        ends.append(batch._replace(**{name: moved}).loops("mce+bce", contrast, by)[part])
    return (ends[0] - ends[1]) / 2e-6
