"""What a model does not see of its texts, counted per dataset: cut parts, unknown characters.

Two texts that differ in nothing else become the same token ids, and get the same score.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Columns = NDArray[Any]


class TokenCounts(NamedTuple):
    """Of n texts, (n,) each."""

    tokens: Columns
    """Tokens that the model gets, ``</s>`` included."""
    lost: Columns
    """Tokens that were cut off."""
    own_cut: Columns
    """Whether a part of the statement, or of question and choices, was cut off."""
    unknown: Columns
    """Tokens that stand for characters which the vocabulary lacks."""
    same: Columns
    """Whether the ids are those of a text of the same problem with another label."""
    answer_cut: Columns
    """Of texts with an answer to write: whether it was cut, or its place in the context was."""


class Unseen(NamedTuple):
    """The texts of one dataset."""

    texts: int
    cut: int
    tokens_cut_off: int
    longest: int
    """Tokens of the longest text, ``</s>`` included: this --max-tokens cuts none."""
    own_cut: int
    """Texts of which a part of the statement, or of question and choices, was cut off."""
    answer_cut: int
    """Texts whose answer was cut, or the only place in the context where it stands."""
    tokens: int
    unknown_tokens: int
    with_unknown_tokens: int
    same_tokens: int
    """Texts with the token ids of a text of the same problem that has another label."""


def unseen_by_task(tasks: Sequence[str], counts: TokenCounts) -> dict[str, dict[str, int]]:
    """Count by dataset; ``tasks`` is each text's."""
    numbers = {task: number for number, task in enumerate(dict.fromkeys(tasks))}
    of = np.fromiter((numbers[task] for task in tasks), np.int64, len(tasks))

    def total(column: Columns) -> list[int]:
        sums = np.bincount(of, weights=column, minlength=len(numbers))
        return [int(value) for value in sums]

    longest = np.zeros(len(numbers), np.int64)
    np.maximum.at(longest, of, counts.tokens + counts.lost)
    columns = (
        *(total(np.ones(len(of))), total(counts.lost > 0), total(counts.lost), longest.tolist()),
        *(total(counts.own_cut), total(counts.answer_cut)),
        *(total(counts.tokens), total(counts.unknown), total(counts.unknown > 0)),
        total(counts.same),
    )
    return {
        task: Unseen(*row)._asdict()
        for task, row in zip(numbers, zip(*columns, strict=True), strict=True)
    }
