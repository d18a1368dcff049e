"""Evaluation statements that were trained on: the same words, whatever case and punctuation."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vera_model.problems import Problem

_WORDS = re.compile(r"\w+")
_Keys = NDArray[np.uint64]


class _Statements(NamedTuple):
    """Statements as 8 bytes each, so that those of a whole training set fit into memory."""

    keys: _Keys
    labels: NDArray[np.bool_]
    tasks: NDArray[np.str_]


def statement_overlap(train: Sequence[Problem], evaluation: Sequence[Problem]) -> dict[str, Any]:
    """How many evaluation statements are training statements too, overall and by dataset.

    ``with_another_label`` of them were trained on under the other label. Words are compared
    casefolded, without punctuation; by a digest of 64 bits, so that a false match is as good as
    impossible.
    """
    trained, asked = _statements(train), _statements(evaluation)
    known = np.isin(asked.keys, trained.keys)
    sides = [np.isin(asked.keys, trained.keys[trained.labels == label]) for label in (False, True)]
    other = np.where(asked.labels, sides[0], sides[1])

    def count(chosen: NDArray[np.bool_]) -> dict[str, int]:
        return {
            "statements": int(chosen.sum()),
            "trained_on": int((known & chosen).sum()),
            "with_another_label": int((other & chosen).sum()),
        }

    return {
        **count(np.ones(len(known), bool)),
        "tasks": {name: count(asked.tasks == name) for name in np.unique(asked.tasks).tolist()},
    }


def _statements(problems: Iterable[Problem]) -> _Statements:
    keys: list[int] = []
    labels: list[bool] = []
    tasks: list[str] = []
    for problem in problems:
        for text, label in zip(problem.texts, problem.labels, strict=True):
            words = " ".join(_WORDS.findall(text.casefold()))
            keys.append(int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest()))
            labels.append(label)
            tasks.append(problem.task)
    return _Statements(np.array(keys, np.uint64), np.array(labels, bool), np.array(tasks, str))
