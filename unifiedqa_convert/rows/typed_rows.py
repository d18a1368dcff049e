"""A split's files → typed rows: each record validated against the raw shape of its file."""

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from unifiedqa_convert.errors import RowError
from unifiedqa_convert.rows.companion_files import (
    MatchedFiles,
    SecondOfPair,
    joined_records,
    match_files,
)
from unifiedqa_convert.rows.distractor_pool import draw_distractors
from unifiedqa_convert.rows.json_rows import UNREQUESTED, Raw, Unreadable, Wanted
from unifiedqa_convert.rows.shapes import (
    OTHER_SPLIT,
    NumberedRow,
    Skipped,
    lacking,
    means_gold,
    raw_names,
)
from unifiedqa_convert.schema import Adapter, ExampleError, FieldError, NotAnExample, Row

Typed = Callable[[Raw | SecondOfPair, int], NumberedRow]
"""A record and its number → its typed row, or its RowError."""
_KINDS = ("constrained-str", "int", "float", "bool")
"""What pydantic appends to the name of a field of several types."""
BEYOND = "beyond the first "
"""How the reason begins for which rows after the shape's ``first`` are skipped."""
SHOWN = 2_000
"""Characters shown of a record that is not JSON."""
LOOKED_AT = 100
"""Rows in which ``missing_label`` looks for a reason."""
_LABELS = ("golds", "answer", "answers")
"""The fields of the three kinds of example that are None where the label is hidden."""
HIDDEN = (None, "", -1, "-1")
"""Values of a label that stand for a hidden one."""


def typed_rows(
    adapter: Adapter,
    split: str,
    paths: Iterable[Path],
    wanted: Wanted | None = None,
    *,
    as_paired: bool = False,
) -> Iterator[NumberedRow]:
    """The records of the files, in order, as rows of one of the adapter's shapes.

    A record that is unreadable or of another shape is yielded as a RowError. With ``wanted``, only
    the numbers that it accepts are yielded, and the others are not parsed. With ``as_paired``, rows
    that form pairs are in the order of the file that pairs them.
    """
    files = match_files(adapter, split, paths)
    rows = _read(adapter, split, files, wanted, as_paired)
    if not any(file.shape.pool is not None for file in files):
        return rows
    # The first pass reads every row, whatever ``wanted`` accepts.
    return draw_distractors(adapter, split, _read(adapter, split, files, None, as_paired), rows)


def _read(
    adapter: Adapter,
    split: str,
    files: Iterable[MatchedFiles],
    wanted: Wanted | None,
    as_paired: bool,
) -> Iterator[NumberedRow]:
    def read_files() -> Iterator[Iterator[NumberedRow]]:
        numbers = count()
        for file in files:
            offset = next(numbers)
            numbers = count(offset)
            here = None if wanted is None else lambda place, start=offset: wanted(start + place)
            records = joined_records(file, here, as_paired)
            typed = _typed(adapter, split, file.shape)
            if here is None and file.shape.first is None:
                yield map(typed, records, numbers)
            else:
                yield _requested(zip(records, numbers, strict=False), offset, here, typed, file)

    # Chained: a generator around the files' own would cost each row a step more.
    return chain.from_iterable(read_files())


def _requested(
    numbered: Iterable[tuple[Raw | SecondOfPair, int]],
    offset: int,
    here: Wanted | None,
    typed: Typed,
    file: MatchedFiles,
) -> Iterator[NumberedRow]:
    """The typed rows that ``here`` accepts; those beyond the shape's ``first`` as skipped."""
    first = file.shape.first
    for raw, number in numbered:
        if raw is UNREQUESTED or (here is not None and not here(number - offset)):
            continue
        if first is not None and number - offset >= first and not isinstance(raw, SecondOfPair):
            yield NumberedRow(number, raw, Skipped(f"{BEYOND}{first}"))
        else:
            yield typed(raw, number)


def row_of(adapter: Adapter, split: str, number: int, raw: Raw) -> NumberedRow:
    """One record without a file, as a row of the first shape that accepts it.

    Shapes may have the same fields and differ in a label's type; if none accepts the record, the
    error is that of the first shape whose fields it has.
    """
    shapes = [s for s in adapter.shapes if s.splits is None or split in s.splits]
    lacks = {shape: lacking(shape, raw if isinstance(raw, dict) else {}) for shape in shapes}
    typed = [_typed(adapter, split, s)(raw, number) for s, missing in lacks.items() if not missing]
    if typed:
        return next((n for n in typed if not isinstance(n.row, RowError)), typed[0])
    nearest = min(lacks, key=lambda shape: len(lacks[shape]))
    if isinstance(raw, dict):
        each = "; ".join(f"{shape.shape}: no {', '.join(names)}" for shape, names in lacks.items())
        field, reason = lacks[nearest][0], f"no raw shape of {adapter.name} fits ({each})"
    else:
        field, reason = "-", "a row is a JSON object"
    return NumberedRow(number, raw, RowError(adapter.name, split, number, field, reason))


def wrong_field(error: FieldError | ValidationError, shape: type[Row]) -> tuple[str, str]:
    """The raw field's name, and what is wrong with its value."""
    if isinstance(error, FieldError):
        return error.field, error.reason
    first = error.errors(include_url=False)[0]
    shown = repr(first["input"])
    value = shown if len(shown) <= 80 else f"{shown[:77]}…"
    if first["type"] == "string_pattern_mismatch":
        first["msg"] = "Text should contain no NUL character"
    if first["type"] == "string_unicode":
        first["msg"] = "Text should be UTF-8"
    field, *inside = first["loc"] or ("",)
    place = ".".join(map(str, [field, *(part for part in inside if part not in _KINDS)]))
    return place or shape.shape, f"{first['msg']} (found {value})"


