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


_PARTS = {"trained_on": "training", "evaluated_on": "evaluation"}


def unseen_warnings(unseen: dict[str, Any] | None) -> list[str]:
    """Lines about the ``data.unseen`` of a metrics.json: cut, unknown to the model, the same."""
    return [
        f"WARNING: {line}"
        for part, word in _PARTS.items()
        if (unseen or {}).get(part)
        for line in _lines(unseen[part], f"{word} texts", unseen["max_tokens"])  # type: ignore[index]
    ]


def _lines(tasks: dict[str, dict[str, int]], what: str, most: int) -> list[str]:
    total = {name: sum(one[name] for one in tasks.values()) for name in Unseen._fields}
    of = f"of {total['texts']:,} {what}"
    lines = []
    if total["cut"]:
        longest = max(one["longest"] for one in tasks.values())
        own = total["own_cut"]
        lines.append(
            f"{total['cut']:,} {of} are cut at {most} tokens ({_shares(tasks, 'cut')}), "
            + (
                f"{own:,} in the statement, question or choices"
                if own
                else "all in the context only"
            )
            + f": --max-tokens {longest} cuts none"
        )
    if total["answer_cut"]:
        lines.append(
            f"{total['answer_cut']:,} {of} lose their answer, or the part of the context that has "
            f"it, at {most} tokens ({_shares(tasks, 'answer_cut')})"
        )
    if total["unknown_tokens"]:
        lines.append(
            f"{total['with_unknown_tokens']:,} {of} have characters that the model's vocabulary "
            f"lacks ({_shares(tasks, 'with_unknown_tokens')}): {total['unknown_tokens']:,} of "
            f"{total['tokens']:,} tokens are unknown"
        )
    if total["same_tokens"]:
        lines.append(
            f"{total['same_tokens']:,} {of} have the same tokens as one of the same problem with "
            f"another label, and can't be told apart ({_shares(tasks, 'same_tokens')})"
        )
    return lines


def _shares(tasks: dict[str, dict[str, int]], key: str) -> str:
    found = [f"{task} {one[key]:,} of {one['texts']:,}" for task, one in tasks.items() if one[key]]
    more = f" and {len(found) - 5} more datasets" if len(found) > 5 else ""
    return ", ".join(found[:5]) + more
