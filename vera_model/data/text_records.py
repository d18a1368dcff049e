"""Shards → records for ``--objective text``: what goes in, what must come out, what also counts."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.records.arrow import shard_facts
from unifiedqa_convert.storage import sha256_of
from vera_model.config import TextRecords
from vera_model.data.shards import Shard, find_shards


class TextRecord(NamedTuple):
    """One pair of texts, and what its evaluation needs."""

    task: str
    split: str
    group: str
    """The example it was made of."""
    input: str
    output: str
    is_choice: bool
    options: tuple[str, ...]
    """The choices of a choice; else all answers that are right."""
    golds: tuple[int, ...]
    """Which of them are right."""
    partition: str
    """Vera's: seen, unseen-1, unseen-2; none for a dataset outside of it."""

    @property
    def texts(self) -> tuple[str, ...]:
        """What tells it from others."""
        return (self.input,)

    @property
    def label(self) -> bool:
        """Of a declarative record: whether the statement is true."""
        return self.output == "yes"


class TextReading(NamedTuple):
    """What the shards gave."""

    records: list[TextRecord]
    shards: list[Shard]
    dropped: Counter[str]
    """Records left out, by reason."""

    @property
    def groups(self) -> int:
        """Records read."""
        return len(self.records) + self.dropped.total()

    @property
    def statements(self) -> int:
        """Groups are not split further here."""
        return 0

    @property
    def left_out(self) -> Counter[str]:
        """As ``statements``."""
        return Counter()


def read_records(paths: Iterable[Path], records: TextRecords, *, allow_sample: bool) -> TextReading:
    """Read question or declarative records.

    Raises SourceError for what is not a shard that holds them, UsageError for invented sample
    rows without ``allow_sample``, and where no record is labelled.
    """
    reading = TextReading([], [], Counter())
    for path in find_shards(paths):
        try:
            with pa.ipc.open_stream(pa.memory_map(str(path))) as stream:
                facts = _facts(path, stream.schema, records, allow_sample)
                rows = [row for batch in stream for row in batch.to_pylist()]
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{path} can't be read, convert it again: {error}") from error
        before = reading.groups
        flat = facts["records"] == "declarative"
        for row in rows:
            _add(reading, facts, row, records, flat)
        shard = Shard(
            path=str(path),
            sha256=sha256_of(path),
            dataset=facts["dataset"],
            split=facts["split"],
            partition=facts.get("partition", "none"),
            sample=facts.get("sample") is True,
            groups=reading.groups - before,
        )
        reading.shards.append(shard)
    if not reading.records:
        raise UsageError("none of the records is labelled: give other data")
    return reading


def hold_out_records(
    records: Sequence[TextRecord], fraction: float, seed: int
) -> tuple[list[TextRecord], list[TextRecord]]:
    """Split by a hash of seed, dataset, split and example: to train on, to evaluate on."""
    places = [_place(record, seed) for record in records]
    distinct = sorted(set(places))
    if len(distinct) < 2:
        raise UsageError("one example can't be trained and evaluated on: give more, or --valid")
    bound = min(max(fraction, distinct[0]), distinct[-2])
    train = [r for r, place in zip(records, places, strict=True) if place > bound]
    return train, [r for r, place in zip(records, places, strict=True) if place <= bound]


def _facts(
    path: Path, schema: pa.Schema, records: TextRecords, allow_sample: bool
) -> dict[str, Any]:
    facts = shard_facts(schema)
    held = facts.get("records")
    if held not in ("both", records):
        raise SourceError(
            f"{path} holds {held or 'no'} records, not {records} ones: convert with --records "
            f"{records} or both"
        )
    if facts.get("sample") is True and not allow_sample:
        raise UsageError(
            f"{path} holds invented sample rows: convert the real data, or say --allow-sample"
        )
    return facts


def _add(
    reading: TextReading,
    facts: dict[str, Any],
    row: dict[str, Any],
    records: TextRecords,
    flat: bool,
) -> None:
    partition = facts.get("partition", "none")
    where = (facts["dataset"], facts["split"], row["group"] if flat else row["id"])
    if records == "question":
        if row["output"] is None:
            reading.dropped["unlabelled"] += 1
            return
        choice = row["kind"] == "multiple_choice"
        options, golds = tuple(row["choices"]), tuple(row["golds"] or ())
        pair = (row["input"], row["output"])
        reading.records.append(TextRecord(*where, *pair, choice, options, golds, partition))
        return
    for one in [row] if flat else row["statements"] or []:
        if one["output"] not in ("yes", "no") or one["masked"]:
            reading.dropped["masked" if one["masked"] else "unlabelled"] += 1
            continue
        choice = flat or row["kind"] == "multiple_choice"
        reading.records.append(
            TextRecord(*where, one["input"], one["output"], choice, ("yes", "no"), (), partition)
        )


def _place(record: TextRecord, seed: int) -> float:
    key = "\0".join((str(seed), record.task, record.split, record.group))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) / 2**64


def by_example(records: Sequence[TextRecord]) -> Iterator[list[int]]:
    """The places of each example's records, in order of first appearance."""
    groups: dict[tuple[str, str, str], list[int]] = {}
    for place, record in enumerate(records):
        groups.setdefault(record[:3], []).append(place)
    yield from groups.values()
