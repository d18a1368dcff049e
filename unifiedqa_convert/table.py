"""The Arrow schema of a shard, and converted examples → record batches. pyarrow lives here.

Two layouts, named by what a row is: ``question`` and ``both`` have one row per example with its
statements nested; ``declarative`` has one row per statement. Plain strings, lists and structs
only, so that ``datasets``, pandas and polars read them.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import pyarrow as pa

from unifiedqa_convert.schema import Converted, FreeText, MultipleChoice, Record, YesNo

Records = Literal["question", "declarative", "both"]

SCHEMA_VERSION = 1
METADATA_KEY = b"unifiedqa_convert"

_STATEMENT = [
    pa.field("sentence", pa.string(), nullable=False),
    pa.field("label", pa.bool_()),  # null: unknown
    pa.field("choice", pa.int32(), nullable=False),
    pa.field("via", pa.string(), nullable=False),
    pa.field("masked", pa.bool_(), nullable=False),
]
_DECLARATIVE = [
    pa.field("input", pa.string(), nullable=False),
    pa.field("output", pa.string(), nullable=False),  # yes, no or -
]
_EXAMPLE = [
    pa.field("id", pa.string(), nullable=False),
    pa.field("source_id", pa.string()),  # the row's own id, where it has a harmless one
    pa.field("row", pa.int64(), nullable=False),
    pa.field("kind", pa.string(), nullable=False),
    pa.field("input", pa.string(), nullable=False),
    pa.field("output", pa.string()),  # null: unlabelled
    pa.field("question", pa.string(), nullable=False),
    pa.field("context", pa.string()),
    pa.field("choices", pa.list_(pa.string()), nullable=False),
    pa.field("golds", pa.list_(pa.int32())),  # null: unlabelled
    pa.field("flags", pa.list_(pa.string()), nullable=False),
]
_COLUMNS: dict[Records, list[pa.Field]] = {
    "question": [*_EXAMPLE, pa.field("statements", pa.list_(pa.struct(_STATEMENT)))],
    "both": [*_EXAMPLE, pa.field("statements", pa.list_(pa.struct([*_STATEMENT, *_DECLARATIVE])))],
    "declarative": [
        pa.field("id", pa.string(), nullable=False),
        pa.field("group", pa.string(), nullable=False),  # the example's id
        pa.field("row", pa.int64(), nullable=False),
        *_DECLARATIVE,
        pa.field("context", pa.string()),
        *_STATEMENT,
    ],
}


def arrow_schema(records: Records, facts: dict[str, Any]) -> pa.Schema:
    """The shard's schema; ``facts`` (dataset, split, profile, sample …) travel in its metadata."""
    document = {"schema": SCHEMA_VERSION, "records": records, **facts}
    metadata = {METADATA_KEY: json.dumps(document, sort_keys=True).encode()}
    return pa.schema(_COLUMNS[records], metadata=metadata)


def facts_of(schema: pa.Schema) -> dict[str, Any]:
    """The facts in a shard's metadata; empty for a file that is not a shard of ours."""
    raw = (schema.metadata or {}).get(METADATA_KEY)
    return dict(json.loads(raw)) if raw is not None else {}


def as_rows(converted: Iterable[Converted], records: Records) -> list[dict[str, Any]]:
    """Plain dicts with the schema's columns, in the schema's order."""
    if records == "declarative":
        return [row for item in converted for row in _statement_rows(item)]
    return [_example_row(item, records == "both") for item in converted]


def record_batch(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows of :func:`as_rows` as one Arrow record batch."""
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _example_row(item: Converted, with_declaratives: bool) -> dict[str, Any]:
    example = item.example
    statements = [statement._asdict() for statement in item.statements]
    if with_declaratives:
        for statement, record in zip(statements, item.declaratives, strict=True):
            statement.update(record._asdict())
    return {
        "id": item.id,
        "source_id": example.id,
        "row": item.row,
        "kind": example.kind,
        "input": item.question.input,
        "output": item.question.output,
        "question": example.asked,
        "context": example.context,
        "choices": _choices(item),
        "golds": _golds(item),
        "flags": list(item.flags),
        "statements": statements,
    }


def _choices(item: Converted) -> list[str]:
    match item.example:
        case MultipleChoice(choices=choices):
            return list(choices)
        case YesNo():
            return ["yes", "no"]
        case FreeText(answers=answers):
            return list(answers or ())
    return []


def _golds(item: Converted) -> list[int] | None:
    match item.example:
        case MultipleChoice(golds=golds):
            return None if golds is None else list(golds)
        case YesNo(answer=answer):
            return None if answer is None else [0 if answer else 1]
        case FreeText(answers=answers):
            return None if answers is None else list(range(len(answers)))
    return None


def _statement_rows(item: Converted) -> Iterable[dict[str, Any]]:
    pairs: Iterable[tuple[Any, Record]] = zip(item.statements, item.declaratives, strict=True)
    for number, (statement, record) in enumerate(pairs):
        yield {
            "id": f"{item.id}#{number}",
            "group": item.id,
            "row": item.row,
            **record._asdict(),
            "context": item.example.context,
            **statement._asdict(),
        }
