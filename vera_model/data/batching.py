"""Token ids → batches in a seeded order, similar lengths together; and their tensors."""

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
from vera_model.data.mixing import Mixture
from vera_model.data.problems import Ints
from vera_model.data.tokenized import TokenizedProblem, TokenizedProblems

_WINDOW = 8  # batches sorted by length together: little padding, and still a random order


class Batch(NamedTuple):
    """B problems of at most C statements each, n statements in all, of at most L tokens."""

    input_ids: Tensor
    """(n, L) int64, the statements in the row order of ``mask``, padded on the right."""
    attention_mask: Tensor
    """(n, L) int64, 1 on real tokens."""
    labels: Tensor
    """(B, C) bool, false outside the mask."""
    mask: Tensor
    """(B, C) bool, true for each of the n statements."""
    is_choice: Tensor
    """(B,) bool."""

    def to(self, device: torch.device) -> "Batch":
        """Move every tensor."""
        return Batch(*(tensor.to(device, non_blocking=True) for tensor in self))


class Batches(Sequence[list[TokenizedProblem]]):
    """The batches of one epoch, each read from the files when it is indexed."""

    def __init__(self, problems: TokenizedProblems, members: Sequence[Ints]) -> None:
        """``members``: the problems of each batch, by number."""
        self._problems, self._members = problems, members

    def __len__(self) -> int:
        return len(self._members)

    @property
    def mean_tokens(self) -> float:
        """Mean tokens of a batch, padding not counted; 0 without a batch."""
        return float(self._problems.tokens()[self.members].sum() / max(len(self), 1))

    @property
    def mean_size(self) -> float:
        """Mean problems of a batch; 0 without a batch."""
        return len(self.members) / max(len(self), 1)

    @property
    def members(self) -> Ints:
        """The problems of all batches, by number, in the batches' order."""
        return np.concatenate([*self._members, np.zeros(0, np.int64)])

    @overload
    def __getitem__(self, index: int) -> list[TokenizedProblem]: ...
    @overload
    def __getitem__(self, index: slice) -> "Batches": ...
    def __getitem__(self, index: int | slice) -> "list[TokenizedProblem] | Batches":
        if isinstance(index, slice):
            return Batches(self._problems, self._members[index])
        return [self._problems[int(member)] for member in self._members[index]]


def batches_of(config: TrainConfig, problems: TokenizedProblems, epoch: int) -> Batches:
    """A run's batches of one epoch; of recipe ``vera`` the same ones in each epoch.

    Raises UsageError under recipe ``vera`` for fewer problems than one batch.
    """
    if config.recipe == "vera":
        if len(problems) < config.batch_size:
            raise UsageError(
                f"there are fewer problems ({len(problems)}) than one batch, and recipe vera "
                "drops batches that are not full: lower --batch-size"
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
    mixture: Mixture | None = None,
) -> Batches:
    """Every problem once, in an order that depends on ``seed`` and ``epoch`` only.

    Problems of similar length share a batch, within windows of the shuffled order. A batch has
    ``batch_size`` problems, or with ``most_tokens`` as many as have at most that many tokens (a
    single problem may have more). ``sample``: draw each problem's distractors for this epoch.
    ``mixture``: the problems that it draws, and each batch has its shares of the datasets, so that
    only problems of one dataset are sorted by length.
    """
    if sample:
        problems = problems.sampled(seed, epoch)
    generator = np.random.default_rng([seed, epoch])
    if mixture is None:
        order: Ints = generator.permutation(len(problems))
        kind = np.zeros(len(order), np.int64)
    else:
        order, kind = mixture.draw(seed, epoch, generator)
    tokens = problems.tokens()
    if most_tokens is not None:  # about that many problems of mean length
        batch_size = max(1, int(most_tokens / max(tokens[order].mean(), 1)))
    window = np.arange(len(order)) // (batch_size * _WINDOW)
    places = np.lexsort((kind, window))  # those of each kind in each window, in their order
    order[places] = order[np.lexsort((problems.longest()[order], kind, window))]
    if most_tokens is None:
        # A window is a whole number of batches: no batch has problems of two windows.
        members = np.split(order, np.arange(batch_size, len(order), batch_size))
    else:
        members = np.split(order, _batch_starts(tokens[order], window, most_tokens))
    return Batches(problems, [members[place] for place in generator.permutation(len(members))])


def static_batches(problems: TokenizedProblems, batch_size: int) -> Batches:
    """As upstream: one shuffled order for all epochs; a last batch that is not full is dropped."""
    order = list(range(len(problems)))
    random.Random(UPSTREAM_SEED).shuffle(order)
    full = len(order) // batch_size * batch_size
    members = np.array(order[:full], np.int64).reshape(-1, batch_size)
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


def _batch_starts(tokens: Ints, window: Ints, most: int) -> list[int]:
    """Where a new batch begins: at ``most`` tokens, and at a new window."""
    starts, total, current = [], 0, 0
    for place, (size, own) in enumerate(zip(tokens.tolist(), window.tolist(), strict=True)):
        if place and (total + size > most or own != current):
            starts.append(place)
            total = 0
        total += size
        current = own
    return starts
