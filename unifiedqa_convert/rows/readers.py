"""File format → raw records. Nothing here depends on a dataset.

Every record is yielded as a dict or, in its place, as an ``Unreadable``: a broken line is a row
that is counted and rejected, and the rows around it are read.
"""

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Literal, TextIO, cast
from xml.etree.ElementTree import Element, ParseError

import orjson

from unifiedqa_convert.arrow_files import (
    FILE,
    RecordBatches,
    read_file,
    read_parquet,
    read_stream,
    read_unpacked,
)
from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.compression import (
    BINARY,
    BROKEN,
    broken,
    format_of,
    head,
    head_text,
    open_decompressed,
    packed_as,
    starts_with_array,
)
from unifiedqa_convert.rows.json_rows import (
    LONGEST_LINE,
    UTF8_BOM,
    Loads,
    Raw,
    Unreadable,
    Wanted,
    as_written,
    by_place,
    each_inside,
    leads,
    parsed_json,
    read_inside,
    read_lines,
    values_by_key,
)
from unifiedqa_convert.rows.tables import (
    TABLES,
    Columns,
    dialect_of,
    header_of,
    numbered_records,
    records,
)

LARGEST_UNPACKED = 2**28
"""Maximum bytes of a packed Parquet or Arrow file, which is unpacked in memory."""
DEEPEST = 100
"""Maximum depth of an XML file."""
MOST_NODES = 100_000
"""Maximum number of elements in an XML row, and of names in an XML file."""


def read(
    path: Path,
    element: str | None = None,
    wanted: Wanted | None = None,
    columns: tuple[str, ...] | None = None,
    own: Mapping[str, Any] | None = None,
    inside: str | None = None,
) -> Iterator[Raw]:
    """The records of one file in order, in the format that ``format_of`` tells.

    ``element`` is the XML tag of a row; ``columns`` are the names of the columns of a table without
    a header, or of the values of JSON arrays; ``own`` and ``inside`` are the shape's (schema.Row).
    A record whose number in the file ``wanted`` rejects may be yielded as ``UNREQUESTED``,
    unparsed, so that reading a part of a large file is fast. SourceError if the file as a whole is
    unusable.
    """
    suffix = format_of(path)
    if suffix in TABLES:
        return _table(path, suffix, columns, own)
    if suffix == ".xml":
        if element is None:
            raise SourceError(f"{path}: this dataset has no XML shape")
        return _xml(path, element)
    if suffix in (".jsonl", ".json"):
        loads: Loads = orjson.loads if own is None else as_written
        if columns:
            loads = by_place(columns, loads)
        if inside is not None and rows_inside(path, inside) == "lines":
            return each_inside(_json_lines(path, None, loads), inside.removeprefix("*"))
        if inside is not None:
            return _document(path, inside, loads)
        if suffix == ".json" and starts_with_array(head(path)):
            return _document(path, "*", loads)
        return _json_lines(path, wanted, loads)
    if suffix not in BINARY:
        known = " ".join([".jsonl", ".json", ".xml", *TABLES, *BINARY])
        what = f"{suffix} files" if suffix else "a file without suffix"
        raise SourceError(f"{path}: no reader for {what}; give a file with one of {known}")
    return _batches(path, suffix).rows()


def read_labels(path: Path) -> list[str]:
    """The lines of a file of labels, stripped."""
    format_of(path)
    try:
        text = _whole(path, LONGEST_LINE, "give the labels of the rows").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8: {error}") from None
    return [line.strip() for line in text.removesuffix("\n").split("\n")]


def read_document(path: Path) -> Any:
    """The one value of a small JSON file, such as the labels of its rows."""
    text = _whole(path, LONGEST_LINE, "convert it to JSON lines").removeprefix(UTF8_BOM)
    value = parsed_json(text)
    if isinstance(value, Unreadable):
        raise SourceError(f"{path}: {value.reason}")
    return value


