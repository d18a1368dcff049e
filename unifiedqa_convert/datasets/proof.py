"""What a split's files hold, as a number of rows and one digest: the same for the same records.

The digest is the sha256 over ``input TAB output NEWLINE`` of each canonical question record in
order, with an empty output where the answer is hidden.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from unifiedqa_convert.errors import RowError, SourceError
from unifiedqa_convert.records.converted import Record
from unifiedqa_convert.records.encode import arrange, question_record
from unifiedqa_convert.records.profiles import PROFILES
from unifiedqa_convert.rows.shapes import Skipped
from unifiedqa_convert.rows.typed_rows import typed_rows, why_no_example
from unifiedqa_convert.schema import Adapter, Example

CANONICAL = PROFILES["canonical"]
TOLERATED = 0.02
"""The part of a split's rows that may be faulty."""


class Proof(NamedTuple):
    """What the files of a split hold."""

    rows: int
    """Those that belong to the dataset, rejected ones too."""
    rejected: int
    digest: str


class Read(NamedTuple):
    """One example of a split, as ``uqa sources --update`` compares them."""

    example: Example
    record: Record


def prove(adapter: Adapter, split: str, files: Iterable[Path]) -> Proof:
    """Read every row of the files. SourceError if too many of them can't be used.

    Labels that count from another base are rejected, or look hidden, in many rows, not in all.
    """
    rows = rejected = unanswered = 0
    digest = hashlib.sha256()
    first: RowError | None = None
    for found in read_examples(adapter, split, files):
        if found is None:
            continue
        rows += 1
        if isinstance(found, RowError):
            rejected += 1
            first = first or found
            continue
        for _, record in found:
            unanswered += record.output is None
            digest.update(f"{record.input}\t{record.output or ''}\n".encode())
    if not rows:
        raise SourceError(f"{adapter.name}/{split}: the files have no rows")
    if first is not None and rejected > rows * TOLERATED:
        raise SourceError(f"{rejected:,} of {rows:,} rows are rejected; the first: {first}")
    if adapter.source.splits[split].labelled and unanswered > rows * TOLERATED:
        raise SourceError(
            f"{unanswered:,} of {rows:,} rows have no answer, but {adapter.name}/{split} has them"
        )
    return Proof(rows, rejected, digest.hexdigest())


def read_examples(
    adapter: Adapter, split: str, files: Iterable[Path]
) -> Iterator[list[Read] | RowError | None]:
    """For each row of the files: its examples and canonical records, or why it is rejected.

    None for a row that is no row of the dataset: the second one of a pair, or one beyond its end.
    """
    for number, raw, row in typed_rows(adapter, split, files):
        if isinstance(row, Skipped):
            yield None
        elif isinstance(row, RowError):
            yield row
        else:
            try:
                found = [arrange(example, CANONICAL) for example in adapter.examples(row)]
            except Exception as error:  # noqa: BLE001 (raised again unless it says why)
                why = why_no_example(adapter, split, number, raw, error)
                yield why if isinstance(why, RowError) else []
                continue
            yield [Read(example, question_record(example, CANONICAL)) for example in found]
