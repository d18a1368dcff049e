"""The Arrow schema of a shard, and converted examples → record batches.

Two layouts, named by what a row is: ``question`` and ``both`` have one row per example with its
statements nested; ``declarative`` has one row per statement. Plain strings, lists and structs
only, so that ``datasets``, pandas and polars read them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from unifiedqa_convert.records.converted import AMBIGUOUS, Converted, Record, Statement
from unifiedqa_convert.records.profiles import PROFILES, Profile, Records
from unifiedqa_convert.schema import FreeText, MultipleChoice, YesNo

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 3
METADATA_KEY = b"unifiedqa_convert"


@cache
def _columns() -> "dict[Records, list[pa.Field]]":
    import pyarrow as pa  # here, so that what writes no Arrow does not load it: 0.15 s

    statement = [
        pa.field("sentence", pa.string(), nullable=False),
        pa.field("label", pa.bool_()),  # null: unknown
        pa.field("choice", pa.int32(), nullable=False),
        pa.field("via", pa.string(), nullable=False),
        pa.field("confidence", pa.float64()),  # 0 to 1; null: nothing tells it
        pa.field("masked", pa.bool_(), nullable=False),
    ]
    declarative = [
        pa.field("input", pa.string(), nullable=False),
        pa.field("output", pa.string(), nullable=False),  # yes, no or -
        pa.field("flags", pa.list_(pa.string()), nullable=False),  # of this record
    ]
    example = [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source_id", pa.string()),  # the row's own id, if it does not reveal the label
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
    return {
        "question": [*example, pa.field("statements", pa.list_(pa.struct(statement)))],
        "both": [*example, pa.field("statements", pa.list_(pa.struct([*statement, *declarative])))],
        "declarative": [
            pa.field("id", pa.string(), nullable=False),
            pa.field("group", pa.string(), nullable=False),  # the example's id
            pa.field("row", pa.int64(), nullable=False),
            *declarative,
            pa.field("context", pa.string()),
            *statement,
        ],
    }


def arrow_schema(records: Records, facts: dict[str, Any]) -> "pa.Schema":
    """The shard's schema; ``facts`` (dataset, split, profile, sample …) are in its metadata.

    With the fact ``subject``, of a dataset that has subjects, each row's is its last column.
    """
    import pyarrow as pa

    document = {"schema": SCHEMA_VERSION, "records": records, **facts}
    metadata = {METADATA_KEY: json.dumps(document, sort_keys=True).encode()}
    subject = [pa.field("subject", pa.string(), nullable=False)] if "subject" in facts else []
    return pa.schema([*_columns()[records], *subject], metadata=metadata)


def shard_facts(schema: "pa.Schema") -> dict[str, Any]:
    """The facts in a shard's metadata; empty if the file is no shard of this project."""
    raw = (schema.metadata or {}).get(METADATA_KEY)
    return dict(json.loads(raw)) if raw is not None else {}


class RecordRows(Sequence[dict[str, Any]]):
    """Converted examples as the schema's rows: columns for Arrow and TSV, plain dicts for JSON.

    Both are made when they are read. A list is a tuple in a column, and a list in a dict.
    """

    def __init__(self, converted: Iterable[Converted], records: Records, profile: Profile) -> None:
        items = list(converted)
        if records == "declarative":
            self._items: list[Any] = [row for item in items for row in _statements(item)]
            self._cells: dict[str, Callable[[Any], Any]] = _STATEMENT_CELLS
        else:
            self._items = items
            self._cells = {**_CELLS[records], "choices": _choices_as_written(profile)}
        if items and items[0].subject is not None:
            self._cells = {**self._cells, "subject": _SUBJECT[records]}

    @property
    def converted(self) -> list[Converted]:
        """The examples, where a row is an example and not a statement; none otherwise."""
        return self._items if "choices" in self._cells else []

    def column(self, name: str) -> list[Any]:
        """One column's values, of the types that its field of the schema takes."""
        return list(map(self._cells[name], self._items)) if self._items else []

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        item = self._items[place]
        row = {name: cell(item) for name, cell in self._cells.items()}
        return {name: list(v) if type(v) is tuple else v for name, v in row.items()}


def as_rows(
    converted: Iterable[Converted], records: Records, profile: Profile = PROFILES["canonical"]
) -> RecordRows:
    """Converted examples as rows with the schema's columns, in the schema's order."""
    return RecordRows(converted, records, profile)


