"""A split's files → typed rows: which raw shape they have, and each record checked against it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import AliasPath, ValidationError

from unifiedqa_convert.errors import RowError, SourceError
from unifiedqa_convert.readers import (
    PASSED,
    Raw,
    Unreadable,
    Wanted,
    format_of,
    read,
    read_labels,
)
from unifiedqa_convert.schema import Adapter, FieldError, Row

LABELS = ".lst"


class Skipped(NamedTuple):
    """A row that is none of the dataset's, by a rule of its shape."""

    reason: str


class Numbered(NamedTuple):
    """One record in its place: number over all files of the split, raw form, what it became."""

    number: int
    raw: Raw
    row: Row | Skipped | RowError


def typed_rows(
    adapter: Adapter, split: str, paths: Iterable[Path], wanted: Wanted | None = None
) -> Iterator[Numbered]:
    """The records of the files, in order, as rows of one of the adapter's shapes.

    A record that is unreadable or of another shape comes as the RowError it deserves. Where
    ``wanted`` is given, only the numbers it accepts come, and the others are not parsed.
    """
    offset = 0
    for path, labels in _with_labels(paths):
        shape = shape_of(adapter, split, path)
        here = None if wanted is None else lambda place, start=offset: wanted(start + place)
        place = -1
        for place, raw in enumerate(_records(shape, path, labels, here)):
            number = offset + place
            if raw is PASSED or (here is not None and not here(place)):
                continue
            if shape.first is not None and place >= shape.first:
                yield Numbered(number, raw, Skipped(f"beyond the first {shape.first}"))
            else:
                yield Numbered(number, raw, _typed(adapter, split, number, raw, shape))
        offset += place + 1


def complete(adapter: Adapter, split: str, paths: Iterable[Path]) -> tuple[Path, ...]:
    """The files with the labels' files that lie beside them.

    SourceError where a split has labels, its shape keeps them apart, and they are not there.
    """
    files: list[Path] = []
    for path, given in _with_labels(paths):
        beside = shape_of(adapter, split, path).beside
        labels = path.with_name(_stem(path) + beside.ending) if beside else None
        files.append(path)
        if given is not None:
            files.append(given)
        elif labels is not None and labels.is_file():
            files.append(labels)
        elif beside and beside.needed and labels and adapter.source.splits[split].labelled:
            raise SourceError(
                f"{path}: its labels are in a file beside it, {labels.name}, which is not there; "
                "put it there, or give it with a second --raw"
            )
    return tuple(files)


def _with_labels(paths: Iterable[Path]) -> list[tuple[Path, Path | None]]:
    """Rows' files with the labels' file (``.lst``) that was given for each, if one was.

    A labels' file belongs to the rows' file whose name it continues (``dev.jsonl``,
    ``dev-labels.lst``), or to the only one there is.
    """
    given = list(paths)
    labels = [path for path in given if path.suffix.lower() == LABELS]
    rows = [path for path in given if path.suffix.lower() != LABELS]
    pairs: list[tuple[Path, Path | None]] = []
    for path in rows:
        own = [name for name in labels if len(rows) == 1 or name.name.startswith(_stem(path))]
        pairs.append((path, own[0] if own else None))
    stray = set(labels) - {label for _, label in pairs}
    if stray:
        names = ", ".join(sorted(map(str, stray)))
        raise SourceError(f"{names}: labels without rows; give the rows' file too")
    return pairs


def _stem(path: Path) -> str:
    return path.name.split(".", 1)[0]


def _records(
    shape: type[Row], path: Path, labels: Path | None, wanted: Wanted | None
) -> Iterator[Raw]:
    """The file's records, each with its line of the labels' file where there is one."""
    if labels is None:
        yield from read(path, shape.element, wanted)
        return
    if shape.beside is None:
        raise SourceError(f"{labels}: the rows of {path} have their labels inside")
    lines = read_labels(labels)
    number = 0
    for number, raw in enumerate(read(path, shape.element, wanted), start=1):
        if number <= len(lines):
            yield _labelled(raw, shape.beside.field, lines[number - 1])
    if number != len(lines):
        raise SourceError(f"{labels} has {len(lines)} labels, but {path} has {number} rows")


def _labelled(raw: Raw, field: str, label: str) -> Raw:
    if not isinstance(raw, dict):
        return raw
    if raw.get(field, label) != label:
        return Unreadable(f"{field} is {raw[field]!r}, but the labels' file says {label!r}")
    return {**raw, field: label}


def shape_of(adapter: Adapter, split: str, path: Path) -> type[Row]:
    """The shape whose fields the file's first record has; SourceError says what each one lacks."""
    lacks: list[str] = []
    for shape in adapter.shapes:
        if (shape.element is not None) != (format_of(path) == ".xml"):
            continue
        first = next(read(path, shape.element), Unreadable("no record"))
        record = next((r for r in read(path, shape.element) if isinstance(r, dict)), None)
        if record is None:
            why = first.reason if isinstance(first, Unreadable) else "no record"
            lacks.append(f"{shape.shape}: no readable record; the first: {why}")
        elif missing := [name for name in required(shape) if name.split(".")[0] not in record]:
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


def row_of(adapter: Adapter, split: str, number: int, raw: Raw) -> Numbered:
    """One record that came without a file, as a row of the first shape that it fits.

    Shapes may share all their fields and differ in a label's type; where none takes the record,
    the error is the first one's whose fields it has.
    """
    shapes = [s for s in adapter.shapes if s.splits is None or split in s.splits]
    record = raw if isinstance(raw, dict) else {}
    lacks = {
        shape: [name for name in required(shape) if name.split(".")[0] not in record]
        for shape in shapes
    }
    fits = [shape for shape, missing in lacks.items() if not missing]
    typed = [_typed(adapter, split, number, raw, shape) for shape in fits]
    if typed:
        good = (row for row in typed if not isinstance(row, RowError))
        return Numbered(number, raw, next(good, typed[0]))
    nearest = min(lacks, key=lambda shape: len(lacks[shape]))
    if isinstance(raw, dict):
        said = "; ".join(f"{shape.shape}: no {', '.join(names)}" for shape, names in lacks.items())
        field, reason = lacks[nearest][0], f"no raw shape of {adapter.name} fits ({said})"
    else:
        field, reason = "-", "a row is a JSON object"
    return Numbered(number, raw, RowError(adapter.name, split, number, field, reason))


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


def wrong_field(error: FieldError | ValidationError, shape: type[Row]) -> tuple[str, str]:
    """The raw field's name and what is wrong with it."""
    if isinstance(error, FieldError):
        return error.field, error.reason
    first = error.errors(include_url=False)[0]
    shown = repr(first["input"])
    value = shown if len(shown) <= 80 else f"{shown[:77]}…"
    if first["type"] == "string_pattern_mismatch":
        first["msg"] = "Text should hold no NUL character"
    place = ".".join(str(part) for part in first["loc"])
    return place or shape.shape, f"{first['msg']} (found {value})"


def _typed(adapter: Adapter, split: str, number: int, raw: Raw, shape: type[Row]) -> Row | RowError:
    if not isinstance(raw, dict):
        assert isinstance(raw, Unreadable)
        return RowError(adapter.name, split, number, "-", raw.reason)
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        return RowError(adapter.name, split, number, *wrong_field(error, shape))


def first_rows(adapter: Adapter, split: str, paths: Iterable[Path], count: int) -> list[Numbered]:
    """The first ``count`` records, for people to look at."""
    return list(islice(typed_rows(adapter, split, paths), count))


def as_json(raw: Raw) -> Any:
    """A raw record as a JSON value."""
    return raw if isinstance(raw, dict) else None
