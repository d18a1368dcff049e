"""DROP's exact match and F1 (Dua et al. 2019), which Quoref has too: numbers and several spans.

Each of an answer's parts is a bag of words. The bags of both answers are aligned one to one so that
their F1 is highest; bags whose reference has numbers, and none in common, have F1 0.
"""

import re
import string
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


class DropScore(NamedTuple):
    """The two scores of an answer, between 0 and 1; F1 has two decimals, as published."""

    exact_match: float
    f1: float


def normalised(text: str) -> str:
    """Its words, split at spaces and hyphens, without articles and punctuation; numbers as floats.

    ``"3,000"`` is ``"3000.0"``, ``"3"`` and ``"3.0"`` are both ``"3.0"``.
    """
    words = (_normalised_word(word) for word in re.split(" |-", text))
    return " ".join(word for word in words if word)


def scores(references: Sequence[str], answer: Sequence[str]) -> DropScore:
    """Score an answer's parts against the parts of one reference, at least one of each."""
    right = [normalised(part) for part in references]
    given = [normalised(part) for part in answer]
    same = set(right) == set(given) and len(right) == len(given)
    aligned = _aligned([{*one.split()} for one in right], [{*one.split()} for one in given])
    return DropScore(float(same), aligned)


def best(references: Sequence[Sequence[str]], answer: Sequence[str]) -> DropScore:
    """The highest of each score over the references that are not empty; 0 without any."""
    found = [scores(parts, answer) for parts in references if parts and parts[0].strip()]
    if not found:
        return DropScore(0.0, 0.0)
    return DropScore(max(one.exact_match for one in found), max(one.f1 for one in found))


def _normalised_word(word: str) -> str:
    bare = word.lower()
    if not _is_number(bare):
        bare = bare.translate(_PUNCTUATION)
    if _is_number(bare):
        bare = str(float(bare))
    return " ".join(_ARTICLES.sub(" ", bare).split())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _aligned(right: list[set[str]], given: list[set[str]]) -> float:
    """The mean F1 of the best alignment; a part that is missing or too many has 0."""
    table = np.array([[_f1(one, other) for other in given] for one in right])
    rows, columns = linear_sum_assignment(-table)
    # NumPy's rounding, as published: Python's has other last digits for 0.285.
    return float(np.round(table[rows, columns].sum() / max(len(right), len(given)), 2))


def _f1(right: set[str], given: set[str]) -> float:
    numbers = {word for word in right if _is_number(word)}
    if numbers and not numbers & given:
        return 0.0
    shared = len(right & given)
    precision = shared / len(given) if given else 1.0
    recall = shared / len(right) if right else 1.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
