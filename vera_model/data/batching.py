"""Token ids → batches: in a seeded order, like lengths together; and their tensors."""

import random
from collections.abc import Sequence
from typing import NamedTuple, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unifiedqa_convert.errors import UsageError
from vera_model.config import TrainConfig
from vera_model.data.loading import UPSTREAM_SEED
from vera_model.data.problems import Ints
from vera_model.data.tokenized import TokenizedProblem, TokenizedProblems

_WINDOW = 8  # batches sorted by length together: little padding, and still a random order


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
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


class Batches(Sequence[list[TokenizedProblem]]):
    """The batches of one epoch, read when they are asked for."""

    def __init__(self, problems: TokenizedProblems, members: Sequence[Ints]) -> None:
        """``members``: which problems stand in each batch."""
        self._problems, self._members = problems, members

    def __len__(self) -> int:
        """Batches of the epoch."""
        return len(self._members)

    @property
    def mean_tokens(self) -> float:
        """Tokens of a batch, padding not counted: the mean of the epoch; 0 without a batch."""
        if not self._members:
            return 0.0
        return float(self._problems.tokens()[np.concatenate(self._members)].sum() / len(self))

    @overload
    def __getitem__(self, index: int) -> list[TokenizedProblem]: ...
    @overload
    def __getitem__(self, index: slice) -> "Batches": ...
    def __getitem__(self, index: int | slice) -> "list[TokenizedProblem] | Batches":
        """Read one batch, or view some."""
        if isinstance(index, slice):
            return Batches(self._problems, self._members[index])
        return [self._problems[int(member)] for member in self._members[index]]


def batches_of(config: TrainConfig, problems: TokenizedProblems, epoch: int) -> Batches:
    """A run's batches: problems of like length together; recipe ``vera``: one static order.

    Raises UsageError where that drops every problem, since they don't fill one batch.
    """
    if config.recipe == "vera":
        if len(problems) < config.batch_size:
            raise UsageError(
                f"there are fewer problems ({len(problems)}) than one batch, which recipe vera "
                "would fill: lower --batch-size"
            )
        return static_batches(problems, config.batch_size)
    return epoch_batches(
        problems,
        config.batch_size,
        config.seed,
        epoch,
        most_tokens=config.batch_tokens,
        sample=config.distractors == "sampled",
    )


def epoch_batches(
    problems: TokenizedProblems,
    batch_size: int,
    seed: int,
    epoch: int,
    *,
    most_tokens: int | None = None,
    sample: bool = False,
) -> Batches:
    """Every problem once, in an order that only ``seed`` and ``epoch`` decide.

    Problems of like length share a batch, within windows of the shuffled order. A batch has
    ``batch_size`` problems, or with ``most_tokens`` as many as have no more tokens together (a
    single problem may have more). ``sample``: draw each problem's distractors anew.
    """
    if sample:
        problems = problems.sampled(seed, epoch)
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(problems))
    tokens = problems.tokens()
    if most_tokens is not None:  # so many problems of mean length
        batch_size = max(1, int(most_tokens / max(tokens.mean(), 1)))
    window = np.arange(len(order)) // (batch_size * _WINDOW)
    order = order[np.lexsort((problems.longest()[order], window))]
    if most_tokens is None:
        # A window is a whole number of batches: no batch has members of two.
        members = np.split(order, np.arange(batch_size, len(order), batch_size))
    else:
        members = np.split(order, _full(tokens[order], window, most_tokens))
    return Batches(problems, [members[place] for place in generator.permutation(len(members))])


def static_batches(problems: TokenizedProblems, batch_size: int) -> Batches:
    """Upstream's: one shuffled order for all epochs, and what does not fill a batch left out."""
    order = list(range(len(problems)))
    random.Random(UPSTREAM_SEED).shuffle(order)
    whole = len(order) // batch_size * batch_size
    members = np.array(order[:whole], np.int64).reshape(-1, batch_size)
    return Batches(problems, list(members))


def collate(problems: Sequence[TokenizedProblem], pad: int) -> Batch:
    """Build the tensors of one batch; ``pad`` is the tokenizer's padding id."""
    sizes = np.array([len(problem.tokens) for problem in problems])
    mask = np.arange(sizes.max()) < sizes[:, None]
    labels = np.zeros(mask.shape, bool)
    labels[mask] = [label for problem in problems for label in problem.labels]
    input_ids, attention_mask = pad_right([t for p in problems for t in p.tokens], pad)
    is_choice = torch.tensor([problem.problem.is_choice for problem in problems])
    return Batch(
        input_ids, attention_mask, torch.from_numpy(labels), torch.from_numpy(mask), is_choice
    )


def pad_right(
    rows: Sequence[Sequence[int] | NDArray[np.integer]], pad: int
) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask, both (n, longest) int64."""
    sizes = np.array([len(row) for row in rows])
    real = np.arange(sizes.max()) < sizes[:, None]
    input_ids = np.full(real.shape, pad, np.int64)
    input_ids[real] = np.concatenate(rows)
    return torch.from_numpy(input_ids), torch.from_numpy(real.astype(np.int64))


def _full(tokens: Ints, window: Ints, most: int) -> list[int]:
    """Where a new batch begins: the next problem would be too much, or is of another window."""
    starts, held, current = [], 0, 0
    for place, (size, where) in enumerate(zip(tokens.tolist(), window.tolist(), strict=True)):
        if place and (held + size > most or where != current):
            starts.append(place)
            held = 0
        held += size
        current = where
    return starts