def _typed(adapter: Adapter, split: str, shape: type[Row]) -> Typed:
    """A function from a record of that shape, and its number, to a typed row or a RowError."""
    # model_validate's checks of its own arguments take a quarter of a row's validation.
    shape.model_rebuild()
    validate = shape.__pydantic_validator__.validate_python
    field, names = shape.mixed or ("", {})

    def typed(raw: Raw | SecondOfPair, number: int) -> NumberedRow:
        if not isinstance(raw, dict):
            if isinstance(raw, SecondOfPair):
                return NumberedRow(number, UNREQUESTED, Skipped(raw.reason))
            assert isinstance(raw, Unreadable)
            return NumberedRow(number, raw, RowError(adapter.name, split, number, "-", raw.reason))
        if names and raw.get(field) != names[split] and raw.get(field) in names.values():
            return NumberedRow(number, raw, Skipped(OTHER_SPLIT))
        try:
            # NumberedRow(…) is a Python function; this is the same in half the time.
            return tuple.__new__(NumberedRow, (number, raw, validate(raw)))
        except ValidationError as error:
            wrong = wrong_field(error, shape)
            return NumberedRow(number, raw, RowError(adapter.name, split, number, *wrong))

    return typed


def first_rows(
    adapter: Adapter, split: str, paths: Iterable[Path], count: int
) -> list[NumberedRow]:
    """The first ``count`` records, for display."""
    return list(islice(typed_rows(adapter, split, paths), count))


class MissingLabel(NamedTuple):
    """The rows of a file that have no label, and what the first ones have instead."""

    row: int
    """The number of the first one in the file."""
    every: bool
    """True if no other row of the file has one either."""
    empty: tuple[str, ...]
    """Raw fields of the shape that are absent, or hold no value, in all that were looked at."""
    golds: tuple[str, ...]
    """Raw fields that the shape does not read, with values, and a name that means the gold."""
    unread: tuple[str, ...]
    """All raw fields that the shape does not read."""


def missing_label(
    adapter: Adapter, split: str, file: MatchedFiles, *, whole: bool
) -> MissingLabel | None:
    """Why rows of this file have no label, as far as the first such rows tell; None if all have.

    Without ``whole``, the rest of the file is not read, and ``every`` is about the rows before.
    """
    paths = (file.path,) if file.beside is None else (file.path, file.beside)
    found: list[NumberedRow] = []
    labelled = False
    for numbered in typed_rows(adapter, split, paths):
        if len(found) == LOOKED_AT and (labelled or not whole):
            break
        known = _has_label(adapter, numbered.row)
        labelled = labelled or known is True
        if known is False and len(found) < LOOKED_AT:
            found.append(numbered)
    raws = [numbered.raw for numbered in found if isinstance(numbered.raw, dict)]
    if not raws:
        return None
    names = list(raw_names(file.shape).values())
    read = {name.split(".")[0] for name in names}
    unread = tuple(dict.fromkeys(name for raw in raws for name in raw if name not in read))
    return MissingLabel(
        found[0].number,
        not labelled,
        tuple(n for n in names if "." not in n and not _has_value(raws, n)),
        tuple(n for n in unread if means_gold(n) and _has_value(raws, n)),
        unread,
    )


def _has_label(adapter: Adapter, row: Row | Skipped | RowError) -> bool | None:
    """Whether an example of the row has a label; None if there is no example."""
    try:
        examples = list(adapter.examples(row)) if isinstance(row, Row) else []
    except (FieldError, NotAnExample):
        return None
    labels = (getattr(it, name, None) for it in examples for name in _LABELS)
    return any(label is not None for label in labels) if examples else None


def _has_value(raws: list[dict[str, Any]], name: str) -> bool:
    return any(raw.get(name) not in HIDDEN for raw in raws)


def row_as_json(raw: Raw) -> Any:
    """A raw record as a JSON value; its repr if it holds a value that JSON does not have."""
    if not isinstance(raw, dict):
        return None
    try:
        return orjson.loads(orjson.dumps(raw))
    except (TypeError, orjson.JSONDecodeError, RecursionError):  # bytes, or nested too deeply
        return {"unreadable as JSON": repr(raw)[:SHOWN]}


def why_no_example(
    adapter: Adapter, split: str, number: int, raw: Raw, error: Exception
) -> RowError | Skipped:
    """Why a row gives no example; of an adapter that is wrong, which --max-rejects may not hide,
    the error is raised, with the record and the adapter's line.
    """
    if isinstance(error, NotAnExample):
        return Skipped(error.reason)
    if isinstance(error, FieldError):
        return RowError(adapter.name, split, number, error.field, error.reason)
    if isinstance(error, ExampleError):
        field, reason = error.field, error.reason
    else:
        field, reason = "-", f"{type(error).__name__}: {error}"
    own = getattr(sys.modules.get(type(adapter).__module__), "__file__", None)
    frames = traceback.extract_tb(error.__traceback__)
    where = [f", line {f.lineno} of {f.filename}" for f in frames if f.filename == own][-1:]
    record = orjson.dumps(row_as_json(raw)).decode()
    shown = record if len(record) <= SHOWN else f"{record[:SHOWN]}…"
    reason = f"{reason}; the adapter must be corrected{''.join(where)}; the raw record: {shown}"
    failed = RowError(adapter.name, split, number, field, reason)
    failed.raw = raw
    raise failed from error
