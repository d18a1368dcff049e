"""Which of the source's rows the published files have, and in which order: pure functions.

A line, such as :1874, is one of allenai/unifiedqa's encode_datasets.py at 0977478. An example is
left out by the row's number, its place among the examples of its row, and these; it is known by
its kind, since the schema is not imported here.
"""

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

_LATE = {3270: (2,), 9427: (10, 28, 39)}
"""By a split's number of contexts: the parts that were ready after the next one."""


def multiqa_order(rows: int) -> list[int]:
    """The order in which the project MultiQA wrote BoolQ's rows, one for each context.

    Its common/preprocess.py shuffles with seed 0, cuts the contexts for ten processes, and those
    into parts of at most 200; it writes a part when it is ready, and so by chance. The two orders
    of the published files were found by their sha256; of any other number of rows none is known.
    """
    late = _LATE.get(rows)
    if late is None:
        return []
    numbers = list(range(rows))
    random.Random(0).shuffle(numbers)
    parts = [
        part for share in _cut(numbers, 10) for part in _cut(share, -(-len(share) // 200)) if part
    ]
    for place in late:
        parts[place : place + 2] = parts[place + 1], parts[place]
    return [number for part in parts for number in part]


def _cut(numbers: list[int], parts: int) -> list[list[int]]:
    """As equal parts as can be, the longer ones first."""
    length, longer = divmod(len(numbers), parts)
    starts = [place * length + min(place, longer) for place in range(parts + 1)]
    return [numbers[start:end] for start, end in pairwise(starts)]


def golds_say(example: Any) -> str | None:
    """Yes or no, if one of a question's golds is just that word; None if none is, or both are."""
    golds = {example.choices[gold].strip(" .!").lower() for gold in example.golds or ()}
    said = sorted(golds & {"yes", "no"})
    return said[0] if len(said) == 1 else None


def says_neither(_row: int, place: int, made: Sequence[Any]) -> bool:
    """True unless a right answer is yes or no: three of 64 real questions, as 312 of 6,053."""
    return made[place].kind != "multiple_choice" or golds_say(made[place]) is None


def is_unanswerable(_row: int, place: int, made: Sequence[Any]) -> bool:
    """Left out by the project MultiQA; where each answer has a row, it has none."""
    return bool(made[place].kind == "free_text" and made[place].answers == ())


def has_empty_answer(_row: int, place: int, made: Sequence[Any]) -> bool:
    """The first answer is empty; further ones, which other annotators gave, are not read there."""
    published = getattr(made[place], "published", None)
    return published is not None and published.answers == ("",) and not published.appended


def is_first(row: int, place: int, _made: Sequence[Any]) -> bool:
    """The first row of the file, which has no header; upstream takes it for one."""
    return row == place == 0


def is_of_first_passage(row: int, place: int, made: Sequence[Any]) -> bool:
    """All queries of the first line of SuperGLUE's files of ReCoRD, whose passages count from 0."""
    return row == 0 or str(made[place].id).startswith("0-")


def is_only_one(_row: int, _place: int, made: Sequence[Any]) -> bool:
    """A row's only example: upstream reads a list of one, which its JSON writes without list."""
    return len(made) == 1
