"""Which files make a split together, of which raw shape, and their records joined into one stream.

A rows' file may have a file beside it (labels, pairs: ``CompanionFile``), and two of its rows may
make one (``Row.paired``). What is joined where is data on the shape; nothing here knows a dataset.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.readers import (
    Raw,
    Unreadable,
    Wanted,
    format_of,
    read,
    read_document,
    read_labels,
)
from unifiedqa_convert.rows.shapes import LABELS, OTHER, columns_of, shape_of
from unifiedqa_convert.schema import Adapter, CompanionFile, Row


class SecondOfPair(NamedTuple):
    """The second row of a pair: the first one's record holds it already."""

    reason: str = "second of its pair"


SECOND = SecondOfPair()


class MatchedFiles(NamedTuple):
    """A file of rows, their shape, and the file that completes them, if there is one."""

    path: Path
    shape: type[Row]
    beside: Path | None


def match_files(adapter: Adapter, split: str, paths: Iterable[Path]) -> list[MatchedFiles]:
    """The rows' files among the given ones, each with the given file that lies beside it.

    A file beside is known by its name (``dev-labels.lst`` continues ``dev.jsonl``), or as the only
    one of the given files that holds no rows.
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
    found = [MatchedFiles(path, shape, _own(path, shape, rows, others)) for path, shape in rows]
    taken = {file.beside for file in found}
    for path, refused in others:
        if path in taken:
            continue
        if path.suffix.lower() == LABELS:
            raise SourceError(f"{path}: labels without rows; give the rows' file too")
        raise refused
    return found


def _own(
    path: Path,
    shape: type[Row],
    rows: list[tuple[Path, type[Row]]],
    others: list[tuple[Path, SourceError]],
) -> Path | None:
    """The file among ``others`` that lies beside the rows of ``path``."""
    expected = set(expected_names(shape.beside, path)) if shape.beside else set()
    for other, _ in others:
        if other.name in expected or len(rows) == len(others) == 1:
            return other
    return None


def expected_names(beside: CompanionFile, path: Path) -> list[str]:
    """What the file beside may be called, the likeliest name first."""
    stem = path.name.split(".", 1)[0]
    return [
        name.format(stem.removesuffix(ending))
        for ending, name in beside.names
        if stem.endswith(ending)
    ]


def with_companions(adapter: Adapter, split: str, paths: Iterable[Path]) -> tuple[Path, ...]:
    """The files with the files that lie beside them.

    SourceError where a split has labels, its shape keeps them apart, and they are not there.
    """
    files: list[Path] = []
    for path, shape, given in match_files(adapter, split, paths):
        files.append(path)
        names = expected_names(shape.beside, path) if shape.beside else []
        there = [path.with_name(name) for name in names if path.with_name(name).is_file()]
        if given is not None:
            files.append(given)
        elif there:
            files.append(there[0])
        elif shape.beside and shape.beside.needed and adapter.source.splits[split].labelled:
            what = "labels are" if shape.beside.field == "label" else f"{shape.beside.field} is"
            raise SourceError(
                f"{path}: its {what} in a file beside it, {names[0] if names else '?'}, which is "
                "not there; put it there, or give it with a second --raw"
            )
    return tuple(files)


def joined_records(
    file: MatchedFiles, wanted: Wanted | None, as_paired: bool = False
) -> Iterator[Raw | SecondOfPair]:
    """The file's records, each with what the file beside says of it, pairs made one.

    With ``as_paired``, pairs come in the order of the file beside.
    """
    path, shape, beside = file
    if beside is not None and shape.beside is None:
        raise SourceError(f"{beside}: the rows of {path} have their labels inside")
    if shape.paired is not None:
        # Who is whose other is known when all rows have been seen.
        records = list(_completed(file, None))
        yield from _paired(_as_listed(file, records) if as_paired else records, *shape.paired)
    else:
        yield from _completed(file, wanted)


def _completed(file: MatchedFiles, wanted: Wanted | None) -> Iterator[Raw]:
    path, shape, beside = file
    records = read(path, shape.element, wanted, columns_of(shape, path))
    if beside is None or shape.beside is None:
        yield from records
    elif shape.beside.key is not None:
        values = _by_key(beside, shape.beside)
        for raw in records:
            yield _looked_up(raw, shape.beside, values)
    else:
        yield from _line_by_line(file, shape.beside.field, records, read_labels(beside))


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
    """What the file beside says, by key: a JSON object as it is, or the records of a table."""
    key = beside.key
    assert key is not None
    if format_of(path) == ".json" and isinstance(document := read_document(path), dict):
        return document
    found: dict[str, Any] = {}
    for number, raw in enumerate(read(path, columns=beside.columns)):
        if not isinstance(raw, dict) or key not in raw or beside.field not in raw:
            why = raw.reason if isinstance(raw, Unreadable) else f"no {key} and {beside.field}"
            raise SourceError(f"{path}, row {number}: {why}")
        if found.setdefault(str(raw[key]), raw[beside.field]) != raw[beside.field]:
            raise SourceError(f"{path}, row {number}: {key} {raw[key]!r} stands there twice")
    return found


def _looked_up(raw: Raw, beside: CompanionFile, values: dict[str, Any]) -> Raw:
    assert beside.key is not None
    if not isinstance(raw, dict) or beside.key not in raw:
        return raw
    key = str(raw[beside.key])
    if key not in values:
        return Unreadable(f"the file beside has no {beside.field} for {beside.key} {key!r}")
    return _with(raw, beside.field, values[key])


def _with(raw: Raw, field: str, value: Any) -> Raw:
    if not isinstance(raw, dict):
        return raw
    if raw.get(field, value) != value:
        return Unreadable(f"{field} is {raw[field]!r}, but the file beside says {value!r}")
    return {**raw, field: value}


def _as_listed(file: MatchedFiles, records: list[Raw]) -> list[Raw]:
    """The records in the order in which the file beside lists their keys; unlisted ones last."""
    join = file.shape.beside
    if file.beside is None or join is None or join.key is None:
        return records
    key = join.key
    place = {name: number for number, name in enumerate(_by_key(file.beside, join))}

    def listed(raw: Raw) -> int:
        return place.get(str(raw.get(key)), len(place)) if isinstance(raw, dict) else len(place)

    return sorted(records, key=listed)


def _paired(records: list[Raw], key: str, other: str) -> Iterator[Raw | SecondOfPair]:
    """Each pair once, at the place of its first row; a row whose other is missing is unreadable."""
    place = {
        str(raw[key]): n for n, raw in enumerate(records) if isinstance(raw, dict) and key in raw
    }
    for number, raw in enumerate(records):
        if not isinstance(raw, dict) or key not in raw or other not in raw:
            yield raw
            continue
        partner = place.get(str(raw[other]))
        theirs = None if partner is None else records[partner]
        if not isinstance(theirs, dict) or str(theirs.get(other)) != str(raw[key]):
            yield Unreadable(
                f"its {other} is {raw[other]!r}, a row that is not there or not its own"
            )
        elif partner is not None and partner < number:
            yield SECOND
        else:
            yield {**raw, OTHER: theirs}
