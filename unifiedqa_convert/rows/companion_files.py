"""The files of a split, matched to raw shapes, and their records joined into one stream.

A file of rows may have a companion file (labels or pairs: ``CompanionFile``), and two or more of
its rows may form one (``Row.paired``, ``Row.grouped``). The shape states what is joined; nothing
here depends on a dataset.
"""

from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.compression import PACKED, format_of, head, starts_with_array
from unifiedqa_convert.rows.json_rows import Raw, Unreadable, Wanted, parsed_json
from unifiedqa_convert.rows.readers import read, read_document, read_labels, read_values
from unifiedqa_convert.rows.shapes import (
    LABELS,
    OTHER,
    ROWS,
    columns_of,
    means_gold,
    named_by,
    raw_names,
    required,
    shape_of,
    value_of,
)
from unifiedqa_convert.schema import Adapter, CompanionFile, Row


class SecondOfPair(NamedTuple):
    """A later row of a pair or group, which the first one's record already contains."""

    reason: str = "second of its pair"


SECOND = SecondOfPair()
LATER = SecondOfPair("in the row of its group's first")
FORMATS = (
    *(".jsonl", ".json", ".ndjson", ".jsonlines", ".csv", ".tsv", ".txt", ".xml"),
    *(".parquet", ".arrow", ".feather", *LABELS),
)
"""Suffixes that are no part of the name by which a companion file is found."""


class MatchedFiles(NamedTuple):
    """A file of rows, their shape, and its companion file, if there is one."""

    path: Path
    shape: type[Row]
    beside: Path | None


def match_files(adapter: Adapter, split: str, paths: Iterable[Path]) -> list[MatchedFiles]:
    """The given files of rows, each with its companion among the given files.

    A companion is recognised by its name (``dev-labels.lst`` belongs to ``dev.jsonl``), or as the
    only given file without rows.
    """
    rows: list[tuple[Path, type[Row]]] = []
    others: list[tuple[Path, SourceError]] = []
    joins = [shape.beside for shape in adapter.shapes if shape.beside]
    for path in paths:
        try:
            rows.append((path, shape_of(adapter, split, path)))
        except SourceError as error:
            if not joins or not path.is_file():
                raise
            others.append((path, error))
    found = [
        MatchedFiles(path, shape, _companion(path, shape, rows, others)) for path, shape in rows
    ]
    given = [file.beside for file in found if file.beside]
    if twice := next((path for path in given if given.count(path) > 1), None):
        named = " and ".join(str(file.path) for file in found if file.beside == twice)
        raise SourceError(f"{twice}: which of {named} does it belong to? give one file of rows")
    taken = {file.beside for file in found}
    for path, refused in others:
        if path in taken:
            continue
        if path.suffix.lower() in LABELS:
            raise SourceError(f"{path}: labels without rows; give the file of rows too")
        raise refused
    return found


def _companion(
    path: Path,
    shape: type[Row],
    rows: list[tuple[Path, type[Row]]],
    others: list[tuple[Path, SourceError]],
) -> Path | None:
    """The companion of ``path`` among ``others``; of two with that name, the one beside it."""
    expected = expected_names(shape.beside, path) if shape.beside else []
    named = [other for other, _ in others if _unpacked(other.name) in expected]
    nearest = next((other for other in named if other.parent == path.parent), None)
    if named:
        return nearest or named[0]
    if not others or not len(rows) == len(others) == 1:
        return None
    other = others[0][0]
    by_line = shape.beside if expected and shape.beside and shape.beside.key is None else None
    if by_line and (stem := _named_for(by_line, other)):
        raise SourceError(
            f"{other} has by its name the labels of {stem}, not those of {path.name}; if they are "
            f"its labels, rename them to {expected[0]}"
        )
    return other


def _named_for(beside: CompanionFile, path: Path) -> str | None:
    """The name, without its format, of the rows to which a companion file belongs by its name."""
    for ending, name in beside.names:
        start, end = name.split("{}")
        if path.name.startswith(start) and _unpacked(path.name).endswith(end):
            return _unpacked(path.name)[len(start) :].removesuffix(end) + ending or None
    return None


def _unpacked(name: str) -> str:
    return Path(name).stem if Path(name).suffix.lower() in PACKED else name


def expected_names(beside: CompanionFile, path: Path) -> list[str]:
    """The possible names of a companion file, the likeliest first.

    They have the whole name of the file of rows, but for the suffixes of its format:
    ``dev.sorted.jsonl`` is another file than ``dev.jsonl``, with labels of its own.
    """
    stem = _unpacked(path.name)
    if Path(stem).suffix.lower() in FORMATS:
        stem = Path(stem).stem
    return [
        name.format(stem.removesuffix(ending))
        for ending, name in beside.names
        if stem.endswith(ending)
    ]


