"""The baseline of benchmarks/training.py: upstream Vera's algorithm, written anew.

Source: liujch1998/vera, scripts/run.py at d722244a (May 2023), as ../shared/reference/vera.md
describes it and tests/vera_model/objectives/test_loss.py proves the values: every problem has as
many statements as the maximum, empty ones included; every statement has 128 tokens; the losses are
Python loops over cells, one small tensor operation after the other; Adam with torch's defaults.
Left out, in its favour: tokenising each batch anew.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import T5Config, T5EncoderModel

from vera_model.data.tokenized import TokenizedProblem

LENGTH = 128
TRAIN_CAP, EVAL_CAP = 4, 11
EMPTY = -1e9
TEMPERATURE, WEIGHT = 0.05, 0.1


class Grid(NamedTuple):
    """B problems of C statements of 128 tokens."""

    input_ids: Tensor
    attention_mask: Tensor
    first_is_correct: Tensor
    is_choice: Tensor


class Upstream(nn.Module):
    """T5's encoder as transformers has it, and a linear head."""

    def __init__(self, config: T5Config) -> None:
        super().__init__()
        self.model = T5EncoderModel(config)
        self.linear = nn.Linear(config.d_model, 1)

    def forward(self, grid: Grid) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (B, C), hidden (B, C, D), mask (B, C)."""
        flat_ids = grid.input_ids.flatten(0, 1)
        flat_mask = grid.attention_mask.flatten(0, 1)
        states = self.model(input_ids=flat_ids, attention_mask=flat_mask).last_hidden_state
        last = flat_mask.sum(dim=1) - 1
        hidden = states[torch.arange(len(states), device=states.device), last]
        mask = grid.attention_mask.sum(dim=-1) > 1
        logits = self.linear(hidden).view(mask.shape).float()
        return logits.masked_fill(~mask, EMPTY), hidden.view(*mask.shape, -1).float(), mask


def pad(problems: list[TokenizedProblem], cap: int, device: torch.device) -> Grid:
    """The problems as the grid of upstream's collate function."""
    ids = torch.zeros(len(problems), cap, LENGTH, dtype=torch.int64)
    mask = torch.zeros_like(ids)
    ids[:, :, 0], mask[:, :, 0] = 1, 1  # an empty statement is </s>
    for row, problem in enumerate(problems):
        for column, tokens in enumerate(problem.tokens):
            ids[row, column, : len(tokens)] = torch.tensor(tokens.tolist())
            mask[row, column, : len(tokens)] = 1
    first = torch.tensor([float(problem.labels[0]) for problem in problems])
    choice = torch.tensor([problem.problem.is_choice for problem in problems])
    return Grid(*(tensor.to(device) for tensor in (ids, mask, first, choice)))


def loss(model: Upstream, grid: Grid) -> Tensor:
    """mce+bce and contrastive loss 4, upstream's defaults."""
    logits, hidden, mask = model(grid)
    return _scoring(logits, mask, grid) + WEIGHT * _contrastive(hidden, mask)


def _scoring(logits: Tensor, mask: Tensor, grid: Grid) -> Tensor:
    multi = logits.new_zeros(())
    if grid.is_choice.sum() > 0:
        multi = functional.cross_entropy(logits, -100 * (1 - grid.is_choice.long()))
    binary = functional.binary_cross_entropy_with_logits
    losses = []
    for row in range(len(logits)):
        first = binary(logits[row, 0], grid.first_is_correct[row])
        others = [
            binary(logits[row, column], logits.new_zeros(()))
            for column in range(1, logits.shape[1])
            if mask[row, column]
        ]
        losses.append(first + torch.stack(others).mean() if others else first)
    return multi + torch.stack(losses).mean()


def _contrastive(hidden: Tensor, mask: Tensor) -> Tensor:
    vectors = hidden.flatten(0, 1)
    valid = mask.flatten()
    first = torch.zeros_like(mask)
    first[:, 0] = True
    classes = first.flatten()
    cosine = nn.CosineSimilarity(dim=1)
    similarity = cosine(vectors.unsqueeze(-1), vectors.t().unsqueeze(0)) / TEMPERATURE
    losses = []
    for cell in range(len(vectors)):
        if not valid[cell]:
            continue
        row = similarity[cell].clone()
        others = valid.clone()
        others[cell] = False
        row[~others] = EMPTY
        log_probabilities = functional.log_softmax(row, dim=0)
        alike = others & (classes == classes[cell])
        losses.append(-torch.logsumexp(log_probabilities[alike], dim=0))
    return torch.stack(losses).mean()
