"""Problems → token ids → batches: padded to the longest of the batch, in a seeded order."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import T5Tokenizer

from vera_model.config import TrainConfig
from vera_model.data import Problem

_WINDOW = 8  # batches sorted by length together: little padding, and still a random order


class Encoded(NamedTuple):
    """A problem with the token ids of the statements that are kept, ``</s>`` last in each."""

    problem: Problem
    tokens: tuple[tuple[int, ...], ...]

    @property
    def labels(self) -> tuple[bool, ...]:
        """The labels of the statements kept."""
        return self.problem.labels[: len(self.tokens)]

    @property
    def longest(self) -> int:
        """Tokens of the longest statement."""
        return max(map(len, self.tokens))


class Encoding(NamedTuple):
    """All problems as token ids, and what the limits cost."""

    problems: list[Encoded]
    statements: int
    """Statements kept."""
    over_limit: int
    """Statements beyond the most allowed per group."""
    cut: int
    """Kept statements that were longer than the most tokens allowed."""


class Batch(NamedTuple):
    """B problems of at most C statements, n statements in all, L tokens the longest."""

    input_ids: Tensor
    """(n, L) int64, statements in row order of the grid, padded on the right."""
    attention_mask: Tensor
    """(n, L) int64, 1 on real tokens."""
    labels: Tensor
    """(B, C) bool, false outside the mask."""
    mask: Tensor
    """(B, C) bool, true where a statement stands; n entries are true."""
    is_choice: Tensor
    """(B,) bool."""

    def to(self, device: torch.device) -> "Batch":
        """Move every tensor."""
        return Batch(*(tensor.to(device) for tensor in self))


def encode(
    problems: Sequence[Problem], tokenizer: T5Tokenizer, config: TrainConfig, limit: int | None
) -> Encoding:
    """Tokenise the first ``limit`` statements of each problem (the gold is always the first)."""
    kept = [problem.texts[:limit] for problem in problems]
    texts = [text for group in kept for text in group]
    ids = tokenizer(texts, add_special_tokens=True)["input_ids"]
    rows = iter([_cut(row, config) for row in ids])
    return Encoding(
        problems=[
            Encoded(problem, tuple(next(rows) for _ in group))
            for problem, group in zip(problems, kept, strict=True)
        ],
        statements=len(texts),
        over_limit=sum(len(problem.texts) for problem in problems) - len(texts),
        cut=sum(len(row) > config.max_tokens for row in ids),
    )


def epoch_batches(
    encoded: Sequence[Encoded], batch_size: int, seed: int, epoch: int
) -> list[list[Encoded]]:
    """Every problem once, in an order that only ``seed`` and ``epoch`` decide.

    Problems of like length share a batch, within windows of the shuffled order.
    """
    generator = np.random.default_rng([seed, epoch])
    order = [encoded[index] for index in generator.permutation(len(encoded))]
    window = batch_size * _WINDOW
    batches: list[list[Encoded]] = []
    for start in range(0, len(order), window):
        alike = sorted(order[start : start + window], key=lambda problem: problem.longest)
        batches += [alike[at : at + batch_size] for at in range(0, len(alike), batch_size)]
    return [batches[index] for index in generator.permutation(len(batches))]


def training_batches(
    encoded: Sequence[Encoded], batch_size: int, seed: int
) -> Iterator[tuple[int, list[Encoded]]]:
    """Yield (epoch, problems) without end."""
    epoch = 0
    while True:
        for batch in epoch_batches(encoded, batch_size, seed, epoch):
            yield epoch, batch
        epoch += 1


def collate(problems: Sequence[Encoded], pad: int) -> Batch:
    """Build the tensors of one batch; ``pad`` is the tokenizer's padding id."""
    columns = max(len(problem.tokens) for problem in problems)
    labels = torch.zeros(len(problems), columns, dtype=torch.bool)
    mask = torch.zeros_like(labels)
    for row, problem in enumerate(problems):
        labels[row, : len(problem.tokens)] = torch.tensor(problem.labels)
        mask[row, : len(problem.tokens)] = True
    input_ids, attention_mask = pad_right([t for p in problems for t in p.tokens], pad)
    is_choice = torch.tensor(
        [problem.problem.is_choice and len(problem.tokens) > 1 for problem in problems]
    )
    return Batch(input_ids, attention_mask, labels, mask, is_choice)


def pad_right(rows: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask, both (n, longest) int64."""
    longest = max(map(len, rows))
    input_ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows])
    attention_mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return input_ids, attention_mask


def _cut(row: Sequence[int], config: TrainConfig) -> tuple[int, ...]:
    """Shorten to the most tokens allowed; ``</s>``, where the model reads, always stays last."""
    if len(row) <= config.max_tokens:
        return tuple(row)
    if config.cut == "start":
        return tuple(row[-config.max_tokens :])
    return (*row[: config.max_tokens - 1], row[-1])