def column(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """One column of rows, whether of ``as_rows`` or dicts."""
    return rows.column(name) if isinstance(rows, RecordRows) else [row[name] for row in rows]


def record_batch(rows: Sequence[dict[str, Any]], schema: "pa.Schema") -> "pa.RecordBatch":
    """Rows of ``as_rows``, or dicts like them, as one Arrow record batch."""
    import pyarrow as pa

    columns = [pa.array(column(rows, field.name), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _choices(item: Converted) -> tuple[str, ...]:
    example = item.example
    if isinstance(example, MultipleChoice):
        return example.choices
    if isinstance(example, YesNo):
        return ("yes", "no")
    return (example.answers or ()) if isinstance(example, FreeText) else ()


def _choices_as_written(profile: Profile) -> Callable[[Converted], tuple[str, ...]]:
    """The choices as the profile writes them, so that the output is equal to one of them."""
    plain, whole, own = profile.plain, profile.whole, profile.own

    def written(item: Converted) -> tuple[str, ...]:
        texts = _choices(item)
        # As in ``plain_record``: nine rows of ten have nothing to collapse, which one look shows.
        if plain and (text := f" {' '.join(texts)} ").isprintable() and "  " not in text:
            return texts
        several = own.choice if isinstance(item.example, MultipleChoice) else own.output
        clean = several or profile.clean
        return tuple([whole(clean(text)) for text in texts])

    return written


def _golds(item: Converted) -> tuple[int, ...] | None:
    example = item.example
    if isinstance(example, MultipleChoice):
        return example.golds
    if isinstance(example, YesNo):
        return None if example.answer is None else (0 if example.answer else 1,)
    answers = example.answers if isinstance(example, FreeText) else None
    return None if answers is None else tuple(range(len(answers)))


def _question(item: Converted) -> str:
    example = item.example
    return example.question_text if example.cue else example.question


def _nested(item: Converted) -> Sequence[dict[str, Any]]:
    return [statement._asdict() for statement in item.statements] if item.statements else ()


def _nested_both(item: Converted) -> Sequence[dict[str, Any]]:
    if not item.statements:
        return ()
    return [
        {**row.statement._asdict(), **row.record._asdict(), "flags": _flags_of(row)}
        for row in _statements(item)
    ]


class _StatementRow(NamedTuple):
    """One statement of an example, with its declarative record."""

    item: Converted
    place: int
    statement: Statement
    record: Record


def _statements(item: Converted) -> Iterator[_StatementRow]:
    pairs = zip(item.statements, item.declaratives, strict=True)
    for place, (statement, record) in enumerate(pairs):
        yield _StatementRow(item, place, statement, record)


def _flags_of(row: _StatementRow) -> list[str]:
    return [AMBIGUOUS] if row.place in row.item.ambiguous else []


_EXAMPLE_CELLS: dict[str, Callable[[Any], Any]] = {
    "id": attrgetter("id"),
    "source_id": attrgetter("example.id"),
    "row": attrgetter("row"),
    "kind": attrgetter("example.kind"),
    "input": attrgetter("question.input"),
    "output": attrgetter("question.output"),
    "question": _question,
    "context": attrgetter("example.context"),
    "choices": _choices,
    "golds": _golds,
    "flags": attrgetter("flags"),
}
_CELLS: dict[Records, dict[str, Callable[[Any], Any]]] = {
    "question": {**_EXAMPLE_CELLS, "statements": _nested},
    "both": {**_EXAMPLE_CELLS, "statements": _nested_both},
}
_SUBJECT: dict[Records, Callable[[Any], Any]] = {
    "question": attrgetter("subject"),
    "both": attrgetter("subject"),
    "declarative": attrgetter("item.subject"),
}
_STATEMENT_CELLS: dict[str, Callable[[Any], Any]] = {
    "id": lambda row: f"{row.item.id}#{row.place}",
    "group": attrgetter("item.id"),
    "row": attrgetter("item.row"),
    "input": attrgetter("record.input"),
    "output": attrgetter("record.output"),
    "flags": _flags_of,
    "context": attrgetter("item.example.context"),
    "sentence": attrgetter("statement.sentence"),
    "label": attrgetter("statement.label"),
    "choice": attrgetter("statement.choice"),
    "via": attrgetter("statement.via"),
    "confidence": attrgetter("statement.confidence"),
    "masked": attrgetter("statement.masked"),
}
