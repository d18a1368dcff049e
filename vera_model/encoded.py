"""Problems as token ids: which statements of each are kept, and how long they are."""

from collections.abc import Sequence
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from vera_model.config import TrainConfig
from vera_model.problems import Ints, Problem, Problems
from vera_model.tokens import Ids, Limits, TokenFile, tokenise


class Encoded(NamedTuple):
    """A problem of the statements that are kept, and their token ids, ``</s>`` last in each."""

    problem: Problem
    tokens: tuple[Ids, ...]

    @property
    def labels(self) -> tuple[bool, ...]:
        """The labels of the statements kept."""
        return self.problem.labels

    @property
    def longest(self) -> int:
        """Tokens of the longest statement."""
        return max(map(len, self.tokens))


class EncodedProblems(Sequence[Encoded]):
    """A lazy sequence of :class:`Encoded`, over mapped files."""

    def __init__(self, problems: Problems, file: TokenFile, limit: int | None) -> None:
        """``limit``: the first statement and the next ``limit`` - 1 distractors are kept."""
        self._problems, self._file, self._limit = problems, file, limit
        self._starts: Ints = np.concatenate([[0], np.cumsum(problems.sizes())])
        self._most = _most_kept(problems, limit)
        self._kept = _first(self._starts, self._most)

    def __len__(self) -> int:
        """Problems."""
        return len(self._problems)

    @overload
    def __getitem__(self, index: int) -> Encoded: ...
    @overload
    def __getitem__(self, index: slice) -> list[Encoded]: ...
    def __getitem__(self, index: int | slice) -> Encoded | list[Encoded]:
        """Read one problem, or some."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if index < 0:
            index += len(self)
        start, end = int(self._starts[index]), int(self._starts[index + 1])
        kept = np.flatnonzero(self._kept[start:end])
        problem = self._problems.read(index, kept)
        return Encoded(problem, tuple(self._file[start + int(place)] for place in kept))

    def sampled(self, seed: int, epoch: int) -> "EncodedProblems":
        """The same problems with other distractors of theirs, drawn for this epoch."""
        drawn = EncodedProblems.__new__(EncodedProblems)
        drawn.__dict__.update(self.__dict__)
        drawn._kept = _drawn(self._starts, self._most, np.random.default_rng([seed, epoch, 1]))
        return drawn

    @property
    def statements(self) -> int:
        """Statements kept."""
        return int(self._kept.sum())

    @property
    def over_limit(self) -> int:
        """Statements left out because of the limit."""
        return len(self._kept) - self.statements

    @property
    def cut(self) -> int:
        """Kept statements that were longer than the most tokens allowed."""
        return int((self._file.cut & self._kept).sum())

    def longest(self) -> Ints:
        """Tokens of the longest kept statement of each problem."""
        return self._reduced(np.maximum)

    def tokens(self) -> Ints:
        """Tokens of each problem: what a packed batch is made of."""
        return self._reduced(np.add)

    def _reduced(self, how: np.ufunc) -> Ints:
        lengths = np.where(self._kept, self._file.lengths, 0)
        reduced: Ints = how.reduceat(lengths, self._starts[:-1]) if len(self) else lengths
        return reduced


class Encoding(NamedTuple):
    """All problems as token ids, and what the limits cost."""

    problems: EncodedProblems
    statements: int
    """Statements kept."""
    over_limit: int
    """Statements beyond the most allowed per group."""
    cut: int
    """Kept statements that were longer than the most tokens allowed."""


def encode(
    problems: Problems,
    tokenizer: PreTrainedTokenizerBase,
    config: TrainConfig,
    limit: int | None,
) -> Encoding:
    """Tokenise all statements, once for all runs; keep ``limit`` of each problem (None: all)."""
    file = tokenise(problems, tokenizer, Limits(config.max_tokens, config.cut), None)
    encoded = EncodedProblems(problems, file, limit)
    return Encoding(encoded, encoded.statements, encoded.over_limit, encoded.cut)


def _most_kept(problems: Problems, limit: int | None) -> Ints:
    sizes = problems.sizes()
    if limit is None:
        return sizes
    # As upstream: a problem without a gold has one statement fewer, its distractors' limit stays.
    most = np.where(problems.first_labels(), limit, max(limit - 1, 1))
    return np.minimum(sizes, most)


def _first(starts: Ints, most: Ints) -> NDArray[np.bool_]:
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], np.diff(starts))
    kept: NDArray[np.bool_] = place < np.repeat(most, np.diff(starts))
    return kept


def _drawn(starts: Ints, most: Ints, generator: np.random.Generator) -> NDArray[np.bool_]:
    """The first statement of each group, and others by the lot."""
    sizes = np.diff(starts)
    group = np.repeat(np.arange(len(sizes)), sizes)
    lots = generator.random(len(group))
    lots[starts[:-1]] = -1
    order = np.lexsort((lots, group))
    kept = np.zeros(len(group), bool)
    kept[order] = _first(starts, most)
    return kept