def read_values(path: Path) -> dict[str, bytes]:
    """The values of a JSON object by their keys, unparsed, however large the file is."""
    try:
        with open_decompressed(path) as file:
            return dict(values_by_key(file))
    except BROKEN as error:
        raise broken(path, error) from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: not a JSON object: {error}; download it again") from None


def _whole(path: Path, most: int, advice: str) -> bytes:
    """The decompressed bytes of a file that is read at once. SourceError if it has over ``most``"""
    try:
        with open_decompressed(path) as file:
            content = file.read(most + 1)
    except BROKEN as error:
        raise broken(path, error) from None
    if len(content) > most:
        raise SourceError(f"{path}: more than {most // 2**20} MiB that are read at once; {advice}")
    return content


def rows_inside(path: Path, way: str) -> Literal["document", "lines"] | None:
    """What of a JSON file has rows at the ``way`` of ``Row.inside``: the whole, or each line."""
    inner = way.removeprefix("*.")
    try:
        with open_decompressed(path) as file:
            if leads(file, way):
                return "document"
        with open_decompressed(path) as file:
            return "lines" if inner != way and leads(file, inner) else None
    except BROKEN as error:
        raise broken(path, error) from None


def _document(path: Path, way: str, loads: Loads) -> Iterator[Raw]:
    try:
        with open_decompressed(path) as file:
            yield from read_inside(file, way, loads)
    except BROKEN as error:
        raise broken(path, error) from None
    except ValueError as error:
        raise SourceError(f"{path}: {error}") from None


def _json_lines(path: Path, wanted: Wanted | None, loads: Loads) -> Iterator[Raw]:
    try:
        with open_decompressed(path) as file:
            yield from read_lines(file, wanted, loads)
    except BROKEN as error:
        raise broken(path, error) from None


