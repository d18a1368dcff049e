"""Converted rows → one file in one of the formats."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import IO, Any, Literal, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from unifiedqa_convert.records.arrow import column, record_batch, shard_facts
from unifiedqa_convert.records.encode import UNLABELLED, each_choice
from unifiedqa_convert.records.profiles import profile_named

Format = Literal["arrow", "parquet", "jsonl", "tsv", "vera"]
Rows = Sequence[dict[str, Any]]

WRITTEN = "written/rows"

SUFFIXES: dict[Format, str] = {
    "arrow": "arrow",
    "parquet": "parquet",
    "jsonl": "jsonl",
    "tsv": "tsv",
    "vera": "json",
}
IN_BATCHES: frozenset[Format] = frozenset({"arrow", "parquet"})
"""Formats in which the rows that come together are read together: a record batch, a row group."""


class Writer(Protocol):
    """Takes rows of ``table.as_rows`` and counts what became of them.

    ``close`` ends the file's format, not the file.
    """

    def write(self, rows: Rows) -> Counter[str]:
        """Write some rows."""
        ...

    def close(self) -> None:
        """End the format."""
        ...


class ArrowWriter:
    """An Arrow IPC stream: what ``datasets.Dataset.from_file`` maps into memory."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._schema = schema
        self._stream = pa.ipc.new_stream(file, schema)

    def write(self, rows: Rows) -> Counter[str]:
        """One record batch."""
        self._stream.write_batch(record_batch(rows, self._schema))
        return Counter({WRITTEN: len(rows)})

    def close(self) -> None:
        """The end-of-stream mark."""
        self._stream.close()


class ParquetWriter:
    """One row group per batch."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._schema = schema
        self._file = pq.ParquetWriter(file, schema, compression="zstd")

    def write(self, rows: Rows) -> Counter[str]:
        """One row group."""
        self._file.write_batch(record_batch(rows, self._schema))
        return Counter({WRITTEN: len(rows)})

    def close(self) -> None:
        """The footer."""
        self._file.close()


class JsonLinesWriter:
    """One object a line, UTF-8, keys in the schema's order."""

    def __init__(self, file: IO[bytes], _schema: pa.Schema) -> None:
        self._file = file

    def write(self, rows: Rows) -> Counter[str]:
        """As many lines as rows."""
        self._file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        return Counter({WRITTEN: len(rows)})

    def close(self) -> None:
        """Nothing ends a JSON lines file."""


class TsvWriter:
    """UnifiedQA's ``input ⇥ output``, padded where the profile knows the published file is.

    ``-`` where there is no output; always two fields a line.
    """

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file = file
        facts = shard_facts(schema)
        self._profile = profile_named(facts["profile"]).of(facts["dataset"])

    def write(self, rows: Rows) -> Counter[str]:
        """As many lines as records: they hold no tab and no line end, white space is collapsed."""
        pad, end = self._profile.own.pad, self._profile.own.end
        records = self._records(rows)
        lines = [
            f"{text}{pad}\t{pad}{UNLABELLED if answer is None else answer}{end}\n"
            for text, answer in records
        ]
        self._file.write("".join(lines).encode())
        return Counter({WRITTEN: len(rows)})

    def _records(self, rows: Rows) -> list[tuple[str, str | None]]:
        """The rows' records; where the published file judges each choice, a record for each."""
        if not self._profile.own.each_choice or (rows and "choices" not in rows[0]):
            return list(zip(column(rows, "input"), column(rows, "output"), strict=True))
        return [
            record
            for row in rows
            for record in each_choice(row["question"], row["choices"], row["golds"], self._profile)
        ]

    def close(self) -> None:
        """Nothing ends a TSV file."""


class VeraWriter:
    """Upstream Vera's JSON: a list of golds and distractors, context before the sentence."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._file = file
        self._separator = b"[\n"
        facts = shard_facts(schema)
        self._clean = profile_named(facts["profile"]).of(facts["dataset"]).clean

    def write(self, rows: Rows) -> Counter[str]:
        """One object per example that has a statement of known, undisputed label."""
        groups = [group for row in rows if (group := vera_group(row, self._clean))]
        for group in groups:
            self._file.write(self._separator + orjson.dumps(group, option=orjson.OPT_INDENT_2))
            self._separator = b",\n"
        return Counter(
            {
                WRITTEN: len(groups),
                "written/left out/no statement with a label": len(rows) - len(groups),
            }
        )

    def close(self) -> None:
        """The closing bracket; an empty list if nothing was written."""
        self._file.write(b"[]\n" if self._separator == b"[\n" else b"\n]\n")


WRITERS: dict[Format, Callable[[IO[bytes], pa.Schema], Writer]] = {
    "arrow": ArrowWriter,
    "parquet": ParquetWriter,
    "jsonl": JsonLinesWriter,
    "tsv": TsvWriter,
    "vera": VeraWriter,
}


def vera_group(row: dict[str, Any], clean: Callable[[str], str]) -> dict[str, list[str]] | None:
    """Golds and distractors of one example; None where no statement of known label is left."""
    context = clean(row["context"]).strip() if row["context"] else ""
    prefix = f"{context} " if context else ""
    usable = [s for s in row["statements"] if s["label"] is not None and not s["masked"]]
    if not usable:
        return None
    return {
        "golds": [prefix + s["sentence"] for s in usable if s["label"]],
        "distractors": [prefix + s["sentence"] for s in usable if not s["label"]],
    }