def with_companions(
    adapter: Adapter, split: str, paths: Iterable[Path], *, unlabelled: bool = False
) -> tuple[Path, ...]:
    """The files and their companions.

    SourceError if the labels of a labelled split are in a companion file that is missing, and
    nobody said that the rows are ``unlabelled``.
    """
    files: list[Path] = []
    for path, shape, given in match_files(adapter, split, paths):
        files.append(path)
        names = expected_names(shape.beside, path) if shape.beside else []
        beside = [path.parent / (name + end) for name in names for end in ("", *PACKED)]
        present = [file for file in beside if file.is_file()]
        if given is not None:
            files.append(given)
        elif present:
            files.append(present[0])
        elif shape.beside and shape.beside.needed and adapter.source.splits[split].labelled:
            _refuse_missing(path, shape, shape.beside, names, unlabelled=unlabelled)
    return tuple(files)


def _refuse_missing(
    path: Path, shape: type[Row], beside: CompanionFile, names: list[str], *, unlabelled: bool
) -> None:
    """SourceError, unless the rows have the field themselves or need not have it."""
    optional = beside.field not in required(shape)
    if optional and (unlabelled or _first_record(path, shape).get(beside.field) is not None):
        return
    what = "labels are" if beside.field in ("label", "answers") else f"{beside.field} is"
    meant = "; rows that have none are converted with --unlabelled" if optional else ""
    read_ones = raw_names(shape).values()
    golds = [n for n in _first_record(path, shape) if means_gold(n) and n not in read_ones]
    also = f" (the rows have {', '.join(golds)}, which is not read)" if golds else ""
    raise SourceError(
        f"{path}: its {what} in another file of that folder, {names[0] if names else '?'}, which "
        f"is missing{also}; put it there, or give it with a second --raw{meant}"
    )


def _first_record(path: Path, shape: type[Row]) -> dict[str, Any]:
    records = read(path, shape.element, columns=columns_of(shape, path), inside=shape.inside)
    return next((raw for raw in records if isinstance(raw, dict)), {})


def joined_records(
    file: MatchedFiles, wanted: Wanted | None, as_paired: bool = False
) -> Iterator[Raw | SecondOfPair]:
    """The file's records, each with its companion's field; the two rows of a pair become one.

    With ``as_paired``, pairs are in the order of the companion file.
    """
    path, shape, beside = file
    if beside is not None and shape.beside is None:
        raise SourceError(f"{beside}: not needed, the rows of {path} contain their labels")
    if shape.paired is not None:
        # The partner of a row may be anywhere in the file.
        records = list(_completed(file, None))
        return _paired(_as_listed(file, records) if as_paired else records, *shape.paired)
    if shape.grouped is not None:
        told = [name for name in raw_names(shape).values() if name != ROWS]
        return _grouped(_completed(file, None), shape.grouped, told)
    return _completed(file, wanted)


def _completed(file: MatchedFiles, wanted: Wanted | None) -> Iterator[Raw]:
    path, shape, beside = file
    columns = columns_of(shape, path)
    records = read(path, shape.element, wanted, columns, shape.own, shape.inside)
    if shape.named is not None:
        field, value = shape.named[0], named_by(shape, path)
        records = (_with(raw, field, value) for raw in records)
    if beside is None or shape.beside is None:
        return records
    if shape.beside.key is not None:
        join, values = shape.beside, _by_key(beside, shape.beside)
        # Com2Sense's pairs of dev name 22 rows that it does not have.
        if shape.paired is None and not join.shared:
            _refuse_other_keys(file, join.key or "", values)
        return (_with_value(raw, join, values) for raw in records)
    return _line_by_line(file, shape.beside.field, records, read_labels(beside))


def _refuse_other_keys(file: MatchedFiles, key: str, values: dict[str, Any]) -> None:
    """SourceError if the file of rows and its companion don't have the same keys.

    Then the companion is another split's: keys that both have may be other rows there.
    """
    path, shape, beside = file
    keys: dict[str, Raw] = {}
    unknown = 0
    for raw in read(path, shape.element, columns=columns_of(shape, path)):
        if not isinstance(raw, dict) or key not in raw:
            unknown += 1  # rejected later, with its own reason
        elif keys.setdefault(str(raw[key]), raw) != raw:
            raise SourceError(
                f"{path}: two rows have the {key} {raw[key]!r}, so that a value in {beside} may be "
                "either's; give the rows of one split"
            )
    fewer, more = keys.keys() - values.keys(), values.keys() - keys.keys()
    if fewer or len(more) > unknown:
        told = [
            f"{len(them):,} not in {other} ({key} {', '.join(sorted(them)[:3])}"
            f"{' …' if len(them) > 3 else ''})"
            for them, other in ((fewer, beside), (more, path))
            if them
        ]
        raise SourceError(
            f"{beside} does not belong to {path}, by {key}: {' and '.join(told)}; give the file "
            "that has the same ones"
        )


