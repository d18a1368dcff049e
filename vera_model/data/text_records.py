"""Shards → examples for ``--objective text``: their records, and what the evaluation needs."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
import pyarrow as pa

from unifiedqa_convert.arrow_files import batch_rows
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.schema import IN_PARTS, MultipleChoice, collapse
from unifiedqa_convert.storage import atomic_file
from vera_model.config import TextRecords
from vera_model.data.loading import Reading
from vera_model.data.problems import Indices, Ints, Name
from vera_model.data.shards import digest_of, find_shards, read_arrow, shard_of

_SEPARATOR = r" \n "  # of every profile


class TextRecord(NamedTuple):
    """One pair of texts, and what its evaluation needs."""

    task: str
    split: str
    group: str
    """The id of the example it was made of."""
    input: str
    output: str
    is_choice: bool
    options: tuple[str, ...]
    """The choices of a multiple-choice example; else all right answers."""
    golds: tuple[int, ...]
    """Which of them are right."""
    partition: str
    """Vera's: seen, unseen-1, unseen-2; none for a dataset outside of it."""
    context_at: int | None = None
    """Where in the input its context starts, separator included; None: it has none."""

    @property
    def label(self) -> bool:
        """Of a declarative record: whether the statement is true."""
        return self.output == "yes"


class TextExample(NamedTuple):
    """The records of one example: its question, or its labelled statements."""

    records: tuple[TextRecord, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The inputs."""
        return tuple(record.input for record in self.records)


class TextExamples(Sequence[TextExample]):
    """Examples in memory; :meth:`take` gives a selection."""

    def __init__(self, examples: Sequence[TextExample], kind: TextRecords) -> None:
        """``kind``: which records of each example are here."""
        self._examples, self._kind = examples, kind

    def __len__(self) -> int:
        return len(self._examples)

    @overload
    def __getitem__(self, index: int) -> TextExample: ...
    @overload
    def __getitem__(self, index: slice) -> "TextExamples": ...
    def __getitem__(self, index: int | slice) -> "TextExample | TextExamples":
        if isinstance(index, slice):
            return TextExamples(self._examples[index], self._kind)
        return self._examples[index]

    def take(self, indices: Indices) -> "TextExamples":
        """These examples, in this order."""
        return TextExamples([self._examples[index] for index in indices], self._kind)

    def names(self) -> Iterator[Name]:
        """The names of all."""
        for example in self._examples:
            yield Name(*example.records[0][:3])

    def tasks(self) -> list[str]:
        """Each example's dataset."""
        return [name.task for name in self.names()]

    def sizes(self) -> Ints:
        """Statements of each example, (k,); a question has none."""
        sizes = [len(example.records) for example in self._examples]
        return np.array(sizes, np.int64) * (self._kind == "declarative")

    def records(self) -> list[TextRecord]:
        """The records of all examples, in their order."""
        return [record for example in self._examples for record in example.records]


def write_answers(path: Path, records: Sequence[TextRecord], answers: Sequence[str]) -> None:
    """Write JSON lines atomically, one of each question: ``id`` as in its shard, ``dataset``,
    ``split``, ``prediction`` (what the model wrote) and ``output`` (what it is trained to write).
    """
    with atomic_file(path) as file:
        for record, answer in zip(records, answers, strict=True):
            line = {"id": record.group, "dataset": record.task, "split": record.split}
            line |= {"prediction": answer, "output": record.output}
            file.write(f"{json.dumps(line, ensure_ascii=False)}\n".encode())


def read_examples(
    paths: Iterable[Path],
    records: TextRecords,
    *,
    allow_sample: bool,
    min_confidence: float | None = None,
) -> Reading[TextExamples]:
    """Read the question or the declarative records of the shards at ``paths``.

    Of declarative records, a group with a statement of less confidence than ``min_confidence`` is
    left out as a whole.

    Raises SourceError for what is not a shard with such records, UsageError for invented sample
    rows without ``allow_sample``, for a split given twice, and where no record is labelled.
    """
    examples: list[TextExample] = []
    shards = []
    dropped, left_out = Counter[str](), Counter[str]()
    for path in find_shards(paths):
        digest = digest_of(path)
        facts, batches = read_arrow(path, (records, "both"), allow_sample=allow_sample)
        before = len(examples) + dropped.total()
        for row in _rows(facts, batches):
            origin = Name(facts["dataset"], facts["split"], row["id"])
            if records == "declarative" and _doubted(row, min_confidence, dropped, left_out):
                continue
            made = _question if records == "question" else _statements
            if found := made(row, origin, facts.get("partition", "none"), dropped, left_out):
                examples.append(TextExample(tuple(found)))
        groups = len(examples) + dropped.total() - before
        shards.append(shard_of(path, digest, facts, groups))
    if not examples:
        raise UsageError("none of the records is labelled: give data with labelled examples")
    read = TextExamples(examples, records)
    name, times = Counter(read.names()).most_common(1)[0]
    if times > 1:
        raise UsageError(
            f"examples are given more than once, such as {name.id} of {name.task}/{name.split}: "
            "name each split once"
        )
    return Reading(read, shards, dropped, left_out)


def _rows(facts: dict[str, Any], batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    """A row per example, its statements nested, whatever the shard's layout."""
    rows = batch_rows(batches)
    if facts["records"] != "declarative":
        return rows
    groups = groupby(rows, key=itemgetter("group"))
    kind = MultipleChoice.kind  # not in the shard; it changes nothing for a single statement
    return (
        {"id": id_, "kind": kind, "context": own[0]["context"], "statements": own}
        for id_, own in ((id_, [*rows]) for id_, rows in groups)
    )


def _question(
    row: dict[str, Any], origin: Name, partition: str, dropped: Counter[str], _: Counter[str]
) -> list[TextRecord]:
    if row["output"] is None:
        dropped["unlabelled"] += 1
        return []
    choice = row["kind"] == MultipleChoice.kind
    options, golds = tuple(row["choices"]), tuple(row["golds"] or ())
    if not all(0 <= gold < len(options) for gold in golds):
        raise SourceError(f"{origin.task}/{origin.split}, {origin.id}: a gold that is no choice")
    if IN_PARTS in row["flags"]:  # one part alone is no right answer, but the record's output
        options, golds = (", ".join(dict.fromkeys(options)),), (0,)
    pair, at = (row["input"], row["output"]), _context_at(row["input"], row["context"])
    return [TextRecord(*origin, *pair, choice, options, golds, partition, at)]


def _statements(
    row: dict[str, Any], origin: Name, partition: str, dropped: Counter[str], left_out: Counter[str]
) -> list[TextRecord]:
    choice = row["kind"] == MultipleChoice.kind
    records, reasons = [], []
    for one in row["statements"] or ():
        if one["masked"] or one["output"] not in ("yes", "no"):
            reasons.append("masked" if one["masked"] else "unlabelled")
            continue
        pair = (one["input"], one["output"])
        at = _context_at(one["input"], row["context"])
        records.append(TextRecord(*origin, *pair, choice, ("yes", "no"), (), partition, at))
    if records:
        left_out.update(reasons)
    else:
        dropped[reasons[0] if reasons else "without statements"] += 1
        left_out["in a dropped group"] += len(reasons)
    return records


def _doubted(
    row: dict[str, Any], least: float | None, dropped: Counter[str], left_out: Counter[str]
) -> bool:
    """Whether a statement has less confidence; the group is then counted as dropped."""
    statements = row["statements"] or ()
    told = [one["confidence"] for one in statements if one["confidence"] is not None]
    if least is None or min(told, default=1.0) >= least:
        return False
    dropped[f"confidence below {least:g}"] += 1
    left_out["in a dropped group"] += len(statements)
    return True


def _context_at(text: str, context: str | None) -> int | None:
    """Every profile writes it last, after the separator, if at all; some change its letters."""
    if not context or not (written := collapse(context)):
        return None
    if text.endswith(_SEPARATOR + written):
        return len(text) - len(_SEPARATOR + written)
    at = text.find(_SEPARATOR)
    while at >= 0 and _letters(text[at + len(_SEPARATOR) :]) != _letters(written):
        at = text.find(_SEPARATOR, at + 1)
    return at if at >= 0 else None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
