"""Shards → problems: which are read, left out (and why) and held out.

Counts add up: groups read = problems + groups dropped by reason, and statements read =
statements of the problems + statements left out by reason.
"""

import hashlib
import random
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unifiedqa_convert.errors import UsageError
from vera_model.data.problems import Picks, Problem, Problems, ProblemSet, ShardPart
from vera_model.data.shards import Shard, ShardBatch, find_shards, open_shard
from vera_model.data.statement_selection import Recipe, select_statements

UPSTREAM_SEED = 19260817
"""The seed of upstream's subsamples and of its order of the training problems."""


P = TypeVar("P", bound=ProblemSet)


class Reading(NamedTuple, Generic[P]):
    """What was read from the shards."""

    problems: P
    shards: list[Shard]
    dropped: Counter[str]
    """Groups that give no problem, by reason."""
    left_out: Counter[str]
    """Statements that are in no problem, by reason."""

    @property
    def groups(self) -> int:
        """Groups read."""
        return len(self.problems) + self.dropped.total()

    @property
    def statements(self) -> int:
        """Statements read."""
        return int(self.problems.sizes().sum()) + self.left_out.total()


class Holdout(NamedTuple, Generic[P]):
    """Problems to train on and problems to evaluate on; none is in both."""

    train: P
    evaluation: P


def read_problems(
    paths: Iterable[Path],
    *,
    allow_sample: bool,
    recipe: Recipe = "clean",
    min_confidence: float | None = None,
) -> Reading[Problems]:
    """Read the shards and upstream's JSON files at ``paths``, in their order.

    A group with a statement of less confidence than ``min_confidence`` is left out as a whole: a
    single choice left out would tell something about the label.

    Raises SourceError for what is not a complete file of groups; UsageError for invented sample
    rows without ``allow_sample``, for a split given twice, and where no group can be used.
    """
    shards: list[Shard] = []
    picker = _Picker(recipe, min_confidence)
    for path in find_shards(paths):
        shard, batches = open_shard(path, recipe, allow_sample=allow_sample)
        shards.append(shard)
        for batch in batches:
            picker.add(batch)
    _check_unique(picker.parts)
    dropped, left_out = picker.dropped, picker.left_out
    reading = Reading(picker.problems(), shards, dropped, left_out)
    if not reading.problems:
        reasons = ", ".join(f"{count} {why}" for why, count in sorted(dropped.items()))
        raise UsageError(
            f"none of {reading.groups} groups can be used ({reasons or 'the shards are empty'}): "
            "give data with labelled statements"
        )
    return reading


def subsample(problems: P, most: int) -> P:
    """At most ``most`` problems of each dataset, drawn and ordered as upstream does."""
    chosen: list[int] = []
    for _, run in groupby(enumerate(problems.tasks()), key=lambda pair: pair[1]):
        places = [place for place, _ in run]
        if len(places) > most:
            places = random.Random(UPSTREAM_SEED).sample(places, most)
        chosen += places
    return problems.take(chosen)


def hold_out(problems: P, fraction: float, seed: int) -> Holdout[P]:
    """Split by a hash of ``seed``, dataset, split and id, which does not depend on other data.

    About ``fraction`` of the problems, and at least one, are held out for evaluation; at least
    one is left. Raises UsageError for fewer than two problems.
    """
    if len(problems) < 2:
        raise UsageError(
            "there is only one problem, to train on or to evaluate on: give more data, or --valid"
        )
    places = np.array([_place((str(seed), *key)) for key in problems.names()])
    # A few problems may all fall on one side of the bound: it then moves to the nearest one.
    bound = min(max(fraction, places.min()), np.sort(places)[-2])
    sides = (places > bound, places <= bound)
    return Holdout(*(problems.take(np.flatnonzero(side)) for side in sides))


def check_apart(train: P, evaluation: P) -> None:
    """Raise UsageError for problems that are both trained and evaluated on."""
    trained = set(train.names())
    both = sum(key in trained for key in evaluation.names())
    if both:
        raise UsageError(
            f"{both} of {len(evaluation)} problems of --valid are in --data too: give other data, "
            "or leave out --valid to hold out a part of --data"
        )


def same_texts(train: Sequence[Problem], evaluation: Sequence[Problem]) -> int:
    """Count the evaluation problems whose texts, in any order, are those of a training problem."""
    trained = set(_text_digests(train))
    return sum(digest in trained for digest in _text_digests(evaluation))


def _text_digests(problems: Iterable[Problem]) -> Iterator[bytes]:
    # 16 bytes for each problem: millions fit into memory.
    for problem in problems:
        texts = "\0".join(sorted(problem.texts)).encode()
        yield hashlib.blake2b(texts, digest_size=16).digest()


class _Picker:
    """Selects statements batch by batch, and keeps a few numbers for each."""

    def __init__(self, recipe: Recipe, min_confidence: float | None) -> None:
        self.parts: list[ShardPart] = []
        self.dropped, self.left_out = Counter[str](), Counter[str]()
        self._recipe, self._least = recipe, min_confidence
        self._part, self._row, self._choice = array("i"), array("q"), array("b")
        self._statements, self._bounds = array("q"), array("q", [0])
        self._starts = array("q")

    def add(self, batch: ShardBatch) -> None:
        number = len(self.parts)
        self.parts.append(batch.part)
        for row, (group, start) in enumerate(zip(batch.groups, batch.starts, strict=True)):
            if self._least is not None and group.confidence < self._least:
                self.dropped[f"confidence below {self._least:g}"] += 1
                self.left_out["in a dropped group"] += len(group.labels)
                continue
            selection = select_statements(group, self._recipe, self.dropped, self.left_out)
            if selection is not None:
                self._part.append(number)
                self._row.append(row)
                self._choice.append(selection.is_choice)
                self._starts.append(start)
                self._statements.extend(start + at for at in selection.statements)
                self._bounds.append(len(self._statements))

    def problems(self) -> Problems:
        picks = Picks(
            part=np.array(self._part, np.int32),
            row=np.array(self._row, np.int64),
            is_choice=np.array(self._choice, bool),
            bounds=np.array(self._bounds, np.int64),
            statements=np.array(self._statements, np.int64),
            starts=np.array(self._starts, np.int64),
        )
        return Problems(self.parts, picks)


def _check_unique(parts: Sequence[ShardPart]) -> None:
    for task, split in sorted({(part.task, part.split) for part in parts}):
        ids = pa.chunked_array(
            [p.ids for p in parts if (p.task, p.split) == (task, split)], pa.string()
        )
        counts = pc.value_counts(ids)
        twice = counts.filter(pc.greater(counts.field("counts"), 1))
        if len(twice):
            raise UsageError(
                f"{len(twice)} problems are given more than once, such as "
                f"{twice[0]['values'].as_py()} of {task}/{split}: name each split once"
            )


def _place(key: Sequence[str]) -> float:
    """A number from 0 to 1, evenly distributed."""
    return int.from_bytes(hashlib.sha256("\0".join(key).encode()).digest()[:8]) / 2**64