def _line_by_line(
    file: MatchedFiles, field: str, records: Iterator[Raw], lines: list[str]
) -> Iterator[Raw]:
    number = 0
    for number, raw in enumerate(records, start=1):
        if number <= len(lines):
            yield _with(raw, field, lines[number - 1])
    if number != len(lines):
        raise SourceError(
            f"{file.beside} has {len(lines)} labels, but {file.path} has {number} rows"
        )


def _by_key(path: Path, beside: CompanionFile) -> dict[str, Any]:
    """The companion's values by key: those of a JSON object, or of the records of a table."""
    key = beside.key
    assert key is not None
    is_document = format_of(path) == ".json" and not starts_with_array(head(path))
    if is_document and beside.shared:
        return {**read_values(path)}
    if is_document and isinstance(document := read_document(path), dict):
        return document
    found: dict[str, Any] = {}
    for number, raw in enumerate(read(path, columns=beside.columns)):
        if not isinstance(raw, dict) or key not in raw or beside.field not in raw:
            why = raw.reason if isinstance(raw, Unreadable) else f"no {key} and {beside.field}"
            raise SourceError(f"{path}, row {number}: {why}")
        if found.setdefault(str(raw[key]), raw[beside.field]) != raw[beside.field]:
            raise SourceError(f"{path}, row {number}: {key} {raw[key]!r} has two values")
    return found


def _with_value(raw: Raw, beside: CompanionFile, values: dict[str, Any]) -> Raw:
    assert beside.key is not None
    if not isinstance(raw, dict) or beside.key not in raw:
        return raw
    key = str(raw[beside.key])
    if key not in values:
        return Unreadable(f"the companion file has no {beside.field} for {beside.key} {key!r}")
    value = values[key]
    if isinstance(value, bytes) and isinstance(value := parsed_json(value), Unreadable):
        return value
    return _with(raw, beside.field, value)


def _with(raw: Raw, field: str, value: Any) -> Raw:
    if not isinstance(raw, dict):
        return raw
    if raw.get(field, value) != value:
        return Unreadable(f"{field} is {raw[field]!r}, but the companion file has {value!r}")
    return {**raw, field: value}


def _as_listed(file: MatchedFiles, records: list[Raw]) -> list[Raw]:
    """The records in the order of their keys in the companion file; others last."""
    join = file.shape.beside
    if file.beside is None or join is None or join.key is None:
        return records
    key = join.key
    order = {name: number for number, name in enumerate(_by_key(file.beside, join))}

    def number_of(raw: Raw) -> int:
        return order.get(str(raw.get(key)), len(order)) if isinstance(raw, dict) else len(order)

    return sorted(records, key=number_of)


def _paired(records: list[Raw], key: str, other: str) -> Iterator[Raw | SecondOfPair]:
    """Each pair once, in place of its first row; a row without its partner is unreadable."""
    numbers = {
        str(raw[key]): n for n, raw in enumerate(records) if isinstance(raw, dict) and key in raw
    }
    for number, raw in enumerate(records):
        if not isinstance(raw, dict) or key not in raw or other not in raw:
            yield raw
            continue
        partner = numbers.get(str(raw[other]))
        theirs = None if partner is None else records[partner]
        if not isinstance(theirs, dict) or str(theirs.get(other)) != str(raw[key]):
            yield Unreadable(
                f"its {other} is {raw[other]!r}: no such row, or that row names another partner"
            )
        elif partner is not None and partner < number:
            yield SECOND
        else:
            yield {**raw, OTHER: theirs}


def _grouped(
    records: Iterator[Raw], fields: tuple[str, ...], told: Iterable[str]
) -> Iterator[Raw | SecondOfPair]:
    """Each group once, in place of its first row.

    Unreadable are a row apart from its group, and a group whose rows differ in what they have
    ``told``: the fields that are not each row's own.
    """
    seen = set[tuple[str, ...]]()
    group: list[dict[str, Any]] = []
    key: tuple[str, ...] | None = None
    for raw in records:
        own = tuple(repr(value_of(raw, field)) for field in fields)
        if group and own == key and isinstance(raw, dict):
            group.append(raw)
            continue
        yield from _as_one(group, told)
        group, key = [], None
        if not isinstance(raw, dict):
            yield raw
        elif own in seen:
            named = ", ".join(f"{f} {v}" for f, v in zip(fields, own, strict=True))
            yield Unreadable(f"the other rows of its group ({named}) stand elsewhere in the file")
        else:
            seen.add(own)
            group, key = [raw], own
    yield from _as_one(group, told)


def _as_one(group: list[dict[str, Any]], told: Iterable[str]) -> Iterator[Raw | SecondOfPair]:
    if not group:
        return
    first, *others = group
    differ = [it for it in told for one in others if value_of(one, it) != value_of(first, it)]
    if differ:
        yield Unreadable(f"the rows of its group have different values of {differ[0]}")
    else:
        yield {**first, ROWS: group}
    yield from repeat(LATER, len(others))
