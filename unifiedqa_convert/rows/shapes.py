"""The raw shape of a file, by its format and the fields of its first record."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import AliasPath

from unifiedqa_convert.errors import RowError, SourceError
from unifiedqa_convert.rows.compression import LABELS as LABELS
from unifiedqa_convert.rows.compression import format_of, head, starts_with_arrays
from unifiedqa_convert.rows.json_rows import Raw, Unreadable
from unifiedqa_convert.rows.readers import column_names, read, rows_inside
from unifiedqa_convert.rows.tables import TABLES
from unifiedqa_convert.schema import Adapter, Row


class Skipped(NamedTuple):
    """A row that its shape excludes from the dataset."""

    reason: str


class NumberedRow(NamedTuple):
    """A record: its number over all files of the split, its raw form, and the typed row."""

    number: int
    raw: Raw
    row: Row | Skipped | RowError


OTHER_SPLIT, OTHER_SUBJECT = "of another split", "of another subject"
"""Why rows are skipped that a file has, but that were not asked for."""
JSON = (".json", ".jsonl")
OTHER = "other"
"""The raw field of the first row of a pair that holds the second one's record."""
ROWS = "rows"
"""The raw field of the first row of a group that holds all its records."""


def shape_of(adapter: Adapter, split: str, path: Path) -> type[Row]:
    """The shape whose fields the file's first record has; SourceError lists what is missing."""
    lacks: list[str] = []
    for shape in adapter.shapes:
        if not _may_be(shape, path):
            if shape.inside is not None and format_of(path) in JSON:
                lacks.append(f"{shape.shape}: no rows at {shape.inside}")
            continue
        columns = columns_of(shape, path)
        records = read(path, shape.element, None, columns, shape.own, shape.inside)
        first = next(records, Unreadable("no record"))
        record = first
        if not isinstance(first, dict) and columns is None:
            found = read(path, shape.element, own=shape.own, inside=shape.inside)
            record = next((raw for raw in found if isinstance(raw, dict)), first)
        if not isinstance(record, dict):
            why = first.reason if isinstance(first, Unreadable) else "no record"
            lacks.append(f"{shape.shape}: no readable record; the first: {why}")
        elif missing := lacking(shape, {**record, **_joined(shape)}):
            lacks.append(f"{shape.shape}: no field {', '.join(missing)}")
        elif shape.named and named_by(shape, path) is None:
            lacks.append(f"{shape.shape}: the file's name does not tell its {shape.named[0]}")
        elif shape.splits is not None and split not in shape.splits:
            raise SourceError(
                f"{path} has {adapter.name}'s shape {shape.shape}, which has no split {split}; "
                f"try --split {' or '.join(shape.splits)}"
            )
        else:
            if columns is None:
                refuse_repeated(path, [*raw_names(shape).values()], column_names(path, shape.own))
            return shape
    shapes = "; ".join(lacks) or f"none of them is for {path.suffix or 'such'} files"
    raise SourceError(
        f"{path}: not a raw shape of {adapter.name} ({shapes}); see `uqa show {adapter.name}` for "
        "its shapes and fields"
    )


def refuse_repeated(path: Path, used: Iterable[str], names: list[str]) -> None:
    """SourceError if one of the ``used`` columns stands twice among ``names``, the table's."""
    for name in used:
        places = [str(n) for n, other in enumerate(names, 1) if other == name]
        if len(places) > 1:
            where = " and ".join(places[:8])
            raise SourceError(
                f"{path}: {name} is the name of {len(places)} columns ({where}): "
                "rename all but the one that is meant"
            )


def lacking(shape: type[Row], record: dict[str, Any]) -> list[str]:
    """Raw names that the shape requires and the record lacks."""
    return [name for name in required(shape) if not _has(record, name)]


def _joined(shape: type[Row]) -> dict[str, None]:
    """The fields that come from elsewhere: the companion file, the file's name, or the other rows
    of a pair or group.
    """
    beside = {shape.beside.field: None} if shape.beside else {}
    named = {shape.named[0]: None} if shape.named else {}
    others = {OTHER: None} if shape.paired else {}
    return {**beside, **named, **others, **({ROWS: None} if shape.grouped else {})}


def _has(record: Any, name: str) -> bool:
    """True if the record has that field; a nested one is written with dots."""
    for part in name.split("."):
        if not isinstance(record, dict):
            return True  # of another type, which the shape's validation reports
        if part not in record:
            return False
        record = record[part]
    return True


def value_of(record: Any, name: str) -> Any:
    """The value of that field, nested as in ``_has``; None if the record has none."""
    for part in name.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    return record


def _may_be(shape: type[Row], path: Path) -> bool:
    """True if the file can have the shape: XML, rows inside JSON, a table without header, any."""
    kind = format_of(path)
    if kind in LABELS or (shape.element is not None) != (kind == ".xml"):
        return False
    if shape.inside is not None:
        return kind in JSON and rows_inside(path, shape.inside) is not None
    return shape.columns is None or kind in TABLES or _has_arrays(path, kind)


def _has_arrays(path: Path, kind: str) -> bool:
    return kind == ".json" and starts_with_arrays(head(path))


def columns_of(shape: type[Row], path: Path) -> tuple[str, ...] | None:
    """The column names, if the shape has no header, and the file is a table or has JSON arrays."""
    if shape.columns is None:
        return None
    kind = format_of(path)
    return shape.columns if kind in TABLES or _has_arrays(path, kind) else None


def named_by(shape: type[Row], path: Path) -> str | None:
    """What the file's name says of all its rows (``Row.named``); None if it says nothing."""
    found = re.match(shape.named[1], path.name) if shape.named else None
    return found[1] if found else None


def raw_names(shape: type[Row]) -> dict[str, str]:
    """Attribute → raw name for each field of a shape; nested names are written with dots."""
    names = {}
    for attribute, field in shape.model_fields.items():
        alias = field.validation_alias or field.alias or attribute
        path = alias.path if isinstance(alias, AliasPath) else [alias]
        names[attribute] = ".".join(str(part) for part in path)
    return names


def required(shape: type[Row]) -> list[str]:
    """The raw names of the required fields."""
    names = raw_names(shape)
    return [names[name] for name, field in shape.model_fields.items() if field.is_required()]


_GOLD_NAMES = re.compile(
    "(gold|correct|right|true)(answer|label|choice|option|ending)?s?(key|idx|index|id|text)?"
    "|(answer|label|target|solution)s?(key|idx|index|id|text)?|output|groundtruth"
)
"""Names under which copies of a dataset may have its gold, in lower case, letters only."""


def means_gold(name: str) -> bool:
    """True for a raw field whose name says that it holds the gold, such as ``correct_answer``."""
    return _GOLD_NAMES.fullmatch(re.sub("[^a-z]", "", name.lower())) is not None
