"""Vera's losses as pure functions of tensors (Liu et al. 2023, section 3.2; upstream run.py).

Shapes: B problems, C columns, hidden states of width D. ``mask`` (B, C) is true for statements;
column 0 always is one: the gold of a choice, or a single statement. No entry outside of ``mask``
has an effect on a value or a gradient.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from vera_model.config import Contrastive, ContrastiveLabels, Scoring


class Loss(NamedTuple):
    """The sum and its two parts, each a scalar."""

    total: Tensor
    scoring: Tensor
    contrastive: Tensor


def to_grid(values: Tensor, mask: Tensor) -> Tensor:
    """One value per statement, (n, ...) in row order → a grid (B, C, ...), 0 elsewhere."""
    grid = values.new_zeros(mask.shape + values.shape[1:])
    grid[mask] = values
    return grid


def vera_loss(
    logits: Tensor,
    hidden: Tensor,
    labels: Tensor,
    mask: Tensor,
    is_choice: Tensor,
    *,
    scoring: Scoring = "mce+bce",
    contrastive: Contrastive = 4,
    contrastive_labels: ContrastiveLabels = "label",
    temperature: float = 0.05,
    weight: float = 0.1,
) -> Loss:
    """The scoring loss + ``weight`` * the contrastive loss.

    ``logits`` (B, C), ``hidden`` (B, C, D), ``labels`` (B, C) bool, ``is_choice`` (B,) bool. In
    float32 at least, whatever the precision of the model.
    """
    logits, hidden = _at_least_float32(logits), _at_least_float32(hidden)
    score = scoring_loss(logits, labels, mask, is_choice, scoring)
    if contrastive == 0:
        return Loss(score, score, torch.zeros_like(score))
    upstream = contrastive_labels == "upstream"
    classes = column_classes(mask) if upstream else labels
    contrast = contrastive_loss(
        hidden[mask], classes[mask], contrastive, temperature, infinite=upstream
    )
    return Loss(score + weight * contrast, score, contrast)


def scoring_loss(
    logits: Tensor, labels: Tensor, mask: Tensor, is_choice: Tensor, kind: Scoring
) -> Tensor:
    """The loss of the logits."""
    match kind:
        case "mce":
            return multi_class(logits, mask, is_choice)
        case "bce":
            return binary(logits, labels, mask)
        case "mce+bce":
            return multi_class(logits, mask, is_choice) + binary(logits, labels, mask)
        case "margin":
            return margin(logits, mask)


def multi_class(logits: Tensor, mask: Tensor, is_choice: Tensor) -> Tensor:
    """Cross-entropy of column 0 in its row, mean over the choices; 0 without any."""
    rows = logits.masked_fill(~mask, -torch.inf)
    losses = rows.logsumexp(dim=1) - logits[:, 0]
    # functional.cross_entropy of no rows is NaN.
    return losses.masked_fill(~is_choice, 0).sum() / is_choice.sum().clamp(min=1)


def binary(logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy of column 0 plus the mean of the other columns', mean over problems."""
    losses = functional.binary_cross_entropy_with_logits(
        logits, labels.to(logits.dtype), reduction="none"
    ).masked_fill(~mask, 0)
    others = losses[:, 1:].sum(dim=1) / mask[:, 1:].sum(dim=1).clamp(min=1)
    return (losses[:, 0] + others).mean()


def margin(logits: Tensor, mask: Tensor) -> Tensor:
    """Hinge of column 0 over each other column at margin 1, summed; mean over all problems."""
    hinge = functional.relu(1 - (logits[:, :1] - logits[:, 1:]))
    return hinge.masked_fill(~mask[:, 1:], 0).sum() / len(logits)


def column_classes(mask: Tensor) -> Tensor:
    """Upstream's classes: column 0 "true", the others "false", whatever the labels."""
    classes = torch.zeros_like(mask)
    classes[:, 0] = True
    return classes


def contrastive_loss(
    hidden: Tensor,
    classes: Tensor,
    kind: Contrastive,
    temperature: float,
    *,
    infinite: bool = False,
) -> Tensor:
    """The mean of the n statements' contrastive losses: (n, D), (n,) bool → scalar.

    In kinds 2 and 4, an anchor without another statement of its class has no positive. Its loss is
    0, or with ``infinite`` (upstream) infinity; either way its gradient is 0 and it counts in the
    mean.
    """
    vectors = functional.normalize(hidden, dim=-1) if kind in (3, 4) else hidden
    with torch.autocast(hidden.device.type, enabled=False):  # bf16 has 3 digits, 1/T takes 2
        similarity = vectors @ vectors.T / temperature
    # The losses are differences: a shift per row changes the rounding only. Dot products are in the
    # thousands here, for which float32 has three decimals.
    similarity = similarity - similarity.detach().amax(dim=1, keepdim=True)
    same = classes[:, None] == classes[None, :]
    itself = torch.eye(len(classes), dtype=torch.bool, device=classes.device)
    if kind in (1, 3):
        among = similarity.masked_fill(same & ~itself, -torch.inf).logsumexp(dim=1)
        return (among - similarity.diagonal()).mean()
    positives = same & ~itself
    anchor = positives.any(dim=1)
    # Not masked if there is no positive: logsumexp of nothing has NaN gradients.
    among = similarity.masked_fill(itself & anchor[:, None], -torch.inf).logsumexp(dim=1)
    alike = similarity.masked_fill(~positives & anchor[:, None], -torch.inf).logsumexp(dim=1)
    loss = (among - alike).masked_fill(~anchor, 0).mean()
    if infinite:  # a constant: the gradient is that of the other anchors
        loss = loss + torch.where(anchor.all(), 0.0, torch.inf)
    return loss


def _at_least_float32(values: Tensor) -> Tensor:
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values
