"""Which raw shape a file has, told by its format and the fields of its first record."""

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import AliasPath

from unifiedqa_convert.errors import RowError, SourceError
from unifiedqa_convert.rows.readers import Raw, Unreadable, format_of, read
from unifiedqa_convert.schema import Adapter, Row

# A record in its place among all records of its split.


class Skipped(NamedTuple):
    """A row that is none of the dataset's, by a rule of its shape."""

    reason: str


class NumberedRow(NamedTuple):
    """One record in its place: number over all files of the split, raw form, what it became."""

    number: int
    raw: Raw
    row: Row | Skipped | RowError


LABELS = ".lst"
TABLES = (".csv", ".tsv", ".txt")
OTHER = "other"
"""The raw field in which the first row of a pair holds the second one's record."""


def shape_of(adapter: Adapter, split: str, path: Path) -> type[Row]:
    """The shape whose fields the file's first record has; SourceError says what each one lacks."""
    lacks: list[str] = []
    for shape in adapter.shapes:
        if not _may_be(shape, path):
            continue
        columns = columns_of(shape, path)
        first = next(read(path, shape.element, columns=columns), Unreadable("no record"))
        record = first
        if not isinstance(first, dict) and columns is None:
            found = read(path, shape.element)
            record = next((raw for raw in found if isinstance(raw, dict)), first)
        if not isinstance(record, dict):
            why = first.reason if isinstance(first, Unreadable) else "no record"
            lacks.append(f"{shape.shape}: no readable record; the first: {why}")
        elif missing := lacking(shape, {**record, **_joined(shape)}):
            lacks.append(f"{shape.shape}: no field {', '.join(missing)}")
        elif shape.splits is not None and split not in shape.splits:
            raise SourceError(
                f"{path} has {adapter.name}'s shape {shape.shape}, which is no {split} of it; "
                f"try --split {' or '.join(shape.splits)}"
            )
        else:
            return shape
    shapes = "; ".join(lacks) or f"none is in {path.suffix or 'such'} files"
    raise SourceError(f"{path}: not a raw shape of {adapter.name} ({shapes})")


def lacking(shape: type[Row], record: dict[str, Any]) -> list[str]:
    """Raw names that the shape needs and the record does not have."""
    return [name for name in required(shape) if not _has(record, name)]


def _joined(shape: type[Row]) -> dict[str, None]:
    """The fields that come from beside, or from the other row of a pair."""
    beside = {shape.beside.field: None} if shape.beside else {}
    return {**beside, **({OTHER: None} if shape.paired else {})}


def _has(record: Any, name: str) -> bool:
    """Whether the record has that field, nested ones with dots."""
    for part in name.split("."):
        if not isinstance(record, dict):
            return True  # not what the shape says, which is for its check to tell
        if part not in record:
            return False
        record = record[part]
    return True


def _may_be(shape: type[Row], path: Path) -> bool:
    """Whether files of that format can have the shape: XML, a table without header, all others."""
    kind = format_of(path)
    if kind == LABELS or (shape.element is not None) != (kind == ".xml"):
        return False
    return shape.columns is None or kind in TABLES


def columns_of(shape: type[Row], path: Path) -> tuple[str, ...] | None:
    """The names of the columns, where the file is a table that the shape reads without a header."""
    return shape.columns if format_of(path) in TABLES else None


def raw_names(shape: type[Row]) -> dict[str, str]:
    """The raw field behind each field of a shape, nested ones with dots: attribute → raw name."""
    names = {}
    for attribute, field in shape.model_fields.items():
        alias = field.validation_alias or field.alias or attribute
        path = alias.path if isinstance(alias, AliasPath) else [alias]
        names[attribute] = ".".join(str(part) for part in path)
    return names


def required(shape: type[Row]) -> list[str]:
    """Raw names that every record of the shape has."""
    names = raw_names(shape)
    return [names[name] for name, field in shape.model_fields.items() if field.is_required()]