class _SinceRow:
    """A file that counts what was read of it; ValueError if that is too much for a row."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0
        """Bytes read; reset after each row."""

    def read(self, size: int) -> bytes:
        self.count += size
        if self.count > LONGEST_LINE:
            raise ValueError(f"an element of more than {LONGEST_LINE // 2**20} MiB")
        return self._file.read(size)


def _xml(path: Path, element: str) -> Iterator[Raw]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    above: list[Element] = []  # the elements that are open
    names: set[object] = set()  # which the parser keeps
    nodes = 0  # of this row
    try:
        with open_decompressed(path) as file:
            source = _SinceRow(file)
            for event, node in iterparse(cast(Any, source), events=("start-ns", "start", "end")):
                if event != "end":
                    names.update([node] if event == "start-ns" else [node.tag, *node.attrib])
                    above += [node] * (event == "start")
                    nodes += 1
                    if len(above) > DEEPEST or max(nodes, len(names)) > MOST_NODES:
                        what = "nested too deeply" if len(above) > DEEPEST else "too many elements"
                        raise ValueError(what)
                    continue
                above.pop()
                if node.tag == element or (element == "*" and not above):
                    yield _record(node)
                if element != "*" and not any(node.tag == element for node in above):
                    if above:
                        above[-1].remove(node)
                    source.count = nodes = 0
    except BROKEN as error:
        raise broken(path, error) from None
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        raise SourceError(f"{path}: not valid XML, or unsafe XML: {error}") from None


def _record(node: Element) -> dict[str, Any]:
    """Attributes and children by name; a repeated name is a list, a leaf is its text.

    Text before the children, or beside attributes, is ``#text``, which is no name in XML.
    """
    record: dict[str, Any] = dict(node.attrib)
    if node.text and not node.text.isspace():
        record["#text"] = node.text
    for child in node:
        value = _record(child) if len(child) or child.attrib else child.text or ""
        if child.tag not in record:
            record[child.tag] = value
        elif isinstance(record[child.tag], list):
            record[child.tag].append(value)
        else:
            record[child.tag] = [record[child.tag], value]
    return record


def _batches(path: Path, suffix: str) -> RecordBatches:
    """The batches of a Parquet or Arrow file, packed or not."""
    again = "if it is damaged, download it again"
    if packed_as(path) is not None:
        advice = "unpack it, and give the file inside"
        return read_unpacked(path, _whole(path, LARGEST_UNPACKED, advice), again)
    if suffix == ".parquet":
        return read_parquet(path, again)
    return (read_file if head(path).startswith(FILE) else read_stream)(path, again)


def _table(
    path: Path, suffix: str, columns: Columns | None, own: Mapping[str, Any] | None
) -> Iterator[Raw]:
    dialect = dialect_of(head_text(path), suffix, columns, own)
    try:
        with _opened_table(path) as text:
            for row in records(text, dialect, columns):
                yield row if isinstance(row, dict) else Unreadable(row)
    except csv.Error as error:
        raise SourceError(f"{path}: not a readable table: {error}; correct that line") from None
    except BROKEN as error:
        raise broken(path, error) from None


@contextmanager
def _opened_table(path: Path) -> Iterator[TextIO]:
    # A byte that is not UTF-8 becomes a lone surrogate, which rejects its row only.
    escape = "surrogateescape"
    with (
        open_decompressed(path) as file,
        TextIOWrapper(file, "utf-8-sig", escape, newline="") as text,
    ):
        yield text


def column_names(path: Path, own: Mapping[str, Any] | None = None) -> list[str]:
    """The names of a table's columns as they stand in the file, also one that stands twice.

    Empty for JSON and XML, whose rows have names of their own.
    """
    suffix = format_of(path)
    if suffix in TABLES:
        try:
            with _opened_table(path) as text:
                return header_of(text, dialect_of(head_text(path), suffix, None, own))
        except (csv.Error, *BROKEN):  # which reading the rows reports
            return []
    schema = table_schema(path)
    return [] if schema is None else list(schema.names)


def table_schema(path: Path) -> Any:
    """The schema of a Parquet or Arrow file; None for others, or if reading it will say why."""
    suffix = format_of(path)
    try:
        return _batches(path, suffix).schema if suffix in BINARY else None
    except SourceError:
        return None


def line_of(
    path: Path,
    row: int,
    raw: dict[str, Any] | None,
    columns: tuple[str, ...] | None = None,
    own: Mapping[str, Any] | None = None,
) -> int | None:
    """The line, from 1, where row number ``row`` of the file begins, if it is the record ``raw``.

    None if the file has no lines, or another record there: rows may be joined, paired or drawn
    from several. ``raw`` None stands for an unreadable row, and for any of a user's ``own`` file,
    whose rows stand alone; ``columns`` are the names of the columns of a table without a header.
    """
    suffix = format_of(path)
    if suffix != ".jsonl" and suffix not in TABLES:
        return None
    is_table = suffix in TABLES
    lines = _table_lines(path, suffix, columns, own) if is_table else _object_lines(path)
    try:
        line, record = next(it for number, it in enumerate(lines) if number == row)
    except (*BROKEN, StopIteration, csv.Error, SourceError):
        return None
    if raw is None or own is not None or record == raw:
        return line
    # A companion file has added a field.
    return line if isinstance(record, dict) and record.items() <= raw.items() else None


def _object_lines(path: Path) -> Iterator[tuple[int, object]]:
    with open_decompressed(path) as file:
        number, begun = 1, False
        while part := file.readline(LONGEST_LINE):
            if not begun and part.removeprefix(UTF8_BOM).strip():
                yield number, parsed_json(part.removeprefix(UTF8_BOM))
            begun = not part.endswith(b"\n")
            number += not begun


def _table_lines(
    path: Path, suffix: str, columns: Columns | None, own: Mapping[str, Any] | None
) -> Iterator[tuple[int, object]]:
    dialect = dialect_of(head_text(path), suffix, columns, own)
    with _opened_table(path) as text:
        yield from numbered_records(text, dialect, columns)
