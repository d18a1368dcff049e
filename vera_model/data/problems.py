"""Problems, each read when it is indexed from shards that are mapped into memory.

In memory are a few numbers for each problem: its shard, its row and its statements.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, Self, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Indices = Sequence[int] | NDArray[np.integer[Any]]


class Problem(NamedTuple):
    """One group of statements, ready to score; ``texts`` and ``labels`` run in parallel."""

    task: str
    """The dataset's name."""
    split: str
    id: str
    is_choice: bool
    """True: ``texts[0]`` is the gold and the rest are distractors. False: a single statement.
    (Under recipe ``vera`` a choice may lack its gold or its distractors.)"""
    texts: tuple[str, ...]
    labels: tuple[bool, ...]
    numbers: tuple[int, ...] = ()
    """Each statement's number in its group, as in the id ``<id>#<number>`` of its record."""
    partition: str = "none"
    """Vera's: seen, unseen-1, unseen-2; none for a dataset outside of it."""
    own_from: int = 0
    """Where in each text the statement itself starts, after the context."""


class ShardPart(NamedTuple):
    """One record batch of a shard: n rows with m statements in all."""

    task: str
    split: str
    digest: str
    """Of its bytes."""
    ids: pa.Array
    """(n,) strings."""
    contexts: pa.Array
    """(n,) strings or null."""
    sentences: pa.Array
    """(m,) strings."""
    labels: NDArray[np.int8]
    """(m,): 1 true, 0 false, -1 unknown."""
    partition: str = "none"


class Name(NamedTuple):
    """Identifies a problem; unique among those that are read."""

    task: str
    split: str
    id: str


class ProblemSet(Protocol):
    """What an objective trains and evaluates on; names are unique."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice) -> Self: ...

    def take(self, indices: Indices) -> Self:
        """These, in this order."""

    def names(self) -> Iterator[Name]:
        """The names of all."""

    def tasks(self) -> list[str]:
        """Each one's dataset."""

    def sizes(self) -> Ints:
        """Statements of each."""


class Picks(NamedTuple):
    """The parts, rows and statements of k problems."""

    part: NDArray[np.int32]
    row: Ints
    is_choice: NDArray[np.bool_]
    bounds: Ints
    """(k + 1,): problem i has the statements ``statements[bounds[i]:bounds[i + 1]]``."""
    statements: Ints
    """Numbers of the part's sentences, the gold first."""
    starts: Ints
    """(k,): the number of the first sentence of each problem's group."""


class Problems(Sequence[Problem]):
    """A sequence of problems; :meth:`take` gives others of the same shards."""

    def __init__(self, parts: Sequence[ShardPart], picks: Picks, order: Ints | None = None) -> None:
        """``order``: which of the picks, in which order; None is all of them in theirs."""
        self._parts = parts
        self._picks = picks
        self.order: Ints = np.arange(len(picks.row)) if order is None else order

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> "Problems":
        """Problems that were made in memory."""
        given = list(problems)
        names = sorted({(p.task, p.split) for p in given})
        members = [[p for p in given if (p.task, p.split) == name] for name in names]
        parts = [_part(*name, own) for name, own in zip(names, members, strict=True)]
        place = {name: number for number, name in enumerate(names)}
        rows, used = [0] * len(names), [0] * len(names)
        part, row, starts, bounds = [], [], [], [0]
        statements: list[int] = []
        for problem in given:
            number = place[problem.task, problem.split]
            part.append(number)
            row.append(rows[number])
            starts.append(used[number])
            statements += range(used[number], used[number] + len(problem.texts))
            bounds.append(len(statements))
            rows[number] += 1
            used[number] += len(problem.texts)
        picks = Picks(
            part=np.array(part, np.int32),
            row=np.array(row, np.int64),
            is_choice=np.array([p.is_choice for p in given], bool),
            bounds=np.array(bounds, np.int64),
            statements=np.array(statements, np.int64),
            starts=np.array(starts, np.int64),
        )
        return cls(parts, picks)

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, index: int) -> Problem: ...
    @overload
    def __getitem__(self, index: slice) -> "Problems": ...
    def __getitem__(self, index: int | slice) -> "Problem | Problems":
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return self.read(index, None)

    def read(self, index: int, kept: Ints | None) -> Problem:
        """One problem, with the statements numbered ``kept`` only; None is all."""
        picks, at = self._picks, int(self.order[index])
        part = self._parts[picks.part[at]]
        chosen = picks.statements[picks.bounds[at] : picks.bounds[at + 1]]
        cut = kept is not None and len(kept) < len(chosen)
        if kept is not None:
            chosen = chosen[kept]
        row = int(picks.row[at])
        context = part.contexts[row].as_py()
        return Problem(
            task=part.task,
            split=part.split,
            id=part.ids[row].as_py(),
            is_choice=bool(picks.is_choice[at]) and not (cut and len(chosen) == 1),
            texts=tuple(model_text(context, part.sentences[int(s)].as_py()) for s in chosen),
            labels=tuple(bool(label) for label in part.labels[chosen]),
            numbers=tuple((chosen - picks.starts[at]).tolist()),
            partition=part.partition,
            own_from=len(model_text(context, "")),
        )

    def take(self, indices: Indices) -> "Problems":
        """These problems, in this order."""
        chosen = self.order[np.asarray(indices, np.int64)]
        return Problems(self._parts, self._picks, chosen)

    def names(self) -> Iterator[Name]:
        """The names of all; no text is read."""
        for at in self.order:
            part = self._parts[self._picks.part[at]]
            yield Name(part.task, part.split, part.ids[int(self._picks.row[at])].as_py())

    def tasks(self) -> list[str]:
        """Each problem's dataset."""
        names = np.array([part.task for part in self._parts], object)
        chosen: list[str] = names[self._picks.part[self.order]].tolist() if len(self) else []
        return chosen

    def sizes(self) -> Ints:
        """Statements of each problem, (k,)."""
        sizes: Ints = np.diff(self._picks.bounds)[self.order]
        return sizes

    def first_labels(self) -> NDArray[np.bool_]:
        """Whether each problem's first statement is true, (k,)."""
        first = self._picks.statements[self._picks.bounds[self.order]]
        parts = self._picks.part[self.order]
        found = np.zeros(len(self), bool)
        for number, part in enumerate(self._parts):
            here = parts == number
            found[here] = part.labels[first[here]] == 1
        return found

    def digest(self) -> str:
        """A sha256 in hex of these problems in this order."""
        total = hashlib.sha256()
        for part in self._parts:
            total.update(f"{part.task}\0{part.split}\0{part.digest}\0".encode())
        for array in (*self._picks, self.order):
            total.update(np.ascontiguousarray(array).tobytes())
        return total.hexdigest()


def model_text(context: str | None, sentence: str) -> str:
    """The model's input: the context first (Vera's order), one space, the sentence."""
    before = context.strip() if context else ""
    return f"{before} {sentence}" if before else sentence


def _part(task: str, split: str, problems: Sequence[Problem]) -> ShardPart:
    texts = [text for problem in problems for text in problem.texts]
    labels = np.array([label for problem in problems for label in problem.labels], np.int8)
    digest = hashlib.sha256("\0".join(texts).encode() + labels.tobytes()).hexdigest()
    ids = pa.array([problem.id for problem in problems], pa.string())
    nulls = pa.nulls(len(problems), pa.string())
    sentences = pa.array(texts, pa.string())
    return ShardPart(task, split, digest, ids, nulls, sentences, labels, problems[0].partition)
