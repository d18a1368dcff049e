"""A model's logits of statements: the table that metrics, calibration and report read."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from unifiedqa_convert.arrow_files import read_parquet
from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.storage import atomic_file
from vera_model.data.problems import Ints, Problem
from vera_model.metrics.functions import Bools, Floats, probability

Names = NDArray[np.object_]

_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # <group>#<number>, as declarative records
        pa.field("group", pa.string(), nullable=False),
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("partition", pa.string(), nullable=False),
        pa.field("is_choice", pa.bool_(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("label", pa.bool_(), nullable=False),
        pa.field("logit", pa.float64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),  # sigmoid(logit)
        pa.field("calibrated", pa.float64(), nullable=False),  # sigmoid(logit / temperature)
        pa.field("own_from", pa.int32(), nullable=False),  # where the statement begins in text
    ]
)


class Predictions(NamedTuple):
    """Logits of n statements of k problems; those of a problem are consecutive, the gold first."""

    task: Names
    """(k,) datasets."""
    split: Names
    partition: Names
    """(k,): seen, unseen-1, unseen-2 or none."""
    id: Names
    is_choice: Bools
    """(k,): a choice; else a single statement."""
    bounds: Ints
    """(k + 1,): problem i has the statements ``bounds[i]:bounds[i + 1]``, at least one."""
    number: Ints
    """(n,): each statement's number in its group."""
    text: Names
    label: Bools
    logit: Floats
    """(n,) float64, not divided by a temperature."""
    own_from: Ints
    """(k,): where in each text the statement itself begins, after the context."""

    @classmethod
    def of(cls, problems: Iterable[Problem], logits: Sequence[Floats]) -> Self:
        """Join problems and the logits of their statements."""
        given = list(problems)
        sizes = [len(problem.texts) for problem in given]
        numbers = [problem.numbers or range(len(problem.texts)) for problem in given]
        return cls(
            task=_names(problem.task for problem in given),
            split=_names(problem.split for problem in given),
            partition=_names(problem.partition for problem in given),
            id=_names(problem.id for problem in given),
            is_choice=np.array([problem.is_choice for problem in given], bool),
            bounds=np.cumsum([0, *sizes]),
            number=np.array([number for row in numbers for number in row], np.int64),
            text=_names(text for problem in given for text in problem.texts),
            label=np.array([label for problem in given for label in problem.labels], bool),
            logit=np.concatenate([*logits, np.zeros(0)]).astype(np.float64),
            own_from=np.array([problem.own_from for problem in given], np.int64),
        )

    @property
    def sizes(self) -> Ints:
        """(k,): statements of each problem."""
        return np.diff(self.bounds)

    @property
    def problem(self) -> Ints:
        """(n,): which problem each statement is of."""
        return np.repeat(np.arange(len(self.task)), self.sizes)

    @property
    def tasks(self) -> list[str]:
        """The datasets, each once, in the order of the problems."""
        return list(dict.fromkeys(self.task.tolist()))

    def take(self, chosen: Bools) -> "Predictions":
        """Those of the ``chosen`` problems, (k,)."""
        statements = chosen[self.problem]
        own = {name: getattr(self, name)[chosen] for name in _OF_PROBLEMS}
        inner = {name: getattr(self, name)[statements] for name in _OF_STATEMENTS}
        return Predictions(**own, **inner, bounds=np.cumsum([0, *self.sizes[chosen]]))

    def write(self, path: Path, temperature: float = 1.0) -> None:
        """Write Parquet atomically, one row per statement."""
        of = self.problem
        groups = self.id[of]
        columns = [
            [f"{group}#{number}" for group, number in zip(groups, self.number, strict=True)],
            *(groups, self.task[of], self.split[of], self.partition[of], self.is_choice[of]),
            *(self.text, self.label, self.logit),
            *(probability(self.logit), probability(self.logit / temperature), self.own_from[of]),
        ]
        pairs = zip(columns, _SCHEMA, strict=True)
        arrays = [pa.array(column, field.type) for column, field in pairs]
        with atomic_file(path) as file:
            pq.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA), file)


_OF_PROBLEMS = ("task", "split", "partition", "id", "is_choice", "own_from")
_OF_STATEMENTS = ("number", "text", "label", "logit")


def read_predictions(path: Path) -> Predictions:
    """Read what :meth:`Predictions.write` wrote; raises SourceError for an unreadable file."""
    found = read_parquet(path, "evaluate again")
    try:
        table = pa.Table.from_batches(found.batches, schema=found.schema)
        table = table.select([name for name in _SCHEMA.names if name in table.schema.names])
        if "own_from" not in table.schema.names:  # of an earlier version: nothing is set apart
            zeros = pa.repeat(pa.scalar(0, pa.int32()), len(table))
            table = table.append_column(_SCHEMA.field("own_from"), zeros)
        _check(table)
    except (pa.ArrowException, ValueError) as error:
        raise SourceError(f"{path} can't be read, evaluate again: {error}") from error
    column: dict[str, Any] = {
        name: table.column(name).to_numpy(zero_copy_only=False) for name in _SCHEMA.names
    }
    keys = [column[name] for name in ("dataset", "split", "group")]
    new = np.ones(len(table) + 1, bool)
    for key in keys:
        new[1:-1] &= key[1:] == key[:-1]
    new[1:-1] = ~new[1:-1]
    bounds = np.flatnonzero(new)
    first = bounds[:-1]
    return Predictions(
        task=column["dataset"][first],
        split=column["split"][first],
        partition=column["partition"][first],
        id=column["group"][first],
        is_choice=column["is_choice"][first],
        bounds=bounds,
        number=np.array([int(one.rpartition("#")[2]) for one in column["id"]], np.int64),
        text=column["text"],
        label=column["label"],
        logit=column["logit"],
        own_from=column["own_from"][first].astype(np.int64),
    )


def _check(table: pa.Table) -> None:
    """Raise ValueError for another table than :meth:`Predictions.write` writes, or bad cells."""
    table.validate(full=True)
    if table.schema.remove_metadata() != _SCHEMA:
        differ = [name for name in _SCHEMA.names if name not in table.schema.names]
        raise ValueError(f"it lacks {', '.join(differ)}" if differ else "its columns differ")
    for name in _SCHEMA.names:
        if table.column(name).null_count:
            raise ValueError(f"column {name} has an empty cell")
    if not pc.all(pc.is_finite(table.column("logit"))).as_py():
        raise ValueError("a logit is not finite")
    if not pc.all(pc.match_substring_regex(table.column("id"), r"#[0-9]{1,9}$")).as_py():
        raise ValueError("an id does not end with # and the statement's number")


def _names(values: Iterable[str]) -> Names:
    return np.array(list(values), object)
